//! Writes one side's steps, chunk after chunk.

use super::chunk::{ChunkWriter, Density};
use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::journal_facts::JournalFacts;
use super::outcome::{Cause, Refusal, SideOutcome};
use super::step_set::StepSet;
use super::stored::Keep;
use super::work::Work;
use super::writers::{Codecs, Writers};
use crate::base::Linker;
use crate::endpoint::{Action, Dependent, Interrupt, WriteTable};
use crate::plan::{ActionCounts, Chunk, FoundBy, PlanError};
use crate::snapshot::Progress;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// Chunks, read one after the other.
pub type ChunkIter<'a> = Box<dyn Iterator<Item = Result<Chunk, PlanError>> + Send + 'a>;

/// Where the steps of one side are read from, as often as needed.
pub trait Steps: Sync {
    /// In the order of writing, at most `rows` in a chunk, but for those that go together.
    ///
    /// # Errors
    /// If they can't be read.
    fn forward(&self, rows: usize) -> Result<ChunkIter<'_>, PlanError>;

    /// Chunks from the last to the first; the steps in each are in their own order.
    ///
    /// # Errors
    /// If they can't be read.
    fn backward(&self, rows: usize) -> Result<ChunkIter<'_>, PlanError>;
}

/// One run over the steps of one side.
#[derive(Clone)]
pub struct SideRun<'a> {
    /// 0 is left.
    pub side: usize,
    /// The table's address, masked.
    pub address: &'a str,
    /// The steps.
    pub steps: &'a dyn Steps,
    /// The table.
    pub table: &'a WriteTable,
    /// The columns by which rows are found where the unique key changes; unique. Empty if it never
    /// does.
    pub identity: &'a [usize],
    /// The columns that can be given a value.
    pub writable: &'a [usize],
    /// Whether the table itself sees to it that the key is unique.
    pub unique: bool,
    /// Foreign keys whose rows must not hang on rows that are deleted.
    pub watched: &'a [Dependent],
    /// Whether triggers may have a word in what is written.
    pub triggers: bool,
    /// What identifies the table's rows in its history.
    pub linker: Option<&'a Linker>,
    /// Apply or undo.
    pub deed: Deed,
    /// Only steps of these actions (as in the plan); empty for all.
    pub only: &'a [Action],
    /// Steps in a chunk.
    pub chunk: usize,
    /// The rest between two chunks.
    pub pause: Duration,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
    /// Told how many steps are dealt with.
    pub progress: &'a dyn Progress,
}

/// The steps that are as planned now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Those that were written.
    pub written: StepSet,
    /// Those whose rows were as planned before.
    pub already: StepSet,
}

impl Settled {
    /// All of them.
    pub fn all(mut self) -> StepSet {
        self.written.insert_all(&self.already);
        self.written
    }
}

/// Why a step is left alone that may have been written before.
const UNCLEAR: &str = "an earlier run broke off while committing it, and the row has changed since: nobody can tell \
                       whether it was written";

/// Which steps a run takes part in.
struct Part {
    /// All if `None`.
    mine: Option<StepSet>,
    /// Those that were written before.
    standing: StepSet,
    /// Those that nobody can tell of.
    unclear: StepSet,
}

impl Part {
    fn of(deed: Deed, facts: &JournalFacts) -> Self {
        match deed {
            Deed::Apply => Self { mine: None, standing: facts.dealt_with(), unclear: facts.unclear.clone() },
            // Undo only looks at what is ours when it begins.
            Deed::Undo => {
                Self { mine: Some(facts.ours.clone()), standing: StepSet::default(), unclear: StepSet::default() }
            }
        }
    }
}

impl SideRun<'_> {
    /// Writes the steps, and counts in `outcome` as it goes. With `keep`, the rows of all steps that
    /// are as planned now are handed over as they are stored, those of a chunk before its COMMIT.
    /// Steps that stand from an earlier run are not looked at: whatever has become of their rows since
    /// is somebody's doing. [`resolve`](Self::resolve) comes first.
    ///
    /// # Errors
    /// If a chunk can't be written; those before it are.
    pub fn write(
        &self,
        writers: &mut Writers<'_>,
        journal: &mut Journal,
        refuse: &mut dyn FnMut(Refusal) -> Result<(), ApplyError>,
        mut keep: Option<&mut dyn Keep>,
        outcome: &mut SideOutcome,
    ) -> Result<Settled, ApplyError> {
        let codecs = Codecs::new(self.table, self.identity);
        let mut settled = Settled::default();
        let mut density = Density::default();
        let Part { mine, standing, unclear } = Part::of(self.deed, journal.facts());
        let mut first = true;
        self.each(&|step| mine.as_ref().is_none_or(|mine| mine.contains(step)), &mut |work| {
            let stands: StepSet = work.numbers.iter().copied().filter(|step| standing.contains(*step)).collect();
            outcome.already += stands.len();
            settled.already.insert_all(&stands);
            for at in (0..work.len()).filter(|at| unclear.contains(work.numbers[*at])) {
                let codec = codecs.get(work.found_by);
                refuse(Refusal::of(codec, self.side, (&work, at), Cause::Moved, UNCLEAR.to_owned(), None)?)?;
                outcome.refused += 1;
            }
            let steps = work.len();
            let work = work.filter(|step| !standing.contains(step) && !unclear.contains(step))?;
            self.progress.advance((steps - work.len()) as u64);
            if work.is_empty() {
                return Ok(());
            }
            if !std::mem::take(&mut first) {
                self.rest()?;
            }
            let mut chunk = ChunkWriter {
                side: self.side,
                address: self.address,
                codec: codecs.get(work.found_by),
                writer: writers.get(work.found_by)?,
                journal,
                deed: self.deed,
                unique: self.unique || work.found_by == FoundBy::Identity,
                watched: self.watched,
                keep: match &mut keep {
                    Some(keep) => Some(&mut **keep),
                    None => None,
                },
                triggers: self.triggers,
                linker: self.linker,
                interrupt: &self.interrupt,
                density: &mut density,
            };
            chunk.write(&work, &mut |part| {
                outcome.written.add(work.steps.action, part.written.len());
                outcome.already += part.already.len();
                outcome.refused += part.refused.len() as u64;
                let rejected = part.refused.iter().filter(|refusal| refusal.cause == Cause::Rejected).count();
                outcome.rejected += rejected as u64;
                settled.written.insert_all(&part.written);
                settled.already.insert_all(&part.already);
                self.progress.advance(part.written.len() + part.already.len() + part.refused.len() as u64);
                part.refused.into_iter().try_for_each(&mut *refuse)
            })
        })?;
        Ok(settled)
    }

    /// Hands on the chunks in the order in which they are written, as they are to be written, while
    /// the next one is being read. Only the steps that are `wanted`, by their number.
    ///
    /// # Errors
    /// If they can't be read, the person interrupts, or `take` fails.
    pub(super) fn each(
        &self,
        wanted: &(dyn Fn(u64) -> bool + Sync),
        take: &mut dyn FnMut(Work) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let undo = self.deed == Deed::Undo;
        let chunks = if undo { self.steps.backward(self.chunk)? } else { self.steps.forward(self.chunk)? };
        let only = |action: &Action| self.only.is_empty() || self.only.contains(action);
        let prepare = |chunk: Chunk| {
            let work = Work::from(chunk).filter(wanted)?;
            if undo { work.inverse(self.writable) } else { Ok(work) }
        };
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(1);
            scope.spawn(move || {
                for chunk in chunks {
                    let work = match chunk {
                        Ok(chunk) if !only(&chunk.steps.action) => continue,
                        Ok(chunk) => prepare(chunk),
                        Err(error) => Err(error.into()),
                    };
                    // Nobody takes it any more once a chunk has failed.
                    if sender.send(work).is_err() {
                        return;
                    }
                }
            });
            for work in receiver {
                if self.interrupt.is_set() {
                    return Err(ApplyError::Interrupted);
                }
                let work = work?;
                if !work.is_empty() {
                    take(work)?;
                }
            }
            Ok(())
        })
    }

    fn rest(&self) -> Result<(), ApplyError> {
        let until = Instant::now() + self.pause;
        loop {
            if self.interrupt.is_set() {
                return Err(ApplyError::Interrupted);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
    }
}

/// How many of a plan's steps take part.
pub fn chosen(counts: &ActionCounts, only: &[Action]) -> u64 {
    Action::ALL.iter().filter(|action| only.is_empty() || only.contains(action)).map(|action| counts.of(*action)).sum()
}
