//! What is asked of an export, and what it delivers.

use crate::table::Column;
use arrow::array::RecordBatch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The columns, by name and in this order, each in the Arrow type of its portable type.
    pub columns: Vec<Column>,
    /// A condition in the endpoint's own SQL. Files ignore it: their rows are filtered later.
    pub filter: Option<String>,
    /// How many streams to read at once, where the system can give them all one moment.
    pub streams: usize,
}

/// A value that its column's type cannot hold, beside the batch where its cell is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The row in the batch.
    pub row: u32,
    /// The column in the batch.
    pub column: u32,
    /// The value as the database prints it.
    pub text: String,
}

/// Some rows of an export.
#[derive(Clone, Debug)]
pub struct ExportBatch {
    /// The columns in the order of the request.
    pub rows: RecordBatch,
    /// Sorted by row, then column.
    pub others: Vec<Other>,
}

impl ExportBatch {
    /// Rows per batch that exports aim at: enough to amortize the work per batch, little enough to
    /// keep several in flight.
    pub const ROWS: usize = 32 * 1024;
    /// Bytes per batch that exports aim at, for tables with long values.
    pub const BYTES: usize = 16 * 1024 * 1024;

    /// Puts finished columns together.
    ///
    /// # Errors
    /// If the columns have different lengths or types than the schema.
    pub fn new(
        schema: &arrow::datatypes::SchemaRef,
        columns: Vec<(arrow::array::ArrayRef, Vec<(u32, String)>)>,
    ) -> Result<Self, arrow::error::ArrowError> {
        let mut arrays = Vec::with_capacity(columns.len());
        let mut others = Vec::new();
        for (at, (array, values)) in columns.into_iter().enumerate() {
            arrays.push(array);
            others.extend(values.into_iter().map(|(row, text)| Other { row, column: at as u32, text }));
        }
        others.sort_by_key(|other| (other.row, other.column));
        Ok(Self { rows: RecordBatch::try_new(Arc::clone(schema), arrays)?, others })
    }
}

impl ExportBatch {
    /// These columns, in this order; each at most once.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn project(&self, columns: &[usize]) -> Result<Self, arrow::error::ArrowError> {
        let rows = self.rows.project(columns)?;
        let place = |column: u32| columns.iter().position(|other| *other == column as usize);
        let mut others: Vec<Other> = self
            .others
            .iter()
            .filter_map(|other| Some(Other { column: place(other.column)? as u32, ..other.clone() }))
            .collect();
        others.sort_by_key(|other| (other.row, other.column));
        Ok(Self { rows, others })
    }
}

/// What an export delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The rows handed to the sink.
    pub rows: u64,
    /// The rows counted by the system itself in the same transaction; `None` for a file, whose
    /// end is its own proof.
    pub counted: Option<u64>,
    /// In words: how the rows are known to be of one moment.
    pub consistency: String,
}

/// Takes an export's batches.
pub trait Sink: Sync {
    /// Says how many rows will come. At most once, before the first batch.
    fn expect(&self, rows: u64);

    /// Takes a batch; waits while too many are in flight.
    ///
    /// # Errors
    /// If nobody takes batches any more, or the person interrupted. Stop exporting.
    fn send(&self, batch: ExportBatch) -> Result<(), Stopped>;

    /// Whether the next batch would be refused: to be asked now and then while a server takes its
    /// time, so that its work can be called off.
    fn stopped(&self) -> bool {
        false
    }
}

/// Nobody takes batches any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// Set once, by Ctrl-C; looked at between batches.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on, [`is_set`](Self::is_set).
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the person wants to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
