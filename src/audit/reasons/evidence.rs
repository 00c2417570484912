//! What reasons are found in, and how long they may be looked for.

use crate::compare::{Differences, SideCounts};
use crate::endpoint::Interrupt;
use crate::snapshot::{Index, Parts, SnapshotError};
use crate::table::{Alignment, Key, TableInfo};
use std::time::{Duration, Instant};
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
    /// When to stop looking.
    pub deadline: Deadline,
}

/// When to stop looking; a search that is not done by then says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// There is all the time in the world.
    pub const NEVER: Self = Self(None);

    /// So long from now.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// Whether it is past.
    pub fn is_past(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }

    /// When one in so many parts of what is left will be over.
    pub fn part(self, parts: u32) -> Self {
        let now = Instant::now();
        Self(self.0.map(|end| now + end.saturating_duration_since(now) / parts.max(1)))
    }
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
    /// The deadline is past.
    #[error("no time is left to look for reasons")]
    Late,
}

impl Evidence<'_> {
    /// An error once the person has interrupted, or the deadline is past; to be asked between pieces
    /// of work that take a few milliseconds at most.
    ///
    /// # Errors
    /// [`ReasonError::Interrupted`] or [`ReasonError::Late`].
    pub fn check(&self) -> Result<(), ReasonError> {
        self.check_until(self.deadline)
    }

    /// The same with another deadline.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_until(&self, deadline: Deadline) -> Result<(), ReasonError> {
        if self.interrupt.is_set() {
            Err(ReasonError::Interrupted)
        } else if deadline.is_past() {
            Err(ReasonError::Late)
        } else {
            Ok(())
        }
    }

    /// The same for the taker of a scan, which stops then; whoever scans asks [`check`](Self::check)
    /// why.
    ///
    /// # Errors
    /// [`SnapshotError::Interrupted`].
    pub fn check_scan(&self) -> Result<(), SnapshotError> {
        self.check().map_err(|_| SnapshotError::Interrupted)
    }

    /// How many rows of a side to hold at once in these columns, `most` at most: as many as take about
    /// an eighth of the memory.
    pub fn rows_at_once(&self, side: usize, projection: &[usize], most: usize) -> usize {
        (self.memory / 8 / self.parts[side].row_bytes(projection).max(1)).clamp(1, most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_time_is_over_first() {
        let all = Deadline::after(Duration::from_secs(3600));
        let half = all.part(2);
        assert!(half.0 < all.0 && !half.is_past());
        assert!(Deadline::after(Duration::ZERO).is_past() && Deadline::after(Duration::ZERO).part(2).is_past());
        assert!(!Deadline::NEVER.is_past() && Deadline::NEVER.part(2) == Deadline::NEVER);
    }
}
