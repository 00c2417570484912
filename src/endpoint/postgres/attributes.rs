//! What the catalog says of a table's columns to somebody who writes to them: base types, what
//! fills them, and how two of their values are told apart.

use super::super::EndpointError;
use super::connect::Session;
use super::kind::Kind;
use crate::table::PortableType;

/// A column to be written.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: String,
    pub kind: Kind,
    /// Its type, or what its domain is made of, as SQL that means the same under any `search_path`.
    pub base: String,
    pub base_oid: u32,
    pub modifier: i32,
    /// Whether it, or its domain, refuses NULL.
    pub not_null: bool,
    /// Whether it, or its domain, has a default.
    pub has_default: bool,
    pub identity: Identity,
    /// Whether it is GENERATED ALWAYS AS an expression.
    pub computed: bool,
    /// Whether its collation tells apart whatever differs in a byte.
    pub deterministic: bool,
    /// The labels of an enum, in order.
    pub labels: Vec<String>,
    /// The sequence that new rows take their value from.
    pub sequence: Option<u32>,
}

/// Whether a column is an identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Identity {
    #[default]
    None,
    ByDefault,
    Always,
}

/// How two values of a column are compared byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exact {
    /// Its own equality tells all values apart (numbers: by value).
    Own,
    /// Its own under the collation "C".
    Bytes,
    /// As printed: it has no equality, or one that finds different values equal.
    Printed,
}

impl Attribute {
    pub(super) fn exact(&self) -> Exact {
        match (&self.kind.ty, self.base_oid) {
            // text, character(n), varchar
            (PortableType::Text, 25 | 1042 | 1043) => Exact::Bytes,
            // json has no equality, jsonb's does not see digits, and `1 day` equals `24:00`.
            (PortableType::Text | PortableType::Json, _) => Exact::Printed,
            (printed, _) if printed.is_printed() => Exact::Printed,
            _ => Exact::Own,
        }
    }
}

const DOING: &str = "reading the table's columns";

/// All columns of a table, in its own order. From here to the end of the transaction, names are
/// printed with their schema.
pub(super) fn attributes(session: &Session, oid: u32, version: i32) -> Result<Vec<Attribute>, EndpointError> {
    session.execute(DOING, "SET LOCAL search_path = pg_catalog")?;
    let (generated, deterministic) = if version >= 120_000 {
        ("a.attgenerated <> ''", "(SELECT c.collisdeterministic FROM pg_collation c WHERE c.oid = a.attcollation)")
    } else {
        ("false", "true")
    };
    // A domain's values are those of its base type, with the modifier that the domain gives.
    // An identity owns its sequence; a default depends on the one that it asks.
    let sql = format!(
        "WITH RECURSIVE base AS (
            SELECT a.attnum, t.oid AS type, a.atttypmod AS modifier, t.typname, t.typtype, t.typbasetype, t.typtypmod,
                t.typnotnull AS never_null, t.typdefault IS NOT NULL AS filled
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
          UNION ALL
            SELECT base.attnum, t.oid, base.typtypmod, t.typname, t.typtype, t.typbasetype, t.typtypmod,
                base.never_null OR t.typnotnull, base.filled OR t.typdefault IS NOT NULL
            FROM base JOIN pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd'
        )
        SELECT a.attname::text, pg_catalog.format_type(b.type, b.modifier), b.type, b.typname::text, b.modifier,
            a.attnotnull OR b.never_null, a.atthasdef OR b.filled, a.attidentity::text, {generated},
            COALESCE({deterministic}, true),
            ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.type ORDER BY e.enumsortorder),
            COALESCE(
                (SELECT s.oid FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                        AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i' LIMIT 1),
                (SELECT s.oid FROM pg_attrdef f
                    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
                    WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum AND d.refclassid = 'pg_class'::regclass
                    LIMIT 1))
        FROM pg_attribute a JOIN base b ON b.attnum = a.attnum AND b.typtype <> 'd'
        WHERE a.attrelid = $1 ORDER BY a.attnum"
    );
    let mut out = Vec::new();
    for row in session.query(DOING, &sql, &[&oid])? {
        let read = |e| session.query_error(DOING, &e);
        let (base_oid, type_name, modifier): (u32, String, i32) =
            (row.try_get(2).map_err(read)?, row.try_get(3).map_err(read)?, row.try_get(4).map_err(read)?);
        let identity: String = row.try_get(7).map_err(read)?;
        out.push(Attribute {
            name: row.try_get(0).map_err(read)?,
            kind: Kind::new(base_oid, &type_name, modifier),
            base: row.try_get(1).map_err(read)?,
            base_oid,
            modifier,
            not_null: row.try_get(5).map_err(read)?,
            has_default: row.try_get(6).map_err(read)?,
            identity: match identity.as_str() {
                "a" => Identity::Always,
                "d" => Identity::ByDefault,
                _ => Identity::None,
            },
            computed: row.try_get(8).map_err(read)?,
            deterministic: row.try_get(9).map_err(read)?,
            labels: row.try_get(10).map_err(read)?,
            sequence: row.try_get(11).map_err(read)?,
        });
    }
    Ok(out)
}

/// The server's version, as in 150004.
pub(super) fn version(session: &Session) -> Result<i32, EndpointError> {
    let doing = "asking for the server's version";
    let rows = session.query(doing, "SELECT pg_catalog.current_setting('server_version_num')::int4", &[])?;
    match rows.first() {
        Some(row) => row.try_get(0).map_err(|e| session.query_error(doing, &e)),
        None => Ok(0),
    }
}
