//! Writes the conflicts of a plan.

use super::CONFLICTS;
use super::layout::{ConflictLayout, list_item};
use crate::endpoint::{ExportBatch, disk};
use crate::plan::convert::{Cell, Converter};
use crate::plan::{PlanError, PlanFile, Reason};
use crate::table::{Alignment, Cells, PortableBuilder, TableInfo};
use arrow::array::{
    ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows after which a row group is closed.
const GROUP_ROWS: usize = 64 * 1024;
/// Encoded bytes after which a row group is closed.
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Some conflicts, to be written.
#[derive(Clone, Debug)]
pub struct ConflictRows {
    /// Why each is one.
    pub reasons: Vec<Reason>,
    /// The left names of the columns that it is about.
    pub changed: Vec<Vec<String>>,
    /// Those of them that both sides changed, to different values.
    pub colliding: Vec<Vec<String>>,
    /// The left row, the right row, and the base as the left side stored it, each over all columns of
    /// its table. A row that is not there is NULL throughout.
    pub rows: [ExportBatch; 3],
    /// Which of the three rows are there.
    pub here: Vec<[bool; 3]>,
    /// When the left and right row was changed or deleted, in microseconds since 1970, UTC.
    pub times: Vec<[Option<i64>; 2]>,
}

impl ConflictRows {
    /// How many.
    pub fn len(&self) -> usize {
        self.reasons.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// The conflicts file under way. Without [`finish`](Self::finish) it is not a Parquet file.
#[must_use]
pub struct ConflictsWriter {
    layout: ConflictLayout,
    path: PathBuf,
    file: ArrowWriter<File>,
    count: u64,
}

impl ConflictsWriter {
    /// Creates the file in a plan's folder, for two tables as they were exported; `key` are positions
    /// in the alignment's pairs.
    ///
    /// # Errors
    /// If it can't be created.
    pub fn create(
        folder: &Path,
        tables: [&TableInfo; 2],
        alignment: &Alignment,
        key: &[usize],
    ) -> Result<Self, PlanError> {
        Self::open(folder, ConflictLayout::new(tables, alignment, key))
    }

    fn open(folder: &Path, layout: ConflictLayout) -> Result<Self, PlanError> {
        let path = folder.join(CONFLICTS);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .build();
        let file = disk::create(&path).map_err(|e| PlanError::write(&path, e))?;
        let file =
            ArrowWriter::try_new(file, layout.schema(), Some(properties)).map_err(|e| PlanError::write(&path, e))?;
        Ok(Self { layout, path, file, count: 0 })
    }

    /// Adds some.
    ///
    /// # Errors
    /// If they do not fit the tables, or writing fails.
    pub fn write(&mut self, rows: &ConflictRows) -> Result<(), PlanError> {
        if rows.is_empty() {
            return Ok(());
        }
        let batch = self.batch(rows).map_err(|e| PlanError::write(&self.path, e))?;
        self.file.write(&batch).map_err(|e| PlanError::write(&self.path, e))?;
        self.count += rows.len() as u64;
        Ok(())
    }

    /// Completes the file, and says how many conflicts it has.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> Result<u64, PlanError> {
        let file = self.file.into_inner().map_err(|e| PlanError::write(&self.path, e))?;
        file.sync_all().map_err(|e| PlanError::write(&self.path, e))?;
        Ok(self.count)
    }

    fn batch(&self, rows: &ConflictRows) -> Result<RecordBatch, ArrowError> {
        let count = rows.len();
        let list = |rows: &[Vec<String>]| {
            let mut out = ListBuilder::new(StringBuilder::new()).with_field(list_item());
            for names in rows {
                names.iter().for_each(|name| out.values().append_value(name));
                out.append(true);
            }
            out.finish()
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(self.count..self.count + count as u64)),
            Arc::new(rows.reasons.iter().map(|reason| Some(reason.word())).collect::<StringArray>()),
            Arc::new(list(&rows.changed)),
            Arc::new(list(&rows.colliding)),
        ];
        columns.extend(self.keys(rows)?);
        columns.extend(rows.rows.iter().flat_map(|batch| batch.rows.columns().iter().cloned()));
        for version in 0..3 {
            columns.push(Arc::new(rows.here.iter().map(|here| Some(here[version])).collect::<BooleanArray>()));
        }
        for side in 0..2 {
            let times: TimestampMicrosecondArray = rows.times.iter().map(|times| times[side]).collect();
            columns.push(Arc::new(times.with_timezone("UTC")));
        }
        for (version, batch) in rows.rows.iter().enumerate() {
            columns.push(self.others(version, batch, count));
        }
        RecordBatch::try_new(self.layout.schema(), columns)
    }

    /// The key's columns, of the left rows where they are there, else of the right ones or the base.
    fn keys(&self, rows: &ConflictRows) -> Result<Vec<ArrayRef>, ArrowError> {
        let broken = || ArrowError::InvalidArgumentError("the rows are not those of the tables".to_owned());
        let fits =
            self.layout.columns.iter().zip(&rows.rows).all(|(columns, batch)| {
                batch.rows.num_columns() == columns.len() && batch.rows.num_rows() == rows.len()
            });
        let known = self.layout.places.iter().all(|places| places.len() == self.layout.key.len());
        if !fits || !known || rows.here.len() != rows.len() {
            return Err(broken());
        }
        let mut out = Vec::with_capacity(self.layout.key.len());
        for (at, pair) in self.layout.key.iter().enumerate() {
            let places = [0, 1, 2].map(|version: usize| self.layout.places[version][at]);
            let [to, from] = [0, 1].map(|side: usize| &self.layout.columns[side][places[side]]);
            let converter = Converter::new(pair, from, to, self.layout.zone.as_deref());
            let cells = rows.rows.iter().zip(places).map(|(batch, place)| Cells::new(batch.rows.column(place)));
            let cells: Vec<Cells> = cells.collect::<Option<_>>().ok_or_else(broken)?;
            let mut builder = PortableBuilder::new(&to.ty);
            for (row, here) in rows.here.iter().enumerate() {
                let version = here.iter().position(|here| *here).unwrap_or(2);
                let other = rows.rows[version].other(row, places[version]);
                let cell = Cell { cells: &cells[version], row, other };
                if version == 1 {
                    // What the left type can't hold is NULL here, and stands in the row itself.
                    let _ = converter.convert(cell, &mut builder);
                } else {
                    cell.copy(&mut builder);
                }
            }
            out.push(builder.finish().0);
        }
        Ok(out)
    }

    fn others(&self, version: usize, batch: &ExportBatch, count: usize) -> ArrayRef {
        let mut by_row: BTreeMap<u32, BTreeMap<&str, &str>> = BTreeMap::new();
        for other in &batch.others {
            let column = &self.layout.columns[version][other.column as usize];
            let text = other.text.as_deref().map(|text| (column.name.as_str(), text));
            by_row.entry(other.row).or_default().extend(text);
        }
        let texts = (0..count as u32).map(|row| by_row.get(&row).map(|values| serde_json::json!(values).to_string()));
        Arc::new(texts.collect::<StringArray>())
    }
}

/// Writes the file of a plan that has none.
///
/// # Errors
/// If writing fails.
pub fn write_no_conflicts(folder: &Path, file: &PlanFile) -> Result<(), PlanError> {
    ConflictsWriter::open(folder, ConflictLayout::of(file))?.finish().map(|_| ())
}
