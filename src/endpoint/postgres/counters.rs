//! Moving sequences past the values that were written.
//!
//! A sequence knows no transactions and no lock that a table's writer could take, so what is read
//! of it is old at once. Taking values from it can only move it forwards; it is set only where it
//! has so far to go that nobody else can have overtaken us in between.

use super::super::EndpointError;
use super::attributes::Attribute;
use super::connect::Session;
use super::quote::identifier;

/// Values taken one by one at most: about half a second.
const MOST_TAKEN: i64 = 1_000_000;

const DOING: &str = "moving a sequence past the largest value";

/// Moves a column's sequence to at least the largest value in the table that the sequence may give
/// (the smallest, if it counts down): what lies outside of its range it never gives, and at its end it
/// would give nothing any more. What a person should know, if rows have the last values of its range.
pub(super) fn advance(
    session: &Session,
    table: &str,
    column: &Attribute,
    oid: u32,
) -> Result<Option<String>, EndpointError> {
    if let Some(note) = denied(session, column, oid)? {
        return Ok(Some(note));
    }
    // Numeric: a column may hold more than a sequence counts.
    let sql = format!(
        "SELECT q.seqincrement, pg_catalog.pg_sequence_last_value(q.seqrelid), q.seqstart,
            CASE WHEN q.seqincrement > 0 THEN q.seqmax ELSE q.seqmin END,
            q.seqrelid::pg_catalog.regclass::pg_catalog.text, {}::pg_catalog.int8,
            NOT q.seqcycle AND EXISTS (SELECT FROM {table} AS t WHERE t.{name}::pg_catalog.numeric
                BETWEEN q.seqmin AND q.seqmax AND CASE WHEN q.seqincrement > 0
                THEN t.{name}::pg_catalog.numeric > q.seqmax::pg_catalog.numeric - q.seqincrement
                ELSE t.{name}::pg_catalog.numeric < q.seqmin::pg_catalog.numeric - q.seqincrement END)
        FROM pg_catalog.pg_sequence q WHERE q.seqrelid = $1",
        reach(table, &column.name),
        name = identifier(&column.name)
    );
    let read = |e| session.query_error(DOING, &e);
    let Some(row) = session.query(DOING, &sql, &[&oid])?.into_iter().next() else { return Ok(None) };
    let step: i64 = row.try_get(0).map_err(read)?;
    let last: Option<i64> = row.try_get(1).map_err(read)?;
    let start: i64 = row.try_get(2).map_err(read)?;
    if let Some(reach) = row.try_get(5).map_err(read)? {
        advance_to(session, oid, step, last.ok_or(start), reach)?;
    }
    let (end, sequence): (i64, String) = (row.try_get(3).map_err(read)?, row.try_get(4).map_err(read)?);
    Ok(row.try_get::<_, bool>(6).map_err(read)?.then(|| {
        format!(
            "sequence {sequence} is not moved past all rows: in column `{}` one has the end of its range ({end}), \
             after which it would give nothing any more",
            column.name
        )
    }))
}

/// What a person should know if the user may not take values from the sequence.
fn denied(session: &Session, column: &Attribute, oid: u32) -> Result<Option<String>, EndpointError> {
    let sql = "SELECT pg_catalog.has_sequence_privilege($1::pg_catalog.oid, 'USAGE, UPDATE')
            AND pg_catalog.has_sequence_privilege($1::pg_catalog.oid, 'USAGE, SELECT'),
        $1::pg_catalog.oid::pg_catalog.regclass::pg_catalog.text";
    let read = |e| session.query_error(DOING, &e);
    let Some(row) = session.query(DOING, sql, &[&oid])?.into_iter().next() else { return Ok(None) };
    let (may, sequence): (bool, String) = (row.try_get(0).map_err(read)?, row.try_get(1).map_err(read)?);
    Ok((!may).then(|| {
        format!(
            "sequence {sequence} is not moved past the rows that were written, so that column `{}` of new rows may be \
             given values that others have: the user has no right to it (GRANT USAGE, UPDATE ON SEQUENCE)",
            column.name
        )
    }))
}

/// As SQL: the last of a column's values that a sequence `q` may give and that leaves it another to
/// give; NULL if there is none.
pub(super) fn reach(table: &str, column: &str) -> String {
    let name = identifier(column);
    format!(
        "(SELECT CASE WHEN q.seqincrement > 0 THEN pg_catalog.max(t.{name}) ELSE pg_catalog.min(t.{name}) \
         END::pg_catalog.numeric FROM {table} AS t WHERE t.{name}::pg_catalog.numeric \
         BETWEEN q.seqmin::pg_catalog.numeric - LEAST(q.seqincrement, 0) \
         AND q.seqmax::pg_catalog.numeric - GREATEST(q.seqincrement, 0))"
    )
}

/// Moves a sequence from its last value, or from where it starts if it was never asked, to `reach` or
/// the next value on its way.
fn advance_to(session: &Session, oid: u32, step: i64, last: Result<i64, i64>, reach: i64) -> Result<(), EndpointError> {
    let last = match last {
        Ok(last) => last,
        // Never asked, it does not say where it starts.
        Err(start) if ahead(start, reach, step) => return Ok(()),
        Err(_) => take(session, oid, 1)?,
    };
    if !ahead(reach, last, step) {
        return Ok(());
    }
    let left = calls(last, reach, step);
    if left <= MOST_TAKEN {
        return take(session, oid, left).map(drop);
    }
    // On its own way: a sequence that counts by tens keeps its last digit.
    let Some(value) = left.checked_mul(step).and_then(|way| last.checked_add(way)) else { return Ok(()) };
    session
        .query(DOING, "SELECT pg_catalog.setval($1::pg_catalog.oid::pg_catalog.regclass, $2)", &[&oid, &value])
        .map(drop)
}

/// Whether a sequence that counts by `step` comes to `reach` after `last`.
fn ahead(reach: i64, last: i64, step: i64) -> bool {
    if step > 0 { reach > last } else { reach < last }
}

/// How many values to take to get from `last` to `reach` or beyond.
fn calls(last: i64, reach: i64, step: i64) -> i64 {
    let (way, step) = ((i128::from(reach) - i128::from(last)).abs(), i128::from(step).abs().max(1));
    i64::try_from((way + step - 1) / step).unwrap_or(i64::MAX)
}

/// Takes so many values; gives the last.
fn take(session: &Session, oid: u32, count: i64) -> Result<i64, EndpointError> {
    let sql = "SELECT pg_catalog.nextval($1::pg_catalog.oid::pg_catalog.regclass) AS taken
        FROM pg_catalog.generate_series(1, $2::pg_catalog.int8) ORDER BY 1 DESC LIMIT 1";
    let rows = session.query(DOING, sql, &[&oid, &count])?;
    match rows.first() {
        Some(row) => row.try_get(0).map_err(|e| session.query_error(DOING, &e)),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_calls_as_it_takes_and_no_more() {
        assert_eq!(calls(5, 9, 1), 4);
        assert_eq!(calls(5, 9, 3), 2);
        assert_eq!(calls(-5, -9, -2), 2);
        assert_eq!(calls(i64::MIN, i64::MAX, 1), i64::MAX);
        assert!(ahead(9, 5, 1) && !ahead(5, 5, 1) && !ahead(9, 5, -1) && ahead(-9, 5, -1));
    }
}
