//! What marks have seen, what is forgotten, and what went without a trigger.

use super::{Kept, TABLE, query, run, session};
use crate::support::Place;
use mysql::prelude::Queryable;
use std::time::{Duration, Instant};
use trueup::endpoint::{ChangesRead, HistoryMark};

#[test]
fn what_was_cleared_is_lacking_for_older_marks() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let start = kept.mark();
    run(&mut place, &["INSERT INTO t (id) VALUES (1), (2)"]);
    let seen = kept.mark();
    run(&mut place, &["INSERT INTO t (id) VALUES (3)"]);
    assert_eq!(kept.history.clear(Some(&seen)).unwrap(), 2);
    assert_eq!(kept.history.clear(Some(&seen)).unwrap(), 0);
    assert!(kept.lacking(Some(&start)).contains("cleared"));
    assert_eq!(kept.whole(Some(&seen)).0, ["create 3"]);
    assert_eq!(kept.whole(None).0, ["create 3"]);
    let (_, _, read) = kept.read(None);
    let ChangesRead::Whole { covers_from, mark } = read else { panic!("{read:?}") };
    assert!(mark.gaps.is_empty(), "{mark:?}");
    let status = kept.history.status().unwrap().unwrap();
    assert!(status.rows == 1 && status.covers_from == covers_from && covers_from <= status.oldest.unwrap());
    // An older mark forgets nothing more.
    assert_eq!(kept.history.clear(Some(&start)).unwrap(), 0);
    assert_eq!(kept.history.clear(None).unwrap(), 1);
    assert!(kept.lacking(Some(&seen)).contains("cleared"));
    assert_eq!(kept.whole(Some(&mark)).0, Vec::<String>::new());
    run(&mut place, &["DELETE FROM t WHERE id = 3"]);
    assert_eq!(kept.whole(Some(&mark)).0, ["delete 3"]);
    assert_eq!(kept.history.install(&kept.key).unwrap(), trueup::endpoint::Installed::Already);
    let rows = "SELECT GROUP_CONCAT(action ORDER BY seq) FROM trueup_history";
    assert_eq!(query(&mut place, rows), ["install,guard,clear,delete"]);
}

#[test]
fn clearing_waits_for_nobody_and_keeps_what_is_not_seen() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "CREATE TABLE other LIKE t"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let other = Kept::install(&place.mysql().address("other"), &["id"]);
    let start = other.mark();
    let (mut early, mut late) = (session(&mut place), session(&mut place));
    run(&mut place, &["INSERT INTO t (id) VALUES (1), (2), (3)"]);
    early.query_drop("BEGIN").unwrap();
    early.query_drop("INSERT INTO t (id) VALUES (10)").unwrap();
    early.query_drop("INSERT INTO other (id) VALUES (10)").unwrap();
    run(&mut place, &["INSERT INTO t (id) VALUES (4)", "INSERT INTO other (id) VALUES (4)"]);
    let mark = kept.mark();
    late.query_drop("BEGIN").unwrap();
    late.query_drop("INSERT INTO t (id) VALUES (11)").unwrap();
    run(&mut place, &["INSERT INTO t (id) VALUES (5)"]);
    let begun = Instant::now();
    assert_eq!(kept.history.clear(Some(&mark)).unwrap(), 4);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let (entries, next) = other.whole(Some(&start));
    assert_eq!(entries, ["create 4"]);
    early.query_drop("COMMIT").unwrap();
    late.query_drop("COMMIT").unwrap();
    assert_eq!(kept.history.clear(Some(&mark)).unwrap(), 0);
    assert_eq!(kept.whole(Some(&mark)).0, ["create 10", "create 11", "create 5"]);
    assert_eq!(kept.whole(None).0, ["create 10", "create 11", "create 5"]);
    assert_eq!(other.whole(Some(&next)).0, ["create 10"]);
    assert_eq!(other.whole(None).0, ["create 10", "create 4"]);
    assert_eq!(kept.history.clear(None).unwrap(), 3);
    // Whoever writes is not kept waiting either.
    early.query_drop("BEGIN").unwrap();
    early.query_drop("UPDATE t SET n = 5").unwrap();
    assert_eq!(kept.history.clear(None).unwrap(), 0);
    early.query_drop("COMMIT").unwrap();
    assert_eq!(kept.whole(None).0.len(), 7);
}

/// As after a restored backup: other entries have the numbers that were seen.
#[test]
fn a_history_put_back_from_a_copy_is_noticed() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "CREATE TABLE other LIKE t"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let other = Kept::install(&place.mysql().address("other"), &["id"]);
    run(&mut place, &["INSERT INTO t (id) VALUES (1), (2)"]);
    let before = kept.mark();
    run(&mut place, &["INSERT INTO t (id) VALUES (3)", "INSERT INTO other (id) VALUES (4)"]);
    let marks = [kept.mark(), kept.whole(Some(&before)).1];
    assert!(marks[0].last.is_some() && marks[0].last == marks[1].last && marks[0].last != before.last);
    assert_eq!(other.mark().last, marks[0].last);
    let seq = before.seq;
    let delete = format!("DELETE FROM trueup_history WHERE seq > {seq}");
    run(&mut place, &[&format!("CREATE TABLE lost AS SELECT * FROM trueup_history WHERE seq > {seq}")]);
    for set in [
        "table_name = 't'",
        "row_key = '[\"7\"]'",
        "action = 'update'",
        "changed_at = changed_at + INTERVAL 1 MICROSECOND",
    ] {
        run(&mut place, &[&delete, "CREATE TABLE changed AS SELECT * FROM lost", &format!("UPDATE changed SET {set}")]);
        run(&mut place, &["INSERT INTO trueup_history SELECT * FROM changed", "DROP TABLE changed"]);
        for mark in &marks {
            assert_eq!(kept.lacking(Some(mark)), "it was put back from a copy since", "{set}");
        }
        assert_eq!(kept.history.clear(Some(&marks[0])).unwrap(), 0);
        assert!(!kept.whole(Some(&before)).0.is_empty(), "{set}");
    }
    run(&mut place, &[&delete, "INSERT INTO trueup_history SELECT * FROM lost"]);
    assert_eq!(kept.whole(Some(&marks[0])).0, Vec::<String>::new());
    run(&mut place, &[&delete]);
    assert_eq!(kept.lacking(Some(&marks[0])), "it was put back from a copy since");
    let older = HistoryMark { last: None, ..marks[0].clone() };
    assert_eq!(kept.whole(Some(&older)).0, Vec::<String>::new());
}

#[test]
fn an_entry_that_was_cleared_is_no_copy() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "CREATE TABLE other LIKE t"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let other = Kept::install(&place.mysql().address("other"), &["id"]);
    run(&mut place, &["INSERT INTO t (id) VALUES (1)", "INSERT INTO other (id) VALUES (2)"]);
    let marks = (kept.mark(), other.mark());
    assert_eq!(other.history.clear(Some(&marks.1)).unwrap(), 1);
    assert_eq!(kept.whole(Some(&marks.0)).0, Vec::<String>::new());
    assert_eq!(other.whole(Some(&marks.1)).0, Vec::<String>::new());
    // The newest is a note, and goes with the next clearing.
    let note = kept.mark();
    run(&mut place, &["INSERT INTO other (id) VALUES (3)"]);
    assert_eq!(other.history.clear(None).unwrap(), 1);
    assert_eq!(kept.whole(Some(&note)).0, Vec::<String>::new());
    run(&mut place, &["INSERT INTO t (id) VALUES (4)"]);
    assert_eq!(kept.whole(Some(&note)).0, ["create 4"]);
    // So is the newest a note after an installation, which stays as it is.
    run(&mut place, &["CREATE TABLE third LIKE t"]);
    Kept::install(&place.mysql().address("third"), &["id"]);
    let note = kept.mark();
    assert_eq!(kept.whole(Some(&note)).0, Vec::<String>::new());
}

#[test]
fn two_tables_do_not_disturb_each_other() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "CREATE TABLE other LIKE t"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let other = Kept::install(&place.mysql().address("other"), &["a", "id"]);
    let marks = (kept.mark(), other.mark());
    run(&mut place, &["INSERT INTO t VALUES (1, 'x', 0)", "INSERT INTO other VALUES (2, 'y', 0)", "DELETE FROM t"]);
    let (entries, next) = kept.whole(Some(&marks.0));
    assert_eq!(entries, ["create 1", "delete 1"]);
    assert_eq!(other.whole(Some(&marks.1)).0, ["create y,2"]);
    assert_eq!(other.history.clear(None).unwrap(), 1);
    let next = kept.whole(Some(&next)).1;
    assert!(next.gaps.is_empty(), "{next:?}");
    assert_eq!(kept.whole(None).0.len(), 2);
    assert!(kept.mark().gaps.is_empty());
}

#[test]
fn a_long_history_is_handed_over_in_pieces() {
    let mut place = Place::new();
    run(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int)"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let start = kept.mark();
    let numbers =
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 12345) SELECT i, 0 FROM n";
    run(&mut place, &["SET max_recursive_iterations = 100000", &format!("INSERT INTO t {numbers}")]);
    let (mut pieces, mut rows) = (0, 0);
    let read = kept.history.changes(Some(&start), &kept.columns(), &mut |changes| {
        pieces += 1;
        rows += changes.actions.len();
        Ok(())
    });
    let ChangesRead::Whole { mark, .. } = read.unwrap() else { panic!("lacking") };
    assert_eq!((pieces, rows, mark.gaps.len()), (3, 12345, 0));
    let stopped =
        kept.history.changes(Some(&start), &kept.columns(), &mut |_| Err(trueup::endpoint::EndpointError::Stopped));
    assert!(stopped.is_err());
    assert_eq!(kept.history.clear(None).unwrap(), 12345);
    assert_eq!(kept.whole(Some(&mark)).0, Vec::<String>::new());
}

#[test]
fn what_sets_off_no_trigger_is_noticed() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "INSERT INTO t (id) VALUES (1)"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let mark = kept.mark();
    run(&mut place, &["ANALYZE TABLE t", "INSERT INTO t (id) VALUES (2)"]);
    assert_eq!(kept.whole(Some(&mark)).0, ["create 2"]);
    run(&mut place, &["TRUNCATE TABLE t", "INSERT INTO t (id) VALUES (1), (2)"]);
    assert!(kept.lacking(Some(&mark)).contains("TRUNCATE"));
    let mark = kept.mark();
    run(&mut place, &["INSERT INTO t (id) VALUES (5)"]);
    assert_eq!(kept.whole(Some(&mark)).0, ["create 5"]);
    // Another table takes the name.
    run(&mut place, &["CREATE TABLE new LIKE t", "RENAME TABLE t TO old, new TO t"]);
    assert!(kept.lacking(Some(&mark)).contains("is gone"));
    let old = Kept::at(&place.mysql().address("old"), &["id"]);
    assert_eq!(old.history.status().unwrap(), None);
    assert_eq!(old.history.install(&old.key).unwrap(), trueup::endpoint::Installed::New);
    run(&mut place, &["INSERT INTO old (id) VALUES (6)", "INSERT INTO t (id) VALUES (7)"]);
    assert_eq!(old.whole(None).0, ["create 6"]);
    assert_eq!(kept.history.install(&kept.key).unwrap(), trueup::endpoint::Installed::Renewed);
}

#[test]
fn partitions_are_watched() {
    let mut place = Place::new();
    run(&mut place, &["CREATE TABLE t (id int PRIMARY KEY, a int) PARTITION BY HASH (id) PARTITIONS 3"]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    run(&mut place, &["INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"]);
    let mark = kept.mark();
    run(&mut place, &["UPDATE t SET a = 5 WHERE id = 2"]);
    assert_eq!(kept.whole(Some(&mark)).0, ["update 2"]);
    run(&mut place, &["ALTER TABLE t TRUNCATE PARTITION p1"]);
    assert!(kept.lacking(Some(&mark)).contains("TRUNCATE"));
}
