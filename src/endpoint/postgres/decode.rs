//! Cells to columns.

use super::copy::Cells;
use super::kind::Wire;
use super::numeric::{self, Numeric};
use crate::table::{Column, MICROS_PER_DAY, PortableBuilder, print_date, print_time, push_digits};
use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use std::fmt;

/// From 1970-01-01 to PostgreSQL's day 0, 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * MICROS_PER_DAY;

/// A finished column and the values it could not hold, by row.
pub(super) type Finished = (ArrayRef, Vec<(u32, String)>);

/// A cell that is not what its type sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadCell {
    pub column: usize,
    pub why: String,
}

/// The columns of the batch being filled.
pub(super) struct Columns {
    columns: Vec<(Wire, PortableBuilder)>,
    rows: usize,
}

impl Columns {
    pub(super) fn new(columns: impl Iterator<Item = (Wire, Column)>) -> Self {
        let columns = columns.map(|(wire, column)| {
            let long = wire == Wire::Numeric && column.ty.arrow() == DataType::Utf8;
            (if long { Wire::LongNumeric } else { wire }, PortableBuilder::new(&column.ty))
        });
        Self { columns: columns.collect(), rows: 0 }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row, which has as many cells as there are columns.
    #[inline]
    pub(super) fn row(&mut self, cells: Cells<'_>) -> Result<(), BadCell> {
        for (column, ((wire, builder), cell)) in self.columns.iter_mut().zip(cells).enumerate() {
            match cell {
                None => builder.null(),
                Some(raw) => {
                    if add(*wire, builder, raw).is_none() {
                        let why = format!("{} bytes that are no {wire:?}", raw.len());
                        return Err(BadCell { column, why });
                    }
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The batch's columns. Starts anew.
    pub(super) fn finish(&mut self) -> Vec<Finished> {
        self.rows = 0;
        self.columns.iter_mut().map(|(_, builder)| builder.finish()).collect()
    }
}

/// Adds one value; `None` if it is malformed.
#[inline]
fn add(wire: Wire, builder: &mut PortableBuilder, raw: &[u8]) -> Option<()> {
    match wire {
        Wire::Boolean => builder.boolean(u8::from_be_bytes(fixed(raw)?) != 0),
        Wire::Int2 => builder.integer(i16::from_be_bytes(fixed(raw)?).into()),
        Wire::Int4 => builder.integer(i32::from_be_bytes(fixed(raw)?).into()),
        Wire::Int8 => builder.integer(i64::from_be_bytes(fixed(raw)?)),
        Wire::Oid => builder.integer(u32::from_be_bytes(fixed(raw)?).into()),
        Wire::Float4 => builder.float32(f32::from_be_bytes(fixed(raw)?)),
        Wire::Float8 => builder.float(f64::from_be_bytes(fixed(raw)?)),
        Wire::Numeric => match numeric::decode(raw)? {
            Numeric::Short { mantissa, scale } => builder.decimal(mantissa, scale),
            Numeric::Long(text) => builder.parse(&text),
            Numeric::Word(word) => builder.other(word.to_owned()),
        },
        Wire::LongNumeric => match numeric::decode(raw)? {
            Numeric::Short { mantissa, scale } => builder.display(format_args!("{}", Plain { mantissa, scale })),
            Numeric::Long(text) => builder.text(&text),
            Numeric::Word(word) => builder.other(word.to_owned()),
        },
        Wire::Text => add_text(builder, raw),
        // One byte of version, then the text.
        Wire::Jsonb => match raw.split_first()? {
            (1, text) => add_text(builder, text),
            _ => return None,
        },
        Wire::Bytes => builder.bytes(raw),
        Wire::Date => add_date(builder, i32::from_be_bytes(fixed(raw)?)),
        Wire::Time => builder.time(i64::from_be_bytes(fixed(raw)?)),
        Wire::Timestamp => add_timestamp(builder, i64::from_be_bytes(fixed(raw)?), ""),
        Wire::Instant => add_timestamp(builder, i64::from_be_bytes(fixed(raw)?), "+00"),
        Wire::Uuid => add_uuid(builder, fixed(raw)?)?,
    }
    Some(())
}

/// A number without declared digits, with the zeros that it has at its end: who writes it back
/// writes what was there.
struct Plain {
    mantissa: i128,
    scale: u32,
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        push_digits(&mut out, self.mantissa < 0, &self.mantissa.unsigned_abs().to_string(), self.scale);
        f.write_str(&out)
    }
}

#[inline]
fn fixed<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    raw.try_into().ok()
}

/// A server whose encoding is SQL_ASCII may send anything: bytes that are no text stay bytes.
#[inline]
fn add_text(builder: &mut PortableBuilder, raw: &[u8]) {
    match std::str::from_utf8(raw) {
        Ok(text) => builder.text(text),
        Err(_) => builder.bytes(raw),
    }
}

#[inline]
fn add_date(builder: &mut PortableBuilder, days: i32) {
    match days {
        i32::MAX => builder.other("infinity".to_owned()),
        i32::MIN => builder.other("-infinity".to_owned()),
        _ => match days.checked_add(EPOCH_DAYS) {
            Some(days) => builder.date(days),
            None => builder.other(print_date(i64::from(days) + i64::from(EPOCH_DAYS))),
        },
    }
}

#[inline]
fn add_timestamp(builder: &mut PortableBuilder, micros: i64, zone: &str) {
    match micros {
        i64::MAX => builder.other("infinity".to_owned()),
        i64::MIN => builder.other("-infinity".to_owned()),
        _ => match micros.checked_add(EPOCH_MICROS) {
            Some(micros) => builder.timestamp(micros),
            // The last centuries that PostgreSQL knows do not fit 64 bits counted from 1970.
            None => {
                let day = print_date(micros.div_euclid(MICROS_PER_DAY) + i64::from(EPOCH_DAYS));
                let time = print_time(micros.rem_euclid(MICROS_PER_DAY));
                builder.other(format!("{day} {time}{zone}"));
            }
        },
    }
}

/// Lower-case hexadecimal in groups of 8, 4, 4, 4 and 12.
#[inline]
fn add_uuid(builder: &mut PortableBuilder, raw: [u8; 16]) -> Option<()> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in raw.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        out[at] = HEX[usize::from(byte >> 4)];
        out[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    builder.text(std::str::from_utf8(&out).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Cells as Table, PortableType};

    /// The printed cells and the others.
    fn built(wire: Wire, ty: PortableType, values: &[&[u8]]) -> (Vec<Option<String>>, Vec<(u32, String)>) {
        let mut builder = PortableBuilder::new(&ty);
        for value in values {
            add(wire, &mut builder, value).unwrap();
        }
        let (array, others) = builder.finish();
        let cells = Table::new(&array).unwrap();
        ((0..values.len()).map(|row| cells.print(row)).collect(), others)
    }

    #[test]
    fn times_beyond_the_calendar_are_kept_as_printed() {
        let micros = |value: i64| value.to_be_bytes();
        // 294276-12-31 23:59:59.999999, the last moment PostgreSQL has.
        let last = micros(9_223_371_331_199_999_999);
        let (values, others) = built(
            Wire::Instant,
            PortableType::Instant { precision: 6 },
            &[&micros(0), &micros(i64::MAX), &micros(i64::MIN), &last],
        );
        assert_eq!(values, [Some("2000-01-01 00:00:00Z".into()), None, None, None]);
        let expected = ["infinity", "-infinity", "294276-12-31 23:59:59.999999+00"];
        assert_eq!(others.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), expected);

        let days = |value: i32| value.to_be_bytes();
        let (values, others) =
            built(Wire::Date, PortableType::Date, &[&days(-1), &days(i32::MAX), &days(-730_485), &days(-730_486)]);
        assert_eq!(values[0].as_deref(), Some("1999-12-31"));
        assert_eq!(values[2].as_deref(), Some("0000-01-01")); // 1 BC
        assert_eq!(values[3].as_deref(), Some("-001-12-31")); // 2 BC
        assert_eq!(others, [(1, "infinity".into())]);
    }

    #[test]
    fn numbers_without_declared_digits_keep_their_zeros() {
        let five = [0, 1, 0, 0, 0, 0, 0, 3, 0, 5]; // 5.000
        let (values, _) = built(Wire::LongNumeric, PortableType::Decimal { precision: None, scale: 0 }, &[&five]);
        assert_eq!(values, [Some("5.000".into())]);
    }

    #[test]
    fn uuids_and_text() {
        let raw: Vec<u8> = (0..16).map(|i| i * 17).collect();
        let (values, _) = built(Wire::Uuid, PortableType::Uuid, &[&raw]);
        assert_eq!(values[0].as_deref(), Some("00112233-4455-6677-8899-aabbccddeeff"));
        let (values, others) = built(Wire::Text, PortableType::Text, &[b"", "\u{1F600}".as_bytes(), &[0xff]]);
        assert_eq!(values, [Some(String::new()), Some("\u{1F600}".into()), None]);
        assert_eq!(others, [(2, "\\xff".into())]);
        let (values, _) = built(Wire::Jsonb, PortableType::Json, &[b"\x01{}"]);
        assert_eq!(values[0].as_deref(), Some("{}"));
    }

    #[test]
    fn cells_of_a_wrong_length_are_refused() {
        let mut builder = PortableBuilder::new(&PortableType::Integer);
        assert_eq!(add(Wire::Int4, &mut builder, &[0; 8]), None);
        assert_eq!(add(Wire::Jsonb, &mut builder, b"\x02{}"), None);
    }
}
