//! Notes when the changes were made that a transaction writes: see `endpoint::carried`.

use super::super::carried::{CARRIED, notes};
use super::super::{EndpointError, HISTORY_TABLE};
use super::connect::Session;
use super::history::{ROW_TRIGGER, installation};
use super::quote::qualified;
use crate::table::Fingerprint;

const DOING: &str = "noting when changes were made";

/// A history that takes times.
pub(super) struct Place {
    entries: String,
    table: String,
    installation: String,
}

impl Place {
    /// The history of a table; `None` if it has none, or the user may not write to it. What the user may do
    /// is asked for before: a statement that is refused takes the transaction with it.
    pub(super) fn find(session: &Session, oid: u32) -> Result<Option<Self>, EndpointError> {
        let sql = "SELECT t.tgargs, n.nspname::text, c.relname::text
            FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND h.relname = $3
            WHERE t.tgrelid = $1 AND t.tgname = $2 AND pg_catalog.has_table_privilege(h.oid, 'INSERT')
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')";
        let rows = session.query(DOING, sql, &[&oid, &ROW_TRIGGER, &HISTORY_TABLE])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let read = |e| session.query_error(DOING, &e);
        let arguments: Vec<u8> = row.try_get(0).map_err(read)?;
        let (schema, table): (String, String) = (row.try_get(1).map_err(read)?, row.try_get(2).map_err(read)?);
        let entries = qualified(&schema, HISTORY_TABLE);
        Ok(Some(Self { entries, table, installation: installation(&arguments) }))
    }
}

/// Notes the times in the transaction that is open.
pub(super) fn note(session: &Session, place: &Place, times: &[(Fingerprint, i64)]) -> Result<(), EndpointError> {
    let sql = format!(
        "INSERT INTO {} (table_name, action, row_key, changed_at, own, installed)
        VALUES ($1, '{CARRIED}', $2::text::pg_catalog.jsonb, pg_catalog.transaction_timestamp(), true, $3)",
        place.entries
    );
    notes(times).try_for_each(|note| session.query(DOING, &sql, &[&place.table, &note, &place.installation]).map(drop))
}
