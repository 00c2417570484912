//! Values as text and back, for columns that hold values of two types. What is read back is the
//! same value, to the bit.

use crate::table::{Cells, PortableBuilder, PortableType, parse_bytes, parse_date, parse_timestamp};

/// The years 1 to 9999 in days since 1970: what prints as four digits of year.
const PRINTED_DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// A value as text; `None` for NULL.
pub fn to_text(cells: &Cells, row: usize) -> Option<String> {
    if cells.is_null(row) {
        return None;
    }
    match cells {
        Cells::Date(a) if !PRINTED_DAYS.contains(&a.value(row).into()) => Some(format!("@{}", a.value(row))),
        Cells::Timestamp(a, _) if !PRINTED_DAYS.contains(&a.value(row).div_euclid(crate::table::MICROS_PER_DAY)) => {
            Some(format!("@{}", a.value(row)))
        }
        Cells::Time(a) if !(0..=crate::table::MICROS_PER_DAY).contains(&a.value(row)) => {
            Some(format!("@{}", a.value(row)))
        }
        // Printed, it would be a zero without its sign.
        Cells::Float32(a) if a.value(row) == 0.0 && a.value(row).is_sign_negative() => Some("-0".to_owned()),
        Cells::Float64(a) if a.value(row) == 0.0 && a.value(row).is_sign_negative() => Some("-0".to_owned()),
        _ => cells.print(row),
    }
}

/// Adds a value that [`to_text`] wrote to a column of its type; `None` if it is no such value.
pub fn from_text(text: &str, ty: &PortableType, out: &mut PortableBuilder) -> Option<()> {
    use PortableType as T;
    match ty {
        T::Bytes => out.bytes(&parse_bytes(text)?),
        T::Text | T::Json | T::Uuid => out.text(text),
        printed if printed.is_printed() => out.text(text),
        T::Decimal { .. } if matches!(ty.arrow(), arrow::datatypes::DataType::Utf8) => out.text(text),
        T::Date => match text.strip_prefix('@') {
            Some(days) => out.date(days.parse().ok()?),
            None => out.date(parse_date(text)?),
        },
        T::Timestamp { .. } | T::Instant { .. } => match text.strip_prefix('@') {
            Some(micros) => out.timestamp(micros.parse().ok()?),
            None => out.timestamp(parse_timestamp(text)?.0),
        },
        T::Time { .. } => match text.strip_prefix('@') {
            Some(micros) => out.time(micros.parse().ok()?),
            None => out.time(crate::table::parse_time(text)?),
        },
        _ => out.parse(text),
    }
    Some(())
}
