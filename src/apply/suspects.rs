//! Which steps of a chunk are at fault when it can't be written as a whole.

use super::chunk::{ChunkWriter, Failed, Rejected, in_our_words};
use super::classify::{Verdict, classify};
use super::error::ApplyError;
use super::outcome::Refusal;
use super::work::Work;
use crate::endpoint::WriteError;
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

/// The positions of all steps.
fn all(work: &Work) -> Vec<usize> {
    (0..work.len()).collect()
}

/// An error after which nothing is tried again.
fn for_good(failed: Failed) -> ApplyError {
    match failed {
        Failed::Apply(error) => error,
        Failed::Write(error) => in_our_words(error),
        Failed::Refused(rejected) => in_our_words(rejected.error),
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
        let mut open = vec![(0..work.len()).filter(|at| !known.contains_key(at)).collect::<Vec<_>>()];
        while let Some(positions) = open.pop() {
            let odd = self.look(&work.pick(&positions)?);
            // Where this fails, the connection is lost, and the next call says so.
            let _ = self.writer.rollback();
            let Some(Odd { steps, why, found }) = odd? else { continue };
            if let Some(halves) = self.halves(work, &positions)? {
                open.extend(halves);
                continue;
            }
            // Steps that hand unique values around can't be told apart.
            for at in steps.into_iter().map(|at| positions[at]) {
                out.insert(at, self.refusal(work, at, why.clone(), found.clone())?);
            }
        }
        Ok(out)
    }

    /// Steps in two parts; `None` if they can't be told apart: a single one, all copies of a whole row,
    /// or steps that hand unique values around.
    fn halves(&self, work: &Work, positions: &[usize]) -> Result<Option<[Vec<usize>; 2]>, ApplyError> {
        if positions.len() < 2 || !work.steps.park.is_empty() {
            return Ok(None);
        }
        if self.codec.is_whole() {
            return work.split_copies(self.codec, positions);
        }
        let (left, right) = positions.split_at(positions.len() / 2);
        Ok(Some([left.to_vec(), right.to_vec()]))
    }

    /// Tries steps as the slow path would; `None` if the database writes as many as it should.
    fn look(&mut self, work: &Work) -> Result<Option<Odd>, ApplyError> {
        self.writer.begin().map_err(in_our_words)?;
        let fetched = self.fetch(work).map_err(for_good)?;
        let verdicts = classify(self.codec, work, &fetched)?.verdicts;
        let found = self.codec.rows(&fetched)?;
        if let ([Verdict::Moved { found: row, why }, ..], None) = (verdicts.as_slice(), self.halves(work, &all(work))?)
        {
            return Ok(Some(Odd { steps: all(work), why: why.clone(), found: row.map(|row| found.row_json(row)) }));
        }
        let todo: Vec<usize> = (0..work.len()).filter(|at| verdicts[*at] == Verdict::Write).collect();
        if todo.is_empty() {
            return Ok(None);
        }
        let rest = work.pick(&todo)?;
        self.load(&rest)?.map_err(in_our_words)?;
        let wrote = match self.writer.write() {
            // What is refused is not odd.
            Err(WriteError::Refused { .. }) => return Ok(None),
            result => result.map_err(in_our_words)?,
        };
        let why = "the database does not take the row for the one in the plan".to_owned();
        let row = (work.len() == 1 && !found.is_empty()).then(|| found.row_json(0));
        Ok((wrote != rest.len() as u64).then_some(Odd { steps: todo, why, found: row }))
    }

    /// The steps that the database does not accept, most likely because others have moved and were
    /// left alone. At least one, so that this comes to an end.
    ///
    /// # Errors
    /// If no single one is at fault.
    pub(super) fn held_up(&mut self, work: &Work, rejected: Rejected) -> Result<BTreeMap<usize, Refusal>, ApplyError> {
        let Rejected { error, tried, moved } = rejected;
        let mut positions = self.waiting(work, &tried, &moved)?;
        let mut why = "a row that has moved still has the unique value that it was to get".to_owned();
        if positions.is_empty() {
            positions = self.narrow(work, tried)?;
            if self.halves(work, &positions)?.is_some() {
                return Err(self.blame(error, work, positions));
            }
            if let WriteError::Refused { why: words, .. } = error {
                why = format!("the database does not accept it, now that other rows have moved: {words}");
            }
        }
        positions.into_iter().map(|at| Ok((at, self.refusal(work, at, why.clone(), None)?))).collect()
    }

    /// Of the steps that hand unique values around, those that wait for a value of a row that has
    /// moved, or of another one that waits.
    fn waiting(&self, work: &Work, tried: &[usize], moved: &[usize]) -> Result<Vec<usize>, ApplyError> {
        let (Some(before), Some(after)) = (&work.steps.before, &work.steps.after) else { return Ok(Vec::new()) };
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
        Ok(waiting.into_iter().collect())
    }

    /// An error that names the row which the database does not accept.
    pub(super) fn blame(&mut self, error: WriteError, work: &Work, tried: Vec<usize>) -> ApplyError {
        let WriteError::Refused { address, why, .. } = error else { return in_our_words(error) };
        let action = work.steps.action;
        let positions = match self.narrow(work, tried) {
            Ok(positions) => positions,
            Err(error) => return error,
        };
        let key = match (self.codec.rows(work.steps.rows()), positions.first()) {
            (Ok(rows), Some(at)) => rows.key_json(*at),
            _ => "?".to_owned(),
        };
        match positions.len() {
            1 => ApplyError::Row { address, action, key, why },
            rows => ApplyError::Rows { address, action, rows, first: key, why },
        }
    }

    /// Halves the steps as long as one half is refused without the other. Steps that hand unique
    /// values around can't be told apart like that.
    fn narrow(&mut self, work: &Work, mut positions: Vec<usize>) -> Result<Vec<usize>, ApplyError> {
        while let Some(halves) = self.halves(work, &positions)? {
            let mut refused = None;
            for half in halves {
                let result = self.put(&work.pick(&half)?);
                let _ = self.writer.rollback();
                if matches!(result, Err(Failed::Write(WriteError::Refused { .. }))) {
                    refused = Some(half);
                    break;
                }
            }
            match refused {
                Some(half) => positions = half,
                None => break,
            }
        }
        Ok(positions)
    }
}
