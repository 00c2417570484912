//! Pairs between what was decided on them and the steps that came of it.

use super::items::ASIDE;
use super::lists::{Completing, Wants};
use super::pairs::{PairsWriter, PlannedPair};
use crate::plan::PlanError;
use crate::snapshot::{Aside, SnapshotError};
use std::path::Path;

/// Pairs to complete at once.
const CHUNK: usize = 8 * 1024;

/// Pairs of which it is known what is to be written, in their order.
#[derive(Debug)]
pub(super) struct Drafts(Aside<23>);

impl Drafts {
    /// None yet. They are laid aside in `work`.
    pub(super) fn new(work: &Path) -> Self {
        Self(Aside::new(&work.join("pairs"), ASIDE))
    }

    /// Adds one, and what it wants to have written.
    ///
    /// # Errors
    /// If it can't be laid aside.
    pub(super) fn push(&mut self, pair: &PlannedPair, wants: Wants) -> Result<(), SnapshotError> {
        self.0.push(pair.pack(wants))
    }

    /// Completes them with the steps of both sides, and writes them into a plan's folder. Gives the left
    /// rows that are not to be linked by their key in the next base.
    ///
    /// # Errors
    /// If they can't be read or written.
    pub(super) fn write(self, folder: &Path, sides: &mut [Completing; 2], rows: u64) -> Result<Unlinked, PlanError> {
        let mut writer = PairsWriter::create(folder)?;
        let mut unlinked = Unlinked(vec![0; rows.div_ceil(64) as usize]);
        for first in (0..self.0.len()).step_by(CHUNK) {
            let mut pairs = Vec::with_capacity(CHUNK);
            for record in self.0.read(first, CHUNK)? {
                let broken = || PlanError::damaged(folder, "pairs that were laid aside are others now");
                let (mut pair, wants) = PlannedPair::unpack(&record).ok_or_else(broken)?;
                sides.iter_mut().for_each(|side| side.complete(&mut pair, wants));
                if let Some(left) = pair.rows[0].filter(|_| !pair.stays()) {
                    unlinked.insert(left);
                }
                pairs.push(pair);
            }
            writer.write(&pairs)?;
        }
        writer.finish()?;
        Ok(unlinked)
    }
}

/// Left rows, a bit for each row of the table.
#[derive(Clone, Debug)]
pub struct Unlinked(Vec<u64>);

impl Unlinked {
    fn insert(&mut self, row: u64) {
        if let Some(word) = self.0.get_mut((row / 64) as usize) {
            *word |= 1 << (row % 64);
        }
    }

    /// Whether a row is one of them.
    pub fn contains(&self, row: u64) -> bool {
        self.0.get((row / 64) as usize).is_some_and(|word| word & 1 << (row % 64) != 0)
    }
}
