//! The conflicts of a plan, with both versions and the base's.

use super::facts::FactsReader;
use super::planner::{Conflicting, TwoWayInput};
use crate::base::BasePair;
use crate::endpoint::{ExportBatch, Other};
use crate::plan::rows::fetch;
use crate::plan::{ConflictRows, ConflictsWriter, PlanError};
use crate::snapshot::SnapshotError;
use crate::table::Column;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema};
use std::path::Path;
use std::sync::Arc;

/// Writes them, some at a time.
pub(super) struct Conflicts<'a> {
    input: &'a TwoWayInput<'a>,
    reader: &'a FactsReader<'a>,
    writer: ConflictsWriter,
}

impl<'a> Conflicts<'a> {
    /// Creates the file in a plan's folder.
    ///
    /// # Errors
    /// If it can't be created.
    pub(super) fn create(
        folder: &Path,
        input: &'a TwoWayInput<'a>,
        reader: &'a FactsReader<'a>,
    ) -> Result<Self, PlanError> {
        let plan = &input.plan;
        let tables = [0, 1].map(|side: usize| &plan.tables[side].snapshot.manifest.table);
        let writer = ConflictsWriter::create(folder, tables, plan.alignment, &plan.key.pairs)?;
        Ok(Self { input, reader, writer })
    }

    /// Adds some.
    ///
    /// # Errors
    /// If a row can't be read, or the file not be written.
    pub(super) fn write(&mut self, some: &[Conflicting]) -> Result<(), PlanError> {
        if some.is_empty() {
            return Ok(());
        }
        let (plan, reader) = (&self.input.plan, self.reader);
        let tables = [0, 1].map(|side: usize| &plan.tables[side].snapshot.manifest.table);
        let left_name = |at: &usize| plan.alignment.pairs[reader.pairs()[*at]].left.name.clone();
        let side = |side: usize| {
            let rows: Vec<Option<u64>> = some.iter().map(|one| one.item.rows[side]).collect();
            let columns = &tables[side].columns;
            let parts = reader.parts[side];
            let projection: Vec<usize> = columns.iter().filter_map(|column| parts.position(&column.name)).collect();
            with_gaps(columns, &rows, |rows| fetch(parts, &projection, rows))
        };
        let pairs: Vec<Option<BasePair>> = some.iter().map(|one| one.item.base).collect();
        let then = with_gaps(&tables[0].columns, &pairs, |pairs| match reader.base {
            Some(base) => base.rows(0, &tables[0].columns, pairs),
            None => Err(SnapshotError::Damaged { path: "the base".to_owned(), why: "it is not there".to_owned() }),
        });
        let here = |one: &Conflicting| {
            let [left, right] = one.item.rows.map(|row| row.is_some());
            [left, right, one.item.base.is_some()]
        };
        self.writer.write(&ConflictRows {
            reasons: some.iter().map(|one| one.reason).collect(),
            changed: some.iter().map(|one| one.columns.iter().map(left_name).collect()).collect(),
            colliding: some.iter().map(|one| one.colliding.iter().map(left_name).collect()).collect(),
            rows: [side(0)?, side(1)?, then?],
            here: some.iter().map(here).collect(),
            times: some.iter().map(|one| one.times).collect(),
        })
    }

    /// Completes the file, and says how many there are.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn finish(self) -> Result<u64, PlanError> {
        self.writer.finish()
    }
}

/// The rows that are there, read by `read`, and a row of NULL in the place of each that is not.
fn with_gaps<T: Copy>(
    columns: &[Column],
    wanted: &[Option<T>],
    read: impl FnOnce(&[T]) -> Result<ExportBatch, SnapshotError>,
) -> Result<ExportBatch, SnapshotError> {
    let broken = |why: String| SnapshotError::Damaged { path: "rows in conflict".to_owned(), why };
    let here: Vec<T> = wanted.iter().flatten().copied().collect();
    let mut count = 0;
    let place = |one: &Option<T>| {
        one.as_ref().map(|_| {
            count += 1;
            count - 1
        })
    };
    let places: Vec<Option<u32>> = wanted.iter().map(place).collect();
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(wanted.len()));
    let build = |arrays: Vec<ArrayRef>, others| {
        let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options);
        Ok(ExportBatch { rows: rows.map_err(|e| broken(e.to_string()))?, others })
    };
    if here.is_empty() {
        let arrays = columns.iter().map(|column| new_null_array(&column.ty.arrow(), wanted.len())).collect();
        return build(arrays, Vec::new());
    }
    let found = read(&here)?;
    let indices = UInt32Array::from(places.clone());
    let arrays = found.rows.columns().iter().map(|array| take(array, &indices, None));
    let arrays = arrays.collect::<Result<_, _>>().map_err(|e| broken(e.to_string()))?;
    // Where the rows that are there have come to be.
    let rows: Vec<u32> = (0..).zip(&places).filter(|(_, place)| place.is_some()).map(|(row, _)| row).collect();
    let moved = |other: Other| Some(Other { row: *rows.get(other.row as usize)?, ..other });
    build(arrays, found.others.into_iter().filter_map(moved).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::cell_text;
    use crate::table::{PortableBuilder, PortableType};

    #[test]
    fn rows_that_are_not_there_leave_gaps() {
        let columns = [Column::new("day", PortableType::Date, "date")];
        let read = |texts: &[&str]| {
            let mut builder = PortableBuilder::new(&PortableType::Date);
            texts.iter().for_each(|text| builder.parse(text));
            let schema = Schema::new(vec![Field::new("day", PortableType::Date.arrow(), true)]);
            Ok(ExportBatch::new(&Arc::new(schema), vec![builder.finish()]).unwrap())
        };
        let wanted = [None, Some("2026-11-22"), None, Some("0000-00-00"), Some("2026-11-23")];
        let batch = with_gaps(&columns, &wanted, read).unwrap();
        let texts: Vec<Option<String>> = (0..5).map(|row| cell_text(&batch, row, 0)).collect();
        assert_eq!(texts, wanted.map(|text| text.map(str::to_owned)));
        let none = with_gaps(&columns, &[None; 3], read).unwrap();
        assert_eq!((none.rows.num_rows(), cell_text(&none, 2, 0)), (3, None));
    }
}
