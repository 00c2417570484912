//! Rows as they are stored, in the plan's folder: `stored-left-N.parquet` and `stored-right-N.parquet`.
//! N counts up; where several files have a row of a step, the latest is the one. Each chunk has at least
//! one, also if it has no rows to keep. They come after the chunk's `intent` in the journal and before its
//! COMMIT, so a step's row may be here that was never written.
//!
//! | column | what |
//! |---|---|
//! | `step` | the step's number: as in `steps.parquet`, counted per side from 0 |
//! | `row.NAME` | the row as it was stored, over all columns, in portable types |
//! | `row_other` | NULL, or a JSON object that gives, by column, the text of a value that the column's type cannot hold; the cell itself is NULL then |
//!
//! A file has a temporary name until it is whole. The file's metadata carry the format's version,
//! `trueup.version`, and the checksum of the line of the journal that it comes after, `trueup.after`:
//! a journal without that line has lost its end. Where the journal tells of a file, it has its checksum
//! ([`prove_stored`](super::prove_stored)).

use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::outcome::side_word;
use super::stored::{Keep, Stored, StoredFile};
use crate::endpoint::{ExportBatch, Other, disk};
use crate::snapshot::bytes_hash;
use crate::table::Column;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array, new_empty_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The format's version.
const VERSION: &str = "2";
const VERSION_KEY: &str = "trueup.version";
/// The checksum of the line of the journal that the file comes after.
pub(super) const AFTER_KEY: &str = "trueup.after";
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
    fn keep(&mut self, stored: Option<&Stored>, after: &str) -> Result<StoredFile, ApplyError> {
        let temporary = self.temporary();
        let failed = |e: &dyn std::fmt::Display| ApplyError::file("write", &temporary, e);
        let batch = match stored {
            Some(stored) => self.batch(&stored.steps, &stored.rows).map_err(|e| failed(&e))?,
            None => RecordBatch::new_empty(Arc::clone(&self.schema)),
        };
        let metadata = [(VERSION_KEY, VERSION), (AFTER_KEY, after)];
        let metadata = metadata.map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_key_value_metadata(Some(metadata.to_vec()))
            .build();
        let mut writer =
            ArrowWriter::try_new(Vec::new(), Arc::clone(&self.schema), Some(properties)).map_err(|e| failed(&e))?;
        writer.write(&batch).map_err(|e| failed(&e))?;
        let bytes = writer.into_inner().map_err(|e| failed(&e))?;
        let mut file = disk::create(&temporary).map_err(|e| failed(&e))?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(|e| failed(&e))?;
        let last = match self.last {
            Some(last) => last,
            None => files(&self.folder, self.side)?.last().map_or(0, |(number, _)| *number),
        };
        let path = self.folder.join(format!("stored-{}-{}.parquet", side_word(self.side), last + 1));
        disk::rename(&temporary, &path).map_err(|e| ApplyError::file("write", &path, &e))?;
        self.last = Some(last + 1);
        Ok(StoredFile { number: last + 1, sum: bytes_hash(&bytes) })
    }
}

/// Rows as they were stored, to be compared with what is there now.
pub struct StoredBefore {
    rows: Option<StoredRead>,
}

impl StoredBefore {
    /// Nothing is known.
    pub const NONE: Self = Self { rows: None };

    /// What was kept in a plan's folder.
    ///
    /// # Errors
    /// As [`StoredRead::open`].
    pub fn read(folder: &Path, side: usize, columns: &[Column]) -> Result<Self, ApplyError> {
        Ok(Self { rows: Some(StoredRead::open(folder, side, columns)?) })
    }

    /// Whether a row is as that of a step was stored, in all columns.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub fn is(&self, step: u64, codec: &Codec, found: &Rows<'_>, row: usize) -> Result<bool, ApplyError> {
        let Some(stored) = &self.rows else { return Ok(false) };
        let Some(place) = stored.places.get(step) else { return Ok(false) };
        let rows = stored.file(place.file)?;
        let all: Vec<usize> = (0..codec.columns().len()).collect();
        Ok(codec.rows(&rows)?.same(place.row as usize, found, row, &all))
    }
}

/// Files whose rows stay at hand: neighbouring steps are in the same ones.
const AT_HAND: usize = 4;

/// The rows that were kept in a plan's folder, by step of one side. Only where they are is held in
/// memory, and the rows of a few files, each of which is one chunk's.
pub struct StoredRead {
    columns: Vec<Column>,
    files: Vec<PathBuf>,
    places: Places,
    /// Those that were read last, latest last.
    recent: Mutex<Vec<(u32, Arc<ExportBatch>)>>,
}

impl StoredRead {
    /// Finds out which steps' rows are there.
    ///
    /// # Errors
    /// If a file can't be read, or is of a table with other columns.
    pub fn open(folder: &Path, side: usize, columns: &[Column]) -> Result<Self, ApplyError> {
        let files: Vec<PathBuf> = files(folder, side)?.into_iter().map(|(_, path)| path).collect();
        let mut places = Places::default();
        for (file, path) in files.iter().enumerate() {
            let failed = |e: &dyn std::fmt::Display| ApplyError::file("read", path, e);
            let builder = open_file(path, columns)?;
            let steps = ProjectionMask::roots(builder.parquet_schema(), [0]);
            let mut before = 0;
            for batch in builder.with_projection(steps).build().map_err(|e| failed(&e))? {
                let batch = batch.map_err(|e| failed(&e))?;
                places.insert(batch.column(0).as_primitive::<UInt64Type>().values(), file as u32, before);
                before += batch.num_rows() as u32;
            }
        }
        Ok(Self { columns: columns.to_vec(), files, places, recent: Mutex::default() })
    }

    /// Whether the row of a step is there.
    pub fn has(&self, step: u64) -> bool {
        self.places.get(step).is_some()
    }

    /// The rows of these steps in their order; of those that are not there, none. Of a step that was
    /// kept more than once, the latest.
    ///
    /// # Errors
    /// If a file can't be read.
    pub fn rows(&self, steps: &[u64]) -> Result<ExportBatch, ApplyError> {
        let shape = |e: arrow::error::ArrowError| ApplyError::Shape(e.to_string());
        let mut wanted: Vec<(Place, usize)> = steps.iter().filter_map(|step| self.places.get(*step)).zip(0..).collect();
        wanted.sort_unstable();
        let mut batches = vec![self.none()?];
        for of_file in wanted.chunk_by(|(one, _), (other, _)| one.file == other.file) {
            let rows: Vec<u32> = of_file.iter().map(|(place, _)| place.row).collect();
            batches.push(self.file(of_file[0].0.file)?.take(&rows).map_err(shape)?);
        }
        let mut order = vec![0; wanted.len()];
        (0..).zip(&wanted).for_each(|(at, (_, asked))| order[*asked] = at);
        let all = ExportBatch::concat(&batches).map_err(shape)?;
        all.map_or_else(|| self.none(), |all| all.take(&order).map_err(shape))
    }

    fn none(&self) -> Result<ExportBatch, ApplyError> {
        let arrays = self.columns.iter().map(|column| new_empty_array(&column.ty.arrow())).collect();
        let rows = RecordBatch::try_new(rows_schema(&self.columns), arrays);
        Ok(ExportBatch { rows: rows.map_err(|e| ApplyError::Shape(e.to_string()))?, others: Vec::new() })
    }

    /// All rows of a file.
    fn file(&self, file: u32) -> Result<Arc<ExportBatch>, ApplyError> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(own, _)| *own == file) {
            let found = recent.remove(at);
            let rows = Arc::clone(&found.1);
            recent.push(found);
            return Ok(rows);
        }
        let Some(path) = self.files.get(file as usize) else { return self.none().map(Arc::new) };
        let rows = Arc::new(match read_file(path, &self.columns)? {
            Some(rows) => rows,
            None => self.none()?,
        });
        if recent.len() >= AT_HAND {
            recent.remove(0);
        }
        recent.push((file, Arc::clone(&rows)));
        Ok(rows)
    }
}

/// Where a row is: which file, and which row of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: u32,
    row: u32,
}

/// Where the rows of steps are, as runs of steps that follow each other in a file: first step to the
/// step behind the last, and the first one's place. No two overlap.
#[derive(Debug, Default)]
struct Places {
    runs: BTreeMap<u64, (u64, Place)>,
}

impl Places {
    /// The rows from `row` on are those of these steps, whatever was said of them before.
    fn insert(&mut self, steps: &[u64], file: u32, mut row: u32) {
        for run in steps.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
            let first = run[0];
            self.set(first, first.saturating_add(run.len() as u64), Place { file, row });
            row += run.len() as u32;
        }
    }

    fn set(&mut self, first: u64, end: u64, place: Place) {
        while let Some((&other, &(other_end, at))) = self.runs.range(..end).next_back() {
            if other_end <= first {
                break;
            }
            self.runs.remove(&other);
            if other_end > end {
                self.runs.insert(end, (other_end, Place { row: at.row + (end - other) as u32, ..at }));
            }
            if other < first {
                self.runs.insert(other, (first, at));
            }
        }
        self.runs.insert(first, (end, place));
    }

    fn get(&self, step: u64) -> Option<Place> {
        let (first, (end, place)) = self.runs.range(..=step).next_back()?;
        (step < *end).then(|| Place { row: place.row + (step - first) as u32, ..*place })
    }
}

/// Begins to read a file, which must be of a table with these columns.
fn open_file(path: &Path, columns: &[Column]) -> Result<ParquetRecordBatchReaderBuilder<File>, ApplyError> {
    let failed = |e: &dyn std::fmt::Display| ApplyError::file("read", path, e);
    let file = File::open(path).map_err(|e| failed(&e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| failed(&e))?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let version = metadata.into_iter().flatten().find(|pair| pair.key == VERSION_KEY);
    let version = version.and_then(|pair| pair.value.as_deref()).unwrap_or("none");
    if version != VERSION {
        return Err(failed(&format!("it has the format version {version}; this program knows version {VERSION}")));
    }
    if builder.schema().fields() != schema(columns).fields() {
        return Err(failed(&"its columns are not those of the table"));
    }
    Ok(builder)
}

/// All rows of a file; `None` if there are none.
fn read_file(path: &Path, columns: &[Column]) -> Result<Option<ExportBatch>, ApplyError> {
    let failed = |e: &dyn std::fmt::Display| ApplyError::file("read", path, e);
    let mut batches = Vec::new();
    for batch in open_file(path, columns)?.build().map_err(|e| failed(&e))? {
        let batch = batch.map_err(|e| failed(&e))?;
        let others = others(&batch, columns).map_err(|e| failed(&e))?;
        let arrays = batch.columns()[1..=columns.len()].to_vec();
        let rows = RecordBatch::try_new(rows_schema(columns), arrays).map_err(|e| failed(&e))?;
        batches.push(ExportBatch { rows, others });
    }
    ExportBatch::concat(&batches).map_err(|e| ApplyError::Shape(e.to_string()))
}

fn rows_schema(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect::<Vec<_>>()))
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
pub(super) fn files(folder: &Path, side: usize) -> Result<Vec<(u64, PathBuf)>, ApplyError> {
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
    use proptest::prelude::*;
    use std::collections::HashMap;

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
            let file = out.keep(Some(&Stored { steps: vec![*step], rows }), "line").unwrap();
            assert_eq!(file.number as usize, files(folder, side).unwrap().len());
        }
    }

    #[test]
    fn the_latest_row_of_a_step_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let columns = table(TEXT).columns;
        let none = StoredRead::open(folder.path(), 0, &columns).unwrap();
        assert!(!none.has(3) && none.rows(&[3]).unwrap().rows.num_rows() == 0);
        for number in 1..=11 {
            let text = number.to_string();
            keep(folder.path(), 0, &[(3, &text), (number + 10, "infinity")]);
        }
        keep(folder.path(), 1, &[(3, "right")]);
        assert!(folder.path().join("stored-left-22.parquet").exists());
        let stored = StoredRead::open(folder.path(), 0, &columns).unwrap();
        let known: Vec<u64> = (0..100).filter(|step| stored.has(*step)).collect();
        assert_eq!(known, [&[3][..], &(11..=21).collect::<Vec<u64>>()].concat());
        let row = stored.rows(&[3, 99, 15]).unwrap();
        assert_eq!(row.rows, batch(&TEXT, &[self::row("k", "11"), self::row("k", "infinity")]).rows);
        assert_eq!(row.others, [Other::value(1, 3, "\"infinity\"".into())]);
        // More files than are at hand, in any order.
        let rows = stored.rows(&[21, 11, 3, 12, 20, 13, 3]).unwrap();
        let texts = ["infinity", "infinity", "11", "infinity", "infinity", "infinity", "11"];
        assert_eq!(rows.rows, batch(&TEXT, &texts.map(|text| self::row("k", text))).rows);
        assert_eq!(rows.others.iter().map(|other| other.row).collect::<Vec<_>>(), [0, 1, 3, 4, 5]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 23);
    }

    #[test]
    fn rows_of_another_table_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), 0, &[(3, "x")]);
        let error = StoredRead::open(folder.path(), 0, &table(PortableType::Integer).columns);
        let error = error.map(drop).unwrap_err().to_string();
        assert!(error.contains("stored-left-1.parquet: its columns are not those of the table"), "{error}");
    }

    proptest! {
        #[test]
        fn the_latest_place_of_a_step_is_known(
            files in prop::collection::vec(prop::collection::vec(0u64..24, 0..12), 0..8)
        ) {
            let (mut places, mut expected) = (Places::default(), HashMap::new());
            for (file, steps) in files.iter().enumerate() {
                let (one, two) = steps.split_at(steps.len() / 2);
                places.insert(one, file as u32, 0);
                places.insert(two, file as u32, one.len() as u32);
                for (row, step) in steps.iter().enumerate() {
                    expected.insert(*step, Place { file: file as u32, row: row as u32 });
                }
            }
            for step in 0..30 {
                prop_assert_eq!(places.get(step), expected.get(&step).copied());
            }
        }
    }
}
