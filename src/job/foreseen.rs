//! Rows that the database will not accept, as far as it can be asked while planning: unique values
//! that its collation takes for those of other rows, and references to rows that are not there.
//!
//! They stay in the plan, since what is in the way may be gone by the time that it is applied. If it is
//! not, they are refused one by one then.

use super::error::RunError;
use super::side::Watch;
use crate::audit::thousands;
use crate::endpoint::{
    Action, Address, Alike, Endpoint, ExportBatch, Reference, StepBatch, WriteOptions, WriteTable, Writer, open,
};
use crate::plan::{Chunk, Plan, PlanSide};
use crate::table::{Cells, Column, PortableType};
use std::collections::{BTreeMap, HashSet};

/// Beyond so many creates and updates nothing is asked: loading them would take as long as writing.
const MOST: u64 = 200_000;
/// Steps to ask about at once. Of new rows with the same value, only those among them meet.
const ROWS: usize = 50_000;
/// Values that are named.
const SAMPLES: usize = 3;

/// Takes note of such rows in the plan. Where the database can't be asked, it is not: applying shows it.
///
/// # Errors
/// If the plan can't be read or the person interrupts.
pub(super) fn note_foreseen(
    plan: &mut Plan,
    side: usize,
    address: &Address,
    watch: &dyn Watch,
) -> Result<(), RunError> {
    let own = &plan.file.sides[side];
    let Some(target) = own.target.as_ref().filter(|target| target.obstacles.is_empty()) else { return Ok(()) };
    let steps = own.counts.of(Action::Create) + own.counts.of(Action::Update);
    let (Some(endpoint), true) = (open(address), steps > 0 && steps <= MOST) else { return Ok(()) };
    let asked = Asked { plan, side, own, endpoint: endpoint.as_ref(), watch };
    let mut warnings = Vec::new();
    for key in textual_indexes(own) {
        warnings.extend(asked.alike(&key)?);
    }
    for reference in target.references.iter().filter(|reference| !reference.to_itself) {
        warnings.extend(asked.orphans(reference)?);
    }
    plan.file.warnings.extend(warnings);
    Ok(())
}

/// The unique indexes over all rows in which text is compared, as positions of columns.
fn textual_indexes(side: &PlanSide) -> Vec<Vec<usize>> {
    let table = &side.table;
    let mut out: Vec<Vec<usize>> = std::iter::once(&table.primary_key)
        .chain(&table.unique)
        .filter(|names| !names.is_empty())
        .filter_map(|names| names.iter().map(|name| table.position(name)).collect())
        .collect();
    out.retain(|key| key.iter().any(|at| table.columns[*at].ty == PortableType::Text));
    out.dedup();
    out
}

struct Asked<'a> {
    plan: &'a Plan,
    side: usize,
    own: &'a PlanSide,
    endpoint: &'a dyn Endpoint,
    watch: &'a dyn Watch,
}

impl Asked<'_> {
    fn writer(&self, table: &WriteTable) -> Option<Box<dyn Writer>> {
        let options = WriteOptions { read_only: true, ..WriteOptions::default() };
        self.endpoint.writer(table, &options).inspect_err(|error| not_asked(error)).ok().flatten()
    }

    /// Hands on the rows that are new or change one of these columns, as they are to become; only those
    /// that have a value in all of them.
    fn each(
        &self,
        columns: &[usize],
        take: &mut dyn FnMut(&ExportBatch, StepBatch) -> Result<bool, RunError>,
    ) -> Result<(), RunError> {
        for chunk in self.plan.chunks(self.side, ROWS)? {
            if self.watch.interrupt().is_set() {
                return Err(RunError::Interrupted);
            }
            let Chunk { steps, changed, .. } = chunk?;
            let Some(after) = &steps.after else { continue };
            let creates = steps.action == Action::Create;
            if creates && !columns.iter().all(|at| steps.set.contains(at)) {
                // The database gives new rows a value of its own.
                continue;
            }
            let cells: Vec<Option<Cells>> = columns.iter().map(|at| Cells::new(after.rows.column(*at))).collect();
            let is_there = |row: usize| {
                cells.iter().zip(columns).all(|(cells, at)| {
                    after.other(row, *at).is_some() || cells.as_ref().is_some_and(|cells| !cells.is_null(row))
                })
            };
            let touched = |row: usize| creates || changed[row].iter().any(|at| columns.contains(at));
            let rows: Vec<u32> =
                (0..steps.len()).filter(|row| touched(*row) && is_there(*row)).map(|row| row as u32).collect();
            let (Ok(after), false) = (after.take(&rows), rows.is_empty()) else { continue };
            let batch = StepBatch {
                action: Action::Create,
                before: None,
                after: Some(after.clone()),
                guard: Vec::new(),
                set: columns.to_vec(),
                park: Vec::new(),
            };
            if !take(&after, batch)? {
                break;
            }
        }
        Ok(())
    }

    /// What is to be said of values that the table takes for those of other rows.
    fn alike(&self, key: &[usize]) -> Result<Option<String>, RunError> {
        let table = WriteTable { columns: self.own.table.columns.clone(), key: key.to_vec(), whole: false };
        let Some(mut writer) = self.writer(&table) else { return Ok(None) };
        // By the step's value, who has it.
        let mut found: BTreeMap<Vec<String>, Vec<Option<Vec<String>>>> = BTreeMap::new();
        self.each(key, &mut |after, steps| {
            let alike = match writer.load(&steps).and_then(|()| writer.alike()) {
                Ok(alike) => alike,
                Err(error) => {
                    not_asked(&error);
                    return Ok(false);
                }
            };
            for Alike { step, row } in alike {
                found.entry(printed(after, step, key)).or_default().push(row);
            }
            Ok(true)
        })?;
        if found.values().flatten().any(Option::is_some) {
            let given = self.given_up(key)?;
            for holders in found.values_mut() {
                holders.retain(|holder| holder.as_ref().is_none_or(|holder| !given.contains(holder)));
            }
            found.retain(|_, holders| !holders.is_empty());
        }
        if found.is_empty() {
            return Ok(None);
        }
        let shown = |(value, holders): (&Vec<String>, &Vec<Option<Vec<String>>>)| match holders.iter().flatten().next()
        {
            Some(holder) => format!("`{}` like `{}`", value.join(", "), holder.join(", ")),
            None => format!("`{}` like another new one", value.join(", ")),
        };
        let (count, which) = (found.len(), listed(found.iter().map(shown)));
        Ok(Some(format!(
            "{} of {}, which must be unique, {} for the table the same as another row's, so it will refuse {}: {which}",
            if count == 1 { "1 value".to_owned() } else { format!("{} values", thousands(count as u64)) },
            names(&self.own.table.columns, key),
            if count == 1 { "is" } else { "are" },
            if count == 1 { "that row" } else { "those rows" },
        )))
    }

    /// The values of these columns that rows have before the plan and not after it.
    fn given_up(&self, key: &[usize]) -> Result<HashSet<Vec<String>>, RunError> {
        let mut out = HashSet::new();
        for chunk in self.plan.chunks(self.side, ROWS)? {
            let Chunk { steps, changed, .. } = chunk?;
            let Some(before) = &steps.before else { continue };
            let gives = |row: &usize| steps.action == Action::Delete || changed[*row].iter().any(|at| key.contains(at));
            out.extend((0..steps.len()).filter(gives).map(|row| printed(before, row, key)));
        }
        Ok(out)
    }

    /// What is to be said of rows that refer to rows which are not there.
    fn orphans(&self, reference: &Reference) -> Result<Option<String>, RunError> {
        let columns: Option<Vec<usize>> = reference.columns.iter().map(|name| self.own.table.position(name)).collect();
        let table = self.plan.write_table(self.side).filter(|table| !table.whole);
        let (Some(columns), Some(table)) = (columns, table) else { return Ok(None) };
        let Some(mut writer) = self.writer(&table) else { return Ok(None) };
        let (mut count, mut values) = (0, Vec::new());
        self.each(&columns, &mut |after, steps| {
            let orphans = match writer.load(&steps).and_then(|()| writer.orphans(reference)) {
                Ok(orphans) => orphans,
                Err(error) => {
                    not_asked(&error);
                    return Ok(false);
                }
            };
            count += orphans.len() as u64;
            for row in orphans {
                let value = format!("`{}`", printed(after, row, &columns).join(", "));
                if values.len() <= SAMPLES && !values.contains(&value) {
                    values.push(value);
                }
            }
            Ok(true)
        })?;
        Ok((count > 0).then(|| {
            format!(
                "{} to rows of {} that are not there, by {} (foreign key `{}`): {}. The table will refuse {} until \
                 those are created",
                if count == 1 { "1 row refers".to_owned() } else { format!("{} rows refer", thousands(count)) },
                reference.table,
                names(&self.own.table.columns, &columns),
                reference.name,
                listed(values.into_iter()),
                if count == 1 { "it" } else { "them" },
            )
        }))
    }
}

fn not_asked(why: &dyn std::fmt::Display) {
    tracing::debug!("the table was not asked what it would refuse: {why}");
}

/// The values of these columns as printed.
fn printed(batch: &ExportBatch, row: usize, columns: &[usize]) -> Vec<String> {
    let print = |at: &usize| {
        let other = batch.other(row, *at).map(str::to_owned);
        other.or_else(|| Cells::new(batch.rows.column(*at))?.print(row)).unwrap_or_default()
    };
    columns.iter().map(print).collect()
}

fn names(columns: &[Column], positions: &[usize]) -> String {
    positions.iter().map(|at| format!("`{}`", columns[*at].name)).collect::<Vec<_>>().join(", ")
}

/// The first few of a list.
fn listed(values: impl Iterator<Item = String>) -> String {
    let mut first: Vec<String> = values.take(SAMPLES + 1).collect();
    if first.len() > SAMPLES {
        first[SAMPLES] = "…".to_owned();
    }
    first.join(", ")
}
