//! Which steps of a chunk are at fault when the database writes another number of rows, or because
//! rows that they need have moved.

use super::chunk::{ChunkWriter, Failed, in_our_words};
use super::classify::{Verdict, classify};
use super::error::ApplyError;
use super::outcome::{Cause, Refusal};
use super::units::{Unit, units};
use super::work::Work;
use crate::endpoint::{Action, WriteError};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Steps of which the database writes another number than it should.
struct Odd {
    /// Their positions among those looked at.
    steps: Vec<usize>,
    /// In words.
    why: String,
    /// The row found, if one step was looked at.
    found: Option<String>,
}

/// An error after which nothing is tried again.
fn for_good(failed: Failed) -> ApplyError {
    match failed {
        Failed::Apply(error) => error,
        Failed::Write(error) => in_our_words(error),
        Failed::Refused(rejected) => in_our_words(rejected.error),
        Failed::Elsewhere(rows) => ApplyError::Shape(format!("{} rows were looked for", rows.len())),
        Failed::Count(rows) => ApplyError::Shape(format!("{rows} rows were written while looking")),
    }
}

impl ChunkWriter<'_> {
    /// The steps that the database does not write although their rows look as they should to us:
    /// it compares some values in another way (JSON by its text, a key by its collation).
    pub(super) fn find_odd(
        &mut self,
        work: &Work,
        known: &BTreeMap<usize, Refusal>,
    ) -> Result<BTreeMap<usize, Refusal>, ApplyError> {
        let mut out = BTreeMap::new();
        let unknown = |unit: Unit| unit.into_iter().filter(|at| !known.contains_key(at)).collect::<Unit>();
        let mut open = vec![units(self.codec, self.target, work)?.into_iter().map(unknown).collect::<Vec<Unit>>()];
        while let Some(part) = open.pop() {
            let positions = part.concat();
            let odd = self.look(&work.pick(&positions)?, part.len() == 1);
            // Where this fails, the connection is lost, and the next call says so.
            let _ = self.writer.rollback();
            let Some(Odd { steps, why, found }) = odd? else { continue };
            if part.len() > 1 {
                let (left, right) = part.split_at(part.len() / 2);
                open.extend([left.to_vec(), right.to_vec()]);
                continue;
            }
            // Steps that hand unique values around can't be told apart. Of rows to be deleted that refer to
            // each other, the database has deleted or changed some by itself: nobody else has.
            let circles = self.target.is_some_and(|target| target.references.iter().any(|one| one.to_itself));
            let by_itself = circles && work.steps.action == Action::Delete && steps.len() > 1;
            let cause = if by_itself { Cause::Rejected } else { Cause::Moved };
            for at in steps.into_iter().map(|at| positions[at]) {
                out.insert(at, self.refusal(work, at, cause, why.clone(), found.clone())?);
            }
        }
        Ok(out)
    }

    /// Tries steps as the slow path would; `None` if the database writes as many as it should.
    fn look(&mut self, work: &Work, alone: bool) -> Result<Option<Odd>, ApplyError> {
        self.writer.begin().map_err(in_our_words)?;
        let fetched = self.fetch(work).map_err(for_good)?;
        let verdicts = classify(self.codec, work, &fetched)?.verdicts;
        let found = self.codec.rows(&fetched)?;
        if let ([Verdict::Moved { found: row, why }, ..], true) = (verdicts.as_slice(), alone) {
            let steps = (0..work.len()).collect();
            return Ok(Some(Odd { steps, why: why.clone(), found: row.map(|row| found.row_json(row)) }));
        }
        let todo: Vec<usize> = (0..work.len()).filter(|at| verdicts[*at] == Verdict::Write).collect();
        if todo.is_empty() {
            return Ok(None);
        }
        let rest = work.pick(&todo)?;
        self.load(&rest)?.map_err(in_our_words)?;
        let wrote = match self.writer.write() {
            // What is refused is not odd.
            Err(WriteError::Refused { .. } | WriteError::Taken { .. }) => return Ok(None),
            result => result.map_err(in_our_words)?,
        };
        let why = "the database does not take the row for the one in the plan".to_owned();
        let row = (work.len() == 1 && !found.is_empty()).then(|| found.row_json(0));
        Ok((wrote != rest.len() as u64).then_some(Odd { steps: todo, why, found: row }))
    }

    /// Of the steps that hand unique values around, those that wait for a value of a row that has
    /// moved, or of another one that waits.
    pub(super) fn waiting(&self, work: &Work, tried: &[usize], moved: &[usize]) -> Result<BTreeSet<usize>, ApplyError> {
        let (Some(before), Some(after)) = (&work.steps.before, &work.steps.after) else { return Ok(BTreeSet::new()) };
        if moved.is_empty() || work.steps.park.is_empty() {
            return Ok(BTreeSet::new());
        }
        let (before, after) = (self.codec.rows(before)?, self.codec.rows(after)?);
        let mut waiting = BTreeSet::new();
        let mut stuck: Vec<usize> = moved.to_vec();
        let mut takers: HashMap<(usize, Vec<u8>), Vec<usize>> = HashMap::new();
        for column in &work.steps.park {
            for at in tried {
                if !before.same(*at, &after, *at, &[*column]) {
                    takers.entry((*column, after.encode(*at, &[*column]))).or_default().push(*at);
                }
            }
        }
        while let Some(at) = stuck.pop() {
            for column in &work.steps.park {
                let takers = takers.get(&(*column, before.encode(at, &[*column])));
                for taker in takers.into_iter().flatten() {
                    if waiting.insert(*taker) {
                        stuck.push(*taker);
                    }
                }
            }
        }
        Ok(waiting)
    }
}
