//! One SQLite value into one portable cell, by the value's own kind.

use crate::table::{PortableBuilder, PortableType, print_bytes};
use rusqlite::types::ValueRef;

/// About how many bytes a value takes.
pub(super) fn size(value: &ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => size_of::<i64>(),
    }
}

/// Adds a value to a column of type `ty`. About how many bytes it has.
///
/// A number where a date or time belongs is kept as the number it is: whether it counts seconds,
/// milliseconds or days from which year is nowhere written.
pub(super) fn push(builder: &mut PortableBuilder, ty: &PortableType, value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Null => {
            builder.null();
            1
        }
        ValueRef::Integer(number) => {
            push_integer(builder, ty, number);
            8
        }
        ValueRef::Real(number) => {
            push_real(builder, ty, number);
            8
        }
        ValueRef::Text(bytes) => {
            match std::str::from_utf8(bytes) {
                // Among databases a text in a BLOB column equals its bytes.
                _ if *ty == PortableType::Bytes => builder.bytes(bytes),
                Ok(text) => builder.parse(text),
                Err(_) => builder.other(print_bytes(bytes)),
            }
            bytes.len()
        }
        ValueRef::Blob(bytes) => {
            match ty {
                PortableType::Bytes => builder.bytes(bytes),
                PortableType::Uuid if bytes.len() == 16 => builder.parse(&print_bytes(bytes)[2..]),
                _ => builder.other(print_bytes(bytes)),
            }
            bytes.len()
        }
    }
}

fn push_integer(builder: &mut PortableBuilder, ty: &PortableType, number: i64) {
    let exact = match ty {
        PortableType::Bytes => false,
        PortableType::Float64 => number as f64 as i128 == number.into(),
        PortableType::Float32 => number as f32 as i128 == number.into(),
        _ => true,
    };
    if exact { builder.integer(number) } else { builder.other(number.to_string()) }
}

fn push_real(builder: &mut PortableBuilder, ty: &PortableType, number: f64) {
    match ty {
        PortableType::Float64 | PortableType::Float32 => builder.float(number),
        PortableType::Bytes => builder.other(number.to_string()),
        _ if number == f64::INFINITY => builder.parse("Infinity"),
        _ if number == f64::NEG_INFINITY => builder.parse("-Infinity"),
        _ => builder.float(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cells;
    use PortableType as T;

    fn cell(ty: PortableType, value: ValueRef<'_>) -> String {
        let mut builder = PortableBuilder::new(&ty);
        push(&mut builder, &ty, value);
        let (array, others) = builder.finish();
        let printed = Cells::new(&array).unwrap().print(0);
        match others.first() {
            Some((_, text)) => format!("other {text}"),
            None => printed.unwrap_or_else(|| "NULL".to_owned()),
        }
    }

    #[test]
    fn every_kind_in_every_type() {
        use ValueRef::{Blob, Integer, Null, Real, Text};
        let decimal = T::Decimal { precision: None, scale: 0 };
        let timestamp = T::Timestamp { precision: 6 };
        let uuid = *b"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11";
        let table = [
            (T::Integer, Null, "NULL"),
            (T::Integer, Integer(i64::MIN), "-9223372036854775808"),
            (T::Integer, Real(1.5), "other 1.5"),
            (T::Integer, Text(b"abc"), "other abc"),
            (T::Integer, Text(b""), "other "),
            (T::Integer, Blob(b"\x05"), "other \\x05"),
            (T::Boolean, Integer(1), "true"),
            (T::Boolean, Integer(2), "other 2"),
            (T::Boolean, Text(b"false"), "false"),
            (decimal.clone(), Integer(5), "5"),
            (decimal.clone(), Real(0.1), "0.1"),
            (decimal.clone(), Real(1e23), "100000000000000000000000"),
            (decimal.clone(), Real(f64::INFINITY), "other Infinity"),
            (decimal, Text(b"n/a"), "other n/a"),
            (T::Float64, Real(0.1), "0.1"),
            (T::Float64, Real(f64::NEG_INFINITY), "-Infinity"),
            (T::Float64, Integer(5), "5"),
            (T::Float64, Integer(9_007_199_254_740_993), "other 9007199254740993"),
            (T::Text, Text(b"a\0b"), "a\0b"),
            (T::Text, Text(b"\xFF"), "other \\xff"),
            (T::Text, Blob(b"a"), "other \\x61"),
            (T::Text, Integer(7), "7"),
            (T::Bytes, Blob(b""), "\\x"),
            (T::Bytes, Text(b"\xFFa"), "\\xff61"),
            (T::Bytes, Integer(7), "other 7"),
            (timestamp.clone(), Text(b"2024-01-01 10:00:00"), "2024-01-01 10:00:00"),
            (timestamp.clone(), Text(b"2024-01-01 10:00:00Z"), "other 2024-01-01 10:00:00Z"),
            (timestamp.clone(), Integer(1_700_000_000), "other 1700000000"),
            (timestamp, Real(2_460_000.5), "other 2460000.5"),
            (T::Date, Integer(20_240_101), "other 20240101"),
            (T::Uuid, Blob(&uuid), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            (T::Uuid, Text(b"A0EEBC999C0B4EF8BB6D6BB9BD380A11"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            (T::Uuid, Blob(b"a"), "other \\x61"),
            (T::Json, Text(b"{\"a\": 1}"), "{\"a\": 1}"),
            (T::Json, Integer(5), "5"),
        ];
        for (ty, value, expected) in table {
            assert_eq!(cell(ty.clone(), value), expected, "{value:?} as {ty}");
        }
    }
}
