//! Columns and their portable types: the vocabulary that every database's own types are
//! translated into before anything is compared.

use super::origin::Origin;
use arrow::datatypes::{DataType, TimeUnit};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A type that every endpoint can express, and the Arrow type that carries it in a snapshot.
///
/// A value that its declared type cannot hold (`0000-00-00`, `infinity`, text in an SQLite
/// INTEGER column) travels beside the typed column as text, never as NULL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortableType {
    /// True or false.
    Boolean,
    /// A whole number that fits 64 bits with a sign.
    Integer,
    /// A whole number from 0 to 2⁶⁴ − 1.
    Unsigned,
    /// An exact decimal. Without a precision, or beyond 38 digits, it is carried as text.
    Decimal {
        /// Total digits, when the database declares them.
        precision: Option<u32>,
        /// Digits after the point.
        scale: u32,
    },
    /// IEEE 754, 32 bits.
    Float32,
    /// IEEE 754, 64 bits.
    Float64,
    /// UTF-8 text.
    Text,
    /// Raw bytes.
    Bytes,
    /// A calendar date.
    Date,
    /// A time of day; `precision` digits after the second (0 to 6).
    Time {
        /// Digits after the second.
        precision: u8,
    },
    /// A date and time without a zone.
    Timestamp {
        /// Digits after the second.
        precision: u8,
    },
    /// A date and time with a zone, kept in UTC.
    Instant {
        /// Digits after the second.
        precision: u8,
    },
    /// A UUID, carried as lower-case text with hyphens.
    Uuid,
    /// JSON, carried as the database prints it.
    Json,
    /// A string of bits, carried as text of `0` and `1`, the first bit first.
    Bits {
        /// How many bits every value has; `None` where they may differ.
        length: Option<u32>,
    },
    /// Some of a list of words, in no order of their own (MySQL's `SET`), carried with commas
    /// between them.
    Set,
    /// Elements in order, `NULL` among them, carried as PostgreSQL's array literal: `{1,2,NULL}`.
    Array {
        /// What the elements are.
        element: Box<PortableType>,
    },
    /// Months, days and microseconds, none of which is made of another; carried as PostgreSQL
    /// prints it: `1 year 2 mons -3 days 04:05:06.5`.
    Interval,
    /// Anything else (enums, network types, ranges), as the database prints it.
    Printed,
}

impl PortableType {
    /// The Arrow type of this type's column in a snapshot.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Unsigned => DataType::UInt64,
            Self::Decimal { precision: Some(p @ 1..=38), scale } if scale <= p => {
                DataType::Decimal128(*p as u8, *scale as i8)
            }
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time { .. } => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp { .. } => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant { .. } => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Decimal { .. }
            | Self::Text
            | Self::Uuid
            | Self::Json
            | Self::Bits { .. }
            | Self::Set
            | Self::Array { .. }
            | Self::Interval
            | Self::Printed => DataType::Utf8,
        }
    }

    /// Whether its values are carried as the database prints them, and written as such.
    pub fn is_printed(&self) -> bool {
        matches!(self, Self::Bits { .. } | Self::Set | Self::Array { .. } | Self::Interval | Self::Printed)
    }
}

impl fmt::Display for PortableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Integer | Self::Unsigned => f.write_str("integer"),
            Self::Decimal { precision: Some(p), scale } => write!(f, "decimal({p},{scale})"),
            Self::Decimal { precision: None, .. } => f.write_str("decimal"),
            Self::Float32 => f.write_str("float (32 bits)"),
            Self::Float64 => f.write_str("float"),
            Self::Text => f.write_str("text"),
            Self::Bytes => f.write_str("bytes"),
            Self::Date => f.write_str("date"),
            Self::Time { precision } => write!(f, "time({precision})"),
            Self::Timestamp { precision } => write!(f, "timestamp({precision})"),
            Self::Instant { precision } => write!(f, "instant({precision})"),
            Self::Uuid => f.write_str("uuid"),
            Self::Json => f.write_str("json"),
            Self::Bits { length: Some(length) } => write!(f, "bits({length})"),
            Self::Bits { length: None } => f.write_str("bits"),
            Self::Set => f.write_str("set"),
            Self::Array { element } => write!(f, "array of {element}"),
            Self::Interval => f.write_str("interval"),
            Self::Printed => f.write_str("as printed"),
        }
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, exactly as the table has it.
    pub name: String,
    /// The portable type its values are exported as.
    pub ty: PortableType,
    /// The type in the database's own words, for reports.
    pub native: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether the database computes it.
    #[serde(default)]
    pub generated: bool,
    /// False where the type was inferred from values (CSV): a declared type on the other side wins.
    pub declared: bool,
    /// Whether blanks at the end of a value are its type's padding: `char(n)`. They are never
    /// exported, but in a file that another program wrote they may be there.
    #[serde(default)]
    pub padded: bool,
    /// What the catalog says it is besides its name; `None` where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Column {
    /// A nullable column whose type is declared.
    pub fn new(name: impl Into<String>, ty: PortableType, native: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ty,
            native: native.into(),
            nullable: true,
            generated: false,
            declared: true,
            padded: false,
            origin: None,
        }
    }

    /// Whether it is the same column as one of its name was before, as far as is known.
    pub fn is_still(&self, was: &Self) -> bool {
        let none = Origin::default();
        let [was, now] = [was, self].map(|column| column.origin.as_ref().unwrap_or(&none));
        was.is_still(now)
    }
}

/// What an endpoint says of its table before a row is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    /// In the table's own order.
    pub columns: Vec<Column>,
    /// The primary key's columns, in key order; empty if there is none.
    pub primary_key: Vec<String>,
    /// The columns of each further unique index or constraint that holds for all rows
    /// (no partial indexes, no expressions).
    pub unique: Vec<Vec<String>>,
    /// The database's own estimate of the number of rows, where it has one.
    pub estimated_rows: Option<u64>,
    /// What a person should know of how the table is read, found while describing it: files that
    /// are passed over, time limits that are raised, blanks around the names of a header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether policies of the database (row-level security) may hide rows from this user: what is
    /// not among the rows may be there all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
    /// The columns that this user has no right to read, where there are any; empty where the
    /// database does not tell their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<Vec<String>>,
}

impl TableInfo {
    /// The position of the column with exactly this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
