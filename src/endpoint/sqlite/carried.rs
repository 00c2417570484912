//! Notes when the changes were made that a transaction writes: see `endpoint::carried`.

use super::history_state::{table_name, tracked};
use super::history_triggers::NOW;
use crate::endpoint::carried::{CARRIED, notes};
use crate::table::Fingerprint;
use rusqlite::{Connection, params};

/// The time, as entries have it.
pub(super) fn time(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))
}

/// Notes the times in the transaction that is open, and began then, if the table has a history.
pub(super) fn note(
    connection: &Connection,
    given: &str,
    begun: &str,
    times: &[(Fingerprint, i64)],
) -> rusqlite::Result<()> {
    let table = table_name(connection, given)?.unwrap_or_else(|| given.to_owned());
    if tracked(connection, &table)?.is_none() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO main.trueup_history (table_name, action, row_key, kinds, changed_at, own) \
         VALUES (?1, '{CARRIED}', ?2, '', ?3, 1)"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    notes(times).try_for_each(|note| statement.execute(params![table, note, begun]).map(drop))
}
