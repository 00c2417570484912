//! Which steps of a chunk can be written, which rows are as planned already, and which have moved.
//! Pure: the rows were fetched before.

use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::{Action, ExportBatch};
use std::collections::HashMap;

/// What is to become of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its row is as the step found it.
    Write,
    /// Its row is as planned already.
    Already,
    /// Its row is neither.
    Moved {
        /// The row in the fetched batch; `None` if there is none.
        found: Option<usize>,
        /// In words, for a person.
        why: String,
    },
}

/// The verdicts on a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// Per step.
    pub verdicts: Vec<Verdict>,
    /// Whether rows were fetched that have the key of no step, byte for byte: the database goes by
    /// a collation. To a create they may mean that its key is taken.
    pub strangers: bool,
}

/// Decides on each step. Rows belong to a step if their key is the same byte for byte.
///
/// # Errors
/// If the rows have another form than the table.
pub fn classify(codec: &Codec, work: &Work, fetched: &ExportBatch) -> Result<Classified, ApplyError> {
    let found = codec.rows(fetched)?;
    let steps = codec.rows(work.steps.rows())?;
    let mut by_key: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(found.len());
    for row in 0..found.len() {
        by_key.entry(found.key(row)).or_default().push(row);
    }
    let before = work.steps.before.as_ref().map(|batch| codec.rows(batch)).transpose()?;
    let after = work.steps.after.as_ref().map(|batch| codec.rows(batch)).transpose()?;
    let judge = Judge { work, found: &found, before, after };
    let mut matched = 0;
    let mut verdicts = Vec::with_capacity(work.len());
    for step in 0..work.len() {
        let rows = by_key.get(&steps.key(step)).map_or(&[][..], Vec::as_slice);
        matched += rows.len();
        verdicts.push(judge.verdict(step, rows));
    }
    let strangers = found.len() > matched;
    if strangers && work.len() == 1 && work.steps.action == Action::Create && verdicts[0] == Verdict::Write {
        // Fetched for this step alone: the database takes its key for that of another row.
        let why = "the database takes its key for that of another row".to_owned();
        verdicts[0] = Verdict::Moved { found: Some(0), why };
    }
    Ok(Classified { verdicts, strangers })
}

struct Judge<'a> {
    work: &'a Work,
    found: &'a Rows<'a>,
    before: Option<Rows<'a>>,
    after: Option<Rows<'a>>,
}

impl Judge<'_> {
    fn verdict(&self, step: usize, rows: &[usize]) -> Verdict {
        let moved = |found, why: &str| Verdict::Moved { found, why: why.to_owned() };
        let row = match (rows, self.work.steps.action) {
            ([], Action::Create) => return Verdict::Write,
            ([], Action::Update) => return moved(None, "the row is gone"),
            ([], Action::Delete) => return Verdict::Already,
            ([row], _) => *row,
            ([first, ..], _) => return moved(Some(*first), "its key is no longer unique"),
        };
        let as_before = |before: &Rows<'_>| before.same(step, self.found, row, &self.work.steps.guard);
        if self.before.as_ref().is_some_and(as_before) {
            return Verdict::Write;
        }
        let as_after = |after: &Rows<'_>| after.same(step, self.found, row, self.work.wants(step));
        if self.after.as_ref().is_some_and(as_after) {
            return Verdict::Already;
        }
        match &self.before {
            None => moved(Some(row), "there is another row with its key"),
            Some(before) => {
                let differ = |column: &&usize| !before.same(step, self.found, row, &[**column]);
                let names: Vec<String> = self.work.steps.guard.iter().filter(differ).map(|at| self.name(*at)).collect();
                Verdict::Moved { found: Some(row), why: format!("the row has changed: {}", names.join(", ")) }
            }
        }
    }

    fn name(&self, column: usize) -> String {
        format!("`{}`", self.found.columns()[column].name)
    }
}
