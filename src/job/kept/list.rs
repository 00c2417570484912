//! `differences.parquet`: which rows differ. See the folder's documentation for its columns.

use super::file::Counts;
use super::open::KeptError;
use super::repeated::Repeated;
use crate::compare::Differences;
use crate::snapshot::{PartKind, PartWriter, SnapshotError};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The file's name in a run's folder.
pub const DIFFERENCES: &str = "differences.parquet";

/// Rows written at once.
const BATCH: usize = 64 * 1024;

const ONLY: [&str; 2] = ["left-only", "right-only"];
const CHANGED: &str = "changed";
const DUPLICATE: [&str; 2] = ["left-duplicate", "right-duplicate"];
const NULL_KEY: [&str; 2] = ["left-null-key", "right-null-key"];

/// A row of the file: left row, right row, group.
type Row = (Option<u64>, Option<u64>, Option<u64>);

/// The position on one side, as a row.
fn one(side: usize, row: u64, group: Option<u64>) -> Row {
    if side == 0 { (Some(row), None, group) } else { (None, Some(row), group) }
}

/// Writes the file into a folder.
pub(super) fn write(folder: &Path, differences: &Differences, repeated: &Repeated) -> Result<Counts, SnapshotError> {
    let fields = ["left_row", "right_row", "group"].map(|name| Field::new(name, DataType::UInt64, true));
    let kind = Field::new("kind", DataType::Utf8, false);
    let schema = Arc::new(Schema::new([vec![kind], fields.to_vec()].concat()));
    let path = folder.join(DIFFERENCES);
    let mut part = PartWriter::create(&path, Arc::clone(&schema), Compression::LZ4_RAW, PartKind::Index)?;
    let mut counts = Counts::default();
    for side in [0, 1] {
        counts.only[side] =
            add(&mut part, &schema, ONLY[side], differences.only[side].iter().map(|r| one(side, *r, None)))?;
    }
    let pairs = differences.changed.iter().map(|(left, right)| (Some(*left), Some(*right), None));
    counts.changed = add(&mut part, &schema, CHANGED, pairs)?;
    counts.groups = repeated.groups.len() as u64;
    for side in [0, 1] {
        let groups = repeated.groups.iter().zip(0..);
        let rows = groups.flat_map(|(sides, group)| sides[side].iter().map(move |row| one(side, *row, Some(group))));
        counts.duplicates[side] = add(&mut part, &schema, DUPLICATE[side], rows)?;
    }
    for side in [0, 1] {
        let rows = repeated.null_keys[side].iter().map(|row| one(side, *row, None));
        counts.null_keys[side] = add(&mut part, &schema, NULL_KEY[side], rows)?;
    }
    part.finish()?;
    Ok(counts)
}

/// Adds the rows of one kind and says how many they are.
fn add(
    part: &mut PartWriter,
    schema: &SchemaRef,
    kind: &str,
    mut rows: impl Iterator<Item = Row>,
) -> Result<u64, SnapshotError> {
    let mut count = 0;
    loop {
        let chunk: Vec<Row> = rows.by_ref().take(BATCH).collect();
        if chunk.is_empty() {
            return Ok(count);
        }
        count += chunk.len() as u64;
        let column = |of: fn(&Row) -> Option<u64>| Arc::new(chunk.iter().map(of).collect::<UInt64Array>()) as ArrayRef;
        let kinds = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(kind, chunk.len())));
        let columns = vec![kinds, column(|row| row.0), column(|row| row.1), column(|row| row.2)];
        let batch = RecordBatch::try_new(Arc::clone(schema), columns);
        part.write(&batch.map_err(|e| SnapshotError::write(Path::new(DIFFERENCES), e))?)?;
    }
}

/// Reads the file of a folder, which must have so many rows of each kind.
pub(super) fn read(folder: &Path, counts: &Counts) -> Result<(Differences, Repeated), KeptError> {
    let path = folder.join(DIFFERENCES);
    let damaged =
        |why: &dyn std::fmt::Display| KeptError::Damaged { path: path.display().to_string(), why: why.to_string() };
    let file = File::open(&path)
        .map_err(|e| KeptError::Unreadable { path: path.display().to_string(), why: e.to_string() })?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(BATCH).build())
        .map_err(|e| damaged(&e))?;
    let mut differences = Differences::default();
    let groups = usize::try_from(counts.groups).map_err(|e| damaged(&e))?;
    let mut repeated = Repeated::default();
    for batch in reader {
        let batch = batch.map_err(|e| damaged(&e))?;
        take(&batch, groups, &mut differences, &mut repeated)
            .ok_or_else(|| damaged(&"it holds what no list of differences does"))?;
    }
    let found = Counts {
        only: differences.only.each_ref().map(|rows| rows.len() as u64),
        changed: differences.changed.len() as u64,
        groups: repeated.groups.len() as u64,
        duplicates: [0, 1].map(|side| repeated.groups.iter().map(|sides| sides[side].len() as u64).sum()),
        null_keys: repeated.null_keys.each_ref().map(|rows| rows.len() as u64),
    };
    if found == *counts { Ok((differences, repeated)) } else { Err(damaged(&"rows of it are missing")) }
}

/// Adds a batch; `None` if it is not what was written.
fn take(batch: &RecordBatch, groups: usize, differences: &mut Differences, repeated: &mut Repeated) -> Option<()> {
    let kinds = batch.column_by_name("kind")?.as_string_opt::<i32>()?;
    let column = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<UInt64Type>();
    let (left, right, group) = (column("left_row")?, column("right_row")?, column("group")?);
    let value = |column: &UInt64Array, at: usize| column.is_valid(at).then(|| column.value(at));
    for at in 0..batch.num_rows() {
        let rows = [value(left, at), value(right, at)];
        let kind = kinds.value(at);
        let of = |words: [&str; 2]| words.iter().position(|word| *word == kind);
        if kind == CHANGED {
            differences.changed.push((rows[0]?, rows[1]?));
        } else if let Some(side) = of(ONLY) {
            differences.only[side].push(rows[side]?);
        } else if let Some(side) = of(NULL_KEY) {
            repeated.null_keys[side].push(rows[side]?);
        } else {
            let side = of(DUPLICATE)?;
            let group = usize::try_from(value(group, at)?).ok().filter(|group| *group < groups)?;
            if repeated.groups.len() <= group {
                repeated.groups.resize(group + 1, Default::default());
            }
            repeated.groups[group][side].push(rows[side]?);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut changed: Vec<(u64, u64)> = (0..70_000).map(|at| (at * 3, 1_000_000 - at)).collect();
        changed.sort_unstable();
        let differences = Differences { only: [vec![1, 5, 7], vec![]], changed, ..Differences::default() };
        let repeated =
            Repeated { groups: vec![[vec![9, 11], vec![4]], [vec![], vec![2, 3]]], null_keys: [vec![], vec![8]] };
        let counts = write(folder.path(), &differences, &repeated).unwrap();
        let expected = Counts { only: [3, 0], changed: 70_000, groups: 2, duplicates: [2, 3], null_keys: [0, 1] };
        assert_eq!(counts, expected);
        assert_eq!(read(folder.path(), &counts).unwrap(), (differences, repeated));

        let more = Counts { only: [4, 0], ..counts };
        assert!(matches!(read(folder.path(), &more), Err(KeptError::Damaged { .. })));
        std::fs::write(folder.path().join(DIFFERENCES), "no Parquet").unwrap();
        assert!(matches!(read(folder.path(), &counts), Err(KeptError::Damaged { .. })));
    }

    #[test]
    fn nothing_is_a_list_too() {
        let folder = tempfile::tempdir().unwrap();
        let counts = write(folder.path(), &Differences::default(), &Repeated::default()).unwrap();
        assert_eq!(counts, Counts::default());
        assert_eq!(read(folder.path(), &counts).unwrap(), Default::default());
    }
}
