//! Rows of frozen tables in the order in which steps want them.

use crate::endpoint::ExportBatch;
use crate::snapshot::{Parts, SnapshotError};

/// These columns of the rows at these positions, in this order.
pub fn fetch(parts: &Parts, projection: &[usize], rows: &[u64]) -> Result<ExportBatch, SnapshotError> {
    if rows.is_sorted_by(|a, b| a < b) {
        let mut batch = parts.fetch(projection, rows)?;
        batch.others.sort_by_key(|other| (other.row, other.column));
        return Ok(batch);
    }
    let mut ascending = rows.to_vec();
    ascending.sort_unstable();
    ascending.dedup();
    let batch = parts.fetch(projection, &ascending)?;
    let places: Vec<usize> = rows.iter().map(|row| ascending.partition_point(|other| other < row)).collect();
    select(&batch, &places)
}

/// These rows of a batch, in this order; each at most once.
pub fn select(batch: &ExportBatch, rows: &[usize]) -> Result<ExportBatch, SnapshotError> {
    if rows.len() == batch.rows.num_rows() && rows.iter().enumerate().all(|(at, row)| at == *row) {
        return Ok(batch.clone());
    }
    let places: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
    let mut taken = batch
        .take(&places)
        .map_err(|e| SnapshotError::Damaged { path: "a batch of rows".to_owned(), why: e.to_string() })?;
    taken.others.sort_by_key(|other| (other.row, other.column));
    Ok(taken)
}

/// These columns of a batch, in this order; each at most once.
pub fn project(batch: &ExportBatch, columns: &[usize]) -> Result<ExportBatch, SnapshotError> {
    batch
        .project(columns)
        .map_err(|e| SnapshotError::Damaged { path: "a batch of rows".to_owned(), why: e.to_string() })
}
