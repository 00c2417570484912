//! Parquet files of whole numbers, nothing else: links between rows. They are read whole, batch by
//! batch, so they are stored plain; what is looked through several times stays in memory if there is room.

use super::disk::damaged;
use super::held;
use crate::snapshot::{PartKind, PartWriter, SnapshotError};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use rayon::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Rows at a time: a batch of links stays in a core's cache.
const BATCH: usize = 8 * 1024;

/// Takes a batch of rows as it was read.
type TakeColumns<'a, const N: usize> = dyn FnMut([&ScalarBuffer<u64>; N]) -> Result<(), SnapshotError> + 'a;
/// Takes a batch of rows, column by column.
type Take<'a, const N: usize> = dyn FnMut([&[u64]; N]) -> Result<(), SnapshotError> + 'a;
/// Picks from such a batch.
type Pick<'a, T, const N: usize> = dyn Fn([&[u64]; N], &mut Vec<T>) + Sync + 'a;

/// Such a file with `N` columns.
#[derive(Clone, Debug)]
pub struct Numbers<const N: usize> {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    /// All of them, once they were read, if there is room for them.
    kept: Arc<OnceLock<Kept<N>>>,
}

/// The batches of each row group, column by column.
type Kept<const N: usize> = Vec<Vec<[ScalarBuffer<u64>; N]>>;

impl<const N: usize> Numbers<N> {
    /// Opens a file that has these columns.
    ///
    /// # Errors
    /// If it is missing, is not whole, or has other columns.
    pub fn open(path: &Path, columns: [&str; N]) -> Result<Self, SnapshotError> {
        let file = File::open(path).map_err(|e| SnapshotError::read(path, e))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|e| damaged(path, format!("not a whole Parquet file ({e})")))?;
        let fields = metadata.schema().fields();
        let fits = fields.len() == N
            && fields.iter().zip(columns).all(|(f, name)| f.name() == name && *f.data_type() == DataType::UInt64);
        if !fits {
            return Err(damaged(path, "it has other columns than it should"));
        }
        let kept = held::of(path, &file);
        Ok(Self { path: path.to_owned(), metadata, kept })
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().unsigned_abs()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all rows in order, on the caller's thread.
    ///
    /// # Errors
    /// If reading fails, or `take` does.
    pub fn each(&self, take: &mut Take<'_, N>) -> Result<(), SnapshotError> {
        let mut slices = |columns: [&ScalarBuffer<u64>; N]| take(columns.map(|column| &column[..]));
        (0..self.metadata.metadata().num_row_groups()).try_for_each(|group| self.group(group, &mut slices))
    }

    /// Picks from all rows, on all cores; what was picked comes in their order.
    ///
    /// # Errors
    /// If reading fails.
    pub fn pick<T: Send>(&self, pick: &Pick<'_, T, N>) -> Result<Vec<T>, SnapshotError> {
        if let Some(kept) = self.kept.get() {
            let of_group = |batches: &Vec<[ScalarBuffer<u64>; N]>| {
                let mut picked = Vec::new();
                for batch in batches {
                    pick(std::array::from_fn(|at| &batch[at][..]), &mut picked);
                }
                picked
            };
            return Ok(kept.par_iter().flat_map_iter(of_group).collect());
        }
        let keep = held::room(self.rows() * (N * size_of::<u64>()) as u64);
        let groups: Vec<(Vec<T>, Vec<_>)> = (0..self.metadata.metadata().num_row_groups())
            .into_par_iter()
            .map(|group| {
                let (mut picked, mut kept) = (Vec::new(), Vec::new());
                self.group(group, &mut |columns| {
                    pick(columns.map(|column| &column[..]), &mut picked);
                    if keep {
                        kept.push(columns.map(ScalarBuffer::clone));
                    }
                    Ok(())
                })?;
                Ok((picked, kept))
            })
            .collect::<Result<_, SnapshotError>>()?;
        let (picked, kept): (Vec<Vec<T>>, Vec<_>) = groups.into_iter().unzip();
        if keep {
            // Whoever was first has kept the same.
            let _ = self.kept.set(kept);
        }
        Ok(picked.into_iter().flatten().collect())
    }

    fn group(&self, group: usize, take: &mut TakeColumns<'_, N>) -> Result<(), SnapshotError> {
        let file = File::open(&self.path).map_err(|e| SnapshotError::read(&self.path, e))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_batch_size(BATCH)
            .build()
            .map_err(|e| damaged(&self.path, e))?;
        let mut rows = 0;
        for batch in reader {
            let batch = batch.map_err(|e| damaged(&self.path, e))?;
            rows += batch.num_rows() as i64;
            let mut columns = Vec::with_capacity(N);
            for array in batch.columns() {
                let numbers = array.as_primitive_opt::<UInt64Type>().filter(|numbers| numbers.null_count() == 0);
                columns.push(numbers.ok_or_else(|| damaged(&self.path, "it has NULLs"))?.values());
            }
            let columns: [&ScalarBuffer<u64>; N] =
                columns.try_into().map_err(|_| damaged(&self.path, "it has other columns than it should"))?;
            take(columns)?;
        }
        if rows == self.metadata.metadata().row_group(group).num_rows() {
            Ok(())
        } else {
            Err(damaged(&self.path, "rows are missing"))
        }
    }
}

/// Such a file under way.
#[must_use]
pub struct NumbersWriter<const N: usize> {
    path: PathBuf,
    schema: SchemaRef,
    part: PartWriter,
}

impl<const N: usize> NumbersWriter<N> {
    /// Creates the file.
    ///
    /// # Errors
    /// If it can't be created.
    pub fn create(path: &Path, columns: [&str; N]) -> Result<Self, SnapshotError> {
        let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::UInt64, false)).collect();
        let schema = Arc::new(Schema::new(fields));
        let part = PartWriter::create(path, Arc::clone(&schema), Compression::UNCOMPRESSED, PartKind::Index)?;
        Ok(Self { path: path.to_owned(), schema, part })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&mut self, rows: impl ExactSizeIterator<Item = [u64; N]>) -> Result<(), SnapshotError> {
        let count = rows.len();
        let mut columns: [Vec<u64>; N] = std::array::from_fn(|_| Vec::with_capacity(count));
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let arrays = columns.into_iter().map(|column| Arc::new(UInt64Array::from(column)) as ArrayRef).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays);
        self.part.write(&batch.map_err(|e| SnapshotError::write(&self.path, e))?)
    }

    /// Completes the file and says how many rows it has.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> Result<u64, SnapshotError> {
        self.part.finish()
    }
}
