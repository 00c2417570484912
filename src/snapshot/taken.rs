//! Rows that were kept while a table was read for its index, to be asked for again.

use super::error::SnapshotError;
use crate::endpoint::{ExportBatch, Other};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::interleave;
use arrow::datatypes::Schema;
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Some rows of a table, by position.
#[derive(Clone, Debug)]
pub struct TakenRows {
    /// The columns they have, as positions in the table.
    projection: Vec<usize>,
    batches: Vec<ExportBatch>,
    /// Ascending, once all rows are here.
    places: Vec<Place>,
    /// Bytes that may still be taken.
    room: usize,
}

/// Where a row is.
#[derive(Clone, Copy, Debug)]
struct Place {
    position: u64,
    batch: u32,
    row: u32,
}

impl TakenRows {
    /// None yet, of these columns, of at most so many bytes.
    pub fn new(projection: Vec<usize>, room: usize) -> Self {
        Self { projection, batches: Vec::new(), places: Vec::new(), room }
    }

    /// Keeps rows, if there is room.
    pub fn add(&mut self, positions: impl Iterator<Item = u64>, batch: ExportBatch) {
        let bytes = batch.rows.get_array_memory_size() + batch.rows.num_rows() * size_of::<Place>();
        if bytes > self.room {
            return;
        }
        self.room -= bytes;
        let at = self.batches.len() as u32;
        self.places.extend(positions.zip(0..).map(|(position, row)| Place { position, batch: at, row }));
        self.batches.push(batch);
    }

    /// Keeps these rows of a batch, which must ascend, if there is room; `first` is the position of the
    /// batch's first row.
    ///
    /// # Errors
    /// Only if the batch is not what it says.
    pub(super) fn keep(kept: &Mutex<Self>, first: u64, batch: &ExportBatch, rows: &[u32]) -> Result<(), SnapshotError> {
        if rows.is_empty() {
            return Ok(());
        }
        let taken = batch.take(rows).map_err(broken)?;
        let positions = rows.iter().map(|row| first + u64::from(*row));
        kept.lock().unwrap_or_else(PoisonError::into_inner).add(positions, taken);
        Ok(())
    }

    /// Those of the wanted rows, whose positions ascend, that are in a batch of so many rows from this
    /// position on: as rows of the batch.
    pub(super) fn within(wanted: &[u64], first: u64, many: usize) -> Vec<u32> {
        let from = wanted.partition_point(|row| *row < first);
        let here = wanted[from..].iter().take_while(|row| **row < first + many as u64);
        here.map(|row| (row - first) as u32).collect()
    }

    /// Puts the rows in order, after the last was added.
    pub(super) fn sort(&mut self) {
        // Those of a batch are in order already, which a stable sort makes use of.
        self.places.sort_by_key(|place| place.position);
    }

    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// These columns of these rows, which must ascend; those rows that are not here come from `fetch`.
    ///
    /// # Errors
    /// If fetching fails.
    pub fn gather(
        &self,
        projection: &[usize],
        rows: &[u64],
        fetch: impl FnOnce(&[u64]) -> Result<ExportBatch, SnapshotError>,
    ) -> Result<ExportBatch, SnapshotError> {
        let columns: Option<Vec<usize>> =
            projection.iter().map(|column| self.projection.iter().position(|own| own == column)).collect();
        let Some(columns) = columns else { return fetch(rows) };
        let (places, missing) = self.find(rows);
        if missing.len() == rows.len() {
            return fetch(rows);
        }
        let fetched = if missing.is_empty() { None } else { Some(fetch(&missing)?) };

        let arrays: Vec<ArrayRef> = columns
            .par_iter()
            .enumerate()
            .map(|(at, column)| {
                let own = self.batches.iter().map(|batch| batch.rows.column(*column));
                let more = fetched.iter().map(|batch| batch.rows.column(at));
                let arrays: Vec<&dyn Array> = own.chain(more).map(|array| &**array).collect();
                interleave(&arrays, &places)
            })
            .collect::<Result<_, _>>()
            .map_err(broken)?;
        let fields = self.batches.first().map(|batch| batch.rows.schema().project(&columns));
        let schema = fields.transpose().map_err(broken)?.unwrap_or_else(Schema::empty);
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let rows = RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options).map_err(broken)?;
        Ok(ExportBatch { rows, others: self.others(&columns, &places, fetched.as_ref()) })
    }

    /// The batch and row of each of these rows, and those that are not here: they are in one more
    /// batch behind these, in their order.
    fn find(&self, rows: &[u64]) -> (Vec<(usize, usize)>, Vec<u64>) {
        let mut missing = Vec::new();
        let mut rest = self.places.as_slice();
        let places = rows
            .iter()
            .map(|row| {
                // The next place is mostly near: steps twice as far each, then a search within the last.
                let mut reach = 1;
                while rest.get(reach - 1).is_some_and(|place| place.position < *row) {
                    reach *= 2;
                }
                let near = &rest[reach / 2..reach.min(rest.len())];
                rest = &rest[reach / 2 + near.partition_point(|place| place.position < *row)..];
                match rest.first() {
                    Some(place) if place.position == *row => (place.batch as usize, place.row as usize),
                    _ => {
                        missing.push(*row);
                        (self.batches.len(), missing.len() - 1)
                    }
                }
            })
            .collect();
        (places, missing)
    }

    /// The values that the columns' types cannot hold, of rows at these places.
    fn others(&self, columns: &[usize], places: &[(usize, usize)], fetched: Option<&ExportBatch>) -> Vec<Other> {
        let batches = self.batches.iter().chain(fetched);
        if batches.clone().all(|batch| batch.others.is_empty()) {
            return Vec::new();
        }
        let batches: Vec<&[Other]> = batches.map(|batch| batch.others.as_slice()).collect();
        let mut out = Vec::new();
        for (row, (batch, from)) in places.iter().enumerate() {
            let kept = *batch < self.batches.len();
            let all = batches[*batch];
            let first = all.partition_point(|other| (other.row as usize) < *from);
            let own = all[first..].iter().take_while(|other| other.row as usize == *from);
            out.extend(own.filter_map(|other| {
                // What was fetched has the wanted columns only.
                let column = if kept {
                    columns.iter().position(|own| *own == other.column as usize)? as u32
                } else {
                    other.column
                };
                Some(Other { row: row as u32, column, ..other.clone() })
            }));
        }
        out
    }
}

fn broken(error: arrow::error::ArrowError) -> SnapshotError {
    SnapshotError::Damaged { path: "rows kept while reading".to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type};

    /// Rows of two columns that both say their position; that of row 7 is one that no type holds.
    fn rows(positions: &[u64]) -> ExportBatch {
        let fields = vec![Field::new("number", DataType::Int64, true), Field::new("text", DataType::Utf8, true)];
        let numbers: Int64Array = positions.iter().map(|at| Some(*at as i64)).collect();
        let texts: StringArray = positions.iter().map(|at| Some(at.to_string())).collect();
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![Arc::new(numbers), Arc::new(texts)]);
        let seven = positions.iter().position(|at| *at == 7).map(|row| row as u32);
        let others = seven.into_iter().map(|row| Other::value(row, 1, "seven".to_owned())).collect();
        ExportBatch { rows: rows.unwrap(), others }
    }

    #[test]
    fn rows_are_gathered_in_order_and_the_others_fetched() {
        // Columns 4 and 2 of a table; the batches came out of order.
        let mut taken = TakenRows::new(vec![4, 2], 1 << 20);
        for positions in [vec![20, 21, 29], vec![3, 7, 9], vec![12]] {
            taken.add(positions.iter().copied(), rows(&positions));
        }
        taken.sort();
        let wanted = [3, 4, 7, 9, 12, 13, 29, 100];
        let mut asked = Vec::new();
        let text = |rows: &[u64]| {
            asked.extend_from_slice(rows);
            Ok(ExportBatch { rows: self::rows(rows).rows.project(&[1]).unwrap(), others: Vec::new() })
        };
        let found = taken.gather(&[2], &wanted, text).unwrap();
        assert_eq!(asked, [4, 13, 100]);
        assert!(found.rows.column(0).as_string::<i32>().iter().flatten().eq(wanted.map(|at| at.to_string())));
        let others: Vec<(u32, u32)> = found.others.iter().map(|other| (other.row, other.column)).collect();
        assert_eq!(others, [(2, 0)]);

        let found = taken.gather(&[4], &[7, 21], |_| panic!("all are here")).unwrap();
        assert!(found.rows.column(0).as_primitive::<Int64Type>().values().iter().eq(&[7, 21]));
        assert!(found.others.is_empty());
        let elsewhere = |rows: &[u64]| Ok(self::rows(rows));
        assert_eq!(taken.gather(&[5], &[7], elsewhere).unwrap().rows.num_rows(), 1);
    }
}
