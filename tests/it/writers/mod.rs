//! The writers of the databases, called as the library has them.

mod mysql;
mod postgres;
pub mod rows;
