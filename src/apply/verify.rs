//! After writing: the rows are read again and compared with what was to be written. A trigger may
//! have changed them, a column cut them.

use super::chunk::in_our_words;
use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::outcome::Unverified;
use super::run::SideRun;
use super::step_set::StepSet;
use super::whole;
use super::work::Work;
use super::writers::{Codecs, Writers};
use crate::endpoint::{Action, ExportBatch, WriteError, Writer};
use crate::plan::FoundBy;
use std::collections::HashMap;

/// How often a chunk is read when others are in the way.
const TRIES: u32 = 5;

impl SideRun<'_> {
    /// Reads the rows of the written steps again, and tells `doubt` of every cell that is not as
    /// planned. How many rows that is about.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn verify(
        &self,
        writers: &mut Writers<'_>,
        written: &StepSet,
        doubt: &mut dyn FnMut(Unverified) -> Result<(), ApplyError>,
    ) -> Result<u64, ApplyError> {
        let codecs = Codecs::new(self.table, self.identity);
        let mut doubtful = 0;
        self.each(&|step| written.contains(step), &mut |work| {
            let codec = codecs.get(work.found_by);
            let fetched = fetch(writers.get(work.found_by)?, codec, &work, false)?;
            let (frees, writable) = (frees(self, &work), self.writable);
            let sheet = Sheet { side: self.side, frees, codec, work: &work, writable };
            doubtful += sheet.compare(&fetched, doubt)?;
            self.progress.advance(work.len() as u64);
            Ok(())
        })?;
        Ok(doubtful)
    }
}

/// The rows that steps mean; with `lock`, once nobody else is writing them.
pub(super) fn fetch(
    writer: &mut dyn Writer,
    codec: &Codec,
    work: &Work,
    lock: bool,
) -> Result<ExportBatch, ApplyError> {
    let mut tries = 0;
    let probe = match codec.is_whole() {
        true => work.distinct(codec, codec.key())?.probe(codec.key()),
        false => work.probe(codec.key()),
    };
    loop {
        let mut read = || {
            writer.begin()?;
            writer.load(&probe)?;
            writer.fetch(lock)
        };
        let result = read();
        let _ = writer.rollback();
        match result {
            Err(WriteError::Conflict { .. }) if tries < TRIES => tries += 1,
            result => return result.map_err(in_our_words),
        }
    }
}

/// Whether another row may have the keys of rows that were deleted, by a later step.
fn frees(run: &SideRun<'_>, work: &Work) -> bool {
    !run.identity.is_empty() && work.found_by == FoundBy::Key
}

/// Written steps, to be compared with what is found of them.
struct Sheet<'a> {
    side: usize,
    /// Whether a row that is gone may have left its key to another.
    frees: bool,
    codec: &'a Codec,
    work: &'a Work,
    /// The columns that can be given a value: what the database computes follows from these.
    writable: &'a [usize],
}

impl Sheet<'_> {
    /// Compares written rows with what they were to become. How many are not so.
    fn compare(
        &self,
        fetched: &ExportBatch,
        doubt: &mut dyn FnMut(Unverified) -> Result<(), ApplyError>,
    ) -> Result<u64, ApplyError> {
        let Self { side, frees, codec, work, writable } = *self;
        let found = codec.rows(fetched)?;
        let rows = codec.rows(work.steps.rows())?;
        let after = work.steps.after.as_ref().map(|after| codec.rows(after)).transpose()?;
        let by_key: HashMap<Vec<u8>, usize> = (0..found.len()).map(|row| (found.key(row), row)).collect();
        let action = work.steps.action;
        let mut doubtful = 0;
        if codec.is_whole() {
            // There are to be as many copies as steps, or none.
            for (at, row) in whole::astray(codec, work, fetched)? {
                let planned = after.as_ref().map(|after| after.json(at, &work.steps.set));
                let (step, key) = (work.numbers[at], rows.key_json(at));
                let found = row.map(|row| found.row_json(row));
                doubt(Unverified { side, action, step, key, column: None, planned, found })?;
                doubtful += 1;
            }
            return Ok(doubtful);
        }
        for at in 0..work.len() {
            let mut cells = Vec::new();
            match (&after, by_key.get(&rows.key(at))) {
                (None, None) => {}
                // One that has its key back from the row that is gone.
                (None, Some(row)) if frees && !rows.same(at, &found, *row, &work.steps.guard) => {}
                (None, Some(row)) => cells.push((None, None, Some(found.row_json(*row)))),
                (Some(after), None) => cells.push((None, Some(after.json(at, wanted(work, at))), None)),
                (Some(after), Some(row)) => {
                    let differ = |column: &&usize| !after.same(at, &found, *row, &[**column]);
                    let cell = |column: &usize| {
                        (Some(name(&found, *column)), after.print(at, *column), found.print(*row, *column))
                    };
                    cells.extend(wanted(work, at).iter().filter(differ).map(cell));
                    // What an update leaves alone is to be as it was: a trigger may have had a word.
                    let alone = |column: &&usize| {
                        !wanted(work, at).contains(column)
                            && writable.contains(column)
                            && !rows.same(at, &found, *row, &[**column])
                    };
                    let cell = |column: &usize| {
                        (Some(name(&found, *column)), rows.print(at, *column), found.print(*row, *column))
                    };
                    if action == Action::Update {
                        cells.extend(work.steps.guard.iter().filter(alone).map(cell));
                    }
                }
            }
            doubtful += u64::from(!cells.is_empty());
            for (column, planned, found) in cells {
                let (step, key) = (work.numbers[at], rows.key_json(at));
                doubt(Unverified { side, action, step, key, column, planned, found })?;
            }
        }
        Ok(doubtful)
    }
}

/// The columns that were to be written.
fn wanted(work: &Work, at: usize) -> &[usize] {
    if work.steps.action == Action::Update { work.wants(at) } else { &work.steps.set }
}

fn name(rows: &Rows<'_>, column: usize) -> String {
    rows.columns()[column].name.clone()
}
