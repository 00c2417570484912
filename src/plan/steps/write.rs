//! Writes the steps file.

use super::STEPS;
use super::layout::{Layout, SIDES};
use super::text::to_text;
use crate::endpoint::{Action, ExportBatch, Other, disk};
use crate::plan::PlanError;
use crate::table::Cells;
use arrow::array::{
    ArrayRef, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray, UInt32Array,
    UInt64Array, new_null_array,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows after which a row group is closed.
const GROUP_ROWS: usize = 64 * 1024;
/// Encoded bytes after which a row group is closed: what the file under way keeps in memory.
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Steps of one action, to be written.
#[derive(Clone, Debug)]
pub struct StepRows {
    /// What they do.
    pub action: Action,
    /// Why.
    pub reason: &'static str,
    /// The rows as they are to be found, over all columns of the table; `None` for creates.
    pub before: Option<ExportBatch>,
    /// The rows as they are to become, over all columns; `None` for deletes.
    pub after: Option<ExportBatch>,
    /// Per step, the columns that change, ascending.
    pub changed: Vec<Vec<usize>>,
    /// Per step, 0 or the number of the group that it is written with.
    pub together: Vec<u32>,
    /// Per step, when the change was made that it carries, where that is known; empty if it is of none.
    pub times: Vec<Option<i64>>,
}

impl StepRows {
    /// How many steps.
    pub fn len(&self) -> usize {
        self.changed.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }
}

/// The steps file under way. Without [`finish`](Self::finish) it is not a Parquet file.
#[must_use]
pub struct StepsWriter {
    layout: Layout,
    path: PathBuf,
    file: ArrowWriter<File>,
    /// Steps so far, per side.
    steps: [u64; 2],
}

impl StepsWriter {
    /// Creates the file in a plan's folder.
    ///
    /// # Errors
    /// If it can't be created.
    pub fn create(folder: &Path, layout: Layout) -> Result<Self, PlanError> {
        let path = folder.join(STEPS);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .build();
        let file = disk::create(&path).map_err(|e| PlanError::write(&path, e))?;
        let file =
            ArrowWriter::try_new(file, layout.schema(), Some(properties)).map_err(|e| PlanError::write(&path, e))?;
        Ok(Self { layout, path, file, steps: [0; 2] })
    }

    /// Adds steps of one side; the left ones come first.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&mut self, side: usize, rows: &StepRows) -> Result<(), PlanError> {
        if rows.is_empty() {
            return Ok(());
        }
        let batch = self.batch(side, rows).map_err(|e| PlanError::write(&self.path, e))?;
        self.file.write(&batch).map_err(|e| PlanError::write(&self.path, e))?;
        self.steps[side] += rows.len() as u64;
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> Result<(), PlanError> {
        let file = self.file.into_inner().map_err(|e| PlanError::write(&self.path, e))?;
        file.sync_all().map_err(|e| PlanError::write(&self.path, e))
    }

    fn batch(&self, side: usize, rows: &StepRows) -> Result<RecordBatch, arrow::error::ArrowError> {
        let count = rows.len();
        let repeat = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; count])) };
        let first = self.steps[side];
        let mut changed = ListBuilder::new(StringBuilder::new()).with_field(super::layout::list_item());
        for columns in &rows.changed {
            for column in columns {
                changed.values().append_value(&self.layout.slots()[self.layout.places(side)[*column]].name);
            }
            changed.append(true);
        }
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(first..first + count as u64)),
            repeat(SIDES[side]),
            repeat(rows.action.word()),
            repeat(rows.reason),
            Arc::new(UInt32Array::from(rows.together.clone())),
            Arc::new(
                (0..count)
                    .map(|at| rows.times.get(at).copied().flatten())
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
            Arc::new(changed.finish()),
        ];
        let key = rows.before.as_ref().or(rows.after.as_ref());
        for slot in self.layout.key() {
            columns.push(self.slot(side, *slot, key, count));
        }
        for when in [&rows.before, &rows.after] {
            for slot in 0..self.layout.slots().len() {
                columns.push(self.slot(side, slot, when.as_ref(), count));
            }
        }
        for when in [&rows.before, &rows.after] {
            columns.push(self.others(side, when.as_ref(), count));
        }
        RecordBatch::try_new(self.layout.schema(), columns)
    }

    /// A column of the file, of these rows.
    fn slot(&self, side: usize, slot: usize, rows: Option<&ExportBatch>, count: usize) -> ArrayRef {
        let own = self.layout.places(side).iter().position(|place| *place == slot);
        let (Some(rows), Some(column)) = (rows, own) else {
            return new_null_array(&self.layout.arrow(slot), count);
        };
        let array = rows.rows.column(column);
        match (&self.layout.slots()[slot].ty, Cells::new(array)) {
            (None, Some(cells)) => Arc::new((0..count).map(|row| to_text(&cells, row)).collect::<StringArray>()),
            _ => Arc::clone(array),
        }
    }

    fn others(&self, side: usize, rows: Option<&ExportBatch>, count: usize) -> ArrayRef {
        let others: &[Other] = rows.map(|rows| rows.others.as_slice()).unwrap_or_default();
        let slot = |other: &Other| &self.layout.slots()[self.layout.places(side)[other.column as usize]];
        Arc::new(StringArray::from(Other::by_row(others, count, |other| &slot(other).name)))
    }
}
