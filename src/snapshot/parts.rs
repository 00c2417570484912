//! The rows of a frozen table: Parquet files read by position, in portable types.

use super::error::SnapshotError;
use super::portable::{OTHER_COLUMN, convert, describe};
use super::positioned::PositionedFile;
use super::taken::TakenRows;
use crate::endpoint::{ExportBatch, Other};
use crate::table::Column;
use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use rayon::prelude::*;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows handed over at once when all are read: few enough for a column of them to stay in a core's
/// cache, and below the size for which the allocator asks the system.
const BATCH: usize = 8 * 1024;

/// The files that hold a table's rows, one after the other.
#[derive(Clone, Debug)]
pub struct Parts {
    columns: Vec<Column>,
    groups: Vec<Group>,
    rows: u64,
    taken: Option<Arc<TakenRows>>,
}

/// A row group: the unit in which rows are read side by side.
#[derive(Clone, Debug)]
struct Group {
    path: Arc<PathBuf>,
    metadata: ArrowReaderMetadata,
    at: usize,
    first: u64,
    rows: u64,
}

impl Parts {
    /// Opens the files. `columns` are those of a manifest; without them the files' own schema says
    /// what they hold.
    ///
    /// # Errors
    /// If a file is missing, is no Parquet file or has other columns than the first.
    pub fn open(files: &[PathBuf], columns: Option<&[Column]>) -> Result<Self, SnapshotError> {
        let mut out = Self { columns: columns.unwrap_or_default().to_vec(), groups: Vec::new(), rows: 0, taken: None };
        for (i, path) in files.iter().enumerate() {
            let file = File::open(path).map_err(|e| SnapshotError::read(path, plain(&e)))?;
            let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
            let metadata = ArrowReaderMetadata::load(&file, options).map_err(|e| SnapshotError::Damaged {
                path: path.display().to_string(),
                why: format!("not a whole Parquet file ({e})"),
            })?;
            let schema = metadata.schema();
            if i == 0 && columns.is_none() {
                out.columns =
                    schema.fields().iter().filter(|f| f.name() != OTHER_COLUMN).map(|f| describe(f)).collect();
            }
            for column in &out.columns {
                let field = schema.field_with_name(&column.name).map_err(|_| SnapshotError::NoColumn {
                    address: path.display().to_string(),
                    column: column.name.clone(),
                })?;
                if columns.is_none() && describe(field).ty != column.ty {
                    return Err(SnapshotError::Damaged {
                        path: path.display().to_string(),
                        why: format!("column `{}` has another type than in the first file", column.name),
                    });
                }
            }
            let path = Arc::new(path.clone());
            for at in 0..metadata.metadata().num_row_groups() {
                let rows = metadata.metadata().row_group(at).num_rows().unsigned_abs();
                out.groups.push(Group {
                    path: Arc::clone(&path),
                    metadata: metadata.clone(),
                    at,
                    first: out.rows,
                    rows,
                });
                out.rows += rows;
            }
        }
        Ok(out)
    }

    /// The columns of the rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The files that hold rows, in order.
    pub fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = self.groups.iter().map(|group| group.path.as_path()).collect();
        files.dedup();
        files
    }

    /// The position of the column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
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
        self.groups.first().map(|group| group.path.display().to_string()).unwrap_or_default()
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
        let file = File::open(&*group.path)
            .and_then(PositionedFile::new)
            .map_err(|e| SnapshotError::read(&group.path, plain(&e)))?;
        let schema = group.metadata.schema();
        let names = projection.iter().map(|i| self.columns[*i].name.as_str()).chain([OTHER_COLUMN]);
        let roots: Vec<usize> = names.filter_map(|name| schema.index_of(name).ok()).collect();
        let mask = ProjectionMask::roots(group.metadata.parquet_schema(), roots);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, group.metadata.clone())
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
        for i in projection {
            let column = &self.columns[*i];
            let array = batch.column_by_name(&column.name).ok_or_else(|| group.broken(&column.name))?;
            arrays
                .push(convert(array, &column.ty).map_err(|e| group.broken(format!("column `{}`: {e}", column.name)))?);
        }
        let others = match batch.column_by_name(OTHER_COLUMN).and_then(|array| array.as_string_opt::<i32>()) {
            Some(texts) if texts.null_count() < texts.len() => self.others(group, projection, texts)?,
            _ => Vec::new(),
        };
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
            let values: std::collections::BTreeMap<String, String> =
                serde_json::from_str(text).map_err(|e| group.broken(e))?;
            for (at, i) in projection.iter().enumerate() {
                if let Some(value) = values.get(&self.columns[*i].name) {
                    out.push(Other { row: row as u32, column: at as u32, text: value.clone() });
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
        SnapshotError::Damaged { path: self.path.display().to_string(), why: why.to_string() }
    }
}

/// The schema of rows in portable types.
pub fn portable_schema<'a>(columns: impl Iterator<Item = &'a Column>) -> SchemaRef {
    // Nullable whatever the table says: what a type cannot hold leaves a NULL behind.
    Arc::new(Schema::new(columns.map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect::<Vec<_>>()))
}

/// The system's words without the error number that Rust appends.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// The Parquet files of an address: a file, the parts of a folder, or a glob over one folder.
pub fn parquet_files(path: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if path.is_file() || !path.is_dir() && !name.contains(['*', '?']) {
        return Ok(vec![path.to_owned()]);
    }
    let (folder, pattern) = if path.is_dir() {
        (path.to_owned(), "*.parquet".to_owned())
    } else {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (parent.to_owned(), name)
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|e| SnapshotError::read(&folder, plain(&e)))?
        .filter_map(Result::ok)
        .filter(|entry| matches(pattern.as_bytes(), entry.file_name().to_string_lossy().as_bytes()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(SnapshotError::read(path, "no Parquet file matches"));
    }
    Ok(files)
}

/// Whether a name fits a pattern of `*` and `?`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.first(), name.first()) {
        (None, None) => true,
        (Some(b'*'), _) => matches(&pattern[1..], name) || !name.is_empty() && matches(pattern, &name[1..]),
        (Some(b'?'), Some(_)) => matches(&pattern[1..], &name[1..]),
        (Some(a), Some(b)) if a == b => matches(&pattern[1..], &name[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_fit_whole_names() {
        let fits = |pattern: &str, name: &str| super::matches(pattern.as_bytes(), name.as_bytes());
        assert!(fits("*.parquet", "a.parquet") && fits("part-?.p*", "part-1.parquet"));
        assert!(!fits("*.parquet", "a.parquet.tmp") && !fits("?", ""));
    }
}
