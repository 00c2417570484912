//! Rows that are made of the cells of other rows.

use super::error::ApplyError;
use crate::endpoint::ExportBatch;
use crate::table::{Column, PortableBuilder};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::interleave;
use std::collections::BTreeMap;
use std::sync::Arc;

/// By column and row: a value as printed, or NULL.
pub(super) type Patches = BTreeMap<usize, BTreeMap<usize, Option<String>>>;

/// Rows of `base` with the cells of `other`, row by row, where `takes` holds of row and column.
///
/// # Errors
/// If they have other columns.
pub(super) fn weave(
    base: &ExportBatch,
    other: &ExportBatch,
    takes: &dyn Fn(usize, usize) -> bool,
) -> Result<ExportBatch, ApplyError> {
    let shape = |error: arrow::error::ArrowError| ApplyError::Shape(error.to_string());
    let rows = base.rows.num_rows();
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(base.rows.num_columns());
    for (column, (own, its)) in base.rows.columns().iter().zip(other.rows.columns()).enumerate() {
        let from: Vec<(usize, usize)> = (0..rows).map(|row| (usize::from(takes(row, column)), row)).collect();
        arrays.push(match from.iter().any(|(which, _)| *which == 1) {
            true => interleave(&[own.as_ref(), its.as_ref()], &from).map_err(shape)?,
            false => Arc::clone(own),
        });
    }
    let beside = |batch: &ExportBatch, wanted: bool| {
        let own = batch.others.iter().filter(|other| takes(other.row as usize, other.column as usize) == wanted);
        own.cloned().collect::<Vec<_>>()
    };
    let mut others = beside(base, false);
    others.extend(beside(other, true));
    others.sort_by_key(|other| (other.row, other.column));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let rows = RecordBatch::try_new_with_options(base.rows.schema(), arrays, &options).map_err(shape)?;
    Ok(ExportBatch { rows, others })
}

/// The rows with these values in their cells; `None` if a column can't hold one of them.
///
/// # Errors
/// If they have other columns.
pub(super) fn patched(
    columns: &[Column],
    base: &ExportBatch,
    patches: &Patches,
) -> Result<Option<ExportBatch>, ApplyError> {
    let mut arrays = base.rows.columns().to_vec();
    for (column, cells) in patches {
        let mut builder = PortableBuilder::new(&columns[*column].ty);
        for row in 0..base.rows.num_rows() {
            match cells.get(&row) {
                Some(Some(text)) => builder.parse(text),
                _ => builder.null(),
            }
        }
        let (array, others) = builder.finish();
        if !others.is_empty() {
            return Ok(None);
        }
        arrays[*column] = array;
    }
    let options = RecordBatchOptions::new().with_row_count(Some(base.rows.num_rows()));
    let rows = RecordBatch::try_new_with_options(base.rows.schema(), arrays, &options)
        .map_err(|error| ApplyError::Shape(error.to_string()))?;
    let other = ExportBatch { rows, others: Vec::new() };
    let takes = |row: usize, column: usize| patches.get(&column).is_some_and(|cells| cells.contains_key(&row));
    weave(base, &other, &takes).map(Some)
}
