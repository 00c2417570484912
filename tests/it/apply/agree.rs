//! Random pairs of tables, full of duplicates and NULL keys: a plan, carried out, leaves nothing to
//! do but what it said it would leave; twice is once; undone, everything is as it was.

use crate::support::{Kind, Place, Steps, Table, Type, count, steps};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};

type Cell = Option<String>;
type Row = Vec<Cell>;

const COLUMNS: [(&str, Type); 6] = [
    ("a", Type::Text),
    ("b", Type::Integer),
    ("v", Type::Text),
    ("w", Type::Decimal),
    ("at", Type::Timestamp),
    ("ok", Type::Boolean),
];

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Cell> {
    (0..=values.len()).prop_map(|at| values.get(at).map(|value| (*value).to_owned()))
}

/// Values that quoting, collations and rounding would spoil.
fn row() -> impl Strategy<Value = Row> {
    (
        one_of(&["a", "A", "a ", "", "ab", "é", "e\u{301}", "\u{1F600}", "it's", "b\\", "100%"]),
        one_of(&["1", "11", "-1"]),
        one_of(&["x", "X", "", "b,\"c\"", "two\nlines", "\\N", "\\"]),
        one_of(&["0.00", "-1.50", "1234567890.12"]),
        one_of(&["2024-02-29 23:59:59.999999", "1999-01-01 00:00:00"]),
        one_of(&["true", "false"]),
    )
        .prop_map(|(a, b, v, w, at, ok)| vec![a, b, v, w, at, ok])
}

/// A left table, a right one that shares many of its rows, and the number of key columns.
fn case() -> impl Strategy<Value = (Vec<Row>, Vec<Row>, usize)> {
    (prop::collection::vec((row(), row(), 0..5_u8), 0..=30), prop::collection::vec(row(), 0..=6), 1..=2_usize).prop_map(
        |(rows, more, key)| {
            let left = rows.iter().filter(|(.., place)| *place != 1).map(|(row, ..)| row.clone()).collect();
            let changed = |row: &Row, other: &Row| [&row[..2], &other[2..]].concat();
            let right = rows
                .iter()
                .filter(|(.., place)| *place != 2)
                .map(|(row, other, place)| if *place == 3 { changed(row, other) } else { row.clone() })
                .chain(more)
                .collect();
            (left, right, key)
        },
    )
}

#[derive(Debug, PartialEq, Eq)]
struct Expected {
    steps: Steps,
    ambiguous: i64,
    null_keys: i64,
}

/// What a plan from left to right must say.
fn oracle(left: &[Row], right: &[Row], key: usize) -> Expected {
    let mut null_keys = 0;
    let mut group = |rows: &[Row]| {
        let mut groups = BTreeMap::<Vec<String>, Vec<Row>>::new();
        for row in rows {
            match row[..key].iter().cloned().collect::<Option<Vec<String>>>() {
                Some(found) => groups.entry(found).or_default().push(row[key..].to_vec()),
                None => null_keys += 1,
            }
        }
        groups.values_mut().for_each(|rows| rows.sort());
        groups
    };
    let (left, right) = (group(left), group(right));
    let mut expected = Expected { steps: [0; 3], ambiguous: 0, null_keys };
    for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
        match (left.get(key).map_or(&[][..], Vec::as_slice), right.get(key).map_or(&[][..], Vec::as_slice)) {
            (l, r) if l == r => {}
            ([_], []) => expected.steps[0] += 1,
            ([_], [_]) => expected.steps[1] += 1,
            ([], [_]) => expected.steps[2] += 1,
            _ => expected.ambiguous += 1,
        }
    }
    expected
}

fn table(rows: &[Row]) -> Table {
    Table { columns: COLUMNS.to_vec(), primary_key: 0, rows: rows.to_vec() }
}

fn check(left_kind: Kind, right_kind: Kind) {
    let config = Config { cases: 8, failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    let place = std::cell::RefCell::new((Place::new(), 0));
    let outcome =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(&case(), |case| {
            let (left, right, key) = case;
            let (place, number) = &mut *place.borrow_mut();
            *number += 1;
            let (l, r) = (place.store(left_kind, &table(&left)), place.store(right_kind, &table(&right)));
            let options: &[&str] = if key == 1 { &["--key", "a"] } else { &["--key", "a", "--key", "b"] };
            let expected = oracle(&left, &right, key);
            let before = place.contents(right_kind, &r);
            let plan = |place: &Place, name: &str, swapped: bool| {
                let (out, backward) =
                    (format!("{name}-{number}"), [options, &["--direction", "right-to-left"]].concat());
                let run = if swapped {
                    place.dir.plan(&r, &l, &out, &backward)
                } else {
                    place.dir.plan(&l, &r, &out, options)
                };
                assert!(matches!(run.code, Some(0 | 1)), "{run}");
                let json = run.json(run.code.unwrap());
                let written = steps(&json, if swapped { "left" } else { "right" });
                assert_eq!(steps(&json, if swapped { "right" } else { "left" }), [0; 3], "the source is not written");
                if written != [0; 3] {
                    assert_eq!(run.code, Some(1), "{run}");
                }
                let (ambiguous, null_keys) = (count(&json, "/ambiguous"), count(&json, "/null_keys"));
                (out, Expected { steps: written, ambiguous, null_keys })
            };

            let (folder, found) = plan(place, "plan", false);
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(&plan(place, "mirrored", true).1, &expected, "mirrored");
            prop_assert_eq!(&place.contents(right_kind, &r), &before, "planning writes nothing");

            let applied = place.dir.apply(&folder, &[]).json(0);
            prop_assert_eq!(steps(&applied, "right"), expected.steps);
            prop_assert_eq!((count(&applied, "/already"), count(&applied, "/refused")), (0, 0));
            let (_, left_to_do) = plan(place, "again", false);
            prop_assert_eq!(left_to_do.steps, [0; 3], "something is left to do");
            let after = place.contents(right_kind, &r);

            let twice = place.dir.apply(&folder, &[]).json(0);
            prop_assert_eq!(steps(&twice, "right"), [0; 3]);
            prop_assert_eq!(count(&twice, "/already"), expected.steps.iter().sum::<i64>());
            prop_assert_eq!(&place.contents(right_kind, &r), &after, "applying twice changes nothing");

            let undone = place.dir.undo(&folder, &[]).json(0);
            let [create, update, delete] = expected.steps;
            prop_assert_eq!(steps(&undone, "right"), [delete, update, create], "what undoing wrote");
            prop_assert_eq!(&place.contents(right_kind, &r), &before, "undone");
            Ok(())
        });
    if let Err(failure) = outcome {
        panic!("{left_kind:?} to {right_kind:?}: {failure}");
    }
}

macro_rules! pairs {
    ($($test:ident: $left:ident, $right:ident;)*) => {
        $(#[test] fn $test() { check(Kind::$left, Kind::$right); })*
    };
}

pairs! {
    postgres_to_postgres: Postgres, Postgres;
    postgres_to_mysql: Postgres, Mysql;
    mysql_to_mysql: Mysql, Mysql;
    mysql_to_sqlite: Mysql, Sqlite;
    sqlite_to_sqlite: Sqlite, Sqlite;
    sqlite_to_postgres: Sqlite, Postgres;
    parquet_to_csv: Parquet, Csv;
    csv_to_parquet: Csv, Parquet;
    snapshot_to_postgres: Snapshot, Postgres;
}
