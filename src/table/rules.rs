//! Rules that a person gives for one column to soften its comparison: `trim`, `ignore-case`,
//! `empty-is-null`, `tolerance:0.01`, `precision:ms`, `uuid`, `hex`. Each is reported with what it made equal.

use super::family::Family;
use super::tolerance::Tolerance;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// One rule as written after `--compare COL=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// White space at both ends of text doesn't count.
    Trim,
    /// Case doesn't count (Unicode lower case).
    IgnoreCase,
    /// Empty text and NULL are the same.
    EmptyIsNull,
    /// Numbers this close are equal.
    Tolerance(Tolerance),
    /// Times are cut to this many digits of a second.
    Precision(u8),
    /// With a precision: times are rounded to it, half up, not cut.
    Round,
    /// Text and bytes are read as UUIDs: case, hyphens and braces don't count.
    Uuid,
    /// Text is read as bytes in hexadecimal digits.
    Hex,
}

/// Why a rule was not understood or does not fit its column.
#[derive(Debug, Error, PartialEq)]
pub enum RuleError {
    /// No such rule.
    #[error(
        "`{0}` is no comparison rule: use trim, ignore-case, empty-is-null, tolerance:NUMBER, precision:s|ms|us, round, uuid or hex"
    )]
    Unknown(String),
    /// `round` says nothing without a precision.
    #[error("rule `round` of column `{0}` needs a precision, as in precision:s,round")]
    Alone(String),
    /// The rule is for other types.
    #[error("rule `{rule}` does not fit column `{column}`, which is compared as {family}")]
    Misfit {
        /// The rule.
        rule: String,
        /// The left name of the column.
        column: String,
        /// What the column is compared as.
        family: Family,
    },
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let unknown = || RuleError::Unknown(text.to_owned());
        match text.trim().split_once(':') {
            None => match text.trim() {
                "trim" => Ok(Self::Trim),
                "ignore-case" => Ok(Self::IgnoreCase),
                "empty-is-null" => Ok(Self::EmptyIsNull),
                "round" => Ok(Self::Round),
                "uuid" => Ok(Self::Uuid),
                "hex" => Ok(Self::Hex),
                _ => Err(unknown()),
            },
            Some(("tolerance", number)) => number.parse().map(Self::Tolerance).map_err(|_| unknown()),
            Some(("precision", "s")) => Ok(Self::Precision(0)),
            Some(("precision", "ms")) => Ok(Self::Precision(3)),
            Some(("precision", "us")) => Ok(Self::Precision(6)),
            Some(_) => Err(unknown()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trim => f.write_str("trim"),
            Self::IgnoreCase => f.write_str("ignore-case"),
            Self::EmptyIsNull => f.write_str("empty-is-null"),
            Self::Tolerance(value) => write!(f, "tolerance:{value}"),
            Self::Precision(0) => f.write_str("precision:s"),
            Self::Precision(3) => f.write_str("precision:ms"),
            Self::Precision(_) => f.write_str("precision:us"),
            Self::Round => f.write_str("round"),
            Self::Uuid => f.write_str("uuid"),
            Self::Hex => f.write_str("hex"),
        }
    }
}

/// The rules of one pair of columns, in effect together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// See [`Rule::Trim`].
    pub trim: bool,
    /// See [`Rule::IgnoreCase`].
    pub ignore_case: bool,
    /// See [`Rule::EmptyIsNull`].
    pub empty_is_null: bool,
    /// See [`Rule::Tolerance`].
    pub tolerance: Option<Tolerance>,
    /// See [`Rule::Round`].
    #[serde(default)]
    pub round: bool,
    /// See [`Rule::Uuid`].
    #[serde(default)]
    pub uuid: bool,
    /// See [`Rule::Hex`].
    #[serde(default)]
    pub hex: bool,
    /// No rule of a person's: one side is `char(n)` and the other a file without types, where the
    /// padding may be written. It counts on neither side.
    #[serde(default)]
    pub padded: bool,
}

impl Rules {
    /// Puts rules into effect on a pair; a precision narrows its family.
    ///
    /// # Errors
    /// If a rule does not fit the family.
    pub fn apply(rules: &[Rule], column: &str, family: &mut Family) -> Result<Self, RuleError> {
        let mut all = Self::default();
        for rule in rules {
            let textual = matches!(family, Family::Text);
            let fits = match (rule, &mut *family) {
                (Rule::Uuid, Family::Text | Family::Bytes | Family::Uuid) => {
                    all.uuid = *family != Family::Uuid;
                    *family = Family::Uuid;
                    true
                }
                (Rule::Hex, Family::Text | Family::Bytes) => {
                    *family = Family::Bytes;
                    all.hex = true;
                    true
                }
                (Rule::Round, Family::Time(_) | Family::Timestamp(_) | Family::Instant(_)) => {
                    if !rules.iter().any(|rule| matches!(rule, Rule::Precision(_))) {
                        return Err(RuleError::Alone(column.to_owned()));
                    }
                    all.round = true;
                    true
                }
                (Rule::Trim, _) if textual => {
                    all.trim = true;
                    true
                }
                (Rule::IgnoreCase, _) if textual => {
                    all.ignore_case = true;
                    true
                }
                (Rule::EmptyIsNull, _) => {
                    all.empty_is_null = true;
                    true
                }
                (Rule::Tolerance(value), Family::Number | Family::ShortNumber | Family::Float32 | Family::Float64) => {
                    all.tolerance = Some(*value);
                    true
                }
                (Rule::Precision(digits), Family::Time(p) | Family::Timestamp(p) | Family::Instant(p)) => {
                    *p = (*p).min(*digits);
                    true
                }
                _ => false,
            };
            if !fits {
                return Err(RuleError::Misfit { rule: rule.to_string(), column: column.to_owned(), family: *family });
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_as_written() {
        for text in ["trim", "ignore-case", "empty-is-null", "tolerance:0.01", "precision:ms", "round", "uuid", "hex"] {
            assert_eq!(text.parse::<Rule>().map(|rule| rule.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "Trim", "tolerance:-1", "tolerance:x", "precision:h", "round:2"] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rule_must_fit_its_column() {
        let mut number = Family::Number;
        assert!(Rules::apply(&[Rule::Trim], "a", &mut number).is_err());
        let mut time = Family::Timestamp(6);
        assert!(Rules::apply(&[Rule::Precision(3)], "a", &mut time).is_ok());
        assert_eq!(time, Family::Timestamp(3));
        assert_eq!(Rules::apply(&[Rule::Round], "a", &mut time), Err(RuleError::Alone("a".into())));
        assert!(Rules::apply(&[Rule::Precision(0), Rule::Round], "a", &mut time).is_ok_and(|rules| rules.round));
        let mut text = Family::Text;
        assert!(Rules::apply(&[Rule::Uuid], "a", &mut text).is_ok());
        assert_eq!(text, Family::Uuid);
        assert!(Rules::apply(&[Rule::Hex], "a", &mut number).is_err());
    }
}
