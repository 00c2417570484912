//! Numbers as people write them: with signs, exponents and separators of thousands.

use crate::table::Number;

/// The number that a text is, if it is one.
pub fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    // Most texts are none, and their first character says so.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    Number::parse(text).or_else(|| grouped(text))
}

/// `1,234,567.8`, `1.234.567,8`, `1 234 567` and `7,5`.
fn grouped(text: &str) -> Option<Number> {
    let sign = text.len() - text.trim_start_matches(['+', '-']).len();
    let (sign, digits) = text.split_at(sign);
    let separators: Vec<char> = digits.chars().filter(|c| !c.is_ascii_digit()).collect();
    let last = *separators.last()?;
    let first = *separators.first()?;
    if !separators.iter().all(|c| matches!(c, ',' | '.' | ' ' | '\'' | '_' | '\u{a0}' | '\u{202f}')) {
        return None;
    }
    let grouping = separators.iter().filter(|c| **c == last).count() > 1 || first == last && last != ',';
    let (whole, part) = match digits.rsplit_once(last) {
        // The one comma of `7,5` is a point; that of `7,500` separates thousands.
        Some((whole, part)) if !grouping && matches!(last, ',' | '.') && (first != last || part.len() != 3) => {
            (whole, part)
        }
        _ => (digits, ""),
    };
    let thousands: Vec<&str> = whole.split(first).collect();
    let whole_groups = thousands.len() == 1 || thousands[1..].iter().all(|group| group.len() == 3);
    let fits = whole_groups && (1..=3).contains(&thousands[0].len()) || thousands.len() == 1;
    let plain = format!("{sign}{}{}{part}", thousands.concat(), if part.is_empty() { "" } else { "." });
    if fits { Number::parse(&plain) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_dress() {
        let same = |one: &str, other: &str| {
            assert_eq!(number(one), Number::parse(other), "{one}");
            assert!(number(one).is_some(), "{one}");
        };
        same("7.0", "7");
        same("1e3", "1000");
        same("1,234,567.8", "1234567.8");
        same("1.234.567,8", "1234567.8");
        same("1.234,5", "1234.5");
        same("-1 234 567", "-1234567");
        same("1'000", "1000");
        same("7,5", "7.5");
        same("7,500", "7500");
        same(" +5 ", "5");
        for text in ["", "-", "1,23,456", "12a", "1-2", "a1", "1 2", "1,2,3", "2024-01-02", "12345,678,901", "1,000,"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
