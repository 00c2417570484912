use super::*;
use crate::endpoint::{Endpoint, ExportRequest, OnDelete, Sink, Stopped};
use crate::table::{PortableBuilder, TableInfo};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

struct Database {
    _folder: tempfile::TempDir,
    path: PathBuf,
    sqlite: Sqlite,
    info: TableInfo,
}

#[derive(Default)]
struct Batches(Mutex<Vec<ExportBatch>>);

impl Sink for Batches {
    fn expect(&self, _: u64) {}

    fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
        self.0.lock().unwrap().push(batch);
        Ok(())
    }
}

impl Database {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let sqlite = Sqlite::new(path.clone(), "t".to_owned());
        let info = sqlite.describe().unwrap();
        Self { _folder: folder, path, sqlite, info }
    }

    fn at(&self, name: &str) -> usize {
        self.info.position(name).unwrap()
    }

    fn all(&self) -> Vec<usize> {
        (0..self.info.columns.len()).collect()
    }

    fn rows(&self) -> ExportBatch {
        let sink = Batches::default();
        let request = ExportRequest { columns: self.info.columns.clone(), filter: None, streams: 1 };
        self.sqlite.export(&request, &sink).unwrap();
        let batches = sink.0.into_inner().unwrap();
        ExportBatch::concat(&batches).unwrap().unwrap_or_else(|| self.batch(&[]))
    }

    /// Rows of printed values.
    fn batch(&self, rows: &[&[Option<&str>]]) -> ExportBatch {
        let fields: Vec<Field> = self.info.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
        let column = |(at, column): (usize, &Column)| {
            let mut builder = PortableBuilder::new(&column.ty);
            for row in rows {
                match row[at] {
                    Some(text) => builder.parse(text),
                    None => builder.null(),
                }
            }
            builder.finish()
        };
        let columns = self.info.columns.iter().enumerate().map(column).collect();
        ExportBatch::new(&Arc::new(Schema::new(fields)), columns).unwrap()
    }

    fn writer(&self, key: &[&str]) -> Box<dyn Writer> {
        self.writer_with(key, &WriteOptions::default())
    }

    fn writer_with(&self, key: &[&str], options: &WriteOptions) -> Box<dyn Writer> {
        let key = key.iter().map(|name| self.at(name)).collect();
        let table = WriteTable { columns: self.info.columns.clone(), key, whole: false };
        self.sqlite.writer(&table, options).unwrap().unwrap()
    }

    /// Every value as SQLite shows it, with its kind.
    fn dump(&self, sql: &str) -> Vec<String> {
        let connection = Connection::open(&self.path).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            Ok((0..width).map(|at| format!("{:?}", Stored::of(row.get_ref(at).unwrap()))).collect::<Vec<_>>().join("|"))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn whole(&self) -> Vec<String> {
        let mut rows = self.dump("SELECT * FROM t");
        rows.sort();
        rows
    }

    fn sql(&self, sql: &str) {
        Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    fn creates(&self, after: ExportBatch) -> StepBatch {
        let set = self.all().into_iter().filter(|at| !self.info.columns[*at].generated).collect();
        StepBatch { action: Action::Create, before: None, after: Some(after), guard: vec![], set, park: vec![] }
    }

    fn deletes(&self, before: ExportBatch) -> StepBatch {
        StepBatch {
            action: Action::Delete,
            before: Some(before),
            after: None,
            guard: self.all(),
            set: vec![],
            park: vec![],
        }
    }

    fn updates(&self, before: ExportBatch, after: ExportBatch, set: &[&str]) -> StepBatch {
        let set = set.iter().map(|name| self.at(name)).collect();
        StepBatch {
            action: Action::Update,
            before: Some(before),
            after: Some(after),
            guard: self.all(),
            set,
            park: vec![],
        }
    }
}

fn write(writer: &mut dyn Writer, steps: &StepBatch) -> u64 {
    writer.begin().unwrap();
    writer.load(steps).unwrap();
    let rows = writer.write().unwrap();
    writer.commit().unwrap();
    rows
}

/// Every kind of value in every kind of column.
const ZOO: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, d DECIMAL(10,2), f REAL, b BOOLEAN, t TEXT, y BLOB,
         da DATE, ti TIME, ts DATETIME, tz TIMESTAMPTZ, u UUID, j JSON, s STRING, n, \"odd \"\"name\" TEXT COLLATE NOCASE);
     INSERT INTO t VALUES
       (1, -7, 19.99, 0.1, 1, 'it''s' || char(0) || char(13, 10), x'00ff', '2024-02-29', '07:08:09',
        '2024-05-06T07:08:09.500000', '2024-05-06 07:08:09+02:00', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{\"a\": 1}', 'x', 7, 'É'),
       (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       (3, 9223372036854775807, 5, 9e999, 0, '', x'', '0001-01-01', '23:59:59', '1969-12-31T23:59:59', '9999-12-31 23:59:59+02:00',
        'B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 5, 0.1, 8, '007'),
       (4, 'abc', 'n/a', 'x', 7, x'61', 1, '0000-00-00', 12, 1700000000, 'now', x'01', x'7b7d', 12, 1, 'infinity'),
       (5, 1.5, 1e300, 5.0, 'maybe', x'ff', 2.5, 20240101, 1.5, 2460000.5, '', 'no', '[', 'y', 2, '');";

#[test]
fn all_rows_go_and_come_back_byte_for_byte() {
    let db = Database::new(ZOO);
    let whole = db.whole();
    let rows = db.rows();
    let mut writer = db.writer(&["id"]);
    assert_eq!(write(&mut *writer, &db.deletes(rows.clone())), 5);
    assert_eq!(db.whole(), [] as [String; 0]);
    assert_eq!(write(&mut *writer, &db.creates(rows)), 5);
    assert_eq!(db.whole(), whole);
}

#[test]
fn updates_change_what_they_set_and_are_taken_back() {
    let db = Database::new(ZOO);
    let whole = db.whole();
    let before = db.rows();
    // Each row takes all values of the next, but for its key.
    let mut after = before.take(&[1, 2, 3, 4, 0]).unwrap();
    let mut columns = after.rows.columns().to_vec();
    columns[0] = Arc::clone(before.rows.column(0));
    after.rows = RecordBatch::try_new(after.rows.schema(), columns).unwrap();
    let names: Vec<&str> = db.info.columns[1..].iter().map(|c| c.name.as_str()).collect();
    let mut writer = db.writer(&["id"]);
    assert_eq!(write(&mut *writer, &db.updates(before.clone(), after.clone(), &names)), 5);
    let shifted = db.whole();
    assert_eq!(shifted[0].split_once('|').unwrap().1, whole[1].split_once('|').unwrap().1);
    assert_eq!(shifted[2].split_once('|').unwrap().1, whole[3].split_once('|').unwrap().1);
    assert_eq!(write(&mut *writer, &db.updates(before.clone(), after.clone(), &names)), 0);
    assert_eq!(write(&mut *writer, &db.updates(after, before, &names)), 5);
    assert_eq!(db.whole(), whole);
}

#[test]
fn moved_rows_are_left_alone() {
    let db = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT); INSERT INTO t VALUES (1, 'x', 1), (2, NULL, 2), (3, 'z', NULL), (4, 'v', 4)",
    );
    let before = db.rows();
    db.sql("UPDATE t SET a = 'X' WHERE id = 1; UPDATE t SET a = '' WHERE id = 2; DELETE FROM t WHERE id = 4");
    let after = db.batch(&[
        &[Some("1"), Some("n"), Some("1")],
        &[Some("2"), Some("n"), Some("2")],
        &[Some("3"), Some("n"), None],
        &[Some("4"), Some("n"), Some("4")],
    ]);
    let mut writer = db.writer(&["id"]);
    assert_eq!(write(&mut *writer, &db.updates(before.clone(), after, &["a"])), 1);
    assert_eq!(db.dump("SELECT id, a FROM t WHERE a = 'n'").len(), 1);
    assert_eq!(write(&mut *writer, &db.deletes(before.clone())), 0);
    assert_eq!(write(&mut *writer, &db.creates(before.clone())), 1);
    // The fourth is back, and the others are as they were left.
    let a: Vec<String> = db.dump("SELECT a FROM t ORDER BY id");
    let text = |text: &str| format!("{:?}", Stored::text(text));
    assert_eq!(a, ["X", "", "n", "v"].map(text));
    writer.load(&db.deletes(before)).unwrap();
    assert_eq!(writer.fetch(false).unwrap().rows.num_rows(), 4);
}

#[test]
fn a_rollback_takes_all_back_and_columns_not_set_take_their_defaults() {
    let db = Database::new("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'none', g AS (id * 2))");
    let steps = StepBatch { set: vec![0], ..db.creates(db.batch(&[&[Some("1"), None, None]])) };
    let mut writer = db.writer(&["id"]);
    writer.begin().unwrap();
    writer.load(&steps).unwrap();
    assert_eq!(writer.write().unwrap(), 1);
    writer.rollback().unwrap();
    assert!(db.whole().is_empty());
    assert!(writer.write().is_err());
    assert_eq!(write(&mut *writer, &steps), 1);
    let all = db.rows();
    assert_eq!(all.rows.column(1).data_type(), &arrow::datatypes::DataType::Utf8);
    assert_eq!(db.dump("SELECT a, g FROM t"), [format!("{:?}|{:?}", Stored::text("none"), Stored::Integer(2))]);
    // A generated column guards like any other, and is never written.
    assert_eq!(write(&mut *writer, &db.deletes(all.clone())), 1);
    assert_eq!(write(&mut *writer, &db.creates(all)), 1);
}

#[test]
fn keys_are_the_same_byte_for_byte_whatever_the_collation() {
    let db = Database::new(
        "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, a INT) WITHOUT ROWID; INSERT INTO t VALUES ('abc', 1), ('x', 2)",
    );
    let mut writer = db.writer(&["k"]);
    let upper = db.batch(&[&[Some("ABC"), Some("1")]]);
    assert_eq!(write(&mut *writer, &db.deletes(upper.clone())), 0);
    // The index takes its key for that of another row.
    assert_eq!(write(&mut *writer, &db.creates(upper.clone())), 0);
    writer.load(&db.creates(upper.clone())).unwrap();
    assert_eq!(writer.fetch(true).unwrap().rows.num_rows(), 1);
    writer.load(&db.deletes(upper)).unwrap();
    assert_eq!(writer.fetch(true).unwrap().rows.num_rows(), 0);
    let before = db.rows();
    let after = db.batch(&[&[Some("abc"), Some("5")], &[Some("x"), Some("6")]]);
    assert_eq!(write(&mut *writer, &db.updates(before, after, &["a"])), 2);

    let loose = Database::new("CREATE TABLE t (k TEXT COLLATE NOCASE, a INT); INSERT INTO t VALUES ('abc', 1)");
    let mut writer = loose.writer(&["k"]);
    assert_eq!(write(&mut *writer, &loose.creates(loose.batch(&[&[Some("ABC"), Some("1")]]))), 1);
    // Two rows of one key: it no longer says which is meant.
    loose.sql("INSERT INTO t VALUES ('abc', 1)");
    assert_eq!(write(&mut *writer, &loose.deletes(loose.batch(&[&[Some("abc"), Some("1")]]))), 0);
}

#[test]
fn keys_stored_in_several_forms_are_found() {
    let db = Database::new(
        "CREATE TABLE t (k UUID, at DATETIME);
         INSERT INTO t VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2024-01-01T00:00:00'),
                              ('b0eebc999c0b4ef8bb6d6bb9bd380a11', '2024-01-01 00:00:00'), (x'c0eebc999c0b4ef8bb6d6bb9bd380a11', '2024-01-01')",
    );
    let whole = db.whole();
    let before = db.rows();
    let mut writer = db.writer(&["k"]);
    // Only the first row changes: the other cells stay as they are stored.
    let day = Some("2025-01-01 00:00:00");
    let old = Some("2024-01-01 00:00:00");
    let keys = [
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ];
    let after = db.batch(&[&[Some(keys[0]), day], &[Some(keys[1]), old], &[Some(keys[2]), old]]);
    assert_eq!(write(&mut *writer, &db.updates(before.clone(), after, &["at"])), 3);
    let kept = db.whole();
    assert_eq!(kept.iter().filter(|row| whole.contains(row)).count(), 2, "{kept:?}");
    writer.load(&db.deletes(before)).unwrap();
    assert_eq!(writer.fetch(false).unwrap().rows.num_rows(), 3);
}

#[test]
fn unique_values_change_places() {
    for (ty, values) in
        [("INT NOT NULL", ["1", "2", "3"]), ("TEXT NOT NULL", ["a", "b", "c"]), ("TEXT", ["a", "b", "c"])]
    {
        let db = Database::new(&format!("CREATE TABLE t (id TEXT PRIMARY KEY, u {ty} UNIQUE)"));
        let row = |at: usize, value: usize| [Some(["x", "y", "z"][at]), Some(values[value])];
        let (before, after) = ([row(0, 0), row(1, 1), row(2, 2)], [row(0, 1), row(1, 2), row(2, 0)]);
        let (before, after) =
            (db.batch(&before.each_ref().map(|r| &r[..])), db.batch(&after.each_ref().map(|r| &r[..])));
        let mut writer = db.writer(&["id"]);
        assert_eq!(write(&mut *writer, &db.creates(before.clone())), 3);
        let steps = db.updates(before, after.clone(), &["u"]);
        writer.begin().unwrap();
        writer.load(&steps).unwrap();
        assert!(matches!(writer.write(), Err(WriteError::Refused { .. })));
        writer.rollback().unwrap();
        assert_eq!(write(&mut *writer, &StepBatch { park: steps.set.clone(), ..steps }), 3);
        writer.load(&db.deletes(after.clone())).unwrap();
        assert_eq!(writer.fetch(false).unwrap().rows, after.rows, "{ty}");
    }
}

#[test]
fn even_the_row_number_changes_places() {
    for table in ["id INTEGER PRIMARY KEY, k TEXT UNIQUE", "id INT NOT NULL, k TEXT UNIQUE, PRIMARY KEY (id)"] {
        let without = if table.ends_with(')') { "WITHOUT ROWID" } else { "" };
        let db = Database::new(&format!(
            "CREATE TABLE t ({table}) {without}; INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"
        ));
        let before = db.rows();
        let after = db.batch(&[&[Some("2"), Some("a")], &[Some("1"), Some("b")], &[Some("3"), Some("c")]]);
        let steps = StepBatch { park: vec![0], ..db.updates(before, after, &["id"]) };
        assert_eq!(write(&mut *db.writer(&["k"]), &steps), 3);
        assert_eq!(db.dump("SELECT k FROM t ORDER BY id"), ["b", "a", "c"].map(|k| format!("{:?}", Stored::text(k))));
    }
}

#[test]
fn foreign_keys_hold() {
    let db = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t (id));
         CREATE TABLE child (p INT REFERENCES t (id) ON DELETE CASCADE);
         CREATE TABLE guest (p INT REFERENCES t (id));
         INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (4, NULL);
         INSERT INTO child VALUES (1), (1), (2), (4), (NULL); INSERT INTO guest VALUES (4);",
    );
    let rows = db.rows();
    let dependents = db.sqlite.target().unwrap().unwrap().dependents;
    let place = |table: &str| dependents.iter().position(|d| d.table == table).unwrap();
    assert_eq!(dependents[place("guest")].on_delete, OnDelete::Refuse);
    let mut writer = db.writer(&["id"]);
    writer.load(&db.deletes(rows.take(&[0, 1, 2]).unwrap())).unwrap();
    let counts = writer.count_dependents(&dependents).unwrap();
    assert_eq!([counts[place("child")], counts[place("guest")], counts[place("t")]], [3, 0, 2]);
    writer.load(&db.deletes(rows.take(&[0]).unwrap())).unwrap();
    assert_eq!(writer.count_dependents(&dependents).unwrap()[place("t")], 1);

    writer.begin().unwrap();
    writer.load(&db.deletes(rows.take(&[3]).unwrap())).unwrap();
    let error = writer.write().unwrap_err();
    assert!(matches!(error, WriteError::Refused { .. }) && error.to_string().contains("FOREIGN KEY"), "{error}");
    writer.rollback().unwrap();
    // Parents before children, in one statement.
    assert_eq!(write(&mut *writer, &db.deletes(rows.take(&[0, 1, 2]).unwrap())), 3);
    assert_eq!(db.dump("SELECT p FROM child").len(), 2);
    assert_eq!(write(&mut *writer, &db.creates(rows.take(&[2, 1, 0]).unwrap())), 3);
}

#[test]
fn what_the_database_does_not_accept_is_said() {
    let db = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT CHECK (a > 0), u TEXT UNIQUE); INSERT INTO t VALUES (1, 1, 'x');
         CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'not this one'); END;",
    );
    let mut writer = db.writer(&["id"]);
    let mut refused = |steps: &StepBatch| {
        writer.begin().unwrap();
        writer.load(steps).unwrap();
        let error = writer.write().unwrap_err();
        writer.rollback().unwrap();
        match error {
            WriteError::Refused { why, .. } => why,
            other => panic!("{other}"),
        }
    };
    assert!(refused(&db.creates(db.batch(&[&[Some("2"), Some("-1"), None]]))).contains("CHECK"));
    assert!(refused(&db.creates(db.batch(&[&[Some("2"), Some("1"), Some("x")]]))).contains("t.u"));
    assert_eq!(refused(&db.deletes(db.rows())), "not this one");
    let strict = Database::new("CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL) STRICT");
    let mut writer = strict.writer(&["id"]);
    writer.begin().unwrap();
    writer.load(&strict.creates(strict.batch(&[&[Some("1"), Some("NaN")]]))).unwrap();
    assert!(matches!(writer.write(), Err(WriteError::Refused { .. })));
}

#[test]
fn a_database_that_somebody_else_writes_to_is_waited_for_and_then_given_up() {
    let db = Database::new("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    let options = WriteOptions { lock_timeout: Some(Duration::from_millis(50)), ..WriteOptions::default() };
    let mut writer = db.writer_with(&["id"], &options);
    let other = Connection::open(&db.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(writer.begin(), Err(WriteError::Locked { .. })));
    writer.rollback().unwrap();
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(write(&mut *writer, &db.deletes(db.rows())), 1);
}

#[test]
fn a_session_that_only_looks_cannot_write() {
    let db = Database::new("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x')");
    let mut writer = db.writer_with(&["id"], &WriteOptions { read_only: true, ..WriteOptions::default() });
    let rows = db.rows();
    writer.load(&db.deletes(rows.clone())).unwrap();
    assert_eq!(writer.fetch(false).unwrap().rows, rows.rows);
    assert!(writer.write().is_err());
    writer.advance_counters().unwrap();
    assert_eq!(db.whole().len(), 1);
}

#[test]
fn counters_move_past_what_was_written() {
    let db = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, k TEXT UNIQUE); INSERT INTO t (k) VALUES ('a'), ('b')",
    );
    let mut writer = db.writer(&["k"]);
    let after = db.batch(&[&[Some("10"), Some("a")], &[Some("2"), Some("b")]]);
    assert_eq!(write(&mut *writer, &db.updates(db.rows(), after, &["id"])), 2);
    writer.advance_counters().unwrap();
    assert_eq!(db.dump("SELECT seq FROM sqlite_sequence"), [format!("{:?}", Stored::Integer(10))]);
    db.sql("UPDATE sqlite_sequence SET seq = 50");
    writer.advance_counters().unwrap();
    assert_eq!(db.dump("SELECT seq FROM sqlite_sequence"), [format!("{:?}", Stored::Integer(50))]);
}

#[test]
fn the_steps_are_gone_through_and_the_table_is_looked_up() {
    let db = Database::new("CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT UNIQUE, a INT)");
    let connection = Connection::open(&db.path).unwrap();
    connection.execute_batch(&format!("CREATE TABLE {STEPS} (step INTEGER PRIMARY KEY, i0, k1, v2)")).unwrap();
    for sql in [
        format!("UPDATE main.t AS t SET a = l.v2 FROM {STEPS} AS l WHERE t.id = l.i0"),
        format!("DELETE FROM main.t AS t WHERE (t.id) IN (SELECT i0 FROM {STEPS} WHERE i0 IS NOT NULL)"),
        format!("SELECT t.id FROM {STEPS} AS l CROSS JOIN main.t AS t WHERE t.k COLLATE \"BINARY\" = l.k1"),
    ] {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> = statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(plan.iter().any(|line| line.contains("SEARCH t")), "{plan:?}");
        assert!(!plan.iter().any(|line| line == "SCAN t" || line.starts_with("SCAN t ")), "{plan:?}");
    }
}
