//! `left.sql` and `right.sql`: the steps of a side as a script that a person can read, and run with
//! the database's own client.
//!
//! There is a statement per step, and its condition is the step's guard: it only touches a row that
//! is still as planned. A transaction has up to a thousand steps. Steps that hand unique values to
//! each other are written by [`Parking`].

use super::chunk::{Chunk, FoundBy};
use super::error::PlanError;
use super::file::{ActionCounts, PlanFile};
use super::folder::{Plan, SCRIPTS};
use super::parking::Parking;
use super::statement::{Rows, ScriptTable};
use crate::endpoint::{Action, Dialect, disk};
use crate::table::{KeyChoice, visible};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Steps in a transaction, unless more must go together.
const TRANSACTION: usize = 1000;

const SIDES: [&str; 2] = ["left", "right"];

/// Writes the script of a side (0 is left) into the plan's folder. `table` is the table's name as
/// the dialect writes it.
///
/// # Errors
/// If the steps can't be read or the script can't be written.
pub fn write_script(plan: &Plan, side: usize, dialect: &dyn Dialect, table: &str) -> Result<(), PlanError> {
    let own = &plan.file.sides[side];
    into_place(plan, side, |out, path| {
        let failed = |e: io::Error| PlanError::write(path, e);
        header(out, &plan.file, side, Some((dialect.client(), table))).map_err(failed)?;
        if own.counts.total() == 0 {
            return Ok(());
        }
        let key = own.writes.as_ref().map(|writes| writes.key.as_slice()).unwrap_or_default();
        let columns = &own.table.columns;
        let whole = plan.file.key_chosen == KeyChoice::WholeRow;
        let (stored, target) = (plan.file.stores(), own.target.as_ref());
        let by_key = ScriptTable { name: table, columns, key, whole, target, stored, dialect };
        let by_identity = ScriptTable { key: plan.identity(side), ..by_key };
        script(out, plan.chunks(side, TRANSACTION)?, [&by_key, &by_identity], failed)
    })
}

/// Writes the script of a side that has no SQL, or no steps: a comment that says so.
///
/// # Errors
/// If it can't be written.
pub fn write_empty_script(plan: &Plan, side: usize) -> Result<(), PlanError> {
    into_place(plan, side, |out, path| header(out, &plan.file, side, None).map_err(|e| PlanError::write(path, e)))
}

/// Writes a script under a temporary name, and renames it when it is whole.
fn into_place(
    plan: &Plan,
    side: usize,
    write: impl FnOnce(&mut dyn Write, &Path) -> Result<(), PlanError>,
) -> Result<(), PlanError> {
    let path = plan.folder.join(SCRIPTS[side]);
    let temporary = plan.folder.join(format!(".{}.tmp", SCRIPTS[side]));
    let failed = |e: io::Error| PlanError::write(&path, e);
    let mut out = BufWriter::with_capacity(1 << 20, disk::create(&temporary).map_err(failed)?);
    let written = write(&mut out, &path).and_then(|()| {
        out.into_inner().map_err(|e| failed(e.into_error()))?.sync_all().map_err(failed)?;
        disk::rename(&temporary, &path).map_err(failed)
    });
    if written.is_err() {
        // The first failure is the one to tell of.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// The comment at the beginning.
fn header(out: &mut dyn Write, file: &PlanFile, side: usize, run: Option<(&str, &str)>) -> io::Result<()> {
    let name = SIDES[side];
    comment(out, &format!("{}: plan of {}, {}", file.written_by, file.made_at, file.direction))?;
    for (name, side) in SIDES.iter().zip(&file.sides) {
        let filter = side.filter.as_ref().map(|filter| format!(", where {filter}")).unwrap_or_default();
        let rows = count(side.rows, "row");
        comment(out, &format!("  {name}: {}{filter} ({rows}, read {})", side.address, side.exported_at))?;
    }
    let ActionCounts { create, update, delete } = file.sides[side].counts;
    let counts = [count(create, "create"), count(update, "update"), count(delete, "delete")].join(", ");
    match run {
        _ if create + update + delete == 0 => comment(out, &format!("There is nothing to write to the {name} table.")),
        None => comment(out, &format!("{counts} for the {name} table, which is not written with SQL.")),
        Some((client, table)) => {
            comment(out, &format!("This script writes to the {name} table, {table}: {counts}."))?;
            comment(out, &format!("To run it: {client} DATABASE < {}", SCRIPTS[side]))?;
            comment(out, "Each statement only touches a row that is still as it was when the plan was made,")?;
            comment(out, "and creates a row only where there is none of its key. So the script may be run again:")?;
            comment(out, "the second time it does nothing.")
        }
    }
}

fn count(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// A line of comment, from which no text breaks out.
pub(super) fn comment(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let line_end = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    // What turns the direction of the text around it would make the script read as another one.
    writeln!(out, "-- {}", visible(text.replace(line_end, " ").trim_end()))
}

/// The statements of all chunks, in transactions. The table comes with the columns that find its rows:
/// once with the unique key's, once with the identity's.
fn script<E>(
    out: &mut dyn Write,
    chunks: impl Iterator<Item = Result<Chunk, E>>,
    [by_key, by_identity]: [&ScriptTable<'_>; 2],
    failed: impl Fn(io::Error) -> E,
) -> Result<(), E> {
    let mut parking = Parking::default();
    // Steps in the transaction under way.
    let mut open = None;
    for chunk in chunks {
        let chunk = chunk?;
        let size = chunk.steps.len();
        let table = match chunk.found_by {
            FoundBy::Key => by_key,
            FoundBy::Identity => by_identity,
        };
        let mut write = || {
            open = Some(match open {
                None => {
                    writeln!(out, "\n{}", table.dialect.prologue().trim_end())?;
                    size
                }
                Some(steps) if steps + size > TRANSACTION => {
                    writeln!(out, "\n{}", table.dialect.next_transaction().trim_end())?;
                    size
                }
                Some(steps) => steps + size,
            });
            if size == 0 {
                return Ok(());
            }
            let last = chunk.first + size as u64 - 1;
            writeln!(out)?;
            comment(out, &format!("{}: steps {} to {last}", chunk.steps.action, chunk.first))?;
            match chunk.steps.park.as_slice() {
                [] => each(out, &chunk, table),
                _ => parking.write(out, &chunk, table),
            }
        };
        write().map_err(&failed)?;
    }
    let table = by_key;
    let mut end = || {
        let counters = table.target.into_iter().flat_map(|target| &target.columns).filter(|column| column.counter);
        let counters = counters.filter_map(|counter| table.columns.iter().find(|column| column.name == counter.name));
        for statement in counters.filter_map(|column| table.dialect.advance_counter(table.name, column)) {
            writeln!(out, "\n{}", statement.trim_end())?;
        }
        writeln!(out, "\n{}", table.dialect.epilogue().trim_end())
    };
    if open.is_some() { end().map_err(&failed) } else { Ok(()) }
}

/// A statement per step.
fn each(out: &mut dyn Write, chunk: &Chunk, table: &ScriptTable<'_>) -> io::Result<()> {
    let steps = &chunk.steps;
    let before = steps.before.as_ref().map(|rows| Rows::new(rows, true)).transpose()?;
    let after = steps.after.as_ref().map(|rows| Rows::new(rows, table.stored)).transpose()?;
    if table.whole {
        let (rows, columns) = match (&before, &after) {
            (Some(before), _) => (before, &steps.guard),
            (None, Some(after)) => (after, &steps.set),
            (None, None) => return Err(io::Error::other("a step lacks the row before or after it")),
        };
        for (row, copies) in rows.copies(steps.len(), columns) {
            let statement = match steps.action {
                Action::Create => table.insert_copies(rows, row, columns, copies),
                Action::Delete => table.delete_copies(rows, row, columns, copies),
                Action::Update => return Err(io::Error::other("a whole row is updated")),
            };
            writeln!(out, "{statement}")?;
        }
        return Ok(());
    }
    for row in 0..steps.len() {
        match (steps.action, &before, &after) {
            (Action::Create, _, Some(after)) => writeln!(out, "{}", table.insert(after, row, &steps.set))?,
            (Action::Delete, Some(before), _) => writeln!(out, "{}", table.delete(before, row, &steps.guard))?,
            (Action::Update, Some(before), Some(after)) => {
                let changed = chunk.changed.get(row).map(Vec::as_slice).unwrap_or_default();
                if !changed.is_empty() {
                    let condition = table.has(before, row, &steps.guard);
                    writeln!(out, "{}", table.update(after, row, changed, &condition))?;
                }
            }
            _ => return Err(io::Error::other("a step lacks the row before or after it")),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
