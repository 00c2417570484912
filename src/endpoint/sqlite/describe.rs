//! What SQLite says of a table, and where it says nothing, what the values are.

use super::connect::{Sqlite, quoted};
use super::declared::portable;
use crate::endpoint::EndpointError;
use crate::table::{Column, PortableType, TableInfo};
use rusqlite::{Connection, Result};

/// Columns whose kinds are looked at in one statement: four results each, of at most 2,000.
const AT_ONCE: usize = 250;

/// One row of `pragma_table_xinfo`.
struct Described {
    name: String,
    declared: String,
    not_null: bool,
    /// From 1; 0 if it is no part of the primary key.
    key_place: u32,
    generated: bool,
}

/// Describes the table at one moment.
pub(super) fn describe(sqlite: &Sqlite) -> std::result::Result<TableInfo, EndpointError> {
    let connection = sqlite.connect()?;
    let failed = |error: rusqlite::Error| sqlite.failed("describing the table", &error);
    let mut described = columns(&connection, sqlite.table()).map_err(failed)?;
    if described.is_empty() {
        return Err(sqlite.no_table(&connection));
    }
    // Of a view the description guesses a type for each expression; the statement does not.
    let types = declared_types(&connection, sqlite, &described).map_err(failed)?;
    for (column, declared) in described.iter_mut().zip(types) {
        column.declared = declared;
    }
    let indexes = indexes(&connection, sqlite.table()).map_err(failed)?;

    let mut key: Vec<&Described> = described.iter().filter(|column| column.key_place > 0).collect();
    key.sort_by_key(|column| column.key_place);
    let primary_key: Vec<String> = key.iter().map(|column| column.name.clone()).collect();
    // A primary key of one column and without an index is the row's number itself.
    let row_number = primary_key.len() == 1 && !indexes.iter().any(|index| index.primary);

    let mut unknown = Vec::new();
    let mut columns = Vec::with_capacity(described.len());
    for (at, column) in described.iter().enumerate() {
        let ty = portable(&column.declared);
        if ty.is_none() {
            unknown.push(at);
        }
        let native = if column.declared.is_empty() { super::UNTYPED } else { &column.declared };
        columns.push(Column {
            // SQLite lets other primary keys be NULL, unless they are declared NOT NULL.
            nullable: !(column.not_null || row_number && column.key_place > 0),
            generated: column.generated,
            declared: ty.is_some(),
            ..Column::new(&column.name, ty.unwrap_or(PortableType::Printed), native)
        });
    }
    for some in unknown.chunks(AT_ONCE) {
        let names: Vec<&str> = some.iter().map(|at| columns[*at].name.as_str()).collect();
        let types = types_of_values(&connection, sqlite, &names).map_err(failed)?;
        for (at, ty) in some.iter().zip(types) {
            columns[*at].ty = ty;
        }
    }
    let unique = indexes.into_iter().filter(|index| !index.primary).filter_map(|index| index.columns);
    Ok(TableInfo { columns, unique: unique.collect(), primary_key, ..TableInfo::default() })
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Described>> {
    // `hidden` is 1 for the inner columns of virtual tables, 2 and 3 for generated columns.
    let sql = "SELECT name, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([table], |row| {
        Ok(Described {
            name: row.get(0)?,
            declared: String::new(),
            not_null: row.get(1)?,
            key_place: row.get(2)?,
            generated: row.get::<_, u8>(3)? > 1,
        })
    })?;
    rows.collect()
}

fn declared_types(connection: &Connection, sqlite: &Sqlite, columns: &[Described]) -> Result<Vec<String>> {
    let table = sqlite.quoted_table();
    let names: Vec<String> = columns.iter().map(|column| format!("{table}.{}", quoted(&column.name))).collect();
    let statement = connection.prepare(&format!("SELECT {} FROM main.{table}", names.join(", ")))?;
    Ok(statement.columns().iter().map(|column| column.decl_type().unwrap_or_default().to_owned()).collect())
}

struct Index {
    primary: bool,
    /// `None` if some part of it is an expression.
    columns: Option<Vec<String>>,
}

/// The unique indexes that hold for all rows.
fn indexes(connection: &Connection, table: &str) -> Result<Vec<Index>> {
    let sql = "SELECT l.name, l.origin, x.cid, x.name \
               FROM pragma_index_list(?1, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x \
               WHERE l.\"unique\" = 1 AND l.partial = 0 AND x.key = 1 ORDER BY l.seq, x.seqno";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let mut out: Vec<(String, Index)> = Vec::new();
    while let Some(row) = rows.next()? {
        let index: String = row.get(0)?;
        if out.last().is_none_or(|(last, _)| *last != index) {
            let primary = row.get::<_, String>(1)? == "pk";
            out.push((index, Index { primary, columns: Some(Vec::new()) }));
        }
        let column = if row.get::<_, i64>(2)? >= 0 { row.get(3)? } else { None };
        if let Some((_, index)) = out.last_mut() {
            match (&mut index.columns, column) {
                (Some(columns), Some(column)) => columns.push(column),
                (columns, _) => *columns = None,
            }
        }
    }
    Ok(out.into_iter().map(|(_, index)| index).collect())
}

/// The types that hold all values of these columns, whatever was declared.
fn types_of_values(connection: &Connection, sqlite: &Sqlite, columns: &[&str]) -> Result<Vec<PortableType>> {
    let table = sqlite.quoted_table();
    let kinds = columns.iter().flat_map(|column| {
        let name = format!("{table}.{}", quoted(column));
        ["integer", "real", "text", "blob"].map(|kind| format!("ifnull(max(typeof({name}) = '{kind}'), 0)"))
    });
    let kinds: Vec<String> = kinds.collect();
    let sql = format!("SELECT {} FROM main.{table}", kinds.join(", "));
    connection.query_row(&sql, [], |row| {
        let has = |at: usize| row.get::<_, bool>(at);
        (0..columns.len())
            .map(|at| Ok(type_of_kinds([has(at * 4)?, has(at * 4 + 1)?, has(at * 4 + 2)?, has(at * 4 + 3)?])))
            .collect()
    })
}

/// The type for a column in which these kinds occur: integer, real, text, blob.
fn type_of_kinds(kinds: [bool; 4]) -> PortableType {
    match kinds {
        [true, false, false, false] => PortableType::Integer,
        // As floats, the integers among them would not all stay what they are.
        [true, true, false, false] => PortableType::Decimal { precision: None, scale: 0 },
        [false, true, false, false] => PortableType::Float64,
        [false, false, _, false] => PortableType::Text,
        [false, false, false, true] => PortableType::Bytes,
        _ => PortableType::Printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use PortableType as T;

    fn database(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        (folder, path)
    }

    fn described(sql: &str, table: &str) -> TableInfo {
        let (_folder, path) = database(sql);
        Sqlite::new(path, table.to_owned()).describe().unwrap()
    }

    fn types(info: &TableInfo) -> Vec<(&str, PortableType, bool)> {
        info.columns.iter().map(|c| (c.name.as_str(), c.ty.clone(), c.declared)).collect()
    }

    #[test]
    fn columns_keys_and_indexes() {
        let info = described(
            "CREATE TABLE \"odd \"\"name\" (a TEXT, b INT NOT NULL, c REAL, \"d e\" TEXT AS (a || 'x') STORED,
                 f INT GENERATED ALWAYS AS (b + 1), PRIMARY KEY (b, a), UNIQUE (c));
             CREATE UNIQUE INDEX partial ON \"odd \"\"name\" (a) WHERE b > 0;
             CREATE UNIQUE INDEX expression ON \"odd \"\"name\" (b, lower(a));
             CREATE UNIQUE INDEX two ON \"odd \"\"name\" (c, \"d e\");
             CREATE INDEX plain ON \"odd \"\"name\" (a);",
            "odd \"name",
        );
        assert_eq!(info.primary_key, ["b", "a"]);
        let mut unique = info.unique.clone();
        unique.sort();
        assert_eq!(unique, [vec!["c".to_owned()], vec!["c".to_owned(), "d e".to_owned()]]);
        let facts: Vec<_> =
            info.columns.iter().map(|c| (c.name.as_str(), c.native.as_str(), c.nullable, c.generated)).collect();
        assert_eq!(
            facts,
            [
                ("a", "TEXT", true, false),
                ("b", "INT", false, false),
                ("c", "REAL", true, false),
                ("d e", "TEXT", true, true),
                ("f", "INT", true, true)
            ]
        );
    }

    #[test]
    fn primary_keys_may_be_null_unless_they_cannot() {
        let nullable = |create: &str| {
            let info = described(create, "t");
            (info.primary_key.clone(), info.columns[0].nullable, info.unique.len())
        };
        let a = vec!["a".to_owned()];
        assert_eq!(nullable("CREATE TABLE t (a INTEGER PRIMARY KEY, b)"), (a.clone(), false, 0));
        assert_eq!(nullable("CREATE TABLE t (a INTEGER PRIMARY KEY DESC, b)"), (a.clone(), true, 0));
        assert_eq!(nullable("CREATE TABLE t (a INT PRIMARY KEY, b)"), (a.clone(), true, 0));
        assert_eq!(nullable("CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID"), (a.clone(), false, 0));
        assert_eq!(nullable("CREATE TABLE t (a TEXT PRIMARY KEY, b INT) STRICT"), (a, false, 0));
        assert_eq!(nullable("CREATE TABLE t (a)"), (vec![], true, 0));
    }

    #[test]
    fn where_no_type_is_declared_the_values_decide() {
        let info = described(
            "CREATE TABLE t (i, d, r, s, b, m, n, st STRING, ty INT);
             INSERT INTO t VALUES (1, 1, 1.5, 'x', x'00', 1, NULL, 'abc', 1), (2, 2.5, 2.5, '', x'', '1', NULL, 'd', 2);",
            "t",
        );
        assert_eq!(
            types(&info),
            [
                ("i", T::Integer, false),
                ("d", T::Decimal { precision: None, scale: 0 }, false),
                ("r", T::Float64, false),
                ("s", T::Text, false),
                ("b", T::Bytes, false),
                ("m", T::Printed, false),
                ("n", T::Text, false),
                ("st", T::Text, false),
                ("ty", T::Integer, true)
            ]
        );
        assert_eq!((info.columns[0].native.as_str(), info.columns[7].native.as_str()), ("untyped", "STRING"));
    }

    #[test]
    fn views_keep_the_types_of_their_tables() {
        let info = described(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME); INSERT INTO t VALUES (1, '2024-01-01');
             CREATE VIEW v AS SELECT id, at AS moment, id * 1.5 AS x, at || '!' AS y FROM t;",
            "v",
        );
        assert_eq!(
            types(&info),
            [
                ("id", T::Integer, true),
                ("moment", T::Timestamp { precision: 6 }, true),
                ("x", T::Float64, false),
                ("y", T::Text, false)
            ]
        );
        assert!(info.primary_key.is_empty() && info.unique.is_empty());
    }

    #[test]
    fn wide_tables_without_types() {
        let names: Vec<String> = (0..1500).map(|at| format!("c{at}")).collect();
        let info = described(&format!("CREATE TABLE t ({})", names.join(", ")), "t");
        assert_eq!(info.columns.len(), 1500);
    }

    #[test]
    fn what_is_missing_is_said() {
        let (folder, path) = database("CREATE TABLE orders (a); CREATE VIEW broken AS SELECT x FROM gone");
        let error = |path: &std::path::Path, table: &str| {
            Sqlite::new(path.to_owned(), table.to_owned()).describe().unwrap_err()
        };
        let EndpointError::NoTable { suggestion, .. } = error(&path, "order") else { panic!() };
        assert_eq!(suggestion.as_deref(), Some("orders"));
        assert!(matches!(error(&path, "broken"), EndpointError::Query { .. }));
        assert!(matches!(error(&path, ""), EndpointError::NoTable { .. }));
        assert_eq!(Sqlite::new(path.clone(), "ORDERS".into()).describe().unwrap().columns.len(), 1);

        let words = |path: &std::path::Path| match error(path, "t") {
            EndpointError::Unreadable { why, .. } => why,
            other => panic!("{other}"),
        };
        assert!(words(&folder.path().join("no.db")).contains("No such file"));
        assert!(!folder.path().join("no.db").exists());
        assert!(words(folder.path()).contains("folder"));
        let other = folder.path().join("text.db");
        std::fs::write(&other, "this is not a database. ".repeat(100)).unwrap();
        assert!(words(&other).contains("no SQLite database"));
    }
}
