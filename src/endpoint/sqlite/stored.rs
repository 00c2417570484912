//! One value as SQLite stores it: of a kind of its own, whatever its column says.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stored {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL; never NaN, which SQLite would make NULL.
    Real(f64),
    /// TEXT, which need not be valid.
    Text(Vec<u8>),
    /// BLOB.
    Blob(Vec<u8>),
}

impl Stored {
    /// A copy of a value.
    pub(super) fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(text.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }

    /// The value itself.
    pub(super) fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    /// A number as SQLite stores it.
    pub(super) fn real(number: f64) -> Self {
        if number.is_nan() { Self::text("NaN") } else { Self::Real(number) }
    }

    /// Text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_bytes())
    }

    /// The number that prints as exactly this text where trueup reads it; else the text.
    pub(super) fn natural(text: String) -> Self {
        if let Some(number) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
            return Self::Integer(number);
        }
        match text.as_str() {
            "Infinity" => return Self::Real(f64::INFINITY),
            "-Infinity" => return Self::Real(f64::NEG_INFINITY),
            _ => {}
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number.to_string() == text => Self::Real(number),
            _ => Self::text(text),
        }
    }

    /// Whether it is the same to the bit.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Real(one), Self::Real(other)) => one.to_bits() == other.to_bits(),
            (one, other) => one == other,
        }
    }

    /// Appends bytes that only this value has.
    pub(super) fn identify(&self, out: &mut Vec<u8>) {
        let (tag, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Integer(number) => (1, &number.to_le_bytes()),
            Self::Real(number) => (2, &number.to_le_bytes()),
            Self::Text(text) => (3, text),
            Self::Blob(bytes) => (4, bytes),
        };
        out.push(tag);
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }
}

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.as_ref()))
    }
}
