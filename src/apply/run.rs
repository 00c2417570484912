//! Writes one side's steps, chunk after chunk.

use super::chunk::Density;
use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::outcome::{Refusal, SideOutcome};
use super::side_writing::{Part, SideWriting};
use super::step_set::StepSet;
use super::stored::Keep;
use super::work::Work;
use super::writers::{Codecs, Writers};
use crate::base::Linker;
use crate::endpoint::{Action, Dependent, Interrupt, Target, WriteTable};
use crate::plan::{ActionCounts, Chunk, PlanError};
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
    /// What the table asks for, where that is known.
    pub target: Option<&'a Target>,
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
        keep: Option<&mut dyn Keep>,
        outcome: &mut SideOutcome,
    ) -> Result<Settled, ApplyError> {
        let part = Part::of(self.deed, journal.facts());
        let mine = part.mine.clone();
        let mut writing = SideWriting {
            run: self,
            codecs: Codecs::new(self.table, self.identity),
            writers,
            journal,
            refuse,
            keep,
            outcome,
            settled: Settled::default(),
            density: Density::default(),
            part,
            first: true,
            knot: Vec::new(),
        };
        let mine = |step| mine.as_ref().is_none_or(|mine| mine.contains(step));
        self.each(&mine, &mut |work| writing.take(work))?;
        writing.end()
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

    /// The rest between two chunks.
    pub(super) fn rest(&self) -> Result<(), ApplyError> {
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
