//! One chunk, or a part of it, from begin to COMMIT.
//!
//! The fast path loads the steps and writes them in one statement. If that writes as many rows as
//! there are steps, every row was as its step found it, and they are committed. Otherwise it is
//! rolled back and tried the slow way: the rows are fetched under lock, each step is
//! [classified](super::classify), and only those that can be written are.
//!
//! A row that the database does not accept, be it only at COMMIT, takes all that were written with it
//! back. It is then [found by halving](super::bisect), and the others are written without it.

use super::classify::{Verdict, classify};
use super::codec::Codec;
use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::outcome::{Cause, Refusal};
use super::step_set::StepSet;
use super::stored::{Keep, Stored, hand_over};
use super::work::Work;
use crate::base::Linker;
use crate::endpoint::{Action, Dependent, ExportBatch, Interrupt, Target, WriteError, Writer};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// How often a chunk is tried when others are in the way.
pub(super) const TRIES: u32 = 8;
/// How often it is tried while rows with the keys of new ones seem to come into being.
const TAKEN_TRIES: u32 = 3;
/// The first pause before it is tried again; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 50 });

/// Takes what became of steps.
pub(super) type Taker<'a> = dyn FnMut(ChunkOutcome) -> Result<(), ApplyError> + 'a;

/// Why such a step is refused: its row would be looked for in vain, and created again each time.
const ELSEWHERE: &str = "a trigger gave the row another key, or turned it away";

/// Writes chunks to one table.
pub struct ChunkWriter<'a> {
    /// 0 is left.
    pub side: usize,
    /// The table's address, masked.
    pub address: &'a str,
    /// How its rows are found and compared.
    pub codec: &'a Codec,
    /// The session, which finds rows by the same columns.
    pub writer: &'a mut dyn Writer,
    /// Where it is noted what is written.
    pub journal: &'a mut Journal,
    /// Whether the steps are a plan's own, or the inverse ones.
    pub deed: Deed,
    /// Whether the table itself sees to it that the columns which find a row are unique. If not, a count of written rows
    /// alone proves nothing.
    pub unique: bool,
    /// Foreign keys whose rows must not hang on rows that are deleted.
    pub watched: &'a [Dependent],
    /// Takes the rows as they are stored, if they are wanted: those that are written before COMMIT.
    pub keep: Option<&'a mut dyn Keep>,
    /// Whether triggers may have a word in what is written.
    pub triggers: bool,
    /// What identifies the table's rows in its history.
    pub linker: Option<&'a Linker>,
    /// What the table asks for, where that is known.
    pub target: Option<&'a Target>,
    /// The columns that can be given a value.
    pub writable: &'a [usize],
    /// Set when the person interrupts.
    pub interrupt: &'a Interrupt,
    /// How many of the last chunk's steps the database did not accept.
    pub density: &'a mut Density,
}

/// How many steps the database does not accept, lately.
#[derive(Clone, Copy, Debug, Default)]
pub struct Density {
    /// Steps that were dealt with.
    pub steps: usize,
    /// Those of them that it did not accept.
    pub rejected: usize,
}

/// What became of steps of a chunk.
#[derive(Clone, Debug, Default)]
pub struct ChunkOutcome {
    /// The numbers of those that were written.
    pub written: StepSet,
    /// The numbers of those whose rows were as planned.
    pub already: StepSet,
    /// Those that were left alone: their rows had moved, or the database did not accept them.
    pub refused: Vec<Refusal>,
    /// If they are wanted, rows that were as planned, and that nobody has taken yet.
    pub stored: Vec<Stored>,
}

/// Why a try ended.
pub(super) enum Failed {
    /// So many rows were written, and not as many as there are steps.
    Count(u64),
    /// The database's own reason.
    Write(WriteError),
    /// The database does not accept one of the steps.
    Refused(Box<Rejected>),
    /// The rows of the steps at these positions are not there after they were written.
    Elsewhere(Vec<usize>),
    /// For good.
    Apply(ApplyError),
}

/// Steps of which the database does not accept at least one. Nothing of them is written.
pub(super) struct Rejected {
    /// Its words.
    pub(super) error: WriteError,
    /// The positions of the steps that were being written.
    pub(super) tried: Vec<usize>,
    /// The positions of those that were left alone.
    pub(super) moved: Vec<usize>,
    /// What became of the others.
    pub(super) aside: ChunkOutcome,
    /// If one step was being written, its row as it is.
    pub(super) found: Option<String>,
}

/// How a try ended.
pub(super) enum Tried {
    /// Written, but for what was left alone.
    Done(ChunkOutcome),
    /// Not accepted.
    Rejected(Box<Rejected>),
}

impl From<ApplyError> for Failed {
    fn from(error: ApplyError) -> Self {
        Self::Apply(error)
    }
}

impl From<WriteError> for Failed {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl ChunkWriter<'_> {
    /// Writes a chunk, and hands on what became of its steps, once or in parts, those of a part after
    /// its COMMIT.
    ///
    /// # Errors
    /// As [`ApplyError`] says. What was not handed on is not written, but for a connection lost in
    /// COMMIT.
    pub fn write(&mut self, work: &Work, take: &mut Taker<'_>) -> Result<(), ApplyError> {
        if self.density.is_high() && work.len() > 1 {
            return self.bisect(work, None, take);
        }
        match self.attempt(work, true, true)? {
            Tried::Done(outcome) => {
                let rejected = outcome.refused.iter().filter(|refusal| refusal.cause == Cause::Rejected).count();
                *self.density = Density { steps: work.len(), rejected };
                self.hand(outcome, take)
            }
            Tried::Rejected(rejected) => self.bisect(work, Some(*rejected), take),
        }
    }

    /// Hands on what became of steps.
    pub(super) fn hand(&mut self, mut outcome: ChunkOutcome, take: &mut Taker<'_>) -> Result<(), ApplyError> {
        let stored = std::mem::take(&mut outcome.stored);
        let kept = match &mut self.keep {
            Some(keep) if !stored.is_empty() => hand_over(&stored, &mut **keep, self.journal.last_sum())?,
            _ => Vec::new(),
        };
        self.journal.already(self.deed, &outcome.already, kept)?;
        take(outcome)
    }

    /// Writes steps in one transaction, the fast way first if it may be. If they can be `split`, it
    /// ends when the fast way meets one that is not accepted.
    pub(super) fn attempt(&mut self, work: &Work, fast: bool, split: bool) -> Result<Tried, ApplyError> {
        let action = work.steps.action;
        let countable = self.unique || action == Action::Create;
        let watched = action == Action::Delete && !self.watched.is_empty();
        let mut fast = fast && countable && !watched;
        // Steps that turned out to be refused, though their rows look as they should.
        let mut odd: BTreeMap<usize, Refusal> = BTreeMap::new();
        let (mut tries, mut miscounts) = (0, 0);
        loop {
            let result = if fast { self.fast(work) } else { self.slow(work, &odd) };
            let failed = match result {
                Ok(outcome) => return Ok(Tried::Done(outcome)),
                Err(failed) => failed,
            };
            // Where this fails, the connection is lost, and the database rolls back by itself.
            let _ = self.writer.rollback();
            match failed {
                Failed::Apply(error) => return Err(error),
                Failed::Write(WriteError::Conflict { .. }) if tries + 1 < TRIES => pause(&mut tries),
                Failed::Refused(rejected)
                    if tries + 1 < TAKEN_TRIES && matches!(rejected.error, WriteError::Taken { .. }) =>
                {
                    pause(&mut tries);
                }
                Failed::Write(error) => return Err(in_our_words(error)),
                Failed::Refused(rejected) if !fast || split => return Ok(Tried::Rejected(rejected)),
                Failed::Elsewhere(steps) => {
                    fast = false;
                    for at in steps {
                        odd.insert(at, self.refusal(work, at, Cause::Rejected, ELSEWHERE.to_owned(), None)?);
                    }
                }
                // With the rows under lock it shows what is wrong.
                Failed::Count(_) | Failed::Refused(_) if fast => fast = false,
                Failed::Refused(rejected) => return Ok(Tried::Rejected(rejected)),
                Failed::Count(wrote) => {
                    // A row that came into being meanwhile is seen by the next try. What stays are
                    // rows that the database compares in another way than we do.
                    miscounts += 1;
                    if miscounts > 1 {
                        odd.extend(self.find_odd(work, &odd)?);
                    }
                    if miscounts > TRIES {
                        let address = self.address.to_owned();
                        return Err(ApplyError::Restless { address, action, rows: work.len(), wrote });
                    }
                }
            }
        }
    }

    fn fast(&mut self, work: &Work) -> Result<ChunkOutcome, Failed> {
        let all = |failed| rejected(failed, (0..work.len()).collect());
        let wrote = self.put(work).map_err(all)?;
        exactly(wrote, work.len())?;
        let stored = self.stored(work)?;
        self.commit(std::slice::from_ref(work), stored).map_err(all)?;
        Ok(ChunkOutcome { written: work.numbers.iter().copied().collect(), ..ChunkOutcome::default() })
    }

    /// `odd` are steps that are known to be refused.
    fn slow(&mut self, work: &Work, odd: &BTreeMap<usize, Refusal>) -> Result<ChunkOutcome, Failed> {
        self.writer.begin()?;
        let fetched = self.fetch(work)?;
        let found = self.codec.rows(&fetched)?;
        let mut outcome = ChunkOutcome::default();
        let (mut todo, mut moved) = (Vec::new(), Vec::new());
        for (at, verdict) in classify(self.codec, work, &fetched)?.verdicts.into_iter().enumerate() {
            match (odd.get(&at), verdict) {
                (Some(refusal), _) => {
                    outcome.refused.push(refusal.clone());
                    moved.push(at);
                }
                (None, Verdict::Write) => todo.push(at),
                (None, Verdict::Already) => outcome.already.insert(work.numbers[at]),
                (None, Verdict::Moved { found: row, why }) => {
                    let row = row.map(|row| found.row_json(row));
                    outcome.refused.push(self.refusal(work, at, Cause::Moved, why, row)?);
                    moved.push(at);
                }
            }
        }
        if self.keep.is_some() {
            let already = |at| outcome.already.contains(work.numbers[at]);
            outcome.stored.extend(Stored::of(self.codec, work, &fetched, already)?);
        }
        if todo.is_empty() {
            self.writer.rollback()?;
            return Ok(outcome);
        }
        let rest = work.pick(&todo)?;
        self.check_dependents(&rest, &fetched)?;
        match self.write_rest(&rest) {
            Ok(()) => {
                outcome.written = rest.numbers.iter().copied().collect();
                Ok(outcome)
            }
            Err(failed) => {
                let steps = self.codec.rows(work.steps.rows())?;
                let is_row = |row: &usize| todo.len() == 1 && found.key(*row) == steps.key(todo[0]);
                let row = (0..found.len()).find(is_row).map(|row| found.row_json(row));
                let failed = match failed {
                    Failed::Elsewhere(steps) => Failed::Elsewhere(steps.into_iter().map(|at| todo[at]).collect()),
                    other => other,
                };
                Err(match rejected(failed, todo) {
                    Failed::Refused(rejected) => {
                        Failed::Refused(Box::new(Rejected { moved, aside: outcome, found: row, ..*rejected }))
                    }
                    other => other,
                })
            }
        }
    }

    /// Writes and commits steps whose rows are as they found them.
    fn write_rest(&mut self, rest: &Work) -> Result<(), Failed> {
        self.load(rest)??;
        exactly(self.writer.write()?, rest.len())?;
        let stored = self.stored(rest)?;
        self.commit(std::slice::from_ref(rest), stored)
    }

    /// Begins, loads and writes.
    pub(super) fn put(&mut self, work: &Work) -> Result<u64, Failed> {
        self.writer.begin()?;
        self.load(work)??;
        Ok(self.writer.write()?)
    }

    /// Loads steps to be written: of deletes of whole rows, each row once.
    pub(super) fn load(&mut self, work: &Work) -> Result<Result<(), WriteError>, ApplyError> {
        if !self.codec.is_whole() || work.steps.action == Action::Create {
            return Ok(self.writer.load(&work.steps));
        }
        let mut columns = work.steps.guard.clone();
        columns.extend(self.codec.key().iter().filter(|column| !work.steps.guard.contains(column)));
        Ok(self.writer.load(&work.distinct(self.codec, &columns)?.steps))
    }

    /// The rows that the steps mean, under lock.
    pub(super) fn fetch(&mut self, work: &Work) -> Result<ExportBatch, Failed> {
        let key = self.codec.key();
        let probe = if self.codec.is_whole() { work.distinct(self.codec, key)?.probe(key) } else { work.probe(key) };
        let refused = |error| rejected(Failed::Write(error), (0..work.len()).collect());
        self.writer.load(&probe).map_err(refused)?;
        Ok(self.writer.fetch(true)?)
    }

    /// The rows of the steps that have just been written, if they are wanted. Where triggers may have
    /// given them other keys, it is seen to that they are there.
    pub(super) fn stored(&mut self, work: &Work) -> Result<Vec<Stored>, Failed> {
        if !(self.keep.is_some() || self.triggers) || work.steps.after.is_none() {
            return Ok(Vec::new());
        }
        let fetched = self.writer.fetch(false)?;
        let steps = if self.triggers { elsewhere(self.codec, work, &fetched)? } else { Vec::new() };
        if !steps.is_empty() {
            return Err(Failed::Elsewhere(steps));
        }
        if self.keep.is_none() {
            return Ok(Vec::new());
        }
        Ok(Stored::of(self.codec, work, &fetched, |_| true)?.into_iter().collect())
    }

    /// Commits, once it is safe on the disk which steps these are and what the table made of their rows.
    pub(super) fn commit(&mut self, parts: &[Work], stored: Vec<Stored>) -> Result<(), Failed> {
        let steps: StepSet = parts.iter().flat_map(|work| work.numbers.iter().copied()).collect();
        parts.iter().try_for_each(|work| self.note_times(work))?;
        let mark = self.writer.leave_mark()?;
        self.journal.intent(self.deed, &steps, mark)?;
        // Before COMMIT: after a crash nobody could tell any more what was written and what somebody has
        // made of it since. After the intent: whoever finds the rows knows that the journal told of them.
        let kept = match &mut self.keep {
            Some(keep) => hand_over(&stored, &mut **keep, self.journal.last_sum())?,
            None => Vec::new(),
        };
        match self.writer.commit() {
            Ok(()) => Ok(self.journal.done(self.deed, &steps, kept)?),
            Err(WriteError::Endpoint(error)) => {
                let address = self.address.to_owned();
                Err(Failed::Apply(ApplyError::LostAtCommit { address, why: error.to_string() }))
            }
            Err(error) => {
                self.journal.dropped(self.deed, &steps)?;
                Err(Failed::Write(error))
            }
        }
    }

    /// Has the history know when the changes were made that were just written.
    fn note_times(&mut self, work: &Work) -> Result<(), WriteError> {
        let Some(linker) = self.linker.filter(|_| work.times.iter().any(Option::is_some)) else { return Ok(()) };
        let ids = linker.ids(work.steps.rows());
        let times = ids.into_iter().zip(&work.times).filter_map(|(id, time)| Some((id?, (*time)?)));
        self.writer.note_times(&times.collect::<Vec<_>>())
    }

    /// That a step is not written.
    pub(super) fn refusal(
        &self,
        work: &Work,
        at: usize,
        cause: Cause,
        why: String,
        found: Option<String>,
    ) -> Result<Refusal, ApplyError> {
        Refusal::of(self.codec, self.side, (work, at), cause, why, found)
    }
}

/// Waits a little, more each time.
pub(super) fn pause(tries: &mut u32) {
    std::thread::sleep(PAUSE * 2u32.pow(*tries));
    *tries += 1;
}

/// The positions of created or updated steps whose rows are not among those that were fetched.
fn elsewhere(codec: &Codec, work: &Work, fetched: &ExportBatch) -> Result<Vec<usize>, ApplyError> {
    let (found, rows) = (codec.rows(fetched)?, codec.rows(work.steps.rows())?);
    let there: HashSet<Vec<u8>> = (0..found.len()).map(|row| found.key(row)).collect();
    Ok((0..work.len()).filter(|at| !there.contains(&rows.key(*at))).collect())
}

/// That so many rows were written as there are steps.
pub(super) fn exactly(wrote: u64, steps: usize) -> Result<(), Failed> {
    if wrote == steps as u64 { Ok(()) } else { Err(Failed::Count(wrote)) }
}

/// Steps that were being written when the database did not accept one, if that is why it failed.
fn rejected(failed: Failed, tried: Vec<usize>) -> Failed {
    match failed {
        Failed::Write(error @ (WriteError::Refused { .. } | WriteError::Taken { .. })) => {
            let (moved, aside) = (Vec::new(), ChunkOutcome::default());
            Failed::Refused(Box::new(Rejected { error, tried, moved, aside, found: None }))
        }
        other => other,
    }
}

/// An error that is nobody's row's fault.
pub(super) fn in_our_words(error: WriteError) -> ApplyError {
    match error {
        WriteError::Conflict { address, doing, why } | WriteError::Locked { address, doing, why } => {
            ApplyError::InTheWay { address, doing, why }
        }
        WriteError::Refused { address, doing, why } | WriteError::Taken { address, doing, why } => {
            ApplyError::Obstacle { address, why: format!("{doing} was refused: {why}") }
        }
        WriteError::Endpoint(error) => ApplyError::Endpoint(error),
    }
}
