//! A table in memory that every kind of endpoint can hold, and the SQL and files that hold it.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Integer,
    Text,
    /// `decimal(12,2)`
    Decimal,
    Boolean,
    Date,
    /// To the microsecond.
    Timestamp,
}

/// Rows of cells in their plain printed form; `None` is NULL.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<(&'static str, Type)>,
    /// So many columns, from the first, are the primary key where one can be declared.
    pub primary_key: usize,
    pub rows: Vec<Vec<Option<String>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

impl Dialect {
    pub fn quote_name(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    pub fn quote_text(self, text: &str) -> String {
        let text = if self == Self::Mysql { text.replace('\\', "\\\\") } else { text.to_owned() };
        format!("'{}'", text.replace('\'', "''"))
    }

    fn type_name(self, ty: Type) -> &'static str {
        match (self, ty) {
            (Self::Sqlite, Type::Integer) => "INTEGER",
            (_, Type::Integer) => "BIGINT",
            (Self::Mysql, Type::Text) => "VARCHAR(200)",
            (_, Type::Text) => "TEXT",
            (_, Type::Decimal) => "DECIMAL(12,2)",
            (_, Type::Boolean) => "BOOLEAN",
            (_, Type::Date) => "DATE",
            (Self::Mysql, Type::Timestamp) => "DATETIME(6)",
            (_, Type::Timestamp) => "TIMESTAMP",
        }
    }

    fn literal(self, ty: Type, cell: &str) -> String {
        match (self, ty) {
            (_, Type::Integer) => cell.to_owned(),
            (Self::Mysql | Self::Sqlite, Type::Boolean) => u8::from(cell == "true").to_string(),
            (Self::Sqlite, Type::Decimal) => cell.to_owned(),
            _ => self.quote_text(cell),
        }
    }
}

impl Table {
    /// The statements that make and fill it.
    pub fn sql(&self, dialect: Dialect, name: &str) -> Vec<String> {
        let name = dialect.quote_name(name);
        let mut parts: Vec<String> = self
            .columns
            .iter()
            .map(|(column, ty)| format!("{} {}", dialect.quote_name(column), dialect.type_name(*ty)))
            .collect();
        if self.primary_key > 0 {
            let key: Vec<String> =
                self.columns[..self.primary_key].iter().map(|(column, _)| dialect.quote_name(column)).collect();
            parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        let mut statements = vec![format!("CREATE TABLE {name} ({})", parts.join(", "))];
        for rows in self.rows.chunks(100) {
            let tuples: Vec<String> = rows.iter().map(|row| self.tuple(dialect, row)).collect();
            statements.push(format!("INSERT INTO {name} VALUES {}", tuples.join(",\n")));
        }
        statements
    }

    fn tuple(&self, dialect: Dialect, row: &[Option<String>]) -> String {
        let cells: Vec<String> = row
            .iter()
            .zip(&self.columns)
            .map(|(cell, (_, ty))| cell.as_ref().map_or_else(|| "NULL".to_owned(), |cell| dialect.literal(*ty, cell)))
            .collect();
        format!("({})", cells.join(", "))
    }

    /// As CSV: NULL is an empty field, an empty string a quoted one.
    pub fn csv(&self) -> String {
        let mut out = self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        out.push('\n');
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                match cell {
                    None => out.push_str(comma),
                    Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                        write!(out, "{comma}\"{}\"", text.replace('"', "\"\"")).unwrap();
                    }
                    Some(text) => write!(out, "{comma}{text}").unwrap(),
                }
            }
            out.push('\n');
        }
        out
    }

    pub fn write_parquet(&self, path: &Path) {
        let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
        for (at, (name, ty)) in self.columns.iter().enumerate() {
            let ty = match ty {
                Type::Integer => DataType::Int64,
                Type::Text => DataType::Utf8,
                Type::Decimal => DataType::Decimal128(12, 2),
                Type::Boolean => DataType::Boolean,
                Type::Date => DataType::Date32,
                Type::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            };
            let text: ArrayRef = Arc::new(self.rows.iter().map(|row| row[at].as_deref()).collect::<StringArray>());
            let array = cast(&text, &ty).unwrap();
            assert_eq!(array.null_count(), text.null_count(), "{name} holds what is no {ty}");
            arrays.push(array);
            fields.push(Field::new(*name, ty, true));
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let file = std::fs::File::create(path).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
}
