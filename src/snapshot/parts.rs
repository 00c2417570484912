//! The rows of a frozen table: Parquet files read by position, in portable types.

use super::error::SnapshotError;
use super::foreign::{FileColumns, PartSource, Place, failure, places, plain, unite, values};
use super::other::other_column;
use super::positioned::PositionedFile;
use super::taken::TakenRows;
use crate::endpoint::{ExportBatch, Other};
use crate::table::Column;
use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection};
use rayon::prelude::*;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows handed over at once when all are read: few enough for a column of them to stay in a core's
/// cache, and below the size for which the allocator asks the system.
const BATCH: usize = 8 * 1024;

/// The files that hold a table's rows, one after the other.
#[derive(Clone, Debug)]
pub struct Parts {
    columns: Vec<Column>,
    /// The column that carries what typed ones can't hold; none in a file that somebody else wrote.
    other: Option<String>,
    files: Vec<Arc<PartFile>>,
    groups: Vec<Group>,
    rows: u64,
    taken: Option<Arc<TakenRows>>,
}

/// A file, and where in it the columns are.
#[derive(Debug)]
struct PartFile {
    source: PartSource,
    metadata: ArrowReaderMetadata,
    /// Per column of the table.
    places: Vec<Place>,
}

/// A row group: the unit in which rows are read side by side.
#[derive(Clone, Debug)]
struct Group {
    file: Arc<PartFile>,
    at: usize,
    first: u64,
    rows: u64,
}

impl Parts {
    /// Opens files of these columns that [`RowsWriter`](super::RowsWriter) wrote.
    ///
    /// # Errors
    /// If a file is missing, damaged, or has other columns.
    pub fn open(files: &[PathBuf], columns: &[Column]) -> Result<Self, SnapshotError> {
        Self::open_own(files, columns, other_column(columns))
    }

    /// The same, where something beside the files says which column carries what typed ones can't hold.
    pub(super) fn open_own(files: &[PathBuf], columns: &[Column], other: String) -> Result<Self, SnapshotError> {
        let mut out = Self::new(columns.to_vec(), Some(other));
        for path in files {
            let file = FileColumns::read(path)?;
            let places = places(columns, &file, &[]);
            for (column, place) in columns.iter().zip(&places) {
                if !matches!(place, Place::Column(..)) {
                    let (address, column) = (path.display().to_string(), column.name.clone());
                    return Err(SnapshotError::NoColumn { address, column });
                }
            }
            out.add(PartFile { source: path.clone().into(), metadata: file.metadata, places });
        }
        Ok(out)
    }

    /// Opens files that anyone wrote. `columns` are the table's, where they are known; without them
    /// all files together say which they are, and what a person should know of it.
    ///
    /// # Errors
    /// If a file is missing, is no Parquet file that can be read, or a column has types in two of them
    /// that no type holds both of.
    pub fn open_foreign(
        sources: &[PartSource],
        columns: Option<&[Column]>,
    ) -> Result<(Self, Vec<String>), SnapshotError> {
        let files: Vec<FileColumns> =
            sources.par_iter().map(|source| FileColumns::read(&source.path)).collect::<Result<_, _>>()?;
        let (columns, notes) = match columns {
            Some(columns) => (columns.to_vec(), Vec::new()),
            None => unite(sources, &files)?,
        };
        let mut out = Self::new(columns, None);
        for (source, file) in sources.iter().zip(files) {
            let places = places(&out.columns, &file, &source.constants);
            out.add(PartFile { source: source.clone(), metadata: file.metadata, places });
        }
        Ok((out, notes))
    }

    fn new(columns: Vec<Column>, other: Option<String>) -> Self {
        Self { columns, other, files: Vec::new(), groups: Vec::new(), rows: 0, taken: None }
    }

    fn add(&mut self, file: PartFile) {
        let file = Arc::new(file);
        self.files.push(Arc::clone(&file));
        for at in 0..file.metadata.metadata().num_row_groups() {
            let rows = file.metadata.metadata().row_group(at).num_rows().unsigned_abs();
            self.groups.push(Group { file: Arc::clone(&file), at, first: self.rows, rows });
            self.rows += rows;
        }
    }

    /// The columns of the rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The files, in order.
    pub fn sources(&self) -> impl Iterator<Item = &PartSource> {
        self.files.iter().map(|file| &file.source)
    }

    /// Whether the files are of another program.
    pub fn is_foreign(&self) -> bool {
        self.other.is_none()
    }

    /// The position of the column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Bytes that these columns of a row take, about: of the row group in which they take most.
    pub fn row_bytes(&self, projection: &[usize]) -> usize {
        let of = |group: &Group| {
            let row_group = group.file.metadata.metadata().row_group(group.at);
            let wanted = |name: &str| projection.iter().any(|at| self.columns[*at].name == name);
            let chunks = row_group.columns().iter();
            let own = chunks.filter(|chunk| chunk.column_path().parts().first().is_some_and(|name| wanted(name)));
            let bytes: i64 = own.map(|chunk| chunk.uncompressed_size()).sum();
            (bytes.unsigned_abs() / group.rows.max(1)) as usize
        };
        self.groups.iter().map(of).max().unwrap_or(0)
    }

    /// Reads these columns of all rows, on all cores: `take` is called with the position of the
    /// first row of each batch, from several threads and in no particular order.
    ///
    /// # Errors
    /// If reading fails, or `take` does.
    pub fn scan(
        &self,
        projection: &[usize],
        take: &(dyn Fn(u64, ExportBatch) -> Result<(), SnapshotError> + Sync),
    ) -> Result<(), SnapshotError> {
        self.scan_groups(0..self.groups.len(), projection, take)
    }

    /// The same of the rows of some groups only.
    ///
    /// # Errors
    /// If reading fails, or `take` does.
    pub fn scan_groups(
        &self,
        groups: Range<usize>,
        projection: &[usize],
        take: &(dyn Fn(u64, ExportBatch) -> Result<(), SnapshotError> + Sync),
    ) -> Result<(), SnapshotError> {
        let groups = self.groups.get(groups).unwrap_or_default();
        groups.par_iter().try_for_each(|group| {
            let mut first = group.first;
            for batch in self.read(group, projection, None, BATCH)? {
                let batch = self.portable(group, projection, batch.map_err(|e| group.broken(e))?)?;
                let rows = batch.rows.num_rows() as u64;
                take(first, batch)?;
                first += rows;
            }
            group.check(first - group.first)
        })
    }

    /// That so many rows are all rows of a group.
    pub(super) fn check_group(&self, group: usize, rows: u64) -> Result<(), SnapshotError> {
        self.groups.get(group).map_or(Ok(()), |group| group.check(rows))
    }

    /// Reads these columns of all rows, in order, on the caller's thread only: for a taker that
    /// waits for work done on the other cores.
    ///
    /// # Errors
    /// If reading fails, or `take` does.
    pub fn each(
        &self,
        projection: &[usize],
        take: &mut dyn FnMut(ExportBatch) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        for group in &self.groups {
            for batch in self.read(group, projection, None, BATCH)? {
                take(self.portable(group, projection, batch.map_err(|e| group.broken(e))?)?)?;
            }
        }
        Ok(())
    }

    /// How many groups the rows come in.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// These columns of a group's rows, in order, each batch with the position of its first row;
    /// nothing if there is no such group.
    pub(super) fn read_group(
        &self,
        group: usize,
        projection: &[usize],
    ) -> Result<impl Iterator<Item = Result<(u64, ExportBatch), SnapshotError>>, SnapshotError> {
        let group = self.groups.get(group);
        let reader = group.map(|group| self.read(group, projection, None, BATCH)).transpose()?;
        let mut first = group.map_or(0, |group| group.first);
        Ok(group.zip(reader).into_iter().flat_map(|(group, reader)| reader.map(move |batch| (group, batch))).map(
            move |(group, batch)| {
                let batch = self.portable(group, projection, batch.map_err(|e| group.broken(e))?)?;
                let at = first;
                first += batch.rows.num_rows() as u64;
                Ok((at, batch))
            },
        ))
    }

    /// The same, with these rows at hand.
    pub fn with_taken(mut self, mut taken: TakenRows) -> Self {
        taken.sort();
        self.taken = Some(Arc::new(taken)).filter(|taken| !taken.is_empty());
        self
    }

    /// Whether some rows are at hand.
    pub(super) fn has_taken(&self) -> bool {
        self.taken.is_some()
    }

    /// These columns of the rows at these positions, which must ascend.
    ///
    /// # Errors
    /// If reading fails.
    pub fn fetch(&self, projection: &[usize], rows: &[u64]) -> Result<ExportBatch, SnapshotError> {
        match &self.taken {
            Some(taken) => taken.gather(projection, rows, |rows| self.pick(projection, rows)),
            None => self.pick(projection, rows),
        }
    }

    fn pick(&self, projection: &[usize], rows: &[u64]) -> Result<ExportBatch, SnapshotError> {
        let wanted: Vec<(&Group, &[u64])> = self
            .groups
            .iter()
            .map(|group| {
                let from = rows.partition_point(|row| *row < group.first);
                let to = rows.partition_point(|row| *row < group.first + group.rows);
                (group, &rows[from..to])
            })
            .filter(|(_, rows)| !rows.is_empty())
            .collect();
        let pieces: Vec<Vec<ExportBatch>> = wanted
            .into_par_iter()
            .map(|(group, rows)| {
                let ranges = rows.iter().map(|row| {
                    let at = (row - group.first) as usize;
                    at..at + 1
                });
                let selection = RowSelection::from_consecutive_ranges(ranges, group.rows as usize);
                self.read(group, projection, Some(selection), rows.len().min(BATCH))?
                    .map(|batch| self.portable(group, projection, batch.map_err(|e| group.broken(e))?))
                    .collect()
            })
            .collect::<Result<_, SnapshotError>>()?;
        self.join(projection, pieces.into_iter().flatten().collect(), rows.len())
    }

    fn join(&self, projection: &[usize], pieces: Vec<ExportBatch>, rows: usize) -> Result<ExportBatch, SnapshotError> {
        let mut others = Vec::new();
        let mut before = 0;
        for piece in &pieces {
            others.extend(piece.others.iter().map(|o| Other { row: o.row + before, ..o.clone() }));
            before += piece.rows.num_rows() as u32;
        }
        let schema = self.schema(projection);
        let joined = concat_batches(&schema, pieces.iter().map(|piece| &piece.rows))
            .map_err(|e| SnapshotError::Damaged { path: self.name(), why: e.to_string() })?;
        if joined.num_rows() == rows {
            Ok(ExportBatch { rows: joined, others })
        } else {
            let why = format!("{} of {rows} rows could be read", joined.num_rows());
            Err(SnapshotError::Damaged { path: self.name(), why })
        }
    }

    fn name(&self) -> String {
        self.files.first().map(|file| file.source.path.display().to_string()).unwrap_or_default()
    }

    /// The portable schema of these columns.
    pub fn schema(&self, projection: &[usize]) -> SchemaRef {
        portable_schema(projection.iter().map(|i| &self.columns[*i]))
    }

    fn read(
        &self,
        group: &Group,
        projection: &[usize],
        selection: Option<RowSelection>,
        batch: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, arrow::error::ArrowError>>, SnapshotError> {
        let path = &group.file.source.path;
        let file = File::open(path).and_then(PositionedFile::new).map_err(|e| SnapshotError::read(path, plain(&e)))?;
        let schema = group.file.metadata.schema();
        let mut roots: Vec<usize> = projection
            .iter()
            .filter_map(|i| match &group.file.places[*i] {
                Place::Column(root, _) => Some(*root),
                _ => None,
            })
            .collect();
        roots.extend(self.other.iter().filter_map(|name| schema.index_of(name).ok()));
        let mask = ProjectionMask::roots(group.file.metadata.parquet_schema(), roots);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, group.file.metadata.clone())
            .with_row_groups(vec![group.at])
            .with_projection(mask)
            .with_batch_size(batch.max(1));
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        builder.build().map_err(|e| group.broken(e))
    }

    fn portable(&self, group: &Group, projection: &[usize], batch: RecordBatch) -> Result<ExportBatch, SnapshotError> {
        let mut arrays = Vec::with_capacity(projection.len());
        let mut others = Vec::new();
        for (at, i) in projection.iter().enumerate() {
            let column = &self.columns[*i];
            let (array, rest) = values(column, &group.file.places[*i], &batch)
                .map_err(|e| group.broken(format!("column `{}`: {e}", column.name)))?;
            arrays.push(array);
            others.extend(rest.into_iter().map(|(row, text)| Other::value(row, at as u32, text)));
        }
        let carried = self.other.as_ref().and_then(|name| batch.column_by_name(name));
        if let Some(texts) = carried.and_then(|array| array.as_string_opt::<i32>())
            && texts.null_count() < texts.len()
        {
            others.extend(self.others(group, projection, texts)?);
        }
        others.sort_by_key(|other| (other.row, other.column));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let rows = RecordBatch::try_new_with_options(self.schema(projection), arrays, &options)
            .map_err(|e| group.broken(e))?;
        Ok(ExportBatch { rows, others })
    }

    fn others(
        &self,
        group: &Group,
        projection: &[usize],
        texts: &arrow::array::StringArray,
    ) -> Result<Vec<Other>, SnapshotError> {
        let mut out = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let mut values: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).map_err(|e| group.broken(e))?;
            for (at, i) in projection.iter().enumerate() {
                if let Some(value) = values.remove(&self.columns[*i].name) {
                    let other = Other::from_json(row as u32, at as u32, value);
                    out.push(other.ok_or_else(|| group.broken("what is beside a cell is no text"))?);
                }
            }
        }
        Ok(out)
    }
}

impl Group {
    fn check(&self, rows: u64) -> Result<(), SnapshotError> {
        if rows == self.rows { Ok(()) } else { Err(self.broken("rows are missing")) }
    }

    fn broken(&self, why: impl std::fmt::Display) -> SnapshotError {
        failure(&self.file.source.path, "", &why)
    }
}

/// The schema of rows in portable types.
pub fn portable_schema<'a>(columns: impl Iterator<Item = &'a Column>) -> SchemaRef {
    // Nullable whatever the table says: what a type cannot hold leaves a NULL behind.
    Arc::new(Schema::new(columns.map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect::<Vec<_>>()))
}
