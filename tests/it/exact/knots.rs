//! Rows that refer to rows of their own table and have unique values: steps that no order will do for.

use crate::support::{Kind, Place};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A row's id, unique value and parent.
type Row = (i64, Option<i64>, Option<i64>);

/// Rows with other ids and values each; `whole` ones have neither NULL.
fn rows(whole: bool) -> impl Strategy<Value = Vec<Row>> {
    let shuffled = || Just((1..=9).collect::<Vec<i64>>()).prop_shuffle();
    let choices = prop::collection::vec((0..10usize, 0..10usize), 1..7);
    (shuffled(), shuffled(), choices).prop_map(move |(ids, values, choices)| {
        let many = choices.len();
        let row = |(at, (value, parent)): (usize, &(usize, usize))| {
            let value = (whole || *value > 1).then_some(values[at]);
            let other = ids[parent % many];
            let parent = if whole { Some(other) } else { Some(other).filter(|other| *parent > 2 && *other != ids[at]) };
            (ids[at], value, parent)
        };
        choices.iter().enumerate().map(row).collect()
    })
}

fn insert(table: &str, rows: &[Row]) -> String {
    let number = |number: Option<i64>| number.map_or("NULL".to_owned(), |number| number.to_string());
    let row = |(id, value, parent): &Row| format!("({id}, {}, {})", number(*value), number(*parent));
    format!("INSERT INTO {table} VALUES {}", rows.iter().map(row).collect::<Vec<_>>().join(", "))
}

fn written_and_put_back(kind: Kind, whole: bool, left: &[Row], right: &[Row]) {
    let mut place = Place::new();
    let null = if whole { "NOT NULL" } else { "NULL" };
    let sql = format!(
        "CREATE TABLE l (id int PRIMARY KEY, u int, p int); {};
         CREATE TABLE r (id int PRIMARY KEY, u int {null} UNIQUE, p int {null}, FOREIGN KEY (p) REFERENCES r (id));
         {}",
        insert("l", left),
        insert("r", right)
    );
    let [l, r] = match kind {
        Kind::Postgres => {
            place.postgres().execute(&sql);
            ["l", "r"].map(|table| place.postgres().address(table))
        }
        Kind::Mysql => {
            let sql = format!("SET foreign_key_checks = 0; {sql}; SET foreign_key_checks = 1");
            sql.split(';').for_each(|sql| place.mysql().execute(sql));
            ["l", "r"].map(|table| place.mysql().address(table))
        }
        _ => {
            place.sqlite().execute_batch(&sql).unwrap();
            ["l", "r"].map(|table| place.sqlite_address(table))
        }
    };
    let (before, wanted) = (place.contents(kind, &r), place.contents(kind, &l));
    let plan = place.dir.plan(&l, &r, "p", &[]);
    if before == wanted {
        return drop(plan.json(0));
    }
    plan.json(1);
    place.dir.apply("p", &["--max-deletes", "100%"]).json(0);
    assert_eq!(place.contents(kind, &r), wanted, "{kind:?}: {right:?} to {left:?}");
    place.dir.plan(&l, &r, "next", &[]).json(0);
    place.dir.undo("p", &[]).json(0);
    assert_eq!(place.contents(kind, &r), before, "{kind:?}: {left:?} back to {right:?}");
}

fn random(kind: Kind, whole: bool) {
    let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
    let written = |(left, right): (Vec<Row>, Vec<Row>)| {
        written_and_put_back(kind, whole, &left, &right);
        Ok(())
    };
    TestRunner::new(config).run(&(rows(whole), rows(whole)), written).unwrap();
}

#[test]
fn a_parent_goes_whose_value_is_taken() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mysql] {
        let right = [(1, Some(4), None), (4, Some(7), Some(1))];
        written_and_put_back(kind, false, &[(4, Some(4), None)], &right);
        // The other way round, values swap as well.
        let left = [(1, Some(7), Some(4)), (4, Some(1), None)];
        written_and_put_back(kind, false, &left, &right);
    }
}

#[test]
fn whole_circles_on_sqlite() {
    random(Kind::Sqlite, true);
}

#[test]
fn whole_circles_on_postgres() {
    random(Kind::Postgres, true);
}

#[test]
fn on_sqlite() {
    random(Kind::Sqlite, false);
}

#[test]
fn on_postgres() {
    random(Kind::Postgres, false);
}

/// Of rows that refer to themselves and may not stop, MariaDB deletes none.
#[test]
fn on_mysql() {
    random(Kind::Mysql, false);
}
