//! Whether a transaction was committed: the server itself keeps that for as long as it keeps the
//! transaction's number, so nothing has to be left in any table.

use super::super::WriteError;
use super::transaction::Transactions;

const DOING: &str = "asking what became of a transaction";

/// The number of the transaction that is open, and the database's, which tells a server from one that
/// was made anew of a copy.
pub(super) fn mark(on: &Transactions) -> Result<String, WriteError> {
    let sql = "SELECT pg_catalog.txid_current()::text || '/' || oid::text FROM pg_catalog.pg_database
        WHERE datname = pg_catalog.current_database()";
    let rows = on.session.query(DOING, sql, &[])?;
    let row = rows.first().ok_or_else(|| on.endpoint(DOING, "the server gave no number"))?;
    Ok(row.try_get(0).map_err(|e| on.session.query_error(DOING, &e))?)
}

/// What became of it; `None` if the server does not know any more.
pub(super) fn committed(on: &Transactions, mark: &str) -> Result<Option<bool>, WriteError> {
    let Some((number, database)) = mark.split_once('/') else { return Ok(None) };
    let (Ok(number), Ok(database)) = (number.parse::<i64>(), database.parse::<u32>()) else { return Ok(None) };
    // A number that the server has not reached is an error to it: it is another server then.
    let sql = "SELECT CASE WHEN $1 < pg_catalog.txid_current() THEN pg_catalog.txid_status($1) END
        FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database() AND oid = $2";
    let rows = on.session.query(DOING, sql, &[&number, &database])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let status: Option<String> = row.try_get(0).map_err(|e| on.session.query_error(DOING, &e))?;
    match status.as_deref() {
        Some("committed") => Ok(Some(true)),
        Some("aborted") => Ok(Some(false)),
        Some("in progress") => Err(WriteError::Conflict {
            address: on.shown.clone(),
            doing: DOING.to_owned(),
            why: "it is still being committed".to_owned(),
        }),
        _ => Ok(None),
    }
}
