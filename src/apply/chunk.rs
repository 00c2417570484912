//! One chunk, from begin to COMMIT.
//!
//! The fast path loads the steps and writes them in one statement. If that writes as many rows as
//! there are steps, every row was as its step found it, and the chunk is committed. Otherwise it is
//! rolled back and tried the slow way: the rows are fetched under lock, each step is
//! [classified](super::classify), and only those that can be written are.
//!
//! A row that the database does not accept ends the run: its chunk is not written. But where rows
//! have moved and were left alone, that may be why (one of them still has the unique value, or
//! refers to the row that is to go): then that step is refused like them, and the rest goes on.

use super::classify::{Verdict, classify};
use super::codec::Codec;
use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::outcome::Refusal;
use super::step_set::StepSet;
use super::stored::Stored;
use super::work::Work;
use crate::endpoint::{Action, Dependent, ExportBatch, WriteError, Writer};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a chunk is tried when others are in the way.
const TRIES: u32 = 8;
/// The first pause before it is tried again; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 50 });
/// In how many rounds of a chunk steps are singled out that the database does not accept.
const ROUNDS: u32 = 32;

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
    /// Whether the rows are wanted as they are stored.
    pub keeps: bool,
    /// Whether a step of an earlier chunk was refused.
    pub moved: bool,
}

/// What became of a chunk's steps.
#[derive(Clone, Debug, Default)]
pub struct ChunkOutcome {
    /// The numbers of those that were written.
    pub written: StepSet,
    /// The numbers of those whose rows were as planned.
    pub already: StepSet,
    /// Those whose rows had moved.
    pub refused: Vec<Refusal>,
    /// If they are wanted, the rows of those that are as planned now.
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
    /// For good.
    Apply(ApplyError),
}

/// Steps of which the database does not accept at least one.
pub(super) struct Rejected {
    /// Its words.
    pub(super) error: WriteError,
    /// The positions of the steps that were being written.
    pub(super) tried: Vec<usize>,
    /// The positions of those whose rows have moved.
    pub(super) moved: Vec<usize>,
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
    /// Writes a chunk. An error leaves nothing of it written, but for a connection lost in COMMIT.
    ///
    /// # Errors
    /// As [`ApplyError`] says.
    pub fn write(&mut self, work: &Work) -> Result<ChunkOutcome, ApplyError> {
        let action = work.steps.action;
        let countable = self.unique || action == Action::Create;
        let watched = action == Action::Delete && !self.watched.is_empty();
        // Applying again: most likely all of it is there.
        let again = self.deed == Deed::Apply && work.numbers.iter().all(|step| self.journal.ours().contains(*step));
        let mut fast = countable && !watched && !again;
        // Steps that turned out to be refused, though their rows look as they should.
        let mut odd: BTreeMap<usize, Refusal> = BTreeMap::new();
        let (mut tries, mut rounds, mut miscounts) = (0, 0, 0);
        loop {
            let result = if fast { self.fast(work) } else { self.slow(work, &odd) };
            let failed = match result {
                Ok(outcome) => {
                    self.moved |= !outcome.refused.is_empty();
                    return Ok(outcome);
                }
                Err(failed) => failed,
            };
            // Where this fails, the connection is lost, and the database rolls back by itself.
            let _ = self.writer.rollback();
            match failed {
                Failed::Apply(error) => return Err(error),
                Failed::Write(WriteError::Conflict { .. }) if tries + 1 < TRIES => {
                    std::thread::sleep(PAUSE * 2u32.pow(tries));
                    tries += 1;
                }
                Failed::Write(error) => return Err(in_our_words(error)),
                // With the rows under lock it shows what is wrong.
                Failed::Count(_) | Failed::Refused(_) if fast => fast = false,
                Failed::Refused(rejected) if rounds < ROUNDS && (self.moved || !rejected.moved.is_empty()) => {
                    rounds += 1;
                    odd.extend(self.held_up(work, *rejected)?);
                }
                Failed::Refused(rejected) => return Err(self.blame(rejected.error, work, rejected.tried)),
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
        let all = || (0..work.len()).collect();
        let wrote = self.put(work).map_err(|failed| at(failed, all(), Vec::new()))?;
        exactly(wrote, work)?;
        let stored = self.stored(work)?;
        self.commit(work, ChunkOutcome { stored, ..ChunkOutcome::default() })
            .map_err(|failed| at(failed, all(), Vec::new()))
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
                    outcome.refused.push(self.refusal(work, at, why, row)?);
                    moved.push(at);
                }
            }
        }
        if self.keeps {
            let already = |at| outcome.already.contains(work.numbers[at]);
            outcome.stored.extend(Stored::of(self.codec, work, &fetched, already)?);
        }
        if todo.is_empty() {
            self.writer.rollback()?;
            return Ok(outcome);
        }
        let rest = work.pick(&todo)?;
        self.check_dependents(&rest, &fetched)?;
        self.load(&rest)?.map_err(|error| refused(error, todo.clone(), moved.clone()))?;
        let wrote = self.writer.write().map_err(|error| refused(error, todo.clone(), moved.clone()))?;
        exactly(wrote, &rest)?;
        outcome.stored.extend(self.stored(&rest)?);
        self.commit(&rest, outcome).map_err(|failed| at(failed, todo, moved))
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
        self.writer.load(&probe)?;
        Ok(self.writer.fetch(true)?)
    }

    /// The rows of the steps that have just been written, if they are wanted.
    fn stored(&mut self, work: &Work) -> Result<Vec<Stored>, Failed> {
        if !self.keeps || work.steps.after.is_none() {
            return Ok(Vec::new());
        }
        let fetched = self.writer.fetch(false)?;
        Ok(Stored::of(self.codec, work, &fetched, |_| true)?.into_iter().collect())
    }

    fn commit(&mut self, work: &Work, mut outcome: ChunkOutcome) -> Result<ChunkOutcome, Failed> {
        let steps: StepSet = work.numbers.iter().copied().collect();
        self.journal.intent(self.deed, &steps)?;
        match self.writer.commit() {
            Ok(()) => {
                self.journal.done(self.deed, &steps)?;
                outcome.written = steps;
                Ok(outcome)
            }
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

    /// That a step is not written.
    pub(super) fn refusal(
        &self,
        work: &Work,
        at: usize,
        why: String,
        found: Option<String>,
    ) -> Result<Refusal, ApplyError> {
        Refusal::of(self.codec, self.side, work, at, why, found)
    }
}

fn exactly(wrote: u64, work: &Work) -> Result<(), Failed> {
    if wrote == work.len() as u64 { Ok(()) } else { Err(Failed::Count(wrote)) }
}

fn refused(error: WriteError, tried: Vec<usize>, moved: Vec<usize>) -> Failed {
    match error {
        WriteError::Refused { .. } => Failed::Refused(Box::new(Rejected { error, tried, moved })),
        other => Failed::Write(other),
    }
}

fn at(failed: Failed, tried: Vec<usize>, moved: Vec<usize>) -> Failed {
    match failed {
        Failed::Write(error) => refused(error, tried, moved),
        other => other,
    }
}

/// An error that is nobody's row's fault.
pub(super) fn in_our_words(error: WriteError) -> ApplyError {
    match error {
        WriteError::Conflict { address, doing, why } | WriteError::Locked { address, doing, why } => {
            ApplyError::InTheWay { address, doing, why }
        }
        WriteError::Refused { address, doing, why } => {
            ApplyError::Obstacle { address, why: format!("{doing} was refused: {why}") }
        }
        WriteError::Endpoint(error) => ApplyError::Endpoint(error),
    }
}
