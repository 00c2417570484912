//! Translates arrays of anyone's Parquet file to portable types. Nothing is lost on the way: what
//! the portable type can't hold is handed back as text, beside the column.

use super::moments::{Values, in_unit, int96, nanos, print_moment, print_time_of_day};
use super::nested::write_json;
use super::shape::Shape;
use crate::table::{Interval, PortableType, print_bytes, print_uuid};
use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, StringBuilder, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

const MILLI: i128 = 1_000_000;
const MICRO: i128 = 1_000;
const DAY: i128 = 86_400_000_000_000;

/// The values of a column of this shape, in its portable type.
pub(super) fn convert(array: &ArrayRef, shape: &Shape) -> Result<Values, ArrowError> {
    if let DataType::Dictionary(_, values) = array.data_type() {
        return convert(&cast(array, values)?, shape);
    }
    match shape {
        Shape::Plain(_) => plain(array, &shape.ty()),
        Shape::Interval(signed) => {
            let bytes = fixed(array)?;
            print(array, |row| {
                let [months, days, millis] = interval_parts(bytes.value(row));
                let millis = if *signed { millis.into() } else { i64::from(millis as u32) };
                Ok(Interval { months: months.into(), days: days.into(), micros: millis * 1_000 }.to_string())
            })
        }
        Shape::Int96(utc) => {
            let bytes = fixed(array)?;
            let value = |row| int96(bytes, row);
            let (moments, others) =
                in_unit::<TimestampMicrosecondType>(array, value, MICRO, |nanos| print_moment(nanos, *utc));
            Ok((cast(&moments, &shape.ty().arrow())?, others))
        }
        Shape::Uuid => {
            let bytes = fixed(array)?;
            print(array, |row| {
                let bytes = bytes.value(row);
                Ok(bytes.try_into().map_or_else(|_| print_bytes(bytes), print_uuid))
            })
        }
        Shape::Json | Shape::Enum => Ok((cast(array, &DataType::Utf8)?, Vec::new())),
        Shape::List(_) | Shape::Struct(_) | Shape::Map(_) => Ok((write_json(array, shape)?, Vec::new())),
    }
}

fn plain(array: &ArrayRef, ty: &PortableType) -> Result<Values, ArrowError> {
    let target = ty.arrow();
    if *array.data_type() == target {
        return Ok((Arc::clone(array), Vec::new()));
    }
    let values: Values = match array.data_type() {
        DataType::Null => (new_null_array(&target, array.len()), Vec::new()),
        DataType::Timestamp(unit, zone) if *unit != TimeUnit::Microsecond => {
            let (unit, utc) = (nanos(*unit), zone.is_some());
            let whole = cast(array, &DataType::Int64)?;
            let whole = whole.as_primitive::<Int64Type>();
            let value = |row| i128::from(whole.value(row)) * unit;
            let (moments, others) =
                in_unit::<TimestampMicrosecondType>(array, value, MICRO, |nanos| print_moment(nanos, utc));
            (cast(&moments, &target)?, others)
        }
        // A zone is only how an instant is shown.
        DataType::Timestamp(_, Some(_)) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC");
            (Arc::new(instants) as ArrayRef, Vec::new())
        }
        DataType::Time32(TimeUnit::Second) => {
            let times = array.as_primitive::<Time32SecondType>();
            time(array, |row| i128::from(times.value(row)) * 1_000 * MILLI)
        }
        DataType::Time32(_) => {
            let times = array.as_primitive::<Time32MillisecondType>();
            time(array, |row| i128::from(times.value(row)) * MILLI)
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            let times = array.as_primitive::<Time64NanosecondType>();
            time(array, |row| times.value(row).into())
        }
        DataType::Date64 => {
            let dates = array.as_primitive::<Date64Type>();
            let value = |row| i128::from(dates.value(row)) * MILLI;
            in_unit::<Date32Type>(array, value, DAY, |nanos| print_moment(nanos, false))
        }
        DataType::Duration(unit) => {
            let lengths = duration(array, *unit);
            // What is less than a microsecond has digits of its own, as times have.
            return print(array, |row| {
                let length = lengths(row) * nanos(*unit);
                let whole = (length % MICRO == 0).then(|| i64::try_from(length / MICRO).ok()).flatten();
                let interval = whole.map(|micros| Interval { micros, ..Interval::default() }.to_string());
                Ok(interval.unwrap_or_else(|| print_time_of_day(length)))
            });
        }
        _ if *ty == PortableType::Printed => {
            let options = FormatOptions::default().with_null("null");
            let formatter = ArrayFormatter::try_new(array, &options)?;
            return print(array, |row| formatter.value(row).try_to_string());
        }
        _ => (cast(array, &target)?, Vec::new()),
    };
    Ok(values)
}

fn time(array: &ArrayRef, value: impl Fn(usize) -> i128) -> Values {
    in_unit::<Time64MicrosecondType>(array, value, MICRO, print_time_of_day)
}

fn duration(array: &ArrayRef, unit: TimeUnit) -> Box<dyn Fn(usize) -> i128 + '_> {
    macro_rules! lengths {
        ($ty:ty) => {{
            let lengths = array.as_primitive::<$ty>();
            Box::new(move |row| lengths.value(row).into())
        }};
    }
    match unit {
        TimeUnit::Second => lengths!(DurationSecondType),
        TimeUnit::Millisecond => lengths!(DurationMillisecondType),
        TimeUnit::Microsecond => lengths!(DurationMicrosecondType),
        TimeUnit::Nanosecond => lengths!(DurationNanosecondType),
    }
}

fn print(array: &ArrayRef, text: impl Fn(usize) -> Result<String, ArrowError>) -> Result<Values, ArrowError> {
    let mut out = StringBuilder::new();
    for row in 0..array.len() {
        if array.is_null(row) { out.append_null() } else { out.append_value(text(row)?) }
    }
    Ok((Arc::new(out.finish()), Vec::new()))
}

fn fixed(array: &ArrayRef) -> Result<&FixedSizeBinaryArray, ArrowError> {
    let wrong = || ArrowError::CastError(format!("{} in place of bytes of one length", array.data_type()));
    array.as_any().downcast_ref().ok_or_else(wrong)
}

fn interval_parts(bytes: &[u8]) -> [i32; 3] {
    let mut parts = [0; 3];
    for (part, bytes) in parts.iter_mut().zip(bytes.chunks_exact(4)) {
        let mut four = [0; 4];
        four.copy_from_slice(bytes);
        *part = i32::from_le_bytes(four);
    }
    parts
}

/// The array in another type; what does not fit is an error.
pub(super) fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    cast_with_options(array, target, &CastOptions { safe: false, format_options: FormatOptions::default() })
}
