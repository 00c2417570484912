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
//! `trueup_other` is NULL for nearly all rows; else it is a JSON object that gives, by column,
//! the text of a value that the column's type cannot hold (`0000-00-00`, `infinity`, text in an
//! SQLite INTEGER column). The cell itself is NULL then.
//!
//! The index is what two snapshots are joined on. It is split by the key's fingerprint once the
//! table is large; the rows are not, so that writing them stays cheap and a differing row is
//! found by its position.

mod adopt;
mod at_hand;
mod condition;
mod error;
mod file_hash;
mod filter;
mod freeze;
mod index;
mod index_rows;
mod manifest;
mod part;
mod parts;
mod portable;
mod positioned;
mod recipe;
mod rows;
mod taken;
mod together;

pub use adopt::{IndexOptions, adopt_parquet, index_parts, open_snapshot};
pub use error::SnapshotError;
pub use file_hash::file_hash;
pub use filter::RowFilter;
pub use freeze::{FreezeOptions, freeze, freeze_batches, freeze_parts};
pub use index::{INDEX_COLUMNS, Index, IndexPlace, IndexSplit, splits_for};
pub use index_rows::IndexedRow;
pub use manifest::{MANIFEST, Manifest, OtherCount};
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
