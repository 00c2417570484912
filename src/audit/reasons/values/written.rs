//! Numbers and dates that are written in another way.

use crate::table::Number;

/// The numbers that a text may mean: with a decimal point, and with a decimal comma.
fn meant(text: &str) -> Vec<Number> {
    let mut text: String = text.chars().filter(|c| !super::text::is_space(*c)).collect();
    let mut negative = false;
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        negative = true;
        text = inner.to_owned();
    }
    const SIGNS: [&str; 11] = ["€", "$", "£", "¥", "EUR", "USD", "GBP", "CHF", "JPY", "Fr.", "%"];
    for sign in SIGNS {
        text = text.replacen(sign, "", 1);
    }
    if let Some(rest) = text.strip_suffix('-') {
        negative = true;
        text = rest.to_owned();
    }
    let text = text.replace('\u{2212}', "-").replace(['\'', '’', '_'], "");
    if !text.chars().any(|c| c.is_ascii_digit()) {
        return Vec::new();
    }
    [('.', ','), (',', '.')]
        .into_iter()
        .filter_map(|(point, group)| {
            let (whole, part) = text.split_once(point).map_or((text.as_str(), ""), |(whole, part)| (whole, part));
            if part.contains(group) || part.contains(point) || !grouped(whole.trim_start_matches(['-', '+']), group) {
                return None;
            }
            let plain = format!("{}{}.{part}0", if negative { "-" } else { "" }, whole.replace(group, ""));
            Number::parse(&plain)
        })
        .collect()
}

/// Whether groups, if there are any, have three digits each, but for the first.
fn grouped(whole: &str, group: char) -> bool {
    let mut groups = whole.split(group);
    let first = groups.next().unwrap_or_default();
    let mut several = false;
    groups.all(|digits| {
        several = true;
        digits.len() == 3
    }) && (!several || (1..=3).contains(&first.len()))
}

/// Whether two texts may be the same number: how many digits it has.
pub fn same_number(left: &str, right: &str) -> Option<usize> {
    let long = left.len().max(right.len()) > 60;
    // Words are no numbers: a quick look at both saves the rest.
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let letters = |text: &str| text.bytes().filter(u8::is_ascii_alphabetic).count();
    let count = digits(left).min(digits(right));
    if long || count == 0 || letters(left) > 3 || letters(right) > 3 {
        return None;
    }
    let others = meant(right);
    meant(left).iter().any(|number| others.contains(number)).then_some(count)
}

/// A date as three numbers, and what follows it.
struct Written<'a> {
    parts: [u32; 3],
    year_first: bool,
    tail: &'a str,
}

fn written(text: &str) -> Option<Written<'_>> {
    let end = text.find(['T', ' ']).unwrap_or(text.len());
    let (date, tail) = text.split_at(end);
    let separator = date.chars().find(|c| matches!(c, '/' | '.' | '-'))?;
    let mut parts = [0; 3];
    let mut long = [false; 3];
    let mut fields = date.split(separator);
    for (part, long) in parts.iter_mut().zip(&mut long) {
        let field = fields.next().filter(|field| matches!(field.len(), 1 | 2 | 4))?;
        if !field.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *long = field.len() == 4;
        *part = field.parse().ok()?;
    }
    let year_first = match long {
        [true, false, false] => true,
        [false, false, true] => false,
        _ => return None,
    };
    fields.next().is_none().then_some(Written { parts, year_first, tail })
}

impl Written<'_> {
    /// Year, month and day as it may be meant: at most two ways.
    fn meant(&self) -> Vec<[u32; 3]> {
        let [a, b, c] = self.parts;
        let ways = if self.year_first { vec![[a, b, c]] } else { vec![[c, b, a], [c, a, b]] };
        ways.into_iter().filter(|[_, month, day]| (1..=12).contains(month) && (1..=31).contains(day)).collect()
    }
}

/// Whether two texts are dates with day and month swapped (`true`), or the same date in another
/// order of its parts (`false`).
pub fn other_order(left: &str, right: &str) -> Option<bool> {
    let (one, two) = (written(left)?, written(right)?);
    if one.tail != two.tail {
        return None;
    }
    if one.year_first == two.year_first {
        let (a, b) = (one.parts, two.parts);
        let day_and_month = |parts: [u32; 3]| if one.year_first { [parts[1], parts[2]] } else { [parts[0], parts[1]] };
        let (first, second) = (day_and_month(a), day_and_month(b));
        let year = if one.year_first { a[0] == b[0] } else { a[2] == b[2] };
        let swapped = year && first[0] == second[1] && first[1] == second[0] && first[0] != first[1];
        return swapped.then_some(true);
    }
    let others = two.meant();
    one.meant().iter().any(|date| others.contains(date)).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_other_clothes() {
        for (left, right) in [
            ("1.234,50", "1234.5"),
            ("1,234.50 €", "1234.50"),
            ("(1,234.50)", "-1234.5"),
            ("1'234", "1234"),
            ("12,5", "12.5"),
            ("$ 5", "5"),
            ("3 000 000", "3000000"),
        ] {
            assert!(same_number(left, right).is_some(), "{left} {right}");
        }
        for (left, right) in [("1,23", "123"), ("1.2.3", "123"), ("a1", "2"), ("", "0"), ("1,234", "1235")] {
            assert_eq!(same_number(left, right), None, "{left} {right}");
        }
    }

    #[test]
    fn dates_in_another_order() {
        assert_eq!(other_order("03/04/2024", "04/03/2024"), Some(true));
        assert_eq!(other_order("2024-03-04 10:00", "2024-04-03 10:00"), Some(true));
        assert_eq!(other_order("31.12.2024", "2024-12-31"), Some(false));
        assert_eq!(other_order("03/04/2024", "03/05/2024"), None);
        assert_eq!(other_order("1.2.3", "2.1.3"), None);
    }
}
