//! Installing again, and triggers that fit the table no more.

use super::marks::assert_left;
use super::{Tracked, place};
use crate::support::Place;
use trueup::endpoint::Installed;

#[test]
fn installing_twice_changes_nothing() {
    let (mut place, t) = place();
    place.postgres().execute("INSERT INTO t VALUES (2)");
    let mark = t.mark();
    assert_eq!(t.install(&["id"]), Installed::Already);
    assert_eq!(t.whole(Some(&mark)).0, Vec::<String>::new());
    assert_eq!(t.whole(None).0, ["create 2"]);
    assert_left(&mut place, 5);
    assert_eq!(t.install(&["v", "id"]), Installed::Renewed);
    assert_eq!(t.lacking(Some(&mark)), "it was installed anew since");
    assert_eq!(t.history.clear(Some(&mark)).unwrap(), 0);
    assert_eq!(t.whole(None).0, Vec::<String>::new());
    assert_left(&mut place, 5);
}

#[test]
fn triggers_that_do_not_fit_are_renewed() {
    let (mut place, t) = place();
    place.postgres().execute("ALTER TABLE t ADD k int NOT NULL DEFAULT 1; ALTER TABLE t ALTER id SET DEFAULT 50; CREATE TABLE swap (LIKE t INCLUDING ALL)");
    assert_eq!(t.misfits(), "");
    let mut key = "id";
    for (sql, words, to) in [
        ("DROP TRIGGER trueup_history_row ON t", "triggers are missing", "id"),
        ("ALTER TABLE t DISABLE TRIGGER USER", "was disabled", "id"),
        ("ALTER TABLE t DISABLE TRIGGER USER; ALTER TABLE t ENABLE TRIGGER USER", "was disabled", "id"),
        ("ALTER TABLE t RENAME id TO ident", "it has no column `id` any more", "ident"),
        ("ALTER TABLE t ALTER ident TYPE bigint", "column `ident` is bigint now, and was integer", "ident"),
        ("ALTER TABLE t DROP ident, ADD id int GENERATED ALWAYS AS IDENTITY", "no column `ident`", "id"),
        ("ALTER TABLE t RENAME TO old; ALTER TABLE swap RENAME TO t", "triggers are missing", "id"),
        ("DELETE FROM trueup_history_tables", "knows nothing of its triggers", "id"),
        ("CREATE TABLE child () INHERITS (t)", "other tables inherit", ""),
        ("ALTER TABLE t SET UNLOGGED", "is not logged", ""),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN RETURN NULL; END'; DROP TRIGGER trueup_history_row ON t; CREATE TRIGGER trueup_history_row
          AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER trueup_history_row",
            "another installation",
            "id",
        ),
    ] {
        let mark = t.mark();
        place.postgres().execute(sql);
        assert!(t.misfits().contains(words), "{sql}: {}", t.misfits());
        assert_eq!(t.history.mark().unwrap(), None, "{sql}");
        let now =
            Tracked::at(&place.postgres().address("t"), if to.is_empty() { &["k"] } else { std::slice::from_ref(&to) });
        assert!(now.lacking(Some(&mark)).contains(words), "{sql}");
        // Nobody's writing is stopped by it.
        place.postgres().execute("INSERT INTO t (v) VALUES ('w'); UPDATE t SET v = 'x'; DELETE FROM t");
        if to.is_empty() {
            assert!(t.try_install(&[key]).unwrap_err().to_string().contains(words));
            place.postgres().execute("DROP TABLE IF EXISTS child; ALTER TABLE t SET LOGGED");
            assert_eq!(t.misfits(), "");
            continue;
        }
        key = to;
        assert_eq!(now.install(&[key]), Installed::Renewed, "{sql}");
        assert_eq!(now.misfits(), "", "{sql}");
        assert!(now.lacking(Some(&mark)).contains("installed anew"), "{sql}");
        place.postgres().execute(&format!("INSERT INTO t ({key}) OVERRIDING SYSTEM VALUE VALUES (77); DELETE FROM t"));
        assert_eq!(now.whole(None).0, ["create 77", "delete 77"], "{sql}");
    }
}

#[test]
fn a_key_that_can_not_be_told_is_not_passed_over() {
    let (mut place, t) = place();
    let mark = t.mark();
    place.postgres().execute("ALTER TABLE t RENAME id TO x; INSERT INTO t VALUES (5); ALTER TABLE t RENAME x TO id");
    assert_eq!(t.misfits(), "");
    assert!(t.lacking(Some(&mark)).contains("the key's columns had other names"));
    assert_eq!(t.whole(Some(&t.mark())).0, Vec::<String>::new());
}

#[test]
fn partitions_are_part_of_it() {
    let mut place = Place::new();
    place.postgres().execute(
        "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
         CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (id);
         CREATE TABLE p21 PARTITION OF p2 FOR VALUES FROM (10) TO (20)",
    );
    let p = Tracked::new(&mut place, "p", &["id"]);
    let (mark, server) = (p.mark(), place.postgres());
    server.execute(
        "SET session_replication_role = replica; INSERT INTO p VALUES (1, 'x'); RESET session_replication_role",
    );
    server.execute("INSERT INTO p VALUES (11, 'y'); UPDATE p1 SET v = 'z'; UPDATE p SET id = 12 WHERE id = 1");
    server.execute("DELETE FROM p21 WHERE id = 11");
    let expected = ["create 1", "create 11", "update 1", "delete 1", "create 12", "delete 11"];
    assert_eq!(p.whole(Some(&mark)).0, expected);
    let part = Tracked::at(&server.address("p1"), &["id"]);
    assert!(part.try_install(&["id"]).unwrap_err().to_string().contains("is a partition of keeps a history"));
    assert_eq!((part.history.status().unwrap(), part.history.mark().unwrap()), (None, None));
    assert!(!part.history.remove().unwrap());
    for sql in [
        "CREATE TABLE p22 PARTITION OF p2 FOR VALUES FROM (20) TO (30)",
        "TRUNCATE p21",
        "ALTER TABLE p DETACH PARTITION p1",
        "INSERT INTO p1 VALUES (3, 'unseen'); ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (10)",
        "DROP TABLE p1",
        "TRUNCATE p",
    ] {
        let mark = p.mark();
        place.postgres().execute(sql);
        assert!(p.lacking(Some(&mark)).contains("does not tell of"), "{sql}");
        assert_eq!(p.misfits(), "", "{sql}");
        let mark = p.mark();
        place.postgres().execute("INSERT INTO p VALUES (15, 'w'); DELETE FROM p WHERE id = 15");
        assert_eq!(p.whole(Some(&mark)).0, ["create 15", "delete 15"], "{sql}");
    }
    assert!(p.history.remove().unwrap());
    assert_left(&mut place, 0);
}

#[test]
fn what_has_no_triggers_is_refused() {
    let (mut place, t) = place();
    place.postgres().execute(
        "CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
         CREATE UNLOGGED TABLE u (id int); CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent)",
    );
    for (table, words) in [
        ("v", "it is a view"),
        ("m", "it is a materialized view"),
        ("u", "is not logged"),
        ("parent", "other tables inherit from it"),
    ] {
        let it = Tracked::at(&place.postgres().address(table), &["id"]);
        assert!(it.try_install(&["id"]).unwrap_err().to_string().contains(words), "{table}");
        assert_eq!(it.history.status().unwrap(), None);
        assert_eq!(it.lacking(None), "no history of the table is kept");
    }
    let itself = Tracked::at(&place.postgres().address("trueup_history"), &["seq"]);
    assert!(itself.try_install(&["seq"]).unwrap_err().to_string().contains("of the history itself"));
    let words = t.try_install(&["ids"]).unwrap_err().to_string();
    assert!(words.contains("it has no column `ids`; there is `id`"), "{words}");
    assert!(t.try_install(&["id", "id"]).unwrap_err().to_string().contains("twice"));
    assert!(t.try_install(&[]).is_err());
    assert_left(&mut place, 5);
}

#[test]
fn the_history_of_a_table_that_is_gone_can_be_removed() {
    let (mut place, t) = place();
    place.postgres().execute("INSERT INTO t VALUES (2); DROP TABLE t");
    assert!(t.history.remove().unwrap());
    assert!(t.history.remove().is_err());
    assert_left(&mut place, 0);
    place.postgres().execute("CREATE TABLE trueup_history (id int); CREATE TABLE t (id int)");
    let words = t.try_install(&["id"]).unwrap_err().to_string();
    assert!(words.contains("is there, but is not as trueup makes it"), "{words}");
    place.postgres().execute("INSERT INTO t VALUES (1)");
}
