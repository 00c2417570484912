//! Rows of one table that are fetched by their keys.

use crate::base::Linker;
use crate::endpoint::{Action, Endpoint, EndpointError, ExportBatch, StepBatch, WriteError, WriteOptions, WriteTable};
use crate::job::error::RunError;
use crate::snapshot::{SnapshotError, portable_schema};
use crate::table::{Column, Fingerprint};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use std::collections::HashSet;

/// Keys to look up at once.
const CHUNK: usize = 10_000;

/// Fetches rows of one table.
pub(super) struct Fetcher<'a> {
    pub(super) endpoint: &'a dyn Endpoint,
    /// All columns of the table, in its own order.
    pub(super) columns: &'a [Column],
}

impl Fetcher<'_> {
    /// The rows whose values in the columns at `by` are those of a row of `keys`, which has just those
    /// columns. Values that come twice are looked up twice: see [`distinct`].
    pub(super) fn fetch(&self, by: &[usize], keys: &ExportBatch) -> Result<Vec<ExportBatch>, RunError> {
        let mut out = Vec::new();
        let rows = keys.rows.num_rows();
        if rows == 0 {
            return Ok(out);
        }
        let table = WriteTable { columns: self.columns.to_vec(), key: by.to_vec(), whole: false };
        let options = WriteOptions { read_only: true, ..WriteOptions::default() };
        let Some(mut writer) = self.endpoint.writer(&table, &options)? else { return Ok(out) };
        for first in (0..rows).step_by(CHUNK) {
            let some: Vec<u32> = (first..rows.min(first + CHUNK)).map(|row| row as u32).collect();
            let probe = self.probe(by, &keys.take(&some).map_err(broken)?)?;
            writer.begin().map_err(failed)?;
            writer.load(&probe).map_err(failed)?;
            out.push(writer.fetch(false).map_err(failed)?);
            writer.rollback().map_err(failed)?;
        }
        writer.leave();
        Ok(out)
    }

    /// Steps that only say which rows are meant.
    fn probe(&self, by: &[usize], keys: &ExportBatch) -> Result<StepBatch, RunError> {
        let rows = keys.rows.num_rows();
        let column = |at: usize| -> ArrayRef {
            match by.iter().position(|own| *own == at) {
                Some(place) => keys.rows.column(place).clone(),
                None => new_null_array(&self.columns[at].ty.arrow(), rows),
            }
        };
        let arrays = (0..self.columns.len()).map(column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(portable_schema(self.columns.iter()), arrays, &options);
        let mut others = keys.others.clone();
        others.iter_mut().for_each(|other| other.column = by[other.column as usize] as u32);
        others.sort_by_key(|other| (other.row, other.column));
        Ok(StepBatch {
            action: Action::Delete,
            before: Some(ExportBatch { rows: rows.map_err(broken)?, others }),
            after: None,
            guard: by.to_vec(),
            set: Vec::new(),
            park: Vec::new(),
        })
    }
}

/// The rows of batches whose fingerprints are new, each once, and without those that have none;
/// `of` gives the fingerprints of a batch.
pub(super) fn distinct(
    batches: &[ExportBatch],
    known: &mut HashSet<Fingerprint>,
    of: impl Fn(&ExportBatch) -> Vec<Option<Fingerprint>>,
) -> Result<Option<ExportBatch>, RunError> {
    let mut kept = Vec::new();
    for batch in batches {
        let new: Vec<u32> = of(batch)
            .into_iter()
            .enumerate()
            .filter(|(_, print)| print.is_some_and(|print| known.insert(print)))
            .map(|(row, _)| row as u32)
            .collect();
        kept.push(batch.take(&new).map_err(broken)?);
    }
    Ok(ExportBatch::concat(&kept).map_err(broken)?)
}

/// These columns of a batch.
pub(super) fn project(batch: &ExportBatch, columns: &[usize]) -> Result<ExportBatch, RunError> {
    let rows = batch.rows.project(columns).map_err(broken)?;
    let place = |column: u32| columns.iter().position(|own| *own == column as usize);
    let others = batch
        .others
        .iter()
        .filter_map(|other| Some(crate::endpoint::Other { column: place(other.column)? as u32, ..other.clone() }));
    let mut others: Vec<_> = others.collect();
    others.sort_by_key(|other| (other.row, other.column));
    Ok(ExportBatch { rows, others })
}

/// The identities of whole rows.
pub(super) fn ids(linker: &Linker, batches: &[ExportBatch]) -> HashSet<Fingerprint> {
    batches.iter().flat_map(|batch| linker.ids(batch)).flatten().collect()
}

pub(super) fn broken(error: arrow::error::ArrowError) -> SnapshotError {
    SnapshotError::Damaged { path: "rows that were fetched".to_owned(), why: error.to_string() }
}

fn failed(error: WriteError) -> RunError {
    match error {
        WriteError::Endpoint(error) => error.into(),
        WriteError::Conflict { address, doing, why }
        | WriteError::Locked { address, doing, why }
        | WriteError::Taken { address, doing, why }
        | WriteError::Refused { address, doing, why } => EndpointError::Query { address, doing, why }.into(),
    }
}
