//! What is decided of each pair of types, in words: as what two values are compared, when they are
//! equal, and how one is written to a column of the other's type. The documentation's table of
//! types is made of this, and [`family`] decides by the same cases.

use super::column::PortableType;
use super::family::{Family, family};

/// The rule for a pair of types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairRule {
    /// As what the two are compared.
    pub family: Family,
    /// When two values are equal.
    pub equal: &'static str,
    /// How a left value is written to a column of the right type, and a right one to the left.
    pub written: [&'static str; 2],
}

/// The rule for a pair of types.
pub fn pair_rule(left: &PortableType, right: &PortableType) -> PairRule {
    let family = family(left, right);
    PairRule {
        family,
        equal: equal_when(left, right, family),
        written: [written_as(left, right, family), written_as(right, left, family)],
    }
}

fn equal_when(left: &PortableType, right: &PortableType, family: Family) -> &'static str {
    use PortableType as T;
    let either = |is: fn(&T) -> bool| is(left) || is(right);
    let text = either(|ty| *ty == T::Text);
    match family {
        Family::Boolean if text => "the text reads as that truth: t, true, yes, on, 1 and their opposites",
        Family::Boolean if left == right => "both are true or both false",
        Family::Boolean => "true beside 1, false beside 0; any other number is unequal to both",
        Family::Number if either(|ty| matches!(ty, T::Bits { .. })) => {
            "the bits, read as a whole number, are the number"
        }
        Family::Number if text => "the text reads as a number of the same value; `007` and `7.0` are 7",
        Family::ShortNumber => "they have the same value as they are printed, to any number of digits",
        Family::Number => "they have the same value, to any number of digits",
        Family::Float32 => "they are the same 32-bit float; NaN is NaN, −0 is 0",
        Family::Float64 => "they are the same 64-bit float; NaN is NaN, −0 is 0",
        Family::Text if matches!((left, right), (T::Text, T::Text)) => {
            "they are the same byte for byte; the padding of char(n) does not count"
        }
        Family::Text => "they print as the same text",
        Family::Bytes if text => "the text's UTF-8 bytes are the bytes",
        Family::Bytes => "they are the same byte for byte",
        Family::Bits => "they are the same bits, zeros in front among them",
        Family::Date if text => "the text reads as that day, at midnight if it has a time",
        Family::Date => "they are the same day",
        Family::Time(_) => "they are the same, cut to the coarser precision",
        Family::Timestamp(_) if either(|ty| *ty == T::Date) => "the time is midnight of that day",
        Family::Timestamp(_) => "they are the same, cut to the coarser precision",
        Family::Instant(_) if left != right && either(|ty| matches!(ty, T::Timestamp { .. } | T::Date)) => {
            "they are the same moment, the one without a zone taken as UTC or as the job says"
        }
        Family::Instant(_) => "they are the same moment, cut to the coarser precision",
        Family::Interval if either(|ty| matches!(ty, T::Time { .. })) => {
            "the interval has no months and no days, and the time's hours, minutes and seconds"
        }
        Family::Interval => "they have the same months, the same days, and the same microseconds",
        Family::Uuid => "they are the same 16 bytes; case, hyphens and braces do not count",
        Family::Json => "they mean the same: order of names and spacing do not count, numbers by value",
        Family::List(_) => "they have equal elements in the same order; NULL is no text, a number no text in quotes",
        Family::Words => "they have the same words in any order",
    }
}

fn written_as(from: &PortableType, to: &PortableType, family: Family) -> &'static str {
    use PortableType as T;
    match (family, to) {
        (Family::Words, T::Set) => "its words, in the order of the labels",
        _ if from == to => "as it is",
        (Family::Words | Family::List(_), T::Array { .. }) => "as an array literal",
        (Family::Words | Family::List(_), T::Json) => "as a JSON array",
        (Family::Number | Family::Boolean, T::Bits { .. }) => "as bits, with zeros in front; left out if it has more",
        (
            Family::Time(_) | Family::Timestamp(_) | Family::Instant(_),
            T::Time { .. } | T::Timestamp { .. } | T::Instant { .. },
        ) => "cut to the column's precision",
        (Family::Timestamp(_) | Family::Instant(_), T::Date) => "as a day; left out if it has a time",
        (_, T::Text | T::Printed) if from.is_printed() || *from == T::Json => "as its database prints it",
        (Family::Bytes, T::Text) => "as the text that it is; left out if it is no UTF-8",
        (Family::Uuid, T::Bytes) => "as 16 bytes",
        (_, T::Text | T::Printed) => "as trueup prints it",
        (Family::Text, _) => "as it is printed, if that is such a value there; else left out",
        _ => "as the same value; left out if the column has none such",
    }
}

#[cfg(test)]
#[path = "pairing_tests.rs"]
mod tests;
