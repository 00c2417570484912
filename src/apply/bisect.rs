//! Rows that the database does not accept are found by halving, and the others are written without
//! them, each part in a transaction of its own.
//!
//! One such row among n costs about log₂ n refused statements, k of them at most k times that. Where
//! they are many, parts are made so small from the start that each is likely to have one at most: n
//! statements in the worst case, and in the chunks after it as well.
//!
//! Parts are written in the chunk's order, so what a row depends on comes first: if that is refused,
//! the database refuses the row as well, for a reason of its own. What was refused is tried once more
//! at the end, together: a row may depend on one that came after it, or two on each other.

use super::chunk::{ChunkWriter, Density, Rejected, Taker, Tried};
use super::error::ApplyError;
use super::outcome::Cause;
use super::units::{Unit, units};
use super::work::Work;
use crate::endpoint::WriteError;
use std::collections::BTreeSet;

/// Rejected steps from which on it is counted how many of all they are.
const MANY: usize = 32;
/// If one of so many steps is rejected, parts are made small from the start.
const HIGH: usize = 8;
/// If more units were refused than these, they are tried once more as a whole only.
const AGAIN: usize = MANY;

impl Density {
    /// Whether a part of more than a few steps is likely to be rejected.
    pub fn is_high(&self) -> bool {
        self.rejected >= MANY && self.rejected * HIGH >= self.steps
    }

    /// How many units to write at once; `None` if most are accepted.
    fn part(&self) -> Option<usize> {
        self.is_high().then(|| (self.steps / self.rejected / 2).max(1))
    }
}

/// Steps that were refused as a unit.
struct Refused {
    unit: Unit,
    why: String,
    found: Option<String>,
}

/// What is known while the parts of a chunk are written.
#[derive(Default)]
struct Pass {
    refused: Vec<Refused>,
    /// Whether something was written after a unit was refused.
    moved_on: bool,
}

impl ChunkWriter<'_> {
    /// Writes the steps of a chunk in parts. `first` is what became of it as a whole, if it was tried.
    pub(super) fn bisect(
        &mut self,
        work: &Work,
        first: Option<Rejected>,
        take: &mut Taker<'_>,
    ) -> Result<(), ApplyError> {
        let all = units(self.codec, self.target, work)?;
        let mut density = Density::default();
        let mut pass = Pass::default();
        let mut open = match first {
            Some(rejected) => self.after(work, all, rejected, &mut pass, (self.density.part(), take))?,
            None => split(all, self.density.part()),
        };
        self.pass(work, &mut open, &mut pass, &mut density, take)?;
        *self.density = Density { steps: work.len(), rejected: pass.refused.iter().map(|one| one.unit.len()).sum() };
        if pass.moved_on || pass.refused.len() > 1 {
            pass = self.again(work, pass, &mut density, take)?;
        }
        pass.refused.sort_by_key(|refused| refused.unit.first().copied());
        for Refused { unit, why, found } in pass.refused {
            let mut outcome = super::chunk::ChunkOutcome::default();
            for at in unit {
                let found = match (&found, &work.steps.before) {
                    // What is written the fast way is as its step found it.
                    (None, Some(before)) => Some(self.codec.rows(before)?.json(at, &work.steps.guard)),
                    (found, _) => found.clone(),
                };
                outcome.refused.push(self.refusal(work, at, Cause::Rejected, why.clone(), found)?);
            }
            self.hand(outcome, take)?;
        }
        Ok(())
    }

    /// Tries what was refused once more, together.
    fn again(
        &mut self,
        work: &Work,
        pass: Pass,
        density: &mut Density,
        take: &mut Taker<'_>,
    ) -> Result<Pass, ApplyError> {
        let all: Vec<Unit> = pass.refused.iter().map(|refused| refused.unit.clone()).collect();
        let mut next = Pass::default();
        let positions = all.concat();
        match self.attempt(&work.pick(&positions)?, true, true)? {
            Tried::Done(outcome) => self.hand(outcome, take)?,
            Tried::Rejected(_) if all.len() > AGAIN || all.len() == 1 => return Ok(pass),
            Tried::Rejected(rejected) => {
                let rejected = placed(*rejected, &positions);
                let mut open = self.after(work, all, rejected, &mut next, (None, take))?;
                self.pass(work, &mut open, &mut next, density, take)?;
            }
        }
        Ok(next)
    }

    /// Writes parts, the last of `open` first, and those that they are split into.
    fn pass(
        &mut self,
        work: &Work,
        open: &mut Vec<Vec<Unit>>,
        pass: &mut Pass,
        density: &mut Density,
        take: &mut Taker<'_>,
    ) -> Result<(), ApplyError> {
        while let Some(part) = open.pop() {
            if self.interrupt.is_set() {
                return Err(ApplyError::Interrupted);
            }
            let positions = part.concat();
            let mut some = work.pick(&positions)?;
            if positions.len() == 1 {
                // Alone it can't exchange a value with another.
                some.steps.park.clear();
            }
            match self.attempt(&some, true, true)? {
                Tried::Done(outcome) => {
                    density.steps += positions.len();
                    pass.moved_on |= !outcome.written.is_empty() && !pass.refused.is_empty();
                    self.hand(outcome, take)?;
                }
                Tried::Rejected(rejected) => {
                    let before = pass.refused.len();
                    let rejected = placed(*rejected, &positions);
                    let parts = self.after(work, part, rejected, pass, (density.part(), take))?;
                    let refused: usize = pass.refused[before..].iter().map(|refused| refused.unit.len()).sum();
                    density.steps += refused;
                    density.rejected += refused;
                    open.extend(parts);
                }
            }
        }
        Ok(())
    }

    /// After units were rejected: hands on what became of those that were left alone, and gives the parts
    /// to be written next, last first.
    fn after(
        &mut self,
        work: &Work,
        part: Vec<Unit>,
        rejected: Rejected,
        pass: &mut Pass,
        (size, take): (Option<usize>, &mut Taker<'_>),
    ) -> Result<Vec<Vec<Unit>>, ApplyError> {
        let Rejected { error, tried, moved, aside, found } = rejected;
        let waiting = self.waiting(work, &tried, &moved)?;
        let mut outcome = aside;
        for at in &waiting {
            let why = "a row that has moved still has the unique value that it was to get".to_owned();
            outcome.refused.push(self.refusal(work, *at, Cause::Moved, why, None)?);
        }
        outcome.refused.sort_by_key(|refusal| refusal.step);
        self.hand(outcome, take)?;
        let left: BTreeSet<usize> = tried.into_iter().filter(|at| !waiting.contains(at)).collect();
        let units: Vec<Unit> = part
            .into_iter()
            .map(|unit| unit.into_iter().filter(|at| left.contains(at)).collect::<Unit>())
            .filter(|unit| !unit.is_empty())
            .collect();
        if !waiting.is_empty() {
            // Without those, the others may well be accepted.
            return Ok(if units.is_empty() { Vec::new() } else { vec![units] });
        }
        match <[Unit; 1]>::try_from(units) {
            Ok([unit]) => {
                let tied = work.pick(&unit)?;
                if (unit.len() > 1 || self.refers_to_itself(&tied)?)
                    && self.untie(&[tied], &mut |_, outcome| take(outcome))?
                {
                    pass.moved_on |= !pass.refused.is_empty();
                    return Ok(Vec::new());
                }
                let mut why = words(error);
                if unit.len() > 1 {
                    why = format!("{why} (one of {} rows that are written together or not at all)", unit.len());
                }
                pass.refused.push(Refused { unit, why, found });
                Ok(Vec::new())
            }
            Err(units) => Ok(split(units, size)),
        }
    }
}

/// With positions among all steps, instead of those among the steps that were tried.
fn placed(rejected: Rejected, positions: &[usize]) -> Rejected {
    let place = |list: Vec<usize>| list.into_iter().map(|at| positions[at]).collect();
    Rejected { tried: place(rejected.tried), moved: place(rejected.moved), ..rejected }
}

/// Parts of so many units, or halves; last first.
fn split(units: Vec<Unit>, size: Option<usize>) -> Vec<Vec<Unit>> {
    let half = units.len().div_ceil(2).max(1);
    let size = size.map_or(half, |size| size.min(half));
    units.chunks(size).rev().map(<[Unit]>::to_vec).collect()
}

/// What the database said.
fn words(error: WriteError) -> String {
    match error {
        WriteError::Refused { why, .. }
        | WriteError::Taken { why, .. }
        | WriteError::Conflict { why, .. }
        | WriteError::Locked { why, .. } => why,
        WriteError::Endpoint(error) => error.to_string(),
    }
}
