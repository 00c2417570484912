//! Small tables for the tests of bases.

use super::{Base, BaseFile, BaseSide, LinkSide, Next, PairedRows, Room, write_links};
use crate::endpoint::{ExportBatch, Interrupt, Other};
use crate::snapshot::{
    Index, IndexOptions, IndexSplit, Parts, Recipe, RowsWriter, Silent, index_parts, open_snapshot, portable_schema,
};
use crate::table::{Cells, Column, PortableType as T, TableInfo};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt64Type;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A row: identity, unique key, value. A value that begins with `?` is one that its type can't hold.
pub type Row = (Option<i64>, Option<i64>, Option<String>);

/// The columns of a side: the left identity is a number, the right one text.
pub fn columns(side: usize) -> Vec<Column> {
    let id = if side == 0 { Column::new("id", T::Integer, "x") } else { Column::new("code", T::Text, "x") };
    vec![Column::new("v", T::Date, "x"), id, Column::new("k", T::Integer, "x")]
}

pub fn side(side: usize) -> BaseSide {
    let columns = columns(side);
    let identity = vec![columns[1].name.clone()];
    let table = TableInfo { columns, primary_key: identity.clone(), ..TableInfo::default() };
    BaseSide {
        address: super::segment::SIDES[side].into(),
        table,
        identity,
        key: vec!["k".into()],
        ..BaseSide::default()
    }
}

pub fn recipes() -> [Recipe; 2] {
    [0, 1].map(|side| Recipe::alone(&columns(side), &["k".to_owned()]))
}

pub fn batch(side: usize, rows: &[Row]) -> ExportBatch {
    let numbers = |of: fn(&Row) -> Option<i64>| Arc::new(rows.iter().map(of).collect::<Int64Array>()) as ArrayRef;
    let ids: ArrayRef = if side == 0 {
        numbers(|row| row.0)
    } else {
        Arc::new(rows.iter().map(|row| row.0.map(|id| id.to_string())).collect::<StringArray>())
    };
    let date = |row: &Row| row.2.as_deref().filter(|v| !v.starts_with('?')).map(|v| v.parse::<i32>().unwrap());
    let values: arrow::array::Date32Array = rows.iter().map(date).collect();
    let others = rows.iter().zip(0..).filter_map(|(row, at)| {
        let text = row.2.as_deref().filter(|v| v.starts_with('?'))?;
        Some(Other::value(at, 0, text.to_owned()))
    });
    let arrays = vec![Arc::new(values) as ArrayRef, ids, numbers(|row| row.1)];
    let schema = portable_schema(columns(side).iter());
    ExportBatch { rows: RecordBatch::try_new(schema, arrays).unwrap(), others: others.collect() }
}

/// The rows of a batch over all columns.
pub fn rows(batch: &ExportBatch) -> Vec<Row> {
    let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
    let number = |column: usize, row: usize| cells[column].print(row).map(|text| text.parse().unwrap());
    let value = |row: usize| match (&cells[0], batch.other(row, 0)) {
        (_, Some(other)) => Some(other.to_owned()),
        (Cells::Date(days), None) if days.is_valid(row) => Some(days.value(row).to_string()),
        _ => None,
    };
    (0..batch.rows.num_rows()).map(|row| (number(1, row), number(2, row), value(row))).collect()
}

/// A snapshot folder with these rows.
pub fn freeze(folder: &Path, side: usize, rows: &[Row]) -> PathBuf {
    let folder = folder.join(super::segment::SIDES[side]);
    std::fs::create_dir_all(&folder).unwrap();
    let mut writer = RowsWriter::create(&folder.join("rows-0.parquet"), &columns(side)).unwrap();
    writer.write(&batch(side, rows)).unwrap();
    writer.finish().unwrap().write(&folder).unwrap();
    folder
}

/// The rows of a snapshot folder and their index by `k`, in so many splits.
pub fn indexed(folder: &Path, side: usize, splits: usize) -> (Parts, Index) {
    let parts = open_snapshot(folder).unwrap().parts;
    let work = folder.join("work");
    let options = IndexOptions {
        filter: None,
        folder: &work,
        memory: 1 << 26,
        interrupt: &Interrupt::default(),
        progress: &Silent,
    };
    let index = index_parts(&parts, &recipes()[side], &options).unwrap();
    let split = |at: usize| {
        let (schema, batches) = index.splits[0].load().unwrap();
        let shift = 64 - splits.trailing_zeros();
        let here = |batch: &RecordBatch| -> BooleanArray {
            let keys = batch.column(0).as_primitive::<UInt64Type>();
            let split = |key: Option<u64>| key.map_or(0, |key| key.checked_shr(shift).unwrap_or(0)) as usize;
            keys.iter().map(|key| Some(split(key) == at)).collect()
        };
        let batches = batches.iter().map(|batch| filter_record_batch(batch, &here(batch)).unwrap()).collect();
        IndexSplit::Memory(schema, batches)
    };
    assert_eq!(index.splits.len(), 1);
    let index = Index { splits: (0..splits).map(split).collect(), ..index };
    (parts, index)
}

/// Snapshot folders of both sides, and the links between their rows.
pub fn linked(folder: &Path, rows: [&[Row]; 2], skip: &HashSet<u64>) -> ([PathBuf; 2], PathBuf) {
    let folders = [freeze(folder, 0, rows[0]), freeze(folder, 1, rows[1])];
    let [left, right] = [indexed(&folders[0], 0, 1), indexed(&folders[1], 1, 1)];
    let identities = [side(0).identity, side(1).identity];
    let path = folder.join("links.parquet");
    let link = |(parts, index), identity| LinkSide { parts, index, identity };
    write_links(
        &path,
        [link((&left.0, &left.1), &identities[0]), link((&right.0, &right.1), &identities[1])],
        &|row| skip.contains(&row),
        Room { work: folder, memory: 1 << 20 },
    )
    .unwrap();
    (folders, path)
}

/// Writes a base of rows that were written, in batches of so many.
pub fn write_rows(state: &Path, plan: &str, on: Option<&Base>, pairs: &[(Row, Row)]) -> Base {
    let file = BaseFile { plan: plan.into(), sides: [side(0), side(1)], ..BaseFile::default() };
    let next = Next { state, file, recipes: &recipes(), on, frozen: None, gone: &[], open: [None, None], torn: &[] };
    next.write(&mut handing_over(pairs, 2)).unwrap()
}

/// Hands over pairs of rows in batches of so many.
pub fn handing_over(
    pairs: &[(Row, Row)],
    many: usize,
) -> impl FnMut() -> Result<Option<PairedRows>, crate::snapshot::SnapshotError> + use<> {
    let mut batches = pairs
        .chunks(many)
        .map(|pairs| {
            let [left, right] = [0, 1].map(|side| {
                let row = |pair: &(Row, Row)| if side == 0 { pair.0.clone() } else { pair.1.clone() };
                batch(side, &pairs.iter().map(row).collect::<Vec<_>>())
            });
            PairedRows { rows: [left, right] }
        })
        .collect::<Vec<_>>()
        .into_iter();
    move || Ok(batches.next())
}

/// A pair of rows with these identities and this key.
pub fn pair(left: i64, right: i64, key: i64, values: [&str; 2]) -> (Row, Row) {
    let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ((Some(left), Some(key), value(values[0])), (Some(right), Some(key), value(values[1])))
}

/// All pairs of a base as its rows say, sorted.
pub fn content(base: &Base) -> Vec<(Row, Row)> {
    let mut all = Vec::new();
    base.each(&mut |pairs| {
        all.extend_from_slice(pairs);
        Ok(())
    })
    .unwrap();
    rows_of(base, &all)
}

/// The rows of these pairs, sorted.
pub fn rows_of(base: &Base, pairs: &[super::BasePair]) -> Vec<(Row, Row)> {
    let [left, right] = [0, 1].map(|side| rows(&base.rows(side, &columns(side), pairs).unwrap()));
    let mut all: Vec<(Row, Row)> = left.into_iter().zip(right).collect();
    all.sort();
    all
}

/// How many pairs hold.
pub fn pairs(base: &Base) -> u64 {
    let mut pairs = 0;
    base.each(&mut |some| {
        pairs += some.len() as u64;
        Ok(())
    })
    .unwrap();
    pairs
}
