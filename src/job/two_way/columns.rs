//! Columns that are others than at the last sync, although they have the same names.
//!
//! PostgreSQL numbers the columns of a table, so that this is known. Elsewhere it shows in the values:
//! if the table was altered since, a column was dropped and added anew if nothing of what it held is
//! there any more, that is if no row that the base knows has the value that it had, but for the one
//! that most rows have now (which may be the default), and if rows that had another value have that one
//! now. So a column in which nearly all rows hold the same is not taken for another one as soon as somebody
//! edits a row. Columns of the key are never judged by it: rows
//! are known by what these hold.

use crate::base::{Base, BaseSide, Linker};
use crate::job::error::RunError;
use crate::job::run::Compared;
use crate::plan::cell_text;
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::{Column, Fingerprint};
use std::collections::{HashMap, HashSet};

/// Rows of the base to look at, at most.
const LOOKED_AT: usize = 100_000;

/// Tells the columns of what was compared from those of the base that have their names. Gives, per side,
/// the names of those that are others.
///
/// # Errors
/// If rows can't be read.
pub(super) fn renew(
    base: &Base,
    altered: &[Option<String>; 2],
    compared: &mut Compared,
) -> Result<[Vec<String>; 2], RunError> {
    let mut out: [Vec<String>; 2] = Default::default();
    for side in [0, 1] {
        let before = &base.file.sides[side];
        let is_altered = matches!((&before.altered, &altered[side]), (Some(was), Some(is)) if was != is);
        let table = compared.frozen[side].manifest.table.clone();
        for (at, column) in table.columns.iter().enumerate() {
            let Some(was) = before.table.columns.iter().find(|own| own.name == column.name) else { continue };
            let mut own = carried(was, column);
            let judged = is_altered && was.ty == column.ty && !is_key(before, &column.name);
            if judged && is_anew(base, side, was, column, compared)? {
                own.origin.get_or_insert_default().column += 1;
            }
            if !own.is_still(was) {
                out[side].push(column.name.clone());
            }
            compared.frozen[side].manifest.table.columns[at] = own;
        }
        for pair in &mut compared.alignment.pairs {
            let own = if side == 0 { &mut pair.left } else { &mut pair.right };
            let table = &compared.frozen[side].manifest.table;
            if let Some(at) = table.position(&own.name) {
                own.origin.clone_from(&table.columns[at].origin);
            }
        }
    }
    Ok(out)
}

/// A column with the number that the base has for it, where the system gives none.
pub(super) fn carried(was: &Column, column: &Column) -> Column {
    let mut own = column.clone();
    let numbered = column.origin.as_ref().is_some_and(|origin| origin.table != 0);
    let number = was.origin.as_ref().map_or(0, |origin| origin.column);
    if !numbered && number > 0 {
        own.origin.get_or_insert_default().column = number;
    }
    own
}

/// Whether a column says which row it is.
fn is_key(side: &BaseSide, name: &String) -> bool {
    side.key.contains(name) || side.identity.contains(name)
}

/// Whether a column of an altered table is another one, as far as its values tell.
fn is_anew(
    base: &Base,
    side: usize,
    was: &Column,
    column: &Column,
    compared: &Compared,
) -> Result<bool, SnapshotError> {
    let before = held(base, side, was)?;
    let identity = &base.file.sides[side].identity;
    let parts = &compared.frozen[side].parts;
    let wanted = |own: &Column| own.name == column.name || identity.contains(&own.name);
    let projection: Vec<usize> = (0..parts.columns().len()).filter(|at| wanted(&parts.columns()[*at])).collect();
    let columns: Vec<Column> = projection.iter().map(|at| parts.columns()[*at].clone()).collect();
    let Some(at) = columns.iter().position(|own| own.name == column.name) else { return Ok(false) };
    let Some(linker) = Linker::new(&columns, &Recipe::alone(&columns, identity), identity) else { return Ok(false) };

    let mut now: HashMap<Option<String>, u64> = HashMap::new();
    // Of rows that hold another value: what they hold now.
    let (mut kept, mut moved) = (HashSet::new(), HashSet::new());
    parts.each(&projection, &mut |batch| {
        for (row, id) in linker.ids(&batch).into_iter().enumerate() {
            let Some(was) = id.and_then(|id| before.get(&id)) else { continue };
            let is = cell_text(&batch, row, at);
            if is == *was {
                kept.insert(is.clone());
            } else {
                moved.insert(is.clone());
            }
            *now.entry(is).or_default() += 1;
        }
        Ok(())
    })?;
    let Some(most) = now.iter().max_by_key(|(_, rows)| **rows).map(|(value, _)| value) else { return Ok(false) };
    let reset = kept.is_empty() && !moved.is_empty() || moved.contains(most);
    Ok(reset && kept.iter().all(|value| value == most))
}

/// What the base has in a column, by the identity of the row.
fn held(base: &Base, side: usize, column: &Column) -> Result<HashMap<Fingerprint, Option<String>>, SnapshotError> {
    let mut out = HashMap::new();
    base.each(&mut |pairs| {
        let pairs = &pairs[..pairs.len().min(LOOKED_AT.saturating_sub(out.len()))];
        if pairs.is_empty() {
            return Ok(());
        }
        let rows = base.rows(side, std::slice::from_ref(column), pairs)?;
        out.extend(pairs.iter().enumerate().map(|(row, pair)| (pair.ids[side], cell_text(&rows, row, 0))));
        Ok(())
    })?;
    Ok(out)
}
