//! What a table asks of those who write to it, from the catalog.

use super::super::{
    Action, Charset, Dependent, EndpointError, Lacking, OnDelete, Reference, ServerAddress, Target, TargetColumn,
    UniqueIndex,
};
use super::attributes::{Attribute, Identity, attributes, version};
use super::connect::Session;
use super::describe::Relation;
use super::history;
use super::holds::holds;
use tokio_postgres::Row;

/// A temporary table has each column twice, and at most 1,600 (PostgreSQL's manual, "Limits").
pub(super) const MOST_COLUMNS: usize = 1599;

/// The oldest server that can be written to: identities and the catalog of sequences came with it.
pub(super) const OLDEST: i32 = 100_000;

const DOING: &str = "reading what the table asks of writers";

/// Looks everything up in one snapshot.
pub(super) fn target(session: &Session, address: &ServerAddress) -> Result<Target, EndpointError> {
    let relation = Relation::find(session, address)?;
    let version = version(session)?;
    let mut out = Target::default();
    if version < OLDEST {
        out.obstacles.push("its server is older than PostgreSQL 10".to_owned());
        return Ok(out);
    }
    let attributes = attributes(session, relation.oid, version)?;
    let charset = charset(session)?;
    out.columns = attributes.iter().map(|attribute| column(attribute, version, charset)).collect();
    out.unique = unique(session, relation.oid, version)?;
    out.references = references(session, relation.oid, version)?;
    out.dependents = dependents(session, relation.oid, version)?;
    out.triggers = triggers(session, relation.oid)?;
    conditions(session, relation.oid, &mut out)?;
    if attributes.len() > MOST_COLUMNS {
        out.obstacles.push(format!("it has more than {MOST_COLUMNS} columns"));
    }
    for attribute in attributes.iter().filter(|attribute| attribute.identity == Identity::Always) {
        out.warnings.push(format!(
            "column `{}` is GENERATED ALWAYS AS IDENTITY: created rows get the source's value, but rows that are \
             there can't be given another",
            attribute.name
        ));
    }
    Ok(out)
}

/// The database's character set, where it does not have all characters.
fn charset(session: &Session) -> Result<Option<Charset>, EndpointError> {
    let rows = session.query(DOING, "SELECT pg_catalog.current_setting('server_encoding')", &[])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let name: String = row.try_get(0).map_err(|e| session.query_error(DOING, &e))?;
    Ok((name == "LATIN1").then_some(Charset::Latin1))
}

fn column(attribute: &Attribute, version: i32, charset: Option<Charset>) -> TargetColumn {
    let identity = attribute.identity != Identity::None;
    let mut holds = holds(attribute, version);
    holds.charset = charset.filter(|_| holds.no_zero_character);
    TargetColumn {
        name: attribute.name.clone(),
        nullable: !attribute.not_null,
        optional: !attribute.not_null || attribute.has_default || identity,
        computed: attribute.computed,
        counter: identity || attribute.sequence.is_some(),
        holds,
    }
}

/// Runs a query whose only parameter is the table.
fn rows(session: &Session, sql: &str, oid: u32) -> Result<Vec<Row>, EndpointError> {
    session.query(DOING, sql, &[&oid])
}

fn unique(session: &Session, oid: u32, version: i32) -> Result<Vec<UniqueIndex>, EndpointError> {
    // Columns that an index only includes do not make it unique.
    let width = if version >= 110_000 { "i.indnkeyatts" } else { "i.indnatts" };
    // An index depends on the columns that its expressions and its condition use, and on no
    // others: those of its condition are not what it is made of, but change what it sees.
    let sql = format!(
        "SELECT n.relname::text,
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, at)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                WHERE k.at <= {width} ORDER BY k.at),
            ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend d
                JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE i.indexprs IS NOT NULL AND d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0)
        FROM pg_index i JOIN pg_class n ON n.oid = i.indexrelid
        WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid ORDER BY i.indisprimary DESC, i.indexrelid"
    );
    let mut out = Vec::new();
    for row in rows(session, &sql, oid)? {
        let read = |e| session.query_error(DOING, &e);
        let mut columns: Vec<String> = row.try_get(1).map_err(read)?;
        let inside: Vec<String> = row.try_get(2).map_err(read)?;
        columns.extend(inside.into_iter().filter(|name| !columns.contains(name)).collect::<Vec<_>>());
        out.push(UniqueIndex { name: row.try_get(0).map_err(read)?, columns });
    }
    Ok(out)
}

/// The names of a constraint's columns, in its order.
fn names(numbers: &str, table: &str) -> String {
    format!(
        "ARRAY(SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY AS k(number, at)
            JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = k.number ORDER BY k.at)"
    )
}

/// Without the copies that partitions have of their parent's constraints.
fn no_copy(version: i32, side: &str) -> String {
    if version < 110_000 {
        return "true".to_owned();
    }
    format!("NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = c.conparentid AND p.{side} = c.{side})")
}

fn references(session: &Session, oid: u32, version: i32) -> Result<Vec<Reference>, EndpointError> {
    let sql = format!(
        "SELECT c.conname::text, {}, c.confrelid::regclass::text, {}, c.confrelid = c.conrelid
        FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = $1 AND {} ORDER BY c.conname",
        names("c.conkey", "c.conrelid"),
        names("c.confkey", "c.confrelid"),
        no_copy(version, "conrelid")
    );
    let mut out = Vec::new();
    for row in rows(session, &sql, oid)? {
        let read = |e| session.query_error(DOING, &e);
        out.push(Reference {
            name: row.try_get(0).map_err(read)?,
            columns: row.try_get(1).map_err(read)?,
            table: row.try_get(2).map_err(read)?,
            to: row.try_get(3).map_err(read)?,
            to_itself: row.try_get(4).map_err(read)?,
        });
    }
    Ok(out)
}

fn dependents(session: &Session, oid: u32, version: i32) -> Result<Vec<Dependent>, EndpointError> {
    let sql = format!(
        "SELECT c.conname::text, c.conrelid::regclass::text, s.nspname::text, t.relname::text, {}, {},
            c.confdeltype::text, c.confrelid = c.conrelid
        FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace
        WHERE c.contype = 'f' AND c.confrelid = $1 AND {} ORDER BY 2, 1",
        names("c.conkey", "c.conrelid"),
        names("c.confkey", "c.confrelid"),
        no_copy(version, "confrelid")
    );
    let mut out = Vec::new();
    for row in rows(session, &sql, oid)? {
        let read = |e| session.query_error(DOING, &e);
        let action: String = row.try_get(6).map_err(read)?;
        out.push(Dependent {
            name: row.try_get(0).map_err(read)?,
            table: row.try_get(1).map_err(read)?,
            table_name: (row.try_get(2).map_err(read)?, row.try_get(3).map_err(read)?),
            columns: row.try_get(4).map_err(read)?,
            to: row.try_get(5).map_err(read)?,
            on_delete: match action.as_str() {
                "c" => OnDelete::Cascade,
                "n" => OnDelete::SetNull,
                "d" => OnDelete::SetDefault,
                _ => OnDelete::Refuse,
            },
            is_itself: row.try_get(7).map_err(read)?,
        });
    }
    Ok(out)
}

fn triggers(session: &Session, oid: u32) -> Result<Vec<String>, EndpointError> {
    // 4, 8 and 16 are INSERT, DELETE and UPDATE; `R` fires for a replica's own sessions only.
    // A partition may have triggers of its own. Those of the history change nothing.
    let sql = format!(
        "WITH RECURSIVE tree AS (
            SELECT $1::oid AS oid UNION SELECT h.inhrelid FROM pg_inherits h JOIN tree ON tree.oid = h.inhparent
        )
        SELECT DISTINCT t.tgname::text FROM tree JOIN pg_trigger t ON t.tgrelid = tree.oid
        WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 28 <> 0 AND NOT {} ORDER BY 1",
        history::is_ours("t.tgname")
    );
    rows(session, &sql, oid)?.iter().map(|row| row.try_get(0).map_err(|e| session.query_error(DOING, &e))).collect()
}

/// What stands in the way, and what should be known.
fn conditions(session: &Session, oid: u32, out: &mut Target) -> Result<(), EndpointError> {
    let sql = "SELECT c.relkind::text, row_security_active(c.oid),
            ARRAY(SELECT r.rulename::text FROM pg_rewrite r
                WHERE r.ev_class = c.oid AND r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A') ORDER BY 1),
            has_table_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'INSERT'),
            has_table_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'UPDATE'),
            has_table_privilege(c.oid, 'DELETE'), has_database_privilege(current_database(), 'TEMPORARY'),
            pg_is_in_recovery(), EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid), current_user::text
        FROM pg_class c WHERE c.oid = $1";
    for row in rows(session, sql, oid)? {
        let read = |e| session.query_error(DOING, &e);
        let kind: String = row.try_get(0).map_err(read)?;
        match kind.as_str() {
            "v" => out.obstacles.push("it is a view".to_owned()),
            "m" => out.obstacles.push("it is a materialized view".to_owned()),
            "f" => out.obstacles.push("it is a foreign table: write to the server that has it".to_owned()),
            _ => {}
        }
        let user: String = row.try_get(9).map_err(read)?;
        let rights =
            [(3, Action::Create, "INSERT into"), (4, Action::Update, "UPDATE"), (5, Action::Delete, "DELETE from")];
        for (at, action, right) in rights {
            if !row.try_get::<_, bool>(at).map_err(read)? {
                out.lacking.push(Lacking { action, why: format!("user `{user}` has no right to {right} it") });
            }
        }
        if !row.try_get::<_, bool>(6).map_err(read)? {
            out.obstacles.push(format!("user `{user}` has no right to make temporary tables (TEMPORARY)"));
        }
        if row.try_get(7).map_err(read)? {
            out.obstacles.push("its server is a stand-by, which can only be read".to_owned());
        }
        if row.try_get(1).map_err(read)? {
            out.warnings.push(format!(
                "row level security is in force for user `{user}`: rows that its policies hide are neither compared \
                 nor written"
            ));
        }
        let rules: Vec<String> = row.try_get(2).map_err(read)?;
        if !rules.is_empty() {
            out.warnings.push(format!("it has rules that change what is written: {}", rules.join(", ")));
        }
        if kind == "r" && row.try_get(8).map_err(read)? {
            out.obstacles.push("other tables inherit from it, and their rows can't be told from its own".to_owned());
        }
    }
    Ok(())
}
