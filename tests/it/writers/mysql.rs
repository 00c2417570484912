//! Writing to a MySQL or MariaDB table.

mod script;
mod types;

use super::rows::{Table, pick, printed};
use crate::support::Place;
use mysql::prelude::Queryable;
use std::time::{Duration, Instant};
use trueup::endpoint::{Action, EndpointError, OnDelete, WriteError, WriteOptions};

fn some(cells: &[&'static str]) -> Vec<Option<&'static str>> {
    cells.iter().map(|cell| (*cell != "NULL").then_some(*cell)).collect()
}

/// Rows of a table from their cells, `NULL` for NULL.
macro_rules! rows {
    ($table:expr, $([$($cell:expr),*]),* $(,)?) => {{
        let rows = [$(some(&[$($cell),*])),*];
        $table.rows(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }};
}

fn table(place: &mut Place, statements: &[&str], key: &[&str]) -> Table {
    let server = place.mysql();
    statements.iter().for_each(|sql| server.execute(sql));
    Table::at(&server.address("t"), key)
}

/// What a query gives, row by row as text.
fn query(place: &mut Place, sql: &str) -> Vec<String> {
    place.mysql().client.query(sql).unwrap()
}

#[test]
fn moved_rows_are_not_written() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) COLLATE utf8mb4_general_ci NULL, n int NULL)",
            "INSERT INTO t VALUES (1, 'same', 1), (2, 'Case', 1), (3, 'resume', 1), (4, 'pad', 1), (5, NULL, 1), \
             (6, '', 1), (7, 'n', NULL), (8, 'n', 0), (9, NULL, NULL)",
        ],
        &["id"],
    );
    let before = rows!(
        t,
        ["1", "same", "1"],
        ["2", "case", "1"],
        ["3", "résumé", "1"],
        ["4", "pad ", "1"],
        ["5", "", "1"],
        ["6", "NULL", "1"],
        ["7", "n", "0"],
        ["8", "n", "NULL"],
        ["9", "NULL", "NULL"],
        ["10", "gone", "1"],
    );
    let after = rows!(
        t,
        ["1", "same", "2"],
        ["2", "case", "2"],
        ["3", "résumé", "2"],
        ["4", "pad ", "2"],
        ["5", "", "2"],
        ["6", "NULL", "2"],
        ["7", "n", "2"],
        ["8", "n", "2"],
        ["9", "NULL", "2"],
        ["10", "gone", "2"],
    );
    let mut writer = t.writer();
    assert_eq!(t.write(&mut *writer, &t.updates(before.clone(), after, &[2])).unwrap(), 2);
    assert_eq!(query(&mut place, "SELECT id FROM t WHERE n = 2 ORDER BY id"), ["1", "9"]);
    // The rows that are there, whatever they hold, and no others.
    writer.begin().unwrap();
    writer.load(&t.updates(before.clone(), before.clone(), &[2])).unwrap();
    assert_eq!(printed(&writer.fetch(true).unwrap()), t.printed());
    writer.rollback().unwrap();
    assert_eq!(t.write(&mut *writer, &t.deletes(before)).unwrap(), 0);
    let now = t.export();
    assert_eq!(t.write(&mut *writer, &t.deletes(pick(&now, &[0, 4, 8]))).unwrap(), 3);
    assert_eq!(query(&mut place, "SELECT id FROM t ORDER BY id"), ["2", "3", "4", "6", "7", "8"]);
}

#[test]
fn an_update_that_changes_nothing_counts() {
    let mut place = Place::new();
    let t = table(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int)", "INSERT INTO t VALUES (1, 5)"], &["id"]);
    let mut writer = t.writer();
    let as_it_is = rows!(t, ["1", "5"]);
    assert_eq!(t.write(&mut *writer, &t.updates(as_it_is.clone(), as_it_is, &[1])).unwrap(), 1);
}

#[test]
fn creates_leave_rows_that_are_there() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a varchar(9), d int NOT NULL DEFAULT 7, \
             g int AS (d + 1) STORED, v int AS (d + 2) VIRTUAL)",
            "INSERT INTO t (id, a) VALUES (1, 'old')",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    let after = rows!(
        t,
        ["1", "new", "NULL", "NULL", "NULL"],
        ["0", "zero", "NULL", "NULL", "NULL"],
        ["500", "NULL", "NULL", "NULL", "NULL"],
    );
    assert_eq!(t.write(&mut *writer, &t.creates(after, &[0, 1])).unwrap(), 2);
    writer.advance_counters().unwrap();
    place.mysql().execute("INSERT INTO t (a) VALUES ('next')");
    assert_eq!(
        query(&mut place, "SELECT CONCAT_WS(' ', id, IFNULL(a, 'NULL'), d, g, v) FROM t ORDER BY id"),
        ["0 zero 7 8 9", "1 old 7 8 9", "500 NULL 7 8 9", "501 next 7 8 9"]
    );
    // A generated column is guarded like any other.
    let all = t.export();
    assert_eq!(t.write(&mut *writer, &t.deletes(all)).unwrap(), 4);
}

#[test]
fn a_counter_that_updates_have_passed_is_moved() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (k int PRIMARY KEY, id smallint AUTO_INCREMENT UNIQUE)",
            "INSERT INTO t VALUES (1, 1), (2, 2)",
        ],
        &["k"],
    );
    let mut writer = t.writer();
    let steps = t.updates(rows!(t, ["2", "2"]), rows!(t, ["2", "900"]), &[1]);
    assert_eq!(t.write(&mut *writer, &steps).unwrap(), 1);
    writer.advance_counters().unwrap();
    writer.advance_counters().unwrap();
    place.mysql().execute("INSERT INTO t (k) VALUES (3)");
    assert_eq!(query(&mut place, "SELECT id FROM t WHERE k = 3"), ["901"]);
}

#[test]
fn columns_that_updates_touch_by_themselves_are_kept() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int PRIMARY KEY, a int, \
             ts timestamp NOT NULL DEFAULT '2001-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP, \
             dt datetime(3) NULL DEFAULT '2001-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP(3))",
            "INSERT INTO t (id, a) VALUES (1, 1), (2, 2)",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    let before = t.export();
    let after = rows!(
        t,
        ["1", "2", "2001-01-01 00:00:00", "2001-01-01 00:00:00"],
        ["2", "1", "2001-01-01 00:00:00", "2001-01-01 00:00:00"],
    );
    assert_eq!(t.write(&mut *writer, &t.updates(before, after.clone(), &[1])).unwrap(), 2);
    assert_eq!(t.printed(), printed(&after));
    // Named, it is written; and the other still is not.
    let named = rows!(
        t,
        ["1", "3", "2002-01-01 00:00:00", "2001-01-01 00:00:00"],
        ["2", "3", "2003-01-01 00:00:00", "2001-01-01 00:00:00"],
    );
    assert_eq!(t.write(&mut *writer, &t.updates(after, named.clone(), &[1, 2])).unwrap(), 2);
    assert_eq!(t.printed(), printed(&named));
}

#[test]
fn unique_values_are_swapped() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int PRIMARY KEY, a int NULL UNIQUE, b char(2) NOT NULL UNIQUE, c tinyint NOT NULL UNIQUE, \
             d decimal(4,2) NOT NULL UNIQUE, e date NOT NULL UNIQUE, f varchar(90) NOT NULL UNIQUE, \
             g bigint unsigned NOT NULL UNIQUE, ts timestamp NULL ON UPDATE CURRENT_TIMESTAMP)",
            "INSERT INTO t VALUES (1, 1, 'a', -128, 99.99, '1000-01-01', 'x', 0, NULL), \
             (2, 2, 'b', 2, -99.99, '2024-01-01', 'y', 18446744073709551615, NULL), \
             (3, 3, 'c', 3, 3, '2025-01-01', 'z', 3, NULL)",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    let before = t.export();
    // Each row takes the values of the next; only one of `d`, whose ends are taken, hands on values
    // beside the others.
    let turned = pick(&before, &[1, 2, 0]);
    let mut columns = turned.rows.columns().to_vec();
    columns[0] = before.rows.column(0).clone();
    for unturned in [4, 7] {
        columns[unturned] = before.rows.column(unturned).clone();
    }
    let rows = arrow::array::RecordBatch::try_new(before.rows.schema(), columns).unwrap();
    let after = trueup::endpoint::ExportBatch { rows, others: vec![] };
    let mut steps = t.updates(before.clone(), after.clone(), &[1, 2, 3, 5, 6]);
    let straight = t.write(&mut *writer, &steps).unwrap_err();
    assert!(matches!(straight, WriteError::Refused { .. }), "{straight}");
    steps.park = vec![1, 2, 3, 5, 6];
    assert_eq!(t.write(&mut *writer, &steps).unwrap(), 3);
    assert_eq!(t.printed(), printed(&after));

    // A row that moved keeps its values, and the count says so.
    place.mysql().execute("UPDATE t SET ts = '2020-01-01 00:00:00' WHERE id = 2");
    let mut back = t.updates(after, before, &[1, 2, 3, 5, 6]);
    back.park = steps.park;
    let now = t.printed();
    writer.begin().unwrap();
    writer.load(&back).unwrap();
    assert_eq!(writer.write().unwrap(), 2);
    writer.rollback().unwrap();
    assert_eq!(t.printed(), now);
}

#[test]
fn a_full_column_can_not_be_parked() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int PRIMARY KEY, g bigint unsigned NOT NULL UNIQUE)",
            "INSERT INTO t VALUES (1, 0), (2, 18446744073709551615)",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    let before = t.export();
    let after = rows!(t, ["1", "18446744073709551615"], ["2", "0"]);
    let mut steps = t.updates(before.clone(), after, &[1]);
    steps.park = vec![1];
    let error = t.write(&mut *writer, &steps).unwrap_err();
    assert!(matches!(&error, WriteError::Refused { why, .. } if why.contains("`g`")), "{error}");
    assert_eq!(t.printed(), printed(&before));
}

#[test]
fn odd_names_are_names() {
    let mut place = Place::new();
    let name = "we`ird \"ta.ble%? :x";
    let server = place.mysql();
    server.execute(
        "CREATE TABLE `we``ird \"ta.ble%? :x` (`a b` int PRIMARY KEY, `per%cent` int, `a:b` varchar(9), `wh?at` int, \
         `quo'te` int, `back\\\\slash` int, `select` timestamp NULL, `k0` int)",
    );
    let t = Table::at(&server.address(name), &["a b"]);
    let mut writer = t.writer();
    let row = rows!(t, ["1", "2", ":x ?", "4", "5", "6", "2024-01-01 00:00:00", "8"]);
    let next = rows!(t, ["1", "3", "'\\", "5", "6", "7", "2024-01-02 00:00:00", "9"]);
    assert_eq!(t.write(&mut *writer, &t.creates(row.clone(), &t.all())).unwrap(), 1);
    assert_eq!(t.write(&mut *writer, &t.updates(row, next.clone(), &[1, 2, 3, 4, 5, 6, 7])).unwrap(), 1);
    assert_eq!(t.printed(), printed(&next));
    writer.load(&t.deletes(next.clone())).unwrap();
    assert_eq!(printed(&writer.fetch(false).unwrap()), printed(&next));
    assert_eq!(t.write(&mut *writer, &t.deletes(next)).unwrap(), 1);
}

#[test]
fn what_the_database_does_not_accept_is_refused_in_its_words() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE parents (id int PRIMARY KEY)",
            "INSERT INTO parents VALUES (1)",
            "CREATE TABLE t (id int PRIMARY KEY, u int NULL UNIQUE, p int NULL, n int NOT NULL, s varchar(3) NULL, \
             l varchar(9) CHARACTER SET latin1 NULL, c char(4) NULL, FOREIGN KEY (p) REFERENCES parents (id), \
             CONSTRAINT positive CHECK (n > 0))",
            "INSERT INTO t VALUES (1, 1, 1, 1, NULL, NULL, NULL)",
            "CREATE TRIGGER no_seven BEFORE INSERT ON t FOR EACH ROW \
             IF NEW.n = 7 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'seven is not allowed'; END IF",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    let before = t.printed();
    for (row, words) in [
        (["2", "1", "1", "1", "NULL", "NULL", "NULL"], "Duplicate entry"),
        (["2", "2", "9", "1", "NULL", "NULL", "NULL"], "foreign key constraint fails"),
        (["2", "2", "1", "0", "NULL", "NULL", "NULL"], "positive"),
        (["2", "2", "1", "NULL", "NULL", "NULL", "NULL"], "column `n`: it can't be NULL"),
        (["2", "2", "1", "7", "NULL", "NULL", "NULL"], "seven is not allowed"),
        (["2", "2", "1", "1", "long", "NULL", "NULL"], "`s`"),
        (["2", "2", "1", "1", "lo  ", "NULL", "NULL"], "`s`"),
        (["2", "2", "1", "1", "NULL", "日本", "NULL"], "`l`"),
        (["2", "2", "1", "1", "NULL", "NULL", "ab "], "row id 2, column `c`"),
    ] {
        let error = t.write(
            &mut *writer,
            &t.creates(rows!(t, [row[0], row[1], row[2], row[3], row[4], row[5], row[6]]), &t.all()),
        );
        match error {
            Err(WriteError::Refused { why, .. }) if why.contains(words) => {}
            other => panic!("{row:?}: {other:?}"),
        }
        assert_eq!(t.printed(), before, "{row:?}");
    }
    let good = rows!(t, ["2", "2", "NULL", "2", "abc", "é", "ab"]);
    assert_eq!(t.write(&mut *writer, &t.creates(good, &t.all())).unwrap(), 1);
}

#[test]
fn a_key_that_the_server_takes_for_another_is_refused() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (code varchar(9) COLLATE utf8mb4_general_ci PRIMARY KEY, a int)",
            "INSERT INTO t VALUES ('abc', 1)",
        ],
        &["code"],
    );
    let mut writer = t.writer();
    for after in [rows!(t, ["ABC", "2"]), rows!(t, ["x", "2"], ["X", "2"])] {
        let error = t.write(&mut *writer, &t.creates(after, &t.all())).unwrap_err();
        assert!(matches!(error, WriteError::Refused { .. }), "{error:?}");
    }
    // Updates and deletes of the one don't touch the other.
    let steps = t.updates(rows!(t, ["ABC", "1"]), rows!(t, ["ABC", "2"]), &[1]);
    assert_eq!(t.write(&mut *writer, &steps).unwrap(), 0);
    writer.load(&steps).unwrap();
    assert_eq!(writer.fetch(false).unwrap().rows.num_rows(), 0);
    assert_eq!(t.write(&mut *writer, &t.deletes(rows!(t, ["ABC", "1"]))).unwrap(), 0);
    assert_eq!(t.write(&mut *writer, &t.deletes(rows!(t, ["abc", "1"]))).unwrap(), 1);
}

#[test]
fn a_row_that_comes_into_being_meanwhile_is_a_conflict() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int PRIMARY KEY, a int)",
            "CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW IF NEW.id = 1 THEN DO SLEEP(1); END IF",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    writer.begin().unwrap();
    writer.load(&t.creates(rows!(t, ["1", "1"], ["2", "1"]), &t.all())).unwrap();
    let error = std::thread::scope(|scope| {
        let write = scope.spawn(|| writer.write());
        std::thread::sleep(Duration::from_millis(500));
        place.mysql().execute("INSERT INTO t VALUES (2, 2)");
        write.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, WriteError::Taken { .. }), "{error:?}");
    writer.rollback().unwrap();
    assert_eq!(query(&mut place, "SELECT CONCAT(id, ' ', a) FROM t"), ["2 2"]);
}

#[test]
fn a_row_that_someone_is_adding_is_waited_for() {
    let mut place = Place::new();
    let t = table(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int)"], &["id"]);
    let mut writer = t.writer();
    place.mysql().execute("BEGIN");
    place.mysql().execute("INSERT INTO t VALUES (1, 2)");
    let written = std::thread::scope(|scope| {
        let write = scope.spawn(|| t.write(&mut *writer, &t.creates(rows!(t, ["1", "1"]), &t.all())));
        std::thread::sleep(Duration::from_millis(300));
        place.mysql().execute("COMMIT");
        write.join().unwrap()
    });
    // Whether the server sees it at once or stumbles over it.
    assert!(matches!(written, Ok(0) | Err(WriteError::Taken { .. })), "{written:?}");
    assert_eq!(query(&mut place, "SELECT CONCAT(id, ' ', a) FROM t"), ["1 2"]);
}

#[test]
fn a_lock_is_waited_for_as_long_as_asked() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &["CREATE TABLE t (id int PRIMARY KEY, a int)", "INSERT INTO t VALUES (1, 1), (2, 1)"],
        &["id"],
    );
    let options = WriteOptions { lock_timeout: Some(Duration::from_millis(700)), ..WriteOptions::default() };
    let mut writer = t.writer_with(&options);
    place.mysql().execute("BEGIN");
    place.mysql().execute("UPDATE t SET a = 2 WHERE id = 1");
    let start = Instant::now();
    let steps = t.updates(rows!(t, ["1", "1"]), rows!(t, ["1", "3"]), &[1]);
    let error = t.write(&mut *writer, &steps).unwrap_err();
    assert!(matches!(error, WriteError::Locked { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(10));
    // Other rows of the table are free, also those that are looked at beside the locked one.
    let other = t.updates(rows!(t, ["2", "1"]), rows!(t, ["2", "3"]), &[1]);
    assert_eq!(t.write(&mut *writer, &other).unwrap(), 1);
    place.mysql().execute("COMMIT");
    assert_eq!(t.write(&mut *writer, &steps).unwrap(), 0);
}

#[test]
fn a_killed_session_is_lost_and_leaves_nothing() {
    let mut place = Place::new();
    let t = table(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int)"], &["id"]);
    let mut writer = t.writer();
    writer.begin().unwrap();
    writer.load(&t.creates(rows!(t, ["1", "1"]), &t.all())).unwrap();
    assert_eq!(writer.write().unwrap(), 1);
    let database = place.mysql().database.clone();
    let sessions: Vec<u64> = place
        .mysql()
        .client
        .exec("SELECT id FROM information_schema.processlist WHERE db = ? AND id <> connection_id()", (database,))
        .unwrap();
    assert!(!sessions.is_empty());
    for session in sessions {
        let _ = place.mysql().client.query_drop(format!("KILL {session}"));
    }
    let error = writer.commit().unwrap_err();
    assert!(matches!(error, WriteError::Endpoint(EndpointError::Lost { .. })), "{error:?}");
    for password in crate::support::passwords() {
        assert!(!error.to_string().contains(&password));
    }
    drop(writer);
    assert_eq!(query(&mut place, "SELECT COUNT(*) FROM t"), ["0"]);
}

#[test]
fn a_session_that_only_looks_writes_nothing() {
    let mut place = Place::new();
    let t = table(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int)", "INSERT INTO t VALUES (1, 1)"], &["id"]);
    let mut writer = t.writer_with(&WriteOptions { read_only: true, ..WriteOptions::default() });
    writer.begin().unwrap();
    for _ in 0..2 {
        writer.load(&t.deletes(t.export())).unwrap();
        assert_eq!(printed(&writer.fetch(false).unwrap()), t.printed());
    }
    assert!(writer.write().is_err());
    writer.commit().unwrap();
    assert_eq!(t.printed().len(), 1);
}

#[test]
fn rows_that_refer_to_each_other_are_written_in_order() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int PRIMARY KEY, parent int NULL, FOREIGN KEY (parent) REFERENCES t (id))",
            "CREATE TABLE notes (id int AUTO_INCREMENT PRIMARY KEY, t_id int, \
             FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE)",
        ],
        &["id"],
    );
    let mut writer = t.writer();
    let parents_first = rows!(t, ["9", "NULL"], ["5", "9"], ["7", "5"], ["1", "5"], ["2", "NULL"]);
    assert_eq!(t.write(&mut *writer, &t.creates(parents_first.clone(), &t.all())).unwrap(), 5);
    place.mysql().execute("INSERT INTO notes (t_id) VALUES (1), (1), (9), (2)");
    let children_first = pick(&parents_first, &[3, 2, 1, 0]);
    let target = t.endpoint.target().unwrap().unwrap();
    let names: Vec<(&str, OnDelete, bool)> =
        target.dependents.iter().map(|d| (d.table_name.1.as_str(), d.on_delete, d.is_itself)).collect();
    assert_eq!(names, [("notes", OnDelete::Cascade, false), ("t", OnDelete::Refuse, true)]);
    assert!(target.references.iter().all(|reference| reference.to_itself));
    writer.begin().unwrap();
    writer.load(&t.deletes(children_first)).unwrap();
    assert_eq!(writer.count_dependents(&target.dependents).unwrap(), [3, 3]);
    assert_eq!(writer.write().unwrap(), 4);
    writer.commit().unwrap();
    assert_eq!(query(&mut place, "SELECT CONCAT(id, ' ', (SELECT COUNT(*) FROM notes)) FROM t"), ["2 1"]);
}

#[test]
fn a_key_without_an_index_and_a_wide_row() {
    let mut place = Place::new();
    let wide: Vec<String> = (0..15).map(|at| format!("w{at} varchar(1000)")).collect();
    let create = format!("CREATE TABLE t (a varchar(20), b int, {}, other int PRIMARY KEY)", wide.join(", "));
    let t = table(
        &mut place,
        &[&create, "INSERT INTO t (a, b, other) VALUES ('x', 1, 1), ('y', 1, 2), ('x', 2, 3)"],
        &["a", "b"],
    );
    let mut writer = t.writer();
    let before = t.export();
    let set: Vec<usize> = (2..17).collect();
    let texts: Vec<Option<&str>> =
        std::iter::once("x").chain(["1"]).chain(std::iter::repeat_n("long", 15)).chain(["1"]).map(Some).collect();
    let after = t.rows(&[&texts]);
    let first = pick(&before, &[0]);
    assert_eq!(t.write(&mut *writer, &t.updates(first, after.clone(), &set)).unwrap(), 1);
    assert_eq!(query(&mut place, "SELECT CONCAT(other, w14) FROM t WHERE w0 = 'long'"), ["1long"]);
    assert_eq!(t.write(&mut *writer, &t.creates(after, &t.all())).unwrap(), 0);
    assert_eq!(t.write(&mut *writer, &t.deletes(pick(&before, &[1, 2]))).unwrap(), 2);
}

#[test]
fn what_a_table_asks_of_writers() {
    let mut place = Place::new();
    let t = table(
        &mut place,
        &[
            "CREATE TABLE t (id int unsigned AUTO_INCREMENT, n int NOT NULL, o int NULL, d int NOT NULL DEFAULT 5, \
             g int AS (n + 1) VIRTUAL, s varchar(5) CHARACTER SET latin1 NOT NULL, e enum('x','y') NOT NULL, \
             p decimal(5,2) NULL, ts timestamp NULL ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (id), \
             UNIQUE KEY both_ (n, s))",
            "CREATE TRIGGER after_t AFTER UPDATE ON t FOR EACH ROW SET @x = 1",
        ],
        &["id"],
    );
    let target = t.endpoint.target().unwrap().unwrap();
    let flags: String = target
        .columns
        .iter()
        .map(|c| {
            let flag = |is, letter| if is { letter } else { "-" };
            format!(
                "{}{}{}{}{} ",
                c.name,
                flag(c.nullable, "n"),
                flag(c.optional, "o"),
                flag(c.computed, "g"),
                flag(c.counter, "c")
            )
        })
        .collect();
    assert_eq!(flags, "id-o-c n---- ono-- d-o-- gnog- s---- e-o-- pno-- tsno-- ");
    let unique: Vec<String> = target.unique.iter().map(|u| format!("{} {}", u.name, u.columns.join(","))).collect();
    assert_eq!(unique, ["PRIMARY id", "both_ n,s"]);
    assert_eq!(target.triggers, ["after_t"]);
    assert_eq!(target.touched, ["ts"]);
    assert!(target.obstacles.is_empty(), "{:?}", target.obstacles);
    assert!(target.warnings.len() == 1 && target.warnings[0].contains("latin1"), "{:?}", target.warnings);
    assert_eq!(target.column("id").unwrap().holds.range, Some((0, 4_294_967_295)));
    assert_eq!(target.column("p").unwrap().holds.digits, Some((5, 2)));
    assert_eq!(target.column("s").unwrap().holds.chars, Some(5));

    let server = place.mysql();
    server.execute("CREATE VIEW seen AS SELECT * FROM t");
    server.execute("CREATE TABLE plain (id int) ENGINE = Aria");
    for (name, word) in [("seen", "view"), ("plain", "Aria")] {
        let target = Table::at(&server.address(name), &[]).endpoint.target().unwrap().unwrap();
        assert!(target.obstacles.iter().any(|obstacle| obstacle.contains(word)), "{:?}", target.obstacles);
    }
}

#[test]
fn missing_rights_are_found_before_the_first_write() {
    let mut place = Place::new();
    let t = table(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int)"], &["id"]);
    drop(t);
    let server = place.mysql();
    let database = server.database.clone();
    let mut asked = Vec::new();
    for (at, rights) in
        ["SELECT", "SELECT, INSERT, CREATE TEMPORARY TABLES", "SELECT, INSERT, UPDATE, DELETE"].iter().enumerate()
    {
        let user = format!("u{}_{at}", &database[database.len() - 12..]);
        server.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'Of-a-user-5ecret'"));
        server.execute(&format!("GRANT {rights} ON {database}.* TO {user}@'%'"));
        let mut url = server.url.clone();
        url.set_username(&user).unwrap();
        url.set_password(Some("Of-a-user-5ecret")).unwrap();
        let target = Table::at(&server.address_by(&url, "t"), &[]).endpoint.target();
        server.execute(&format!("DROP USER {user}@'%'"));
        asked.push(target.unwrap().unwrap());
    }
    assert!(asked[0].obstacles[0].contains("no right to write"), "{:?}", asked[0]);
    assert!(asked[1].obstacles.is_empty(), "{:?}", asked[1]);
    let lacking: Vec<Action> = asked[1].lacking.iter().map(|lacking| lacking.action).collect();
    assert_eq!(lacking, [Action::Update, Action::Delete]);
    assert!(asked[1].obstacles_to(|action| action == Action::Create).next().is_none());
    assert!(asked[2].obstacles[0].contains("TEMPORARY"), "{:?}", asked[2]);
}
