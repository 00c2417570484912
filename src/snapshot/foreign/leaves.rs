//! The lowest columns of a Parquet file, and what Arrow's reader would lose of them.
//!
//! Arrow reads an `INTERVAL` as days and milliseconds or as months, never as all three, and an
//! `INT96` timestamp in nanoseconds, which do not reach the year 2263. Both are 12 bytes. A schema
//! that calls them that, and nothing more, is given to the reader in place of the file's own.

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use std::sync::Arc;

/// Bytes of an `INTERVAL` and of an `INT96`.
pub(super) const RAW: i32 = 12;

/// What a lowest column is that Arrow's types do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// What Arrow says it is.
    Plain,
    /// Months, days and milliseconds. The format says that they have no sign; Arrow's own writer
    /// gives them one, which is true here.
    Interval(bool),
    /// A moment: nanoseconds of a day and the day.
    Int96,
    /// 16 bytes.
    Uuid,
    /// JSON as text.
    Json,
    /// Text, though Arrow reads it as bytes.
    Enum,
}

/// The lowest columns of a schema, in its order; `arrow` if one of Arrow's is beside it.
pub(super) fn leaves(schema: &SchemaDescriptor, arrow: bool) -> Vec<Leaf> {
    schema.columns().iter().map(|column| leaf(column.self_type(), arrow)).collect()
}

fn leaf(ty: &Type, arrow: bool) -> Leaf {
    if ty.get_physical_type() == PhysicalType::INT96 {
        return Leaf::Int96;
    }
    let info = ty.get_basic_info();
    match (info.logical_type_ref(), info.converted_type()) {
        (Some(LogicalType::Uuid), _) => Leaf::Uuid,
        (Some(LogicalType::Json), _) | (None, ConvertedType::JSON) => Leaf::Json,
        (Some(LogicalType::Enum), _) | (None, ConvertedType::ENUM) => Leaf::Enum,
        (None, ConvertedType::INTERVAL) => Leaf::Interval(arrow),
        _ => Leaf::Plain,
    }
}

/// The schema by which nothing is lost; `None` if the file's own is such a one.
pub(super) fn raw(schema: &SchemaDescriptor) -> Result<Option<Arc<SchemaDescriptor>>, ParquetError> {
    let raw = raw_type(&schema.root_schema_ptr())?;
    Ok(raw.map(|root| Arc::new(SchemaDescriptor::new(root))))
}

fn raw_type(ty: &TypePtr) -> Result<Option<TypePtr>, ParquetError> {
    let info = ty.get_basic_info();
    let id = info.has_id().then(|| info.id());
    if ty.is_primitive() {
        if !matches!(leaf(ty, false), Leaf::Interval(_) | Leaf::Int96) {
            return Ok(None);
        }
        let bytes = Type::primitive_type_builder(ty.name(), PhysicalType::FIXED_LEN_BYTE_ARRAY)
            .with_length(RAW)
            .with_repetition(if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED })
            .with_id(id)
            .build()?;
        return Ok(Some(Arc::new(bytes)));
    }
    let fields: Vec<Option<TypePtr>> = ty.get_fields().iter().map(raw_type).collect::<Result<_, _>>()?;
    if fields.iter().all(Option::is_none) {
        return Ok(None);
    }
    let fields = fields.into_iter().zip(ty.get_fields()).map(|(raw, own)| raw.unwrap_or_else(|| Arc::clone(own)));
    let mut group = Type::group_type_builder(ty.name())
        .with_fields(fields.collect())
        .with_converted_type(info.converted_type())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_id(id);
    if info.has_repetition() {
        group = group.with_repetition(info.repetition());
    }
    Ok(Some(Arc::new(group.build()?)))
}
