//! Rows as they are stored, in the plan's folder: `stored-left-N.parquet` and `stored-right-N.parquet`.
//! N counts up, chunk by chunk; where several files have a row of a step, the latest is the one. A
//! chunk's rows are here before it is committed, so a step's row may be here that was never written.
//!
//! | column | what |
//! |---|---|
//! | `step` | the step's number: as in `steps.parquet`, counted per side from 0 |
//! | `row.NAME` | the row as it was stored, over all columns, in portable types |
//! | `row_other` | NULL, or a JSON object that gives, by column, the text of a value that the column's type cannot hold; the cell itself is NULL then |
//!
//! A file has a temporary name until it is whole. The file's metadata carry the format's version,
//! `trueup.version`.

use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::outcome::side_word;
use super::stored::Keep;
use crate::endpoint::{ExportBatch, Other, disk};
use crate::table::Column;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array, new_empty_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The format's version.
const VERSION: &str = "1";
const VERSION_KEY: &str = "trueup.version";
/// Rows after which a row group is closed.
const GROUP_ROWS: usize = 64 * 1024;
/// Encoded bytes after which a row group is closed: what the file under way keeps in memory.
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Keeps rows in files of a plan's folder, each of them safe on the disk once it is kept.
pub struct StoredRows {
    folder: PathBuf,
    side: usize,
    columns: Vec<Column>,
    schema: SchemaRef,
    /// The number of the last file, once it is known.
    last: Option<u64>,
}

impl StoredRows {
    /// For rows of a side's table, which has these columns.
    pub fn new(folder: &Path, side: usize, columns: &[Column]) -> Self {
        let schema = schema(columns);
        Self { folder: folder.to_owned(), side, columns: columns.to_vec(), schema, last: None }
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join(format!(".stored-{}.parquet.tmp", side_word(self.side)))
    }

    fn batch(&self, steps: &[u64], rows: &ExportBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
        let name = |other: &Other| self.columns.get(other.column as usize).map_or("", |column| column.name.as_str());
        let others = Other::by_row(&rows.others, steps.len(), name);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from(steps.to_vec()))];
        arrays.extend(rows.rows.columns().iter().cloned());
        arrays.push(Arc::new(StringArray::from(others)));
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }
}

impl Keep for StoredRows {
    fn keep(&mut self, steps: &[u64], rows: &ExportBatch) -> Result<(), ApplyError> {
        let temporary = self.temporary();
        let failed = |e: &dyn std::fmt::Display| ApplyError::file("write", &temporary, e);
        let batch = self.batch(steps, rows).map_err(|e| failed(&e))?;
        let version = KeyValue::new(VERSION_KEY.to_owned(), VERSION.to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_key_value_metadata(Some(vec![version]))
            .build();
        let file = disk::create(&temporary).map_err(|e| failed(&e))?;
        let mut writer =
            ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(properties)).map_err(|e| failed(&e))?;
        writer.write(&batch).map_err(|e| failed(&e))?;
        let file = writer.into_inner().map_err(|e| failed(&e))?;
        file.sync_all().map_err(|e| failed(&e))?;
        let last = match self.last {
            Some(last) => last,
            None => files(&self.folder, self.side)?.last().map_or(0, |(number, _)| *number),
        };
        let path = self.folder.join(format!("stored-{}-{}.parquet", side_word(self.side), last + 1));
        disk::rename(&temporary, &path).map_err(|e| ApplyError::file("write", &path, &e))?;
        self.last = Some(last + 1);
        Ok(())
    }
}

/// Rows as they were stored, to be compared with what is there now.
pub struct StoredBefore {
    rows: Option<(ExportBatch, HashMap<u64, usize>)>,
}

impl StoredBefore {
    /// Nothing is known.
    pub const NONE: Self = Self { rows: None };

    /// What was kept in a plan's folder.
    ///
    /// # Errors
    /// As [`read_stored`].
    pub fn read(folder: &Path, side: usize, columns: &[Column]) -> Result<Self, ApplyError> {
        Ok(Self { rows: Some(read_stored(folder, side, columns)?) })
    }

    /// Whether a row is as that of a step was stored, in all columns.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub fn is(&self, step: u64, codec: &Codec, found: &Rows<'_>, row: usize) -> Result<bool, ApplyError> {
        let Some((rows, places)) = &self.rows else { return Ok(false) };
        let Some(place) = places.get(&step) else { return Ok(false) };
        let all: Vec<usize> = (0..codec.columns().len()).collect();
        Ok(codec.rows(rows)?.same(*place, found, row, &all))
    }
}

/// Reads the rows that were kept in a plan's folder: per step of this side its row in the batch. Rows
/// that a later run kept again are in it too, and nobody's.
///
/// # Errors
/// If a file can't be read, or is of a table with other columns.
pub fn read_stored(
    folder: &Path,
    side: usize,
    columns: &[Column],
) -> Result<(ExportBatch, HashMap<u64, usize>), ApplyError> {
    let whole = schema(columns);
    let rows_schema: SchemaRef =
        Arc::new(Schema::new(columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect::<Vec<_>>()));
    let (mut batches, mut places, mut before) = (Vec::new(), HashMap::new(), 0);
    for (_, path) in files(folder, side)? {
        let failed = |e: &dyn std::fmt::Display| ApplyError::file("read", &path, e);
        let file = File::open(&path).map_err(|e| failed(&e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| failed(&e))?;
        let metadata = builder.metadata().file_metadata().key_value_metadata();
        let version = metadata.into_iter().flatten().find(|pair| pair.key == VERSION_KEY);
        let version = version.and_then(|pair| pair.value.as_deref()).unwrap_or("none");
        if version != VERSION {
            return Err(failed(&format!("it has the format version {version}; this program knows version {VERSION}")));
        }
        if builder.schema().fields() != whole.fields() {
            return Err(failed(&"its columns are not those of the table"));
        }
        for batch in builder.build().map_err(|e| failed(&e))? {
            let batch = batch.map_err(|e| failed(&e))?;
            let steps = batch.column(0).as_primitive::<UInt64Type>().values();
            places.extend(steps.iter().enumerate().map(|(row, step)| (*step, before + row)));
            before += batch.num_rows();
            let others = others(&batch, columns).map_err(|e| failed(&e))?;
            let arrays = batch.columns()[1..=columns.len()].to_vec();
            let rows = RecordBatch::try_new(Arc::clone(&rows_schema), arrays).map_err(|e| failed(&e))?;
            batches.push(ExportBatch { rows, others });
        }
    }
    let shape = |e: arrow::error::ArrowError| ApplyError::Shape(e.to_string());
    let rows = match ExportBatch::concat(&batches).map_err(shape)? {
        Some(rows) => rows,
        None => {
            let arrays = columns.iter().map(|column| new_empty_array(&column.ty.arrow())).collect();
            ExportBatch { rows: RecordBatch::try_new(rows_schema, arrays).map_err(shape)?, others: Vec::new() }
        }
    };
    Ok((rows, places))
}

fn others(batch: &RecordBatch, columns: &[Column]) -> Result<Vec<Other>, String> {
    let texts = batch.column(batch.num_columns() - 1).as_string::<i32>();
    let mut out = Vec::new();
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        let values: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        for (name, value) in values {
            let column = columns.iter().position(|column| column.name == name);
            let column = column.ok_or_else(|| format!("`{name}` is no column"))?;
            let other = Other::from_json(row as u32, column as u32, value);
            out.push(other.ok_or_else(|| format!("what is beside `{name}` is no text"))?);
        }
    }
    out.sort_by_key(|other| (other.row, other.column));
    Ok(out)
}

fn schema(columns: &[Column]) -> SchemaRef {
    let rows = columns.iter().map(|column| Field::new(format!("row.{}", column.name), column.ty.arrow(), true));
    let mut fields = vec![Field::new("step", DataType::UInt64, false)];
    fields.extend(rows);
    fields.push(Field::new("row_other", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}

/// The files of a side, earliest first.
fn files(folder: &Path, side: usize) -> Result<Vec<(u64, PathBuf)>, ApplyError> {
    let failed = |e: std::io::Error| ApplyError::file("read", folder, &e);
    let before = format!("stored-{}-", side_word(side));
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix(&before).and_then(|rest| rest.strip_suffix(".parquet"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            out.push((number, path));
        }
    }
    out.sort();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::model::{Row, batch, table};
    use super::*;
    use crate::table::PortableType;

    const TEXT: PortableType = PortableType::Text;

    fn row(id: &str, a: &str) -> Row {
        [Some(id.into()), Some(a.into()), Some("7".into()), None]
    }

    fn keep(folder: &Path, side: usize, rows: &[(u64, &str)]) {
        let mut out = StoredRows::new(folder, side, &table(TEXT).columns);
        for (step, a) in rows {
            let mut rows = batch(&TEXT, &[row("k", a)]);
            if *a == "infinity" {
                rows.others.push(Other::value(0, 3, "\"infinity\"".into()));
            }
            out.keep(&[*step], &rows).unwrap();
        }
    }

    #[test]
    fn the_latest_row_of_a_step_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let columns = table(TEXT).columns;
        assert_eq!(read_stored(folder.path(), 0, &columns).unwrap().1.len(), 0);
        for number in 1..=11 {
            let text = number.to_string();
            keep(folder.path(), 0, &[(3, &text), (number + 10, "infinity")]);
        }
        keep(folder.path(), 1, &[(3, "right")]);
        assert!(folder.path().join("stored-left-22.parquet").exists());
        let (rows, places) = read_stored(folder.path(), 0, &columns).unwrap();
        assert_eq!((rows.rows.num_rows(), places.len()), (22, 12));
        let row = rows.take(&[places[&3] as u32, places[&15] as u32]).unwrap();
        assert_eq!(row.rows, batch(&TEXT, &[self::row("k", "11"), self::row("k", "infinity")]).rows);
        assert_eq!(row.others, [Other::value(1, 3, "\"infinity\"".into())]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 23);
    }

    #[test]
    fn rows_of_another_table_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), 0, &[(3, "x")]);
        let error = read_stored(folder.path(), 0, &table(PortableType::Integer).columns).unwrap_err().to_string();
        assert!(error.contains("stored-left-1.parquet: its columns are not those of the table"), "{error}");
    }
}
