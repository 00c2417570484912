//! Random small tables, full of duplicates and NULL keys: the arithmetic always adds up, and all
//! counts are those of an oracle in plain Rust.

use crate::support::{Kind, Place, Table, Type, assert_identities, changed_columns, count};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use std::collections::BTreeMap;

type Cell = Option<String>;
type Row = Vec<Cell>;
type Key = Vec<String>;

const COLUMNS: [(&str, Type); 4] = [("a", Type::Text), ("b", Type::Integer), ("v", Type::Text), ("w", Type::Integer)];

/// What an audit must say.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    left: Side,
    right: Side,
    in_both: i64,
    only_left: i64,
    only_right: i64,
    ambiguous: i64,
    equal: i64,
    changed: i64,
    columns: Vec<(String, i64)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Side {
    rows: i64,
    distinct_keys: i64,
    duplicates: i64,
    null_keys: i64,
}

fn length<T>(of: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(of.into_iter().count()).unwrap()
}

/// The compared values of each key's rows, sorted.
fn groups(rows: &[Row], key: usize) -> BTreeMap<Key, Vec<&[Cell]>> {
    let mut groups = BTreeMap::<Key, Vec<&[Cell]>>::new();
    for row in rows {
        if let Some(found) = row[..key].iter().cloned().collect::<Option<Key>>() {
            groups.entry(found).or_default().push(&row[key..]);
        }
    }
    groups.values_mut().for_each(|group| group.sort());
    groups
}

fn side(rows: &[Row], groups: &BTreeMap<Key, Vec<&[Cell]>>) -> Side {
    let keyed = length(groups.values().flatten());
    Side {
        rows: length(rows),
        distinct_keys: length(groups),
        duplicates: keyed - length(groups),
        null_keys: length(rows) - keyed,
    }
}

fn oracle(left: &[Row], right: &[Row], key: usize) -> Counts {
    let (l, r) = (groups(left, key), groups(right, key));
    let both: Vec<_> = l.iter().filter_map(|(key, group)| Some((group, r.get(key)?))).collect();
    let single: Vec<_> = both.iter().filter(|(l, r)| l != r && l.len() == 1 && r.len() == 1).collect();
    let mut columns: Vec<(String, i64)> = COLUMNS[key..]
        .iter()
        .enumerate()
        .map(|(at, (name, _))| ((*name).to_owned(), length(single.iter().filter(|(l, r)| l[0][at] != r[0][at]))))
        .filter(|(_, changed)| *changed > 0)
        .collect();
    columns.sort();
    let equal = length(both.iter().filter(|(l, r)| l == r));
    Counts {
        left: side(left, &l),
        right: side(right, &r),
        in_both: length(&both),
        only_left: length(&l) - length(&both),
        only_right: length(&r) - length(&both),
        ambiguous: length(&both) - equal - length(&single),
        equal,
        changed: length(&single),
        columns,
    }
}

fn reported(json: &Value) -> Counts {
    let side = |name: &str| Side {
        rows: count(json, &format!("/{name}/rows")),
        distinct_keys: count(json, &format!("/{name}/distinct_keys")),
        duplicates: count(json, &format!("/{name}/duplicates")),
        null_keys: count(json, &format!("/{name}/null_keys")),
    };
    Counts {
        left: side("left"),
        right: side("right"),
        in_both: count(json, "/keys/in_both"),
        only_left: count(json, "/keys/only_left"),
        only_right: count(json, "/keys/only_right"),
        ambiguous: count(json, "/keys/ambiguous"),
        equal: count(json, "/rows/equal"),
        changed: count(json, "/rows/changed"),
        columns: changed_columns(json),
    }
}

impl Counts {
    fn mirrored(self) -> Self {
        Self { left: self.right, right: self.left, only_left: self.only_right, only_right: self.only_left, ..self }
    }
}

fn table(rows: &[Row]) -> Table {
    Table { columns: COLUMNS.to_vec(), primary_key: 0, rows: rows.to_vec() }
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Cell> {
    // NULL as often as any one value.
    (0..=values.len()).prop_map(|at| values.get(at).map(|value| (*value).to_owned()))
}

/// Keys that a comparison without care for case, space, accents or borders would mix up.
fn row() -> impl Strategy<Value = Row> {
    (
        one_of(&["a", "A", "a ", "", "ab", "é", "e\u{301}", "\u{1F600}"]),
        one_of(&["1", "11", "-1"]),
        one_of(&["x", "X", "", "bc"]),
        one_of(&["0", "1"]),
    )
        .prop_map(|(a, b, v, w)| vec![a, b, v, w])
}

/// A left table, a right one that shares many of its rows, and the number of key columns.
fn case() -> impl Strategy<Value = (Vec<Row>, Vec<Row>, usize)> {
    (prop::collection::vec((row(), 0..4_u8), 0..=40), prop::collection::vec(row(), 0..=10), 1..=2_usize).prop_map(
        |(rows, more, key)| {
            let left = rows.iter().filter(|(_, where_)| *where_ != 1).map(|(row, _)| row.clone()).collect();
            let right =
                rows.iter().filter(|(_, where_)| *where_ != 2).map(|(row, _)| row.clone()).chain(more).collect();
            (left, right, key)
        },
    )
}

fn check(left_kind: Kind, right_kind: Kind) {
    // The cases are the same in every run; a failure names its tables.
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let place = std::cell::RefCell::new(Place::new());
    let outcome = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
    .run(&case(), |(left, right, key)| {
        let mut place = place.borrow_mut();
        let (l, r) = (place.store(left_kind, &table(&left)), place.store(right_kind, &table(&right)));
        let options: &[&str] = if key == 1 { &["--key", "a"] } else { &["--key", "a", "--key", "b"] };
        let expected = oracle(&left, &right, key);

        for swapped in [false, true] {
            let run = if swapped { place.dir.audit(&r, &l, options) } else { place.dir.audit(&l, &r, options) };
            prop_assert!(matches!(run.code, Some(0 | 1)), "{run}");
            let report: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_identities(&report);
            let found = reported(&report);
            let found = if swapped { found.mirrored() } else { found };
            prop_assert_eq!(&found, &expected, "swapped: {}", swapped);

            let differ = expected.only_left + expected.only_right + expected.changed + expected.ambiguous > 0;
            let agree = report["agree"].as_bool().unwrap();
            prop_assert_eq!(run.code == Some(0), agree, "the exit code says what the report says");
            if differ {
                prop_assert!(!agree, "differences were found, yet the tables agree");
            } else if expected.left.null_keys == 0 && expected.right.null_keys == 0 {
                prop_assert!(agree, "nothing differs, yet the tables do not agree");
            }
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{left_kind:?} and {right_kind:?}: {failure}");
    }
}

#[test]
fn postgres() {
    check(Kind::Postgres, Kind::Postgres);
}

#[test]
fn mysql() {
    check(Kind::Mysql, Kind::Mysql);
}

#[test]
fn sqlite() {
    check(Kind::Sqlite, Kind::Sqlite);
}

#[test]
fn parquet() {
    check(Kind::Parquet, Kind::Parquet);
}

#[test]
fn csv() {
    check(Kind::Csv, Kind::Csv);
}

#[test]
fn snapshot() {
    check(Kind::Snapshot, Kind::Snapshot);
}

#[test]
fn postgres_and_mysql() {
    check(Kind::Postgres, Kind::Mysql);
}

#[test]
fn csv_and_sqlite() {
    check(Kind::Csv, Kind::Sqlite);
}

#[test]
fn the_oracle_itself_counts_right() {
    let row = |a: Option<&str>, v: &str| vec![a.map(str::to_owned), Some("1".into()), Some(v.into()), None];
    let left = [row(Some("a"), "x"), row(Some("a"), "y"), row(Some("b"), "x"), row(None, "x"), row(Some("c"), "x")];
    let right =
        [row(Some("a"), "y"), row(Some("a"), "x"), row(Some("b"), "z"), row(Some("c"), "x"), row(Some("c"), "x")];
    assert_eq!(
        oracle(&left, &right, 1),
        Counts {
            left: Side { rows: 5, distinct_keys: 3, duplicates: 1, null_keys: 1 },
            right: Side { rows: 5, distinct_keys: 3, duplicates: 2, null_keys: 0 },
            in_both: 3,
            only_left: 0,
            only_right: 0,
            ambiguous: 1,
            equal: 1,
            changed: 1,
            columns: vec![("v".into(), 1)],
        }
    );
}
