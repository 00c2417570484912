//! Taking steps back: the same steps with before and after swapped, written in reverse order.
//!
//! Only steps that are [ours](super::Journal) are taken back, and only from rows that still are as
//! apply left them: those of an update in all compared columns, those of a create in the columns
//! that it wrote (the others had their defaults). A delete comes back as the whole row.
//!
//! An update that changed the unique key is taken back from the row of the same identity. A row that
//! comes back is created where there is none of its unique key, however it was found to be deleted.

use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::{Action, StepBatch};
use crate::plan::FoundBy;

impl Work {
    /// The steps that take these back, last first. `writable` are the columns that can be given a
    /// value: all but those that the database computes.
    ///
    /// # Errors
    /// If the rows can't be taken out of their batch.
    pub fn inverse(&self, writable: &[usize]) -> Result<Self, ApplyError> {
        let backwards: Vec<usize> = (0..self.len()).rev().collect();
        let Self { numbers, found_by, steps, changed, together, .. } = self.pick(&backwards)?;
        let StepBatch { action, before, after, guard, set, park } = steps;
        let found_by = if action == Action::Update { found_by } else { FoundBy::Key };
        let (guard, set, park) = match action {
            Action::Create => (set, Vec::new(), Vec::new()),
            Action::Update => (guard, set, park),
            Action::Delete => (Vec::new(), writable.to_vec(), Vec::new()),
        };
        let steps = StepBatch { action: action.inverse(), before: after, after: before, guard, set, park };
        // When what comes back was made, nobody has asked.
        Ok(Self { numbers, found_by, steps, changed, together, times: Vec::new() })
    }
}
