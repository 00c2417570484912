//! Brings cells to the canonical bytes of their family. Two cells are equal exactly when their
//! bytes are, whichever types and systems they came from. Every encoding says where it ends, so
//! that cells can be laid one after the other: a tuple, never a concatenation.

use super::coarse::coarse;
use super::column::PortableType;
use super::elements::{bits_to_number, encode_list, encode_words};
use super::family::{Family, ListOf};
use super::interval::Interval;
use super::json::canonical_json;
use super::number::Number;
use super::parse::{
    MICROS_PER_DAY, narrowed, parse_boolean, parse_date, parse_float, parse_float32, parse_hex, parse_time,
    parse_timestamp, parse_uuid,
};
use super::print::{print_bytes, print_date, print_time, print_timestamp};
use super::rules::Rules;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType, UInt64Type,
};

/// A column of a batch in its portable Arrow type, ready to be read cell by cell.
#[derive(Clone, Debug)]
pub enum Cells {
    /// Booleans.
    Boolean(BooleanArray),
    /// Signed integers.
    Integer(Int64Array),
    /// Unsigned integers.
    Unsigned(UInt64Array),
    /// Decimals and their scale.
    Decimal(Decimal128Array, u32),
    /// 32-bit floats.
    Float32(Float32Array),
    /// 64-bit floats.
    Float64(Float64Array),
    /// Text in its many meanings; the portable type says which.
    Text(StringArray),
    /// Bytes.
    Bytes(BinaryArray),
    /// Days.
    Date(Date32Array),
    /// Microseconds since midnight.
    Time(Time64MicrosecondArray),
    /// Microseconds since 1970; true if it is an instant.
    Timestamp(TimestampMicrosecondArray, bool),
}

impl Cells {
    /// Wraps an array of a portable type's Arrow type; `None` for any other.
    pub fn new(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean().clone()),
            DataType::Int64 => Self::Integer(array.as_primitive::<Int64Type>().clone()),
            DataType::UInt64 => Self::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            DataType::Decimal128(_, scale) => {
                Self::Decimal(array.as_primitive::<Decimal128Type>().clone(), u32::try_from(*scale).ok()?)
            }
            DataType::Float32 => Self::Float32(array.as_primitive::<Float32Type>().clone()),
            DataType::Float64 => Self::Float64(array.as_primitive::<Float64Type>().clone()),
            DataType::Utf8 => Self::Text(array.as_string::<i32>().clone()),
            DataType::Binary => Self::Bytes(array.as_binary::<i32>().clone()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().clone()),
            DataType::Time64(TimeUnit::Microsecond) => {
                Self::Time(array.as_primitive::<Time64MicrosecondType>().clone())
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Self::Timestamp(array.as_primitive::<TimestampMicrosecondType>().clone(), zone.is_some())
            }
            _ => return None,
        })
    }

    /// Whether the cell is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Boolean(a) => a.is_null(row),
            Self::Integer(a) => a.is_null(row),
            Self::Unsigned(a) => a.is_null(row),
            Self::Decimal(a, _) => a.is_null(row),
            Self::Float32(a) => a.is_null(row),
            Self::Float64(a) => a.is_null(row),
            Self::Text(a) => a.is_null(row),
            Self::Bytes(a) => a.is_null(row),
            Self::Date(a) => a.is_null(row),
            Self::Time(a) => a.is_null(row),
            Self::Timestamp(a, _) => a.is_null(row),
        }
    }

    /// The cell as trueup prints it; `None` for NULL.
    pub fn print(&self, row: usize) -> Option<String> {
        if self.is_null(row) {
            return None;
        }
        Some(match self {
            Self::Boolean(a) => a.value(row).to_string(),
            Self::Integer(a) => a.value(row).to_string(),
            Self::Unsigned(a) => a.value(row).to_string(),
            Self::Decimal(a, scale) => {
                let (value, mut out) = (a.value(row), String::new());
                super::number::push_digits(&mut out, value < 0, &value.unsigned_abs().to_string(), *scale);
                out
            }
            Self::Float32(a) => print_float(a.value(row).into(), format!("{:?}", a.value(row))),
            Self::Float64(a) => print_float(a.value(row), format!("{:?}", a.value(row))),
            Self::Text(a) => a.value(row).to_owned(),
            Self::Bytes(a) => print_bytes(a.value(row)),
            Self::Date(a) => print_date(a.value(row).into()),
            Self::Time(a) => print_time(a.value(row)),
            Self::Timestamp(a, utc) => print_timestamp(a.value(row), *utc),
        })
    }
}

/// Whole floats print without a point, so that they read like the same number elsewhere.
fn print_float(value: f64, shortest: String) -> String {
    match shortest.strip_suffix(".0") {
        Some(whole) if value != 0.0 || !whole.starts_with('-') => whole.to_owned(),
        Some(_) => "0".to_owned(),
        None if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        None => shortest,
    }
}

const NULL: u8 = 0;
const VALUE: u8 = 1;
/// What the family cannot hold, kept distinct as text.
const OTHER: u8 = 9;

/// Encodes the cells of one side of one pair of columns.
#[derive(Clone, Debug)]
pub struct Encoder {
    source: PortableType,
    family: Family,
    rules: Rules,
    /// The zone that zone-less times are in beside instants, where the job names one.
    zone: Option<chrono_tz::Tz>,
}

impl Encoder {
    /// For cells of type `source`, compared in `family` under `rules`.
    pub fn new(source: PortableType, family: Family, rules: Rules, zone: Option<chrono_tz::Tz>) -> Self {
        Self { source, family, rules, zone }
    }

    /// For cells of one table among themselves: strictly, in their type's own family.
    pub fn own(ty: &PortableType) -> Self {
        Self::new(ty.clone(), super::family::family(ty, ty), Rules::default(), None).strict()
    }

    /// For the elements of lists, which are text whatever they are.
    pub(super) fn element(of: ListOf) -> Self {
        let rules = Rules { hex: of == ListOf::Bytes, ..Rules::default() };
        Self::new(PortableType::Text, of.family(), rules, None)
    }

    /// The same encoder without anything that softens: full precision, no rules.
    pub fn strict(&self) -> Self {
        // Read as UUIDs by rule only, they are the bytes that they are.
        let family = if self.rules.uuid { Family::Bytes } else { self.family.strict() };
        // Padding is no part of a value.
        let rules = Rules { padded: self.rules.padded, ..Rules::default() };
        Self { family, rules, ..self.clone() }
    }

    /// Appends one cell. `other` is the text of a value that the typed column cannot hold.
    pub fn encode(&self, cells: &Cells, row: usize, other: Option<&str>, out: &mut Vec<u8>) {
        if let Some(text) = other {
            // Text holds any text and bytes any bytes: what they could not hold was something else.
            return match (&self.source, self.family) {
                // Bytes in a column of text are bytes beside bytes.
                (PortableType::Text, Family::Bytes) => match text.strip_prefix("\\x").and_then(|_| parse_hex(text)) {
                    Some(bytes) => push_bytes(&bytes, out),
                    None => push_other(text, out),
                },
                (PortableType::Text, Family::Uuid) => match text.strip_prefix("\\x").and_then(parse_uuid) {
                    Some(uuid) => push_tagged(VALUE, uuid, out),
                    None => push_other(text, out),
                },
                (PortableType::Text | PortableType::Printed | PortableType::Bytes, _) => push_other(text, out),
                _ => self.encode_text(text, out),
            };
        }
        self.encode_block(cells, row, std::slice::from_mut(out));
    }

    /// Whether a cell is NULL, or passes for it by the job's rules; `other` as for [`Self::encode`].
    pub fn is_null(&self, cells: &Cells, row: usize, other: Option<&str>) -> bool {
        if !self.rules.empty_is_null {
            return other.is_none() && cells.is_null(row);
        }
        let mut bytes = Vec::new();
        self.encode(cells, row, other, &mut bytes);
        bytes == [NULL]
    }

    /// The bytes of a cell that is equal to another exactly if these are: text and bytes that no rule
    /// softens. What is as long as memory allows need not be copied to be compared.
    pub fn verbatim<'a>(&self, cells: &'a Cells, row: usize) -> Option<&'a [u8]> {
        if self.rules != Rules::default() || cells.is_null(row) {
            return None;
        }
        match (self.family, cells) {
            (Family::Text | Family::Bytes, Cells::Text(a)) => Some(a.value(row).as_bytes()),
            (Family::Bytes, Cells::Bytes(a)) => Some(a.value(row)),
            _ => None,
        }
    }

    /// Appends the cells of as many rows as there are buffers, from row `first` on, each to its own
    /// buffer.
    pub fn encode_block(&self, cells: &Cells, first: usize, out: &mut [Vec<u8>]) {
        match (self.family, cells) {
            (Family::Number | Family::ShortNumber, Cells::Integer(a)) => each(a, first, out, |row, out| {
                push_tagged(1, a.value(row).to_le_bytes(), out); // as `Number::encode` does
            }),
            (Family::Number | Family::ShortNumber, Cells::Unsigned(a)) => {
                each(a, first, out, |row, out| Number::new(a.value(row).into(), 0).encode(out));
            }
            (Family::Number | Family::ShortNumber, Cells::Decimal(a, scale)) => {
                each(a, first, out, |row, out| Number::new(a.value(row), *scale).encode(out));
            }
            (Family::ShortNumber, Cells::Float32(a)) => each(a, first, out, |row, out| {
                let value = a.value(row);
                match Number::parse(&value.to_string()) {
                    Some(number) => number.encode(out),
                    None => push_other(float_word(value.into()), out),
                }
            }),
            (Family::Number, Cells::Float32(a)) => {
                each(a, first, out, |row, out| self.encode_float_as_number(a.value(row).into(), out));
            }
            (Family::Number | Family::ShortNumber, Cells::Float64(a)) => {
                each(a, first, out, |row, out| self.encode_float_as_number(a.value(row), out));
            }
            (Family::Float64, Cells::Float64(a)) => each(a, first, out, |row, out| push_float(a.value(row), out)),
            (Family::Float32, Cells::Float64(a)) => each(a, first, out, |row, out| {
                let value = a.value(row);
                push_float(narrowed(value).map_or(value, f64::from), out);
            }),
            (Family::Float32 | Family::Float64, Cells::Float32(a)) => {
                each(a, first, out, |row, out| push_float(a.value(row).into(), out));
            }
            (Family::Boolean, Cells::Boolean(a)) => {
                each(a, first, out, |row, out| push_tagged(VALUE, [a.value(row).into()], out));
            }
            (Family::Bytes, Cells::Bytes(a)) => each(a, first, out, |row, out| push_bytes(a.value(row), out)),
            (Family::Uuid, Cells::Bytes(a)) => each(a, first, out, |row, out| match a.value(row).try_into() {
                Ok(uuid) => push_tagged::<16>(VALUE, uuid, out),
                Err(_) => self.encode_text(&print_bytes(a.value(row)), out),
            }),
            (Family::Date, Cells::Date(a)) => each(a, first, out, |row, out| push_i64(a.value(row).into(), out)),
            (Family::Timestamp(_) | Family::Instant(_), Cells::Date(a)) => each(a, first, out, |row, out| {
                self.push_timestamp(i64::from(a.value(row)).saturating_mul(MICROS_PER_DAY), false, out);
            }),
            (Family::Time(precision), Cells::Time(a)) => {
                each(a, first, out, |row, out| {
                    push_i64(coarse(self.family, self.rules.round, a.value(row), precision), out)
                });
            }
            (Family::Interval, Cells::Time(a)) => each(a, first, out, |row, out| {
                push_interval(Interval { micros: a.value(row), ..Interval::default() }, out);
            }),
            (Family::Timestamp(_) | Family::Instant(_), Cells::Timestamp(a, utc)) => {
                each(a, first, out, |row, out| self.push_timestamp(a.value(row), *utc, out));
            }
            (_, Cells::Text(a)) => each(a, first, out, |row, out| self.encode_text(a.value(row), out)),
            // A mixture that no family fits is compared as it is printed.
            _ => {
                for (row, out) in (first..).zip(out) {
                    match cells.print(row) {
                        Some(text) => self.encode_text(&text, out),
                        None => out.push(NULL),
                    }
                }
            }
        }
    }

    fn encode_float_as_number(&self, value: f64, out: &mut Vec<u8>) {
        match Number::from_f64(value) {
            Some(number) => number.encode(out),
            None => push_other(float_word(value), out),
        }
    }

    fn push_timestamp(&self, micros: i64, zoned: bool, out: &mut Vec<u8>) {
        let (precision, instant) = match self.family {
            Family::Instant(p) => (p, true),
            Family::Timestamp(p) => (p, false),
            _ => (6, false),
        };
        let micros = match (self.zone, instant && !zoned) {
            (Some(zone), true) => match to_utc(micros, zone) {
                Some(utc) => utc,
                None => return push_other(&print_timestamp(micros, false), out),
            },
            _ => micros,
        };
        push_i64(coarse(self.family, self.rules.round, micros, precision), out);
    }

    /// Appends a value from its text.
    pub(super) fn encode_text(&self, text: &str, out: &mut Vec<u8>) {
        if self.rules.empty_is_null && text.is_empty() {
            return out.push(NULL);
        }
        let encoded = match self.family {
            Family::Text => {
                self.encode_plain_text(text, out);
                Some(())
            }
            Family::Bytes if self.rules.hex => parse_hex(text).map(|bytes| push_bytes(&bytes, out)),
            Family::Bytes => {
                push_bytes(text.as_bytes(), out);
                Some(())
            }
            Family::Bits => {
                text.bytes().all(|bit| matches!(bit, b'0' | b'1')).then(|| push_bytes(text.as_bytes(), out))
            }
            Family::Boolean | Family::Number if matches!(self.source, PortableType::Bits { .. }) => {
                bits_to_number(text).and_then(|number| match (self.family, number) {
                    (Family::Boolean, Number::Small { mantissa: bit @ 0..=1, .. }) => {
                        out.extend_from_slice(&[VALUE, u8::from(bit == 1)]);
                        Some(())
                    }
                    (Family::Boolean, _) => None,
                    (_, number) => {
                        number.encode(out);
                        Some(())
                    }
                })
            }
            Family::Interval => Interval::parse(text).map(|interval| push_interval(interval, out)),
            Family::List(of) => encode_list(&self.source, of, text, out),
            Family::Words => encode_words(&self.source, text, out),
            Family::Boolean => self.parse_truth(text).map(|value| out.extend_from_slice(&[VALUE, value.into()])),
            Family::Number | Family::ShortNumber => match Number::parse(text) {
                Some(number) => {
                    number.encode(out);
                    Some(())
                }
                None => parse_float(text).map(|value| push_other(float_word(value), out)),
            },
            Family::Float64 => parse_float(text).map(|value| push_float(value, out)),
            Family::Float32 => parse_float32(text).map(|value| push_float(value.into(), out)),
            Family::Date => self.parse_day(text).map(|days| push_i64(days.into(), out)),
            Family::Time(precision) => {
                parse_time(text).map(|micros| push_i64(coarse(self.family, self.rules.round, micros, precision), out))
            }
            Family::Timestamp(_) | Family::Instant(_) => {
                parse_timestamp(text).map(|(micros, zoned)| self.push_timestamp(micros, zoned, out))
            }
            Family::Uuid => parse_uuid(text).map(|bytes| {
                out.push(VALUE);
                out.extend_from_slice(&bytes);
            }),
            Family::Json => canonical_json(text).map(|bytes| push_bytes(&bytes, out)),
        };
        if encoded.is_none() {
            push_other(text, out);
        }
    }

    fn encode_plain_text(&self, text: &str, out: &mut Vec<u8>) {
        let text = if self.rules.trim { text.trim() } else { text };
        let text = if self.rules.padded { text.trim_end_matches(' ') } else { text };
        if self.rules.empty_is_null && text.is_empty() {
            out.push(NULL);
        } else if self.rules.ignore_case {
            push_bytes(text.to_lowercase().as_bytes(), out);
        } else {
            push_bytes(text.as_bytes(), out);
        }
    }

    fn parse_truth(&self, text: &str) -> Option<bool> {
        parse_boolean(text).or_else(|| match Number::parse(text)? {
            Number::Small { mantissa: 0, .. } => Some(false),
            Number::Small { mantissa: 1, scale: 0 } => Some(true),
            _ => None,
        })
    }

    /// A date, or a timestamp at midnight: what a date looks like once it went through one.
    fn parse_day(&self, text: &str) -> Option<i32> {
        parse_date(text).or_else(|| {
            let (micros, zoned) = parse_timestamp(text)?;
            let midnight = !zoned && micros.rem_euclid(MICROS_PER_DAY) == 0;
            midnight.then(|| i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok()).flatten()
        })
    }
}

/// Encodes the cells of rows from `first` on, each into its own buffer; NULLs are dealt with here.
fn each<A: Array>(array: &A, first: usize, out: &mut [Vec<u8>], encode: impl Fn(usize, &mut Vec<u8>)) {
    match array.nulls() {
        None => (first..).zip(out).for_each(|(row, out)| encode(row, out)),
        Some(nulls) => {
            (first..).zip(out).for_each(|(row, out)| if nulls.is_null(row) { out.push(NULL) } else { encode(row, out) })
        }
    }
}

fn push_tagged<const N: usize>(tag: u8, bytes: [u8; N], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&bytes);
}

/// The instant of a local time; `None` where the zone skips or repeats it.
pub fn to_utc(micros: i64, zone: chrono_tz::Tz) -> Option<i64> {
    use chrono::{DateTime, TimeZone};
    let local = DateTime::from_timestamp_micros(micros)?.naive_utc();
    zone.from_local_datetime(&local).single().map(|instant| instant.timestamp_micros())
}

fn float_word(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn push_interval(interval: Interval, out: &mut Vec<u8>) {
    out.push(VALUE);
    interval.encode(out);
}

fn push_i64(value: i64, out: &mut Vec<u8>) {
    push_tagged(VALUE, value.to_le_bytes(), out);
}

fn push_float(value: f64, out: &mut Vec<u8>) {
    // One NaN, one zero.
    let value = if value.is_nan() {
        f64::NAN
    } else if value == 0.0 {
        0.0
    } else {
        value
    };
    out.push(VALUE);
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(VALUE);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

pub(super) fn push_other(text: &str, out: &mut Vec<u8>) {
    out.push(OTHER);
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
#[path = "encoder_tests.rs"]
mod tests;
