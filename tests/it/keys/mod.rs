//! Which key is chosen, what is made of tables that declare none, and of those that have none.

mod chosen;
mod oracle;
mod proposals;
mod whole_rows;
