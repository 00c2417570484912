//! Builds one column of a batch in its portable Arrow type, value by value. What the type cannot
//! hold is handed back as text and travels beside the column; it is never dropped or nulled.

use super::column::PortableType;
use super::number::Number;
use super::parse::{parse_boolean, parse_date, parse_float, parse_float32, parse_time, parse_timestamp, parse_uuid};
use super::print::{print_bytes, print_timestamp, print_uuid};
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow::datatypes::DataType;
use std::fmt::Write;
use std::sync::Arc;

/// A builder for one column.
#[derive(Debug)]
pub struct PortableBuilder {
    ty: PortableType,
    inner: Inner,
    rows: u32,
    others: Vec<(u32, String)>,
}

#[derive(Debug)]
enum Inner {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Unsigned(UInt64Builder),
    Decimal(Decimal128Builder, u32, u32),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, bool),
}

macro_rules! each {
    ($inner:expr, $b:ident => $do:expr) => {
        match $inner {
            Inner::Boolean($b) => $do,
            Inner::Integer($b) => $do,
            Inner::Unsigned($b) => $do,
            Inner::Decimal($b, ..) => $do,
            Inner::Float32($b) => $do,
            Inner::Float64($b) => $do,
            Inner::Text($b) => $do,
            Inner::Bytes($b) => $do,
            Inner::Date($b) => $do,
            Inner::Time($b) => $do,
            Inner::Timestamp($b, ..) => $do,
        }
    };
}

impl PortableBuilder {
    /// An empty column of this type.
    pub fn new(ty: &PortableType) -> Self {
        let inner = match ty.arrow() {
            DataType::Boolean => Inner::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Inner::Integer(Int64Builder::new()),
            DataType::UInt64 => Inner::Unsigned(UInt64Builder::new()),
            DataType::Decimal128(p, s) => Inner::Decimal(
                Decimal128Builder::new().with_data_type(DataType::Decimal128(p, s)),
                p.into(),
                u32::try_from(s).unwrap_or(0),
            ),
            DataType::Float32 => Inner::Float32(Float32Builder::new()),
            DataType::Float64 => Inner::Float64(Float64Builder::new()),
            DataType::Binary => Inner::Bytes(BinaryBuilder::new()),
            DataType::Date32 => Inner::Date(Date32Builder::new()),
            DataType::Time64(_) => Inner::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(_, zone) => {
                let utc = zone.is_some();
                Inner::Timestamp(TimestampMicrosecondBuilder::new().with_timezone_opt(zone), utc)
            }
            _ => Inner::Text(StringBuilder::new()),
        };
        Self { ty: ty.clone(), inner, rows: 0, others: Vec::new() }
    }

    /// How many cells were added since the last [`finish`](Self::finish).
    pub fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Adds NULL.
    pub fn null(&mut self) {
        self.rows += 1;
        each!(&mut self.inner, b => b.append_null());
    }

    /// Adds a value that this column's type cannot hold, as text.
    pub fn other(&mut self, text: String) {
        self.others.push((self.rows, text));
        self.null();
    }

    /// Adds a boolean.
    pub fn boolean(&mut self, value: bool) {
        match &mut self.inner {
            Inner::Boolean(b) => b.append_value(value),
            _ => return self.parse(if value { "true" } else { "false" }),
        }
        self.rows += 1;
    }

    /// Adds a whole number.
    pub fn integer(&mut self, value: i64) {
        match &mut self.inner {
            Inner::Integer(b) => b.append_value(value),
            Inner::Boolean(b) if value == 0 || value == 1 => b.append_value(value == 1),
            _ => return self.parse(&value.to_string()),
        }
        self.rows += 1;
    }

    /// Adds a whole number that may be beyond 2⁶³.
    pub fn unsigned(&mut self, value: u64) {
        match &mut self.inner {
            Inner::Unsigned(b) => b.append_value(value),
            _ => return self.parse(&value.to_string()),
        }
        self.rows += 1;
    }

    /// Adds a 64-bit float.
    pub fn float(&mut self, value: f64) {
        match &mut self.inner {
            Inner::Float64(b) => b.append_value(value),
            // A wider value than 32 bits hold is not rounded away.
            Inner::Float32(b) if f64::from(value as f32) == value || value.is_nan() => b.append_value(value as f32),
            Inner::Float32(_) => return self.other(value.to_string()),
            _ => return self.parse(&value.to_string()),
        }
        self.rows += 1;
    }

    /// Adds a 32-bit float.
    pub fn float32(&mut self, value: f32) {
        match &mut self.inner {
            Inner::Float32(b) => b.append_value(value),
            _ => return self.float(value.into()),
        }
        self.rows += 1;
    }

    /// Adds a decimal, `mantissa × 10^-scale`.
    pub fn decimal(&mut self, mantissa: i128, scale: u32) {
        match &mut self.inner {
            Inner::Decimal(b, precision, own) if *own == scale && mantissa.unsigned_abs() < 10u128.pow(*precision) => {
                b.append_value(mantissa);
                self.rows += 1;
            }
            _ => self.number(&Number::new(mantissa, scale)),
        }
    }

    /// Adds text as it is; only for columns carried as text.
    pub fn text(&mut self, value: &str) {
        match &mut self.inner {
            Inner::Text(b) => b.append_value(value),
            _ => return self.parse(value),
        }
        self.rows += 1;
    }

    /// Adds what prints as `value`, without a string of its own.
    pub fn display(&mut self, value: std::fmt::Arguments<'_>) {
        match &mut self.inner {
            Inner::Text(b) => {
                // Writing to memory does not fail.
                let _ = b.write_fmt(value);
                b.append_value("");
                self.rows += 1;
            }
            _ => self.parse(&value.to_string()),
        }
    }

    /// Adds bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        match (&mut self.inner, std::str::from_utf8(value)) {
            (Inner::Bytes(b), _) => {
                b.append_value(value);
                self.rows += 1;
            }
            (_, Ok(text)) => self.parse(text),
            (_, Err(_)) => self.other(print_bytes(value)),
        }
    }

    /// Adds a date, in days since 1970-01-01.
    pub fn date(&mut self, days: i32) {
        match &mut self.inner {
            Inner::Date(b) => b.append_value(days),
            _ => return self.parse(&super::print::print_date(days.into())),
        }
        self.rows += 1;
    }

    /// Adds a time, in microseconds since midnight.
    pub fn time(&mut self, micros: i64) {
        match &mut self.inner {
            Inner::Time(b) => b.append_value(micros),
            _ => return self.parse(&super::print::print_time(micros)),
        }
        self.rows += 1;
    }

    /// Adds a date and time, in microseconds since 1970-01-01.
    pub fn timestamp(&mut self, micros: i64) {
        match &mut self.inner {
            Inner::Timestamp(b, _) => b.append_value(micros),
            _ => return self.parse(&print_timestamp(micros, false)),
        }
        self.rows += 1;
    }

    fn number(&mut self, number: &Number) {
        match &mut self.inner {
            Inner::Decimal(b, precision, scale) => match number.at_scale(*precision, *scale) {
                Some(value) => b.append_value(value),
                None => return self.other(number.to_string()),
            },
            _ => return self.parse(&number.to_string()),
        }
        self.rows += 1;
    }

    /// Reads the printed form of a value of this column's type. Text that is no such value is
    /// kept as it is.
    pub fn parse(&mut self, text: &str) {
        let fits = match &mut self.inner {
            Inner::Text(b) => match &self.ty {
                PortableType::Uuid => parse_uuid(text).map(|bytes| b.append_value(print_uuid(&bytes))),
                PortableType::Decimal { .. } => Number::parse(text).map(|number| b.append_value(number.to_string())),
                PortableType::Bits { .. } if !text.bytes().all(|bit| matches!(bit, b'0' | b'1')) => None,
                _ => {
                    b.append_value(text);
                    Some(())
                }
            },
            Inner::Boolean(b) => parse_boolean(text).map(|value| b.append_value(value)),
            Inner::Integer(b) => parse_integer(text).map(|value| b.append_value(value)),
            Inner::Unsigned(b) => parse_integer(text).map(|value| b.append_value(value)),
            Inner::Decimal(b, precision, scale) => {
                Number::parse(text).and_then(|n| n.at_scale(*precision, *scale)).map(|value| b.append_value(value))
            }
            Inner::Float32(b) => parse_float32(text).map(|value| b.append_value(value)),
            Inner::Float64(b) => parse_float(text).map(|value| b.append_value(value)),
            Inner::Bytes(b) => {
                b.append_value(text.as_bytes());
                Some(())
            }
            Inner::Date(b) => parse_date(text).map(|days| b.append_value(days)),
            Inner::Time(b) => parse_time(text).map(|micros| b.append_value(micros)),
            Inner::Timestamp(b, utc) => {
                // A zone where none belongs would be lost; no zone where one belongs is UTC.
                parse_timestamp(text).filter(|(_, zoned)| *utc || !zoned).map(|(micros, _)| b.append_value(micros))
            }
        };
        match fits {
            Some(()) => self.rows += 1,
            None => self.other(text.to_owned()),
        }
    }

    /// The finished column and, by row, the values that it could not hold. Starts anew.
    pub fn finish(&mut self) -> (ArrayRef, Vec<(u32, String)>) {
        self.rows = 0;
        let array: ArrayRef = each!(&mut self.inner, b => Arc::new(b.finish()));
        (array, std::mem::take(&mut self.others))
    }
}

/// Whole numbers as they are printed: `+5` and `5.00` are fine, `5.5` is not whole.
fn parse_integer<T: TryFrom<i128>>(text: &str) -> Option<T> {
    match Number::parse(text)? {
        Number::Small { mantissa, scale: 0 } => T::try_from(mantissa).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cells;

    fn built(ty: PortableType, texts: &[&str]) -> (Vec<Option<String>>, Vec<(u32, String)>) {
        let mut builder = PortableBuilder::new(&ty);
        texts.iter().for_each(|text| builder.parse(text));
        let (array, others) = builder.finish();
        let cells = Cells::new(&array).unwrap();
        ((0..texts.len()).map(|row| cells.print(row)).collect(), others)
    }

    #[test]
    fn what_does_not_fit_is_kept_as_text() {
        let (values, others) = built(PortableType::Integer, &["5", "abc", "99999999999999999999", "5.0"]);
        assert_eq!(values, [Some("5".into()), None, None, Some("5".into())]);
        assert_eq!(others, [(1, "abc".into()), (2, "99999999999999999999".into())]);

        let (values, others) = built(PortableType::Date, &["0001-01-01", "0000-00-00"]);
        assert_eq!(values, [Some("0001-01-01".into()), None]);
        assert_eq!(others, [(1, "0000-00-00".into())]);

        let ty = PortableType::Decimal { precision: Some(4), scale: 2 };
        let (values, others) = built(ty, &["1.5", "1.234", "NaN"]);
        assert_eq!(values, [Some("1.50".into()), None, None]);
        assert_eq!(others, [(1, "1.234".into()), (2, "NaN".into())]);
    }

    #[test]
    fn text_is_never_changed() {
        let (values, others) = built(PortableType::Text, &["", " 007 ", "\u{1F600}"]);
        assert_eq!(values, [Some("".into()), Some(" 007 ".into()), Some("\u{1F600}".into())]);
        assert!(others.is_empty());
    }

    #[test]
    fn a_builder_starts_anew_after_each_batch() {
        let mut builder = PortableBuilder::new(&PortableType::Float32);
        builder.float(0.1);
        assert_eq!(builder.finish().1, [(0, "0.1".into())]);
        builder.float(0.5);
        assert_eq!(builder.finish().1, []);
        assert_eq!(builder.rows(), 0);
    }
}
