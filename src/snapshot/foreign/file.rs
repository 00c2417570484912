//! One Parquet file: what it says of itself, before a row is read.

use super::leaves::{leaves, raw};
use super::shape::Shape;
use crate::snapshot::error::SnapshotError;
use crate::table::Column;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::schema::types::SchemaDescriptor;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A Parquet file's columns and row groups.
#[derive(Clone, Debug)]
pub(in crate::snapshot) struct FileColumns {
    /// By which the rows are read.
    pub(in crate::snapshot) metadata: ArrowReaderMetadata,
    /// In the file's order.
    pub(in crate::snapshot) columns: Vec<OwnColumn>,
}

/// A column of a file.
#[derive(Clone, Debug)]
pub(in crate::snapshot) struct OwnColumn {
    /// In portable words.
    pub(in crate::snapshot) column: Column,
    pub(in crate::snapshot::foreign) shape: Shape,
}

impl FileColumns {
    /// Reads a file's description of itself.
    ///
    /// # Errors
    /// If it can't be read, is no whole Parquet file, or is one of a kind that can't be read.
    pub(in crate::snapshot) fn read(path: &Path) -> Result<Self, SnapshotError> {
        let file = File::open(path).map_err(|e| SnapshotError::read(path, plain(&e)))?;
        let failed = |error: ParquetError| failure(path, "not a whole Parquet file", &error);
        let own = parse(&file, None).map_err(failed)?;
        check_codecs(path, &own)?;
        let schema = own.file_metadata().schema_descr();
        let pairs = own.file_metadata().key_value_metadata();
        let arrow = pairs.is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA_META_KEY));
        let mut leaves = leaves(schema, arrow).into_iter();
        let reading = match raw(schema).map_err(failed)? {
            Some(raw) => Some(parse(&file, Some(raw)).map_err(failed)?),
            None => None,
        };
        let own = Arc::new(own);
        let described = describe(Arc::clone(&own)).map_err(failed)?;
        let columns = described
            .schema()
            .fields()
            .iter()
            .map(|field| {
                let shape = Shape::of(field, &mut leaves);
                OwnColumn { column: shape.describe(field), shape }
            })
            .collect::<Vec<_>>();
        let mut names = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|own| !names.insert(&own.column.name)) {
            return Err(SnapshotError::Unsupported {
                path: path.display().to_string(),
                why: format!("it has two columns named `{}`", twice.column.name),
            });
        }
        let metadata = match reading {
            Some(raw) => describe(Arc::new(raw)).map_err(failed)?,
            None => described,
        };
        Ok(Self { metadata, columns })
    }
}

fn parse(file: &File, schema: Option<Arc<SchemaDescriptor>>) -> Result<ParquetMetaData, ParquetError> {
    // Smallest and largest values are not looked at, and some writers' are wrong.
    let mut options = ParquetMetaDataOptions::new().with_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
    if let Some(schema) = schema {
        options = options.with_schema(schema);
    }
    ParquetMetaDataReader::new()
        .with_offset_index_policy(PageIndexPolicy::Optional)
        .with_metadata_options(Some(options))
        .parse_and_finish(file)
}

/// Arrow's view of a file. Its writer may have left a schema of Arrow's in it that does not fit.
fn describe(metadata: Arc<ParquetMetaData>) -> Result<ArrowReaderMetadata, ParquetError> {
    ArrowReaderMetadata::try_new(Arc::clone(&metadata), ArrowReaderOptions::new())
        .or_else(|_| ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new().with_skip_arrow_metadata(true)))
}

fn check_codecs(path: &Path, metadata: &ParquetMetaData) -> Result<(), SnapshotError> {
    for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        if chunk.compression() == Compression::LZO {
            let why = format!("column `{}` is compressed with LZO, which has no free decoder", chunk.column_path());
            return Err(SnapshotError::Unsupported { path: path.display().to_string(), why });
        }
    }
    Ok(())
}

/// What an error while reading a file means: only what is damaged is called so.
pub(in crate::snapshot) fn failure(path: &Path, damage: &str, error: &dyn std::fmt::Display) -> SnapshotError {
    let text = error.to_string();
    let path = path.display().to_string();
    let lower = text.to_lowercase();
    if lower.contains("encrypt") || lower.contains("parqe") {
        return SnapshotError::Unsupported { path, why: "it is encrypted".to_owned() };
    }
    if ["nyi", "not yet", "not implemented", "unsupported", "disabled feature"].iter().any(|word| lower.contains(word))
    {
        return SnapshotError::Unsupported { path, why: text };
    }
    let why = if damage.is_empty() { text } else { format!("{damage} ({text})") };
    SnapshotError::Damaged { path, why }
}

/// The system's words without the error number that Rust appends.
pub(in crate::snapshot) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
