//! Intervals: months, days and microseconds, kept apart. A month is no fixed number of days, and a
//! day, where clocks are changed, no fixed number of hours.

use super::number::Number;
use std::fmt;

/// A span of time as PostgreSQL and Parquet have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Whole months, years among them.
    pub months: i64,
    /// Whole days, weeks among them.
    pub days: i64,
    /// The rest, in microseconds.
    pub micros: i64,
}

const MICROS: i64 = 1_000_000;

impl Interval {
    /// Reads an interval as PostgreSQL prints it (`1 year 2 mons -3 days 04:05:06.5`), with units
    /// in words (DuckDB: `2 months 5 hours`), as ISO 8601 writes it (`P1Y2M3DT4H5M6.5S`), or as hours,
    /// minutes and seconds alone. `None` for anything else, and for more than microseconds.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_prefix(['P', 'p']) {
            Some(rest) => iso(rest),
            None => words(text),
        }
    }

    /// The bytes that only this interval has.
    pub fn encode(self, out: &mut Vec<u8>) {
        for part in [self.months, self.days, self.micros] {
            out.extend_from_slice(&part.to_le_bytes());
        }
    }

    fn add(&mut self, number: &str, unit: &str) -> Option<()> {
        let (months, days, micros) = match unit.to_ascii_lowercase().as_str() {
            "millennium" | "millennia" => (12_000, 0, 0),
            "century" | "centuries" => (1_200, 0, 0),
            "decade" | "decades" => (120, 0, 0),
            "y" | "year" | "years" => (12, 0, 0),
            "mon" | "mons" | "month" | "months" => (1, 0, 0),
            "w" | "week" | "weeks" => (0, 7, 0),
            "d" | "day" | "days" => (0, 1, 0),
            "h" | "hour" | "hours" => (0, 0, 3_600 * MICROS),
            "min" | "mins" | "minute" | "minutes" => (0, 0, 60 * MICROS),
            "s" | "sec" | "secs" | "second" | "seconds" => (0, 0, MICROS),
            "ms" | "millisecond" | "milliseconds" => (0, 0, 1_000),
            "us" | "microsecond" | "microseconds" => (0, 0, 1),
            _ => return None,
        };
        let whole = |unit: i64| whole(number, unit);
        self.months = self.months.checked_add(whole(months)?)?;
        self.days = self.days.checked_add(whole(days)?)?;
        self.micros = self.micros.checked_add(whole(micros)?)?;
        Some(())
    }
}

/// So many of a unit, if that is a whole number of what the unit is counted in. Only a second has
/// parts: half a day is no number of days.
fn whole(number: &str, unit: i64) -> Option<i64> {
    if unit == 0 {
        return Some(0);
    }
    let Number::Small { mantissa, scale } = Number::parse(number)? else { return None };
    let product = mantissa.checked_mul(unit.into())?;
    let tens = 10i128.checked_pow(scale)?;
    let fits = scale == 0 || unit >= 1_000 && unit != 1_200 && unit != 12_000;
    (fits && product % tens == 0).then(|| i64::try_from(product / tens).ok()).flatten()
}

fn words(text: &str) -> Option<Interval> {
    let mut out = Interval::default();
    let mut parts = text.split_ascii_whitespace();
    let mut any = false;
    while let Some(part) = parts.next() {
        any = true;
        if part.contains(':') {
            out.micros = out.micros.checked_add(clock(part)?)?;
            continue;
        }
        // `5h` or `5 hours`.
        let digits = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(part.len());
        let (number, unit) = part.split_at(digits);
        let unit = if unit.is_empty() { parts.next()? } else { unit };
        out.add(number, unit)?;
    }
    any.then_some(out)
}

/// `-838:59:59.000001`: hours, which may be many, minutes, seconds.
fn clock(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = digits.split(':');
    let (hours, minutes) = (parts.next()?, parts.next()?);
    let seconds = parts.next().unwrap_or("0");
    let digit = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !digit(hours) || !digit(minutes) {
        return None;
    }
    let (minutes, micros) = (minutes.parse::<i64>().ok()?, whole(seconds, MICROS)?);
    if minutes >= 60 || !(0..60 * MICROS).contains(&micros) {
        return None;
    }
    let whole = hours.parse::<i64>().ok()?.checked_mul(60)?.checked_add(minutes)?.checked_mul(60 * MICROS)?;
    Some(sign * whole.checked_add(micros)?)
}

/// What follows the `P` of ISO 8601.
fn iso(text: &str) -> Option<Interval> {
    let mut out = Interval::default();
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut any = false;
    for (part, units) in [(date, ["y", "mon", "w", "d"].as_slice()), (time.unwrap_or(""), &["h", "min", "s"])] {
        let mut rest = part;
        while !rest.is_empty() {
            any = true;
            let at = rest.find(|c: char| c.is_ascii_alphabetic())?;
            let letter = rest[at..].chars().next()?.to_ascii_lowercase();
            let unit = units.iter().find(|unit| unit.starts_with(letter))?;
            out.add(&rest[..at], unit)?;
            rest = &rest[at + 1..];
        }
    }
    any.then_some(out)
}

/// As PostgreSQL prints it in its own style.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (years, months) = (self.months / 12, self.months % 12);
        let mut before = "";
        let mut negative = false;
        for (count, one, many) in [(years, "year", "years"), (months, "mon", "mons"), (self.days, "day", "days")] {
            if count != 0 {
                // A positive part behind a negative one has its sign.
                let plus = if negative && count > 0 { "+" } else { "" };
                write!(f, "{before}{plus}{count} {}", if count == 1 { one } else { many })?;
                (before, negative) = (" ", count < 0);
            }
        }
        if self.micros != 0 || before.is_empty() {
            let sign = match self.micros < 0 {
                true => "-",
                false if negative => "+",
                false => "",
            };
            let micros = self.micros.unsigned_abs();
            let seconds = micros / 1_000_000;
            write!(f, "{before}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
            let part = micros % 1_000_000;
            if part != 0 {
                write!(f, ".{}", format!("{part:06}").trim_end_matches('0'))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(months: i64, days: i64, micros: i64) -> Option<Interval> {
        Some(Interval { months, days, micros })
    }

    #[test]
    fn every_spelling_of_an_interval() {
        for (text, expected) in [
            ("1 year 2 mons -3 days 04:05:06.5", of(14, -3, 14_706_500_000)),
            ("1 day", of(0, 1, 0)),
            ("24:00:00", of(0, 0, 86_400_000_000)),
            ("-00:00:01", of(0, 0, -1_000_000)),
            ("-1 years +2 days -01:00:00", of(-12, 2, -3_600_000_000)),
            ("2 months 5 hours", of(2, 0, 18_000_000_000)),
            ("1 year 2 months 3 days 04:05:06", of(14, 3, 14_706_000_000)),
            ("P1Y2M3DT4H5M6.5S", of(14, 3, 14_706_500_000)),
            ("PT0S", of(0, 0, 0)),
            ("P2W", of(0, 14, 0)),
            ("838:59:59", of(0, 0, 3_020_399_000_000)),
            ("1.5 seconds", of(0, 0, 1_500_000)),
        ] {
            assert_eq!(Interval::parse(text), expected, "{text}");
        }
        for text in
            ["", "P", "abc", "1", "1 fortnight", "0.5 day", "00:00:00.0000001", "1:2:3:4", "12:60:00", "1 year x"]
        {
            assert_eq!(Interval::parse(text), None, "{text}");
        }
    }

    #[test]
    fn prints_as_postgresql_does() {
        for text in [
            "1 year 2 mons -3 days +04:05:06.5",
            "00:00:00",
            "1 day",
            "-1 years",
            "-1 mons +1 day",
            "2 days -00:00:00.000001",
            "100:00:00",
        ] {
            assert_eq!(Interval::parse(text).map(|interval| interval.to_string()).as_deref(), Some(text));
        }
    }
}
