//! Histories kept by triggers, called as the library has them.

mod mysql;
//! Histories: what the triggers write down, and the command that installs them.

mod command;
mod sqlite;
