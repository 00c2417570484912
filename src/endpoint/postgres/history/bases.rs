//! The bases of two-way syncs that a table has had: rows of the table of installations with an empty
//! `table_name`, whose `installed` is `base NAME TABLE`.

use super::super::connect::Session;
use super::Place;
use super::triggers::get;
use crate::endpoint::EndpointError;

const DOING: &str = "reading which bases the history knows";
const WRITING: &str = "writing down a base in the history";

/// What stands for a base.
fn word(place: &Place<'_>, base: &str) -> String {
    format!("base {base} {}", place.address.table)
}

/// The names of those of the place's table.
pub(super) fn bases(place: &Place<'_>, session: &Session) -> Result<Vec<String>, EndpointError> {
    let there = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2";
    if session.query(DOING, there, &[&place.schema, &super::tables::TABLES])?.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT installed FROM {} WHERE table_name = '' ORDER BY 1", place.tables());
    let mut out = Vec::new();
    for row in session.query(DOING, &sql, &[])? {
        let text: String = get(session, &row, 0)?;
        let name = text.strip_prefix("base ").and_then(|rest| rest.split_once(' '));
        out.extend(name.filter(|(_, table)| *table == place.address.table).map(|(name, _)| name.to_owned()));
    }
    Ok(out)
}

/// Writes one down.
pub(super) fn remember(place: &Place<'_>, session: &Session, base: &str) -> Result<(), EndpointError> {
    let sql = format!(
        "INSERT INTO {} (installed, table_name, key_columns, key_types, covers_from)
        VALUES ($1, '', '{{}}', '{{}}', pg_catalog.clock_timestamp()) ON CONFLICT DO NOTHING",
        place.tables()
    );
    session.query(WRITING, &sql, &[&word(place, base)]).map(drop)
}

/// Forgets one.
pub(super) fn forget(place: &Place<'_>, session: &Session, base: &str) -> Result<(), EndpointError> {
    let sql = format!("DELETE FROM {} WHERE table_name = '' AND installed = $1", place.tables());
    session.query(WRITING, &sql, &[&word(place, base)]).map(drop)
}

/// Forgets all of the place's table.
pub(super) fn forget_all(place: &Place<'_>, session: &Session) -> Result<(), EndpointError> {
    bases(place, session)?.iter().try_for_each(|base| forget(place, session, base))
}
