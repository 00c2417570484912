//! MySQL and MariaDB tables. Rows come through ConnectorX's MySQL source; every column is
//! projected in SQL to a type that crosses it unharmed (`native`), and read by a loop of our own
//! (`stream`), so that every error is ours to see.
//!
//! `connect` lets us in, `describe` asks what the table is, `snapshot` opens transactions that
//! all see one moment, `export` counts and runs the streams.
//!
//! Writing: `target` asks what the table asks of writers, and `holds` what each column can hold.
//! `write` is the session; it loads steps (`send`, `load`, each column as `carry` says) into a
//! temporary table and writes from there (`change`) with the statements of `shape`. `levels` and `park` are about the
//! order of rows that depend on each other, `fetch` reads rows back. `dialect` writes scripts.
//!
//! `history` keeps track of changes by triggers.

#[cfg(test)]
pub(super) use native::catalog;

mod altered;
mod carried;
mod carry;
mod change;
mod connect;
mod counters;
mod describe;
mod dialect;
mod export;
mod failure;
mod fetch;
mod history;
mod history_bases;
mod history_book;
mod history_fit;
mod history_forget;
mod history_install;
mod history_keys;
mod history_read;
mod history_trigger;
mod holds;
mod identity;
mod levels;
mod load;
mod marks;
mod native;
mod options;
mod park;
mod rights;
mod send;
mod session;
mod shape;
mod snapshot;
mod sql;
mod stream;
mod table;
mod target;
mod write;

pub use table::Mysql;
