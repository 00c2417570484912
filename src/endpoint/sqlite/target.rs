//! What a table asks of those who write to it.

use super::affinity::Affinity;
use super::connect::{Sqlite, message, quoted};
use super::foreign::{dependents, references};
use super::history::is_own_trigger;
use super::layout::Layout;
use super::unique::unique;
use crate::endpoint::{Endpoint, EndpointError, Holds, Target, TargetColumn};
use crate::table::{Column, MICROS_PER_DAY, PortableType, days_from_civil};
use rusqlite::{Connection, Result};

/// The most bytes that SQLite stores in one value, unless it was built for less.
const MOST_BYTES: u64 = 1_000_000_000;
/// The last year all of whose moments can be counted in microseconds.
const LAST_YEAR: i64 = 294_246;

/// What the table asks of those who write to it, at one moment.
pub(super) fn target(sqlite: &Sqlite) -> std::result::Result<Target, EndpointError> {
    let info = sqlite.describe()?;
    let connection = sqlite.connect()?;
    let failed = |error: rusqlite::Error| sqlite.failed("describing the table", &error);
    let layout = Layout::read(&connection, sqlite.table()).map_err(failed)?;
    let layout = layout.ok_or_else(|| sqlite.no_table(&connection))?;
    let mut target = Target {
        columns: info.columns.iter().filter_map(|column| describe(&layout, column)).collect(),
        unique: unique(&connection, sqlite.table(), &layout).map_err(failed)?,
        references: references(&connection, sqlite.table()).map_err(failed)?,
        dependents: dependents(&connection, sqlite.table(), &info.primary_key).map_err(failed)?,
        triggers: triggers(&connection, sqlite.table()).map_err(failed)?,
        obstacles: obstacles(&connection, sqlite, &layout),
        touched: Vec::new(),
        lacking: Vec::new(),
        warnings: Vec::new(),
    };
    if layout.kind == "virtual" {
        target.warnings.push("it is a virtual table: what its module does with the rows is not known".to_owned());
    }
    Ok(target)
}

fn describe(layout: &Layout, column: &Column) -> Option<TargetColumn> {
    let facts = layout.column(&column.name)?;
    Some(TargetColumn {
        name: column.name.clone(),
        nullable: !facts.not_null,
        optional: facts.generated || facts.default || facts.row_number || !facts.not_null,
        computed: facts.generated,
        counter: facts.row_number,
        holds: holds(layout.strict, facts.row_number, facts.affinity, column),
    })
}

fn holds(strict: bool, row_number: bool, affinity: Affinity, column: &Column) -> Holds {
    use PortableType as T;
    let ty = &column.ty;
    let midnight = |year, month, day| days_from_civil(year, month, day) * MICROS_PER_DAY;
    let float = matches!(ty, T::Float32 | T::Float64);
    Holds {
        bytes: Some(MOST_BYTES),
        times: match ty {
            T::Date | T::Timestamp { .. } | T::Instant { .. } => {
                Some((midnight(1, 1, 1), midnight(LAST_YEAR + 1, 1, 1) - 1))
            }
            _ => None,
        },
        // Infinities it would hold, but not NaN, which is NULL to it; elsewhere `NaN` is a text.
        no_nan: strict && float && affinity == Affinity::Real,
        numeric: affinity.is_numeric() && !float,
        // In a STRICT table only ANY is no type of its own.
        any_other: (!strict || !column.declared) && !row_number,
        ..Holds::default()
    }
}

fn triggers(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let sql =
        "SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1) ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let mut names = statement.query_map([table], |row| row.get(0))?.collect::<Result<Vec<String>>>()?;
    names.retain(|name| !is_own_trigger(name));
    Ok(names)
}

fn obstacles(connection: &Connection, sqlite: &Sqlite, layout: &Layout) -> Vec<String> {
    match layout.kind.as_str() {
        "view" => return vec!["it is a view".to_owned()],
        "shadow" => return vec!["it belongs to a virtual table, which alone may write to it".to_owned()],
        _ if layout.identity.is_empty() => {
            return vec![
                "its columns have taken all names of the row number, so that no row can be told from the others"
                    .to_owned(),
            ];
        }
        _ => {}
    }
    let mut out = Vec::new();
    // Preparing a statement finds triggers and foreign keys that refer to what is not there.
    let table = format!("main.{}", sqlite.quoted_table());
    let first = layout.columns.iter().find(|column| !column.generated);
    let mut statements = vec![format!("DELETE FROM {table}")];
    if let Some(column) = first {
        let column = quoted(&column.name);
        statements.push(format!("INSERT INTO {table} ({column}) VALUES (NULL)"));
        statements.push(format!("UPDATE {table} SET {column} = {column}"));
    }
    let prepare = |sql: &String| match connection.prepare(sql) {
        // The connection only reads, and says so.
        Err(error) if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ReadOnly) => Some(message(&error)),
        _ => None,
    };
    // Foreign keys only count where they are switched on, which is not possible in a transaction.
    let switch = |on: &str| connection.execute_batch(&format!("COMMIT; PRAGMA foreign_keys = {on}; BEGIN DEFERRED"));
    if switch("ON").is_ok() {
        for why in statements.iter().filter_map(prepare) {
            if !out.contains(&why) {
                out.push(why);
            }
        }
        let _ = switch("OFF");
    }
    if let Err(error) = std::fs::OpenOptions::new().append(true).open(sqlite.path()) {
        out.push(format!("its file can't be written to: {error}"));
    }
    let folder = std::path::absolute(sqlite.path()).ok().and_then(|path| path.parent().map(std::fs::metadata));
    if let Some(Ok(about)) = folder
        && about.permissions().readonly()
    {
        out.push("the folder of its file can't be written to, where SQLite needs a journal".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::OnDelete;

    fn asked(sql: &str) -> Target {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        Sqlite::new(path, "t".to_owned()).target().unwrap().unwrap()
    }

    #[test]
    fn columns_say_what_they_ask_for() {
        let target = asked(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT NOT NULL DEFAULT 5, c AS (b + 1), d)",
        );
        let facts: Vec<_> =
            target.columns.iter().map(|c| (c.name.as_str(), c.nullable, c.optional, c.computed, c.counter)).collect();
        assert_eq!(
            facts,
            [
                ("id", false, true, false, true),
                ("a", false, false, false, false),
                ("b", false, true, false, false),
                ("c", true, true, true, false),
                ("d", true, true, false, false)
            ]
        );
        assert!(target.obstacles.is_empty() && target.warnings.is_empty(), "{target:?}");
        assert!(target.columns[2].holds.any_other && !target.columns[0].holds.any_other);
        assert!(target.columns[2].holds.numeric && !target.columns[1].holds.numeric);
    }

    #[test]
    fn every_unique_index_names_its_columns() {
        let target = asked(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT, \"c d\" TEXT, e TEXT);
             CREATE UNIQUE INDEX partial ON t (a) WHERE \"c d\" = 'b';
             CREATE UNIQUE INDEX expression ON t (lower(b), [e]);
             CREATE INDEX plain ON t (e);",
        );
        let columns = |name: &str| target.unique.iter().find(|index| index.name == name).unwrap().columns.clone();
        assert_eq!(target.unique[0].columns, ["id"]);
        assert_eq!(columns("sqlite_autoindex_t_1"), ["a"]);
        assert_eq!(columns("expression"), ["e", "b"]);
        let partial = columns("partial");
        assert!(partial.contains(&"a".to_owned()) && partial.contains(&"c d".to_owned()), "{partial:?}");
        assert_eq!(target.unique.len(), 4);
        let keyed = asked("CREATE TABLE t (a TEXT UNIQUE, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID");
        assert_eq!(keyed.unique[0].columns, ["b", "a"]);
    }

    #[test]
    fn foreign_keys_both_ways_and_triggers() {
        let target = asked(
            "CREATE TABLE other (x, y, PRIMARY KEY (x, y));
             CREATE TABLE t (id INTEGER PRIMARY KEY, x, y, up INT REFERENCES t ON DELETE SET NULL,
                 FOREIGN KEY (x, y) REFERENCES Other);
             CREATE TABLE child (p INT REFERENCES T (id) ON DELETE CASCADE);
             CREATE TRIGGER hello AFTER UPDATE ON T BEGIN SELECT 1; END;",
        );
        let references: Vec<_> =
            target.references.iter().map(|r| (r.table.as_str(), r.to.clone(), r.to_itself)).collect();
        assert!(references.contains(&("Other", vec!["x".to_owned(), "y".to_owned()], false)), "{references:?}");
        assert!(references.contains(&("t", vec!["id".to_owned()], true)), "{references:?}");
        let dependents: Vec<_> =
            target.dependents.iter().map(|d| (d.table.as_str(), d.on_delete, d.to.clone(), d.is_itself)).collect();
        assert_eq!(
            dependents,
            [
                ("child", OnDelete::Cascade, vec!["id".to_owned()], false),
                ("t", OnDelete::SetNull, vec!["id".to_owned()], true)
            ]
        );
        assert_eq!(target.triggers, ["hello"]);
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        assert_eq!(asked("CREATE VIEW t AS SELECT 1 AS a").obstacles, ["it is a view"]);
        let obstacles = |sql: &str| asked(sql).obstacles.join("; ");
        assert!(obstacles("CREATE TABLE t (rowid, _rowid_, oid)").contains("row number"));
        let trigger = "CREATE TABLE x (a); CREATE TABLE t (a);
             CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO x VALUES (1); END; DROP TABLE x";
        assert!(obstacles(trigger).contains("no such table"));
        let mismatch = "CREATE TABLE p (a); CREATE TABLE t (a REFERENCES p (a))";
        assert!(obstacles(mismatch).contains("mismatch"), "{}", obstacles(mismatch));
    }
}
