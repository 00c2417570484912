//! Once a plan was applied to both sides: what they agree on now becomes the base.

use super::next::{LINKS, NextFile};
use crate::apply::{ApplyError, StepSet, read_stored};
use crate::base::{Base, BasePair, Next, PairedRows, StateLock};
use crate::endpoint::{ExportBatch, Other};
use crate::job::error::RunError;
use crate::plan::{Plan, PlannedPair, read_pairs};
use crate::snapshot::{Parts, Recipe, SnapshotError, open_snapshot};
use crate::table::{Column, Key};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Stands for a value that nobody knows.
const UNKNOWN: &str = "(not known)";
/// Pairs to put into the base at once.
const CHUNK: usize = 8 * 1024;

/// A two-way plan that may be applied: its state folder is ours.
#[derive(Debug)]
pub(in crate::job) struct Ready {
    state: PathBuf,
    base: Option<Base>,
    _lock: StateLock,
}

/// Checks that a plan is of the base that is there, and keeps others from its state folder.
///
/// # Errors
/// If the base has moved on since, or somebody else has the state folder.
pub(in crate::job) fn ready(plan: &Plan) -> Result<Option<Ready>, RunError> {
    let Some(two_way) = &plan.file.two_way else { return Ok(None) };
    let state = Path::new(&plan.file.made_in).join(&two_way.state);
    let lock = StateLock::take(&state)?;
    let mut base = Base::open(&state)?;
    if base.as_ref().is_some_and(|base| base.file.plan == plan.file.checksum) {
        // Applied before: what it agreed on then is agreed on anew.
        crate::base::take_back(&state, &plan.file.checksum)?;
        base = Base::open(&state)?;
    }
    if base.as_ref().map(|base| &base.file.id) != two_way.base.as_ref() {
        return Err(RunError::BaseMoved { state: state.display().to_string() });
    }
    Ok(Some(Ready { state, base, _lock: lock }))
}

/// Puts the base back that was there before a plan was applied.
///
/// # Errors
/// If that fails.
pub(in crate::job) fn take_back(plan: &Plan) -> Result<(), RunError> {
    if let Some(two_way) = &plan.file.two_way {
        let state = Path::new(&plan.file.made_in).join(&two_way.state);
        if state.is_dir() {
            let _lock = StateLock::take(&state)?;
            let now = Base::open(&state)?.map(|base| base.file.id);
            if now == two_way.base {
                // The plan's own base was never written: the one that is there is right again.
                return Ok(());
            }
            crate::base::take_back(&state, &plan.file.checksum)?;
        }
    }
    Ok(())
}

/// Writes the next base: rows that were equal, and those whose steps are written. What is not settled
/// stays as the base had it.
///
/// # Errors
/// If files can't be read or written; the base is the one before then.
pub(in crate::job) fn settle(plan: &Plan, ready: &Ready, settled: &[StepSet; 2]) -> Result<(), RunError> {
    let next = NextFile::read(&plan.folder)?;
    let key = Key { pairs: plan.file.key.clone(), chosen: plan.file.key_chosen };
    let recipes = Recipe::of(&plan.file.alignment, &key);
    let sides = [Side::open(plan, 0)?, Side::open(plan, 1)?];
    let (mut written, mut carried) = (Vec::new(), Vec::new());
    let mut open = [Vec::new(), Vec::new()];
    let mut file = next.base.clone();
    for pair in read_pairs(&plan.folder)? {
        let fate = fate(&pair, &sides, settled);
        for side in [0, 1] {
            let rows = &mut file.sides[side].rows;
            match (&fate, pair.rows[side], pair.steps[side]) {
                (Settled::Gone, Some(_), Some(_)) => *rows = rows.saturating_sub(1),
                (Settled::Rows(_), None, Some(_)) => *rows += 1,
                _ => {}
            }
        }
        match fate {
            Settled::Gone => {}
            Settled::AsLinked => {}
            Settled::Rows(rows) => written.push(rows),
            Settled::Not => {
                carried.extend(pair.base.filter(|_| !next.partial));
                for side in [0, 1] {
                    open[side].extend(pair.rows[side]);
                }
            }
        }
    }
    let gone: Vec<BasePair> = match next.partial {
        true => read_pairs(&plan.folder)?
            .into_iter()
            .filter(|pair| !matches!(fate(pair, &sides, settled), Settled::Not))
            .filter_map(|pair| pair.base)
            .collect(),
        false => Vec::new(),
    };
    let identities = |side: usize| -> Result<Option<ExportBatch>, SnapshotError> {
        let mut rows = open[side].clone();
        rows.sort_unstable();
        rows.dedup();
        let parts = &sides[side].parts;
        let names = &next.base.sides[side].identity;
        let columns: Vec<usize> = names.iter().filter_map(|name| parts.position(name)).collect();
        if rows.is_empty() { Ok(None) } else { parts.fetch(&columns, &rows).map(Some) }
    };
    file.plan.clone_from(&plan.file.checksum);
    let folders = [plan.folder.join("left"), plan.folder.join("right")];
    let links = plan.folder.join(LINKS);
    let whole = Next {
        state: &ready.state,
        file,
        recipes: &recipes,
        on: ready.base.as_ref().filter(|_| next.partial),
        frozen: Some(([&folders[0], &folders[1]], &links)),
        gone: &gone,
        open: [identities(0)?, identities(1)?],
    };
    let mut batches = Batches { sides: &sides, base: ready.base.as_ref(), written, carried, at: 0 };
    whole.write(&mut || batches.next())?;
    Ok(())
}

/// Where a row of the next base is.
#[derive(Clone, Copy, Debug)]
enum Row {
    /// In the plan's snapshot.
    Frozen(u64),
    /// Among those that were read back while writing.
    Stored(usize),
}

/// What has become of a pair.
enum Settled {
    /// Both rows are gone.
    Gone,
    /// Its rows are as they were, and linked.
    AsLinked,
    /// These are its rows now.
    Rows([Row; 2]),
    /// It is not settled.
    Not,
}

fn fate(pair: &PlannedPair, sides: &[Side; 2], settled: &[StepSet; 2]) -> Settled {
    let mut steps = [0, 1].into_iter().flat_map(|side: usize| {
        let steps = pair.steps[side].into_iter().chain(pair.also[side]);
        steps.map(move |step| (side, step))
    });
    if !pair.settled || !steps.all(|(side, step)| settled[side].contains(step)) {
        return Settled::Not;
    }
    if pair.stays() {
        return Settled::AsLinked;
    }
    let row = |side: usize| match (pair.rows[side], pair.steps[side]) {
        (Some(row), None) => Some(Row::Frozen(row)),
        (_, Some(step)) => sides[side].stored.1.get(&step).copied().map(Row::Stored),
        (None, None) => None,
    };
    // A row without a partner that has a step was deleted.
    let here = [0, 1].map(|side: usize| pair.rows[side].is_some());
    let deleted = here[0] != here[1] && [0, 1].into_iter().any(|side| here[side] && pair.steps[side].is_some());
    match (deleted || here == [false; 2], row(0), row(1)) {
        (true, _, _) => Settled::Gone,
        (false, Some(left), Some(right)) => Settled::Rows([left, right]),
        (false, _, _) => Settled::Not,
    }
}

/// One side's rows: as they were exported, and as they were read back.
struct Side {
    parts: Parts,
    columns: Vec<Column>,
    stored: (ExportBatch, HashMap<u64, usize>),
}

impl Side {
    fn open(plan: &Plan, side: usize) -> Result<Self, RunError> {
        let snapshot = open_snapshot(&plan.folder.join(crate::plan::SIDES[side]))?;
        let columns = plan.file.sides[side].table.columns.clone();
        let stored = read_stored(&plan.folder, side, &columns).map_err(|error: ApplyError| RunError::from(error))?;
        Ok(Self { parts: snapshot.parts, columns, stored })
    }

    /// These rows, in this order, over all columns.
    fn rows(&self, rows: &[Row]) -> Result<ExportBatch, SnapshotError> {
        let broken = |why: String| SnapshotError::Damaged { path: "rows of a plan".to_owned(), why };
        let all: Vec<usize> = self.columns.iter().filter_map(|column| self.parts.position(&column.name)).collect();
        let mut frozen: Vec<u64> =
            rows.iter().filter_map(|row| if let Row::Frozen(at) = row { Some(*at) } else { None }).collect();
        frozen.sort_unstable();
        frozen.dedup();
        let stored: Vec<u32> =
            rows.iter().filter_map(|row| if let Row::Stored(at) = row { Some(*at as u32) } else { None }).collect();
        let stored = self.stored.0.take(&stored).map_err(|e| broken(e.to_string()))?;
        let mut exported = self.parts.fetch(&all, &frozen)?;
        exported.others.sort_by_key(|other| (other.row, other.column));
        let mut next = frozen.len() as u32;
        let order: Vec<u32> = rows
            .iter()
            .map(|row| match row {
                Row::Frozen(at) => frozen.partition_point(|other| other < at) as u32,
                Row::Stored(_) => {
                    next += 1;
                    next - 1
                }
            })
            .collect();
        let both = ExportBatch::concat(&[exported, stored]).map_err(|e| broken(e.to_string()))?;
        let both = both.ok_or_else(|| broken("no rows".to_owned()))?;
        both.take(&order).map_err(|e| broken(e.to_string()))
    }
}

/// Rows of a base with what it does not know of them, since a column is newer than it: a value that is
/// like no other, so that the column counts as changed on both sides until the rows are settled.
fn with_unknown(mut rows: ExportBatch, known: impl Fn(usize) -> bool) -> ExportBatch {
    let unknown: Vec<usize> = (0..rows.rows.num_columns()).filter(|column| !known(*column)).collect();
    for row in (0..rows.rows.num_rows()).filter(|_| !unknown.is_empty()) {
        let other = |column: &usize| Other { row: row as u32, column: *column as u32, text: UNKNOWN.to_owned() };
        rows.others.extend(unknown.iter().map(other));
    }
    rows.others.sort_by_key(|other| (other.row, other.column));
    rows
}

/// The rows that were written, then those that stay as the base had them.
struct Batches<'a> {
    sides: &'a [Side; 2],
    base: Option<&'a Base>,
    written: Vec<[Row; 2]>,
    carried: Vec<BasePair>,
    at: usize,
}

impl Batches<'_> {
    fn next(&mut self) -> Result<Option<PairedRows>, SnapshotError> {
        let from = self.at;
        if from < self.written.len() {
            self.at = self.written.len().min(from + CHUNK);
            let rows = &self.written[from..self.at];
            let side = |at: usize| self.sides[at].rows(&rows.iter().map(|pair| pair[at]).collect::<Vec<_>>());
            return Ok(Some(PairedRows { rows: [side(0)?, side(1)?] }));
        }
        let from = from - self.written.len();
        let (Some(base), true) = (self.base, from < self.carried.len()) else { return Ok(None) };
        let pairs = &self.carried[from..self.carried.len().min(from + CHUNK)];
        self.at += pairs.len();
        let side = |at: usize| -> Result<ExportBatch, SnapshotError> {
            let columns = &self.sides[at].columns;
            Ok(with_unknown(base.rows(at, columns, pairs)?, |column| base.has(at, &columns[column])))
        };
        Ok(Some(PairedRows { rows: [side(0)?, side(1)?] }))
    }
}
