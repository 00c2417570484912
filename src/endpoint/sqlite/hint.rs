//! How a value is stored, as a text beside its cell: a letter for its storage class, and the value.
//!
//! | text | stored |
//! |---|---|
//! | `i5` | INTEGER |
//! | `r0.5` | REAL |
//! | `tabc` | TEXT |
//! | `x61ff` | TEXT that is none, as its bytes |
//! | `b00ff` | BLOB |
//!
//! It stands only beside values that are not stored plainly ([`Form::plain`]), so that most have none.

use super::form::Form;
use super::stored::Stored;
use super::values::push;
use crate::table::{Cells, PortableBuilder, PortableType, parse_digits, print_bytes};
use arrow::array::new_null_array;
use rusqlite::types::ValueRef;

/// A stored value as text; `None` for NULL.
fn to_text(stored: &Stored) -> Option<String> {
    let hex = |letter, bytes: &[u8]| format!("{letter}{}", &print_bytes(bytes)[2..]);
    Some(match stored {
        Stored::Null => return None,
        Stored::Integer(number) => format!("i{number}"),
        Stored::Real(number) => format!("r{number:?}"),
        Stored::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("t{text}"),
            Err(_) => hex('x', bytes),
        },
        Stored::Blob(bytes) => hex('b', bytes),
    })
}

/// What [`to_text`] wrote; `None` if it is nothing of the kind.
pub(super) fn from_text(text: &str) -> Option<Stored> {
    let (letter, value) = text.split_at_checked(1)?;
    match letter {
        "i" => value.parse().ok().map(Stored::Integer),
        "r" => value.parse().ok().filter(|number: &f64| !number.is_nan()).map(Stored::Real),
        "t" => Some(Stored::text(value)),
        "x" => parse_digits(value).map(Stored::Text),
        "b" => parse_digits(value).map(Stored::Blob),
        _ => None,
    }
}

/// How a cell is stored that is stored plainly; `None` for NULL. `other` is the text of a value that its
/// type can't hold.
pub fn plainly_stored(ty: &PortableType, cells: &Cells, row: usize, other: Option<&str>) -> Option<String> {
    to_text(&Form::plain(ty).store(cells, row, other))
}

/// Which kind of value it is to a unique index of SQLite, in a column of this type: `n`umber, `t`ext or
/// `b`lob. `stored` is what stands beside a cell, `other` as for [`plainly_stored`].
pub fn storage_class(ty: &PortableType, stored: Option<&str>, other: Option<&str>) -> u8 {
    use PortableType as T;
    let class = |letter| match letter {
        Some(b'i' | b'r') => b'n',
        Some(b'b') => b'b',
        _ => b't',
    };
    match (stored, other, ty) {
        (Some(stored), ..) => class(stored.bytes().next()),
        (None, Some(other), _) => {
            let null = new_null_array(&ty.arrow(), 1);
            let plain = Cells::new(&null).and_then(|cells| plainly_stored(ty, &cells, 0, Some(other)));
            class(plain.and_then(|plain| plain.bytes().next()))
        }
        (None, None, T::Boolean | T::Integer | T::Unsigned | T::Decimal { .. } | T::Float32 | T::Float64) => b'n',
        (None, None, T::Bytes) => b'b',
        (None, None, _) => b't',
    }
}

/// Tells which values of a column are not stored plainly.
pub(super) struct Hints {
    ty: PortableType,
    plain: Form,
    builder: PortableBuilder,
}

impl Hints {
    pub(super) fn new(ty: &PortableType) -> Self {
        Self { ty: ty.clone(), plain: Form::plain(ty), builder: PortableBuilder::new(ty) }
    }

    /// How a value is stored, if not plainly.
    pub(super) fn of(&mut self, value: ValueRef<'_>) -> Option<String> {
        if is_plain(&self.ty, value) {
            return None;
        }
        push(&mut self.builder, &self.ty, value);
        let (array, others) = self.builder.finish();
        let stored = Stored::of(value);
        let plain = self.plain.store(&Cells::new(&array)?, 0, others.first().map(|(_, text)| text.as_str()));
        // Printed, the bytes of a blob are a text like any other.
        let printed = matches!(value, ValueRef::Blob(_)) && self.ty != PortableType::Bytes;
        if plain.is(&stored) && !printed { None } else { to_text(&stored) }
    }
}

/// Whether a value is surely stored plainly: most are, and need no closer look.
fn is_plain(ty: &PortableType, value: ValueRef<'_>) -> bool {
    use PortableType as T;
    match (ty, value) {
        (_, ValueRef::Null)
        | (T::Integer | T::Decimal { .. }, ValueRef::Integer(_))
        | (T::Boolean, ValueRef::Integer(0 | 1))
        | (T::Float64, ValueRef::Real(_))
        | (T::Bytes, ValueRef::Blob(_)) => true,
        (T::Text, ValueRef::Text(text)) => std::str::from_utf8(text).is_ok(),
        (T::Date, ValueRef::Text(text)) => is_of_form(text, b"0000-00-00"),
        (T::Timestamp { .. }, ValueRef::Text(text)) => {
            is_of_form(text, b"0000-00-00 00:00:00") && &text[11..13] < b"24".as_slice()
        }
        _ => false,
    }
}

/// Whether a text has this form, in which 0 stands for any digit.
fn is_of_form(text: &[u8], form: &[u8]) -> bool {
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.iter().zip(form).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    #[test]
    fn what_is_written_is_read() {
        let values = [
            Stored::Integer(i64::MIN),
            Stored::Real(-0.0),
            Stored::Real(1e300),
            Stored::Real(f64::INFINITY),
            Stored::Real(5.0),
            Stored::text(""),
            Stored::text("a\0é\n"),
            Stored::Text(vec![0xFF, 0]),
            Stored::Blob(vec![]),
            Stored::Blob(vec![0, 255]),
        ];
        for value in values {
            let text = to_text(&value).unwrap();
            assert!(from_text(&text).unwrap().is(&value), "{value:?}: {text}");
        }
        assert_eq!(to_text(&Stored::Null), None);
        for damaged in ["", "i", "i5x", "rNaN", "q5", "b0", "bzz", "é"] {
            assert_eq!(from_text(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn classes_are_those_that_are_told_apart() {
        let class = |ty: &T, stored: Option<&str>, other: Option<&str>| char::from(storage_class(ty, stored, other));
        let decimal = T::Decimal { precision: None, scale: 0 };
        for (ty, stored, other, expected) in [
            (&decimal, None, None, 'n'),
            (&decimal, Some("t1"), None, 't'),
            (&decimal, None, Some("x"), 't'),
            (&decimal, None, Some("\\x31"), 'b'),
            (&decimal, None, Some("Infinity"), 'n'),
            (&T::Printed, Some("i1"), None, 'n'),
            (&T::Printed, None, None, 't'),
            (&T::Printed, Some("b31"), Some("\\x31"), 'b'),
            (&T::Bytes, None, None, 'b'),
            (&T::Text, Some("xff"), Some("\\xff"), 't'),
        ] {
            assert_eq!(class(ty, stored, other), expected, "{ty} {stored:?} {other:?}");
        }
    }

    #[test]
    fn what_is_plain_needs_no_hint() {
        let stamp = T::Timestamp { precision: 6 };
        let decimal = T::Decimal { precision: None, scale: 0 };
        for (ty, value, expected) in [
            (T::Integer, Stored::Integer(5), None),
            (T::Integer, Stored::text("5"), Some("t5")),
            (T::Integer, Stored::text("abc"), None),
            (T::Integer, Stored::text("\\x61"), Some("t\\x61")),
            (T::Integer, Stored::Real(2.0), Some("r2.0")),
            (decimal.clone(), Stored::Real(2.0), Some("r2.0")),
            (decimal.clone(), Stored::Real(0.5), None),
            (decimal, Stored::text("0.50"), Some("t0.50")),
            (T::Float64, Stored::Integer(5), Some("i5")),
            (T::Float64, Stored::Real(-0.0), None),
            (T::Text, Stored::text("5"), None),
            (T::Text, Stored::Integer(5), Some("i5")),
            (T::Text, Stored::Blob(vec![0x61]), Some("b61")),
            (T::Text, Stored::Text(vec![0xFF]), Some("xff")),
            (T::Printed, Stored::Real(1.5), Some("r1.5")),
            (T::Bytes, Stored::Blob(vec![1]), None),
            (T::Bytes, Stored::text("abc"), Some("tabc")),
            (T::Bytes, Stored::Integer(7), None),
            (T::Bytes, Stored::Real(2.0), Some("r2.0")),
            (T::Boolean, Stored::Integer(1), None),
            (T::Boolean, Stored::text("true"), Some("ttrue")),
            (T::Date, Stored::text("2024-01-31"), None),
            (T::Date, Stored::text("2024-02-31"), None),
            (T::Date, Stored::Integer(20_240_101), None),
            (stamp.clone(), Stored::text("2024-01-01"), Some("t2024-01-01")),
            (stamp.clone(), Stored::text("2024-01-01 10:00:00"), None),
            (stamp.clone(), Stored::text("2024-01-01 24:00:00"), Some("t2024-01-01 24:00:00")),
            (stamp.clone(), Stored::text("2024-01-01T10:00:00"), Some("t2024-01-01T10:00:00")),
            (stamp.clone(), Stored::text("2024-01-01 10:00:00.500"), Some("t2024-01-01 10:00:00.500")),
            (stamp, Stored::Real(2_460_000.5), None),
            (
                T::Instant { precision: 6 },
                Stored::text("2024-01-01 00:00:00-07:00"),
                Some("t2024-01-01 00:00:00-07:00"),
            ),
            (T::Uuid, Stored::Blob(vec![7; 16]), Some("b07070707070707070707070707070707")),
            (T::Json, Stored::text("{\"a\": 1}"), None),
            (T::Json, Stored::Integer(5), Some("i5")),
        ] {
            assert_eq!(Hints::new(&ty).of(value.as_ref()).as_deref(), expected, "{value:?} as {ty}");
        }
    }
}
