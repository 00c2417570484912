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
    /// Exact numeric value, to any number of digits.
    Number,
    /// Value as a 32-bit float.
    Float32,
    /// Value as a 64-bit float.
    Float64,
    /// Byte for byte.
    Text,
    /// Byte for byte.
    Bytes,
    /// Calendar date.
    Date,
    /// Time of day, cut to this many digits of a second.
    Time(u8),
    /// Date and time without a zone, cut to this many digits of a second.
    Timestamp(u8),
    /// Date and time in UTC, cut to this many digits of a second.
    Instant(u8),
    /// 16 bytes; case and hyphens don't count.
    Uuid,
    /// By meaning.
    Json,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::Float32 => f.write_str("float (32 bits)"),
            Self::Float64 => f.write_str("float"),
            Self::Text => f.write_str("text"),
            Self::Bytes => f.write_str("bytes"),
            Self::Date => f.write_str("date"),
            Self::Time(p) => write!(f, "time({p})"),
            Self::Timestamp(p) => write!(f, "timestamp({p})"),
            Self::Instant(p) => write!(f, "instant({p})"),
            Self::Uuid => f.write_str("uuid"),
            Self::Json => f.write_str("json"),
        }
    }
}

/// The family of a pair of types. It does not depend on which is left.
pub fn family(left: &PortableType, right: &PortableType) -> Family {
    use PortableType as T;
    match (left, right) {
        // A typed column says what the text beside it means.
        (T::Text | T::Printed, T::Text | T::Printed) => Family::Text,
        (T::Text | T::Printed, typed) | (typed, T::Text | T::Printed) => family(typed, typed),

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
}
