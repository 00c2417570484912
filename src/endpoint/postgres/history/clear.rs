//! Forgetting entries, and remembering which.

use super::super::connect::Session;
use super::Place;
use super::ranges::{joined, seen};
use super::read::{here, is_put_back};
use super::state::State;
use super::tables::TABLES;
use super::words::{lacking, later};
use crate::endpoint::{EndpointError, HISTORY_TABLE, HistoryMark};

/// See [`History::clear`](crate::endpoint::History::clear).
pub(super) fn clear(place: &Place<'_>, session: &Session, through: Option<&HistoryMark>) -> Result<u64, EndpointError> {
    let state = State::read(place, session)?;
    state.may_read(place)?;
    let Some(row) = &state.row else { return Ok(0) };
    if state.tables.as_ref().is_some_and(|tables| !tables.write) {
        let why = format!(
            "this user has no right to UPDATE and DELETE in `{}` and `{}` of schema `{}`",
            HISTORY_TABLE, TABLES, place.schema
        );
        return Err(place.error("clearing the history", why));
    }
    let through = match through {
        // It has seen none of these.
        Some(mark) if lacking(&state, row, mark).is_some() => return Ok(0),
        Some(mark) if is_put_back(place, session, &state, mark)? => return Ok(0),
        Some(mark) => mark.clone(),
        None => here(place, session, &state, row)?,
    };
    let cleared = match &row.cleared {
        Some(before) => HistoryMark { installed: later(before, &through), ..joined(before, &through) },
        None => through.clone(),
    };
    let doing = "clearing the history";
    let cleared = serde_json::to_string(&cleared).map_err(|e| place.error(doing, e.to_string()))?;
    let (firsts, lasts) = seen(&through);
    let sql = format!(
        "WITH gone AS (
            DELETE FROM {} h USING ROWS FROM (pg_catalog.unnest($2::int8[]), pg_catalog.unnest($3::int8[])) r (a, b)
            WHERE h.installed = $1 AND h.seq BETWEEN r.a AND r.b RETURNING h.changed_at
        ), total AS (
            SELECT pg_catalog.count(*) AS entries, pg_catalog.max(changed_at) AS last FROM gone
        )
        UPDATE {} SET cleared = $4,
            covers_from = GREATEST(covers_from, total.last + pg_catalog.make_interval(secs => 0.000001))
        FROM total WHERE installed = $1 AND total.entries > 0 RETURNING total.entries",
        place.entries(),
        place.tables()
    );
    match session.query(doing, &sql, &[&row.id, &firsts, &lasts, &cleared])?.first() {
        Some(row) => {
            let count: i64 = row.try_get(0).map_err(|e| session.query_error(doing, &e))?;
            Ok(u64::try_from(count).unwrap_or(0))
        }
        None => Ok(0),
    }
}
