//! MySQL and MariaDB tables. Rows come through ConnectorX's MySQL source; every column is
//! projected in SQL to a type that crosses it unharmed (`native`), and read by a loop of our own
//! (`stream`), so that every error is ours to see.
//!
//! `connect` lets us in, `describe` asks what the table is, `snapshot` opens transactions that
//! all see one moment, `export` counts and runs the streams.

mod connect;
mod describe;
mod export;
mod failure;
mod identity;
mod native;
mod options;
mod session;
mod snapshot;
mod sql;
mod stream;
mod table;

pub use table::Mysql;
