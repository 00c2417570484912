//! How far two numbers may be apart and still count as equal: exactly, in decimal arithmetic. In
//! binary floats 1.01 − 1.00 is more than 0.01.

use super::number::Number;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A distance, `mantissa × 10^-scale`, that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tolerance {
    mantissa: i128,
    scale: u32,
}

/// Not a number, negative, or of more digits than any tolerance needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number like 0.01 is needed")]
pub struct NoTolerance;

impl Tolerance {
    /// Whether two numbers are at most this far apart.
    pub fn spans(self, left: &Number, right: &Number) -> bool {
        let own = Number::new(self.mantissa, self.scale);
        left.distance(right).is_some_and(|distance| distance.at_most(&own))
    }
}

impl FromStr for Tolerance {
    type Err = NoTolerance;

    fn from_str(text: &str) -> Result<Self, NoTolerance> {
        match Number::parse(text) {
            Some(Number::Small { mantissa, scale }) if mantissa >= 0 => Ok(Self { mantissa, scale }),
            _ => Err(NoTolerance),
        }
    }
}

impl TryFrom<String> for Tolerance {
    type Error = NoTolerance;

    fn try_from(text: String) -> Result<Self, NoTolerance> {
        text.parse()
    }
}

impl From<Tolerance> for String {
    fn from(tolerance: Tolerance) -> Self {
        tolerance.to_string()
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Number::new(self.mantissa, self.scale).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(tolerance: &str, left: &str, right: &str) -> bool {
        let number = |text: &str| Number::parse(text).unwrap();
        tolerance.parse::<Tolerance>().unwrap().spans(&number(left), &number(right))
    }

    #[test]
    fn distances_are_exact() {
        assert!(spans("0.01", "1.00", "1.01") && spans("0.01", "100", "100.01") && spans("0.1", "0.3", "0.2"));
        assert!(!spans("0.01", "1", "1.010000000000000000000000001"));
        assert!(
            !spans("0.5", "9007199254740993", "9007199254740992") && spans("1", "9007199254740993", "9007199254740992")
        );
        assert!(!spans("0.01", "12345678901234567890.12", "12345678901234567890.99"));
        let long = "9".repeat(60);
        assert!(
            spans("1", &long, &format!("1{}", "0".repeat(60)))
                && !spans("0.99", &long, &format!("1{}", "0".repeat(60)))
        );
        assert!(spans("0.02", &format!("-{long}.49"), &format!("-{long}.5")));
        assert!(spans("5", "-2", "3") && !spans("4.9", "-2", "3") && spans("0", "1e3", "1000.0"));
    }

    #[test]
    fn what_is_no_distance_is_refused() {
        for text in ["-1", "x", "", "NaN", "inf", &"9".repeat(60)] {
            assert!(text.parse::<Tolerance>().is_err(), "{text}");
        }
        assert_eq!("1e-7".parse::<Tolerance>().unwrap().to_string(), "0.0000001");
    }

    proptest! {
        /// Against sums of whole numbers of one scale.
        #[test]
        fn as_whole_numbers_of_one_scale(l in -1_000_000i64..1_000_000, r in -1_000_000i64..1_000_000, t in 0i64..3_000_000) {
            let text = |value: i64| Number::new(value.into(), 4).to_string();
            prop_assert_eq!(spans(&text(t), &text(l), &text(r)), (l - r).abs() <= t);
        }
    }
}
