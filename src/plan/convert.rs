//! Converts the cells of a source column to the type of the column that is written, and checks that
//! what was made of them is the same value.

use super::parts;
use crate::endpoint::ExportBatch;
use crate::table::{
    Cells, Column, Encoder, Family, Interval, MICROS_PER_DAY, Number, Pair, PortableBuilder, PortableType, Rules,
    canonical_json, coarse, parse_boolean, parse_date, parse_float, parse_hex, parse_time, parse_timestamp, parse_uuid,
    print_bytes, print_uuid, to_utc,
};
use arrow::array::ArrayRef;

/// A cell: its column's cells, its row, and the text of a value that the column's type cannot hold.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The column.
    pub cells: &'a Cells,
    /// The row.
    pub row: usize,
    /// Beside a NULL cell: the value, as printed.
    pub other: Option<&'a str>,
}

impl Cell<'_> {
    /// Whether it is NULL.
    pub fn is_null(self) -> bool {
        self.other.is_none() && self.cells.is_null(self.row)
    }

    /// As printed; `None` for NULL.
    pub fn print(self) -> Option<String> {
        self.other.map(str::to_owned).or_else(|| self.cells.print(self.row))
    }

    /// Adds it as it is to a column of its own type.
    pub fn copy(self, out: &mut PortableBuilder) {
        let row = self.row;
        if let Some(text) = self.other {
            return out.other(text.to_owned());
        }
        if self.cells.is_null(row) {
            return out.null();
        }
        match self.cells {
            Cells::Boolean(a) => out.boolean(a.value(row)),
            Cells::Integer(a) => out.integer(a.value(row)),
            Cells::Unsigned(a) => out.unsigned(a.value(row)),
            Cells::Decimal(a, scale) => out.decimal(a.value(row), *scale),
            Cells::Float32(a) => out.float32(a.value(row)),
            Cells::Float64(a) => out.float(a.value(row)),
            Cells::Text(a) => out.text(a.value(row)),
            Cells::Bytes(a) => out.bytes(a.value(row)),
            Cells::Date(a) => out.date(a.value(row)),
            Cells::Time(a) => out.time(a.value(row)),
            Cells::Timestamp(a, _) => out.timestamp(a.value(row)),
        }
    }
}

/// Converts one pair's cells from one side to the other.
#[derive(Clone, Debug)]
pub struct Converter {
    from: PortableType,
    to: PortableType,
    /// The words that the written column, a set, may hold, in their order.
    labels: Vec<String>,
    family: Family,
    rules: Rules,
    zone: Option<chrono_tz::Tz>,
    /// Of the source's cells and of the target's.
    encoders: [Encoder; 2],
}

impl Converter {
    /// Between the two columns of a pair, as they were exported; `zone` is the alignment's.
    pub fn new(pair: &Pair, from: &Column, to: &Column, zone: Option<&str>) -> Self {
        let zone = zone.filter(|_| matches!(pair.family, Family::Instant(_))).and_then(|name| name.parse().ok());
        let encoder = |column: &Column| Encoder::new(column.ty.clone(), pair.family, pair.rules, zone);
        Self {
            from: from.ty.clone(),
            to: to.ty.clone(),
            labels: Vec::new(),
            family: pair.family,
            rules: pair.rules,
            zone,
            encoders: [encoder(from), encoder(to)],
        }
    }

    /// The same for a written column that holds these words.
    pub fn with_labels(self, labels: Vec<String>) -> Self {
        Self { labels, ..self }
    }

    /// Whether what is written is compared by how it is printed.
    pub fn as_text(&self) -> bool {
        self.family == Family::Text
    }

    /// Adds exactly one cell to the written column: the source's value in the written type, or
    /// beside it where the type cannot hold it.
    ///
    /// # Errors
    /// In words, if there is no such value. NULL was added then.
    pub fn convert(&self, cell: Cell<'_>, out: &mut PortableBuilder) -> Result<(), String> {
        if self.from == self.to && (self.labels.is_empty() || cell.other.is_some()) {
            // A column without a type of its own has its partner's, and any text in it.
            if matches!(self.to, PortableType::Interval | PortableType::Array { .. })
                && let Some(why) = cell.print().and_then(|text| parts::stands(&self.to, &text).err())
            {
                return refuse(out, why);
            }
            cell.copy(out);
            return Ok(());
        }
        let Some(text) = cell.print() else {
            out.null();
            return Ok(());
        };
        use PortableType as T;
        let textual = self.to == T::Text || self.to.is_printed();
        if self.rules.empty_is_null && text.is_empty() && !textual {
            out.null();
            return Ok(());
        }
        match (&self.to, self.family) {
            (_, Family::List(_) | Family::Words) => match parts::list(&self.from, &self.to, &self.labels, &text) {
                Ok(list) => out.text(&list),
                Err(why) => return refuse(out, why),
            },
            (T::Bits { length }, Family::Number | Family::Boolean) => {
                match parts::to_bits(&self.from, *length, &text) {
                    Some(bits) => out.text(&bits),
                    None => out.other(text),
                }
            }
            (_, Family::Number | Family::Boolean) if matches!(self.from, T::Bits { .. }) => {
                out.parse(parts::from_bits(&text).as_deref().unwrap_or(&text));
            }
            (T::Bits { length: Some(length) }, Family::Bits) if text.len() != *length as usize => {
                return refuse(out, format!("is not {length} bits"));
            }
            (T::Bits { .. }, Family::Bits) => out.parse(&text),
            (T::Interval, Family::Interval) => match cell.cells {
                Cells::Time(a) if cell.other.is_none() => {
                    out.text(&Interval { micros: a.value(cell.row), ..Interval::default() }.to_string());
                }
                _ if Interval::parse(&text).is_none() => return refuse(out, "is no interval".to_owned()),
                _ => out.text(&text),
            },
            (T::Time { .. }, Family::Interval) => match parts::to_time(&text) {
                Some(micros) => out.time(micros),
                None => out.other(text),
            },
            (T::Boolean, Family::Boolean) => match truth(&text) {
                Some(value) => out.boolean(value),
                None => out.other(text),
            },
            (T::Time { precision }, Family::Time(_)) => match self.time(cell, &text) {
                Some(micros) => out.time(coarse(self.family, self.rules.round, micros, *precision)),
                None => out.other(text),
            },
            (
                T::Date | T::Timestamp { .. } | T::Instant { .. },
                Family::Date | Family::Timestamp(_) | Family::Instant(_),
            ) => {
                return self.moment(cell, text, out);
            }
            (T::Bytes, Family::Uuid) => match parse_uuid(&text) {
                Some(bytes) => out.bytes(&bytes),
                None => return refuse(out, "is no UUID".to_owned()),
            },
            (T::Text, Family::Uuid) if self.from == T::Bytes => match text.strip_prefix("\\x").and_then(parse_uuid) {
                Some(uuid) => out.text(&print_uuid(&uuid)),
                None => out.text(&text),
            },
            (T::Uuid, Family::Uuid) if self.from == T::Bytes => match text.strip_prefix("\\x").map(parse_uuid) {
                Some(Some(_)) => out.parse(&text[2..]),
                _ => out.other(text),
            },
            (T::Bytes, Family::Bytes) if self.rules.hex => match parse_hex(&text) {
                Some(bytes) => out.bytes(&bytes),
                None => return refuse(out, "is not in hexadecimal digits".to_owned()),
            },
            // Bytes in a column of text.
            (T::Bytes, Family::Bytes) if cell.other.is_some() => match parse_hex(&text) {
                Some(bytes) => out.bytes(&bytes),
                None => out.other(text),
            },
            (T::Text, Family::Bytes) => match cell.cells {
                Cells::Bytes(a) if cell.other.is_none() && self.rules.hex => {
                    out.text(&print_bytes(a.value(cell.row)));
                }
                Cells::Bytes(a) if cell.other.is_none() => match std::str::from_utf8(a.value(cell.row)) {
                    Ok(text) => out.text(text),
                    Err(_) => return refuse(out, "is no UTF-8 text".to_owned()),
                },
                _ => out.text(&text),
            },
            (T::Float32, _) => match cell.cells {
                Cells::Float64(a) if cell.other.is_none() => out.float32(a.value(cell.row) as f32),
                _ => out.parse(&text),
            },
            (T::Json, _) if canonical_json(&text).is_none() => return refuse(out, "is no JSON".to_owned()),
            (T::Bits { .. } | T::Array { .. } | T::Interval, Family::Text) => match parts::stands(&self.to, &text) {
                Ok(()) => out.text(&text),
                Err(why) => return refuse(out, why),
            },
            (T::Bits { .. } | T::Set | T::Array { .. } | T::Interval | T::Printed | T::Text, _) => out.text(&text),
            _ if self.from == T::Boolean => out.parse(match text.as_str() {
                "true" => "1",
                "false" => "0",
                // Something else that SQLite has in a column of truths.
                other => other,
            }),
            _ => out.parse(&text),
        }
        Ok(())
    }

    /// Whether a converted cell is the value that it was made of.
    ///
    /// # Errors
    /// In words, if it is not.
    pub fn check(&self, source: Cell<'_>, written: Cell<'_>) -> Result<(), String> {
        let mut bytes = [Vec::new(), Vec::new()];
        for ((encoder, cell), out) in self.encoders.iter().zip([source, written]).zip(&mut bytes) {
            encoder.encode(cell.cells, cell.row, cell.other, out);
        }
        // As 32-bit floats, a number that is too large and infinity would be the same.
        let overflown = match written.cells {
            Cells::Float32(a) if self.from != self.to && !written.is_null() && written.other.is_none() => {
                a.value(written.row).is_infinite()
                    && source.print().and_then(|text| parse_float(&text)).is_some_and(f64::is_finite)
            }
            _ => false,
        };
        if bytes[0] == bytes[1] && !overflown {
            return Ok(());
        }
        Err(format!("can't be written as {} without changing it", self.to))
    }

    fn time(&self, cell: Cell<'_>, text: &str) -> Option<i64> {
        match cell.cells {
            Cells::Time(a) if cell.other.is_none() => Some(a.value(cell.row)),
            _ => parse_time(text),
        }
    }

    fn moment(&self, cell: Cell<'_>, text: String, out: &mut PortableBuilder) -> Result<(), String> {
        let read = match cell.cells {
            Cells::Timestamp(a, utc) if cell.other.is_none() => Some((a.value(cell.row), *utc)),
            Cells::Date(a) if cell.other.is_none() => {
                i64::from(a.value(cell.row)).checked_mul(MICROS_PER_DAY).map(|micros| (micros, false))
            }
            // A zone means nothing to a column that is compared as a date.
            _ if self.family == Family::Date => match parse_date(&text) {
                Some(days) => Some((i64::from(days) * MICROS_PER_DAY, false)),
                None => parse_timestamp(&text).filter(|(_, zoned)| !zoned),
            },
            _ => parse_timestamp(&text),
        };
        let Some((micros, zoned)) = read else {
            out.other(text);
            return Ok(());
        };
        let wants_zone = matches!(self.to, PortableType::Instant { .. });
        let micros = match (self.zone, zoned, wants_zone) {
            (Some(zone), false, true) => match to_utc(micros, zone) {
                Some(micros) => micros,
                None => return refuse(out, format!("is skipped or repeated by the clocks of {zone}")),
            },
            (Some(zone), true, false) => match to_local(micros, zone) {
                Some(micros) => micros,
                None => return refuse(out, format!("has no local time in {zone}")),
            },
            _ => micros,
        };
        match &self.to {
            PortableType::Timestamp { precision } | PortableType::Instant { precision } => {
                out.timestamp(coarse(self.family, self.rules.round, micros, *precision));
            }
            _ if micros.rem_euclid(MICROS_PER_DAY) != 0 => {
                return refuse(out, "has a time of day, which a date cannot hold".to_owned());
            }
            _ => match i32::try_from(micros.div_euclid(MICROS_PER_DAY)) {
                Ok(days) => out.date(days),
                Err(_) => out.other(text),
            },
        }
        Ok(())
    }
}

/// The cells of a column of one side as the other side's type has them, `to`; NULL where there is no
/// such value. `side` is the one that the cells are of.
pub fn convert_column(
    pair: &Pair,
    side: usize,
    zone: Option<&str>,
    batch: &ExportBatch,
    column: usize,
) -> (ArrayRef, Vec<(u32, String)>) {
    let (from, to) = if side == 0 { (&pair.left, &pair.right) } else { (&pair.right, &pair.left) };
    let converter = Converter::new(pair, from, to, zone);
    let mut out = PortableBuilder::new(&to.ty);
    if let Some(cells) = Cells::new(batch.rows.column(column)) {
        for row in 0..batch.rows.num_rows() {
            let cell = Cell { cells: &cells, row, other: batch.other(row, column) };
            // What can't be converted is no value of the other side.
            let _ = converter.convert(cell, &mut out);
        }
    }
    out.finish()
}

fn refuse(out: &mut PortableBuilder, why: String) -> Result<(), String> {
    out.null();
    Err(why)
}

/// As the encoder reads it.
fn truth(text: &str) -> Option<bool> {
    parse_boolean(text).or_else(|| match Number::parse(text)? {
        Number::Small { mantissa: 0, .. } => Some(false),
        Number::Small { mantissa: 1, scale: 0 } => Some(true),
        _ => None,
    })
}

/// The local time of an instant.
fn to_local(micros: i64, zone: chrono_tz::Tz) -> Option<i64> {
    let instant = chrono::DateTime::from_timestamp_micros(micros)?;
    Some(instant.with_timezone(&zone).naive_local().and_utc().timestamp_micros())
}

/// A value for a message: in quotes, and not too long.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("`{}…`", &text[..at]),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
