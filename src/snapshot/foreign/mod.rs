//! Parquet files that anyone wrote: which of them make up a table, what their columns are in
//! portable types, and their values.
//!
//! A folder is read like this:
//! - its files that end in `.parquet` or `.pq` are parts of the table, in the order of their names;
//! - folders named `column=value` are read too, at any depth, and give their rows that column.
//!   `__HIVE_DEFAULT_PARTITION__` is NULL, `%20` a blank. Rows of files beside such a folder have
//!   NULL there;
//! - whatever else is there is passed over and named in a note: names that begin with `.` or `_`,
//!   files of other kinds, and other subfolders, which may be other tables;
//! - with a `_delta_log` it is a Delta table, and its log says which files are parts of it. What
//!   the log may ask for beyond that (deletion vectors, mapped columns) is refused, and so are
//!   Iceberg tables.
//!
//! Columns of all parts together, by their exact names: a part that lacks one has NULL in it, and
//! types that differ are widened as far as nothing is lost.

mod convert;
mod delta;
mod delta_type;
mod file;
mod found;
mod hive;
mod layout;
mod leaves;
mod moments;
mod nested;
mod shape;
#[cfg(test)]
mod tests;
mod widen;

pub(super) use file::{FileColumns, failure, plain};
pub(super) use found::{Found, find};
pub(super) use layout::{Place, places, unite, values};
#[cfg(test)]
pub(super) use shape::catalog;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A file with some of a table's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSource {
    /// Where it is.
    pub path: PathBuf,
    /// What all of its rows have in columns that are not in it.
    pub constants: Vec<Constant>,
}

/// A column that has the same value in all rows of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// The column.
    pub name: String,
    /// The value as text.
    pub value: Option<String>,
}

impl From<PathBuf> for PartSource {
    fn from(path: PathBuf) -> Self {
        Self { path, constants: Vec::new() }
    }
}
