//! What is asked of an export, and what it delivers.

use crate::table::Column;
use arrow::array::RecordBatch;
use serde_json::Value;
use std::collections::BTreeMap;
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

/// What a cell does not say of its value, beside the batch: one of both fields at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The row in the batch.
    pub row: u32,
    /// The column in the batch.
    pub column: u32,
    /// The value as the database prints it, where its column's type cannot hold it: the cell is NULL then.
    pub text: Option<String>,
    /// How SQLite stores it, where another value of the same meaning would be stored otherwise: a letter
    /// for its storage class, and the value.
    pub stored: Option<String>,
}

impl Other {
    /// A value that its column's type cannot hold.
    pub fn value(row: u32, column: u32, text: String) -> Self {
        Self { row, column, text: Some(text), stored: None }
    }

    /// As it stands in files: the text, or an object where there is more to say.
    pub fn json(&self) -> Value {
        match (&self.text, &self.stored) {
            (Some(text), None) => Value::from(text.as_str()),
            (text, stored) => serde_json::json!({"text": text, "stored": stored}),
        }
    }

    /// What [`json`](Self::json) wrote; `None` if it is nothing of the kind.
    pub fn from_json(row: u32, column: u32, value: Value) -> Option<Self> {
        let text = |value: &Value| match value {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text.clone())),
            _ => None,
        };
        let (text, stored) = match &value {
            Value::Object(fields) if fields.len() == 2 => (text(fields.get("text")?)?, text(fields.get("stored")?)?),
            Value::String(_) => (text(&value)?, None),
            _ => return None,
        };
        (text.is_some() || stored.is_some()).then_some(Self { row, column, text, stored })
    }

    /// What is beside the cells of rows, by row, each an object by column name; `None` where there is
    /// nothing.
    pub fn by_row<'a>(others: &'a [Self], rows: usize, name: impl Fn(&Self) -> &'a str) -> Vec<Option<String>> {
        let mut by_row: BTreeMap<u32, serde_json::Map<String, Value>> = BTreeMap::new();
        for other in others {
            by_row.entry(other.row).or_default().insert(name(other).to_owned(), other.json());
        }
        (0..rows as u32).map(|row| by_row.remove(&row).map(|values| Value::Object(values).to_string())).collect()
    }
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
            others.extend(values.into_iter().map(|(row, text)| Other::value(row, at as u32, text)));
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
