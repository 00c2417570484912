//! Freezing: a table as it was at one moment.
//!
//! A snapshot is a folder:
//!
//! | file | what |
//! |---|---|
//! | `rows-N.parquet` | the rows in the order they were exported, one column each, plus `trueup_other` |
//! | `index-NN.parquet` | per row: the key's fingerprint, the row's fingerprint, the row's position |
//! | `manifest.json` | what was frozen, when and how; written last |
//!
//! `trueup_other` (the manifest's `other` says its name: another one, where the table has a column of
//! this name) is NULL for nearly all rows; else it is a JSON object that gives, by column,
//! the text of a value that the column's type cannot hold (`0000-00-00`, `infinity`, text in an
//! SQLite INTEGER column); the cell itself is NULL then. In place of the text may be an object, whose
//! `stored` says how SQLite stores the value, where its storage class or text is not the plain one.
//!
//! The manifest has version 3. It has the size and the hash (XXH3, 128 bits) of each other file, and
//! in its last field, `checksum`, that of its own text with zeros in that place. Whoever opens a
//! snapshot reads all of it and compares: what has changed since it was written is not used.
//!
//! The index is what two snapshots are joined on. It is split by the key's fingerprint once the
//! table is large; the rows are not, so that writing them stays cheap and a differing row is
//! found by its position.

mod adopt;
mod aside;
mod at_hand;
#[cfg(test)]
mod checksum_tests;
mod condition;
mod error;
mod file_hash;
mod filter;
mod foreign;
mod freeze;
mod index;
mod index_rows;
mod manifest;
mod other;
mod part;
mod parts;
mod positioned;
mod recipe;
mod rows;
mod taken;
mod together;
#[cfg(test)]
mod types_doc;

pub use adopt::{IndexOptions, adopt_parquet, index_parts, open_snapshot, open_trusted_snapshot};
pub use aside::Aside;
pub use error::SnapshotError;
pub use file_hash::{FileSum, file_hash};
pub(crate) use file_hash::{bytes_hash, seal, seal_object};
pub use filter::RowFilter;
pub use foreign::{Constant, PartSource};
pub use freeze::{FreezeOptions, freeze, freeze_batches, freeze_parts};
pub use index::{INDEX_COLUMNS, Index, IndexPlace, IndexSplit, splits_for};
pub use index_rows::IndexedRow;
pub use manifest::{MANIFEST, Manifest, OtherCount};
pub use other::other_column;
pub use part::{PartKind, PartWriter};
pub use parts::{Parts, portable_schema};
pub use recipe::{Recipe, RecipeColumn, Unsoftened};
pub use rows::RowsWriter;
pub use taken::TakenRows;
pub use together::index_together;

/// Told how many rows have passed; shows or drops it.
pub trait Progress: Sync {
    /// The total, once known.
    fn total(&self, rows: u64);
    /// So many rows more.
    fn advance(&self, rows: u64);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _: u64) {}
    fn advance(&self, _: u64) {}
}

/// A frozen table, ready to be compared.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What was frozen and how.
    pub manifest: Manifest,
    /// The rows.
    pub parts: Parts,
    /// The index, if the key was known when it was made.
    pub index: Option<Index>,
}
