//! What the catalog says of a table.

use super::super::{EndpointError, ServerAddress};
use super::connect::{DEFAULT_SCHEMA, Session};
use super::kind::Kind;
use crate::table::{Column, Origin, TableInfo, nearest};

/// A table as the catalog has it in a session's snapshot.
pub(super) struct Relation {
    pub oid: u32,
    pub info: TableInfo,
    /// One for each column of `info`.
    pub kinds: Vec<Kind>,
    /// Whether it is an ordinary table with storage that can be read by ranges of `ctid`: who may read
    /// some columns only may not read that one.
    pub by_blocks: bool,
    /// Whether all rows are in this database: other servers know nothing of its snapshots.
    pub local: bool,
}

impl Relation {
    /// Looks the table up.
    pub(super) fn find(session: &Session, address: &ServerAddress) -> Result<Self, EndpointError> {
        let schema = address.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
        // 2 is the ordinary table access method, `heap`.
        let sql = "SELECT c.oid, c.relkind::text, c.reltuples::float8, c.relam = 2,
                pg_catalog.current_setting('server_version_num')::int4,
                EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid),
                pg_catalog.row_security_active(c.oid), pg_catalog.has_table_privilege(c.oid, 'SELECT'),
                current_user::text
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";
        let rows = session.query(DOING, sql, &[&schema, &address.table])?;
        let Some(row) = rows.first() else { return Err(missing(session, address, schema)?) };
        let read = |e| session.query_error(DOING, &e);
        let oid: u32 = row.try_get(0).map_err(read)?;
        let kind: String = row.try_get(1).map_err(read)?;
        let tuples: f64 = row.try_get(2).map_err(read)?;
        let heap: bool = row.try_get(3).map_err(read)?;
        let version: i32 = row.try_get(4).map_err(read)?;
        let parent: bool = row.try_get(5).map_err(read)?;
        let restricted: bool = row.try_get(6).map_err(read)?;
        let readable: bool = row.try_get(7).map_err(read)?;
        if restricted && !address.reading.visible_rows {
            let user: String = row.try_get(8).map_err(read)?;
            let why = format!("policies of table `{schema}.{}` are in force for user `{user}`", address.table);
            return Err(EndpointError::HiddenRows { address: address.shown.clone(), why });
        }

        let tree = if parent { Tree::below(session, oid, version)? } else { Tree::default() };
        let mut relation = Self {
            oid,
            info: TableInfo { restricted, ..TableInfo::default() },
            kinds: Vec::new(),
            // Before version 14, a condition on `ctid` reads the whole table each time.
            by_blocks: kind == "r" && heap && version >= 140_000 && readable,
            local: matches!(kind.as_str(), "r" | "m" | "p") && !tree.foreign,
        };
        relation.columns(session, version)?;
        // An inheritance parent's keys do not bind its children's rows, which it shows as its own.
        if kind == "p" || !parent {
            relation.keys(session, version)?;
        }
        relation.info.estimated_rows = match kind.as_str() {
            "v" => None,
            _ if parent => tree.rows,
            // Before version 14, 0 may also mean that nobody has counted.
            _ if tuples > 0.0 || (tuples == 0.0 && version >= 140_000) => Some(tuples as u64),
            _ => None,
        };
        Ok(relation)
    }

    fn columns(&mut self, session: &Session, version: i32) -> Result<(), EndpointError> {
        let generated = if version >= 120_000 { "a.attgenerated <> ''" } else { "false" };
        // A domain's values are those of its base type, with the modifier that the domain gives.
        let sql = format!(
            "WITH RECURSIVE base AS (
                SELECT a.attnum, t.oid AS type, a.atttypmod AS modifier, t.typname, t.typtype, t.typbasetype, t.typtypmod
                FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
              UNION ALL
                SELECT base.attnum, t.oid, base.typtypmod, t.typname, t.typtype, t.typbasetype, t.typtypmod
                FROM base JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd'
            )
            SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, {generated},
                b.type, b.typname::text, b.modifier, pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'),
                a.attnum,
                ARRAY(SELECT e.oid FROM {ENUMS} ORDER BY e.oid), ARRAY(SELECT e.enumlabel::text FROM {ENUMS} ORDER BY e.oid)
            FROM pg_catalog.pg_attribute a JOIN base b ON b.attnum = a.attnum AND b.typtype <> 'd'
            WHERE a.attrelid = $1 ORDER BY a.attnum"
        );
        for row in session.query(DOING, &sql, &[&self.oid])? {
            let read = |e| session.query_error(DOING, &e);
            let type_name: String = row.try_get(5).map_err(read)?;
            let oid: u32 = row.try_get(4).map_err(read)?;
            let name = row.try_get(0).map_err(|e| strange_name(session, "column", &e))?;
            let kind = Kind::new(oid, &type_name, row.try_get(6).map_err(read)?);
            let (name, native): (String, String) = (name, row.try_get(1).map_err(read)?);
            if !row.try_get::<_, bool>(7).map_err(read)? {
                self.info.denied.get_or_insert_default().push(name.clone());
            }
            let number: i16 = row.try_get(8).map_err(read)?;
            let (oids, labels): (Vec<u32>, Vec<String>) =
                (row.try_get(9).map_err(read)?, row.try_get(10).map_err(read)?);
            let origin = Origin {
                table: self.oid.into(),
                column: number.unsigned_abs().into(),
                labels: oids.into_iter().map(u64::from).zip(labels).collect(),
            };
            self.info.columns.push(Column {
                origin: Some(origin),
                nullable: row.try_get(2).map_err(read)?,
                generated: row.try_get(3).map_err(read)?,
                padded: oid == BPCHAR,
                ..Column::new(name, kind.ty.clone(), native)
            });
            self.kinds.push(kind);
        }
        Ok(())
    }

    fn keys(&mut self, session: &Session, version: i32) -> Result<(), EndpointError> {
        // Columns that an index only includes do not make it unique.
        let width = if version >= 110_000 { "i.indnkeyatts" } else { "i.indnatts" };
        let sql = format!(
            "SELECT i.indisprimary, ARRAY(
                SELECT a.attname::text
                FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, at)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                WHERE k.at <= {width} ORDER BY k.at)
            FROM pg_catalog.pg_index i
            WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
            ORDER BY i.indisprimary DESC, i.indexrelid"
        );
        for row in session.query(DOING, &sql, &[&self.oid])? {
            let read = |e| session.query_error(DOING, &e);
            let columns: Vec<String> = row.try_get(1).map_err(read)?;
            if row.try_get(0).map_err(read)? {
                self.info.primary_key = columns;
            } else if !self.info.unique.contains(&columns) && columns != self.info.primary_key {
                self.info.unique.push(columns);
            }
        }
        Ok(())
    }
}

/// A name that could not be taken for text.
fn strange_name(session: &Session, what: &str, error: &tokio_postgres::Error) -> EndpointError {
    if !session.server().is_unencoded() {
        return session.query_error(DOING, error);
    }
    let why = format!(
        "the name of a {what} is no valid UTF-8, and the encoding of the database (SQL_ASCII) does not tell what it is: \
         rename it, or compare a view with other names"
    );
    session.error(DOING, why)
}

/// The labels of a column's enum, or of its elements' one.
const ENUMS: &str = "pg_catalog.pg_enum e JOIN pg_catalog.pg_type own ON own.oid = b.type
                    WHERE e.enumtypid IN (own.oid, own.typelem)";
const DOING: &str = "reading the table's description";
/// The type of `char(n)`.
const BPCHAR: u32 = 1042;

/// A parent's partitions or children, at any depth, and itself.
#[derive(Default)]
struct Tree {
    /// If the server has counted all of them.
    rows: Option<u64>,
    /// Whether any of them is another server's.
    foreign: bool,
}

impl Tree {
    fn below(session: &Session, parent: u32, version: i32) -> Result<Self, EndpointError> {
        let counted = if version >= 140_000 { "c.reltuples >= 0" } else { "c.reltuples > 0" };
        let sql = format!(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS oid
              UNION
                SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN tree ON tree.oid = h.inhparent
            )
            SELECT CASE WHEN pg_catalog.bool_and({counted}) THEN pg_catalog.sum(c.reltuples::float8) END,
                pg_catalog.bool_or(c.relkind = 'f')
            FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid WHERE c.relkind <> 'p'"
        );
        let rows = session.query(DOING, &sql, &[&parent])?;
        let Some(row) = rows.first() else { return Ok(Self::default()) };
        let read = |e| session.query_error(DOING, &e);
        let counted: Option<f64> = row.try_get(0).map_err(read)?;
        let foreign: Option<bool> = row.try_get(1).map_err(read)?;
        Ok(Self { rows: counted.map(|rows| rows as u64), foreign: foreign.unwrap_or(false) })
    }
}

/// The error for a table that isn't there, with the nearest name: in the same schema, else the
/// same name elsewhere, else alike elsewhere.
fn missing(session: &Session, address: &ServerAddress, schema: &str) -> Result<EndpointError, EndpointError> {
    let sql = "SELECT n.nspname::text, c.relname::text
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_(toast|temp)'
            AND (n.nspname NOT IN ('pg_catalog', 'information_schema') OR n.nspname = $1)
        ORDER BY 1, 2";
    let mut here = Vec::new();
    let mut elsewhere = Vec::new();
    for row in session.query("listing the tables", sql, &[&schema])? {
        // A name that is no text is none that was meant.
        let (Ok(of), Ok(name)) = (row.try_get::<_, String>(0), row.try_get::<_, String>(1)) else { continue };
        if of == schema {
            here.push(name);
        } else {
            elsewhere.push((of, name));
        }
    }
    let full = |(of, name): &(String, String)| format!("{of}.{name}");
    let suggestion = nearest(&address.table, &here)
        .map(|name| if schema == DEFAULT_SCHEMA { name } else { format!("{schema}.{name}") })
        .or_else(|| elsewhere.iter().find(|(_, name)| *name == address.table).map(full))
        .or_else(|| {
            let names: Vec<String> = elsewhere.iter().map(full).collect();
            nearest(&format!("{schema}.{}", address.table), &names)
        });
    let table = format!("{schema}.{}", address.table);
    Ok(EndpointError::NoTable { address: address.shown.clone(), table, suggestion })
}
