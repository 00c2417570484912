//! What SQLite's own shell writes: a dump, read into a new file, and CSV.

use super::{Right, assert_right, run_tool, wrong};
use crate::support::Place;
use std::process::Command;

const SHOP: &str = "
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, email TEXT UNIQUE, balance DECIMAL(12,2), rate REAL,
        active BOOLEAN, born DATE, seen DATETIME, photo BLOB, anything);
    INSERT INTO customers VALUES
        (1, 'Ada', 'ada@example.org', 12.5, 0.1, 1, '1815-12-10', '2024-05-06 07:08:09.123', x'00ff', 'text'),
        (2, 'it''s \"Bob\", \n\t;', '', -0.1, 1e300, 0, '2024-02-29', '2024-02-29 00:00:00', x'', 7),
        (3, ' NULL ', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (4, '日本語 😀', 'NULL', 99999999999.99, -2.5, 1, '9999-12-31', '1969-12-31 23:59:59', x'27', 2.5);
    CREATE TABLE visits (customer INTEGER, day DATE, page TEXT, PRIMARY KEY (customer, day, page)) WITHOUT ROWID;
    INSERT INTO visits VALUES (1, '2024-01-01', '/'), (1, '2024-01-01', '/shop'), (2, '2024-01-02', '/');
    CREATE TABLE log (at INTEGER, line TEXT);
    INSERT INTO log VALUES (1, 'a'), (1, 'a'), (NULL, 'a'), (2, '')";

fn shell(database: &str, command: &str) -> String {
    run_tool(Command::new("sqlite3").args(["-batch", database, command]))
}

#[test]
fn a_dump_is_the_same_again() {
    let place = Place::new();
    place.sqlite().execute_batch(SHOP).unwrap();
    let dump = shell(&place.dir.file("tables.db"), ".dump");
    let copy = place.dir.file("copy.db");
    rusqlite::Connection::open(&copy).unwrap().execute_batch(&dump).unwrap();
    let cases = [
        ("customers", Right::agree("primary key", 4)),
        ("visits", Right::agree("primary key", 3)),
        ("log", Right::agree("whole row", 3)),
    ];
    let mut found = Vec::new();
    for (table, expected) in cases {
        let copied = format!("sqlite:{copy}#{table}");
        found.extend(wrong(&place, &place.sqlite_address(table), &copied, &[], expected));
    }
    assert_right(&found);
}

#[test]
fn csv_loses_what_it_has_no_words_for() {
    let place = Place::new();
    place.sqlite().execute_batch(SHOP).unwrap();
    let database = place.dir.file("tables.db");
    let csv = |table: &str| {
        let text = run_tool(Command::new("sqlite3").args([
            "-batch",
            "-csv",
            "-header",
            &database,
            &format!("SELECT * FROM {table}"),
        ]));
        place.dir.write(&format!("{table}.csv"), text)
    };
    // Bytes are written as they are, up to the first zero.
    let customers = Right::differ("primary key", 3, &[("photo", 1)]);
    let cases =
        [("customers", customers), ("visits", Right::agree("primary key", 3)), ("log", Right::agree("whole row", 3))];
    let mut found = Vec::new();
    for (table, expected) in cases {
        found.extend(wrong(&place, &place.sqlite_address(table), &csv(table), &[], expected));
    }
    assert_right(&found);
}
