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

/// Moves a column's sequence to at least the largest value in the table (the smallest, if it counts
/// down).
pub(super) fn advance(session: &Session, table: &str, column: &Attribute, oid: u32) -> Result<(), EndpointError> {
    // Numeric, and cut to what the sequence can be: a column may hold more than that.
    let name = identifier(&column.name);
    let sql = format!(
        "SELECT q.seqincrement, pg_catalog.pg_sequence_last_value(q.seqrelid),
            (CASE WHEN q.seqincrement > 0
                THEN LEAST((SELECT pg_catalog.max({name}) FROM {table})::pg_catalog.numeric, q.seqmax)
                ELSE GREATEST((SELECT pg_catalog.min({name}) FROM {table})::pg_catalog.numeric, q.seqmin)
             END)::pg_catalog.int8, q.seqstart
        FROM pg_catalog.pg_sequence q WHERE q.seqrelid = $1"
    );
    let read = |e| session.query_error(DOING, &e);
    let Some(row) = session.query(DOING, &sql, &[&oid])?.into_iter().next() else { return Ok(()) };
    let step: i64 = row.try_get(0).map_err(read)?;
    let last: Option<i64> = row.try_get(1).map_err(read)?;
    let Some(reach): Option<i64> = row.try_get(2).map_err(read)? else { return Ok(()) };
    let last = match last {
        Some(last) => last,
        // Never asked, it does not say where it starts.
        None => {
            let start: i64 = row.try_get(3).map_err(read)?;
            if ahead(start, reach, step) {
                return Ok(());
            }
            take(session, oid, 1)?
        }
    };
    if !ahead(reach, last, step) {
        return Ok(());
    }
    let left = calls(last, reach, step);
    if left <= MOST_TAKEN {
        return take(session, oid, left).map(drop);
    }
    session
        .query(DOING, "SELECT pg_catalog.setval($1::pg_catalog.oid::pg_catalog.regclass, $2)", &[&oid, &reach])
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
