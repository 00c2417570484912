//! Translates the columns of anyone's Parquet file to portable types. Nothing is lost on the way:
//! a conversion that would is an error.

use crate::table::{Column, PortableType};
use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

/// The column that carries what typed columns cannot hold.
pub const OTHER_COLUMN: &str = "trueup_other";

/// A foreign column in portable words.
pub fn describe(field: &Field) -> Column {
    let mut column = Column::new(field.name(), portable_type(field.data_type()), field.data_type().to_string());
    column.nullable = field.is_nullable();
    column
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
        D::Decimal32(p, s) | D::Decimal64(p, s) | D::Decimal128(p, s) if *s >= 0 => {
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
        D::Dictionary(_, values) => portable_type(values),
        _ => PortableType::Printed,
    }
}

/// The array in its portable type's Arrow type.
pub fn convert(array: &ArrayRef, ty: &PortableType) -> Result<ArrayRef, ArrowError> {
    let target = ty.arrow();
    if *array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    match (ty, array.data_type()) {
        (PortableType::Printed, _) => print(array),
        // A zone is only how an instant is shown.
        (PortableType::Instant { .. }, DataType::Timestamp(unit, Some(_))) => {
            let plain = DataType::Timestamp(*unit, Some("UTC".into()));
            exact(&exact(array, &plain)?, &target)
        }
        (_, DataType::Dictionary(_, values)) => convert(&exact(array, values)?, ty),
        _ => exact(array, &target),
    }
}

fn exact(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, target, &CastOptions { safe: false, format_options: FormatOptions::default() })
}

fn print(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if let Some(text) = array.as_string_opt::<i32>() {
        return Ok(Arc::new(text.clone()));
    }
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(array, &options)?;
    let mut out = StringBuilder::new();
    for row in 0..array.len() {
        if array.is_null(row) { out.append_null() } else { out.append_value(formatter.value(row).try_to_string()?) }
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cells;
    use arrow::array::{DictionaryArray, Int32Array, ListArray, TimestampMillisecondArray, UInt8Array};
    use arrow::datatypes::{Int8Type, Int32Type};

    fn printed(array: ArrayRef) -> Vec<Option<String>> {
        let ty = portable_type(array.data_type());
        let cells = Cells::new(&convert(&array, &ty).unwrap()).unwrap();
        (0..array.len()).map(|row| cells.print(row)).collect()
    }

    #[test]
    fn foreign_types_keep_their_values() {
        assert_eq!(printed(Arc::new(UInt8Array::from(vec![Some(255), None]))), [Some("255".into()), None]);
        let words: DictionaryArray<Int8Type> = vec!["a", "b", "a"].into_iter().collect();
        assert_eq!(printed(Arc::new(words)), ["a", "b", "a"].map(|w| Some(w.into())));
        let times = TimestampMillisecondArray::from(vec![-1, 1500]).with_timezone("Europe/Berlin");
        let expected = ["1969-12-31 23:59:59.999Z", "1970-01-01 00:00:01.5Z"];
        assert_eq!(printed(Arc::new(times)), expected.map(|t| Some(t.into())));
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        assert_eq!(printed(Arc::new(list)), [Some("[1, null]".into()), None]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let seconds = arrow::array::TimestampSecondArray::from(vec![i64::MAX]);
        let array: ArrayRef = Arc::new(seconds);
        assert!(convert(&array, &portable_type(array.data_type())).is_err());
        let small: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        assert_eq!(convert(&small, &PortableType::Integer).unwrap().data_type(), &DataType::Int64);
    }
}
