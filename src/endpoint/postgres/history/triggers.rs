//! The triggers of a history as the catalog has them, and the fingerprint of what they see.

use super::super::connect::Session;
use super::super::quote::literal;
use super::state::Member;
use super::{ROW_TRIGGER, is_ours};
use crate::endpoint::EndpointError;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

const DOING: &str = "reading the state of the history";

/// A table, `$1`, and its partitions or children at any depth.
pub(super) const TREE: &str = "WITH RECURSIVE tree AS (
        SELECT $1::pg_catalog.oid AS oid
      UNION
        SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN tree ON h.inhparent = tree.oid
    )";

/// A trigger of a history.
pub(super) struct Trigger {
    pub table: u32,
    pub row: bool,
    pub always: bool,
    pub cloned: bool,
    /// Whether it fires for everything that it should.
    pub plain: bool,
    pub installation: String,
    pub source: String,
    pub settings: usize,
    pub version: String,
}

/// Those of a table and its partitions.
pub(super) fn triggers(session: &Session, oid: u32) -> Result<Vec<Trigger>, EndpointError> {
    // What is copied to a partition has the same name there; what tells it from a partition's own
    // is not the same in all versions, but that is not the same function either.
    let sql = format!(
        "{TREE} SELECT t.tgrelid, t.tgname = {}, t.tgenabled = 'A', t.tgargs, t.oid::text || '.' || t.xmin::text,
            p.prosrc, COALESCE(array_length(p.proconfig, 1), 0), p.prosecdef AND t.tgqual IS NULL
                AND t.tgattr::text = '' AND t.tgtype = CASE WHEN t.tgname = {} THEN 29 ELSE 32 END,
            EXISTS (SELECT FROM pg_inherits h JOIN pg_class parent ON parent.oid = h.inhparent AND parent.relkind = 'p'
                JOIN pg_trigger up ON up.tgrelid = h.inhparent AND up.tgfoid = t.tgfoid AND up.tgname = t.tgname
                WHERE h.inhrelid = t.tgrelid)
        FROM tree JOIN pg_trigger t ON t.tgrelid = tree.oid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE {} ORDER BY t.oid",
        literal(ROW_TRIGGER),
        literal(ROW_TRIGGER),
        is_ours("t.tgname")
    );
    let mut out = Vec::new();
    for row in session.query(DOING, &sql, &[&oid])? {
        let arguments: Vec<u8> = get(session, &row, 3)?;
        let settings: i32 = get(session, &row, 6)?;
        out.push(Trigger {
            table: get(session, &row, 0)?,
            row: get(session, &row, 1)?,
            always: get(session, &row, 2)?,
            installation: installation(&arguments),
            version: get(session, &row, 4)?,
            source: get(session, &row, 5)?,
            settings: usize::try_from(settings).unwrap_or(0),
            plain: get(session, &row, 7)?,
            cloned: get(session, &row, 8)?,
        });
    }
    Ok(out)
}

/// The installation that a trigger with these arguments belongs to.
pub(in super::super) fn installation(arguments: &[u8]) -> String {
    let first = arguments.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(first).into_owned()
}

/// Changes with whatever changes rows and sets off no trigger.
pub(super) fn fingerprint(
    session: &Session,
    members: &[Member],
    triggers: &[Trigger],
) -> Result<String, EndpointError> {
    let files = members.iter().map(|member| format!("{}.{}", member.oid, member.file));
    let parts: Vec<String> = files.chain(triggers.iter().map(|trigger| trigger.version.clone())).collect();
    // Which server, and how often it has forked from its past.
    let sql = "SELECT pg_catalog.md5($1 ||
            CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
                THEN (SELECT ' ' || system_identifier::text FROM pg_catalog.pg_control_system()) ELSE '' END ||
            CASE WHEN has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')
                THEN (SELECT ' ' || timeline_id::text FROM pg_catalog.pg_control_checkpoint()) ELSE '' END)";
    match session.query(DOING, sql, &[&parts.join(" ")])?.first() {
        Some(row) => get(session, row, 0),
        None => Ok(String::new()),
    }
}

/// A value of a row.
pub(super) fn get<'a, T: FromSql<'a>>(session: &Session, row: &'a Row, at: usize) -> Result<T, EndpointError> {
    row.try_get(at).map_err(|e| session.query_error(DOING, &e))
}
