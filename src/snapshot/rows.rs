//! Writes the file with a frozen table's rows.

use super::error::SnapshotError;
use super::manifest::{Manifest, OtherCount};
use super::other::other_column;
use super::part::{PartKind, PartWriter};
use super::parts::portable_schema;
use crate::endpoint::{ExportBatch, Other};
use crate::table::{Column, TableInfo};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::basic::Compression;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of rows under way.
#[must_use]
pub struct RowsWriter {
    path: PathBuf,
    schema: SchemaRef,
    part: PartWriter,
    manifest: Manifest,
    others: Vec<u64>,
}

impl RowsWriter {
    /// Creates the file for rows of these columns.
    ///
    /// # Errors
    /// If it can't be created.
    pub fn create(path: &Path, columns: &[Column]) -> Result<Self, SnapshotError> {
        let schema = with_other(&portable_schema(columns.iter()), other_column(columns));
        let part = PartWriter::create(path, Arc::clone(&schema), Compression::UNCOMPRESSED, PartKind::Rows)?;
        let manifest = Manifest::new(String::new(), columns.to_vec(), &TableInfo::default());
        Ok(Self { path: path.to_owned(), schema, part, manifest, others: vec![0; columns.len()] })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If they have other columns, or writing fails.
    pub fn write(&mut self, batch: &ExportBatch) -> Result<(), SnapshotError> {
        let wide = self.append_other(batch).map_err(|e| SnapshotError::write(&self.path, e))?;
        self.part.write(&wide)?;
        for other in batch.others.iter().filter(|other| other.text.is_some()) {
            self.others[other.column as usize] += 1;
        }
        self.manifest.rows += batch.rows.num_rows() as u64;
        Ok(())
    }

    /// Completes the file. The manifest tells of it and what is in it.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> Result<Manifest, SnapshotError> {
        let (_, sum) = self.part.finish_with_sum()?;
        let mut manifest = self.manifest;
        manifest.parts = vec![sum];
        manifest.others = manifest
            .table
            .columns
            .iter()
            .zip(self.others)
            .filter(|(_, values)| *values > 0)
            .map(|(column, values)| OtherCount { column: column.name.clone(), values })
            .collect();
        Ok(manifest)
    }

    fn append_other(&self, batch: &ExportBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
        let columns = &self.manifest.table.columns;
        let rows = batch.rows.num_rows();
        let texts: StringArray = if batch.others.is_empty() {
            StringArray::new_null(rows)
        } else {
            Other::by_row(&batch.others, rows, |other| &columns[other.column as usize].name).into()
        };
        let mut arrays: Vec<ArrayRef> = batch.rows.columns().to_vec();
        arrays.push(Arc::new(texts));
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }
}

fn with_other(schema: &SchemaRef, other: String) -> SchemaRef {
    let mut fields: Vec<Field> = schema.fields().iter().map(|f| f.as_ref().clone()).collect();
    fields.push(Field::new(other, DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}
