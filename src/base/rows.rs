//! The rows of pairs, as each side stored them, and the rows that are not settled.

use super::disk::damaged;
use super::find::Base;
use super::pair::{BasePair, Torn};
use super::segment::{OPEN_FILES, Segment, count};
use crate::endpoint::{ExportBatch, Other};
use crate::snapshot::{Parts, SnapshotError, portable_schema};
use crate::table::{Column, TableInfo};
use arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use std::path::Path;
use std::sync::Arc;

impl Base {
    /// The rows of one side of these pairs, in their order, over these columns. A column that the
    /// base does not have, or has in another type, is NULL throughout: see [`has`](Self::has).
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn rows(&self, side: usize, columns: &[Column], pairs: &[BasePair]) -> Result<ExportBatch, SnapshotError> {
        self.rows_in(side, columns, &vec![true; columns.len()], pairs)
    }

    /// The same, but columns that are not `asked` for are NULL too, and are not read.
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn rows_in(
        &self,
        side: usize,
        columns: &[Column],
        asked: &[bool],
        pairs: &[BasePair],
    ) -> Result<ExportBatch, SnapshotError> {
        if columns.is_empty() {
            let options = RecordBatchOptions::new().with_row_count(Some(pairs.len()));
            let rows = RecordBatch::try_new_with_options(portable_schema(columns.iter()), Vec::new(), &options);
            return Ok(ExportBatch { rows: rows.map_err(|e| damaged(&self.folder, e))?, others: Vec::new() });
        }
        let asked = columns.iter().zip(asked);
        let known: Vec<bool> = asked.map(|(column, asked)| *asked && self.has(side, column)).collect();
        // Per segment its rows, each once and ascending; then where each pair's row is among all.
        let mut wanted: Vec<Vec<u64>> = vec![Vec::new(); self.segments.len()];
        for pair in pairs {
            self.segment(pair)?;
            wanted[pair.segment].push(pair.rows[side]);
        }
        let (mut batches, mut before) = (Vec::new(), Vec::new());
        let mut rows = 0;
        for (segment, wanted) in self.segments.iter().zip(&mut wanted) {
            wanted.sort_unstable();
            wanted.dedup();
            before.push(rows);
            rows += wanted.len();
            if !wanted.is_empty() {
                batches.push(fetch(segment, side, columns, &known, wanted)?);
            }
        }
        let broken = |e: arrow::error::ArrowError| damaged(&self.folder, e);
        let Some(all) = ExportBatch::concat(&batches).map_err(broken)? else {
            let rows = RecordBatch::new_empty(portable_schema(columns.iter()));
            return Ok(ExportBatch { rows, others: Vec::new() });
        };
        let places: Vec<u32> = pairs
            .iter()
            .map(|pair| {
                let among = wanted[pair.segment].partition_point(|row| *row < pair.rows[side]);
                (before[pair.segment] + among) as u32
            })
            .collect();
        all.take(&places).map_err(broken)
    }

    /// Whether the base has this column of a side, in this type: in all of its rows. One that was dropped
    /// and added anew is another one, whatever it is called.
    pub fn has(&self, side: usize, column: &Column) -> bool {
        let is = |own: &Column| own.name == column.name && own.ty == column.ty && column.is_still(own);
        self.file.sides[side].table.columns.iter().any(is)
            && self.segments.iter().all(|segment| segment.file.links == 0 || segment.position(side, column).is_some())
    }

    /// The identities, left and right, of rows that were both there and not settled at the last run, and
    /// that are no pair of the base.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn torn(&self) -> Result<Vec<Torn>, SnapshotError> {
        self.segments.last().map_or_else(|| Ok(Vec::new()), Segment::torn)
    }

    /// The identities of a side's rows that are not settled, over the identity's columns.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn open_rows(&self, side: usize) -> Result<Option<ExportBatch>, SnapshotError> {
        let Some(segment) = self.segments.last() else { return Ok(None) };
        let Some(expected) = segment.file.open[side] else { return Ok(None) };
        let path = segment.folder.join(OPEN_FILES[side]);
        let own = &self.file.sides[side];
        let columns = identity_columns(&own.table, &own.identity, &path)?;
        let parts = Parts::open(std::slice::from_ref(&path), &columns)?;
        count(&path, parts.rows(), expected)?;
        let mut batches = Vec::new();
        let projection: Vec<usize> = (0..columns.len()).collect();
        parts.each(&projection, &mut |batch| {
            batches.push(batch);
            Ok(())
        })?;
        let all = ExportBatch::concat(&batches).map_err(|e| damaged(&path, e))?;
        let none = || ExportBatch { rows: RecordBatch::new_empty(parts.schema(&projection)), others: Vec::new() };
        let all = all.unwrap_or_else(none);
        count(&path, all.rows.num_rows() as u64, expected)?;
        Ok(Some(all))
    }
}

/// The columns of an identity, in its order.
pub(super) fn identity_columns(
    table: &TableInfo,
    identity: &[String],
    path: &Path,
) -> Result<Vec<Column>, SnapshotError> {
    let column = |name: &String| {
        let column = table.columns.iter().find(|column| column.name == *name);
        column
            .cloned()
            .ok_or_else(|| SnapshotError::NoColumn { address: path.display().to_string(), column: name.clone() })
    };
    identity.iter().map(column).collect()
}

/// The columns that are known of these rows of a segment, the others NULL.
fn fetch(
    segment: &Segment,
    side: usize,
    columns: &[Column],
    known: &[bool],
    rows: &[u64],
) -> Result<ExportBatch, SnapshotError> {
    // In pairs: the place among the columns, and in the segment.
    let (places, projection): (Vec<usize>, Vec<usize>) = (0..columns.len())
        .filter(|at| known[*at])
        .filter_map(|at| Some((at, segment.position(side, &columns[at])?)))
        .unzip();
    let mut arrays: Vec<_> = columns.iter().map(|column| new_null_array(&column.ty.arrow(), rows.len())).collect();
    let mut others = Vec::new();
    if !projection.is_empty() {
        let fetched = segment.parts[side].fetch(&projection, rows)?;
        for (place, array) in places.iter().zip(fetched.rows.columns()) {
            arrays[*place] = Arc::clone(array);
        }
        let column = |other: &Other| places[other.column as usize] as u32;
        others = fetched.others.iter().map(|other| Other { column: column(other), ..other.clone() }).collect();
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let rows = RecordBatch::try_new_with_options(portable_schema(columns.iter()), arrays, &options);
    Ok(ExportBatch { rows: rows.map_err(|e| damaged(&segment.folder, e))?, others })
}
