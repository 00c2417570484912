//! What the table would say of loaded creates, before anything is written.

use super::connect::quoted;
use super::load::{Loaded, STEPS};
use super::matches::find;
use super::shape::Shape;
use crate::endpoint::{Alike, Reference, WriteError};
use crate::table::Cells;
use rusqlite::Connection;

/// The creates whose key a unique index takes for another one that is not the same.
pub(super) fn alike(connection: &Connection, shape: &Shape, loaded: &Loaded) -> Result<Vec<Alike>, WriteError> {
    let Some(collations) = &shape.collations else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    let keys: Vec<String> = shape
        .key
        .iter()
        .zip(collations)
        .map(|(at, collation)| format!("k{at} COLLATE {}", quoted(collation)))
        .collect();
    let sql = format!(
        "SELECT group_concat(step, ' ') FROM (SELECT * FROM {STEPS} ORDER BY step) GROUP BY {} HAVING count(*) > 1",
        keys.join(", ")
    );
    for list in column::<String>(connection, shape, &sql)? {
        let mut steps: Vec<usize> = list.split(' ').filter_map(|step| step.parse().ok()).collect();
        steps.sort_unstable();
        out.extend(steps.into_iter().skip(1).map(|step| Alike { step, row: None }));
    }
    find(connection, shape, loaded, true, &mut |found| {
        let view = shape.view(&found.rows)?;
        let cells: Vec<Option<Cells>> = shape.key.iter().map(|at| Cells::new(found.rows.rows.column(*at))).collect();
        for (row, step) in found.steps.iter().enumerate() {
            if loaded.keys.get(*step).is_some_and(|key| *key != shape.canon.bytes(&view, row, &shape.key)) {
                let print = |(cells, at): (&Option<Cells>, &usize)| {
                    let other = found.rows.other(row, *at).map(str::to_owned);
                    other.or_else(|| cells.as_ref()?.print(row)).unwrap_or_default()
                };
                out.push(Alike { step: *step, row: Some(cells.iter().zip(&shape.key).map(print).collect()) });
            }
        }
        Ok(())
    })?;
    Ok(out)
}

/// The creates that refer to rows of another table that are not there.
pub(super) fn orphans(
    connection: &Connection,
    shape: &Shape,
    loaded: &Loaded,
    reference: &Reference,
) -> Result<Vec<usize>, WriteError> {
    let place = |name: &String| {
        let at = shape.columns.iter().position(|column| column.name == *name)?;
        loaded.written.contains(&at).then_some(at)
    };
    let pairs: Option<Vec<(usize, &String)>> =
        reference.columns.iter().zip(&reference.to).map(|(own, to)| Some((place(own)?, to))).collect();
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else { return Ok(Vec::new()) };
    let is: Vec<String> = pairs.iter().map(|(at, _)| format!("l.v{at} IS NOT NULL")).collect();
    // The collation and affinity of the parent's column count, so it stands on the left.
    let on: Vec<String> = pairs.iter().map(|(at, to)| format!("p.{} = l.v{at}", quoted(to))).collect();
    let sql = format!(
        "SELECT l.step FROM {STEPS} AS l WHERE {} AND NOT EXISTS (SELECT 1 FROM main.{} AS p WHERE {})",
        is.join(" AND "),
        quoted(&reference.table),
        on.join(" AND ")
    );
    column::<usize>(connection, shape, &sql)
}

/// The first column of a query.
fn column<T: rusqlite::types::FromSql>(
    connection: &Connection,
    shape: &Shape,
    sql: &str,
) -> Result<Vec<T>, WriteError> {
    let read = || -> rusqlite::Result<Vec<T>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    read().map_err(|error| shape.failed("asking the table", &error))
}
