//! What a column makes of the values that are written to it ("Datatypes In SQLite", section 3).

use super::stored::Stored;
use crate::table::{Number, PortableType, canonical_json};

/// A column's affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    /// Numbers become text.
    Text,
    /// Text that reads as a number becomes one; a whole one is kept as an integer.
    Numeric,
    /// The same, but integers become floats.
    Real,
    /// Values stay what they are.
    Blob,
}

impl Affinity {
    /// That of a declared type. In STRICT tables `ANY` leaves values what they are.
    pub(super) fn of(declared: &str, strict: bool) -> Self {
        let name = declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["INT"]) {
            Self::Numeric
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if has(&["BLOB"]) || name.is_empty() || strict && name == "ANY" {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// What a column makes of a value; `None` if that can't be told.
    pub(super) fn made_of(self, value: Stored) -> Option<Stored> {
        Some(match (self, value) {
            (Self::Text, Stored::Integer(number)) => Stored::text(number.to_string()),
            // It prints at most 15 digits.
            (Self::Text, Stored::Real(_)) => return None,
            (Self::Numeric | Self::Real, Stored::Text(bytes)) => {
                let number = std::str::from_utf8(&bytes).ok().and_then(as_number);
                match (self, number) {
                    (Self::Real, Some(Stored::Integer(number))) => Stored::Real(number as f64),
                    (_, Some(number)) => number,
                    (_, None) => Stored::Text(bytes),
                }
            }
            (Self::Numeric, Stored::Real(number)) => {
                let whole = number as i64;
                match whole as f64 == number && whole > i64::MIN && whole < i64::MAX {
                    true => Stored::Integer(whole),
                    false => Stored::Real(number),
                }
            }
            (Self::Real, Stored::Integer(number)) => Stored::Real(number as f64),
            (_, value) => value,
        })
    }

    /// Whether text that reads as a number becomes one.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::Numeric | Self::Real)
    }
}

/// Whether a value of this type, given as trueup prints it, is still the same once it went through
/// a column of numeric affinity: SQLite keeps numbers there as 64-bit integers or floats.
pub(in crate::endpoint) fn survives(ty: &PortableType, printed: &str) -> bool {
    let Some(kept) = as_number(printed) else { return true };
    let kept = match kept {
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => number.to_string(),
        _ => return true,
    };
    match ty {
        PortableType::Json => canonical_json(&kept) == canonical_json(printed),
        PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. } => {
            Number::parse(&kept) == Number::parse(printed)
        }
        _ => kept == printed,
    }
}

/// The number that a column of numeric affinity makes of a text; `None` if it stays text.
fn as_number(text: &str) -> Option<Stored> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    if let Ok(number) = text.parse() {
        return Some(Stored::Integer(number));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let whole = number as i64;
    if whole as f64 == number && whole > i64::MIN && whole < i64::MAX {
        return Some(Stored::Integer(whole));
    }
    Some(Stored::Real(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    #[test]
    fn affinities_are_those_of_sqlite() {
        let table = [
            ("INT", Affinity::Numeric),
            ("CHARINT", Affinity::Numeric),
            ("VARCHAR(20)", Affinity::Text),
            ("BLOB", Affinity::Blob),
            ("", Affinity::Blob),
            ("double precision", Affinity::Real),
            ("VARBINARY(3)", Affinity::Numeric),
            ("STRING", Affinity::Numeric),
            ("DATETIME", Affinity::Numeric),
            ("ANY", Affinity::Numeric),
        ];
        for (declared, expected) in table {
            assert_eq!(Affinity::of(declared, false), expected, "{declared}");
        }
        assert_eq!(Affinity::of("ANY", true), Affinity::Blob);
    }

    /// What this file says of numeric affinity is what SQLite does.
    #[test]
    fn what_survives_is_what_sqlite_keeps() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n NUMERIC)").unwrap();
        let texts = [
            "5",
            "007",
            "+5",
            "5.0",
            "5.",
            ".5",
            "0.1",
            "1e5",
            "1E-2",
            " 5",
            "5 ",
            "\t5\n",
            "abc",
            "",
            "-",
            ".",
            "1e",
            "0x10",
            "Infinity",
            "nan",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "12345678901234567890.5",
            "1_000",
            "5,0",
            "2024-01-01",
            "1e400",
            "-0",
            "-0.0",
            "9007199254740993.0",
        ];
        for text in texts {
            connection.execute("DELETE FROM t", []).unwrap();
            connection.execute("INSERT INTO t VALUES (?1)", [text]).unwrap();
            let kept = connection.query_row("SELECT n FROM t", [], |row| Ok(Stored::of(row.get_ref(0)?))).unwrap();
            let expected = as_number(text).unwrap_or_else(|| Stored::Text(text.into()));
            assert_eq!(kept, expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_that_do_not_survive_are_known() {
        let decimal = T::Decimal { precision: None, scale: 0 };
        for (ty, text, expected) in [
            (T::Text, "007", false),
            (T::Text, "7", true),
            (T::Text, "0.1", true),
            (T::Text, "5.0", false),
            (T::Text, "abc", true),
            (T::Json, "5.0", true),
            (T::Json, "{\"a\": 5.0}", true),
            (decimal.clone(), "5.00", true),
            (decimal.clone(), "0.1", true),
            (decimal.clone(), "12345678901234567.89", false),
            (decimal.clone(), "9223372036854775807", true),
            (decimal, "18446744073709551615", false),
            (T::Date, "2024-01-01", true),
            (T::Date, "0000-00-00", true),
            (T::Date, "20240101", true),
            (T::Date, "1.50", false),
            (T::Integer, "1.5", true),
            (T::Integer, "18446744073709551615", false),
        ] {
            assert_eq!(survives(&ty, text), expected, "{text} as {ty}");
        }
    }
}
