//! What became of chunks whose COMMIT nobody saw end: found out before anything else is written.
//!
//! A database that keeps the mark of the chunk's transaction is asked. Elsewhere the rows tell: one
//! that is as it was to become was written, one that is as it was before was not. A chunk is written
//! as a whole or not at all, so where some of its rows say the one and some the other, somebody has
//! been at them since; of the latter, and of rows that are neither, nobody can tell.

use super::chunk::in_our_words;
use super::classify::{Verdict, classify};
use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::journal_facts::OpenChunk;
use super::run::SideRun;
use super::step_set::StepSet;
use super::stored_rows::StoredBefore;
use super::verify::fetch;
use super::writers::{Codecs, Writers};
use crate::endpoint::{WriteError, Writer};
use std::time::Duration;

/// How often a database is asked about a transaction that it is still committing.
const TRIES: u32 = 100;
/// The pause between.
const PAUSE: Duration = Duration::from_millis(100);

/// What the rows of an open chunk say, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsSay {
    /// As they were to become.
    pub written: StepSet,
    /// As they were before.
    pub not: StepSet,
    /// Neither.
    pub neither: StepSet,
}

impl RowsSay {
    /// Takes in what the row of a step looks like.
    pub fn add(&mut self, step: u64, verdict: &Verdict) {
        match verdict {
            Verdict::Already => self.written.insert(step),
            Verdict::Write => self.not.insert(step),
            Verdict::Moved { .. } => self.neither.insert(step),
        }
    }

    /// Writes down what follows from it.
    ///
    /// # Errors
    /// If the journal can't be written.
    pub fn tell(mut self, deed: Deed, journal: &mut Journal) -> Result<(), ApplyError> {
        if !self.written.is_empty() {
            self.neither.insert_all(&std::mem::take(&mut self.not));
        }
        journal.done(deed, &self.written, Vec::new())?;
        journal.dropped(deed, &self.not)?;
        journal.unclear(deed, &self.neither)
    }
}

impl SideRun<'_> {
    /// Finds out what became of the chunks that the journal has no end of, and writes it down there.
    /// `stored` are the rows of steps as they were read back before COMMIT.
    ///
    /// # Errors
    /// If the table can't be read, or the transaction is still under way.
    pub fn resolve(
        &self,
        writers: &mut Writers<'_>,
        journal: &mut Journal,
        stored: &StoredBefore,
    ) -> Result<(), ApplyError> {
        for OpenChunk { deed, steps, mark } in journal.facts().open.clone() {
            let known = match &mark {
                Some(mark) => ask(writers.by_key, mark)?,
                None => None,
            };
            match known {
                Some(true) => journal.done(deed, &steps, Vec::new())?,
                Some(false) => journal.dropped(deed, &steps)?,
                None => {
                    let run = Self { deed, only: &[], ..self.clone() };
                    run.look(writers, &steps, stored)?.tell(deed, journal)?;
                }
            }
        }
        Ok(())
    }

    fn look(&self, writers: &mut Writers<'_>, steps: &StepSet, stored: &StoredBefore) -> Result<RowsSay, ApplyError> {
        let codecs = Codecs::new(self.table, self.identity);
        let mut say = RowsSay::default();
        self.each(&|step| steps.contains(step), &mut |work| {
            let codec = codecs.get(work.found_by);
            let fetched = fetch(writers.get(work.found_by)?, codec, &work, true)?;
            let found = codec.rows(&fetched)?;
            for (at, verdict) in classify(codec, &work, &fetched)?.verdicts.iter().enumerate() {
                let step = work.numbers[at];
                match verdict {
                    // A trigger may have made something else of it.
                    Verdict::Moved { found: Some(row), .. }
                        if self.deed == Deed::Apply && stored.is(step, codec, &found, *row)? =>
                    {
                        say.written.insert(step);
                    }
                    verdict => say.add(step, verdict),
                }
            }
            Ok(())
        })?;
        Ok(say)
    }
}

/// What the database says of a transaction.
fn ask(writer: &mut dyn Writer, mark: &str) -> Result<Option<bool>, ApplyError> {
    let mut tries = 0;
    loop {
        match writer.committed(mark) {
            // The server has not noticed yet that its client is gone.
            Err(WriteError::Conflict { .. }) if tries < TRIES => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            result => return result.map_err(in_our_words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(steps: &[u64]) -> StepSet {
        steps.iter().copied().collect()
    }

    #[test]
    fn a_chunk_whose_rows_disagree_is_not_guessed_at() {
        let moved = || Verdict::Moved { found: None, why: String::new() };
        let after = |verdicts: &[Verdict]| {
            let folder = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
            let steps: StepSet = (0..verdicts.len() as u64).collect();
            journal.intent(Deed::Apply, &steps, None).unwrap();
            let mut say = RowsSay::default();
            (0..).zip(verdicts).for_each(|(step, verdict)| say.add(step, verdict));
            say.tell(Deed::Apply, &mut journal).unwrap();
            assert!(journal.facts().open.is_empty());
            (journal.facts().certain(), journal.facts().unclear.clone())
        };
        assert_eq!(after(&[Verdict::Already, Verdict::Already]), (set(&[0, 1]), set(&[])));
        assert_eq!(after(&[Verdict::Write, Verdict::Write]), (set(&[]), set(&[])));
        assert_eq!(after(&[Verdict::Write, moved()]), (set(&[]), set(&[1])));
        assert_eq!(after(&[Verdict::Already, Verdict::Write, moved()]), (set(&[0]), set(&[1, 2])));
    }
}
