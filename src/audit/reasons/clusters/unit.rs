//! Round numbers and natural units of time, as bounds that a person would have chosen.

use super::measure::{Measure, civil, float_key, float_of};
use crate::table::{MICROS_PER_DAY, days_from_civil};

/// A grid of round values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// Multiples.
    Every(i128),
    /// Multiples of a power of ten, for floats.
    Power(i32),
    /// First days of months: so many of a year, in days or microseconds.
    Months(Measure, u32),
}

const SECOND: i128 = 1_000_000;
const DAY: i128 = MICROS_PER_DAY as i128;
/// Steps of floats between the whole span and the finest grid.
const FLOAT_DIGITS: i32 = 6;

impl Unit {
    /// The units that fit between two values, coarse ones first.
    pub fn all(measure: Measure, low: i128, high: i128) -> Vec<Self> {
        match measure {
            Measure::Number(_) => {
                let span = high.saturating_sub(low).max(1);
                let powers = (0..38).map(|power| 10i128.pow(power)).take_while(|unit| *unit <= span);
                let mut units: Vec<i128> = powers.flat_map(|unit| [unit, unit.saturating_mul(5)]).collect();
                units.reverse();
                units.into_iter().map(Self::Every).collect()
            }
            Measure::Float => {
                let (low, high) = (float_of(low), float_of(high));
                let top = (high - low).abs().log10().floor();
                // Beyond these a float's digits are not its own any more.
                if !(-12.0..=15.0).contains(&top) {
                    return Vec::new();
                }
                (top as i32 - FLOAT_DIGITS..=top as i32).rev().map(Self::Power).collect()
            }
            Measure::Date => vec![Self::Months(measure, 12), Self::Months(measure, 1), Self::Every(1)],
            Measure::Clock => [3600 * SECOND, 60 * SECOND, SECOND].map(Self::Every).to_vec(),
            Measure::Moment { .. } => {
                let months = [12, 1].map(|months| Self::Months(measure, months));
                let shorter = [DAY, 3600 * SECOND, 60 * SECOND, SECOND].map(Self::Every);
                months.into_iter().chain(shorter).collect()
            }
            Measure::Boolean | Measure::Text { .. } | Measure::Presence => Vec::new(),
        }
    }

    /// The round value at or below.
    pub fn floor(self, key: i128) -> i128 {
        match self {
            Self::Every(unit) => key - key.rem_euclid(unit),
            Self::Power(power) => float_key(round(float_of(key), power, f64::floor)).unwrap_or(key),
            Self::Months(measure, months) => {
                let (year, month, _) = civil(measure, key);
                first_of(measure, year, if months == 12 { 1 } else { month })
            }
        }
    }

    /// The round value at or above.
    pub fn ceil(self, key: i128) -> i128 {
        match self {
            Self::Power(power) => float_key(round(float_of(key), power, f64::ceil)).unwrap_or(key),
            _ if self.floor(key) == key => key,
            _ => self.next(key),
        }
    }

    /// The round value above the one at or below.
    pub fn next(self, key: i128) -> i128 {
        match self {
            Self::Every(unit) => self.floor(key) + unit,
            Self::Power(power) => {
                let floor = float_of(self.floor(key));
                float_key(round(floor + 10f64.powi(power), power, f64::round)).unwrap_or(key)
            }
            Self::Months(measure, months) => {
                let (year, month, _) = civil(measure, key);
                if months == 12 || month == 12 {
                    first_of(measure, year + 1, 1)
                } else {
                    first_of(measure, year, month + 1)
                }
            }
        }
    }

    /// How many round values there are between two values, about.
    pub fn many(self, low: i128, high: i128) -> f64 {
        let span = high.saturating_sub(low).max(0) as f64;
        let steps = match self {
            Self::Every(unit) => span / unit as f64,
            Self::Power(power) => (float_of(high) - float_of(low)) / 10f64.powi(power),
            Self::Months(Measure::Date, months) => span / (30.4 * f64::from(months)),
            Self::Months(_, months) => span / (30.4 * f64::from(months) * DAY as f64),
        };
        steps + 2.0
    }
}

/// To a multiple of a power of ten, such that the result is the float nearest to it.
fn round(value: f64, power: i32, way: fn(f64) -> f64) -> f64 {
    let scale = 10f64.powi(power.abs());
    if power >= 0 { way(value / scale) * scale } else { way(value * scale) / scale }
}

fn first_of(measure: Measure, year: i64, month: u32) -> i128 {
    let days = i128::from(days_from_civil(year, month, 1));
    if measure == Measure::Date { days } else { days * DAY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::parse_timestamp;

    fn at(text: &str) -> i128 {
        parse_timestamp(text).unwrap().0.into()
    }

    #[test]
    fn months_have_their_own_length() {
        let month = Unit::Months(Measure::Moment { utc: false }, 1);
        assert_eq!(month.floor(at("2024-02-29 12:00:00")), at("2024-02-01"));
        assert_eq!(month.ceil(at("2024-02-29 12:00:00")), at("2024-03-01"));
        assert_eq!(month.ceil(at("2024-02-01")), at("2024-02-01"));
        assert_eq!(month.next(at("2023-12-05")), at("2024-01-01"));
        let year = Unit::Months(Measure::Date, 12);
        assert_eq!(year.next(i128::from(days_from_civil(2023, 5, 5))), i128::from(days_from_civil(2024, 1, 1)));
    }

    #[test]
    fn floats_are_rounded_to_short_ones() {
        let key = |value: f64| float_key(value).unwrap();
        assert_eq!(Unit::Power(-1).floor(key(0.37)), key(0.3));
        assert_eq!(Unit::Power(-1).ceil(key(0.37)), key(0.4));
        assert_eq!(Unit::Power(1).floor(key(-37.0)), key(-40.0));
        assert_eq!(Unit::Power(-1).next(key(0.3)), key(0.4));
    }

    #[test]
    fn coarse_units_come_first() {
        assert_eq!(Unit::all(Measure::Number(0), 0, 100), [500, 100, 50, 10, 5, 1].map(Unit::Every).to_vec());
        assert_eq!(Unit::Every(10).floor(-5), -10);
    }
}
