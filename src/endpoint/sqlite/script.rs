//! SQLite's way of writing SQL, for the scripts that a person runs with `sqlite3`.
//!
//! The shell reads scripts line by line and takes the carriage return off a line's end, and a zero
//! byte ends its line: neither may be in a script. Its reading of decimal numbers is not always the
//! nearest float, so numbers that need it are written as fractions.

use super::affinity::Affinity;
use super::connect::{Sqlite, quoted};
use super::form::{Form, forms};
use super::hint::from_text;
use super::layout::Layout;
use super::stored::Stored;
use super::taking::Taking;
use crate::endpoint::{Dialect, Endpoint};
use crate::table::{Cells, Column, PortableBuilder, PortableType, parse_bytes};
use arrow::array::{ArrayRef, new_null_array};
use std::collections::HashMap;

/// The language of scripts for one table.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// By column: how it takes values, and the form that they have.
    columns: HashMap<String, (Taking, Form)>,
    /// Whether its declaration is known, and does not say what becomes of rows that collide.
    refuses: bool,
}

impl Script {
    /// For a table; if it can't be read, for any.
    pub(super) fn of(sqlite: &Sqlite) -> Self {
        Self::read(sqlite).unwrap_or_default()
    }

    fn read(sqlite: &Sqlite) -> Option<Self> {
        let info = sqlite.describe().ok()?;
        let connection = sqlite.connect().ok()?;
        let layout = Layout::read(&connection, sqlite.table()).ok()??;
        let takings: Vec<Taking> = info.columns.iter().map(|column| Taking::of(&layout, column)).collect();
        let affinities: Vec<Affinity> = takings.iter().map(|taking| taking.affinity).collect();
        let forms = forms(&connection, &sqlite.quoted_table(), &info.columns, &affinities).ok()?;
        let columns = info.columns.into_iter().zip(takings.into_iter().zip(forms));
        let columns = columns.map(|(column, facts)| (column.name, facts)).collect();
        Some(Self { columns, refuses: !layout.resolves })
    }

    fn form(&self, column: &Column) -> (Taking, Form) {
        match self.columns.get(&column.name) {
            Some((taking, form)) if taking.is_of(&column.ty) => (taking.clone(), form.clone()),
            _ => {
                let taking = Taking::declared(column);
                let form = Form::first(&column.ty, taking.affinity);
                (taking, form)
            }
        }
    }
}

impl Dialect for Script {
    fn client(&self) -> &'static str {
        "sqlite3"
    }

    fn identifier(&self, name: &str) -> String {
        quoted(name)
    }

    fn literal(&self, value: Option<&str>, column: &Column) -> String {
        constant(value, column, &self.form(column).1)
    }

    fn stored(&self, value: Option<&str>, stored: Option<&str>, column: &Column) -> String {
        let (taking, _) = self.form(column);
        let as_it_was = || {
            let stored = stored.and_then(from_text)?;
            let (array, others) = cell(value?, column);
            let other = others.first().map(|(_, text)| text.as_str());
            // Printed, bytes are a text like any other.
            let bytes = || {
                let null = new_null_array(&column.ty.arrow(), 1);
                Some(taking.means(&stored, &Cells::new(&null)?, 0, value))
            };
            (taking.means(&stored, &Cells::new(&array)?, 0, other) || bytes()?).then_some(stored)
        };
        match as_it_was() {
            Some(stored) => sql(&stored),
            None => constant(value, column, &Form::first(&column.ty, taking.affinity)),
        }
    }

    fn is(&self, column: &Column, constant: &str) -> String {
        let name = quoted(&column.name);
        if constant == "NULL" {
            return format!("{name} IS NULL");
        }
        let same = format!("{name} COLLATE BINARY IS {constant}");
        let number = constant.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '('));
        if number && self.form(column).0.affinity == Affinity::Blob {
            // 1 and 1.0 are the same number, but not the same value.
            return format!("({same} AND typeof({name}) = typeof({constant}))");
        }
        same
    }

    fn key_is(&self, column: &Column, constant: &str) -> String {
        let name = quoted(&column.name);
        match constant.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            true => format!("{name} = {constant}"),
            // Its own collation lets an index be used, and the other says which row is meant.
            false => format!("({name} = {constant} AND {name} COLLATE BINARY = {constant})"),
        }
    }

    fn no_table(&self) -> &'static str {
        ""
    }

    fn or_refuse(&self) -> &'static str {
        if self.refuses { "" } else { " OR ABORT" }
    }

    fn prologue(&self) -> String {
        ".bail on\nPRAGMA foreign_keys = ON;\nBEGIN IMMEDIATE;\n".to_owned()
    }

    fn next_transaction(&self) -> String {
        "COMMIT;\nBEGIN IMMEDIATE;\n".to_owned()
    }

    fn epilogue(&self) -> String {
        "COMMIT;\n".to_owned()
    }
}

/// A value as printed, in this form.
fn constant(value: Option<&str>, column: &Column, form: &Form) -> String {
    let Some(text) = value else { return "NULL".to_owned() };
    let (array, others) = cell(text, column);
    let stored = match Cells::new(&array) {
        Some(cells) => form.store(&cells, 0, others.first().map(|(_, text)| text.as_str())),
        None => Stored::text(text),
    };
    sql(&stored)
}

/// A value as printed, as a cell of its column, and what is beside it.
fn cell(text: &str, column: &Column) -> (ArrayRef, Vec<(u32, String)>) {
    let mut builder = PortableBuilder::new(&column.ty);
    match parse_bytes(text) {
        Some(bytes) if column.ty == PortableType::Bytes => builder.bytes(&bytes),
        // Any bytes can be printed: what is not, is no bytes.
        None if column.ty == PortableType::Bytes => builder.other(text.to_owned()),
        _ => builder.parse(text),
    }
    builder.finish()
}

/// A stored value as a constant.
fn sql(value: &Stored) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => real(*number),
        Stored::Blob(bytes) => format!("X'{}'", hex(bytes)),
        Stored::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => quoted_text(text),
            Err(_) => format!("CAST(X'{}' AS TEXT)", hex(bytes)),
        },
    }
}

/// Text in quotes; what must not be in a script is put in by `replace`.
fn quoted_text(text: &str) -> String {
    let mut inside = text.replace('\'', "''");
    let mut calls = Vec::new();
    for (character, mark) in [('\r', "\\r"), ('\0', "\\0")] {
        if !text.contains(character) {
            continue;
        }
        // A mark that is not in the text otherwise.
        let mark = std::iter::once(mark.to_owned())
            .chain((1..).map(|n| format!("{mark}{n}\\")))
            .find(|mark| !inside.contains(mark.as_str()))
            .unwrap_or_default();
        inside = inside.replace(character, &mark);
        calls.push(format!(", '{mark}', char({}))", u32::from(character)));
    }
    format!("{}'{inside}'{}", "replace(".repeat(calls.len()), calls.concat())
}

/// A float as a decimal number where every reader finds the same float, else as a fraction.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "9e999" } else { "-9e999" }.to_owned();
    }
    let shortest = format!("{number:?}");
    // With at most 15 digits, four of them behind the point, a number is so far from the middle
    // between two floats that even a reader that rounds twice finds the right one.
    let digits = shortest.bytes().filter(u8::is_ascii_digit).count();
    let places = shortest.split_once('.').map_or(0, |(_, part)| part.len());
    if !shortest.contains('e') && digits <= 15 && places <= 4 {
        return shortest;
    }
    let bits = number.to_bits();
    let (sign, exponent, fraction) = (bits >> 63, (bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    let (mut mantissa, mut exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    while mantissa.is_multiple_of(2) && mantissa > 0 {
        (mantissa, exponent) = (mantissa / 2, exponent + 1);
    }
    let mut out = format!("(CAST({}{mantissa} AS REAL)", if sign == 1 { "-" } else { "" });
    let operator = if exponent < 0 { '/' } else { '*' };
    let mut left = exponent.unsigned_abs();
    // Powers of two that are integers, so that every step is exact.
    while left > 0 {
        let step = left.min(62);
        out.push_str(&format!(" {operator} {}", 1u64 << step));
        left -= step;
    }
    out.push_str(&format!(" /* {shortest} */)"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn evaluated(sql: &str) -> Stored {
        let connection = Connection::open_in_memory().unwrap();
        connection.query_row(&format!("SELECT {sql}"), [], |row| Ok(Stored::of(row.get_ref(0)?))).unwrap()
    }

    #[test]
    fn constants_mean_what_they_are_made_of() {
        let texts = ["", "it's", "a\0b\r\nc", "\\r\r\\0\0", "\\r\\r1\\\r", "é\u{1F600}\n.quit\n", "\r\r\0\0'"];
        let mut values: Vec<Stored> = texts.map(Stored::text).to_vec();
        let floats = [
            0.1,
            0.5,
            -0.0,
            5.0,
            1e15,
            1e16,
            1e22,
            1e300,
            -1.5e-300,
            5e-324,
            f64::MAX,
            f64::MIN_POSITIVE,
            19.99,
            0.3,
            0.1 + 0.2,
            123_456_789.123_4,
            f64::INFINITY,
            f64::NEG_INFINITY,
            9_007_199_254_740_993.0,
        ];
        values.extend(floats.map(Stored::Real));
        values.extend([i64::MIN, i64::MAX, 0, -7].map(Stored::Integer));
        values.extend([Stored::Null, Stored::Blob(vec![]), Stored::Blob(vec![0, 255]), Stored::Text(vec![0xFF, 0])]);
        for value in values {
            let text = sql(&value);
            assert!(!text.contains(['\0', '\r']), "{text:?}");
            assert_eq!(evaluated(&text), value, "{text}");
        }
    }

    #[test]
    fn numbers_that_people_write_stay_readable() {
        assert_eq!(real(19.99), "19.99");
        assert_eq!(real(-2.0), "-2.0");
        assert_eq!(real(0.00001), "(CAST(5902958103587057 AS REAL) / 4611686018427387904 / 128 /* 1e-5 */)");
    }

    fn literal(value: &str, ty: PortableType, native: &str) -> String {
        Script::default().literal(Some(value), &Column::new("c", ty, native))
    }

    #[test]
    fn values_are_written_as_their_column_keeps_them() {
        use PortableType as T;
        let decimal = || T::Decimal { precision: None, scale: 0 };
        let table = [
            ("5", T::Integer, "INTEGER", "5"),
            ("abc", T::Integer, "INTEGER", "'abc'"),
            ("5", T::Text, "TEXT", "'5'"),
            ("7", T::Text, "STRING", "7"),
            ("19.99", decimal(), "DECIMAL(10,2)", "19.99"),
            ("5", T::Float64, "REAL", "5.0"),
            ("NaN", T::Float64, "REAL", "'NaN'"),
            ("true", T::Boolean, "BOOLEAN", "1"),
            ("\\x00ff", T::Bytes, "BLOB", "X'00ff'"),
            ("7", T::Bytes, "BLOB", "7"),
            ("2024-05-06 07:08:09", T::Timestamp { precision: 6 }, "DATETIME", "'2024-05-06 07:08:09'"),
            ("1700000000", T::Timestamp { precision: 6 }, "DATETIME", "1700000000"),
        ];
        for (value, ty, native, expected) in table {
            assert_eq!(literal(value, ty, native), expected, "{value}");
        }
        assert_eq!(Script::default().literal(None, &Column::new("c", T::Text, "TEXT")), "NULL");
    }

    #[test]
    fn a_script_speaks_as_the_table_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE t (at DATETIME, k TEXT COLLATE NOCASE); INSERT INTO t VALUES ('2024-05-06T07:08:09', 'abc')")
            .unwrap();
        let sqlite = Sqlite::new(path, "t".to_owned());
        let (script, table) = sqlite.dialect().unwrap();
        assert_eq!(table, "\"t\"");
        let columns = sqlite.describe().unwrap().columns;
        let at = script.literal(Some("2024-05-06 07:08:09"), &columns[0]);
        assert_eq!(at, "'2024-05-06T07:08:09'");
        let count = |condition: &str| {
            let sql = format!("SELECT count(*) FROM t WHERE {condition}");
            connection.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap()
        };
        assert_eq!(count(&script.is(&columns[0], &at)), 1);
        assert_eq!(count(&script.is(&columns[0], "NULL")), 0);
        for (key, rows) in [("'abc'", 1), ("'ABC'", 0)] {
            assert_eq!(count(&script.key_is(&columns[1], key)), rows);
            assert_eq!(count(&script.is(&columns[1], key)), rows);
        }
    }
}
