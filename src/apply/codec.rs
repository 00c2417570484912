//! Rows of the written table, cell by cell: in canonical bytes, to compare them, and in words, to
//! show them.

use super::error::ApplyError;
use crate::endpoint::{ExportBatch, WriteTable};
use crate::table::{Cells, Column, Encoder};

/// How the cells of a table are compared: strictly, each in its own column's family.
#[derive(Clone, Debug)]
pub struct Codec {
    columns: Vec<Column>,
    /// The columns that find a row.
    key: Vec<usize>,
    /// Those that name it to a person: the unique key's.
    named: Vec<usize>,
    encoders: Vec<Encoder>,
    whole: bool,
}

impl Codec {
    /// For the rows of this table, found by its key.
    pub fn new(table: &WriteTable) -> Self {
        Self::found_by(table, &table.key)
    }

    /// For the rows of this table, found by these columns, and shown by its key.
    pub fn found_by(table: &WriteTable, columns: &[usize]) -> Self {
        Self {
            columns: table.columns.clone(),
            key: columns.to_vec(),
            named: table.key.clone(),
            encoders: table.columns.iter().map(|column| Encoder::own(&column.ty)).collect(),
            whole: table.whole,
        }
    }

    /// The table's columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The positions of the columns that find a row.
    pub fn key(&self) -> &[usize] {
        &self.key
    }

    /// Whether nothing identifies a row, and all that is known of it finds it.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// A batch over all columns of the table, ready to be read.
    ///
    /// # Errors
    /// If it has other columns or types than the table.
    pub fn rows<'a>(&'a self, batch: &'a ExportBatch) -> Result<Rows<'a>, ApplyError> {
        let arrays = batch.rows.columns();
        if arrays.len() != self.columns.len() {
            return Err(ApplyError::Shape(format!("{} columns in place of {}", arrays.len(), self.columns.len())));
        }
        let cells = arrays
            .iter()
            .zip(&self.columns)
            .map(|(array, column)| {
                Cells::new(array).filter(|_| *array.data_type() == column.ty.arrow()).ok_or_else(|| {
                    ApplyError::Shape(format!(
                        "column `{}` comes as {} and not as {}",
                        column.name,
                        array.data_type(),
                        column.ty.arrow()
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Rows { codec: self, cells, batch })
    }
}

/// A batch of rows, read cell by cell.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    codec: &'a Codec,
    cells: Vec<Cells>,
    batch: &'a ExportBatch,
}

impl Rows<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.batch.rows.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The table's columns.
    pub fn columns(&self) -> &[Column] {
        self.codec.columns()
    }

    /// The text of a value that the cell's type can't hold.
    pub fn other(&self, row: usize, column: usize) -> Option<&str> {
        self.batch.other(row, column)
    }

    /// The cell as trueup prints it; `None` for NULL.
    pub fn print(&self, row: usize, column: usize) -> Option<String> {
        match self.other(row, column) {
            Some(text) => Some(text.to_owned()),
            None => self.cells[column].print(row),
        }
    }

    /// The canonical bytes of these cells, one after the other.
    pub fn encode(&self, row: usize, columns: &[usize]) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 * columns.len());
        for column in columns {
            self.codec.encoders[*column].encode(&self.cells[*column], row, self.other(row, *column), &mut out);
        }
        out
    }

    /// The canonical bytes of the columns that find the row.
    pub fn key(&self, row: usize) -> Vec<u8> {
        self.encode(row, &self.codec.key)
    }

    /// Whether a column that finds the row is NULL: then nobody finds it.
    pub fn is_nameless(&self, row: usize) -> bool {
        self.codec.key.iter().any(|column| self.other(row, *column).is_none() && self.cells[*column].is_null(row))
    }

    /// Whether these cells are the same as in another row.
    pub fn same(&self, row: usize, other: &Self, other_row: usize, columns: &[usize]) -> bool {
        self.encode(row, columns) == other.encode(other_row, columns)
    }

    /// These cells as a JSON object: values as printed, NULL as `null`.
    pub fn json(&self, row: usize, columns: &[usize]) -> String {
        let mut out = String::from("{");
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            push_json(&self.codec.columns[*column].name, &mut out);
            out.push_str(": ");
            match self.print(row, *column) {
                Some(text) => push_json(&text, &mut out),
                None => out.push_str("null"),
            }
        }
        out.push('}');
        out
    }

    /// The unique key as a JSON object.
    pub fn key_json(&self, row: usize) -> String {
        self.json(row, &self.codec.named)
    }

    /// The whole row as a JSON object.
    pub fn row_json(&self, row: usize) -> String {
        self.json(row, &(0..self.codec.columns.len()).collect::<Vec<_>>())
    }
}

fn push_json(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
