//! Applies steps to a CSV or Parquet file.
//!
//! The file is read once to find the rows that the steps mean, and written anew beside itself
//! with those changed that are as planned. The new file is read again: only if every step is
//! found in it, and not a row more or less, does it take the old one's place. So the file has all
//! of the steps or none, and memory holds the steps and their rows, never the file.

use super::classify::{Verdict, classify};
use super::codec::Codec;
use super::error::ApplyError;
use super::file_run::{FileOutcome, FileRun};
use super::outcome::{Cause, Refusal};
use super::resolve::RowsSay;
use super::step_set::StepSet;
use super::stored::{Keep, Stored, hand_over};
use super::whole;
use super::work::Work;
use crate::endpoint::file::{ByteForm, Csv, Draft, Edits, NewRow, Original, rewrite_csv, rewrite_parquet};
use crate::endpoint::{Action, Address, Endpoint, EndpointError, ExportBatch, ExportRequest, Interrupt, Sink, Stopped};
use crate::snapshot::Parts;
use arrow::array::{Array, AsArray};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Steps read from the plan at once.
const CHUNK: usize = 10_000;

/// Applies the steps of one side, or takes them back.
///
/// # Errors
/// If the file or the plan can't be read, the new file can't be written or does not hold what was
/// planned, somebody writes to the file meanwhile, or the person interrupts. The file is as it was
/// then.
pub fn apply_file(run: FileRun<'_>) -> Result<FileOutcome, ApplyError> {
    let Some((path, kind)) = kind_of(run.address)? else {
        let why = "it is no CSV or Parquet file".to_owned();
        return Err(ApplyError::Obstacle { address: run.address.to_string(), why });
    };
    let Some(table) = run.plan.write_table(run.side) else { return Ok(FileOutcome::default()) };
    let codec = Codec::new(&table);
    let works = works(&run, &codec)?;
    let file = File { kind, side: run.side, codec: &codec, interrupt: &run.interrupt };
    let outcome = file.write(path, &works, run.refuse, run.commit, (run.keep, run.after))?;
    for work in &works {
        run.progress.advance(work.len() as u64);
    }
    Ok(outcome)
}

/// What a file's rows say of steps whose commit nobody saw end.
///
/// # Errors
/// If the file or the plan can't be read, or the person interrupts.
pub fn look_at_file(run: &FileRun<'_>) -> Result<RowsSay, ApplyError> {
    let mut say = RowsSay::default();
    let (Some((path, kind)), Some(table)) = (kind_of(run.address)?, run.plan.write_table(run.side)) else {
        return Ok(say);
    };
    let codec = Codec::new(&table);
    let works = works(run, &codec)?;
    let file = File { kind, side: run.side, codec: &codec, interrupt: &run.interrupt };
    for (work, found) in works.iter().zip(&file.find(path, &works)?.found) {
        let verdicts = classify(&codec, work, &found.batch(work)?)?.verdicts;
        work.numbers.iter().zip(&verdicts).for_each(|(step, verdict)| say.add(*step, verdict));
    }
    Ok(say)
}

/// A file that can be written, and how.
fn kind_of(address: &Address) -> Result<Option<(&Path, Kind)>, ApplyError> {
    Ok(match address {
        Address::Csv(csv) => Some((&csv.path, Kind::Csv(Csv::new(csv.path.clone(), csv.delimiter).delimiter()?))),
        Address::Parquet(path) => Some((path, Kind::Parquet)),
        _ => None,
    })
}

/// The steps that take part, as they are to be written.
fn works(run: &FileRun<'_>, codec: &Codec) -> Result<Vec<Work>, ApplyError> {
    let writable: Vec<usize> = (0..codec.columns().len()).filter(|at| !codec.columns()[*at].generated).collect();
    let mut works = Vec::new();
    for chunk in run.plan.chunks(run.side, CHUNK)? {
        if run.interrupt.is_set() {
            return Err(ApplyError::Interrupted);
        }
        let chunk = chunk?;
        let action = chunk.steps.action;
        let work = Work::from(chunk).filter(|step| (run.wanted)(step, action))?;
        if !work.is_empty() {
            works.push(if run.undo { work.inverse(&writable)? } else { work });
        }
    }
    if run.undo {
        works.reverse();
    }
    Ok(works)
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// With this between its fields.
    Csv(u8),
    Parquet,
}

/// A file and how it is read.
struct File<'a> {
    kind: Kind,
    side: usize,
    codec: &'a Codec,
    interrupt: &'a Interrupt,
}

/// The rows of a file that some steps mean.
#[derive(Default)]
struct Found {
    batches: Vec<ExportBatch>,
    /// The last row that each step means.
    places: HashMap<usize, u64>,
}

impl Found {
    fn batch(&self, work: &Work) -> Result<ExportBatch, ApplyError> {
        let shape = |error: arrow::error::ArrowError| ApplyError::Shape(error.to_string());
        match ExportBatch::concat(&self.batches).map_err(shape)? {
            Some(batch) => Ok(batch),
            None => work.steps.rows().take(&[]).map_err(shape),
        }
    }
}

/// What was found in a file.
struct Search {
    rows: u64,
    /// Per chunk of steps.
    found: Vec<Found>,
}

impl File<'_> {
    /// Writes those steps whose rows are as planned.
    fn write(
        &self,
        path: &Path,
        works: &[Work],
        refuse: &mut dyn FnMut(Refusal) -> Result<(), ApplyError>,
        commit: &mut dyn FnMut(&StepSet) -> Result<String, ApplyError>,
        (keep, after): (Option<&mut dyn Keep>, &str),
    ) -> Result<FileOutcome, ApplyError> {
        let original = Original::open(path)?;
        let before = self.find(original.path(), works)?;
        let (mut outcome, mut edits, mut kept) = (FileOutcome::default(), Edits::default(), Vec::new());
        let mut stored = Vec::new();
        for (work, found) in works.iter().zip(&before.found) {
            let written = self.decide(work, found, &mut outcome, &mut edits, refuse)?;
            outcome.counts.add(work.steps.action, written.len() as u64);
            outcome.written.insert_all(&written.numbers.iter().copied().collect());
            kept.push(written);
            if keep.is_some() {
                let already = |at: usize| outcome.already.contains(work.numbers[at]);
                stored.extend(Stored::of(self.codec, work, &found.batch(work)?, already)?);
            }
        }
        if edits.is_empty() {
            original.check()?;
            if let Some(keep) = keep.filter(|_| !stored.is_empty()) {
                outcome.stored = hand_over(&stored, keep, after)?;
            }
            return Ok(outcome);
        }
        let draft = match self.kind {
            Kind::Csv(delimiter) => rewrite_csv(&original, delimiter, self.codec.columns(), &edits)?,
            Kind::Parquet => rewrite_parquet(&original, self.codec.columns(), &edits)?,
        };
        let rows = before.rows + edits.added.len() as u64 - edits.dropped.len() as u64;
        stored.extend(self.prove(&draft, &kept, rows, keep.is_some())?);
        original.check()?;
        let after = commit(&outcome.written)?;
        if let Some(keep) = keep {
            outcome.stored = hand_over(&stored, keep, &after)?;
        }
        draft.commit(&original)?;
        Ok(outcome)
    }

    /// Decides on the steps of one chunk. Those that are to be written.
    fn decide(
        &self,
        work: &Work,
        found: &Found,
        outcome: &mut FileOutcome,
        edits: &mut Edits,
        refuse: &mut dyn FnMut(Refusal) -> Result<(), ApplyError>,
    ) -> Result<Work, ApplyError> {
        let fetched = found.batch(work)?;
        let batch = edits.values.len();
        let mut written = Vec::new();
        for (at, verdict) in classify(self.codec, work, &fetched)?.verdicts.into_iter().enumerate() {
            match verdict {
                Verdict::Already => outcome.already.insert(work.numbers[at]),
                Verdict::Moved { found, why } => {
                    refuse(self.refusal(work, at, why, found.map(|row| (&fetched, row)))?)?
                }
                Verdict::Write if let Some(why) = self.unwritable(work, at) => {
                    let (keys, there) = (self.codec.rows(work.steps.rows())?, self.codec.rows(&fetched)?);
                    let row = (0..there.len()).find(|row| there.key(*row) == keys.key(at));
                    refuse(self.refusal(work, at, why, row.map(|row| (&fetched, row)))?)?;
                }
                Verdict::Write => {
                    let new = NewRow { batch, row: at, columns: work.wants(at).to_vec() };
                    match (work.steps.action, found.places.get(&at)) {
                        (Action::Create, _) => edits.added.push(new),
                        (Action::Update, Some(row)) => drop(edits.changed.insert(*row, new)),
                        (Action::Delete, Some(row)) => {
                            edits.dropped.insert(*row);
                        }
                        (_, None) => return Err(ApplyError::Shape("a row without a place".to_owned())),
                    }
                    written.push(at);
                }
            }
        }
        edits.values.extend(work.steps.after.clone());
        work.pick(&written)
    }

    /// Why a step's values can't be in such a file, whatever else is in it.
    fn unwritable(&self, work: &Work, at: usize) -> Option<String> {
        let after = work.steps.after.as_ref().filter(|_| matches!(self.kind, Kind::Csv(_)))?;
        let columns = self.codec.columns();
        let no_text = |column: &&usize| {
            let bytes = after.rows.column(**column).as_binary_opt::<i32>().filter(|bytes| bytes.is_valid(at));
            let form = ByteForm::of(&columns[**column]);
            form.zip(bytes).is_some_and(|(form, bytes)| form.write(bytes.value(at)).is_none())
        };
        let column = work.wants(at).iter().find(no_text)?;
        let name = &columns[*column].name;
        Some(format!(
            "column `{name}`: its bytes are no UTF-8 text, and the file's other values are not written as \\x…"
        ))
    }

    fn refusal(
        &self,
        work: &Work,
        at: usize,
        why: String,
        found: Option<(&ExportBatch, usize)>,
    ) -> Result<Refusal, ApplyError> {
        let found = found.map(|(batch, row)| Ok::<_, ApplyError>(self.codec.rows(batch)?.row_json(row))).transpose()?;
        Refusal::of(self.codec, self.side, (work, at), Cause::Moved, why, found)
    }

    /// Reads the file and finds the rows that have the steps' keys.
    fn find(&self, path: &Path, works: &[Work]) -> Result<Search, ApplyError> {
        let codec = self.codec;
        // Of whole rows, the copies of a row are steps of one chunk.
        let mut wanted: HashMap<Vec<u8>, (usize, VecDeque<usize>)> = HashMap::new();
        for (chunk, work) in works.iter().enumerate() {
            let rows = codec.rows(work.steps.rows())?;
            for at in 0..work.len() {
                let (own, steps) = wanted.entry(rows.key(at)).or_insert((chunk, VecDeque::new()));
                if !steps.is_empty() && (!codec.is_whole() || *own != chunk) {
                    return Err(ApplyError::Shape(format!("two steps for the row {}", rows.key_json(at))));
                }
                steps.push_back(at);
            }
        }
        let mut search = Search { rows: 0, found: works.iter().map(|_| Found::default()).collect() };
        self.each(path, &mut |batch| {
            let rows = codec.rows(batch)?;
            let mut picked: HashMap<usize, Vec<u32>> = HashMap::new();
            for row in 0..rows.len() {
                if let Some((chunk, steps)) = wanted.get_mut(&rows.key(row)) {
                    // The next row is that of the next copy.
                    if let Some(at) = steps.front().copied() {
                        search.found[*chunk].places.insert(at, search.rows + row as u64);
                        steps.rotate_left(1);
                    }
                    picked.entry(*chunk).or_default().push(row as u32);
                }
            }
            for (chunk, rows) in picked {
                let rows = batch.take(&rows).map_err(|error| ApplyError::Shape(error.to_string()))?;
                search.found[chunk].batches.push(rows);
            }
            search.rows += batch.rows.num_rows() as u64;
            Ok(())
        })?;
        Ok(search)
    }

    /// Hands over the rows in the order of the file.
    fn each(
        &self,
        path: &Path,
        take: &mut (dyn FnMut(&ExportBatch) -> Result<(), ApplyError> + Send),
    ) -> Result<(), ApplyError> {
        let taker = Taker { interrupt: self.interrupt, state: Mutex::new((take, None)) };
        let read = match self.kind {
            Kind::Csv(delimiter) => {
                let request = ExportRequest { columns: self.codec.columns().to_vec(), filter: None, streams: 1 };
                Csv::new(path.to_owned(), Some(delimiter)).export(&request, &taker).map(drop).map_err(ApplyError::from)
            }
            Kind::Parquet => {
                let all: Vec<usize> = (0..self.codec.columns().len()).collect();
                Parts::open_foreign(&[path.to_owned().into()], Some(self.codec.columns()))
                    .and_then(|(parts, _)| {
                        parts.each(&all, &mut |batch| taker.send(batch).map_err(|_| EndpointError::Stopped.into()))
                    })
                    .map_err(|error| ApplyError::file("read", path, &error))
            }
        };
        match taker.state.into_inner().unwrap_or_else(PoisonError::into_inner).1 {
            Some(error) => Err(error),
            None => read,
        }
    }

    /// Fails if the new file does not hold what the steps say, or another number of rows. The rows
    /// as they are there, if they are wanted.
    fn prove(&self, draft: &Draft, works: &[Work], rows: u64, keeps: bool) -> Result<Vec<Stored>, ApplyError> {
        let codec = self.codec;
        let after = self.find(draft.path(), works)?;
        let failed = |why: String| Err(ApplyError::file("write", draft.path(), &why));
        if after.rows != rows {
            return failed(format!("it has {} rows in place of {rows}", after.rows));
        }
        let mut stored = Vec::new();
        for (work, found) in works.iter().zip(&after.found) {
            let fetched = found.batch(work)?;
            if keeps {
                stored.extend(Stored::of(codec, work, &fetched, |_| true)?);
            }
            let (keys, there) = (codec.rows(work.steps.rows())?, codec.rows(&fetched)?);
            if codec.is_whole() {
                if let Some((at, _)) = whole::astray(codec, work, &fetched)?.first() {
                    return failed(format!("the row {} does not come back as it was written", keys.key_json(*at)));
                }
                continue;
            }
            let wanted = work.steps.after.as_ref().map(|after| codec.rows(after)).transpose()?;
            let by_key: HashMap<Vec<u8>, usize> = (0..there.len()).map(|row| (there.key(row), row)).collect();
            for at in 0..work.len() {
                let right = match (&wanted, by_key.get(&keys.key(at))) {
                    (None, None) => true,
                    (Some(wanted), Some(row)) => wanted.same(at, &there, *row, work.wants(at)),
                    _ => false,
                };
                if !right {
                    return failed(format!("the row {} does not come back as it was written", keys.key_json(at)));
                }
            }
        }
        Ok(stored)
    }
}

/// What a batch is handed to, and what went wrong with it.
type State<'a> = (&'a mut (dyn FnMut(&ExportBatch) -> Result<(), ApplyError> + Send), Option<ApplyError>);

struct Taker<'a> {
    interrupt: &'a Interrupt,
    state: Mutex<State<'a>>,
}

impl Sink for Taker<'_> {
    fn expect(&self, _: u64) {}

    fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = if self.interrupt.is_set() { Err(ApplyError::Interrupted) } else { (state.0)(&batch) };
        result.map_err(|error| {
            state.1 = Some(error);
            Stopped
        })
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
