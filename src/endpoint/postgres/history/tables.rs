//! The two tables of a schema's history: the entries, and the installations.

use super::super::connect::Session;
use super::super::quote::identifier;
use super::triggers::get;
use super::{Place, micros};
use crate::endpoint::{EndpointError, HISTORY_TABLE, HistoryMark};

const DOING: &str = "reading the state of the history";

/// The table of the installations.
pub(super) const TABLES: &str = "trueup_history_tables";

/// The columns of the entries, and their types.
pub(super) const ENTRY_COLUMNS: [(&str, &str); 7] = [
    ("seq", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("table_name", "text NOT NULL"),
    ("action", "text NOT NULL"),
    ("row_key", "jsonb"),
    ("changed_at", "timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()"),
    ("own", "boolean NOT NULL"),
    ("installed", "text NOT NULL"),
];

/// The columns of the installations, and their types.
pub(super) const TABLE_COLUMNS: [(&str, &str); 6] = [
    ("table_name", "text NOT NULL"),
    ("installed", "text PRIMARY KEY"),
    ("key_columns", "text[] NOT NULL"),
    ("key_types", "text[] NOT NULL"),
    ("covers_from", "timestamptz NOT NULL"),
    ("cleared", "text"),
];

/// `CREATE TABLE` of one of them.
pub(super) fn create_table(name: &str, columns: &[(&str, &str)]) -> String {
    let columns: Vec<String> = columns.iter().map(|(name, ty)| format!("{} {ty}", identifier(name))).collect();
    format!("CREATE TABLE {name} ({})", columns.join(", "))
}

/// The tables of the history: who may do what with them.
pub(super) struct Tables {
    /// Whether the user may read both.
    pub read: bool,
    /// Whether the user may write both.
    pub write: bool,
    /// How far each table of the schema was cleared: what had been seen.
    pub cleared: Vec<HistoryMark>,
    /// The last number that was given out, if the user may know it.
    pub last: Option<u64>,
}

/// A row of the installations.
pub(super) struct Installation {
    pub id: String,
    pub table: String,
    pub key: Vec<String>,
    pub types: Vec<String>,
    pub covers_from: i64,
    pub cleared: Option<HistoryMark>,
}

/// The tables of the history in the place's schema; an error if others have their names.
pub(super) fn tables(place: &Place<'_>, session: &Session) -> Result<Option<Tables>, EndpointError> {
    // Numbers that a session keeps for later would come long after those that are larger.
    let sql = "SELECT c.relname::text, c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_depend d
                JOIN pg_sequence s ON s.seqrelid = d.objid
                WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = c.oid AND (s.seqcache <> 1 OR s.seqincrement <> 1 OR s.seqcycle)),
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
            has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'),
            has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'DELETE')
                AND has_table_privilege(c.oid, 'UPDATE') AND has_schema_privilege(n.oid, 'USAGE'),
            (SELECT CASE WHEN has_sequence_privilege(s.seqrelid, 'SELECT') THEN pg_sequence_last_value(s.seqrelid) END
                FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
                WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = c.oid AND d.deptype = 'i' LIMIT 1)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname IN ($2, $3) ORDER BY 1";
    let found = session.query(DOING, sql, &[&place.schema, &HISTORY_TABLE, &TABLES])?;
    if found.is_empty() {
        return Ok(None);
    }
    let names = |columns: &[(&str, &str)]| columns.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    let mut out = Tables { read: true, write: true, cleared: Vec::new(), last: None };
    for row in &found {
        let name: String = get(session, row, 0)?;
        let columns: Vec<String> = get(session, row, 2)?;
        let expected = if name == TABLES { names(&TABLE_COLUMNS) } else { names(&ENTRY_COLUMNS) };
        if !get::<bool>(session, row, 1)? || columns != expected || found.len() != 2 {
            let why = format!("{} is there, but is not as trueup makes it", place.spoken(&name));
            return Err(place.error(DOING, why));
        }
        out.read &= get::<bool>(session, row, 3)?;
        out.write &= get::<bool>(session, row, 4)?;
        if name == HISTORY_TABLE {
            let last: Option<i64> = get(session, row, 5)?;
            out.last = last.and_then(|last| u64::try_from(last).ok());
        }
    }
    Ok(Some(out))
}

/// What is written down of all installations in the schema.
pub(super) fn installations(place: &Place<'_>, session: &Session) -> Result<Vec<Installation>, EndpointError> {
    let sql = format!(
        "SELECT installed, table_name, key_columns, key_types, {}, cleared FROM {} WHERE table_name <> ''
            ORDER BY covers_from, installed",
        micros("covers_from"),
        place.tables()
    );
    let mut out = Vec::new();
    for row in session.query(DOING, &sql, &[])? {
        let cleared: Option<String> = get(session, &row, 5)?;
        let cleared = cleared.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| {
            place.error(DOING, format!("column `cleared` of {} is not as trueup writes it", place.spoken(TABLES)))
        })?;
        out.push(Installation {
            id: get(session, &row, 0)?,
            table: get(session, &row, 1)?,
            key: get(session, &row, 2)?,
            types: get(session, &row, 3)?,
            covers_from: get(session, &row, 4)?,
            cleared,
        });
    }
    Ok(out)
}

/// From when on an installation tells of every change: not before the last time that many went at
/// once.
pub(super) fn covers_from(place: &Place<'_>, session: &Session, row: &Installation) -> Result<i64, EndpointError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE installed = $1 AND action = 'all'",
        micros("pg_catalog.max(changed_at)"),
        place.entries()
    );
    let last: Option<i64> = match session.query(DOING, &sql, &[&row.id])?.first() {
        Some(found) => get(session, found, 0)?,
        None => None,
    };
    Ok(last.map_or(row.covers_from, |last| row.covers_from.max(last.saturating_add(1))))
}
