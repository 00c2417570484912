//! Rows that were read once and are kept in memory, as far as they fit.

use crate::endpoint::{ExportBatch, Other};
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// All rows of some columns, or nothing.
#[derive(Debug)]
pub struct Cache {
    columns: Vec<usize>,
    most: usize,
    bytes: AtomicUsize,
    batches: Mutex<Vec<(u64, ExportBatch)>>,
}

impl Cache {
    /// Empty, for these columns of the table and so many bytes.
    pub fn new(columns: Vec<usize>, most: usize) -> Self {
        Self { columns, most, bytes: AtomicUsize::new(0), batches: Mutex::new(Vec::new()) }
    }

    /// Keeps a batch of which the first row is row `first` of the table. Once there is too much to
    /// keep, nothing is kept.
    pub fn keep(&self, first: u64, batch: ExportBatch) {
        let size = batch.rows.get_array_memory_size();
        let before = self.bytes.fetch_add(size, Ordering::Relaxed);
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        if before + size <= self.most {
            batches.push((first, batch));
        } else {
            batches.clear();
        }
    }

    /// The finished cache of a table of so many rows; `None` if not all of them fitted.
    pub fn finish(self, rows: u64) -> Option<Kept> {
        if self.bytes.into_inner() > self.most {
            return None;
        }
        let mut batches = self.batches.into_inner().unwrap_or_else(PoisonError::into_inner);
        batches.sort_by_key(|(first, _)| *first);
        let kept: u64 = batches.iter().map(|(_, batch)| batch.rows.num_rows() as u64).sum();
        (kept == rows).then_some(Kept { columns: self.columns, batches })
    }
}

/// All rows of some columns.
#[derive(Debug)]
pub struct Kept {
    columns: Vec<usize>,
    batches: Vec<(u64, ExportBatch)>,
}

impl Kept {
    /// These columns of the rows at these positions, which ascend. `None` if a column was not kept.
    pub fn fetch(
        &self,
        projection: &[usize],
        rows: &[u64],
        schema: &SchemaRef,
    ) -> Option<Result<ExportBatch, arrow::error::ArrowError>> {
        let places: Vec<usize> =
            projection.iter().map(|i| self.columns.iter().position(|kept| kept == i)).collect::<Option<_>>()?;
        Some(self.take(&places, rows, schema))
    }

    fn take(
        &self,
        places: &[usize],
        mut rows: &[u64],
        schema: &SchemaRef,
    ) -> Result<ExportBatch, arrow::error::ArrowError> {
        let mut pieces: Vec<RecordBatch> = Vec::new();
        let mut others = Vec::new();
        let mut before = 0u32;
        for (first, batch) in &self.batches {
            let end = rows.partition_point(|row| *row < first + batch.rows.num_rows() as u64);
            let (here, later) = rows.split_at(end);
            rows = later;
            if here.is_empty() {
                continue;
            }
            let indices: UInt32Array = here.iter().map(|row| (row - first) as u32).collect();
            if !batch.others.is_empty() {
                others.extend(taken_others(batch, indices.values(), places, before));
            }
            pieces.push(take_record_batch(&batch.rows.project(places)?, &indices)?);
            before += here.len() as u32;
        }
        Ok(ExportBatch { rows: concat_batches(schema, &pieces)?, others })
    }
}

fn taken_others(batch: &ExportBatch, taken: &[u32], places: &[usize], before: u32) -> Vec<Other> {
    let row_of: HashMap<u32, u32> = taken.iter().enumerate().map(|(to, from)| (*from, to as u32 + before)).collect();
    batch
        .others
        .iter()
        .filter_map(|other| {
            let row = *row_of.get(&other.row)?;
            let column = places.iter().position(|place| *place == other.column as usize)? as u32;
            Some(Other { row, column, text: other.text.clone() })
        })
        .collect()
}
