//! Steps of whole rows: where nothing identifies a row, all that is known of it says which it is, and
//! several may be the same. A create adds all copies of a row where there is none, a delete removes
//! all copies where there are exactly as many as planned; neither touches anything else.

use super::classify::{Classified, Verdict};
use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::{Action, ExportBatch};
use crate::table::PortableType;
use std::collections::HashMap;

/// The steps of a chunk and the rows that were fetched for them, by what says which row it is.
#[derive(Default)]
struct Copies {
    steps: Vec<usize>,
    found: Vec<usize>,
}

fn copies(steps: &Rows<'_>, found: &Rows<'_>) -> (HashMap<Vec<u8>, Copies>, bool) {
    let mut out: HashMap<Vec<u8>, Copies> = HashMap::with_capacity(steps.len());
    for step in 0..steps.len() {
        out.entry(steps.key(step)).or_default().steps.push(step);
    }
    let mut strangers = false;
    for row in 0..found.len() {
        match out.get_mut(&found.key(row)) {
            Some(copies) => copies.found.push(row),
            None => strangers = true,
        }
    }
    (out, strangers)
}

/// Decides on the steps of a chunk that creates or deletes whole rows: on all copies of a row alike.
///
/// # Errors
/// If the rows have another form than the table, or the steps are updates.
pub(super) fn classify(codec: &Codec, work: &Work, fetched: &ExportBatch) -> Result<Classified, ApplyError> {
    let (steps, found) = (codec.rows(work.steps.rows())?, codec.rows(fetched)?);
    let (groups, strangers) = copies(&steps, &found);
    let mut verdicts = vec![Verdict::Already; work.len()];
    for Copies { steps: own, found: there } in groups.values() {
        let verdict = match (work.steps.action, there.as_slice()) {
            (Action::Create, []) => Verdict::Write,
            (Action::Delete, []) => Verdict::Already,
            (Action::Create, _) if there.len() == own.len() => Verdict::Already,
            (Action::Create, [first, ..]) => moved(*first, own.len(), there.len()),
            (Action::Delete, [first, ..]) => {
                let same = sorted(&steps, own, &work.steps.guard) == sorted(&found, there, &work.steps.guard);
                match (same, there.len() == own.len()) {
                    (true, _) => Verdict::Write,
                    (false, false) => moved(*first, own.len(), there.len()),
                    (false, true) => {
                        let why = "the row has changed in columns that the source lacks".to_owned();
                        Verdict::Moved { found: Some(*first), why }
                    }
                }
            }
            (Action::Update, _) => return Err(ApplyError::Shape("an update of a whole row".to_owned())),
        };
        own.iter().for_each(|step| verdicts[*step] = verdict.clone());
    }
    Ok(Classified { verdicts, strangers })
}

/// The written steps that are not as planned when their rows are read again, with such a row: of a
/// create there are not as many copies as steps, of a delete there are any.
///
/// # Errors
/// If the rows have another form than the table.
pub(super) fn astray(
    codec: &Codec,
    work: &Work,
    fetched: &ExportBatch,
) -> Result<Vec<(usize, Option<usize>)>, ApplyError> {
    let (steps, found) = (codec.rows(work.steps.rows())?, codec.rows(fetched)?);
    let (groups, _) = copies(&steps, &found);
    let mut out = Vec::new();
    for Copies { steps: own, found: there } in groups.values() {
        let wanted = if work.steps.action == Action::Create { own.len() } else { 0 };
        if there.len() != wanted {
            out.extend(own.iter().map(|step| (*step, there.first().copied())));
        }
    }
    out.sort_unstable();
    Ok(out)
}

fn moved(found: usize, planned: usize, there: usize) -> Verdict {
    Verdict::Moved { found: Some(found), why: format!("there are {there} such rows now, and not {planned} as planned") }
}

fn sorted(rows: &Rows<'_>, picked: &[usize], columns: &[usize]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = picked.iter().map(|row| rows.encode(*row, columns)).collect();
    out.sort_unstable();
    out
}

impl Work {
    /// One step of each row, by these columns. JSON that only means the same is found apart, as databases
    /// do.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub(super) fn distinct(&self, codec: &Codec, columns: &[usize]) -> Result<Self, ApplyError> {
        let rows = codec.rows(self.steps.rows())?;
        let mut seen = std::collections::HashSet::with_capacity(self.len());
        let json = |at: &&usize| rows.columns()[**at].ty == PortableType::Json;
        let texts: Vec<usize> = columns.iter().filter(json).copied().collect();
        let row = |step: usize| (rows.encode(step, columns), rows.json(step, &texts));
        let first: Vec<usize> = (0..self.len()).filter(|step| seen.insert(row(*step))).collect();
        self.pick(&first)
    }
}
