//! Rows that were kept while a table was read for its index, to be asked for again.

use super::error::SnapshotError;
use crate::endpoint::{ExportBatch, Other};
use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use std::collections::HashMap;

/// Some rows of a table, by position.
#[derive(Clone, Debug)]
pub struct TakenRows {
    /// The columns they have, as positions in the table.
    projection: Vec<usize>,
    batches: Vec<ExportBatch>,
    places: HashMap<u64, (u32, u32)>,
    /// Bytes that may still be taken.
    room: usize,
}

impl TakenRows {
    /// None yet, of these columns, of at most so many bytes.
    pub fn new(projection: Vec<usize>, room: usize) -> Self {
        Self { projection, batches: Vec::new(), places: HashMap::new(), room }
    }

    /// These rows of a batch, which must ascend.
    ///
    /// # Errors
    /// Only if the batch is not what it says.
    pub fn take(batch: &ExportBatch, rows: &[u32]) -> Result<ExportBatch, SnapshotError> {
        batch.take(rows).map_err(broken)
    }

    /// Keeps rows, if there is room.
    pub fn add(&mut self, positions: impl Iterator<Item = u64>, batch: ExportBatch) {
        const PLACE: usize = 48;
        let bytes = batch.rows.get_array_memory_size() + batch.rows.num_rows() * PLACE;
        if bytes > self.room {
            return;
        }
        self.room -= bytes;
        let at = self.batches.len() as u32;
        self.places.extend(positions.zip(0..).map(|(position, row)| (position, (at, row))));
        self.batches.push(batch);
    }

    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// These columns of these rows; those rows that are not here come from `fetch`.
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
        let missing: Vec<u64> = rows.iter().copied().filter(|row| !self.places.contains_key(row)).collect();
        let Some(columns) = columns.filter(|_| missing.len() < rows.len()) else { return fetch(rows) };

        let mut batches: Vec<(RecordBatch, Vec<Other>)> = Vec::with_capacity(self.batches.len() + 1);
        for batch in &self.batches {
            let others = batch.others.iter().filter_map(|other| {
                let column = columns.iter().position(|own| *own == other.column as usize)?;
                Some(Other { column: column as u32, ..other.clone() })
            });
            batches.push((batch.rows.project(&columns).map_err(broken)?, others.collect()));
        }
        let last = batches.len();
        if !missing.is_empty() {
            let ExportBatch { rows, others } = fetch(&missing)?;
            batches.push((rows, others));
        }
        let mut next = 0;
        let places: Vec<(usize, usize)> = rows
            .iter()
            .map(|row| match self.places.get(row) {
                Some((batch, row)) => (*batch as usize, *row as usize),
                None => {
                    next += 1;
                    (last, next - 1)
                }
            })
            .collect();
        let mut others = Vec::new();
        if batches.iter().any(|(_, others)| !others.is_empty()) {
            for (row, (batch, from)) in places.iter().enumerate() {
                let own = batches[*batch].1.iter().filter(|other| other.row as usize == *from);
                others.extend(own.map(|other| Other { row: row as u32, ..other.clone() }));
            }
        }
        let batches: Vec<&RecordBatch> = batches.iter().map(|(rows, _)| rows).collect();
        Ok(ExportBatch { rows: interleave_record_batch(&batches, &places).map_err(broken)?, others })
    }
}

fn broken(error: arrow::error::ArrowError) -> SnapshotError {
    SnapshotError::Damaged { path: "rows kept while reading".to_owned(), why: error.to_string() }
}
