//! Tables and views of SQLite files.
//!
//! In SQLite every value has a type of its own, and a column's declared type is little more than
//! a wish. So the declared type says how a column is carried, and a value of another kind is
//! kept beside it as text. Where nothing useful is declared (no type, or an expression of a view)
//! the kinds of all values decide.
//!
//! Files are opened read-only. While a table is exported, a program that writes to a database
//! that is not in WAL mode waits.

mod connect;
mod declared;
mod describe;
mod export;
mod values;

pub use connect::Sqlite;
