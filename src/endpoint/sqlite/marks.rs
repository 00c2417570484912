//! Whether a transaction was committed: where there is a history, its table takes a mark in the same
//! transaction, under an empty table name. It is there afterwards or it is not. Marks stay; what reads
//! the history passes them by.

use super::history_state::has_table;
use super::history_triggers::NOW;
use crate::endpoint::unlike_any_other;
use rusqlite::{Connection, OptionalExtension};

/// Leaves a mark in the transaction that is open; `None` where there is no history.
pub(super) fn leave(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let Some(first) = first(connection)? else { return Ok(None) };
    let mark = format!("{first} {}", unlike_any_other());
    let sql = format!(
        "INSERT INTO main.trueup_history (table_name, action, row_key, kinds, changed_at, own) \
         VALUES ('', 'mark', ?1, '', {NOW}, 1)"
    );
    connection.execute(&sql, [&mark])?;
    Ok(Some(mark))
}

/// Whether the mark is there; `None` if the history is another one now.
pub(super) fn committed(connection: &Connection, mark: &str) -> rusqlite::Result<Option<bool>> {
    let begun = mark.split(' ').next().unwrap_or_default();
    if first(connection)?.as_deref() != Some(begun) {
        return Ok(None);
    }
    let sql = "SELECT count(*) FROM main.trueup_history WHERE table_name = '' AND action = 'mark' AND row_key = ?1";
    connection.query_row(sql, [mark], |row| row.get(0)).map(Some)
}

/// What stands for the history that is there: its oldest installation.
fn first(connection: &Connection) -> rusqlite::Result<Option<String>> {
    if !has_table(connection, "trueup_history")? || !has_table(connection, "trueup_tracked")? {
        return Ok(None);
    }
    let sql = "SELECT installed FROM main.trueup_tracked ORDER BY rowid LIMIT 1";
    let found: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(found.map(|installed| installed.replace(' ', "_")))
}
