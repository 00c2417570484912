//! How far a history was read, and what is left out of it.

use super::{Tracked, other, place};
use crate::support::Place;
use std::collections::BTreeSet;
use trueup::endpoint::{ChangesRead, HistoryMark};

#[test]
fn a_transaction_that_ends_later_is_read_later() {
    let (mut place, t) = place();
    let mut slow = other(&mut place);
    slow.batch_execute("BEGIN; INSERT INTO t VALUES (100, 'slow')").unwrap();
    place.postgres().execute("INSERT INTO t VALUES (2, 'x')");
    place.postgres().execute("BEGIN; INSERT INTO t VALUES (3, 'gone'); ROLLBACK; INSERT INTO t VALUES (4, 'x')");
    let before = t.mark();
    let (changes, first) = t.whole(None);
    assert_eq!(changes, ["create 2", "create 4"]);
    assert_eq!((before.seq, before.gaps.len()), (first.seq, 2));
    let (changes, second) = t.whole(Some(&first));
    assert_eq!((changes.len(), second.gaps.len()), (0, 2));
    slow.batch_execute("COMMIT").unwrap();
    for mark in [&before, &first, &second] {
        assert_eq!(t.whole(Some(mark)).0, ["create 100"]);
    }
    let (_, third) = t.whole(Some(&second));
    assert_eq!(t.whole(Some(&third)).0, Vec::<String>::new());
    // Nobody is left who could write the number that was rolled back. (Other tests' transactions
    // are older, at times.)
    let mut mark = third;
    for _ in 0..100 {
        mark = t.whole(Some(&mark)).1;
        if mark.gaps.is_empty() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{mark:?}");
}

#[test]
fn each_change_is_read_once_however_transactions_end() {
    let (mut place, t) = place();
    place.postgres().execute("CREATE TABLE u (id int PRIMARY KEY)");
    let u = Tracked::new(&mut place, "u", &["id"]);
    let mut clients: Vec<_> = (0..4).map(|_| (other(&mut place), Vec::new())).collect();
    let (mut next, mut expected, mut got) = (10, BTreeSet::new(), Vec::new());
    let mut mark: Option<HistoryMark> = None;
    let mut random = 12345u32;
    for round in 0..400 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (client, open) = &mut clients[(random >> 8) as usize % 4];
        match (random >> 16) % 10 {
            0..5 => {
                if open.is_empty() {
                    client.batch_execute("BEGIN").unwrap();
                }
                let table = if (random >> 24).is_multiple_of(3) { "u" } else { "t" };
                client.batch_execute(&format!("INSERT INTO {table} VALUES ({next})")).unwrap();
                open.push((table, next));
                next += 1;
            }
            5 if !open.is_empty() => {
                client.batch_execute("ROLLBACK").unwrap();
                open.clear();
            }
            6 | 7 if !open.is_empty() => {
                client.batch_execute("COMMIT").unwrap();
                expected
                    .extend(open.drain(..).filter(|(table, _)| *table == "t").map(|(_, id)| format!("create {id}")));
            }
            8 => {
                let (changes, after) = t.whole(mark.as_ref());
                got.extend(changes);
                mark = Some(after);
            }
            9 if round % 5 == 0 => {
                u.history.clear(None).unwrap();
            }
            9 if round % 5 == 1 => {
                t.history.clear(mark.as_ref()).unwrap();
            }
            _ => {}
        }
    }
    for (client, open) in &mut clients {
        client.batch_execute("COMMIT").unwrap();
        expected.extend(open.drain(..).filter(|(table, _)| *table == "t").map(|(_, id)| format!("create {id}")));
    }
    got.extend(t.whole(mark.as_ref()).0);
    assert_eq!(got.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(got.len(), expected.len());
    assert!(expected.len() > 50, "{}", expected.len());
}

#[test]
fn what_was_cleared_is_lacking() {
    let (mut place, t) = place();
    place.postgres().execute("INSERT INTO t VALUES (2), (3)");
    let first = t.mark();
    place.postgres().execute("INSERT INTO t VALUES (4)");
    let second = t.mark();
    assert_eq!(t.history.clear(Some(&first)).unwrap(), 2);
    assert_eq!(t.history.clear(Some(&first)).unwrap(), 0);
    assert_eq!(t.whole(None).0, ["create 4"]);
    assert_eq!(t.whole(Some(&first)).0, ["create 4"]);
    assert_eq!(t.history.clear(Some(&second)).unwrap(), 1);
    assert_eq!(t.lacking(Some(&first)), "it was cleared since");
    let status = t.history.status().unwrap().unwrap();
    assert_eq!((status.rows, status.oldest), (0, None));
    place.postgres().execute("INSERT INTO t VALUES (5)");
    let (changes, third) = t.whole(Some(&second));
    assert_eq!(changes, ["create 5"]);
    assert!(t.history.status().unwrap().unwrap().oldest.unwrap() >= status.covers_from);
    assert_eq!(t.history.clear(None).unwrap(), 1);
    assert_eq!(t.lacking(Some(&second)), "it was cleared since");
    assert_eq!(t.whole(Some(&third)).0, Vec::<String>::new());
    assert_eq!(t.mark().gaps, []);
}

#[test]
fn what_comes_after_clearing_with_a_smaller_number_is_not_lost() {
    let (mut place, t) = place();
    let mut slow = other(&mut place);
    slow.batch_execute("BEGIN; INSERT INTO t VALUES (100, 'slow')").unwrap();
    place.postgres().execute("INSERT INTO t VALUES (2)");
    assert_eq!(t.history.clear(None).unwrap(), 1);
    let mark = t.mark();
    slow.batch_execute("COMMIT").unwrap();
    assert_eq!(t.whole(Some(&mark)).0, ["create 100"]);
    assert_eq!(t.whole(None).0, ["create 100"]);
    let after = t.mark();
    assert_eq!(t.history.clear(Some(&mark)).unwrap(), 0);
    assert_eq!(t.history.clear(Some(&after)).unwrap(), 1);
    assert_eq!(t.lacking(Some(&mark)), "it was cleared since");
}

/// Each of these changes rows and sets off no trigger for them, or might have.
#[test]
fn what_no_trigger_sees_is_lacking() {
    let (mut place, t) = place();
    for sql in [
        "TRUNCATE t",
        "BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 'again'); COMMIT",
        "ALTER TABLE t DISABLE TRIGGER ALL; INSERT INTO t VALUES (2); ALTER TABLE t ENABLE ALWAYS TRIGGER \
         trueup_history_row; ALTER TABLE t ENABLE ALWAYS TRIGGER trueup_history_all",
        "ALTER TABLE t ALTER v TYPE text COLLATE \"C\" USING upper(v); ALTER TABLE t ALTER v TYPE varchar USING lower(v)",
        "VACUUM FULL t",
    ] {
        place.postgres().execute("DELETE FROM t; INSERT INTO t VALUES (1, 'first')");
        let mark = t.mark();
        assert_eq!(t.whole(Some(&mark)).0, Vec::<String>::new());
        for statement in sql.split_inclusive("; ") {
            place.postgres().execute(statement);
        }
        assert!(t.lacking(Some(&mark)).contains("does not tell of"), "{sql}");
        assert_eq!(t.misfits(), "", "{sql}");
        let mark = t.mark();
        place.postgres().execute("INSERT INTO t VALUES (9)");
        assert_eq!(t.whole(Some(&mark)).0, ["create 9"], "{sql}");
    }
    assert!(t.lacking(None).contains("TRUNCATE"));
    let mark = t.mark();
    let (_, read) = t.read(Some(&mark));
    let ChangesRead::Whole { covers_from, .. } = read else { panic!() };
    assert_eq!(covers_from, t.history.status().unwrap().unwrap().covers_from);
    t.history.clear(Some(&mark)).unwrap();
    assert_eq!(t.whole(None).0, Vec::<String>::new());
    // A mark of another server, or of a later state than this one, which is a backup then.
    let beyond = HistoryMark { seq: mark.seq + 1000, ..mark.clone() };
    assert!(t.lacking(Some(&beyond)).contains("backup"));
    let foreign = HistoryMark { installed: "x y 1".to_owned(), ..mark };
    assert!(t.lacking(Some(&foreign)).contains("installed anew"));
    assert_eq!(t.history.clear(Some(&foreign)).unwrap(), 0);
}

/// As after a restored backup: other entries have the numbers that were seen.
#[test]
fn a_history_put_back_from_a_copy_is_noticed() {
    let (mut place, t) = place();
    place.postgres().execute("CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t VALUES (2), (3)");
    let u = Tracked::new(&mut place, "u", &["id"]);
    let kept = t.mark();
    place.postgres().execute("INSERT INTO t VALUES (4); INSERT INTO u VALUES (5)");
    let marks = [t.mark(), t.whole(Some(&kept)).1];
    assert!(marks[0].last.is_some() && marks[0].last == marks[1].last && marks[0].last != kept.last);
    assert_eq!(u.mark().last, marks[0].last);
    let seq = kept.seq;
    place.postgres().execute(&format!("CREATE TABLE lost AS SELECT * FROM trueup_history WHERE seq > {seq}"));
    let again = |set: &str| {
        format!(
            "DELETE FROM trueup_history WHERE seq > {seq};
             CREATE TEMP TABLE other AS SELECT * FROM lost; UPDATE other SET {set};
             INSERT INTO trueup_history OVERRIDING SYSTEM VALUE SELECT * FROM other; DROP TABLE other"
        )
    };
    for set in ["table_name = 't'", "row_key = '[\"7\"]'", "action = 'update'", "changed_at = changed_at + '1ms'"] {
        place.postgres().execute(&again(set));
        for mark in &marks {
            assert_eq!(t.lacking(Some(mark)), "it was put back from a copy since", "{set}");
        }
        assert_eq!(t.history.clear(Some(&marks[0])).unwrap(), 0);
        assert_eq!(t.whole(Some(&kept)).0.len(), 1, "{set}");
    }
    place.postgres().execute(&again("own = own"));
    assert_eq!(t.whole(Some(&marks[0])).0, Vec::<String>::new());
    place.postgres().execute(&format!("DELETE FROM trueup_history WHERE seq > {seq}"));
    assert_eq!(t.lacking(Some(&marks[0])), "it was put back from a copy since");
    let older = HistoryMark { last: None, ..marks[0].clone() };
    assert_eq!(t.whole(Some(&older)).0, Vec::<String>::new());
}

#[test]
fn an_entry_that_was_cleared_is_no_copy() {
    let mut place = Place::new();
    place.postgres().execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
    let (a, b) = (Tracked::new(&mut place, "a", &["id"]), Tracked::new(&mut place, "b", &["id"]));
    place.postgres().execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)");
    let marks = (a.mark(), b.mark());
    assert_eq!(b.history.clear(Some(&marks.1)).unwrap(), 1);
    assert_eq!(a.whole(Some(&marks.0)).0, Vec::<String>::new());
    assert_eq!(b.whole(Some(&marks.1)).0, Vec::<String>::new());
    place.postgres().execute("INSERT INTO b VALUES (3); INSERT INTO a VALUES (4)");
    assert_eq!(a.whole(Some(&marks.0)).0, ["create 4"]);
    assert_eq!(b.whole(Some(&marks.1)).0, ["create 3"]);
}

#[test]
fn two_tables_of_a_schema_share_it() {
    let mut place = Place::new();
    place.postgres().execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id text PRIMARY KEY)");
    let (a, b) = (Tracked::new(&mut place, "a", &["id"]), Tracked::new(&mut place, "b", &["id"]));
    place.postgres().execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES ('x'); INSERT INTO a VALUES (2)");
    assert_eq!(a.whole(None).0, ["create 1", "create 2"]);
    assert_eq!(b.whole(None).0, ["create x"]);
    let mark = a.mark();
    assert_eq!((mark.gaps.len(), b.mark().seq), (0, mark.seq));
    assert_eq!(a.history.clear(None).unwrap(), 2);
    assert_eq!(b.mark().gaps, [], "numbers of the other's that came and went are no gaps");
    assert_eq!(b.history.status().unwrap().unwrap().rows, 1);
    assert!(a.history.remove().unwrap());
    assert_eq!(a.history.status().unwrap(), None);
    assert_eq!(a.history.mark().unwrap(), None);
    assert_eq!(b.whole(None).0, ["create x"]);
    assert!(b.history.remove().unwrap() && !b.history.remove().unwrap());
    assert_left(&mut place, 0);
}

/// How many objects of histories there are.
pub fn assert_left(place: &mut Place, expected: i64) {
    let sql =
        "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'trueup%' AND relnamespace = s.oid AND relkind = 'r')
            + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'trueup%' AND pronamespace = s.oid)
            + (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                WHERE t.tgname LIKE 'trueup%' AND c.relnamespace = s.oid)
        FROM pg_namespace s WHERE s.nspname = current_schema";
    assert_eq!(place.postgres().client.query_one(sql, &[]).unwrap().get::<_, i64>(0), expected);
}
