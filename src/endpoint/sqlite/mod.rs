//! Tables and views of SQLite files.
//!
//! In SQLite every value has a type of its own, and a column's declared type is little more than
//! a wish. So the declared type says how a column is carried, and a value of another kind is
//! kept beside it as text. Where nothing useful is declared (no type, or an expression of a view)
//! the kinds of all values decide.
//!
//! Files are opened read-only, but to write. While a table is exported, a program that writes to a
//! database that is not in WAL mode waits.
//!
//! Writing begins with `BEGIN IMMEDIATE`: until the chunk is committed nobody else writes. So the
//! rows that a chunk means are first read and compared here, as every other row is read, and those
//! that are as planned are then written by one statement. What is written has the form that the
//! column's values have (see `form.rs`): text dates with a `T` stay text dates with a `T`. What comes
//! from SQLite keeps its storage class and text (see `hint.rs`), also what undo puts back.

#[cfg(test)]
pub(super) use declared::catalog;

mod affinity;
mod ask;
mod carried;
mod connect;
mod declared;
mod describe;
mod export;
mod failure;
mod foreign;
mod form;
mod hint;
mod history;
mod history_bases;
mod history_collisions;
mod history_keys;
mod history_read;
mod history_state;
mod history_triggers;
mod layout;
mod load;
mod marks;
mod matches;
mod script;
mod shape;
mod stored;
mod taking;
mod target;
mod unique;
mod values;
mod writer;

/// The native type of a column that was declared without one.
const UNTYPED: &str = "untyped";

pub(super) use affinity::survives;
pub use connect::Sqlite;
pub use hint::{plainly_stored, storage_class};
pub use taking::{is_odd_text, read_once_stored};
