//! What a column of anyone's Parquet file is, down to its lowest columns, and which portable type
//! that makes it.

use super::leaves::Leaf;
use crate::table::{Column, PortableType};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};

/// Where Arrow says which of its extension types a field has.
const EXTENSION: &str = "ARROW:extension:name";

/// The shape of a column's values.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::snapshot) enum Shape {
    /// As Arrow's type says, with or without values of that type at all.
    Plain(DataType),
    /// 12 bytes that are an interval; true where its time has a sign.
    Interval(bool),
    /// 12 bytes that are a moment; true for one in UTC.
    Int96(bool),
    /// 16 bytes that are a UUID.
    Uuid,
    /// Text that is JSON.
    Json,
    /// Bytes that are text.
    Enum,
    /// Any number of elements.
    List(Box<Shape>),
    /// Named members.
    Struct(Vec<(String, Shape)>),
    /// Keys and values.
    Map(Box<[Shape; 2]>),
}

impl Shape {
    /// The shape of a column. `leaves` are those of its file, from the column's first one on; as
    /// many as it has are taken.
    pub(super) fn of(field: &Field, leaves: &mut dyn Iterator<Item = Leaf>) -> Self {
        Self::of_type(field.data_type(), field.metadata().get(EXTENSION).map(String::as_str), leaves)
    }

    fn of_type(ty: &DataType, extension: Option<&str>, leaves: &mut dyn Iterator<Item = Leaf>) -> Self {
        let mut inner = |field: &FieldRef| Self::of(field, leaves);
        match ty {
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => Self::List(Box::new(inner(item))),
            DataType::Struct(fields) => {
                Self::Struct(fields.iter().map(|field| (field.name().clone(), inner(field))).collect())
            }
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    let key = inner(&fields[0]);
                    Self::Map(Box::new([key, inner(&fields[1])]))
                }
                // No reader makes such a map.
                other => Self::List(Box::new(Self::of_type(other, None, leaves))),
            },
            DataType::Dictionary(_, values) => Self::of_type(values, extension, leaves),
            _ => match (leaves.next().unwrap_or(Leaf::Plain), ty, extension) {
                (Leaf::Interval(signed), ..) => Self::Interval(signed),
                (Leaf::Int96, DataType::Timestamp(_, zone), _) => Self::Int96(zone.is_some()),
                (Leaf::Int96, ..) => Self::Int96(false),
                (Leaf::Uuid, ..) | (_, DataType::FixedSizeBinary(16), Some("arrow.uuid")) => Self::Uuid,
                (Leaf::Json, ..) => Self::Json,
                (_, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Some("arrow.json")) => Self::Json,
                (Leaf::Enum, ..) => Self::Enum,
                (Leaf::Plain, ..) => Self::Plain(ty.clone()),
            },
        }
    }

    /// Whether it has no values but NULL.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(DataType::Null))
    }

    /// The portable type of its values.
    pub(super) fn ty(&self) -> PortableType {
        match self {
            Self::Plain(ty) => portable_type(ty),
            Self::Interval(_) => PortableType::Interval,
            Self::Int96(false) => PortableType::Timestamp { precision: 6 },
            Self::Int96(true) => PortableType::Instant { precision: 6 },
            Self::Uuid => PortableType::Uuid,
            Self::Json | Self::List(_) | Self::Struct(_) | Self::Map(_) => PortableType::Json,
            Self::Enum => PortableType::Text,
        }
    }

    /// The column in portable words. `field` is Arrow's.
    pub(super) fn describe(&self, field: &Field) -> Column {
        let native = match self {
            Self::Interval(_) => "interval".to_owned(),
            Self::Int96(_) => "int96".to_owned(),
            Self::Uuid => "uuid".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Enum => "enum".to_owned(),
            Self::Plain(ty) => ty.to_string(),
            _ => field.data_type().to_string(),
        };
        let mut column = Column::new(field.name(), self.ty(), native);
        column.nullable = field.is_nullable();
        column
    }
}

/// Parquet's types and what they are, for the documentation.
#[cfg(test)]
pub(in crate::snapshot) fn catalog() -> Vec<(&'static str, PortableType)> {
    use DataType as D;
    let micros = TimeUnit::Microsecond;
    let plain = [
        ("BOOLEAN", D::Boolean),
        ("INT(8 to 64), UINT(8 to 32)", D::Int64),
        ("UINT(64)", D::UInt64),
        ("DECIMAL(12,2)", D::Decimal128(12, 2)),
        ("DECIMAL beyond 38 digits", D::Decimal256(50, 2)),
        ("FLOAT, FLOAT16", D::Float32),
        ("DOUBLE", D::Float64),
        ("STRING", D::Utf8),
        ("BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY", D::Binary),
        ("DATE", D::Date32),
        ("TIME", D::Time64(micros)),
        ("TIMESTAMP (local)", D::Timestamp(micros, None)),
        ("TIMESTAMP (UTC)", D::Timestamp(micros, Some("UTC".into()))),
        ("INTERVAL", D::Interval(arrow::datatypes::IntervalUnit::MonthDayNano)),
    ];
    let others = [
        ("INT96", Shape::Int96(false)),
        ("UUID", Shape::Uuid),
        ("ENUM", Shape::Enum),
        ("JSON, LIST, MAP, and groups", Shape::Json),
    ];
    let plain = plain.into_iter().map(|(native, ty)| (native, Shape::Plain(ty)));
    plain.chain(others).map(|(native, shape)| (native, shape.ty())).collect()
}

fn portable_type(ty: &DataType) -> PortableType {
    use DataType as D;
    let digits = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond | TimeUnit::Nanosecond => 6,
    };
    match ty {
        D::Boolean => PortableType::Boolean,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => PortableType::Integer,
        D::UInt64 => PortableType::Unsigned,
        D::Float16 | D::Float32 => PortableType::Float32,
        D::Float64 => PortableType::Float64,
        D::Decimal32(p, s) | D::Decimal64(p, s) | D::Decimal128(p, s) | D::Decimal256(p, s) if *s >= 0 && *p <= 38 => {
            PortableType::Decimal { precision: Some((*p).into()), scale: s.unsigned_abs().into() }
        }
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => {
            PortableType::Decimal { precision: None, scale: 0 }
        }
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null => PortableType::Text,
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => PortableType::Bytes,
        D::Date32 | D::Date64 => PortableType::Date,
        D::Time32(unit) | D::Time64(unit) => PortableType::Time { precision: digits(unit) },
        D::Timestamp(unit, None) => PortableType::Timestamp { precision: digits(unit) },
        D::Timestamp(unit, Some(_)) => PortableType::Instant { precision: digits(unit) },
        // A length of time: hours beyond a day are not days.
        D::Duration(_) | D::Interval(_) => PortableType::Interval,
        _ => PortableType::Printed,
    }
}
