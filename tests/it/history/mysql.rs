//! The history of a MySQL or MariaDB table.

mod marks;
mod rights;
mod types;

use crate::support::Place;
use crate::writers::rows::{Printed, Table, printed};
use mysql::prelude::Queryable;
use trueup::endpoint::{ChangesRead, EndpointError, History, HistoryMark, Installed};
use trueup::table::Column;

/// A table with a history.
pub struct Kept {
    pub table: Table,
    pub history: Box<dyn History>,
    pub key: Vec<String>,
}

impl Kept {
    #[track_caller]
    pub fn at(address: &str, key: &[&str]) -> Self {
        let table = Table::at(address, key);
        let history = table.endpoint.history().unwrap();
        Self { table, history, key: key.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// With the history installed.
    #[track_caller]
    pub fn install(address: &str, key: &[&str]) -> Self {
        let kept = Self::at(address, key);
        assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::New);
        kept
    }

    pub fn columns(&self) -> Vec<Column> {
        self.table.key.iter().map(|at| self.table.columns[*at].clone()).collect()
    }

    /// The changes since a mark: each as `create 5`, those of trueup with a star. And the rows' keys.
    #[track_caller]
    pub fn read(&self, since: Option<&HistoryMark>) -> (Vec<String>, Printed, ChangesRead) {
        let (mut entries, mut keys) = (Vec::new(), Vec::new());
        let read = self.history.changes(since, &self.columns(), &mut |changes| {
            assert_eq!(changes.keys.rows.num_rows(), changes.actions.len());
            assert_eq!((changes.times.len(), changes.own.len()), (changes.actions.len(), changes.actions.len()));
            for at in 0..changes.actions.len() {
                let key = printed(&changes.keys.take(&[at as u32]).unwrap()).remove(0);
                let text: Vec<String> = key.iter().map(|cell| cell.clone().unwrap_or("NULL".into())).collect();
                let star = if changes.own[at] { "*" } else { "" };
                entries.push(format!("{} {}{star}", changes.actions[at], text.join(",")));
                keys.push(key);
            }
            Ok(())
        });
        (entries, keys, read.unwrap())
    }

    /// The changes since a mark, and the next mark.
    #[track_caller]
    pub fn whole(&self, since: Option<&HistoryMark>) -> (Vec<String>, HistoryMark) {
        match self.read(since) {
            (entries, _, ChangesRead::Whole { mark, .. }) => (entries, mark),
            (_, _, lacking) => panic!("{lacking:?}"),
        }
    }

    #[track_caller]
    pub fn lacking(&self, since: Option<&HistoryMark>) -> String {
        match self.read(since).2 {
            ChangesRead::Lacking(why) => why,
            whole @ ChangesRead::Whole { .. } => panic!("{whole:?}"),
        }
    }

    #[track_caller]
    pub fn mark(&self) -> HistoryMark {
        self.history.mark().unwrap().unwrap()
    }
}

#[track_caller]
pub fn run(place: &mut Place, statements: &[&str]) {
    statements.iter().for_each(|sql| place.mysql().execute(sql));
}

#[track_caller]
pub fn query(place: &mut Place, sql: &str) -> Vec<String> {
    place.mysql().client.query(sql).unwrap()
}

/// Another session of the same server and database.
pub fn session(place: &mut Place) -> mysql::Conn {
    let url = place.mysql().url.clone();
    mysql::Conn::new(mysql::Opts::from_url(url.as_str()).unwrap()).unwrap()
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) COLLATE utf8mb4_general_ci NULL, n double NULL)";

#[test]
fn every_change_is_written_down() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "INSERT INTO t VALUES (1, 'before', 1)"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    assert_eq!(kept.whole(None).0, Vec::<String>::new());
    for (statement, wanted) in [
        ("INSERT INTO t VALUES (2, 'x', 1), (3, NULL, 1), (4, 'y', NULL)", vec!["create 2", "create 3", "create 4"]),
        ("UPDATE t SET a = 'z' WHERE id > 2", vec!["update 3", "update 4"]),
        // What a comparison by collation takes for the same.
        ("UPDATE t SET a = 'Z' WHERE id = 3", vec!["update 3"]),
        ("UPDATE t SET a = 'Z ' WHERE id = 3", vec!["update 3"]),
        ("UPDATE t SET a = NULL WHERE id = 3", vec!["update 3"]),
        ("UPDATE t SET a = '' WHERE id = 3", vec!["update 3"]),
        ("UPDATE t SET a = a, n = n", vec![]),
        ("UPDATE t SET a = CONCAT(a, ''), n = n + 0 WHERE id IN (3, 4)", vec![]),
        ("UPDATE t SET id = 30, a = 'moved' WHERE id = 3", vec!["delete 3", "create 30"]),
        ("UPDATE t SET id = id + 100 WHERE id < 3", vec!["delete 1", "create 101", "delete 2", "create 102"]),
        ("INSERT INTO t VALUES (30, 'w', 1) ON DUPLICATE KEY UPDATE a = VALUES(a)", vec!["update 30"]),
        ("INSERT INTO t VALUES (30, 'w', 1) ON DUPLICATE KEY UPDATE a = VALUES(a)", vec![]),
        ("INSERT INTO t VALUES (31, 'w', 1) ON DUPLICATE KEY UPDATE a = VALUES(a)", vec!["create 31"]),
        ("INSERT IGNORE INTO t VALUES (31, 'v', 1), (32, 'v', 1)", vec!["create 32"]),
        ("REPLACE INTO t VALUES (31, 'r', 1), (33, 'r', 1)", vec!["delete 31", "create 31", "create 33"]),
        ("DELETE FROM t WHERE id IN (30, 31, 32)", vec!["delete 30", "delete 31", "delete 32"]),
        ("INSERT INTO t SELECT id + 1000, a, n FROM t WHERE id > 100", vec!["create 1101", "create 1102"]),
    ] {
        let since = kept.mark();
        place.mysql().execute(statement);
        let (entries, mark) = kept.whole(Some(&since));
        assert_eq!(entries, wanted, "{statement}");
        assert!(mark.gaps.is_empty(), "{statement}: {mark:?}");
        assert_eq!(kept.whole(Some(&mark)).0, Vec::<String>::new(), "{statement}");
        assert_eq!(kept.mark(), mark, "{statement}");
    }
    let status = kept.history.status().unwrap().unwrap();
    assert_eq!((status.key, status.rows), (vec!["id".to_owned()], kept.whole(None).0.len() as u64));
    assert!(status.misfits.is_empty());
    assert!(status.covers_from <= status.oldest.unwrap() && status.oldest < status.newest);
}

#[test]
fn times_are_the_servers_in_utc() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let clock = kept.table.endpoint.clock().unwrap().unwrap();
    // The server is on this machine; its zone is another one.
    assert!(clock.ahead.abs() < 1_000_000 && clock.error < 1_000_000, "{clock:?}");
    let begin = trueup::endpoint::now();
    run(&mut place, &["SET time_zone = '-03:00'", "INSERT INTO t (id) VALUES (1)"]);
    let end = trueup::endpoint::now();
    let mut seen = Vec::new();
    let read = kept.history.changes(None, &kept.columns(), &mut |changes| {
        seen.extend(changes.times);
        Ok(())
    });
    assert!(seen.len() == 1 && (begin - 1000..=end + 1000).contains(&seen[0]), "{begin} {seen:?} {end}");
    let ChangesRead::Whole { covers_from, .. } = read.unwrap() else { panic!("lacking") };
    assert!(covers_from <= begin && covers_from > begin - 60_000_000);
}

#[test]
fn what_is_rolled_back_is_not_told_and_what_is_late_is_told_once() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let start = kept.mark();
    let mut late = session(&mut place);
    let mut never = session(&mut place);
    late.query_drop("BEGIN").unwrap();
    late.query_drop("INSERT INTO t (id) VALUES (1), (2)").unwrap();
    never.query_drop("BEGIN").unwrap();
    never.query_drop("INSERT INTO t (id) VALUES (3)").unwrap();
    run(&mut place, &["INSERT INTO t (id) VALUES (4)"]);
    let (entries, mark) = kept.whole(Some(&start));
    assert_eq!(entries, ["create 4"]);
    assert_eq!(mark.gaps.len(), 1, "{mark:?}");
    assert_eq!(kept.mark().gaps.len(), 1);
    let between = kept.mark();
    late.query_drop("COMMIT").unwrap();
    never.query_drop("ROLLBACK").unwrap();
    run(&mut place, &["INSERT INTO t (id) VALUES (5)"]);
    let (entries, next) = kept.whole(Some(&mark));
    assert_eq!(entries, ["create 1", "create 2", "create 5"]);
    assert_eq!(kept.whole(Some(&between)).0, entries);
    assert_eq!(kept.whole(Some(&next)).0, Vec::<String>::new());
    assert_eq!(kept.whole(Some(&start)).0, ["create 1", "create 2", "create 4", "create 5"]);
}

#[test]
fn own_writes_are_marked_and_their_triggers_are_no_surprise() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "CREATE TRIGGER trueups AFTER INSERT ON t FOR EACH ROW SET @x = 1"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    assert_eq!(kept.table.endpoint.target().unwrap().unwrap().triggers, ["trueups"]);
    let row = |id| kept.table.rows(&[&[Some(id), Some("x"), None]]);
    let mut writer = kept.table.writer();
    assert_eq!(kept.table.write(&mut *writer, &kept.table.creates(row("1"), &[0, 1, 2])).unwrap(), 1);
    run(&mut place, &["INSERT INTO t (id) VALUES (2)", "SET @trueup_origin = 'something else'"]);
    run(&mut place, &["SET sql_mode = 'STRICT_ALL_TABLES'", "INSERT INTO t (id) VALUES (3)"]);
    assert_eq!(kept.table.write(&mut *writer, &kept.table.deletes(row("1"))).unwrap(), 1);
    assert_eq!(kept.whole(None).0, ["create 1*", "create 2", "create 3", "delete 1*"]);
}

#[test]
fn writers_notice_nothing() {
    let mut place = Place::new();
    run(&mut place, &["CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a int)", "INSERT INTO t (a) VALUES (1)"]);
    let _kept = Kept::install(&place.mysql().address("t"), &["id"]);
    run(&mut place, &["UPDATE t SET a = 2", "INSERT INTO t (a) VALUES (5), (6)"]);
    let client = &mut place.mysql().client;
    assert_eq!((client.last_insert_id(), client.affected_rows(), client.warnings()), (2, 2, 0));
    assert_eq!(query(&mut place, "SELECT LAST_INSERT_ID()"), ["2"]);
}

#[test]
fn installing_twice_changes_nothing_and_what_does_not_fit_is_renewed() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let triggers = "SELECT CONCAT(trigger_name, created, action_statement) FROM information_schema.triggers \
                    WHERE trigger_schema = DATABASE() ORDER BY 1";
    let before = query(&mut place, triggers);
    assert_eq!(before.len(), 3);
    run(&mut place, &["INSERT INTO t (id) VALUES (1)"]);
    let mark = kept.mark();
    assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::Already);
    assert_eq!((kept.mark(), query(&mut place, triggers)), (mark.clone(), before.clone()));

    let renewed = |place: &mut Place, key: &[&str]| {
        let old = kept.history.status().unwrap().unwrap();
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(kept.history.install(&key).unwrap(), Installed::Renewed);
        let now = kept.history.status().unwrap().unwrap();
        assert!(now.misfits.is_empty() && now.rows == 0 && now.covers_from > old.covers_from, "{old:?} {now:?}");
        assert_eq!((now.key, query(place, triggers).len()), (key, 3));
        let why = kept.lacking(Some(&mark));
        assert!(why.contains("installed anew"), "{why}");
    };
    for (change, word) in [
        ("ALTER TABLE t ADD COLUMN more int", "does not fit the table's columns"),
        (
            &*format!(
                "DROP TRIGGER {}",
                &query(
                    &mut place,
                    "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_manipulation = 'DELETE'"
                )[0]
            ),
            "is gone",
        ),
    ] {
        run(&mut place, &[change, "INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id + 1"]);
        let status = kept.history.status().unwrap().unwrap();
        assert!(status.misfits.len() == 1 && status.misfits[0].contains(word), "{:?}", status.misfits);
        assert_eq!(kept.history.mark().unwrap(), None);
        assert!(kept.lacking(Some(&mark)).contains(word));
        renewed(&mut place, &["id"]);
    }
    run(&mut place, &["INSERT INTO t (id) VALUES (77)"]);
    renewed(&mut place, &["a", "id"]);
    // Made anew by hand, the same: nobody knows what happened in between.
    let show = "SELECT action_statement FROM information_schema.triggers \
                WHERE trigger_schema = DATABASE() AND event_manipulation = 'INSERT'";
    let (name, body) = (query(&mut place, &show.replace("action_statement", "trigger_name")), query(&mut place, show));
    std::thread::sleep(std::time::Duration::from_millis(20));
    run(&mut place, &["SET sql_mode = ''", &format!("DROP TRIGGER {}", name[0])]);
    run(&mut place, &[&format!("CREATE TRIGGER {} AFTER INSERT ON t FOR EACH ROW {}", name[0], body[0])]);
    assert!(kept.history.status().unwrap().unwrap().misfits[0].contains("made anew"));
    renewed(&mut place, &["id"]);
}

#[test]
fn what_broke_off_is_finished_by_installing_again() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let finished = "UPDATE trueup_history SET row_key = JSON_REMOVE(row_key, '$.made') WHERE action = 'install'";
    for statement in [finished, "DELETE FROM trueup_history WHERE action = 'install'"] {
        run(&mut place, &[statement]);
        assert_eq!(kept.history.mark().unwrap(), None);
        kept.lacking(None);
        assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::New);
        run(&mut place, &["REPLACE INTO t (id) VALUES (1)"]);
        assert!(kept.whole(None).0.last().unwrap() == "create 1");
    }
}

#[test]
fn removing_leaves_nothing() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "CREATE TABLE other LIKE t"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let other = Kept::install(&place.mysql().address("other"), &["id"]);
    for id in 1..20 {
        run(
            &mut place,
            &[&format!("INSERT INTO t (id) VALUES ({id})"), &format!("INSERT INTO other (id) VALUES ({id})")],
        );
    }
    let mark = other.mark();
    assert!(kept.history.remove().unwrap());
    assert!(!kept.history.remove().unwrap());
    assert_eq!(kept.history.status().unwrap(), None);
    assert_eq!(kept.history.mark().unwrap(), None);
    assert!(kept.lacking(None).contains("not installed"));
    run(&mut place, &["INSERT INTO t (id) VALUES (100)", "INSERT INTO other (id) VALUES (100)"]);
    // What went was not lost by the other.
    assert_eq!(other.whole(Some(&mark)).0, ["create 100"]);
    let again = other.mark();
    assert!(again.gaps.is_empty(), "{again:?}");
    assert_eq!(other.whole(None).0.len(), 20);
    // Its table may have gone before.
    run(&mut place, &["DROP TABLE other"]);
    assert!(other.history.remove().unwrap());
    assert!(!other.history.remove().unwrap());
    let left = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 't'";
    assert_eq!(query(&mut place, left), ["0"]);
    let left = "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()";
    assert_eq!(query(&mut place, left), ["0"]);
    run(&mut place, &["UPDATE t SET n = 1"]);
}

#[test]
fn names_of_every_kind() {
    let mut place = Place::new();
    let long = "L".repeat(64);
    for name in ["back`tick", "T", "t", "it's :a ?\\", "ßé日", &long, &"L".repeat(63)] {
        let quoted = format!("`{}`", name.replace('`', "``"));
        run(&mut place, &[&format!("CREATE TABLE {quoted} (`i``d :x` int PRIMARY KEY, `O'N` int)")]);
        let kept = Kept::install(&place.mysql().address(name), &["i`d :x"]);
        run(&mut place, &[&format!("INSERT INTO {quoted} VALUES (1, 2)"), &format!("UPDATE {quoted} SET `O'N` = 3")]);
        assert_eq!(kept.whole(None).0, ["create 1", "update 1"], "{name}");
        assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::Already, "{name}");
        let mark = kept.mark();
        run(&mut place, &[&format!("TRUNCATE TABLE {quoted}")]);
        assert!(kept.lacking(Some(&mark)).contains("TRUNCATE"), "{name}");
    }
}

#[test]
fn a_key_that_the_server_computes() {
    let mut place = Place::new();
    let sql =
        "CREATE TABLE t (id int PRIMARY KEY, v int AS (id * 2) VIRTUAL, s varchar(9) AS (CONCAT('k', id)) STORED)";
    run(&mut place, &[sql, "INSERT INTO t (id) VALUES (1)"]);
    let kept = Kept::install(&place.mysql().address("t"), &["v", "s"]);
    run(
        &mut place,
        &["INSERT INTO t (id) VALUES (2)", "UPDATE t SET id = 3 WHERE id = 1", "DELETE FROM t WHERE id = 2"],
    );
    assert_eq!(kept.whole(None).0, ["create 4,k2", "delete 2,k1", "create 6,k3", "delete 4,k2"]);
}

#[test]
fn a_table_in_use_is_left_alone() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::at(&place.mysql().address("t"), &["id"]);
    let mut other = session(&mut place);
    other.query_drop("BEGIN").unwrap();
    other.query_drop("INSERT INTO t (id) VALUES (1)").unwrap();
    let error = kept.history.install(&kept.key).unwrap_err().to_string();
    assert!(error.contains("other sessions hold the table"), "{error}");
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(query(&mut place, tables), ["1"]);
    other.query_drop("COMMIT").unwrap();
    assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::New);
    assert_eq!(kept.whole(None).0, Vec::<String>::new());
}

#[test]
fn tables_that_can_have_none_are_refused() {
    let mut place = Place::new();
    run(
        &mut place,
        &[
            TABLE,
            "CREATE VIEW v AS SELECT * FROM t",
            "CREATE TABLE m (id int PRIMARY KEY) ENGINE = Aria",
            "CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT up FOREIGN KEY (p) REFERENCES t (id) ON DELETE CASCADE)",
            "CREATE TABLE k (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES t (id))",
        ],
    );
    for (name, key, word) in [
        ("v", "id", "it is a view"),
        ("m", "id", "its engine is Aria"),
        ("c", "id", "foreign key `up` is ON DELETE CASCADE"),
        ("t", "nothing", "(nothing)"),
    ] {
        let history = Table::at(&place.mysql().address(name), &[]).endpoint.history().unwrap();
        let error = history.install(&[key.to_owned()]).unwrap_err();
        assert!(matches!(&error, EndpointError::Query { why, .. } if why.contains(word)), "{error}");
    }
    let tables =
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'true%'";
    assert_eq!(query(&mut place, tables), ["0"]);
    let kept = Kept::install(&place.mysql().address("k"), &["id"]);
    run(&mut place, &["ALTER TABLE k ADD CONSTRAINT down FOREIGN KEY (p) REFERENCES t (id) ON UPDATE SET NULL"]);
    assert!(kept.lacking(None).contains("`down`"));
    let error = Table::at(&place.mysql().address("trueup_history"), &[]).endpoint.history().unwrap();
    assert!(error.install(&["seq".to_owned()]).is_err());
}
