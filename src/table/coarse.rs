//! Times in fewer digits of a second than they have.

use super::family::Family;

/// A time of this family in the precision in which it is compared: rounded where a rule says so, else cut.
pub fn coarse(family: Family, rounds: bool, micros: i64, precision: u8) -> i64 {
    match family {
        _ if !rounds => cut(micros, precision),
        Family::Time(_) => round(micros, precision),
        _ => round_moment(micros, precision),
    }
}

/// Microseconds in the last digit of a second that is kept, by the number of digits.
const UNIT: [i64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// Microseconds cut to this many digits of a second; not rounded, also before 1970.
fn cut(micros: i64, precision: u8) -> i64 {
    let unit = UNIT[usize::from(precision.min(6))];
    if unit == 1 { micros } else { micros - micros.rem_euclid(unit) }
}

/// A time of day rounded to this many digits of a second, halves up.
fn round(micros: i64, precision: u8) -> i64 {
    let half = UNIT[usize::from(precision.min(6))] / 2;
    cut(micros.saturating_add(half), precision)
}

/// A moment rounded to this many digits of a second: halves away from 2000-01-01, from which PostgreSQL
/// counts (`AdjustTimestampForTypmod` in its `timestamp.c`). Since then MySQL rounds the same; it rounds
/// halves before then up.
fn round_moment(micros: i64, precision: u8) -> i64 {
    const SINCE: i64 = 946_684_800_000_000;
    match micros.checked_sub(SINCE) {
        Some(since) if since < 0 => SINCE - round(-since, precision),
        Some(since) => SINCE.saturating_add(round(since, precision)),
        None => round(micros, precision),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::parse_timestamp;

    #[test]
    fn halves_are_rounded_as_postgresql_does() {
        let at = |text: &str| parse_timestamp(text).unwrap().0;
        for (text, rounded) in [
            ("2024-01-01 00:00:00.5", "2024-01-01 00:00:01"),
            ("2024-01-01 00:00:00.499999", "2024-01-01 00:00:00"),
            ("2000-01-01 00:00:00.5", "2000-01-01 00:00:01"),
            ("1999-12-31 23:59:59.5", "1999-12-31 23:59:59"),
            ("1969-12-31 23:59:59.500001", "1970-01-01 00:00:00"),
            ("1969-12-31 23:59:58.5", "1969-12-31 23:59:58"),
        ] {
            assert_eq!(coarse(Family::Timestamp(0), true, at(text), 0), at(rounded), "{text}");
        }
        assert_eq!(coarse(Family::Time(3), true, 1_500, 3), 2_000);
        assert_eq!(coarse(Family::Time(3), false, 1_999, 3), 1_000);
        assert_eq!(coarse(Family::Timestamp(3), false, -1, 3), -1_000);
    }
}
