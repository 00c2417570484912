//! Rows that hand unique values to each other, and rows that are only told apart by their text.

use crate::support::{Kind, Place};

fn execute(place: &mut Place, kind: Kind, sql: &str) {
    match kind {
        Kind::Postgres => place.postgres().execute(sql),
        Kind::Mysql => sql.split(';').for_each(|sql| place.mysql().execute(sql)),
        _ => place.sqlite().execute_batch(sql).unwrap(),
    }
}

/// Pairs of values are unique, and rows swap them by changing one or the other of them.
#[test]
fn unique_pairs_are_handed_on() {
    for (from, to) in [
        ("(8, 3, 2), (10, 2, 2)", "(8, 2, 2), (10, 2, 3)"),
        ("(8, 2, 2), (10, 2, 3)", "(8, 3, 2), (10, 2, 2)"),
        ("(1, 1, 1), (2, 1, 2), (3, 2, 2)", "(1, 1, 2), (2, 2, 2), (3, 1, 1)"),
        ("(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 1, 2)", "(1, 2, 1), (2, 2, 2), (3, 1, 2), (4, 1, 1)"),
    ] {
        for null in ["NULL", "NOT NULL"] {
            for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
                let mut place = Place::new();
                let columns = format!("id int PRIMARY KEY, a int {null}, b int {null}");
                let sql = format!(
                    "CREATE TABLE l ({columns}); INSERT INTO l VALUES {to};
                     CREATE TABLE r ({columns}, UNIQUE (a, b)); INSERT INTO r VALUES {from}"
                );
                execute(&mut place, kind, &sql);
                let [left, right] = ["l", "r"].map(|table| match kind {
                    Kind::Postgres => place.postgres().address(table),
                    Kind::Mysql => place.mysql().address(table),
                    _ => place.sqlite_address(table),
                });
                let (before, wanted) = (place.contents(kind, &right), place.contents(kind, &left));
                place.dir.plan(&left, &right, "p", &[]).json(1);
                place.dir.apply("p", &[]).json(0);
                assert_eq!(place.contents(kind, &right), wanted, "{kind:?}, {null}: {from} to {to}");
                place.dir.undo("p", &[]).json(0);
                assert_eq!(place.contents(kind, &right), before, "{kind:?}, {null}: {from} to {to}");
            }
        }
    }
}

/// Two spellings of one JSON value are two rows to the database.
#[test]
fn rows_that_differ_in_the_spelling_of_json_are_deleted() {
    for declared in ["json", "jsonb"] {
        let mut place = Place::new();
        place.postgres().execute(&format!(
            "CREATE TABLE l (j {declared}, n int); CREATE TABLE r (j {declared}, n int);
             INSERT INTO l VALUES ('1', 1);
             INSERT INTO r VALUES ('1', 1), ('{{\"a\": 1}}', 2), ('{{\"a\":  1.0}}', 2), ('{{\"a\": 1}}', 2), ('[1]', 3)"
        ));
        let (left, right) = (place.postgres().address("l"), place.postgres().address("r"));
        let before = place.contents(Kind::Postgres, &right);
        place.dir.plan(&left, &right, "p", &[]).json(1);
        place.dir.apply("p", &[]).json(0);
        assert_eq!(place.contents(Kind::Postgres, &right), place.contents(Kind::Postgres, &left), "{declared}");
        place.dir.plan(&left, &right, "again", &[]).json(0);
        place.dir.undo("p", &[]).json(0);
        assert_eq!(place.contents(Kind::Postgres, &right), before, "{declared}");
    }
}
