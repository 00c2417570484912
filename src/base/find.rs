//! Looking rows up in the base.

use super::file::BaseFile;
use crate::endpoint::ExportBatch;
use crate::snapshot::SnapshotError;
use crate::table::{Column, Fingerprint};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A base in its state folder.
#[derive(Clone, Debug)]
pub struct Base {
    /// The state folder.
    pub folder: PathBuf,
    /// What `base.json` says.
    pub file: BaseFile,
}

/// A pair of rows that agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BasePair {
    /// The unique key's fingerprint.
    pub key: Fingerprint,
    /// The identities of the left and right row.
    pub ids: [Fingerprint; 2],
    /// The position of its segment in [`BaseFile::segments`].
    pub segment: usize,
    /// The positions of the two rows in the segment.
    pub rows: [u64; 2],
}

/// What is looked up: pairs with any of these.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Fingerprints of unique keys.
    pub keys: HashSet<Fingerprint>,
    /// Fingerprints of left and right identities.
    pub ids: [HashSet<Fingerprint>; 2],
}

impl Base {
    /// Opens the base of a state folder; `None` if it has none.
    ///
    /// # Errors
    /// If it is damaged or of another version.
    pub fn open(_state: &Path) -> Result<Option<Self>, SnapshotError> {
        todo!()
    }

    /// The pairs that hold and have any of what is wanted, in no particular order.
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn find(&self, _wanted: &Wanted) -> Result<Vec<BasePair>, SnapshotError> {
        todo!()
    }

    /// All pairs that hold, in batches.
    ///
    /// # Errors
    /// If the files can't be read, or what `take` says.
    pub fn each(&self, _take: &mut dyn FnMut(&[BasePair]) -> Result<(), SnapshotError>) -> Result<(), SnapshotError> {
        todo!()
    }

    /// The rows of one side of these pairs, in their order, over these columns. A column that the
    /// base does not have, or has in another type, is NULL throughout: see [`has`](Self::has).
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn rows(&self, _side: usize, _columns: &[Column], _pairs: &[BasePair]) -> Result<ExportBatch, SnapshotError> {
        todo!()
    }

    /// Whether the base has this column of a side, in this type.
    pub fn has(&self, side: usize, column: &Column) -> bool {
        self.file.sides[side].table.columns.iter().any(|own| own.name == column.name && own.ty == column.ty)
    }

    /// The identities of a side's rows that are not settled, over the identity's columns.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn open_rows(&self, _side: usize) -> Result<Option<ExportBatch>, SnapshotError> {
        todo!()
    }
}
