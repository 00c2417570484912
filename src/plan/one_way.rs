//! One table is made to agree with the other: what differs becomes creates, updates and deletes of
//! the table that is written.

use super::account::{Left, left_out, warnings};
use super::assemble::Assembler;
use super::error::PlanError;
use super::file::{ActionCounts, ChangedColumn, Direction, Limits, PlanFile, PlanSide, is_sqlite};
use super::folder::VERSION;
use super::picks::{Pick, Schedule};
use super::shape::Shape;
use super::source_times::{SourceTimes, Told};
use super::steps::{Layout, StepsWriter};
use super::watch::Watch;
use super::writing::{Writing, WrittenSteps};
use crate::audit::Audit;
use crate::compare::Differences;
use crate::endpoint::{Action, Interrupt, Reading, Target};
use crate::snapshot::{Progress, Snapshot};
use crate::table::{Alignment, Key};
use std::path::Path;

/// One of the two tables of a plan.
pub struct PlanTable<'a> {
    /// Its address as typed, without a password.
    pub address: String,
    /// The condition that chose its rows.
    pub filter: Option<String>,
    /// Its rows.
    pub snapshot: &'a Snapshot,
    /// What it asks of those who write to it, if it is a database.
    pub target: Option<Target>,
    /// Whether a column takes text that its type cannot hold, where nothing is known of what it
    /// can hold: a CSV file's does.
    pub takes_others: bool,
}

/// What a plan is made of.
pub struct PlanInput<'a> {
    /// Which side is written.
    pub direction: Direction,
    /// Left and right.
    pub tables: [PlanTable<'a>; 2],
    /// The pairs of columns.
    pub alignment: &'a Alignment,
    /// The unique key.
    pub key: &'a Key,
    /// What the comparison counted.
    pub audit: &'a Audit,
    /// What it found.
    pub differences: &'a Differences,
    /// The actions that are wanted.
    pub actions: &'a [Action],
    /// The limits to apply it within.
    pub limits: Limits,
    /// Whether deletes may change rows of other tables.
    pub allow_cascade: bool,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
    /// Told how far it is, in steps.
    pub progress: &'a dyn Progress,
}

/// Makes the steps that write one side, and writes them into `folder`. `source_times` tell when the changes
/// were made that they carry. What comes back is not
/// complete: cascades are not counted, and neither the scripts nor `plan.json` are written.
///
/// # Errors
/// If a row can't be read, a file not be written, or the person interrupts.
pub fn plan_one_way(
    input: &PlanInput<'_>,
    source_times: Option<&SourceTimes>,
    folder: &Path,
) -> Result<PlanFile, PlanError> {
    let side = usize::from(input.direction != Direction::RightToLeft);
    let tables = [0, 1].map(|at: usize| &input.tables[at].snapshot.manifest.table);
    let target = input.tables[side].target.as_ref();
    let shape = Shape::new(side, tables, target, input.alignment, input.key);
    let whole = input.key.is_whole_row();
    let with_copies = whole.then(|| input.differences.with_copies());
    let differences = with_copies.as_ref().unwrap_or(input.differences);
    let layout = Layout::new(input.direction, tables, input.alignment, &input.key.pairs);
    let parts = [0, 1].map(|at: usize| &input.tables[at].snapshot.parts);
    let told = source_times.map_or_else(|| Ok(Told::default()), |times| times.told(parts, side, differences))?;
    let when = |action: Action, pick: &Pick| told.when(action, pick);
    let writing = Writing {
        side,
        when: &when,
        assembler: Assembler::new(&shape, parts, input.alignment, input.key, input.tables[side].takes_others)
            .storing(input.tables.iter().all(|table| is_sqlite(&table.address))),
        // What whole rows give up or take nobody can tell of one of several.
        watch: Watch::new(target.filter(|_| !whole), tables[side], &shape.writes.key),
        interrupt: &input.interrupt,
        progress: input.progress,
    };
    let mut left = Left { no_creates: no_creates(&shape, input, differences), ..Left::default() };
    let wanted =
        |action: Action| input.actions.contains(&action) && (action != Action::Create || left.no_creates.is_none());
    let mut schedule = Schedule::new(side, differences, wanted);
    if whole {
        let groups = |action, side: usize| -> Vec<usize> {
            let copies = &input.differences.copies[side];
            if wanted(action) { copies.iter().map(Vec::len).collect() } else { Vec::new() }
        };
        schedule.keep_together(&groups(Action::Delete, side), &groups(Action::Create, 1 - side));
    }
    input.progress.total(schedule.len() as u64);
    let mut writer = StepsWriter::create(folder, layout)?;
    let WrittenSteps { counts, changed, misfits, warnings } =
        writing.write(schedule, &mut writer, &mut |_, _, _, _| {})?;
    writer.finish()?;
    left.misfits = misfits;
    Ok(file(input, &shape, counts, &changed, &left, warnings))
}

/// The column for which no row can be created, and why, if there is one and rows are to be.
fn no_creates(shape: &Shape, input: &PlanInput<'_>, differences: &Differences) -> Option<(String, &'static str)> {
    let rows = differences.only[1 - shape.side].len();
    shape.unfillable.first().filter(|_| rows > 0 && input.actions.contains(&Action::Create)).cloned()
}

fn file(
    input: &PlanInput<'_>,
    shape: &Shape,
    counts: ActionCounts,
    changed: &[u64],
    left: &Left,
    order_warnings: Vec<String>,
) -> PlanFile {
    let audit = input.audit;
    let sides = [0, 1].map(|at: usize| {
        let table = &input.tables[at];
        let written = at == shape.side;
        PlanSide {
            address: table.address.clone(),
            filter: table.filter.clone(),
            exported_at: table.snapshot.manifest.exported_at.clone(),
            rows: audit.sides[at].counts.rows,
            table: table.snapshot.manifest.table.clone(),
            target: table.target.clone().filter(|_| written),
            writes: written.then(|| shape.writes.clone()),
            counts: if written { counts } else { ActionCounts::default() },
        }
    });
    let mut changed_columns: Vec<(usize, ChangedColumn)> = shape
        .compared
        .iter()
        .zip(changed)
        .map(|(link, changed)| {
            let pair = &input.alignment.pairs[link.pair];
            let (left, right) = (pair.left.name.clone(), pair.right.name.clone());
            (link.pair, ChangedColumn { left, right, changed: *changed })
        })
        .collect();
    changed_columns.sort_by_key(|(pair, _)| *pair);
    PlanFile {
        version: VERSION,
        written_by: concat!("trueup ", env!("CARGO_PKG_VERSION")).to_owned(),
        made_at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        made_in: made_in(),
        direction: input.direction,
        sides,
        alignment: input.alignment.clone(),
        key: input.key.pairs.clone(),
        key_chosen: input.key.chosen,
        found: audit.summary(),
        conflicts: 0,
        undecided: 0,
        ambiguous: audit.ambiguous + ambiguous_alone(input),
        null_keys: audit.sides.iter().map(|side| side.counts.null_keys).sum(),
        misfits: left.misfits.rows() + left.creates_lost(input, shape),
        changed_columns: changed_columns.into_iter().map(|(_, column)| column).collect(),
        left_out: left_out(input, shape, left),
        cascades: Vec::new(),
        allow_cascade: input.allow_cascade,
        warnings: warnings(input, shape, counts, order_warnings),
        limits: input.limits,
        variables: Vec::new(),
        reading: Reading::default(),
        two_way: None,
        parts: Vec::new(),
        checksum: String::new(),
    }
}

/// Keys on one side only of which nobody knows which row is meant. Of whole rows all are meant.
fn ambiguous_alone(input: &PlanInput<'_>) -> u64 {
    if input.key.is_whole_row() { 0 } else { input.differences.only_ambiguous.iter().sum() }
}

/// Without it, relative addresses mean what they mean wherever the plan is applied.
pub(super) fn made_in() -> String {
    std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default()
}

#[cfg(test)]
#[path = "one_way_tests.rs"]
mod tests;
