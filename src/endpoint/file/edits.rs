//! What is to become of a file's rows.

use crate::endpoint::ExportBatch;
use std::collections::{BTreeMap, BTreeSet};

/// Changes to the rows of a file. Rows are counted from 0, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    /// Where the new values are, over all columns of the table.
    pub values: Vec<ExportBatch>,
    /// Rows that change.
    pub changed: BTreeMap<u64, NewRow>,
    /// Rows that go.
    pub dropped: BTreeSet<u64>,
    /// Rows that are added at the end, in this order.
    pub added: Vec<NewRow>,
}

/// A row's new values.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// The batch in [`Edits::values`].
    pub batch: usize,
    /// The row in that batch.
    pub row: usize,
    /// The columns that get a value; the others keep theirs, or are NULL in a row that is added.
    pub columns: Vec<usize>,
}

impl Edits {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.dropped.is_empty() && self.added.is_empty()
    }

    /// The columns that get a value in any row, in order.
    pub fn columns(&self) -> BTreeSet<usize> {
        self.changed.values().chain(&self.added).flat_map(|row| row.columns.iter().copied()).collect()
    }
}
