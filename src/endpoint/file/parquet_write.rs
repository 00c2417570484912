//! Writes a Parquet file anew, with the types, the compression and the metadata that it has.

use super::draft::{Draft, Original, failed};
use super::edits::{Edits, NewRow};
use crate::endpoint::EndpointError;
use crate::table::{Column, PortableType, parse_time, parse_timestamp, parse_uuid, print_uuid};
use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, Int64Array, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options, interleave};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimeUnit};
use arrow::util::display::FormatOptions;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows at a time.
const BATCH: usize = 8 * 1024;
/// Where Arrow keeps its own types in a file's metadata.
const ARROW_SCHEMA: &str = "ARROW:schema";

/// Writes what a Parquet file becomes under these edits beside it. `columns` are those of
/// [`Edits::values`].
///
/// # Errors
/// If a file can't be read or written, or a value does not fit the file's own type exactly.
pub fn rewrite_parquet(original: &Original, columns: &[Column], edits: &Edits) -> Result<Draft, EndpointError> {
    let path = original.path();
    let read = |error: &dyn std::fmt::Display| failed(path, "reading the file", error);
    let file = File::open(path).map_err(|error| read(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| read(&error))?.with_batch_size(BATCH);
    let (schema, metadata) = (Arc::clone(builder.schema()), Arc::clone(builder.metadata()));
    if let Some(why) = belongs_to(path) {
        return Err(failed(path, "writing", why));
    }
    if let Some(column) = interval(metadata.file_metadata().schema_descr()) {
        let why = format!("its column `{column}` has intervals, which can be read, but not written");
        return Err(failed(path, "writing", why));
    }
    if let Some(column) = foreign(&schema, metadata.file_metadata().schema_descr()).map_err(|error| read(&error))? {
        let why = format!("its column `{column}` is stored in an old way, which can only be read");
        return Err(failed(path, "writing", why));
    }
    let rows = Rows { path, schema: &schema, columns, edits };
    let (draft, out) = original.draft()?;
    let write = |error: &dyn std::fmt::Display| failed(draft.path(), "writing the new file", error);
    let options = ArrowWriterOptions::new()
        .with_properties(properties(&metadata))
        .with_skip_arrow_metadata(!has_arrow_schema(&metadata))
        .with_parquet_schema(metadata.file_metadata().schema_descr().clone());
    let mut writer =
        ArrowWriter::try_new_with_options(out, Arc::clone(&schema), options).map_err(|error| write(&error))?;
    let mut first = 0;
    for batch in builder.build().map_err(|error| read(&error))? {
        let batch = batch.map_err(|error| read(&error))?;
        let count = batch.num_rows() as u64;
        writer.write(&rows.edited(batch, first)?).map_err(|error| write(&error))?;
        first += count;
    }
    if first != metadata.file_metadata().num_rows() as u64 {
        return Err(read(&"rows are missing"));
    }
    for added in edits.added.chunks(BATCH) {
        writer.write(&rows.added(added)?).map_err(|error| write(&error))?;
    }
    let out = writer.into_inner().map_err(|error| write(&error))?;
    draft.finish(out)?;
    Ok(draft)
}

/// What a file is a part of that tells of it elsewhere, and would not know of a new one.
fn belongs_to(path: &Path) -> Option<&'static str> {
    let folder = path.parent()?;
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).ok();
    let manifest = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let ours = |value: &serde_json::Value| value.as_str().is_some_and(|text| text.starts_with("trueup"));
    if manifest.is_some_and(|manifest| manifest.get("written_by").is_some_and(ours)) {
        return Some("it is a part of a snapshot, which is never written to");
    }
    // Parts of a table may be in folders named `column=value`.
    let is_value = |folder: &Path| folder.file_name().is_some_and(|name| name.to_string_lossy().contains('='));
    let table = folder.ancestors().find(|folder| !is_value(folder))?;
    if table.join("_delta_log").is_dir() {
        return Some("it is a file of a Delta table, whose log would not know of the change");
    }
    None
}

/// A column with intervals. Arrow reads them without their months, or without all the rest.
fn interval(stored: &SchemaDescriptor) -> Option<String> {
    let is = |column: &&ColumnDescPtr| column.converted_type() == ConvertedType::INTERVAL;
    stored.columns().iter().find(is).map(|column| column.path().string())
}

/// A column that is stored otherwise than Arrow stores its type (`INT96`, decimals of odd lengths,
/// old kinds of lists).
fn foreign(schema: &SchemaRef, stored: &SchemaDescriptor) -> Result<Option<String>, ParquetError> {
    let own = ArrowSchemaConverter::new().convert(schema)?;
    // Decimals are stored as integers or as bytes, which whoever reads them has to know anyway; but the writer
    // knows no other number of bytes than the least that the digits need.
    let form = |column: &ColumnDescPtr| {
        let levels = (column.max_def_level(), column.max_rep_level());
        let physical = (column.physical_type(), column.type_length());
        (Some(physical).filter(|_| !is_plain_decimal(column)), levels)
    };
    let mut pairs = stored.columns().iter().zip(own.columns());
    let other = pairs.find(|(stored, own)| form(stored) != form(own)).map(|(stored, _)| stored);
    let more = (stored.num_columns() != own.num_columns()).then(|| stored.columns().first()).flatten();
    Ok(other.or(more).map(|column| column.path().string()))
}

fn is_plain_decimal(column: &ColumnDescPtr) -> bool {
    let decimal = column.converted_type() == ConvertedType::DECIMAL
        || matches!(column.logical_type_ref(), Some(LogicalType::Decimal { .. }));
    decimal
        && match column.physical_type() {
            PhysicalType::INT32 | PhysicalType::INT64 => true,
            PhysicalType::FIXED_LEN_BYTE_ARRAY => least_bytes(column.type_precision()) == Some(column.type_length()),
            _ => false,
        }
}

/// The fewest bytes that hold all numbers of so many digits; `None` beyond 38.
fn least_bytes(digits: i32) -> Option<i32> {
    let most = 10u128.checked_pow(u32::try_from(digits).ok()?).filter(|_| digits <= 38)?;
    // Two's complement needs a bit for the sign.
    let bits = u128::BITS - (most - 1).leading_zeros() + 1;
    i32::try_from(bits.div_ceil(8)).ok()
}

fn has_arrow_schema(metadata: &ParquetMetaData) -> bool {
    let pairs = metadata.file_metadata().key_value_metadata();
    pairs.is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA))
}

fn properties(metadata: &ParquetMetaData) -> WriterProperties {
    let about = metadata.file_metadata();
    let pairs = about.key_value_metadata().cloned().unwrap_or_default();
    let version = if about.version() >= 2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
    let mut properties = WriterProperties::builder()
        .set_writer_version(version)
        .set_key_value_metadata(Some(pairs.into_iter().filter(|pair| pair.key != ARROW_SCHEMA).collect()));
    if let Some(largest) = metadata.row_groups().iter().map(|group| group.num_rows()).max() {
        properties = properties.set_max_row_group_row_count(Some(usize::try_from(largest).unwrap_or(0).max(BATCH)));
    }
    for chunk in metadata.row_groups().first().map(|group| group.columns()).unwrap_or_default() {
        properties = properties.set_column_compression(chunk.column_path().clone(), chunk.compression());
    }
    properties.build()
}

struct Rows<'a> {
    path: &'a Path,
    schema: &'a SchemaRef,
    columns: &'a [Column],
    edits: &'a Edits,
}

impl Rows<'_> {
    /// Rows of the file, the first of which is row `first`, as they become.
    fn edited(&self, batch: RecordBatch, first: u64) -> Result<RecordBatch, EndpointError> {
        let range = first..first + batch.num_rows() as u64;
        let changed: Vec<(u64, &NewRow)> =
            self.edits.changed.range(range.clone()).map(|(row, new)| (row - first, new)).collect();
        let drops = self.edits.dropped.range(range.clone()).next().is_some();
        if changed.is_empty() && !drops {
            return Ok(batch);
        }
        let kept: Vec<usize> =
            range.filter(|row| !self.edits.dropped.contains(row)).map(|row| (row - first) as usize).collect();
        let mut arrays = Vec::with_capacity(batch.num_columns());
        for (field, old) in self.schema.fields().iter().zip(batch.columns()) {
            let column = self.columns.iter().position(|column| column.name == *field.name());
            let new: Vec<&(u64, &NewRow)> = match column {
                Some(column) => changed.iter().filter(|(_, new)| new.columns.contains(&column)).collect(),
                None => Vec::new(),
            };
            if new.is_empty() && !drops {
                arrays.push(Arc::clone(old));
                continue;
            }
            let values = match column {
                Some(column) if !new.is_empty() => {
                    self.values(column, &new.iter().map(|(_, new)| *new).collect::<Vec<_>>(), field.data_type())?
                }
                _ => new_null_array(field.data_type(), 0),
            };
            let mut next = 0;
            let places: Vec<(usize, usize)> = kept
                .iter()
                .map(|row| {
                    while new.get(next).is_some_and(|(at, _)| (*at as usize) < *row) {
                        next += 1;
                    }
                    match new.get(next) {
                        Some((at, _)) if *at as usize == *row => (1, next),
                        _ => (0, *row),
                    }
                })
                .collect();
            arrays.push(interleave(&[old.as_ref(), values.as_ref()], &places).map_err(|error| self.failed(&error))?);
        }
        self.batch(arrays, kept.len())
    }

    /// Rows that are added.
    fn added(&self, rows: &[NewRow]) -> Result<RecordBatch, EndpointError> {
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column = self.columns.iter().position(|column| column.name == *field.name());
            let given = |new: &NewRow| column.is_some_and(|column| new.columns.contains(&column));
            let new: Vec<&NewRow> = rows.iter().filter(|new| given(new)).collect();
            let values = match column {
                Some(column) if !new.is_empty() => self.values(column, &new, field.data_type())?,
                _ => new_null_array(field.data_type(), 0),
            };
            let nulls = new_null_array(field.data_type(), 1);
            let mut next = 0..;
            let places: Vec<(usize, usize)> =
                rows.iter().map(|new| if given(new) { (0, next.next().unwrap_or(0)) } else { (1, 0) }).collect();
            let array = interleave(&[values.as_ref(), nulls.as_ref()], &places).map_err(|error| self.failed(&error))?;
            arrays.push(array);
        }
        self.batch(arrays, rows.len())
    }

    fn batch(&self, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, EndpointError> {
        for (field, array) in self.schema.fields().iter().zip(&arrays) {
            if !field.is_nullable() && array.null_count() > 0 {
                return Err(self.failed(&format!("column `{}` must not be NULL", field.name())));
            }
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &options)
            .map_err(|error| self.failed(&error))
    }

    /// New values of one column in the file's own type.
    fn values(&self, column: usize, rows: &[&NewRow], ty: &DataType) -> Result<ArrayRef, EndpointError> {
        let about = &self.columns[column];
        let failed = |why: &dyn std::fmt::Display| self.failed(&format!("column `{}`: {why}", about.name));
        // What microseconds can't hold, in a file that holds more.
        let mut exact: Vec<(usize, i64)> = Vec::new();
        for (at, new) in rows.iter().enumerate() {
            if let Some(other) = self.edits.values[new.batch].other(new.row, column) {
                let nanos = nanos(other, ty);
                exact.push((at, nanos.ok_or_else(|| failed(&format!("`{other}` is none of its values")))?));
            }
        }
        let batches: Vec<&dyn Array> =
            self.edits.values.iter().map(|batch| batch.rows.column(column).as_ref()).collect();
        let places: Vec<(usize, usize)> = rows.iter().map(|new| (new.batch, new.row)).collect();
        let portable = interleave(&batches, &places).map_err(|error| failed(&error))?;
        let readable = about.ty == PortableType::Json || about.ty.is_printed();
        if readable && !is_text(ty) && portable.null_count() < portable.len() {
            return Err(failed(&format!("values of type {ty} can be read, but not written")));
        }
        let values = native(&portable, ty).map_err(|_| {
            let wrong = (0..portable.len()).find(|row| native(&portable.slice(*row, 1), ty).is_err()).unwrap_or(0);
            let cells = crate::table::Cells::new(&portable);
            let value = cells.and_then(|cells| cells.print(wrong)).unwrap_or_else(|| "NULL".to_owned());
            failed(&format!("`{value}` is no {ty}"))
        })?;
        with_nanos(values, &exact, ty).map_err(|error| failed(&error))
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> EndpointError {
        failed(self.path, "writing the new file", why)
    }
}

fn is_text(ty: &DataType) -> bool {
    match ty {
        DataType::Dictionary(_, values) => is_text(values),
        _ => matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null),
    }
}

/// Portable values in another Arrow type, exactly.
fn native(portable: &ArrayRef, ty: &DataType) -> Result<ArrayRef, String> {
    if portable.null_count() == portable.len() {
        return Ok(new_null_array(ty, portable.len()));
    }
    let there = convert(portable, ty)?;
    // Units and scales may be coarser than the values.
    let back = convert(&there, portable.data_type())?;
    if back.as_ref() == portable.as_ref() { Ok(there) } else { Err("it does not fit exactly".to_owned()) }
}

fn convert(array: &ArrayRef, ty: &DataType) -> Result<ArrayRef, String> {
    match (array.data_type(), ty) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (DataType::Utf8, DataType::FixedSizeBinary(16)) => uuid_bytes(array.as_string()),
        (DataType::FixedSizeBinary(16), DataType::Utf8) => uuid_texts(array),
        (DataType::Dictionary(_, values), _) => convert(&cast(array, values)?, ty),
        (_, DataType::Dictionary(_, values)) => cast(&convert(array, values)?, ty),
        // A zone is only how an instant is shown.
        (DataType::Timestamp(_, Some(_)), DataType::Timestamp(unit, Some(_))) => {
            let utc = |unit| DataType::Timestamp(unit, Some("UTC".into()));
            let DataType::Timestamp(own, _) = array.data_type() else { return Err(String::new()) };
            cast(&cast(&cast(array, &utc(*own))?, &utc(*unit))?, ty)
        }
        _ => cast(array, ty),
    }
}

/// Nanoseconds since 1970 or midnight, of a time with more digits than microseconds have; `None` if the
/// type has no more either.
fn nanos(text: &str, ty: &DataType) -> Option<i64> {
    let (whole, rest) = text.split_once('.')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = rest.split_at(digits);
    let (micros, beyond) = (digits.get(..6)?, digits.get(6..).filter(|beyond| beyond.len() <= 3)?);
    let beyond: i64 = format!("{beyond:0<3}").parse().ok()?;
    let text = format!("{whole}.{micros}{zone}");
    let micros = match ty {
        DataType::Timestamp(TimeUnit::Nanosecond, own) => {
            parse_timestamp(&text).filter(|(_, zoned)| *zoned == own.is_some())?.0
        }
        DataType::Time64(TimeUnit::Nanosecond) => parse_time(&text)?,
        _ => return None,
    };
    micros.checked_mul(1_000)?.checked_add(beyond)
}

/// These values at these rows, in nanoseconds.
fn with_nanos(values: ArrayRef, exact: &[(usize, i64)], ty: &DataType) -> Result<ArrayRef, String> {
    if exact.is_empty() {
        return Ok(values);
    }
    let numbers = cast(&values, &DataType::Int64)?;
    let mut numbers: Vec<Option<i64>> = numbers.as_primitive::<Int64Type>().iter().collect();
    for (at, nanos) in exact {
        numbers[*at] = Some(*nanos);
    }
    cast(&(Arc::new(Int64Array::from(numbers)) as ArrayRef), ty)
}

/// UUIDs as their bytes.
fn uuid_bytes(texts: &StringArray) -> Result<ArrayRef, String> {
    let mut out = FixedSizeBinaryBuilder::new(16);
    for text in texts {
        match text {
            None => out.append_null(),
            Some(text) => {
                let bytes = parse_uuid(text).ok_or_else(|| format!("`{text}` is no UUID"))?;
                out.append_value(bytes).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(Arc::new(out.finish()))
}

/// The bytes of UUIDs as text, to see that nothing was lost.
fn uuid_texts(array: &ArrayRef) -> Result<ArrayRef, String> {
    let texts = array.as_fixed_size_binary().iter().map(|bytes| bytes?.try_into().ok().map(print_uuid));
    Ok(Arc::new(texts.collect::<StringArray>()))
}

fn cast(array: &ArrayRef, ty: &DataType) -> Result<ArrayRef, String> {
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, ty, &options).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "parquet_write_tests.rs"]
mod tests;
