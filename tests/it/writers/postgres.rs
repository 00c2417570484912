//! Rows written to PostgreSQL, read back, and refused.

mod bounds;
mod sessions;
mod types;

use super::rows::{self, Printed, pick, printed};
use crate::support::Place;
use std::ops::Deref;
use trueup::endpoint::{ExportBatch, StepBatch, WriteError, Writer};

/// A table of the place's schema.
struct Table(rows::Table);

impl Deref for Table {
    type Target = rows::Table;

    fn deref(&self) -> &rows::Table {
        &self.0
    }
}

impl Table {
    #[track_caller]
    fn new(place: &mut Place, name: &str, key: &[&str]) -> Self {
        Self(rows::Table::at(&place.postgres().address(name), key))
    }

    /// All rows, in the order of the first column.
    fn rows(&self) -> ExportBatch {
        let batch = self.export();
        let order = arrow::compute::sort_to_indices(batch.rows.column(0), None, None).unwrap();
        pick(&batch, &order.values().iter().copied().collect::<Vec<_>>())
    }

    fn create(&self, after: ExportBatch) -> StepBatch {
        self.creates(after, &self.all())
    }

    /// Sets all columns but the key's.
    fn update(&self, before: ExportBatch, after: ExportBatch) -> StepBatch {
        let set: Vec<usize> = self.all().into_iter().filter(|at| !self.key.contains(at)).collect();
        self.updates(before, after, &set)
    }

    fn delete(&self, before: ExportBatch) -> StepBatch {
        self.deletes(before)
    }

    /// Writes a chunk in a session of its own.
    #[track_caller]
    fn write(&self, steps: &StepBatch) -> u64 {
        self.try_write(steps).unwrap()
    }

    fn try_write(&self, steps: &StepBatch) -> Result<u64, WriteError> {
        chunk(self.writer().as_mut(), steps)
    }
}

/// Writes a chunk; a failed one is left for its test to end.
fn chunk(writer: &mut dyn Writer, steps: &StepBatch) -> Result<u64, WriteError> {
    writer.begin()?;
    writer.load(steps)?;
    let written = writer.write()?;
    writer.commit()?;
    Ok(written)
}

/// Rows of cells written as in `1 a NULL`.
fn table(rows: &[&str]) -> Printed {
    let cell = |text: &str| (text != "NULL").then(|| text.to_owned());
    rows.iter().map(|row| row.split(' ').map(cell).collect()).collect()
}
