//! Rows of batches: picked out, put together, and compared byte for byte.

use super::{ExportBatch, Other};
use crate::table::{Cells, Column, Encoder};
use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take_record_batch};
use arrow::error::ArrowError;
use std::collections::BTreeMap;

impl ExportBatch {
    /// The rows at these positions, in that order.
    ///
    /// # Errors
    /// If there is no such row.
    pub fn take(&self, rows: &[u32]) -> Result<Self, ArrowError> {
        let picked = take_record_batch(&self.rows, &UInt32Array::from(rows.to_vec()))?;
        let mut others = Vec::new();
        if !self.others.is_empty() {
            for (row, at) in rows.iter().enumerate() {
                let first = self.others.partition_point(|other| other.row < *at);
                let own = self.others[first..].iter().take_while(|other| other.row == *at);
                others.extend(own.map(|other| Other { row: row as u32, ..other.clone() }));
            }
        }
        Ok(Self { rows: picked, others })
    }

    /// The same, where it is known how these values are stored: row, column, and how.
    pub(super) fn with_stored(mut self, stored: Vec<(u32, u32, String)>) -> Self {
        if stored.is_empty() {
            return self;
        }
        let mut beside: BTreeMap<(u32, u32), Other> =
            self.others.into_iter().map(|other| ((other.row, other.column), other)).collect();
        for (row, column, stored) in stored {
            let none = Other { row, column, text: None, stored: None };
            beside.entry((row, column)).or_insert(none).stored = Some(stored);
        }
        self.others = beside.into_values().collect();
        self
    }

    /// One batch of several of the same columns; `None` of none.
    ///
    /// # Errors
    /// If they have different columns.
    pub fn concat(batches: &[Self]) -> Result<Option<Self>, ArrowError> {
        let Some(first) = batches.first() else { return Ok(None) };
        let rows = concat_batches(&first.rows.schema(), batches.iter().map(|batch| &batch.rows))?;
        let mut others = Vec::new();
        let mut before = 0;
        for batch in batches {
            others.extend(batch.others.iter().map(|other| Other { row: other.row + before, ..other.clone() }));
            before += batch.rows.num_rows() as u32;
        }
        Ok(Some(Self { rows, others }))
    }

    /// The text of a value that its column's type can't hold.
    pub fn other(&self, row: usize, column: usize) -> Option<&str> {
        self.beside(row, column)?.text.as_deref()
    }

    /// How SQLite stores a value, where that is not plain.
    pub fn stored(&self, row: usize, column: usize) -> Option<&str> {
        self.beside(row, column)?.stored.as_deref()
    }

    fn beside(&self, row: usize, column: usize) -> Option<&Other> {
        let place = |other: &Other| (other.row as usize, other.column as usize);
        let at = self.others.binary_search_by_key(&(row, column), place).ok()?;
        self.others.get(at)
    }
}

/// How the cells of a table are brought to canonical bytes: strictly, each in its own column's
/// family.
#[derive(Clone, Debug)]
pub(super) struct Canon(Vec<Encoder>);

impl Canon {
    /// For these columns.
    pub(super) fn new(columns: &[Column]) -> Self {
        Self(columns.iter().map(|column| Encoder::own(&column.ty)).collect())
    }

    /// Appends these cells of a row.
    pub(super) fn encode(&self, view: &View<'_>, row: usize, columns: &[usize], out: &mut Vec<u8>) {
        for column in columns {
            self.0[*column].encode(&view.cells[*column], row, view.batch.other(row, *column), out);
        }
    }

    /// These cells of a row.
    pub(super) fn bytes(&self, view: &View<'_>, row: usize, columns: &[usize]) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 * columns.len());
        self.encode(view, row, columns, &mut out);
        out
    }

    /// Whether these cells of two rows are the same.
    pub(super) fn same(&self, a: (&View<'_>, usize), b: (&View<'_>, usize), columns: &[usize]) -> bool {
        self.bytes(a.0, a.1, columns) == self.bytes(b.0, b.1, columns)
    }
}

/// A batch, ready to be read cell by cell.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    /// Per column.
    pub(super) cells: Vec<Cells>,
    /// The batch itself.
    pub(super) batch: &'a ExportBatch,
}

impl<'a> View<'a> {
    /// Of a batch over these columns; `None` if it has others.
    pub(super) fn new(batch: &'a ExportBatch, columns: &[Column]) -> Option<Self> {
        let arrays = batch.rows.columns();
        let fits = arrays.len() == columns.len()
            && arrays.iter().zip(columns).all(|(array, column)| *array.data_type() == column.ty.arrow());
        let cells = if fits { arrays.iter().map(Cells::new).collect::<Option<_>>()? } else { return None };
        Some(Self { cells, batch })
    }
}
