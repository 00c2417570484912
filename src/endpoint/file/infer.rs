//! The type of a CSV column, from all of its values. A type is given only where reading a value
//! as that type loses nothing: `007`, `+5` and `-0` are text.

use super::csv_bytes::has_codes;
use crate::table::{Number, PortableType, parse_date, parse_float, parse_hex, parse_timestamp, parse_uuid};

/// What one value looks like. Every value looks like exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// `t`, `f`, `true`, `false`.
    Boolean,
    /// Digits that fit 64 bits.
    Integer,
    /// More digits, or some behind a point.
    Decimal,
    /// With an exponent, or a negative zero.
    Float,
    /// `NaN` or an infinity.
    FloatWord,
    Date,
    Timestamp,
    Instant,
    Uuid,
    /// `\x` and pairs of hexadecimal digits, as PostgreSQL prints bytes.
    Hex,
    Text,
}

/// A decimal with more digits than any of the databases can declare is rather a code.
const MOST_DIGITS: usize = 38;
/// Two decimals of up to this many digits are never the same 64-bit float.
const FLOAT_DIGITS: usize = 15;

/// Looks at the values of one column.
#[derive(Clone, Debug, Default)]
pub struct Inference {
    look: Option<Look>,
    /// Some number has more digits than a float keeps.
    long: bool,
    codes: Codes,
}

/// Whether values have codes such as `\x89` in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Codes {
    #[default]
    None,
    Some,
    /// There is a `\` that begins no code.
    Broken,
}

impl Inference {
    /// Looks at a value that is not NULL.
    pub fn see(&mut self, value: &str) {
        if self.codes != Codes::Broken {
            self.codes = match has_codes(value) {
                Some(false) => self.codes,
                Some(true) => Codes::Some,
                None => Codes::Broken,
            };
        }
        if self.look == Some(Look::Text) {
            return;
        }
        let (look, digits) = look(value);
        self.long = self.long || digits > FLOAT_DIGITS && !survives_as_float(value);
        self.look = Some(self.look.map_or(look, |seen| join(seen, look)));
    }

    /// Whether some values have codes such as `\x89` in them, and all `\` are of such.
    pub(super) fn has_codes(&self) -> bool {
        self.codes == Codes::Some
    }

    /// Whether no value was seen.
    pub fn is_empty(&self) -> bool {
        self.look.is_none()
    }

    /// The type that holds all values seen.
    pub fn ty(&self) -> PortableType {
        match self.look {
            Some(Look::Boolean) => PortableType::Boolean,
            Some(Look::Integer) => PortableType::Integer,
            Some(Look::Decimal) => PortableType::Decimal { precision: None, scale: 0 },
            // As floats, two different codes such as 12345678901234567 and …68 would be equal.
            Some(Look::Float) if !self.long => PortableType::Float64,
            Some(Look::Date) => PortableType::Date,
            Some(Look::Timestamp) => PortableType::Timestamp { precision: 6 },
            Some(Look::Instant) => PortableType::Instant { precision: 6 },
            Some(Look::Uuid) => PortableType::Uuid,
            Some(Look::Hex) => PortableType::Bytes,
            Some(Look::Text | Look::Float | Look::FloatWord) | None => PortableType::Text,
        }
    }
}

fn join(a: Look, b: Look) -> Look {
    use Look::{Decimal, Float, FloatWord, Integer, Text};
    match (a, b) {
        _ if a == b => a,
        (Integer | Decimal, Integer | Decimal) => Decimal,
        (Integer | Decimal | Float | FloatWord, Integer | Decimal | Float | FloatWord) => Float,
        _ => Text,
    }
}

/// What a value looks like, and the digits of a number's value.
fn look(value: &str) -> (Look, usize) {
    let bytes = value.as_bytes();
    let look = match bytes.first() {
        Some(b'0'..=b'9' | b'-') => match number(bytes) {
            Some(found) => return found,
            None if parse_float(value).is_some_and(f64::is_infinite) => Look::FloatWord,
            None => moment(value),
        },
        Some(b't' | b'T' | b'f' | b'F')
            if ["t", "f", "true", "false"].iter().any(|w| w.eq_ignore_ascii_case(value)) =>
        {
            Look::Boolean
        }
        Some(b'n' | b'N' | b'i' | b'I') if parse_float(value).is_some() => Look::FloatWord,
        Some(b'a'..=b'f' | b'A'..=b'F') if is_uuid(value) => Look::Uuid,
        Some(b'\\') if hex_bytes(value).is_some() => Look::Hex,
        _ => Look::Text,
    };
    (look, 0)
}

/// The bytes that `\x` and pairs of hexadecimal digits are.
pub(super) fn hex_bytes(value: &str) -> Option<Vec<u8>> {
    parse_hex(value).filter(|_| value.starts_with("\\x"))
}

/// Whether a float prints as this number again.
fn survives_as_float(number: &str) -> bool {
    parse_float(number).is_some_and(|float| Number::parse(&format!("{float:e}")) == Number::parse(number))
}

/// A value that starts with a digit and is no number.
fn moment(value: &str) -> Look {
    if value.len() == 10 && parse_date(value).is_some() {
        return Look::Date;
    }
    if is_uuid(value) {
        return Look::Uuid;
    }
    match parse_timestamp(value) {
        // A date with a longer year reads as a timestamp, but says no time.
        Some(_) if !value.contains(':') => Look::Text,
        Some((_, true)) => Look::Instant,
        Some((_, false)) => Look::Timestamp,
        None => Look::Text,
    }
}

fn is_uuid(value: &str) -> bool {
    let hyphens = |at: usize| value.as_bytes().get(at) == Some(&b'-');
    value.len() == 36 && [8, 13, 18, 23].into_iter().all(hyphens) && parse_uuid(value).is_some()
}

/// A number without superfluous zeros, signs and points; `None` for anything else.
fn number(bytes: &[u8]) -> Option<(Look, usize)> {
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let negative = unsigned.len() < bytes.len();
    let whole = digits(unsigned);
    if whole == 0 || whole > 1 && unsigned[0] == b'0' {
        return None;
    }
    let mut at = whole;
    let mut part = 0;
    if unsigned.get(at) == Some(&b'.') {
        part = digits(&unsigned[at + 1..]);
        if part == 0 {
            return None;
        }
        at += 1 + part;
    }
    let count = if whole == 1 && unsigned[0] == b'0' { part } else { whole + part };
    if at < unsigned.len() {
        let exponent = matches!(unsigned[at], b'e' | b'E');
        // The parser knows what an exponent may look like, and how large it may be.
        let float = exponent && std::str::from_utf8(bytes).ok().and_then(parse_float).is_some();
        return float.then_some((Look::Float, count));
    }
    let zero = unsigned.iter().all(|b| matches!(b, b'0' | b'.'));
    if negative && zero {
        // Only a float has a negative zero.
        return (part > 0).then_some((Look::Float, count));
    }
    if part == 0 && (whole <= 18 || std::str::from_utf8(bytes).ok()?.parse::<i64>().is_ok()) {
        return Some((Look::Integer, count));
    }
    (whole + part <= MOST_DIGITS).then_some((Look::Decimal, count))
}

/// How many digits these bytes start with.
fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    fn ty(values: &[&str]) -> PortableType {
        let mut inference = Inference::default();
        values.iter().for_each(|value| inference.see(value));
        inference.ty()
    }

    #[test]
    fn all_values_decide() {
        let decimal = T::Decimal { precision: None, scale: 0 };
        let timestamp = T::Timestamp { precision: 6 };
        let instant = T::Instant { precision: 6 };
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let table: &[(&[&str], PortableType)] = &[
            (&[], T::Text),
            (&["t", "FALSE", "True", "f"], T::Boolean),
            (&["t", "1"], T::Text),
            (&["F", "M"], T::Text),
            (&["0", "-5", "9223372036854775807", "-9223372036854775808"], T::Integer),
            (&["1", "007"], T::Text),
            (&["1", "+5"], T::Text),
            (&["1", "-0"], T::Text),
            (&["1", ""], T::Text),
            (&["1", " 2"], T::Text),
            (&["1", "1,000"], T::Text),
            (&["1", "٣"], T::Text),
            (&["9223372036854775808"], decimal.clone()),
            (&["1", "2.50"], decimal.clone()),
            (&["0.5", "-0.5"], decimal.clone()),
            (&["12345678901234567890.123456789012345678"], decimal),
            (&["123456789012345678901234567890123456789"], T::Text),
            (&["007.5"], T::Text),
            (&[".5"], T::Text),
            (&["5."], T::Text),
            (&["-"], T::Text),
            (&["1.2.3"], T::Text),
            (&["1", "1e5"], T::Float64),
            (&["2.5", "NaN", "-Infinity"], T::Float64),
            (&["-0.0", "1.5"], T::Float64),
            (&["1.7976931348623157e308", "0.30000000000000004"], T::Float64),
            (&["1e999"], T::Text),
            (&["1e"], T::Text),
            (&["0e1", "1e-05"], T::Float64),
            (&["nan", "inf"], T::Text),
            (&["12345678901234567", "12e5"], T::Text),
            (&["2024-02-29", "0001-01-01"], T::Date),
            (&["2024-02-29", "2024-02-30"], T::Text),
            (&["2024-02-29", "2024-02-29 10:00:00"], T::Text),
            (&["12024-02-29"], T::Text),
            (&["2024-02-29 10:00", "2024-02-29T10:00:00.123456"], timestamp.clone()),
            (&["2024-02-29 10:00:00.1234567"], T::Text),
            (&["2024-02-29T10:00:00Z", "2024-02-29 10:00:00+05:30"], instant),
            (&["2024-02-29T10:00:00Z", "2024-02-29T10:00:00"], T::Text),
            (&[uuid, "10EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"], T::Uuid),
            (&["a0eebc999c0b4ef8bb6d6bb9bd380a11"], T::Text),
            (&["2024"], T::Integer),
            (&["\\x", "\\x00fF"], T::Bytes),
            (&["\\x00", "\\x0"], T::Text),
            (&["\\x00", "00"], T::Text),
            (&["10:00"], T::Text),
        ];
        for (values, expected) in table {
            assert_eq!(ty(values), *expected, "{values:?}");
            let backwards: Vec<&str> = values.iter().rev().copied().collect();
            assert_eq!(ty(&backwards), *expected, "{backwards:?}");
        }
    }
}
