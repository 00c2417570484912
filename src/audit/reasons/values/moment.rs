//! Relations between two times.

use super::kind::ValueKind as K;
use super::sort::{Class, Column, Sorted, code};
use super::traits::Traits;
use crate::table::{MICROS_PER_DAY, civil_from_days, parse_time, parse_timestamp, to_utc};

/// What times are cut to: microseconds, and the words.
pub const UNITS: [(i64, &str); 5] = [
    (1_000, "milliseconds"),
    (1_000_000, "seconds"),
    (60_000_000, "minutes"),
    (3_600_000_000, "hours"),
    (MICROS_PER_DAY, "days"),
];

/// A quarter of an hour: what time zones differ by.
const QUARTER: i64 = 900_000_000;

/// Microseconds of a value, in UTC if it is known.
pub fn micros(column: &Column, text: &str) -> Option<i64> {
    match column.class {
        Class::TimeOfDay => parse_time(text),
        Class::Moment => {
            let (micros, zoned) = parse_timestamp(text)?;
            match column.zone {
                Some(zone) if !zoned => to_utc(micros, zone),
                _ => Some(micros),
            }
        }
        _ => None,
    }
}

/// From one time to the other in quarters of an hour, if time zones can differ so.
pub fn quarters(column: &Column, one: i64, two: i64) -> Option<i32> {
    let mut difference = two.checked_sub(one)?;
    if column.class == Class::TimeOfDay {
        // The way that is shorter around the clock.
        difference = (difference + MICROS_PER_DAY / 2).rem_euclid(MICROS_PER_DAY) - MICROS_PER_DAY / 2;
    }
    let quarters = difference / QUARTER;
    let fits = difference % QUARTER == 0 && quarters != 0 && quarters.abs() < 26 * 4 && quarters % 96 != 0;
    fits.then_some(quarters as i32)
}

/// The kind of a pair of times.
pub fn sort(column: &Column, traits: &Traits, left: &str, right: &str) -> Option<Sorted> {
    let (one, two) = (micros(column, left)?, micros(column, right)?);
    let sorted = |kind, side: usize, code| Some(Sorted { kind, side: side as u8, code, also: false, strong: false });
    if let Some(quarters) = quarters(column, one, two).filter(|quarters| traits.zones.contains(quarters)) {
        return sorted(K::TimeZone, 2, quarters);
    }
    if let Some((side, unit)) = cut(one, two) {
        let later = if side == 0 { one > two } else { two > one };
        return sorted(K::Rounding, side, code::UNIT + unit + if later { code::UP } else { 0 });
    }
    if column.class == Class::Moment && swapped(one, two) {
        return sorted(K::DateOrder, 2, 0);
    }
    if traits.moved.is_some() && two.checked_sub(one) == traits.moved {
        return sorted(K::Shift, 2, 0);
    }
    None
}

/// Whether one is the other without its last digits: its side, and the unit.
pub fn cut(one: i64, two: i64) -> Option<(usize, i32)> {
    UNITS.iter().enumerate().find_map(|(at, (unit, _))| {
        let whole = [one, two].map(|micros| micros.rem_euclid(*unit) == 0);
        let side = match whole {
            [true, false] => 0,
            [false, true] => 1,
            _ => return None,
        };
        let (coarse, fine) = if side == 0 { (one, two) } else { (two, one) };
        let over = fine.checked_sub(coarse)?;
        // A day is cut, never rounded; a part of a second may be either.
        let near = (0..*unit).contains(&over) || at < 2 && (-*unit / 2..0).contains(&over);
        near.then_some((side, at as i32))
    })
}

fn swapped(one: i64, two: i64) -> bool {
    let (one_day, two_day) = (one.div_euclid(MICROS_PER_DAY), two.div_euclid(MICROS_PER_DAY));
    if one.rem_euclid(MICROS_PER_DAY) != two.rem_euclid(MICROS_PER_DAY) {
        return false;
    }
    let ((y1, m1, d1), (y2, m2, d2)) = (civil_from_days(one_day), civil_from_days(two_day));
    y1 == y2 && m1 == d2 && d1 == m2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_digits_and_swap() {
        let at = |text: &str| parse_timestamp(text).unwrap().0;
        assert_eq!(cut(at("2024-01-02 03:04:05.678"), at("2024-01-02 03:04:05")), Some((1, 1)));
        assert_eq!(cut(at("2024-01-02 03:04:06"), at("2024-01-02 03:04:05.678")), Some((0, 1)));
        assert_eq!(cut(at("2024-01-02 00:00:00"), at("2024-01-02 03:04:05")), Some((0, 4)));
        assert_eq!(cut(at("2024-01-02 00:00:00"), at("2024-01-03 03:04:05")), None);
        assert!(swapped(at("2024-01-02 03:04:05"), at("2024-02-01 03:04:05")));
        assert!(!swapped(at("2024-01-02 03:04:05"), at("2024-02-01 03:04:06")));
    }
}
