//! Exact numbers: `5`, `5.00` and `0.5e1` are one value with one canonical form, whatever
//! their length. Numbers that fit 64 or 128 bits stay binary; longer ones become digits.

use num_bigint::BigInt;

/// A number in canonical form. Two numbers are equal exactly when their `Number`s are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// `mantissa × 10^-scale`, with no trailing zero in the mantissa while `scale > 0`.
    Small {
        /// The digits, as a whole number.
        mantissa: i128,
        /// How many of them are after the point.
        scale: u32,
    },
    /// Plain digits with an optional sign and point, no superfluous zeros, for what 128 bits
    /// do not hold.
    Long(String),
}

/// PostgreSQL's `numeric` has at most 131,072 digits before the point and 16,383 after it
/// (its manual, "Numeric Types"); anything longer is no number for us.
const MAX_DIGITS: i64 = 150_000;

impl Number {
    /// From a mantissa and the number of its digits after the point.
    pub fn new(mut mantissa: i128, mut scale: u32) -> Self {
        // Division of 128 bits is a slow call; nearly all values fit 64.
        if let Ok(mut short) = i64::try_from(mantissa) {
            while scale > 0 && short % 10 == 0 {
                short /= 10;
                scale -= 1;
                if short == 0 {
                    scale = 0;
                }
            }
            return Self::Small { mantissa: short.into(), scale };
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self::Small { mantissa, scale }
    }

    /// A float's exact value where it is whole, else its shortest decimal form.
    /// `None` for NaN and the infinities.
    pub fn from_f64(value: f64) -> Option<Self> {
        const EXACT: f64 = 1.7e38; // below i128::MAX, 1.70141e38
        if !value.is_finite() {
            return None;
        }
        if value.fract() == 0.0 && value.abs() < EXACT {
            return Some(Self::new(value as i128, 0));
        }
        Self::parse(&format!("{value:e}"))
    }

    /// Reads `-12.50`, `+3`, `.5`, `1e-7`. `None` if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes.first()? {
            b'-' => (true, &bytes[1..]),
            b'+' => (false, &bytes[1..]),
            _ => (false, bytes),
        };
        let (number, exponent) = match rest.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => {
                let exponent: i64 = std::str::from_utf8(&rest[at + 1..]).ok()?.parse().ok()?;
                (&rest[..at], exponent)
            }
            None => (rest, 0),
        };
        let (whole, part) = match number.iter().position(|b| *b == b'.') {
            Some(at) => (&number[..at], &number[at + 1..]),
            None => (number, &[][..]),
        };
        if whole.is_empty() && part.is_empty()
            || exponent.abs() > MAX_DIGITS
            || !whole.iter().chain(part).all(u8::is_ascii_digit)
        {
            return None;
        }
        if exponent == 0 && whole.len() + part.len() <= 18 {
            let mut mantissa: i64 = 0;
            for digit in whole.iter().chain(part) {
                mantissa = mantissa * 10 + i64::from(digit - b'0');
            }
            return Some(Self::new(if negative { -mantissa } else { mantissa }.into(), part.len() as u32));
        }
        Self::from_digits(negative, whole, part, exponent)
    }

    fn from_digits(negative: bool, whole: &[u8], part: &[u8], exponent: i64) -> Option<Self> {
        let mut digits: Vec<u8> = whole.iter().chain(part).copied().collect();
        let mut scale = part.len() as i64 - exponent;
        if scale.abs() > MAX_DIGITS * 2 {
            return None;
        }
        let zeros = digits.iter().take_while(|d| **d == b'0').count();
        digits.drain(..zeros);
        if digits.is_empty() {
            return Some(Self::Small { mantissa: 0, scale: 0 });
        }
        while scale > 0 && digits.last() == Some(&b'0') {
            digits.pop();
            scale -= 1;
        }
        while scale < 0 {
            digits.push(b'0');
            scale += 1;
        }
        let text = std::str::from_utf8(&digits).ok()?;
        if let Ok(mantissa) = text.parse::<i128>() {
            return Some(Self::Small { mantissa: if negative { -mantissa } else { mantissa }, scale: scale as u32 });
        }
        let mut out = String::with_capacity(digits.len() + 3);
        push_digits(&mut out, negative, text, scale as u32);
        Some(Self::Long(out))
    }

    /// Appends the canonical bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Small { mantissa, scale } => match i64::try_from(*mantissa) {
                Ok(short) if *scale == 0 => {
                    out.push(1);
                    out.extend_from_slice(&short.to_le_bytes());
                }
                Ok(short) if *scale < 256 => {
                    out.extend_from_slice(&[2, *scale as u8]);
                    out.extend_from_slice(&short.to_le_bytes());
                }
                _ => {
                    out.push(3);
                    out.extend_from_slice(&scale.to_le_bytes());
                    out.extend_from_slice(&mantissa.to_le_bytes());
                }
            },
            Self::Long(text) => {
                out.push(4);
                out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// The nearest 64-bit float.
    pub fn to_f64(&self) -> f64 {
        // The standard parser rounds correctly; dividing two floats would not.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// How far another number is away: never negative. `None` only where a number has more digits
    /// than any database has.
    pub fn distance(&self, other: &Self) -> Option<Self> {
        if let (Self::Small { mantissa: a, scale: at }, Self::Small { mantissa: b, scale: bt }) = (self, other) {
            let scale = *at.max(bt);
            let up = |mantissa: &i128, from: u32| mantissa.checked_mul(10i128.checked_pow(scale - from)?);
            if let Some(distance) = up(a, *at).zip(up(b, *bt)).and_then(|(a, b)| a.checked_sub(b)) {
                return Some(Self::new(distance.checked_abs()?, scale));
            }
        }
        let ([a, b], scale) = Self::aligned(self, other)?;
        Self::parse(&format!("{}e-{scale}", (a - b).magnitude()))
    }

    /// Whether it is not larger than another.
    pub fn at_most(&self, other: &Self) -> bool {
        Self::aligned(self, other).is_some_and(|([a, b], _)| a <= b)
    }

    /// Both numbers as whole ones of one scale.
    fn aligned(a: &Self, b: &Self) -> Option<([BigInt; 2], usize)> {
        let parts = [a.to_string(), b.to_string()].map(|text| {
            let point = text.find('.').map_or(0, |at| text.len() - at - 1);
            (text.replace('.', ""), point)
        });
        let scale = parts[0].1.max(parts[1].1);
        let whole = |(digits, own): &(String, usize)| -> Option<BigInt> {
            format!("{digits}{}", "0".repeat(scale - own)).parse().ok()
        };
        Some(([whole(&parts[0])?, whole(&parts[1])?], scale))
    }

    /// The mantissa at this scale, if it fits exactly and within the precision.
    pub fn at_scale(&self, precision: u32, scale: u32) -> Option<i128> {
        let Self::Small { mantissa, scale: have } = self else { return None };
        let up = scale.checked_sub(*have)?;
        let value = mantissa.checked_mul(10i128.checked_pow(up)?)?;
        (value.unsigned_abs() < 10u128.checked_pow(precision)?).then_some(value)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Small { mantissa, scale } => {
                let mut out = String::new();
                push_digits(&mut out, *mantissa < 0, &mantissa.unsigned_abs().to_string(), *scale);
                f.write_str(&out)
            }
            Self::Long(text) => f.write_str(text),
        }
    }
}

/// Appends `digits` with the point `scale` digits from the right, padded with zeros.
pub fn push_digits(out: &mut String, negative: bool, digits: &str, scale: u32) {
    let scale = scale as usize;
    if negative {
        out.push('-');
    }
    if scale == 0 {
        out.push_str(digits);
    } else if digits.len() > scale {
        out.push_str(&digits[..digits.len() - scale]);
        out.push('.');
        out.push_str(&digits[digits.len() - scale..]);
    } else {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', scale - digits.len()));
        out.push_str(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) {
        assert_eq!(Number::parse(a), Number::parse(b), "{a} against {b}");
        assert!(Number::parse(a).is_some(), "{a}");
    }

    #[test]
    fn one_value_has_one_form() {
        same("5", "5.00");
        same("0", "-0.000");
        same("0.5e1", "+5");
        same("1e-7", ".0000001");
        same("1e20", "100000000000000000000.0");
        same("123456789012345678901234567890123456789012345", "123456789012345678901234567890123456789012345.000");
        same("1e60", &format!("1{}", "0".repeat(60)));
        assert_ne!(Number::parse("1e60"), Number::parse("1e61"));
        assert_ne!(Number::parse("0.10"), Number::parse("0.01"));
    }

    #[test]
    fn other_text_is_no_number() {
        for text in ["", "-", ".", "1.2.3", "0x10", "NaN", "1e", "1e999999999", " 1", "१"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn prints_what_it_read() {
        for text in ["0", "-12.5", "0.001", "340282366920938463463374607431768211456.5"] {
            assert_eq!(Number::parse(text).map(|n| n.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn whole_floats_are_exact() {
        assert_eq!(Number::from_f64(2f64.powi(60)), Number::parse("1152921504606846976"));
        assert_eq!(Number::from_f64(-0.0), Number::parse("0"));
        assert_eq!(Number::from_f64(0.1), Number::parse("0.1"));
        assert_eq!(Number::from_f64(1e308), Number::parse("1e308"));
        assert_eq!(Number::from_f64(f64::NAN), None);
    }

    #[test]
    fn fits_a_declared_scale_exactly_or_not_at_all() {
        let n = Number::parse("12.5").unwrap();
        assert_eq!(n.at_scale(5, 2), Some(1250));
        assert_eq!(n.at_scale(3, 2), None);
        assert_eq!(n.at_scale(5, 0), None);
    }
}
