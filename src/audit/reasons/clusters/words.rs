//! What a condition says, in words.

use super::condition::exclusive;
use super::measure::Measure;
use super::surprise::Table;
use super::unit::Unit;

/// Characters of a value that a sentence shows.
const SHOWN: usize = 40;

/// A sentence on rows that differ: whose they are, and what they have.
pub fn sentence(whose: &str, has: &str, table: &Table) -> String {
    let others = match (table.outside, table.rest) {
        (0, _) => "none".to_owned(),
        (outside, rest) => percent(outside, rest),
    };
    let many = if table.inside == table.target {
        format!("All {} {whose}", crate::audit::thousands(table.target))
    } else {
        format!("{} of {whose}", percent(table.inside, table.target))
    };
    format!("{many} have {has} ({others} of the others).")
}

/// A share, rounded, but never to all or nothing where it is neither.
fn percent(part: u64, of: u64) -> String {
    let share = 100.0 * part as f64 / of.max(1) as f64;
    if part == of || part == 0 {
        return format!("{share} %");
    }
    let (digits, limit) = match share {
        // As many digits as it takes to stay below 100.
        s if s >= 99.0 => ((0..3).find(|digits| s < 100.0 - 0.5 * 0.1f64.powi(*digits)).unwrap_or(3), 99.99),
        s if s >= 9.5 => (0, 99.99),
        s if s >= 0.095 => (if s >= 0.95 { 1 } else { 2 }, 99.99),
        s => ((-s.log10().floor()) as i32, 99.99),
    };
    if share > limit {
        return format!("more than {limit} %");
    }
    if share < 0.0005 {
        return "less than 0.001 %".to_owned();
    }
    let text = format!("{share:.0$}", digits.unsigned_abs() as usize);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// A text value in quotes, cut where it is long.
pub fn value(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("'{}…'", &text[..end]),
        None => format!("'{text}'"),
    }
}

/// A range of a column of this name.
pub fn range(measure: Measure, name: &str, low: Option<i128>, high: Option<i128>) -> String {
    let zone = if measure == (Measure::Moment { utc: true }) { " UTC" } else { "" };
    let print = |key: i128| brief(measure, key);
    if let (Some(low), true) = (low, low == high) {
        return format!("`{name}` = {}{zone}", measure.print(low));
    }
    let whole = measure == Measure::Number(0);
    let end = high.and_then(|high| exclusive(measure, high)).filter(|_| !whole);
    match (measure, low, high) {
        (Measure::Date | Measure::Moment { .. }, Some(low), Some(high)) => {
            format!("`{name}` {}{zone}", period(measure, low, high))
        }
        (Measure::Date, Some(low), None) => format!("`{name}` from {} on", print(low)),
        (Measure::Date, None, Some(high)) => format!("`{name}` up to {}", print(high)),
        (Measure::Clock | Measure::Moment { .. }, Some(low), None) => {
            format!("`{name}` at {}{zone} or later", print(low))
        }
        (_, Some(low), None) => format!("`{name}` of at least {}", print(low)),
        (Measure::Clock | Measure::Moment { .. }, None, Some(high)) => match end {
            Some(end) => format!("`{name}` before {}{zone}", print(end)),
            None => format!("`{name}` at {}{zone} or earlier", print(high)),
        },
        (_, None, Some(high)) => match end {
            Some(end) => format!("`{name}` below {}", print(end)),
            None => format!("`{name}` of at most {}", print(high)),
        },
        (Measure::Clock, Some(low), Some(high)) => {
            format!("`{name}` between {} and {}", print(low), print(end.unwrap_or(high)))
        }
        (_, Some(low), Some(high)) => match end {
            Some(end) => format!("`{name}` from {} to below {}", print(low), print(end)),
            None => format!("`{name}` from {} to {}", print(low), print(high)),
        },
        (_, None, None) => format!("a value in `{name}`"),
    }
}

/// A span of dates or moments.
fn period(measure: Measure, low: i128, high: i128) -> String {
    let end = high + 1;
    let day = |key: i128| measure.print(key).chars().take_while(|c| *c != ' ').collect::<String>();
    let is = |unit: Unit| unit.floor(low) == low && unit.next(low) == end;
    let midnight = |key: i128| measure == Measure::Date || brief(measure, key).len() == day(key).len();
    if is(Unit::Months(measure, 12)) {
        return format!("in {}", day(low).trim_end_matches("-01-01"));
    }
    if is(Unit::Months(measure, 1)) {
        return format!("in {}", day(low).trim_end_matches("-01"));
    }
    if measure == Measure::Date || midnight(low) && midnight(end) {
        let (low, high) = (day(low), day(high));
        return if low == high { format!("on {low}") } else { format!("from {low} to {high}") };
    }
    let end = exclusive(measure, high).unwrap_or(high);
    let (from, to) = (brief(measure, low), brief(measure, end));
    match to.strip_prefix(&format!("{} ", day(low))) {
        Some(time) => format!("between {from} and {time}"),
        None => format!("between {from} and {to}"),
    }
}

/// A value as printed, without seconds that are none, and without a time that is midnight.
fn brief(measure: Measure, key: i128) -> String {
    let text = measure.print(key);
    match measure {
        Measure::Clock => text.strip_suffix(":00").unwrap_or(&text).to_owned(),
        Measure::Moment { .. } => {
            let text = text.strip_suffix(":00").unwrap_or(&text);
            text.strip_suffix(" 00:00").unwrap_or(text).to_owned()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::parse_timestamp;

    #[test]
    fn shares_are_rounded_but_not_to_all_or_nothing() {
        let cases = [
            (98, 100, "98 %"),
            (1, 10_000, "0.01 %"),
            (2, 100, "2 %"),
            (23, 1000, "2.3 %"),
            (999, 1000, "99.9 %"),
            (9_999, 10_000, "99.99 %"),
            (999_999, 1_000_000, "more than 99.99 %"),
            (1, 1_000_000_000, "less than 0.001 %"),
            (7, 7, "100 %"),
            (34, 10_000, "0.34 %"),
            (995, 1000, "99.5 %"),
            (14, 100, "14 %"),
            (1, 100_000, "0.001 %"),
        ];
        for (part, of, text) in cases {
            assert_eq!(percent(part, of), text);
        }
    }

    #[test]
    fn sentences() {
        let table = Table { inside: 98, target: 100, outside: 1, rest: 10_000 };
        assert_eq!(
            sentence("left-only rows", "`a` = 'x'", &table),
            "98 % of left-only rows have `a` = 'x' (0.01 % of the others)."
        );
        let all = Table { inside: 1321, target: 1321, outside: 0, rest: 10_000 };
        assert_eq!(
            sentence("changed rows", "NULL in `a`", &all),
            "All 1,321 changed rows have NULL in `a` (none of the others)."
        );
    }

    #[test]
    fn ranges_in_words() {
        let at = |text: &str| i128::from(parse_timestamp(text).unwrap().0);
        let moment = Measure::Moment { utc: false };
        let span = |low: &str, end: &str| range(moment, "t", Some(at(low)), Some(at(end) - 1));
        assert_eq!(span("2024-03-10 02:00:00", "2024-03-10 03:00:00"), "`t` between 2024-03-10 02:00 and 03:00");
        assert_eq!(
            span("2024-03-10 02:00:00", "2024-03-11 03:00:07"),
            "`t` between 2024-03-10 02:00 and 2024-03-11 03:00:07"
        );
        assert_eq!(span("2024-03-10", "2024-03-11"), "`t` on 2024-03-10");
        assert_eq!(span("2024-03-10", "2024-03-12"), "`t` from 2024-03-10 to 2024-03-11");
        assert_eq!(span("2024-03-01", "2024-04-01"), "`t` in 2024-03");
        assert_eq!(span("2024-01-01", "2025-01-01"), "`t` in 2024");
        assert_eq!(range(moment, "t", Some(at("2024-03-10 02:00:00")), None), "`t` at 2024-03-10 02:00 or later");
        let utc = Measure::Moment { utc: true };
        assert_eq!(range(utc, "t", None, Some(at("2024-03-10") - 1)), "`t` before 2024-03-10 UTC");
        assert_eq!(range(Measure::Number(0), "id", Some(1000), Some(1999)), "`id` from 1000 to 1999");
        assert_eq!(range(Measure::Number(2), "p", Some(1000), Some(1999)), "`p` from 10 to below 20");
        assert_eq!(range(Measure::Number(0), "id", None, Some(499)), "`id` of at most 499");
        assert_eq!(range(Measure::Boolean, "ok", Some(1), Some(1)), "`ok` = true");
    }
}
