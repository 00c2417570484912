//! Steps on their way to be written: like a plan's chunk, but any of its rows, in any order.

use super::error::ApplyError;
use crate::endpoint::{Action, ExportBatch, StepBatch};
use crate::plan::{Chunk, FoundBy, KNOT, StepRows};

/// Steps of one action, which find their rows in the same way, and their numbers.
#[derive(Clone, Debug)]
pub struct Work {
    /// Per step, its number among those of its side.
    pub numbers: Vec<u64>,
    /// How they find their rows.
    pub found_by: FoundBy,
    /// The steps.
    pub steps: StepBatch,
    /// Per step, the columns that change; empty for creates and deletes.
    pub changed: Vec<Vec<usize>>,
    /// Per step, the number of those that it is written together with; empty if each could be written
    /// alone.
    pub together: Vec<u32>,
    /// Per step, when the change that it carries was made, where that is known; empty if it is of none.
    pub times: Vec<Option<i64>>,
}

impl From<Chunk> for Work {
    fn from(chunk: Chunk) -> Self {
        let numbers = (chunk.first..).take(chunk.steps.len()).collect();
        let Chunk { found_by, steps, changed, together, times, .. } = chunk;
        Self { numbers, found_by, steps, changed, together, times }
    }
}

impl Work {
    /// How many steps.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The columns that say whether a row is as this step wants it: those that it changes, or all
    /// that it sets.
    pub fn wants(&self, step: usize) -> &[usize] {
        match self.changed.get(step) {
            Some(changed) if self.steps.action == Action::Update && !changed.is_empty() => changed,
            _ => &self.steps.set,
        }
    }

    /// The steps at these positions, in that order.
    ///
    /// # Errors
    /// If the rows can't be taken out of their batch.
    pub fn pick(&self, positions: &[usize]) -> Result<Self, ApplyError> {
        if positions.len() == self.len() && positions.iter().enumerate().all(|(i, at)| i == *at) {
            return Ok(self.clone());
        }
        let pick_some =
            |batch: &Option<ExportBatch>| batch.as_ref().map(|batch| pick_rows(batch, positions)).transpose();
        Ok(Self {
            numbers: positions.iter().map(|at| self.numbers[*at]).collect(),
            found_by: self.found_by,
            steps: StepBatch {
                action: self.steps.action,
                before: pick_some(&self.steps.before)?,
                after: pick_some(&self.steps.after)?,
                guard: self.steps.guard.clone(),
                set: self.steps.set.clone(),
                park: self.steps.park.clone(),
            },
            changed: positions.iter().map(|at| self.changed.get(*at).cloned().unwrap_or_default()).collect(),
            together: positions.iter().filter_map(|at| self.together.get(*at).copied()).collect(),
            times: positions.iter().filter_map(|at| self.times.get(*at).copied()).collect(),
        })
    }

    /// The steps at the positions for which this holds.
    ///
    /// # Errors
    /// As [`pick`](Self::pick).
    pub fn filter(&self, wanted: impl Fn(u64) -> bool) -> Result<Self, ApplyError> {
        let positions: Vec<usize> = (0..self.len()).filter(|at| wanted(self.numbers[*at])).collect();
        self.pick(&positions)
    }

    /// In pieces, in order: of each [`KNOT`] by itself, with its number; the others without one.
    ///
    /// # Errors
    /// As [`pick`](Self::pick).
    pub fn knots(self) -> Result<Vec<(Option<u32>, Self)>, ApplyError> {
        let knot = |at: &usize| self.together.get(*at).copied().filter(|number| number & KNOT != 0);
        if (0..self.len()).all(|at| knot(&at).is_none()) {
            return Ok(vec![(None, self)]);
        }
        let all: Vec<usize> = (0..self.len()).collect();
        all.chunk_by(|a, b| knot(a) == knot(b)).map(|piece| Ok((knot(&piece[0]), self.pick(piece)?))).collect()
    }

    /// The rows of the steps, as far as their order among others matters.
    pub fn step_rows(&self) -> StepRows {
        StepRows {
            action: self.steps.action,
            reason: "",
            before: self.steps.before.clone(),
            after: self.steps.after.clone(),
            changed: vec![Vec::new(); self.len()],
            together: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Steps that only say by these columns which rows are meant, to fetch them. They are never
    /// written.
    pub fn probe(&self, key: &[usize]) -> StepBatch {
        let (key, rows) = (key.to_vec(), Some(self.steps.rows().clone()));
        match self.steps.action {
            // Also what seems to have the key of a new row is to be found.
            Action::Create => StepBatch {
                action: Action::Create,
                before: None,
                after: rows,
                guard: Vec::new(),
                set: key,
                park: Vec::new(),
            },
            _ => StepBatch {
                action: Action::Delete,
                before: rows,
                after: None,
                guard: key,
                set: Vec::new(),
                park: Vec::new(),
            },
        }
    }
}

fn pick_rows(batch: &ExportBatch, positions: &[usize]) -> Result<ExportBatch, ApplyError> {
    let rows: Vec<u32> = positions.iter().map(|at| *at as u32).collect();
    batch.take(&rows).map_err(|e| ApplyError::Shape(e.to_string()))
}
