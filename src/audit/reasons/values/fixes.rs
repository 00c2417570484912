//! Rules that would make changed values equal, tried on each of them.

use super::chunks::Cells;
use super::kind::ValueKind;
use crate::compare::{Judge, Verdict};
use crate::table::{Alignment, Family, Key, Rule, Rules};

/// What may be tried, best first.
const RULES: [&[Rule]; 11] = [
    &[Rule::Trim],
    &[Rule::IgnoreCase],
    &[Rule::EmptyIsNull],
    &[Rule::Uuid],
    &[Rule::Hex],
    &[Rule::Trim, Rule::IgnoreCase],
    &[Rule::Trim, Rule::EmptyIsNull],
    &[Rule::Precision(3)],
    &[Rule::Precision(0)],
    &[Rule::Precision(3), Rule::Round],
    &[Rule::Precision(0), Rule::Round],
];

/// Judges that follow one more rule each.
pub struct Fixes {
    judges: Vec<Judge>,
    /// Per compared column, which of them fit it.
    fits: Vec<u32>,
}

impl Fixes {
    /// For the compared columns, at these positions of the alignment.
    pub fn new(alignment: &Alignment, key: &Key, order: &[usize]) -> Self {
        let mut fits = vec![0; alignment.pairs.len()];
        let judges = RULES
            .iter()
            .enumerate()
            .map(|(bit, rules)| {
                let mut softer = alignment.clone();
                for (pair, fits) in softer.pairs.iter_mut().zip(&mut fits) {
                    let mut family = pair.family;
                    if says_nothing(rules, family) {
                        continue;
                    }
                    if let Ok(more) = Rules::apply(rules, &pair.left.name, &mut family) {
                        *fits |= 1 << bit;
                        pair.family = family;
                        pair.rules.trim |= more.trim;
                        pair.rules.ignore_case |= more.ignore_case;
                        pair.rules.empty_is_null |= more.empty_is_null;
                        pair.rules.round |= more.round;
                        pair.rules.uuid |= more.uuid;
                        pair.rules.hex |= more.hex;
                    }
                }
                Judge::new(&softer, key)
            })
            .collect();
        Self { judges, fits: order.iter().map(|at| fits[*at]).collect() }
    }

    /// Which of the rules that are alive make these cells equal as well.
    pub fn still(&self, alive: u32, column: usize, cells: Cells<'_>, buffers: &mut [Vec<u8>; 2]) -> u32 {
        let alive = alive & self.fits[column];
        if alive == 0 {
            return 0;
        }
        let equal = |bit: &usize| {
            alive & 1 << bit != 0 && self.judges[*bit].verdict(column, cells, buffers) != Verdict::Different
        };
        let mut equal = equal;
        (0..self.judges.len()).filter(|bit| equal(bit)).fold(0, |all, bit| all | 1 << bit)
    }
}

/// Whether a precision is no coarser than the column's own.
fn says_nothing(rules: &[Rule], family: Family) -> bool {
    let (Family::Time(own) | Family::Timestamp(own) | Family::Instant(own)) = family else { return false };
    let rounds = rules.contains(&Rule::Round);
    rules.iter().any(|rule| match rule {
        Rule::Precision(digits) => *digits > own || *digits == own && !rounds,
        _ => false,
    })
}

/// Whether a rule is one that a kind of difference asks for: what is no UUID is text to `uuid`, which may
/// happen to be the same.
fn asked_for(rules: &[Rule], kind: ValueKind) -> bool {
    rules.iter().all(|rule| match rule {
        Rule::Uuid => kind == ValueKind::Uuid,
        Rule::Hex => kind == ValueKind::Hex,
        _ => true,
    })
}

/// The rule for differences of a kind in a column of this family, given the rules that do for all of the values, and the
/// largest difference between two numbers.
pub fn rule(kind: ValueKind, family: Family, alive: u32, gap: f64) -> Option<String> {
    let does = |(bit, rules): &(usize, &&[Rule])| alive & 1 << bit != 0 && asked_for(rules, kind);
    if let Some((_, rules)) = RULES.iter().enumerate().find(does) {
        let words: Vec<String> = rules.iter().map(ToString::to_string).collect();
        return Some(words.join(","));
    }
    let number = matches!(family, Family::Number | Family::ShortNumber | Family::Float32 | Family::Float64);
    if number && gap > 0.0 { tolerance(gap).map(|value| format!("tolerance:{value}")) } else { None }
}

/// The smallest number of one digit that is not less; where it is just missed, as a difference of
/// floats may miss it, one of two digits.
fn tolerance(gap: f64) -> Option<f64> {
    if !gap.is_finite() {
        return None;
    }
    let exponent = gap.log10().floor() as i32;
    let candidates =
        (exponent - 1..=exponent + 1).flat_map(|exponent| (10..100).map(move |digits| (digits, exponent - 1)));
    let fitting = |(digits, exponent): (i32, i32)| {
        let value: f64 = format!("{digits}e{exponent}").parse().ok()?;
        let just_missed = digits % 10 == 1 && gap - value * f64::from(digits - 1) / f64::from(digits) < gap * 1e-6;
        (value >= gap && (digits % 10 == 0 || just_missed)).then_some(value)
    };
    candidates.filter_map(fitting).next()
}

/// The option to paste for a rule of a column; `None` for a name that the option can't carry.
pub fn option(alignment: &Alignment, name: &str, rule: &str) -> Option<String> {
    let others = alignment.pairs.iter().filter(|pair| pair.left.name != name);
    if name.contains('=') || name.trim() != name || others.into_iter().any(|pair| pair.right.name == name) {
        return None;
    }
    let value = format!("{name}={rule}");
    let bare = value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '=' | ',' | '-'));
    Some(if bare { format!("--compare {value}") } else { format!("--compare '{}'", value.replace('\'', "'\\''")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_covers_the_gap_and_little_more() {
        for (gap, expected) in [
            (4.9e-6, 5e-6),
            (5e-6, 5e-6),
            (5.0000001e-6, 5.1e-6),
            (5.01e-6, 6e-6),
            (0.5, 0.5),
            (0.96, 1.0),
            (12.0, 20.0),
        ] {
            assert_eq!(tolerance(gap), Some(expected), "{gap}");
        }
        assert_eq!(rule(ValueKind::Rounding, Family::Number, 0, 4.9e-6).as_deref(), Some("tolerance:0.000005"));
        assert_eq!(rule(ValueKind::Rounding, Family::Text, 0, 4.9e-6), None);
        assert_eq!(rule(ValueKind::Rounding, Family::Text, 0b10_0000, 0.0).as_deref(), Some("trim,ignore-case"));
        assert_eq!(rule(ValueKind::Rounding, Family::Timestamp(0), 1 << 10, 0.0).as_deref(), Some("precision:s,round"));
        let hex_or_uuid = 0b1_1000;
        assert_eq!(rule(ValueKind::Hex, Family::Bytes, hex_or_uuid, 0.0).as_deref(), Some("hex"));
        assert_eq!(rule(ValueKind::Uuid, Family::Text, hex_or_uuid, 0.0).as_deref(), Some("uuid"));
        assert_eq!(rule(ValueKind::Case, Family::Text, hex_or_uuid, 0.0), None);
        assert!(says_nothing(&[Rule::Precision(3), Rule::Round], Family::Timestamp(0)));
        assert!(!says_nothing(&[Rule::Precision(0), Rule::Round], Family::Timestamp(0)));
    }
}
