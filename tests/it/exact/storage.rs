//! SQLite's values keep their storage class and their text, whatever their column is declared as.

use crate::apply::run_script;
use crate::support::{Kind, Place};
use rusqlite::Connection;

/// Values that no declared type tells everything of.
const VALUES: [&str; 17] = [
    "1",
    "'1'",
    "1.0",
    "1.5",
    "'1.50'",
    "'abc'",
    "x'616263'",
    "x''",
    "''",
    "'2024-01-01'",
    "'2024-01-01 00:00:00'",
    "'2024-01-01T00:00:00.500'",
    "'2024-01-01 00:00:00-07:00'",
    "20240101",
    "'true'",
    "'{\"a\":  1}'",
    "x'a0eebc999c0b4ef8bb6d6bb9bd380a11'",
];
const TYPES: [&str; 16] = [
    "",
    "BLOB",
    "TEXT",
    "INTEGER",
    "REAL",
    "NUMERIC",
    "DATE",
    "DATETIME",
    "TIMESTAMPTZ",
    "TIME",
    "BOOLEAN",
    "UUID",
    "JSON",
    "STRING",
    "VARBINARY(9)",
    "ANY",
];

/// All values as SQLite stores them, by row.
fn stored(connection: &Connection, table: &str) -> Vec<String> {
    let sql =
        format!("SELECT id || ' ' || typeof(v) || ' ' || quote(v) || ' ' || ifnull(n, '') FROM {table} ORDER BY id");
    let mut statement = connection.prepare(&sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn fill(connection: &Connection, table: &str, declared: &str) {
    connection.execute_batch(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, v {declared}, n TEXT)")).unwrap();
    for (at, value) in VALUES.iter().enumerate() {
        connection.execute_batch(&format!("INSERT INTO {table} VALUES ({at}, {value}, 'n')")).unwrap();
    }
}

#[test]
fn undo_brings_back_what_was_stored() {
    for declared in TYPES {
        for (kind, from) in [("deletes", "WHERE id = 99"), ("updates", "")] {
            let place = Place::new();
            let connection = place.sqlite();
            fill(&connection, "r", declared);
            connection.execute_batch(&format!(
                "CREATE TABLE l (id INTEGER PRIMARY KEY, v {declared}, n TEXT); INSERT INTO l SELECT id, v, n FROM r {from};
                 UPDATE l SET v = 'other' || id, n = 'new'; INSERT INTO l VALUES (99, 'x', 'x')"
            )).unwrap();
            let before = stored(&connection, "r");
            let (left, right) = (place.sqlite_address("l"), place.sqlite_address("r"));
            place.dir.plan(&left, &right, "p", &[]).json(1);
            let misfits = place.dir.apply("p", &[]).json(0)["refused"].as_i64().unwrap();
            assert_eq!(misfits, 0);
            assert_ne!(stored(&connection, "r"), before);
            place.dir.undo("p", &[]).json(0);
            assert_eq!(stored(&connection, "r"), before, "undo of {kind}, declared as `{declared}`");
        }
    }
}

#[test]
fn what_comes_from_sqlite_is_stored_as_it_was() {
    for script in [false, true] {
        for declared in TYPES {
            let mut place = Place::new();
            let connection = place.sqlite();
            fill(&connection, "l", declared);
            // Three are there: one to go, and two to be changed in one column.
            connection
                .execute_batch(&format!(
                    "CREATE TABLE r (id INTEGER PRIMARY KEY, v {declared}, n TEXT);
                 INSERT INTO r SELECT id, v, 'old' FROM l WHERE id IN (1, 11);
                 INSERT INTO r VALUES (3, 'other', 'n'), (77, '2024-01-01', 'n')"
                ))
                .unwrap();
            let before = stored(&connection, "r");
            let (left, right) = (place.sqlite_address("l"), place.sqlite_address("r"));
            place.dir.plan(&left, &right, "p", &[]).json(1);
            if script {
                let path = place.dir.file("p/right.sql");
                run_script(&mut place, Kind::Sqlite, &path);
            } else {
                place.dir.apply("p", &[]).json(0);
            }
            assert_eq!(
                stored(&connection, "r"),
                stored(&connection, "l"),
                "declared as `{declared}`, script: {script}"
            );
            if !script {
                place.dir.undo("p", &[]).json(0);
                assert_eq!(stored(&connection, "r"), before, "declared as `{declared}`");
            }
        }
    }
}

/// Into a column of another type goes what SQLite itself would make of it.
#[test]
fn another_declaration_takes_what_sqlite_would_copy() {
    for (from, to) in [
        ("", "TEXT"),
        ("INTEGER", ""),
        ("TEXT", ""),
        ("REAL", ""),
        ("DATETIME", ""),
        ("STRING", ""),
        ("INTEGER", "REAL"),
    ] {
        let place = Place::new();
        let connection = place.sqlite();
        connection.execute_batch(&format!(
            "CREATE TABLE l (id INTEGER PRIMARY KEY, v {from}, n TEXT); CREATE TABLE r (id INTEGER PRIMARY KEY, v {to}, n TEXT);
             CREATE TABLE copy (id INTEGER PRIMARY KEY, v {to}, n TEXT);
             INSERT INTO l VALUES (1, 5, 'n'), (2, 7, 'n'), (3, NULL, 'n'); INSERT INTO copy SELECT * FROM l"
        )).unwrap();
        let (left, right) = (place.sqlite_address("l"), place.sqlite_address("r"));
        let synced = place.dir.trueup(["sync", &left, &right, "--format", "json"]).json(0);
        assert_eq!(synced["right"]["create"], 3);
        assert_eq!(stored(&connection, "r"), stored(&connection, "copy"), "from `{from}` to `{to}`");
    }
}

/// Two ways, with rows that are fetched by what a history says of them.
#[test]
fn both_ways_keep_what_is_stored() {
    for history in [false, true] {
        let place = Place::new();
        let connection = place.sqlite();
        for table in ["l", "r"] {
            fill(&connection, table, "DATETIME");
        }
        let (left, right) = (place.sqlite_address("l"), place.sqlite_address("r"));
        if history {
            for address in [&left, &right] {
                assert_eq!(place.dir.trueup(["history", "install", address]).code, Some(0));
            }
        }
        let sync = || {
            place
                .dir
                .trueup([
                    "sync",
                    &left,
                    &right,
                    "--direction",
                    "both",
                    "--state",
                    "st",
                    "--out",
                    "run",
                    "--format",
                    "json",
                    "--max-deletes",
                    "100%",
                ])
                .json(0)
        };
        sync();
        connection.execute_batch(
            "INSERT INTO l VALUES (50, '2024-05-06T07:08:09', 'n'), (51, '2024-05-06', 'n'); UPDATE r SET v = '2025-01-01' WHERE id = 3;
             UPDATE l SET n = 'new' WHERE id > 8; DELETE FROM r WHERE id = 2"
        ).unwrap();
        let before = stored(&connection, "l");
        std::fs::remove_dir_all(place.dir.path().join("run")).unwrap();
        sync();
        assert_eq!(stored(&connection, "l"), stored(&connection, "r"));
        assert_eq!(
            connection.query_row("SELECT quote(v) FROM l WHERE id = 3", [], |row| row.get::<_, String>(0)).unwrap(),
            "'2025-01-01'"
        );
        assert_eq!(
            connection.query_row("SELECT quote(v) FROM r WHERE id = 51", [], |row| row.get::<_, String>(0)).unwrap(),
            "'2024-05-06'"
        );
        place.dir.undo("run", &[]).json(0);
        assert_eq!(stored(&connection, "l"), before, "with a history: {history}");
    }
}

/// A column without a type of its own takes any class; so do STRICT columns of their own class.
#[test]
fn values_of_any_class_are_carried_and_put_back() {
    let cases = [
        (
            "id INTEGER PRIMARY KEY, v ANY",
            "STRICT",
            "(1, 'x'), (2, x'31'), (3, 1), (4, 1.5), (5, 9e999), (6, '1')",
            "(1, 'x')",
        ),
        ("id INTEGER PRIMARY KEY, v REAL", "STRICT", "(1, 9e999), (2, -9e999), (3, 0.5)", "(3, 0.25)"),
        ("id INTEGER PRIMARY KEY, v TEXT", "STRICT", "(1, CAST(x'ff41' AS TEXT)), (2, '\\xff41')", "(3, 'gone')"),
        ("id INTEGER PRIMARY KEY, v ANY", "STRICT", "(1, x'41'), (2, x'ff')", "(1, 'A'), (5, 't')"),
        ("id, v, UNIQUE (id, v)", "", "(x'31', 1), (1, 2.5), ('x', 1), ('1', 7), (9e999, 0)", "(1, 2.5), (2.5, 9)"),
        ("id INTEGER PRIMARY KEY, v UNIQUE", "", "(1, 1), (2, '1'), (3, x'31'), (4, 1.5), (5, '1.5')", "(1, 1)"),
    ];
    for script in [false, true] {
        for (columns, strict, left, right) in cases {
            let mut place = Place::new();
            let connection = place.sqlite();
            for (table, rows) in [("l", left), ("r", right)] {
                let sql = format!("CREATE TABLE {table} ({columns}) {strict}; INSERT INTO {table} VALUES {rows}");
                connection.execute_batch(&sql).unwrap();
            }
            let all = |table: &str| -> Vec<String> {
                let sql = format!("SELECT typeof(id) || hex(id) || typeof(v) || hex(v) FROM {table} ORDER BY 1");
                let mut statement = connection.prepare(&sql).unwrap();
                statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            };
            let before = all("r");
            let addresses = [place.sqlite_address("l"), place.sqlite_address("r")];
            place.dir.plan(&addresses[0], &addresses[1], "p", &[]).json(1);
            if script {
                let path = place.dir.file("p/right.sql");
                run_script(&mut place, Kind::Sqlite, &path);
            } else {
                place.dir.apply("p", &[]).json(0);
            }
            assert_eq!(all("r"), all("l"), "{columns} {strict}, script: {script}");
            place.dir.plan(&addresses[0], &addresses[1], "next", &[]).json(0);
            if !script {
                place.dir.undo("p", &[]).json(0);
                assert_eq!(all("r"), before, "{columns} {strict}");
            }
        }
    }
}
