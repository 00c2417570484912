//! Writes one Parquet file, its columns encoded side by side on all cores or one after the other.
//!
//! Rows are written plain, without dictionaries or statistics: a snapshot is written once, read a
//! few times on the same machine, and differing rows are picked out of it by position, which plain
//! pages allow at little cost.

use super::error::SnapshotError;
use super::file_hash::{FileSum, Hashing};
use crate::endpoint::disk;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{FieldRef, SchemaRef};
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Encoded bytes after which a row group is closed: what one file under way keeps in memory.
const GROUP_BYTES: usize = 24 * 1024 * 1024;
/// Rows after which a row group is closed: also the unit in which rows are read side by side.
const GROUP_ROWS: usize = 256 * 1024;

/// What a file is for, which decides how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Rows, of which a few will be picked out by position: in small pages, encoded on all cores.
    /// Never while holding a lock: a core that waits for others takes on other work, which may
    /// want the same lock.
    Rows,
    /// A split of an index, which will be read whole: in large pages, encoded on the caller's core.
    Index,
}

impl PartKind {
    /// Rows per page. The fewer, the more of a file can be passed over when a few rows are picked
    /// out of it, and the more pieces there are to read.
    fn page_rows(self) -> usize {
        match self {
            Self::Rows => 512,
            Self::Index => 64 * 1024,
        }
    }
}

/// A Parquet file under way. Without [`finish`](Self::finish) it is not a Parquet file.
#[must_use]
pub struct PartWriter {
    path: PathBuf,
    kind: PartKind,
    schema: SchemaRef,
    file: SerializedFileWriter<Hashing<BufWriter<File>>>,
    factory: ArrowRowGroupWriterFactory,
    columns: Vec<ArrowColumnWriter>,
    groups: usize,
    rows_in_group: usize,
    rows: u64,
}

impl PartWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// If it can't be created.
    pub fn create(
        path: &Path,
        schema: SchemaRef,
        compression: Compression,
        kind: PartKind,
    ) -> Result<Self, SnapshotError> {
        let failed = |e: &dyn std::fmt::Display| SnapshotError::write(path, e);
        let mut properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::PLAIN)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_compression(compression)
            .set_data_page_row_count_limit(kind.page_rows())
            .set_write_batch_size(kind.page_rows());
        if kind == PartKind::Index {
            // Positions ascend within a split: their differences are small.
            properties = properties.set_column_encoding("row".into(), Encoding::DELTA_BINARY_PACKED);
        }
        let mut properties = properties.build();
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let parquet = ArrowSchemaConverter::new().convert(&schema).map_err(|e| failed(&e))?;
        let out = Hashing::new(BufWriter::with_capacity(1 << 20, disk::create(path).map_err(|e| failed(&e))?));
        let file =
            SerializedFileWriter::new(out, parquet.root_schema_ptr(), Arc::new(properties)).map_err(|e| failed(&e))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        Ok(Self {
            path: path.to_owned(),
            kind,
            schema,
            file,
            factory,
            columns: Vec::new(),
            groups: 0,
            rows_in_group: 0,
            rows: 0,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If encoding or writing fails.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), SnapshotError> {
        if self.columns.is_empty() {
            self.columns =
                self.factory.create_column_writers(self.groups).map_err(|e| SnapshotError::write(&self.path, e))?;
        }
        // Snapshots hold flat columns only, so each has exactly one leaf.
        let fields = self.schema.fields();
        let write = |((writer, array), field): ((&mut ArrowColumnWriter, &ArrayRef), &FieldRef)| {
            compute_leaves(field, array)?.iter().try_for_each(|leaf| writer.write(leaf))
        };
        match self.kind {
            PartKind::Rows => {
                self.columns.par_iter_mut().zip(batch.columns().par_iter()).zip(fields.par_iter()).try_for_each(write)
            }
            PartKind::Index => self.columns.iter_mut().zip(batch.columns()).zip(fields.iter()).try_for_each(write),
        }
        .map_err(|e: parquet::errors::ParquetError| SnapshotError::write(&self.path, e))?;
        self.rows_in_group += batch.num_rows();
        self.rows += batch.num_rows() as u64;
        let encoded: usize = self.columns.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum();
        if self.rows_in_group >= GROUP_ROWS || encoded >= GROUP_BYTES {
            self.close_group()?;
        }
        Ok(())
    }

    /// Ends the row group under way, if any.
    ///
    /// # Errors
    /// If encoding or writing fails.
    pub fn close_group(&mut self) -> Result<(), SnapshotError> {
        if self.rows_in_group == 0 {
            return Ok(());
        }
        let mut close = || -> Result<(), parquet::errors::ParquetError> {
            let columns = std::mem::take(&mut self.columns);
            let chunks: Vec<_> = columns.into_iter().map(ArrowColumnWriter::close).collect::<Result<_, _>>()?;
            let mut group = self.file.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close()?;
            Ok(())
        };
        close().map_err(|e| SnapshotError::write(&self.path, e))?;
        self.groups += 1;
        self.rows_in_group = 0;
        Ok(())
    }

    /// Completes the file and says how many rows it has.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> Result<u64, SnapshotError> {
        Ok(self.finish_with_sum()?.0)
    }

    /// The same, and how the file is to be known again.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish_with_sum(mut self) -> Result<(u64, FileSum), SnapshotError> {
        self.close_group()?;
        let path = self.path;
        let mut out = self.file.into_inner().map_err(|e| SnapshotError::write(&path, e))?;
        out.flush().map_err(|e| SnapshotError::write(&path, e))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok((self.rows, out.sum(name)))
    }
}
