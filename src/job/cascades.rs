//! Rows of other tables that hang on the rows that a plan deletes.

use super::error::RunError;
use super::side::Watch;
use crate::audit::thousands;
use crate::endpoint::{Action, Address, Dependent, OnDelete, WriteOptions, open};
use crate::plan::{Cascade, Plan, deleted_anyway};

/// Deletes to ask about at once.
const ROWS: usize = 10_000;

/// Counts the rows that hang on the deletes of a side, and takes note of them in the plan.
///
/// # Errors
/// If the database can't tell, or deletes would change rows and that is not allowed.
pub(super) fn count_cascades(
    plan: &mut Plan,
    side: usize,
    address: &Address,
    watch: &dyn Watch,
) -> Result<(), RunError> {
    let own = &plan.file.sides[side];
    let dependents: Vec<Dependent> = own.target.iter().flat_map(|target| target.dependents.clone()).collect();
    if own.counts.of(Action::Delete) == 0 || dependents.is_empty() {
        return Ok(());
    }
    let options = WriteOptions { read_only: true, ..WriteOptions::default() };
    let (Some(endpoint), Some(table)) = (open(address), plan.write_table(side)) else { return Ok(()) };
    let Some(mut writer) = endpoint.writer(&table, &options)? else { return Ok(()) };
    let progress = watch.stage("counting dependent rows");
    progress.total(own.counts.of(Action::Delete));
    let mut rows = vec![0; dependents.len()];
    for chunk in plan.chunks(side, ROWS)? {
        let chunk = chunk?;
        if chunk.steps.action != Action::Delete {
            continue;
        }
        if watch.interrupt().is_set() {
            return Err(RunError::Interrupted);
        }
        writer.load(&chunk.steps)?;
        let counted = writer.count_dependents(&dependents)?;
        rows.iter_mut().zip(counted).for_each(|(sum, more)| *sum += more);
        progress.advance(chunk.steps.len() as u64);
    }
    drop(progress);
    for (dependent, rows) in dependents.iter().zip(&mut rows).filter(|(dependent, _)| dependent.is_itself) {
        *rows = rows.saturating_sub(deleted_anyway(plan, side, dependent)?);
    }

    let name = ["left", "right"][side];
    let mut cascades = Vec::new();
    for (dependent, rows) in dependents.iter().zip(rows).filter(|(_, rows)| *rows > 0) {
        let Dependent { name: key, table, on_delete, .. } = dependent;
        let (rows_text, on) = (thousands(rows), format!("by the foreign key `{key}`"));
        plan.file.warnings.push(match on_delete {
            OnDelete::Refuse => {
                format!("{rows_text} rows of {table} refer {on} to rows to be deleted: the database will refuse those")
            }
            OnDelete::Cascade => {
                format!("deleting also deletes {rows_text} rows of {table} that refer {on} to the rows")
            }
            OnDelete::SetNull => format!("deleting also empties, {on}, the reference in {rows_text} rows of {table}"),
            OnDelete::SetDefault => {
                format!("deleting also sets, {on}, the reference in {rows_text} rows of {table} to its default")
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
    if refused.is_empty() || plan.file.allow_cascade { Ok(()) } else { Err(RunError::Cascades { cascades: refused }) }
}
