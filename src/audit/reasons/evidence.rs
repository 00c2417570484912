//! What reasons are found in.

use crate::compare::{Differences, SideCounts};
use crate::endpoint::Interrupt;
use crate::snapshot::{Index, Parts, SnapshotError};
use crate::table::{Alignment, Key, TableInfo};
use thiserror::Error;

/// Two compared tables and the rows that differ.
pub struct Evidence<'a> {
    /// The rows of left and right.
    pub parts: [&'a Parts; 2],
    /// The indexes that they were compared by: a row's position and its key's fingerprint.
    pub indexes: [&'a Index; 2],
    /// The tables' columns and keys.
    pub tables: [&'a TableInfo; 2],
    /// Which column is which.
    pub alignment: &'a Alignment,
    /// The unique key.
    pub key: &'a Key,
    /// The positions of all rows that differ.
    pub differences: &'a Differences,
    /// The counts of left and right.
    pub counts: [SideCounts; 2],
    /// Bytes of memory to stay under.
    pub memory: usize,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
}

/// Why no reasons could be looked for.
#[derive(Debug, Error)]
pub enum ReasonError {
    /// Rows could not be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl Evidence<'_> {
    /// An error once the person has interrupted; to be asked between chunks of work.
    ///
    /// # Errors
    /// [`ReasonError::Interrupted`].
    pub fn check(&self) -> Result<(), ReasonError> {
        if self.interrupt.is_set() { Err(ReasonError::Interrupted) } else { Ok(()) }
    }
}
