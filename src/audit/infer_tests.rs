use super::super::candidates::{Survey, most_in_common};
use super::super::reasons::testing::{Row, parts};
use super::*;
use crate::endpoint::Interrupt;
use crate::table::{AlignOptions, Column, TableInfo};

/// What is inferred of two tables with these columns.
fn with<X>(columns: &[(&str, PortableType)], rows: [Vec<Row>; 2], look: impl Fn(&Survey<'_>) -> X) -> X {
    let folder = tempfile::tempdir().unwrap();
    let columns: Vec<Column> = columns.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect();
    let table = TableInfo { columns: columns.clone(), ..TableInfo::default() };
    let alignment = Alignment::new(&table, &table, &AlignOptions::default()).unwrap();
    let [left, right] = rows;
    let left = parts(&folder.path().join("left.parquet"), &columns, &left);
    let right = parts(&folder.path().join("right.parquet"), &columns, &right);
    look(&Survey {
        sides: [&left, &right],
        tables: [&table, &table],
        alignment: &alignment,
        folder: &folder.path().join("work"),
        memory: 1 << 28,
        interrupt: Interrupt::default(),
    })
}

fn row(values: &[u64]) -> Row {
    values.iter().map(|value| Some(value.to_string())).collect()
}

fn key(columns: &[(&str, PortableType)], rows: [Vec<Row>; 2]) -> Option<Vec<usize>> {
    with(columns, rows, |survey| infer(survey).unwrap().key.map(|(key, _)| key.pairs))
}

use PortableType::{Integer, Text};

#[test]
fn three_columns_together_are_a_key_where_fewer_are_none() {
    let columns = [("hall", Integer), ("row", Integer), ("seat", Integer), ("price", Integer)];
    let rows: Vec<Row> = (0..60).map(|i| row(&[i / 20, i / 4 % 5, i % 4, 7])).collect();
    assert_eq!(key(&columns, [rows.clone(), rows.clone()]), Some(vec![0, 1, 2]));
    // One seat twice: nothing is.
    let mut twice = rows.clone();
    twice.push(rows[3].clone());
    assert_eq!(key(&columns, [rows, twice]), None);
}

#[test]
fn a_null_keeps_a_column_out_of_every_key() {
    let columns = [("a", Integer), ("b", Integer)];
    let mut rows: Vec<Row> = (0..9).map(|i| row(&[i / 3, i % 3])).collect();
    assert_eq!(key(&columns, [rows.clone(), rows.clone()]), Some(vec![0, 1]));
    let whole = rows.clone();
    rows[4][1] = None;
    assert_eq!(key(&columns, [whole, rows]), None);
}

#[test]
fn numbers_and_names_go_before_times_and_amounts() {
    let time = PortableType::Timestamp { precision: 0 };
    let columns = [("at", time), ("amount", PortableType::Decimal { precision: Some(9), scale: 2 }), ("label", Text)];
    let rows: Vec<Row> = (10..30)
        .map(|i| vec![Some(format!("2024-01-{i} 00:00:00")), Some(format!("{i}.25")), Some(format!("item {i}"))])
        .collect();
    assert_eq!(key(&columns, [rows.clone(), rows]), Some(vec![2]));
}

#[test]
fn what_is_called_a_key_goes_before_what_is_not() {
    let columns = [("amount", Integer), ("order_id", Integer)];
    let rows: Vec<Row> = (0..20).map(|i| row(&[i, 100 - i])).collect();
    assert_eq!(key(&columns, [rows.clone(), rows]), Some(vec![1]));
}

#[test]
fn counting_ends_when_its_time_is_up() {
    let columns = [("a", Integer), ("b", Integer), ("c", Integer)];
    // Unique in the sample, and not behind it.
    let mut rows: Vec<Row> = (0..20_000).map(|i| row(&[i, i + 1, i + 2])).collect();
    rows.push(row(&[0, 1, 2]));
    let found = with(&columns, [rows.clone(), rows], |survey| infer_within(survey, Duration::ZERO).unwrap());
    assert!(found.key.is_none());
    assert_eq!(found.stopped.as_deref(), Some("counting took too long"));
}

#[test]
fn of_many_columns_not_all_are_tried_together() {
    let names: Vec<String> = (0..40).map(|at| format!("c{at}")).collect();
    let columns: Vec<(&str, PortableType)> = names.iter().map(|name| (name.as_str(), Integer)).collect();
    let rows: Vec<Row> = (0..50).map(|i| row(&vec![i % 2; 40])).collect();
    let found = with(&columns, [rows.clone(), rows], |survey| infer(survey).unwrap());
    assert!(found.key.is_none() && found.stopped.unwrap().contains("24 of 40 columns"));
}

#[test]
fn of_two_claims_the_one_with_more_values_in_common_is_the_key() {
    let columns = [("id", Integer), ("code", Integer)];
    let left: Vec<Row> = (0..10).map(|i| row(&[i, i])).collect();
    let right: Vec<Row> = (0..10).map(|i| row(&[i + 7, i])).collect();
    let claim = |pair: usize| Key { pairs: vec![pair], chosen: KeyChoice::PrimaryKey };
    let chosen =
        |rows| with(&columns, rows, |survey| most_in_common(survey, vec![claim(0), claim(1)]).unwrap().unwrap());
    assert_eq!(chosen([left.clone(), right.clone()]), (claim(1), 10));
    // With as many, the first.
    assert_eq!(chosen([left.clone(), left]), (claim(0), 10));
}
