//! Cells as PostgreSQL reads them: in the text format of COPY, and its own form of old dates.

use super::super::{ExportBatch, Other};
use crate::table::{Cells, print_bytes};
use std::borrow::Cow;
use std::io::Write;

/// The chosen columns of a batch, to be written as rows of COPY's text format.
pub(super) struct Lines<'a> {
    cells: Vec<(u32, Cells)>,
    /// Those that are still to come.
    others: &'a [Other],
}

impl<'a> Lines<'a> {
    /// `None` if a column is none of the portable types.
    pub(super) fn new(batch: &'a ExportBatch, columns: &[usize]) -> Option<Self> {
        let cells = columns
            .iter()
            .map(|at| Some((u32::try_from(*at).ok()?, Cells::new(batch.rows.columns().get(*at)?)?)))
            .collect::<Option<_>>()?;
        Some(Self { cells, others: &batch.others })
    }

    /// Appends a row's cells, each behind a tab. Rows come in order.
    pub(super) fn push(&mut self, row: usize, out: &mut Vec<u8>) {
        let before = self.others.iter().take_while(|other| (other.row as usize) < row).count();
        self.others = &self.others[before..];
        let here = self.others.iter().take_while(|other| other.row as usize == row).count();
        for (column, cells) in &self.cells {
            out.push(b'\t');
            let other = self.others[..here].iter().find(|other| other.column == *column);
            match other.and_then(|other| other.text.as_deref()) {
                Some(text) => match raw_bytes(text).filter(|_| matches!(cells, Cells::Text(_))) {
                    Some(bytes) => bytes.iter().for_each(|byte| push_byte(out, *byte)),
                    None => push_text(out, text),
                },
                None => push_cell(out, cells, row),
            }
        }
    }
}

/// The bytes of text that is none, which a database of no known encoding has: it can take them back.
fn raw_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(*pair.get(1)?)?).ok();
    digits.chunks(2).map(byte).collect()
}

/// A byte as COPY takes any.
fn push_byte(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend([b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

fn push_cell(out: &mut Vec<u8>, cells: &Cells, row: usize) {
    if cells.is_null(row) {
        return out.extend_from_slice(b"\\N");
    }
    // Writing to memory does not fail.
    let _ = match cells {
        Cells::Boolean(a) => {
            out.push(if a.value(row) { b't' } else { b'f' });
            Ok(())
        }
        Cells::Integer(a) => write!(out, "{}", a.value(row)),
        Cells::Text(a) => {
            push_text(out, a.value(row));
            Ok(())
        }
        Cells::Bytes(a) => {
            push_text(out, &print_bytes(a.value(row)));
            Ok(())
        }
        // Unlike their printed form, with the sign of a zero.
        Cells::Float32(a) if a.value(row).is_finite() => write!(out, "{:?}", a.value(row)),
        Cells::Float64(a) if a.value(row).is_finite() => write!(out, "{:?}", a.value(row)),
        _ => {
            let text = cells.print(row).unwrap_or_default();
            match cells {
                Cells::Date(_) | Cells::Timestamp(..) => push_text(out, &with_era(&text)),
                _ => push_text(out, &text),
            }
            Ok(())
        }
    };
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'\\');
        out.push(match rest[at] {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            other => other,
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// A printed date or time with its year as PostgreSQL counts: the year 0 is 1 BC.
pub(super) fn with_era(printed: &str) -> Cow<'_, str> {
    let (sign, digits) = match printed.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, printed),
    };
    let Some((year, rest)) = digits.split_once('-') else { return Cow::Borrowed(printed) };
    match year.parse::<i64>() {
        Ok(year) if year * sign <= 0 => Cow::Owned(format!("{:04}-{rest} BC", year + 1)),
        _ => Cow::Borrowed(printed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{PortableBuilder, PortableType};
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    #[test]
    fn years_before_christ_have_their_era() {
        assert_eq!(with_era("2024-02-29"), "2024-02-29");
        assert_eq!(with_era("0000-01-01"), "0001-01-01 BC");
        assert_eq!(with_era("-043-03-15 12:00:00Z"), "0044-03-15 12:00:00Z BC");
        assert_eq!(with_era("-4713-11-24"), "4714-11-24 BC");
        assert_eq!(with_era("infinity"), "infinity");
        assert_eq!(with_era("-infinity"), "-infinity");
    }

    #[test]
    fn bytes_that_are_no_text_are_given_back_as_they_were() {
        let mut builder = PortableBuilder::new(&PortableType::Text);
        builder.bytes(b"caf\xe9");
        let schema = Arc::new(Schema::new(vec![Field::new("x", PortableType::Text.arrow(), true)]));
        let batch = ExportBatch::new(&schema, vec![builder.finish()]).unwrap();
        let mut out = Vec::new();
        Lines::new(&batch, &[0]).unwrap().push(0, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "\t\\x63\\x61\\x66\\xe9");
    }

    #[test]
    fn rows_are_escaped_and_others_take_their_place() {
        let types = [PortableType::Text, PortableType::Date, PortableType::Bytes, PortableType::Float64];
        let mut builders: Vec<PortableBuilder> = types.iter().map(PortableBuilder::new).collect();
        builders[0].text("a\\b\tc\nd\r");
        builders[1].other("infinity".to_owned());
        builders[2].bytes(&[0, 255]);
        builders[3].float(-0.0);
        builders[0].null();
        builders[1].date(-719_528); // 1 BC
        builders[2].null();
        builders[3].float(f64::NEG_INFINITY);
        let fields: Vec<Field> = types.iter().map(|ty| Field::new("x", ty.arrow(), true)).collect();
        let columns = builders.iter_mut().map(PortableBuilder::finish).collect();
        let batch = ExportBatch::new(&Arc::new(Schema::new(fields)), columns).unwrap();
        let mut lines = Lines::new(&batch, &[0, 1, 2, 3]).unwrap();
        let mut out = Vec::new();
        lines.push(0, &mut out);
        out.push(b'\n');
        lines.push(1, &mut out);
        let expected = "\ta\\\\b\\tc\\nd\\r\tinfinity\t\\\\x00ff\t-0.0\n\t\\N\t0001-01-01 BC\t\\N\t-Infinity";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
