//! Rows of other tables that hang on the rows that a plan deletes.

use super::error::RunError;
use super::side::Watch;
use crate::audit::thousands;
use crate::endpoint::{Action, Address, Dependent, OnDelete, WriteOptions, open};
use crate::plan::{Cascade, Plan, deleted_anyway};

/// Deletes to ask about at once.
const ROWS: usize = 10_000;

/// Counts the rows that hang on the deletes of a side, and takes note of them in the plan. Where
/// they can't be counted the plan says so; applying looks again in any case. Gives those that would be
/// changed although that is not allowed.
///
/// # Errors
/// If the plan can't be read, or the person interrupts.
pub(super) fn note_cascades(
    plan: &mut Plan,
    side: usize,
    address: &Address,
    watch: &dyn Watch,
) -> Result<Vec<Cascade>, RunError> {
    let own = &plan.file.sides[side];
    let Some(target) = own.target.as_ref().filter(|target| target.obstacles.is_empty()) else { return Ok(Vec::new()) };
    let dependents: Vec<Dependent> = target.dependents.clone();
    if own.counts.of(Action::Delete) == 0 || dependents.is_empty() {
        return Ok(Vec::new());
    }
    let rows = match count(plan, side, address, &dependents, watch) {
        Ok(rows) => rows,
        Err(Failed::Run(error)) => return Err(error),
        Err(Failed::Look(why)) => {
            let tables: Vec<&str> = dependents.iter().map(|dependent| dependent.table.as_str()).collect();
            plan.file.warnings.push(format!(
                "which rows of {} refer to rows to be deleted could not be found out: {why}",
                tables.join(", ")
            ));
            return Ok(Vec::new());
        }
    };

    let name = ["left", "right"][side];
    let mut cascades = Vec::new();
    for (dependent, rows) in dependents.iter().zip(rows).filter(|(_, rows)| *rows > 0) {
        let Dependent { name: key, table, on_delete, .. } = dependent;
        let s = if rows == 1 { "" } else { "s" };
        let (hanging, on) = (format!("{} row{s} of {table}", thousands(rows)), format!("by the foreign key `{key}`"));
        plan.file.warnings.push(match on_delete {
            OnDelete::Refuse => {
                format!("{hanging} refer {on} to rows to be deleted: the database will refuse to delete those")
            }
            OnDelete::Cascade => {
                format!("deleting also deletes {hanging} that refer {on} to the deleted rows")
            }
            OnDelete::SetNull => format!("deleting also sets references to NULL in {hanging}, {on}"),
            OnDelete::SetDefault => {
                format!("deleting also sets references to their default in {hanging}, {on}")
            }
        });
        cascades.push(Cascade {
            side: name.to_owned(),
            name: key.clone(),
            table: table.clone(),
            on_delete: *on_delete,
            rows,
        });
    }
    let changing = |cascade: &&Cascade| cascade.on_delete != OnDelete::Refuse;
    let refused: Vec<Cascade> = cascades.iter().filter(changing).cloned().collect();
    plan.file.cascades = cascades;
    Ok(if plan.file.allow_cascade { Vec::new() } else { refused })
}

enum Failed {
    Run(RunError),
    /// The database could not be asked.
    Look(String),
}

impl<E: Into<RunError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

fn count(
    plan: &Plan,
    side: usize,
    address: &Address,
    dependents: &[Dependent],
    watch: &dyn Watch,
) -> Result<Vec<u64>, Failed> {
    let mut rows = vec![0; dependents.len()];
    let (Some(endpoint), Some(table)) = (open(address), plan.write_table(side)) else { return Ok(rows) };
    let options = WriteOptions { read_only: true, ..WriteOptions::default() };
    let Some(mut writer) = endpoint.writer(&table, &options).map_err(|e| Failed::Look(e.to_string()))? else {
        return Ok(rows);
    };
    let progress = watch.stage("counting dependent rows");
    progress.total(plan.file.sides[side].counts.of(Action::Delete));
    for chunk in plan.chunks(side, ROWS)? {
        let chunk = chunk?;
        if chunk.steps.action != Action::Delete {
            continue;
        }
        if watch.interrupt().is_set() {
            return Err(RunError::Interrupted.into());
        }
        let counted = writer.load(&chunk.steps).and_then(|()| writer.count_dependents(dependents));
        let counted = counted.map_err(|e| Failed::Look(e.to_string()))?;
        rows.iter_mut().zip(counted).for_each(|(sum, more)| *sum += more);
        progress.advance(chunk.steps.len() as u64);
    }
    for (dependent, rows) in dependents.iter().zip(&mut rows).filter(|(dependent, _)| dependent.is_itself) {
        *rows = rows.saturating_sub(deleted_anyway(plan, side, dependent)?);
    }
    Ok(rows)
}
