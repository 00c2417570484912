//! Plans and what becomes of the tables when they are carried out.

mod agree;
mod clients;
mod crash;
mod database;
mod foreseen;
mod hammer;
mod identity;
mod moved;
mod refuse;
mod rejected;

pub(crate) use clients::run_script;
