//! One table is made to agree with the other: what differs becomes creates, updates and deletes of
//! the table that is written.

use super::account::{Left, left_out, warnings};
use super::assemble::{Assembled, Assembler, Fate};
use super::claims::{Claims, Refused};
use super::error::PlanError;
use super::file::{ActionCounts, ChangedColumn, Direction, Limits, PlanFile, PlanSide};
use super::folder::VERSION;
use super::footprint::Footprint;
use super::misfits::Misfits;
use super::picks::{Pick, Schedule};
use super::shape::Shape;
use super::steps::{Layout, StepRows, StepsWriter};
use super::watch::Watch;
use crate::audit::Audit;
use crate::compare::Differences;
use crate::endpoint::{Action, Interrupt, Target};
use crate::snapshot::{Progress, Snapshot};
use crate::table::{Alignment, Key};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of rows to hold at once on their way from the snapshots to the plan.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Most rows to make steps of at once.
const BATCH_ROWS: usize = 16 * 1024;

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

/// Makes the steps that write one side, and writes them into `folder`. What comes back is not
/// complete: cascades are not counted, and neither the scripts nor `plan.json` are written.
///
/// # Errors
/// If a row can't be read, a file not be written, or the person interrupts.
pub fn plan_one_way(input: &PlanInput<'_>, folder: &Path) -> Result<PlanFile, PlanError> {
    let side = usize::from(input.direction != Direction::RightToLeft);
    let tables = [0, 1].map(|at: usize| &input.tables[at].snapshot.manifest.table);
    let target = input.tables[side].target.as_ref();
    let shape = Shape::new(side, tables, target, input.alignment, input.key);
    let layout = Layout::new(input.direction, tables, input.alignment, &input.key.pairs);
    let run = Run {
        input,
        assembler: Assembler::new(
            &shape,
            [0, 1].map(|at: usize| &input.tables[at].snapshot.parts),
            input.alignment,
            input.key,
            input.tables[side].takes_others,
        ),
        watch: Watch::new(target, tables[side], &shape.writes.key),
    };
    let mut left = Left { no_creates: no_creates(&shape, input), ..Left::default() };
    let mut schedule = Schedule::new(side, input.differences, |action| {
        input.actions.contains(&action) && (action != Action::Create || left.no_creates.is_none())
    });
    input.progress.total(schedule.len() as u64);
    let mut misfits = Misfits::default();
    let mut order_warnings = Vec::new();
    if !run.watch.is_idle() {
        order_warnings = run.arrange(&mut schedule, &mut misfits)?;
    }
    let mut writer = StepsWriter::create(folder, layout)?;
    let mut counts = ActionCounts::default();
    let mut changed = vec![0; shape.compared.len()];
    run.assemble(&schedule, |action, picks, made| {
        misfits.add(action, &made.fates);
        counts.add(action, made.rows.len() as u64);
        changed.iter_mut().zip(&made.changed).for_each(|(sum, more)| *sum += more);
        let mut rows: StepRows = made.rows;
        let kept = picks.iter().zip(&made.fates).filter(|(_, fate)| **fate == Fate::Step);
        rows.together = kept.map(|(pick, _)| pick.together).collect();
        input.progress.advance(picks.len() as u64);
        writer.write(side, &rows)
    })?;
    writer.finish()?;
    left.misfits = misfits;
    Ok(file(input, &shape, counts, &changed, &left, order_warnings))
}

/// The column for which no row can be created, and why, if there is one and rows are to be.
fn no_creates(shape: &Shape, input: &PlanInput<'_>) -> Option<(String, &'static str)> {
    let rows = input.differences.only[1 - shape.side].len();
    shape.unfillable.first().filter(|_| rows > 0 && input.actions.contains(&Action::Create)).cloned()
}

struct Run<'a> {
    input: &'a PlanInput<'a>,
    assembler: Assembler<'a>,
    watch: Watch,
}

impl Run<'_> {
    /// Puts a schedule into the order of writing, without the steps that can't be written. What it
    /// says then can't be ordered.
    fn arrange(&self, schedule: &mut Schedule<'_>, misfits: &mut Misfits) -> Result<Vec<String>, PlanError> {
        // Without rows that refer to each other, deletes come first and creates last, and only
        // updates need a look; creates as well, if they may take what others keep.
        let part = if self.watch.has_references() {
            schedule.all()
        } else if self.watch.has_sure() {
            schedule.only(Action::Update).start..schedule.all().end
        } else {
            schedule.only(Action::Update)
        };
        let mut steps: Vec<(usize, Option<Footprint>)> = Vec::new();
        let mut claims = Claims::default();
        let mut at = part.start;
        self.assemble(&schedule.slice(part.clone()), |action, picks, made| {
            misfits.add(action, &made.fates);
            let mut footprints = self.watch.footprints(&made.rows).into_iter();
            for (pick, fate) in picks.iter().zip(&made.fates) {
                if *fate == Fate::Step
                    && let Some(footprint) = footprints.next()
                {
                    claims.take(at, &self.watch.only_sure(&footprint.takes));
                    if action == Action::Update {
                        claims.give(at, pick.written, &self.watch.only_sure(&footprint.gives));
                    }
                    let idle = footprint.gives.iter().chain(&footprint.takes).all(Option::is_none);
                    let free = !self.watch.has_references() && (action == Action::Create || idle);
                    steps.push((at, (!free).then_some(footprint)));
                }
                at += 1;
            }
            Ok(())
        })?;
        let refused = claims.refused(&self.watch, self.assembler.written(), schedule)?;
        self.report(&refused, schedule, misfits)?;
        steps.retain(|(at, _)| !refused.contains_key(at));

        let creates = schedule.only(Action::Create).start;
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        let (mut places, mut footprints) = (Vec::new(), Vec::new());
        for (at, footprint) in steps {
            match footprint {
                Some(footprint) => {
                    places.push(at);
                    footprints.push(footprint);
                }
                None if at < creates => before.push((at, 0)),
                None => behind.push((at, 0)),
            }
        }
        let order = super::order(&footprints);
        let ordered = order.steps.iter().zip(&order.together).map(|(step, together)| (places[*step], *together));
        schedule.replace(part, before.into_iter().chain(ordered).chain(behind).collect());
        Ok(order.warnings)
    }

    /// Takes note of steps that would take unique values which others keep.
    fn report(
        &self,
        refused: &BTreeMap<usize, Refused>,
        schedule: &Schedule<'_>,
        misfits: &mut Misfits,
    ) -> Result<(), PlanError> {
        for (at, Refused { index, holder }) in refused {
            let (action, pick) = schedule.pick(*at);
            let columns = self.watch.columns(*index);
            let mut key = Vec::new();
            let mut why = String::new();
            if misfits.wants_more(action, columns[0]) {
                key = self.assembler.key(action, pick)?;
                why = match holder {
                    Some(row) => {
                        let pick = Pick { source: 0, written: *row, together: 0 };
                        let holder = self.assembler.key(Action::Delete, pick)?;
                        format!("row {} has this unique value, and keeps it", holder.join(", "))
                    }
                    None => "another row of the source has the same value, which must be unique here".to_owned(),
                };
            }
            misfits.taken(action, columns[0], &why, &key);
        }
        Ok(())
    }

    /// Makes steps of a schedule, some at a time and each time of one action.
    fn assemble(
        &self,
        schedule: &Schedule<'_>,
        mut take: impl FnMut(Action, &[Pick], Assembled) -> Result<(), PlanError>,
    ) -> Result<(), PlanError> {
        let mut size = BATCH_ROWS / 16;
        let mut at = 0;
        while at < schedule.len() {
            if self.input.interrupt.is_set() {
                return Err(PlanError::Interrupted);
            }
            let (action, picks) = schedule.run(at, size);
            let made = match action {
                Action::Create => self.assembler.creates(&picks.iter().map(|pick| pick.source).collect::<Vec<_>>())?,
                Action::Delete => self.assembler.deletes(&picks.iter().map(|pick| pick.written).collect::<Vec<_>>())?,
                Action::Update => {
                    let rows: Vec<(u64, u64)> = picks.iter().map(|pick| (pick.source, pick.written)).collect();
                    self.assembler.updates(&rows)?
                }
            };
            let bytes: usize = [&made.rows.before, &made.rows.after]
                .into_iter()
                .flatten()
                .map(|batch| batch.rows.get_array_memory_size())
                .sum();
            at += picks.len();
            size = (BATCH_BYTES / (bytes / picks.len().max(1)).max(1)).clamp(64, BATCH_ROWS);
            take(action, &picks, made)?;
        }
        Ok(())
    }
}

fn file(
    input: &PlanInput<'_>,
    shape: &Shape,
    counts: ActionCounts,
    changed: &[u64],
    left: &Left,
    order_warnings: Vec<String>,
) -> PlanFile {
    let (audit, differences) = (input.audit, input.differences);
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
        conflicts: 0,
        undecided: 0,
        ambiguous: audit.ambiguous + differences.only_ambiguous.iter().sum::<u64>(),
        null_keys: audit.sides.iter().map(|side| side.counts.null_keys).sum(),
        misfits: left.misfits.rows() + left.creates_lost(input, shape),
        changed_columns: changed_columns.into_iter().map(|(_, column)| column).collect(),
        left_out: left_out(input, shape, left),
        cascades: Vec::new(),
        allow_cascade: input.allow_cascade,
        warnings: warnings(input, shape, order_warnings),
        limits: input.limits,
        two_way: None,
        parts: Vec::new(),
        checksum: String::new(),
    }
}

/// Without it, relative addresses mean what they mean wherever the plan is applied.
fn made_in() -> String {
    std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default()
}

#[cfg(test)]
#[path = "one_way_tests.rs"]
mod tests;
