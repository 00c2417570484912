//! Bounds that an administrator has set for those who read: policies that hide rows, and time limits.

use super::super::{EndpointError, ServerAddress};
use super::connect::{DEFAULT_SCHEMA, Session};
use super::failure::is_hidden;
use super::quote::qualified;

/// Whether policies hide rows of the table, or of one that a view reads, where only visible ones are
/// asked for; else the first query is refused.
///
/// A view's own query runs by the rights of its owner, or of this user, over tables that may have
/// policies or not: the server knows, and says so when it is asked to have all rows or none.
pub(super) fn hides_rows(session: &Session, address: &ServerAddress) -> Result<bool, EndpointError> {
    if !address.reading.visible_rows {
        return Ok(false);
    }
    let doing = "asking for policies";
    let name = qualified(address.schema.as_deref().unwrap_or(DEFAULT_SCHEMA), &address.table);
    session.execute(doing, "SAVEPOINT policies; SET LOCAL row_security = off")?;
    let asked = session.run(session.client().batch_execute(&format!("SELECT FROM {name} LIMIT 0")));
    session.execute(doing, "ROLLBACK TO SAVEPOINT policies; RELEASE SAVEPOINT policies")?;
    // Whatever else is wrong will be said when it is read.
    Ok(asked.is_err_and(|error| is_hidden(&error)))
}

/// What to tell of the time limits that were raised.
pub(super) fn raised_limits(session: &Session, address: &ServerAddress) -> Result<Vec<String>, EndpointError> {
    if address.reading.respect_limits {
        return Ok(Vec::new());
    }
    let doing = "asking for time limits";
    let names: Vec<&str> = session.server().limits().collect();
    // What they would be without this transaction: set for the database, the role, or the connection.
    let sql = "SELECT s.name::text, s.reset_val::text FROM pg_catalog.pg_settings s
        WHERE s.name = ANY($1) AND s.reset_val <> '0' ORDER BY 1";
    let mut notes = Vec::new();
    for row in session.query(doing, sql, &[&names])? {
        let read = |e| session.query_error(doing, &e);
        let (name, value): (String, String) = (row.try_get(0).map_err(read)?, row.try_get(1).map_err(read)?);
        notes.push(format!(
            "{name} is {} for this user's sessions and was lifted for reading (--respect-limits leaves it)",
            milliseconds(&value)
        ));
    }
    Ok(notes)
}

/// A time that the server counts in milliseconds.
fn milliseconds(value: &str) -> String {
    match value.parse::<u64>() {
        Ok(value) if value.is_multiple_of(1000) => format!("{} s", value / 1000),
        _ => format!("{value} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_told_as_such() {
        assert_eq!(milliseconds("150"), "150 ms");
        assert_eq!(milliseconds("30000"), "30 s");
    }
}
