//! Histories: what the triggers write down, and the command that installs them.

mod command;
mod mysql;
mod postgres;
mod sqlite;
