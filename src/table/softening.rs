//! What makes unequal values of a pair of columns equal: rules that the job gives, and types of which
//! one holds less than the other.

use super::column::PortableType;
use super::family::{Family, ListOf};
use super::rules::Rule;
use serde::{Deserialize, Serialize};

/// Something that lets unequal values pass as equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softener {
    /// In words, as in "precision of 0 digits".
    pub by: String,
    /// Its short name, as in `precision:s`, `float` or `trim,ignore-case`.
    pub rule: String,
    /// Whether it is a rule of the job. Otherwise nobody asked for it: the types bring it about.
    pub asked: bool,
    /// Which side holds less, where that is why: 0 for the left one.
    pub coarser: Option<usize>,
}

impl Softener {
    /// The rules of a job; `None` without any.
    pub fn asked(rules: &[Rule]) -> Option<Self> {
        let words: Vec<String> = rules.iter().map(Rule::to_string).collect();
        (!rules.is_empty()).then(|| Self { by: words.join(", "), rule: words.join(","), asked: true, coarser: None })
    }

    /// What values of these types, compared in this family, cannot be told apart by; `None` if they can
    /// hold the same.
    pub fn unasked(left: &PortableType, right: &PortableType, family: Family) -> Option<Self> {
        let (by, rule, coarser) = match family {
            Family::Time(digits) | Family::Timestamp(digits) | Family::Instant(digits) => {
                let finest = [finest(left), finest(right)];
                if left == right || finest.iter().all(|finest| *finest <= digits) {
                    return None;
                }
                let rule = match digits {
                    0 => "precision:s".to_owned(),
                    3 => "precision:ms".to_owned(),
                    digits => format!("precision:{digits}"),
                };
                (format!("precision of {digits} digits"), rule, usize::from(finest[0] > finest[1]))
            }
            Family::Float32 | Family::Float64 | Family::List(_) if left == right => return None,
            Family::Float32 | Family::List(ListOf::Float32) => {
                let coarser = usize::from(*element(left) != PortableType::Float32);
                ("as 32-bit float".to_owned(), "float32".to_owned(), coarser)
            }
            Family::Float64 | Family::List(ListOf::Float64) => {
                ("as float".to_owned(), "float".to_owned(), usize::from(*element(left) != PortableType::Float64))
            }
            _ => return None,
        };
        Some(Self { by, rule, asked: false, coarser: Some(coarser) })
    }
}

/// What the elements of an array are; of any other type, itself.
fn element(ty: &PortableType) -> &PortableType {
    match ty {
        PortableType::Array { element } => element,
        other => other,
    }
}

/// The digits of a second that a value of this type may have.
fn finest(ty: &PortableType) -> u8 {
    match ty {
        PortableType::Time { precision }
        | PortableType::Timestamp { precision }
        | PortableType::Instant { precision } => *precision,
        PortableType::Date => 0,
        // Text may hold any.
        _ => 6,
    }
}

/// The words for a list of softeners.
pub fn softened_by(softeners: &[Softener]) -> String {
    softeners.iter().map(|softener| softener.by.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::family;
    use PortableType as T;

    #[test]
    fn what_one_type_lacks_is_named() {
        let unasked = |left: T, right: T| Softener::unasked(&left, &right, family(&left, &right)).map(|s| s.rule);
        let at = |precision| T::Timestamp { precision };
        assert_eq!(unasked(at(6), at(0)).as_deref(), Some("precision:s"));
        assert_eq!(unasked(at(3), T::Instant { precision: 6 }).as_deref(), Some("precision:ms"));
        assert_eq!(unasked(T::Text, at(3)).as_deref(), Some("precision:ms"));
        assert_eq!(unasked(T::Date, at(0)), None);
        assert_eq!(unasked(at(3), at(3)), None);
        let decimal = T::Decimal { precision: Some(9), scale: 2 };
        assert_eq!(unasked(decimal.clone(), T::Float64).as_deref(), Some("float"));
        assert_eq!(unasked(T::Float32, T::Float64).as_deref(), Some("float32"));
        assert_eq!(unasked(T::Float64, T::Float64), None);
        assert_eq!(unasked(decimal, T::Integer), None);
        assert_eq!(unasked(T::Text, T::Text), None);
    }

    #[test]
    fn the_side_that_holds_less_is_known() {
        let coarser = |left: T, right: T| {
            let family = family(&left, &right);
            let of = |left: &T, right: &T| Softener::unasked(left, right, family).unwrap().coarser.unwrap();
            let found = of(&left, &right);
            assert_eq!(of(&right, &left), 1 - found);
            found
        };
        assert_eq!(coarser(T::Time { precision: 6 }, T::Time { precision: 0 }), 1);
        assert_eq!(coarser(T::Timestamp { precision: 3 }, T::Text), 0);
        assert_eq!(coarser(T::Float32, T::Float64), 0);
        assert_eq!(coarser(T::Decimal { precision: None, scale: 0 }, T::Float64), 1);
    }

    #[test]
    fn rules_are_one_softener() {
        assert_eq!(Softener::asked(&[]), None);
        let both = Softener::asked(&[Rule::Trim, Rule::IgnoreCase]).unwrap();
        assert_eq!((both.by.as_str(), both.rule.as_str(), both.asked), ("trim, ignore-case", "trim,ignore-case", true));
    }
}
