//! The bases of two-way syncs that a table has had. Their own table is made with the first.

use super::history_state::{has_table, table_name};
use rusqlite::Connection;

/// The table.
pub(super) const BASES: &str = "trueup_bases";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS main.trueup_bases (table_name TEXT NOT NULL, base TEXT NOT NULL, \
                      PRIMARY KEY (table_name, base))";

fn named(connection: &Connection, given: &str) -> rusqlite::Result<String> {
    Ok(table_name(connection, given)?.unwrap_or_else(|| given.to_owned()))
}

/// The names of those of a table.
pub(super) fn bases(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    if !has_table(connection, BASES)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT base FROM main.trueup_bases WHERE table_name = ?1 ORDER BY 1")?;
    statement.query_map([named(connection, table)?], |row| row.get(0))?.collect()
}

/// Writes one down, and commits the transaction.
pub(super) fn remember(connection: &Connection, table: &str, base: &str) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)?;
    let sql = "INSERT OR IGNORE INTO main.trueup_bases VALUES (?1, ?2)";
    connection.execute(sql, [named(connection, table)?.as_str(), base])?;
    connection.execute_batch("COMMIT")
}

/// Forgets one, and commits the transaction.
pub(super) fn forget(connection: &Connection, table: &str, base: &str) -> rusqlite::Result<()> {
    if has_table(connection, BASES)? {
        let sql = "DELETE FROM main.trueup_bases WHERE table_name = ?1 AND base = ?2";
        connection.execute(sql, [named(connection, table)?.as_str(), base])?;
    }
    connection.execute_batch("COMMIT")
}
