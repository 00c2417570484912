//! What the triggers of SQLite write down.

use crate::support::Workdir;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use trueup::endpoint::{
    Action, Address, ChangesRead, Clock, Endpoint, ExportBatch, ExportRequest, History, HistoryMark, Installed, Sink,
    Stopped, now, open,
};
use trueup::table::Cells;

/// A file with tables, one of which has a history.
struct File {
    dir: Workdir,
    connection: Connection,
    table: String,
}

/// A key as it prints, what happened, and whether trueup did it.
type Entry = (String, Action, bool);

impl File {
    fn new(sql: &str) -> Self {
        Self::of("t", sql)
    }

    fn of(table: &str, sql: &str) -> Self {
        let dir = Workdir::new();
        let connection = Connection::open(dir.file("f.db")).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY").unwrap();
        connection.execute_batch(sql).unwrap();
        Self { dir, connection, table: table.to_owned() }
    }

    /// The same, with the history installed.
    fn with_history(sql: &str, key: &[&str]) -> Self {
        let file = Self::new(sql);
        assert_eq!(file.install(key), Installed::New);
        file
    }

    fn address(&self) -> String {
        format!("sqlite:{}#{}", self.dir.file("f.db"), self.table)
    }

    fn endpoint(&self) -> Box<dyn Endpoint> {
        open(&Address::parse(&self.address(), &|_| None).unwrap()).unwrap()
    }

    fn history(&self) -> Box<dyn History> {
        self.endpoint().history().unwrap()
    }

    #[track_caller]
    fn install(&self, key: &[&str]) -> Installed {
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        self.history().install(&key).unwrap()
    }

    #[track_caller]
    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    fn mark(&self) -> HistoryMark {
        self.history().mark().unwrap().expect("a history that fits")
    }

    fn misfits(&self) -> Vec<String> {
        self.history().status().unwrap().expect("a history").misfits
    }

    /// Reads the changes since a mark, and where the next reading begins; else why not.
    fn read(&self, since: Option<&HistoryMark>) -> Result<(Vec<Entry>, HistoryMark), String> {
        let key = self.history().status().unwrap().map(|status| status.key).unwrap_or_default();
        let columns = self.endpoint().describe().unwrap().columns;
        let key: Vec<_> = key.iter().filter_map(|name| columns.iter().find(|c| c.name == *name)).cloned().collect();
        let mut out = Vec::new();
        let read = self.history().changes(since, &key, &mut |changes| {
            for (row, key) in printed(&changes.keys).into_iter().enumerate() {
                assert!((changes.times[row] - now()).abs() < 60_000_000, "{}", changes.times[row]);
                out.push((key.join(" "), changes.actions[row], changes.own[row]));
            }
            Ok(())
        });
        match read.unwrap() {
            ChangesRead::Whole { mark, .. } => Ok((out, mark)),
            ChangesRead::Lacking(why) => Err(why),
        }
    }

    /// The entries that a statement makes, as `action key`.
    #[track_caller]
    fn entries(&self, sql: &str) -> Vec<String> {
        let mark = self.mark();
        self.run(sql);
        let entries = self.read(Some(&mark)).unwrap().0;
        entries
            .into_iter()
            .map(|(key, action, own)| format!("{action} {key}{}", if own { " own" } else { "" }))
            .collect()
    }
}

/// The rows, value by value, as they print.
fn printed(batch: &ExportBatch) -> Vec<Vec<String>> {
    let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
    let cell = |row: usize, at: usize| match batch.other(row, at) {
        Some(text) => format!("other {text}"),
        None => cells[at].print(row).unwrap_or_else(|| "NULL".to_owned()),
    };
    (0..batch.rows.num_rows()).map(|row| (0..cells.len()).map(|at| cell(row, at)).collect()).collect()
}

#[derive(Default)]
struct Rows(Mutex<Vec<Vec<String>>>);

impl Sink for Rows {
    fn expect(&self, _: u64) {}

    fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
        self.0.lock().unwrap().extend(printed(&batch));
        Ok(())
    }
}

#[test]
fn each_action_is_written_down() {
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT COLLATE NOCASE)", &["id"]);
    assert_eq!(file.entries("INSERT INTO t VALUES (1, 'x', 'y'), (2, NULL, NULL)"), ["create 1", "create 2"]);
    assert_eq!(file.entries("UPDATE t SET a = 'z' WHERE id = 1"), ["update 1"]);
    assert_eq!(file.entries("DELETE FROM t WHERE id = 2"), ["delete 2"]);
    assert_eq!(file.entries("UPDATE t SET id = 5"), ["delete 1", "create 5"]);
    // A value that is another to trueup, whatever SQLite takes for equal.
    assert_eq!(file.entries("UPDATE t SET b = 'Y'"), ["update 5"]);
    assert_eq!(file.entries("UPDATE t SET a = 1"), ["update 5"]);
    assert_eq!(file.entries("UPDATE t SET a = 1.0"), ["update 5"]);
    assert_eq!(file.entries("UPDATE t SET a = NULL"), ["update 5"]);
    assert_eq!(file.entries("UPDATE t SET a = a, b = 'Y'"), [""; 0]);
    assert_eq!(file.entries("BEGIN; INSERT INTO t VALUES (7, 7, 7); ROLLBACK"), [""; 0]);
    assert_eq!(
        file.entries("INSERT INTO t VALUES (5, 'up', 's') ON CONFLICT (id) DO UPDATE SET a = 'up'"),
        ["update 5"]
    );
    assert_eq!(file.entries("INSERT INTO t VALUES (5, 'no', 's') ON CONFLICT DO NOTHING"), [""; 0]);
    assert_eq!(file.entries("REPLACE INTO t VALUES (5, 'new', 's')"), ["create 5"]);
    assert_eq!(file.entries("INSERT INTO t VALUES (6, 1, 1); DELETE FROM t"), ["create 6", "delete 5", "delete 6"]);
}

#[test]
fn numbers_count_on_and_a_mark_begins_where_it_was_taken() {
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY)", &["id"]);
    file.run("INSERT INTO t VALUES (1), (2); BEGIN; INSERT INTO t VALUES (3); ROLLBACK; INSERT INTO t VALUES (4)");
    let (all, mark) = file.read(None).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!((mark.seq, mark.gaps.as_slice()), (3, &[][..]));
    assert_eq!(mark, file.mark());
    assert_eq!(file.read(Some(&mark)).unwrap(), (vec![], mark.clone()));
    file.run("DELETE FROM t WHERE id = 4");
    assert_eq!(file.read(Some(&mark)).unwrap().0, [("4".to_owned(), Action::Delete, false)]);
    let older = HistoryMark { seq: mark.seq + 5, ..mark };
    assert!(file.read(Some(&older)).unwrap_err().contains("older"), "a file that was put back");
}

/// `REPLACE` tells no delete trigger of the rows that it deletes.
#[test]
fn rows_that_are_replaced_are_not_missed() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE, n INT, live INT);
               CREATE UNIQUE INDEX \"odd ( name\" ON t (lower(n || 'X') DESC /* by ) text */) WHERE live = 1 -- only those";
    for recursive in ["OFF", "ON"] {
        let file = File::with_history(sql, &["id"]);
        file.run(&format!("PRAGMA recursive_triggers = {recursive}"));
        file.run("INSERT INTO t VALUES (1, 'a', 1, 0), (2, 'b', 2, 1), (3, 'c', 3, 1), (-1, 'z', 9, 0)");
        // Its own number is not known before it is inserted; there is a row that looks as if it had it.
        assert_eq!(file.entries("REPLACE INTO t (email) VALUES ('A')"), ["delete 1", "create 4"]);
        assert_eq!(file.entries("UPDATE OR REPLACE t SET email = 'B' WHERE id = 4"), ["delete 2", "update 4"]);
        assert_eq!(file.entries("REPLACE INTO t VALUES (5, 'n', 3, 1)"), ["delete 3", "create 5"]);
        assert_eq!(file.entries("REPLACE INTO t VALUES (6, 'm', 3, 0)"), ["create 6"], "not in the partial index");
        assert_eq!(file.entries("INSERT OR IGNORE INTO t VALUES (7, 'b', 0, 0)"), [""; 0]);
        assert_eq!(
            file.entries("INSERT INTO t VALUES (8, 'B', 0, 0) ON CONFLICT (email) DO UPDATE SET n = 8"),
            ["update 4"]
        );
        assert_eq!(file.entries("INSERT INTO t VALUES (9, 'q', 0, 0)"), ["create 9"], "what was ignored is forgotten");
        let moved = ["delete 5", "delete 6", "create 5"];
        let entries: BTreeSet<String> =
            file.entries("UPDATE OR REPLACE t SET id = 5 WHERE id = 6").into_iter().collect();
        // The row 5 is there after it.
        assert!(entries.contains("create 5") && entries.contains("delete 6"), "{entries:?}");
        assert!(entries.iter().all(|entry| moved.contains(&entry.as_str())), "{entries:?}");
        assert_eq!(file.entries("REPLACE INTO t VALUES (-1, 'b', 0, 0)").last().unwrap(), "create -1");
        let ids: Vec<i64> = {
            let mut statement = file.connection.prepare("SELECT id FROM t ORDER BY id").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(ids, [-1, 5, 9]);
    }
}

#[test]
fn a_key_that_is_no_primary_key() {
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, UNIQUE (a, b))", &["b", "a"]);
    assert_eq!(file.entries("INSERT INTO t VALUES (1, 'x', 1), (2, 'y', NULL)"), ["create 1 x", "create NULL y"]);
    assert_eq!(file.entries("REPLACE INTO t VALUES (1, 'z', 1)"), ["delete 1 x", "create 1 z"]);
    assert_eq!(file.entries("UPDATE t SET id = 9 WHERE id = 1"), ["update 1 z"]);
    let nothing = File::with_history("CREATE TABLE t (a, b)", &["a"]);
    assert_eq!(nothing.entries("INSERT INTO t VALUES ('x', 1); VACUUM; UPDATE t SET b = 2"), ["create x", "update x"]);
    let without =
        File::with_history("CREATE TABLE t (a TEXT, b INT, c UNIQUE, PRIMARY KEY (a, b)) WITHOUT ROWID", &["a", "b"]);
    assert_eq!(without.entries("INSERT INTO t VALUES ('x', 1, 7); UPDATE t SET c = 8"), ["create x 1", "update x 1"]);
    assert_eq!(without.entries("REPLACE INTO t VALUES ('y', 1, 8)"), ["delete x 1", "create y 1"]);
    // Equal to an index, but not the same.
    let folded = File::with_history("CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY)", &["a"]);
    assert_eq!(folded.entries("INSERT INTO t VALUES ('a'); REPLACE INTO t VALUES ('A')").len(), 3);
    assert_eq!(folded.entries("UPDATE t SET a = 'a'"), ["delete A", "create a"]);
}

#[test]
fn other_triggers_and_foreign_keys_are_seen() {
    let file = File::with_history(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = OFF;
         CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t ON DELETE CASCADE, n INT, email TEXT UNIQUE);
         CREATE TRIGGER touch AFTER UPDATE OF up ON t BEGIN UPDATE t SET n = 1 WHERE id = NEW.id; END;
         CREATE TRIGGER one BEFORE INSERT ON t BEGIN UPDATE t SET n = 0 WHERE up IS NULL; END;
         INSERT INTO t VALUES (1, NULL, 0, 'a'), (2, 1, 0, 'b'), (3, 2, 0, 'c'), (4, NULL, 3, 'd')",
        &["id"],
    );
    let sorted = |sql: &str| {
        let mut entries = file.entries(sql);
        entries.sort();
        entries
    };
    assert_eq!(sorted("UPDATE t SET up = 1 WHERE id = 3"), ["update 3", "update 3"]);
    assert_eq!(sorted("DELETE FROM t WHERE id = 1"), ["delete 1", "delete 2", "delete 3"]);
    file.run("UPDATE t SET n = 5; INSERT INTO t VALUES (6, 4, 6, 'f')");
    assert_eq!(sorted("REPLACE INTO t VALUES (7, 4, 0, 'f')"), ["create 7", "delete 6"]);
}

/// Whatever is done to the table: each key whose row is another afterwards is written down, and the
/// last that is written of a key says whether it is there.
#[test]
fn nothing_is_missed() {
    let small = 0..5i64;
    let conflict = prop::sample::select(vec!["", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ROLLBACK", " OR ABORT"]);
    let column = prop::sample::select(vec!["id", "a", "b", "c"]);
    let value = prop_oneof![
        small.clone().prop_map(|n| n.to_string()),
        Just("'x'".to_owned()),
        Just("'X'".to_owned()),
        Just("1.0".to_owned()),
        Just("NULL".to_owned())
    ];
    let id = prop_oneof![small.clone().prop_map(|n| n.to_string()), Just("NULL".to_owned()), Just("-1".to_owned())];
    let insert = (conflict.clone(), id, value.clone(), value.clone(), value.clone(), any::<bool>()).prop_map(
        |(conflict, id, a, b, c, upsert)| match upsert && conflict.is_empty() {
            true => format!("INSERT INTO t (id, a, b, c) VALUES ({id}, {a}, {b}, {c}) ON CONFLICT (a) DO UPDATE SET b = {b} ON CONFLICT DO NOTHING"),
            false => format!("INSERT{conflict} INTO t (id, a, b, c) VALUES ({id}, {a}, {b}, {c})"),
        },
    );
    let update =
        (conflict, column.clone(), value.clone(), small.clone()).prop_map(|(conflict, column, value, least)| {
            format!("UPDATE{conflict} t SET {column} = {value} WHERE id >= {least}")
        });
    let delete = small.prop_map(|id| format!("DELETE FROM t WHERE id = {id}"));
    let word = prop::sample::select(vec!["BEGIN", "COMMIT", "ROLLBACK"]).prop_map(str::to_owned);
    let statement = prop_oneof![6 => insert, 4 => update, 1 => delete, 1 => word];
    let tables = prop::sample::select(vec![
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE, b, c); CREATE UNIQUE INDEX i ON t (b, lower(c)) WHERE c IS NOT NULL",
            "id",
        ),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b UNIQUE ON CONFLICT REPLACE, c)", "a"),
        ("CREATE TABLE t (id INT PRIMARY KEY, a UNIQUE, b UNIQUE, c) WITHOUT ROWID", "id"),
        ("CREATE TABLE t (id NUMERIC UNIQUE, a TEXT UNIQUE, b, c AS (b || a) UNIQUE)", "id"),
    ]);
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (tables, prop::collection::vec(statement, 1..25), any::<bool>());
    runner
        .run(&strategy, |((create, key), statements, recursive)| {
            let file = File::with_history(create, &[key]);
            file.run(&format!("PRAGMA recursive_triggers = {recursive}"));
            let rows = || -> BTreeMap<String, BTreeSet<String>> {
                let sql = format!("SELECT quote({key}), quote(id) || quote(a) || quote(b) || quote(c) FROM t");
                let mut statement = file.connection.prepare(&sql).unwrap();
                let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
                for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap() {
                    let (key, row): (String, String) = row.unwrap();
                    out.entry(key).or_default().insert(row);
                }
                out
            };
            let mut before = rows();
            let mut seen = 0;
            for sql in &statements {
                // Many of them are refused.
                let _ = file.connection.execute_batch(sql);
                if !file.connection.is_autocommit() {
                    continue;
                }
                let after = rows();
                let mut last: BTreeMap<String, String> = BTreeMap::new();
                let entries = "SELECT json_extract(row_key, '$[0]'), kinds, action, seq FROM trueup_history WHERE seq > ?1 ORDER BY seq";
                let mut statement = file.connection.prepare(entries).unwrap();
                let mut found = statement.query([seen]).unwrap();
                while let Some(entry) = found.next().unwrap() {
                    let text: Option<String> = entry.get(0).unwrap();
                    let kind: String = entry.get(1).unwrap();
                    let key = match (kind.as_str(), text) {
                        ("t", Some(text)) => format!("'{text}'"),
                        (_, Some(text)) => text,
                        (_, None) => "NULL".to_owned(),
                    };
                    last.insert(key, entry.get(2).unwrap());
                    seen = entry.get(3).unwrap();
                }
                let keys: BTreeSet<&String> = before.keys().chain(after.keys()).chain(last.keys()).collect();
                // A NULL key says nothing of which row it is.
                for key in keys.into_iter().filter(|key| *key != "NULL") {
                    match last.get(key) {
                        None => prop_assert_eq!(before.get(key), after.get(key), "{} is missed by {}", key, sql),
                        Some(action) => {
                            prop_assert_eq!(action == "delete", !after.contains_key(key), "{} {} by {}", action, key, sql);
                        }
                    }
                }
                before = after;
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn keys_are_read_as_an_export_reads_them() {
    let sql = "CREATE TABLE t (i INTEGER, r REAL, n DECIMAL(10,2), s TEXT, b BLOB, u UUID, d DATE, ts DATETIME, bo BOOLEAN, x)";
    let file = File::with_history(sql, &["i", "r", "n", "s", "b", "u", "d", "ts", "bo", "x"]);
    file.run(
        "INSERT INTO t VALUES
           (1, 0.1, 5, 'it''s \"so\" \\', x'00ff', x'a0eebc999c0b4ef8bb6d6bb9bd380a11', '2024-02-29', '2024-05-06T07:08:09', 1, 1),
           ('abc', 'abc', 'n/a', x'61', '7', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '0000-00-00', 1700000000, 2, '1'),
           (1.5, 9e999, 1e23, 7, 7, x'00', 20240101, 'now', 'true', x'00'),
           (9223372036854775807, 9007199254740993, 0.1, char(9, 0, 10), '', NULL, 2460000.5, NULL, NULL, 2.5),
           (NULL, NULL, NULL, CAST(x'ff61' AS TEXT), x'', '', '', '', '', '\\x00')",
    );
    let columns = file.endpoint().describe().unwrap().columns;
    let rows = Rows::default();
    file.endpoint().export(&ExportRequest { columns: columns.clone(), filter: None, streams: 1 }, &rows).unwrap();
    let rows = rows.0.into_inner().unwrap();
    let read = |order: Vec<usize>| {
        let wanted: Vec<_> = order.iter().map(|at| columns[*at].clone()).collect();
        let mut keys = Vec::new();
        let read = file.history().changes(None, &wanted, &mut |changes| {
            keys.extend(printed(&changes.keys));
            Ok(())
        });
        assert!(matches!(read, Ok(ChangesRead::Whole { .. })));
        keys
    };
    assert_eq!(read((0..10).collect()), rows);
    let turned: Vec<Vec<String>> = rows.iter().map(|row| vec![row[9].clone(), row[3].clone()]).collect();
    assert_eq!(read(vec![9, 3]), turned);
}

#[test]
fn installing_twice_changes_nothing() {
    let file =
        File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE); INSERT INTO t VALUES (1, 1)", &["id"]);
    file.run("UPDATE t SET a = 2");
    let mark = file.mark();
    let bytes = std::fs::read(file.dir.file("f.db")).unwrap();
    assert_eq!(file.install(&["id"]), Installed::Already);
    assert_eq!(std::fs::read(file.dir.file("f.db")).unwrap(), bytes);
    assert_eq!(file.mark(), mark);
    let status = file.history().status().unwrap().unwrap();
    assert_eq!((status.key.as_slice(), status.rows, status.misfits.len()), (&["id".to_owned()][..], 1, 0));
    assert!(status.oldest == status.newest && status.oldest >= Some(status.covers_from));
    assert!((status.covers_from - now()).abs() < 60_000_000);
    assert_eq!(file.endpoint().clock().unwrap(), Some(Clock::default()));
}

#[test]
fn a_table_that_changes_does_not_fit_any_more() {
    for (change, why) in [
        ("ALTER TABLE t ADD COLUMN b", "other columns"),
        ("CREATE UNIQUE INDEX i ON t (a)", "unique indexes"),
        ("ALTER TABLE t RENAME COLUMN id TO number", "no column `id`"),
        ("DROP TRIGGER trueup_history_delete_t", "`trueup_history_delete_t` is not there"),
        ("DROP TABLE trueup_writing", "`trueup_writing`"),
        ("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "is not there"),
    ] {
        let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", &["id"]);
        file.run("INSERT INTO t VALUES (1, 1)");
        let mark = file.mark();
        file.run(change);
        assert!(file.misfits().join("; ").contains(why), "{change}: {:?}", file.misfits());
        assert_eq!(file.history().mark().unwrap(), None, "{change}");
        assert!(file.read(Some(&mark)).unwrap_err().contains("do not fit"), "{change}");
        let key = if change.contains("number") { "number" } else { "id" };
        assert_eq!(file.install(&[key]), Installed::Renewed, "{change}");
        assert_eq!(file.install(&[key]), Installed::Already, "{change}");
        assert!(file.misfits().is_empty());
        // A connection that dropped what a trigger needs has to see first that it is back.
        file.run("SELECT count(*) FROM t");
        assert!(file.read(Some(&mark)).unwrap_err().contains("anew"), "{change}");
        assert_eq!(
            file.entries(
                "INSERT INTO t VALUES (8, 8)"
                    .replace("t V", if change.contains("ADD") { "t (id, a) V" } else { "t V" })
                    .as_str()
            ),
            ["create 8"]
        );
    }
    for harmless in
        ["VACUUM", "CREATE INDEX i ON t (a)", "CREATE TABLE other (a)", "ANALYZE", "ALTER TABLE t RENAME COLUMN a TO b"]
    {
        let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", &["id"]);
        file.run(harmless);
        assert!(file.misfits().is_empty(), "{harmless}");
    }
}

#[test]
fn a_renamed_table_is_installed_anew() {
    let mut file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", &["id"]);
    file.run("INSERT INTO t VALUES (1, 1); ALTER TABLE t RENAME TO \"new\"");
    file.table = "new".to_owned();
    assert!(file.misfits()[0].contains("another name"));
    assert_eq!(file.history().mark().unwrap(), None);
    assert_eq!(file.install(&["id"]), Installed::Renewed);
    assert_eq!(file.entries("INSERT INTO \"new\" VALUES (2, 2)"), ["create 2"]);
    assert!(file.history().remove().unwrap());
    assert_eq!(objects(&file), ["new"]);
}

fn objects(file: &File) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = file.connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn two_tables_and_removing_leaves_nothing() {
    let mut file =
        File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER PRIMARY KEY)", &["id"]);
    file.table = "u".to_owned();
    assert_eq!(file.history().status().unwrap(), None);
    assert!(!file.history().remove().unwrap());
    assert!(file.read(None).unwrap_err().contains("no history"));
    assert_eq!(file.install(&["id"]), Installed::New);
    assert_eq!(
        file.entries("INSERT INTO t VALUES (1); INSERT INTO u VALUES (2); INSERT INTO t VALUES (3)"),
        ["create 2"]
    );
    assert_eq!(file.history().clear(None).unwrap(), 1);
    assert!(file.history().remove().unwrap());
    file.table = "t".to_owned();
    assert_eq!(file.read(None).unwrap().0.len(), 2);
    assert!(file.endpoint().target().unwrap().unwrap().triggers.is_empty());
    assert!(file.history().remove().unwrap());
    assert!(!file.history().remove().unwrap());
    assert_eq!(objects(&file), ["t", "u"]);
    file.run("INSERT INTO t VALUES (9)");
    assert_eq!(file.install(&["id"]), Installed::New);
}

#[test]
fn what_was_cleared_is_lacking() {
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY)", &["id"]);
    let first = file.mark();
    file.run("INSERT INTO t VALUES (1), (2)");
    let second = file.mark();
    file.run("INSERT INTO t VALUES (3)");
    assert_eq!(file.history().clear(Some(&second)).unwrap(), 2);
    assert!(file.read(Some(&first)).unwrap_err().contains("cleared"));
    assert_eq!(file.read(Some(&second)).unwrap().0, [("3".to_owned(), Action::Create, false)]);
    assert_eq!(file.history().clear(Some(&second)).unwrap(), 0);
    let before = file.history().status().unwrap().unwrap().covers_from;
    assert_eq!(file.history().clear(None).unwrap(), 1);
    assert!(file.read(Some(&second)).unwrap_err().contains("cleared"));
    let (none, last) = file.read(None).unwrap();
    assert!(none.is_empty() && last.seq == 3 && file.history().status().unwrap().unwrap().covers_from >= before);
    assert_eq!(file.entries("INSERT INTO t VALUES (4)"), ["create 4"]);
    let other = HistoryMark { installed: "another".to_owned(), ..last };
    assert!(file.history().clear(Some(&other)).unwrap_err().to_string().contains("anew"));
}

/// A file that was copied back, in which as much happened since as was lost.
#[test]
fn a_file_put_back_from_a_copy_is_noticed() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER PRIMARY KEY)";
    let mut file = File::with_history(sql, &["id"]);
    file.table = "u".to_owned();
    assert_eq!(file.install(&["id"]), Installed::New);
    file.table = "t".to_owned();
    file.run("INSERT INTO t VALUES (1), (2)");
    let (path, copy) = (file.dir.file("f.db"), file.dir.file("copy.db"));
    std::fs::copy(&path, &copy).unwrap();
    let kept = file.mark();
    for (lost, instead) in [
        ("INSERT INTO t VALUES (3), (4)", "INSERT INTO t VALUES (5), (6)"),
        ("INSERT INTO t VALUES (3), (4)", "INSERT INTO t VALUES (5), (6), (7)"),
        ("INSERT INTO t VALUES (3), (4)", "INSERT INTO t VALUES (5); INSERT INTO u VALUES (1)"),
        // The same row at another time.
        ("INSERT INTO t VALUES (3), (4)", "INSERT INTO t VALUES (3), (4)"),
        ("INSERT INTO t VALUES (3); INSERT INTO u VALUES (1)", "INSERT INTO t VALUES (4), (5)"),
    ] {
        file.run(lost);
        let marks = [file.mark(), file.read(Some(&kept)).unwrap().1];
        assert_eq!(marks[0], marks[1]);
        assert!(marks[0].last.is_some() && marks[0].last != kept.last);
        file.connection = Connection::open_in_memory().unwrap();
        std::fs::copy(&copy, &path).unwrap();
        file.connection = Connection::open(&path).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        file.run(instead);
        assert_eq!(file.read(Some(&marks[0])).unwrap_err(), "it was put back from a copy since", "{instead}");
        assert!(file.history().clear(Some(&marks[0])).unwrap_err().to_string().contains("copy"));
        // What the copy has, it has seen.
        assert!(!file.read(Some(&kept)).unwrap().0.is_empty());
        let older = HistoryMark { last: None, ..marks[0].clone() };
        assert!(file.read(Some(&older)).is_ok(), "a mark of before");
        file.connection = Connection::open_in_memory().unwrap();
        std::fs::copy(&copy, &path).unwrap();
        file.connection = Connection::open(&path).unwrap();
    }
}

#[test]
fn an_entry_that_was_cleared_is_no_copy() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER PRIMARY KEY)";
    let mut file = File::with_history(sql, &["id"]);
    file.table = "u".to_owned();
    assert_eq!(file.install(&["id"]), Installed::New);
    file.run("INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)");
    let of_u = file.mark();
    file.table = "t".to_owned();
    let mark = file.mark();
    file.table = "u".to_owned();
    assert_eq!(file.history().clear(Some(&of_u)).unwrap(), 1);
    let again = file.read(Some(&of_u)).unwrap().1;
    assert_eq!(again, of_u, "it still knows what was there");
    file.table = "t".to_owned();
    assert_eq!(file.read(Some(&mark)).unwrap().0, []);
    assert_eq!(file.mark().last, None);
    file.run("INSERT INTO t VALUES (2)");
    assert_eq!(file.read(Some(&mark)).unwrap().0.len(), 1);
    file.run("DELETE FROM trueup_history; UPDATE trueup_tracked SET cleared = 0");
    assert_eq!(file.read(Some(&mark)).unwrap_err(), "it was put back from a copy since");
}

#[test]
fn odd_names() {
    let table = "it's \"a\" table";
    let mut file = File::of(
        table,
        "CREATE TABLE \"it's \"\"a\"\" table\" (\"the \"\"key'\" TEXT PRIMARY KEY, \"select\" INT UNIQUE, \"tr?\" TEXT);
         CREATE UNIQUE INDEX \"i'x\" ON \"it's \"\"a\"\" table\" (\"tr?\" || \"select\")",
    );
    assert_eq!(file.install(&["the \"key'"]), Installed::New);
    let entries = file.entries("INSERT INTO \"it's \"\"a\"\" table\" VALUES ('k', 1, 'x'); REPLACE INTO \"it's \"\"a\"\" table\" VALUES ('l', 1, 'y')");
    assert_eq!(entries, ["create k", "delete k", "create l"]);
    file.table = table.to_uppercase();
    assert!(file.misfits().is_empty());
    assert_eq!(file.install(&["the \"key'"]), Installed::Already);
    assert!(file.history().remove().unwrap());
    assert_eq!(objects(&file), ["i'x", table]);
}

#[test]
fn wide_tables() {
    let names: Vec<String> = (0..1_900).map(|at| format!("c{at}")).collect();
    let file = File::with_history(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {})", names.join(", ")), &["id"]);
    assert_eq!(
        file.entries("INSERT INTO t (id) VALUES (1); UPDATE t SET c1899 = 1; UPDATE t SET c0 = 0"),
        ["create 1", "update 1", "update 1"]
    );
}

#[test]
fn what_cannot_be_tracked_says_why() {
    let error = |file: &File, key: &[&str]| {
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        file.history().install(&key).unwrap_err().to_string()
    };
    assert!(error(&File::new("CREATE VIEW t AS SELECT 1 AS id"), &["id"]).contains("a view"));
    assert!(error(&File::new("CREATE TABLE other (id)"), &["id"]).contains("no table"));
    let plain = File::new("CREATE TABLE t (email TEXT)");
    assert!(error(&plain, &["mail"]).contains("did you mean `email`"));
    assert!(error(&plain, &[]).contains("which row"));
    // Another table of that name.
    let taken = File::new("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE trueup_history (x)");
    assert!(error(&taken, &["id"]).contains("trueup_history"));
    assert_eq!(objects(&taken), ["t", "trueup_history"]);
    // A file format that may be read but not written, whoever asks.
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY)", &["id"]);
    let (path, table) = (file.dir.file("f.db"), file.table.clone());
    let File { connection, dir, .. } = file;
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[18] = 3;
    std::fs::write(&path, bytes).unwrap();
    let file = File { connection: Connection::open_in_memory().unwrap(), dir, table };
    for error in [
        error(&file, &["id"]),
        file.history().remove().unwrap_err().to_string(),
        file.history().clear(None).unwrap_err().to_string(),
    ] {
        assert!(error.contains("right to write to the file"), "{error}");
    }
    assert!(file.misfits().is_empty());
}

#[test]
fn what_trueup_writes_is_its_own() {
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT UNIQUE)", &["id"]);
    file.run("INSERT INTO t VALUES (1, 'same', 1), (2, 'old', 2), (3, 'gone', 3), (5, 'x', 5), (6, 'y', 6)");
    let mark = file.mark();
    let source = file.dir.write("s.csv", "id,a,b\n1,same,1\n2,new,2\n4,fresh,4\n5,x,6\n6,y,5\n");
    let plan = file.dir.plan(&source, &file.address(), "p", &["--key", "id"]).json(1);
    assert_eq!(crate::support::steps(&plan, "right"), [1, 3, 1]);
    let text = std::fs::read_to_string(file.dir.file("p/plan.json")).unwrap();
    assert!(!text.contains("trueup_history"), "{text}");
    assert_eq!(file.dir.apply("p", &[]).code, Some(0));
    let (entries, mark) = file.read(Some(&mark)).unwrap();
    assert!(entries.iter().all(|(_, _, own)| *own), "{entries:?}");
    let keys: BTreeSet<&str> = entries.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(keys, ["2", "3", "4", "5", "6"].into());
    assert_eq!(file.entries("UPDATE t SET a = 'mine' WHERE id = 1"), ["update 1"]);
    let left: i64 = file.connection.query_row("SELECT count(*) FROM trueup_writing", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    assert_eq!(file.dir.undo("p", &[]).code, Some(0));
    let entries = file.read(Some(&mark)).unwrap().0;
    assert_eq!(entries.iter().filter(|(_, _, own)| !own).count(), 1, "{entries:?}");
}

#[test]
fn the_tables_of_a_history_are_not_suggested() {
    let file = File::with_history("CREATE TABLE t (id INTEGER PRIMARY KEY)", &["id"]);
    let run = file.dir.trueup(["audit", &file.address().replace("#t", "#trueup_histor"), &file.address()]);
    run.fails_with(&["trueup_histor"]);
    assert!(!run.stderr.contains("did you mean"), "{run}");
}
