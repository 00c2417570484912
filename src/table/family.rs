//! The family in which a pair of columns is compared: the narrowest one that both types fit.

use super::column::PortableType;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the two values of a pair are brought to one form before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// True or false; 0 and 1 count.
    Boolean,
    /// Exact numeric value, to any number of digits; bits by the number that they are.
    Number,
    /// As [`Number`](Self::Number), but a 32-bit float is the shortest decimal that stands for it, as it is
    /// printed: 0.1, not 0.10000000149011612.
    ShortNumber,
    /// Value as a 32-bit float.
    Float32,
    /// Value as a 64-bit float.
    Float64,
    /// Byte for byte.
    Text,
    /// Byte for byte.
    Bytes,
    /// Bit for bit.
    Bits,
    /// Calendar date.
    Date,
    /// Time of day, cut to this many digits of a second.
    Time(u8),
    /// Date and time without a zone, cut to this many digits of a second.
    Timestamp(u8),
    /// Date and time in UTC, cut to this many digits of a second.
    Instant(u8),
    /// Months, days and microseconds, each for itself.
    Interval,
    /// 16 bytes; case and hyphens don't count.
    Uuid,
    /// By meaning.
    Json,
    /// Element for element, in order.
    List(ListOf),
    /// Word for word, in any order.
    Words,
}

/// As what the elements of lists are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListOf {
    /// True or false.
    Boolean,
    /// Numeric value.
    Number,
    /// Value as a 32-bit float.
    Float32,
    /// Value as a 64-bit float.
    Float64,
    /// Byte for byte.
    Text,
    /// Bytes, from `\\x` and hexadecimal digits.
    Bytes,
    /// Calendar date.
    Date,
    /// Time of day.
    Time,
    /// Date and time without a zone.
    Timestamp,
    /// Date and time in UTC.
    Instant,
    /// Months, days and microseconds.
    Interval,
    /// 16 bytes.
    Uuid,
    /// JSON by meaning.
    Json,
}

impl ListOf {
    /// The family in which elements are compared.
    pub fn family(self) -> Family {
        const FULL: u8 = 6;
        match self {
            Self::Boolean => Family::Boolean,
            Self::Number => Family::Number,
            Self::Float32 => Family::Float32,
            Self::Float64 => Family::Float64,
            Self::Text => Family::Text,
            Self::Bytes => Family::Bytes,
            Self::Date => Family::Date,
            Self::Time => Family::Time(FULL),
            Self::Timestamp => Family::Timestamp(FULL),
            Self::Instant => Family::Instant(FULL),
            Self::Interval => Family::Interval,
            Self::Uuid => Family::Uuid,
            Self::Json => Family::Json,
        }
    }

    fn of(family: Family) -> Self {
        match family {
            Family::Boolean => Self::Boolean,
            Family::Number | Family::ShortNumber => Self::Number,
            Family::Float32 => Self::Float32,
            Family::Float64 => Self::Float64,
            Family::Bytes => Self::Bytes,
            Family::Date => Self::Date,
            Family::Time(_) => Self::Time,
            Family::Timestamp(_) => Self::Timestamp,
            Family::Instant(_) => Self::Instant,
            Family::Interval => Self::Interval,
            Family::Uuid => Self::Uuid,
            Family::Json => Self::Json,
            Family::Text | Family::Bits | Family::List(_) | Family::Words => Self::Text,
        }
    }
}

impl Family {
    /// The family that tells apart whatever differs: times to the microsecond, floats by the number
    /// that they are. For a pair of columns of these types.
    pub fn strict_of(self, types: [&PortableType; 2]) -> Self {
        let is_float = |ty: &&PortableType| matches!(ty, PortableType::Float32 | PortableType::Float64);
        if self == Self::Float32 && !types.iter().all(is_float) { Self::ShortNumber } else { self.strict() }
    }

    /// The same for a single column.
    pub fn strict(self) -> Self {
        match self {
            Self::Time(_) => Self::Time(6),
            Self::Timestamp(_) => Self::Timestamp(6),
            Self::Instant(_) => Self::Instant(6),
            // Widened, a 32-bit float is another number than the 64-bit one it was rounded from.
            Self::Float32 | Self::Float64 => Self::Number,
            Self::List(ListOf::Float32 | ListOf::Float64) => Self::List(ListOf::Number),
            other => other,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::ShortNumber => f.write_str("number, as printed"),
            Self::Float32 => f.write_str("float (32 bits)"),
            Self::Float64 => f.write_str("float"),
            Self::Text => f.write_str("text"),
            Self::Bytes => f.write_str("bytes"),
            Self::Bits => f.write_str("bits"),
            Self::Date => f.write_str("date"),
            Self::Time(p) => write!(f, "time({p})"),
            Self::Timestamp(p) => write!(f, "timestamp({p})"),
            Self::Instant(p) => write!(f, "instant({p})"),
            Self::Interval => f.write_str("interval"),
            Self::Uuid => f.write_str("uuid"),
            Self::Json => f.write_str("json"),
            Self::List(of) => write!(f, "list of {}", of.family().strict().word()),
            Self::Words => f.write_str("set of words"),
        }
    }
}

impl Family {
    /// Its name without digits.
    fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Number | Self::ShortNumber | Self::Float32 | Self::Float64 => "number",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Bits => "bits",
            Self::Date => "date",
            Self::Time(_) => "time",
            Self::Timestamp(_) => "timestamp",
            Self::Instant(_) => "instant",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::List(_) => "list",
            Self::Words => "words",
        }
    }
}

/// The family of a pair of types. It does not depend on which is left.
///
/// Every pair has a rule that somebody has decided, or is compared as it is printed. Text beside a
/// typed column is read as that type: a text that is no such value is kept apart. What only the
/// database's own printing knows (an enum, a range) is text beside everything.
pub fn family(left: &PortableType, right: &PortableType) -> Family {
    use PortableType as T;
    match (left, right) {
        (T::Text | T::Printed, T::Text | T::Printed) => Family::Text,
        (T::Set, T::Set | T::Array { .. } | T::Json | T::Text) | (T::Array { .. } | T::Json | T::Text, T::Set) => {
            Family::Words
        }
        (T::Array { element: a }, T::Array { element: b }) => Family::List(ListOf::of(family(a, b))),
        (T::Array { element }, T::Json | T::Text) | (T::Json | T::Text, T::Array { element }) => {
            Family::List(ListOf::of(family(element, element)))
        }
        (T::Bits { .. }, T::Boolean) | (T::Boolean, T::Bits { .. }) => Family::Boolean,
        // Bits of two fixed lengths are two ways to write a number.
        (T::Bits { length: Some(a) }, T::Bits { length: Some(b) }) if a != b => Family::Number,
        (T::Bits { .. }, T::Bits { .. } | T::Text) | (T::Text, T::Bits { .. }) => Family::Bits,
        (T::Bits { .. }, other) | (other, T::Bits { .. }) if is_numeric(other) => Family::Number,
        (T::Interval, T::Interval | T::Text | T::Time { .. }) | (T::Text | T::Time { .. }, T::Interval) => {
            Family::Interval
        }
        // A typed column says what the text beside it means.
        (T::Text, typed) | (typed, T::Text) if !typed.is_printed() => family(typed, typed),

        (T::Boolean, other) | (other, T::Boolean) if *other == T::Boolean || is_numeric(other) => Family::Boolean,

        (T::Decimal { .. } | T::Float32, T::Float32) | (T::Float32, T::Decimal { .. }) => Family::Float32,
        (T::Float32, T::Float64) | (T::Float64, T::Float32) => Family::Float32,
        (T::Decimal { .. } | T::Float64, T::Float64) | (T::Float64, T::Decimal { .. }) => Family::Float64,
        (a, b) if is_numeric(a) && is_numeric(b) => Family::Number,

        (T::Bytes, T::Bytes) => Family::Bytes,
        (T::Uuid, T::Uuid | T::Bytes) | (T::Bytes, T::Uuid) => Family::Uuid,
        (T::Json, T::Json) => Family::Json,

        (T::Date, T::Date) => Family::Date,
        (T::Date, T::Timestamp { precision }) | (T::Timestamp { precision }, T::Date) => Family::Timestamp(*precision),
        (T::Date, T::Instant { precision }) | (T::Instant { precision }, T::Date) => Family::Instant(*precision),
        (T::Time { precision: a }, T::Time { precision: b }) => Family::Time(*a.min(b)),
        (T::Timestamp { precision: a }, T::Timestamp { precision: b }) => Family::Timestamp(*a.min(b)),
        (T::Timestamp { precision: a } | T::Instant { precision: a }, T::Instant { precision: b })
        | (T::Instant { precision: a }, T::Timestamp { precision: b }) => Family::Instant(*a.min(b)),

        _ => Family::Text,
    }
}

fn is_numeric(ty: &PortableType) -> bool {
    use PortableType as T;
    matches!(ty, T::Integer | T::Unsigned | T::Decimal { .. } | T::Float32 | T::Float64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    #[test]
    fn sides_do_not_matter() {
        let types = [
            T::Boolean,
            T::Integer,
            T::Unsigned,
            T::Decimal { precision: Some(10), scale: 2 },
            T::Float32,
            T::Float64,
            T::Text,
            T::Bytes,
            T::Date,
            T::Time { precision: 3 },
            T::Timestamp { precision: 0 },
            T::Instant { precision: 6 },
            T::Uuid,
            T::Json,
            T::Bits { length: Some(1) },
            T::Bits { length: Some(8) },
            T::Bits { length: None },
            T::Set,
            T::Array { element: Box::new(T::Integer) },
            T::Array { element: Box::new(T::Text) },
            T::Interval,
            T::Printed,
        ];
        for a in &types {
            for b in &types {
                assert_eq!(family(a, b), family(b, a), "{a} and {b}");
            }
        }
    }

    #[test]
    fn the_coarser_precision_and_the_typed_side_decide() {
        assert_eq!(family(&T::Timestamp { precision: 6 }, &T::Timestamp { precision: 3 }), Family::Timestamp(3));
        assert_eq!(family(&T::Text, &T::Date), Family::Date);
        assert_eq!(family(&T::Boolean, &T::Integer), Family::Boolean);
        assert_eq!(family(&T::Date, &T::Integer), Family::Text);
        assert_eq!(family(&T::Integer, &T::Float64), Family::Number);
    }

    #[test]
    fn nothing_printed_is_read_by_the_other_types_grammar() {
        for typed in [T::Integer, T::Boolean, T::Date, T::Json, T::Time { precision: 0 }, T::Uuid, T::Bytes] {
            assert_eq!(family(&T::Printed, &typed), Family::Text, "{typed}");
        }
        assert_eq!(family(&T::Interval, &T::Integer), Family::Text);
        assert_eq!(family(&T::Bits { length: Some(8) }, &T::Integer), Family::Number);
        assert_eq!(family(&T::Bits { length: Some(8) }, &T::Text), Family::Bits);
        assert_eq!(family(&T::Bits { length: Some(3) }, &T::Bits { length: Some(8) }), Family::Number);
        assert_eq!(family(&T::Bits { length: Some(3) }, &T::Bits { length: None }), Family::Bits);
        let array = |element| T::Array { element: Box::new(element) };
        assert_eq!(family(&array(T::Integer), &array(T::Text)), Family::List(ListOf::Number));
        assert_eq!(family(&array(T::Printed), &T::Set), Family::Words);
        assert_eq!(family(&array(T::Text), &T::Integer), Family::Text);
    }
}
