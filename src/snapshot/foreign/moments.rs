//! Times in other units than microseconds. What microseconds can't say is kept as text, with all
//! of its digits: two moments that differ in a nanosecond are not the same.

use super::leaves::RAW;
use crate::table::{print_date, print_time};
use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray, PrimitiveBuilder};
use arrow::datatypes::{ArrowPrimitiveType, TimeUnit};
use std::sync::Arc;

/// A column's values, and by row those that its type can't hold.
pub(super) type Values = (ArrayRef, Vec<(u32, String)>);

const NANOS_PER_DAY: i128 = 86_400_000_000_000;
/// The day of 1970-01-01 in an INT96.
const EPOCH: i128 = 2_440_588;

/// Nanoseconds in a unit.
pub(super) fn nanos(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// Values of a unit in another one: `from` and `to` are nanoseconds. `print` says, from nanoseconds,
/// what has no place in the other unit.
pub(super) fn in_unit<T: ArrowPrimitiveType>(
    array: &dyn Array,
    value: impl Fn(usize) -> i128,
    to: i128,
    print: impl Fn(i128) -> String,
) -> Values
where
    T::Native: TryFrom<i64>,
{
    let mut out = PrimitiveBuilder::<T>::with_capacity(array.len());
    let mut others = Vec::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
            continue;
        }
        let nanos = value(row);
        let whole = if nanos % to == 0 { i64::try_from(nanos / to).ok() } else { None };
        match whole.and_then(|whole| T::Native::try_from(whole).ok()) {
            Some(whole) => out.append_value(whole),
            None => {
                out.append_null();
                others.push((row as u32, print(nanos)));
            }
        }
    }
    (Arc::new(out.finish()), others)
}

/// The moment of an INT96, in nanoseconds since 1970.
pub(super) fn int96(array: &FixedSizeBinaryArray, row: usize) -> i128 {
    let bytes = array.value(row);
    let mut of_day = [0; 8];
    let mut day = [0; 4];
    if bytes.len() == RAW as usize {
        of_day.copy_from_slice(&bytes[..8]);
        day.copy_from_slice(&bytes[8..]);
    }
    let day = i128::from(i32::from_le_bytes(day)) - EPOCH;
    day * NANOS_PER_DAY + i128::from(i64::from_le_bytes(of_day))
}

/// A moment with all of its digits, with `Z` if it is one in UTC.
pub(super) fn print_moment(nanos: i128, utc: bool) -> String {
    let day = i64::try_from(nanos.div_euclid(NANOS_PER_DAY)).unwrap_or(i64::MAX);
    format!("{} {}{}", print_date(day), print_time_of_day(nanos.rem_euclid(NANOS_PER_DAY)), if utc { "Z" } else { "" })
}

/// A time of day with all of its digits.
pub(super) fn print_time_of_day(nanos: i128) -> String {
    let (sign, nanos) = if nanos < 0 { ("-", -nanos) } else { ("", nanos) };
    let micros = i64::try_from(nanos / 1000).unwrap_or(i64::MAX);
    match nanos % 1000 {
        0 => format!("{sign}{}", print_time(micros)),
        rest => {
            let digits = format!("{:06}{rest:03}", micros % 1_000_000);
            let whole = print_time(micros - micros % 1_000_000);
            format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_with_all_of_their_digits() {
        assert_eq!(print_moment(1_500_000_001, false), "1970-01-01 00:00:01.500000001");
        assert_eq!(print_moment(-1, true), "1969-12-31 23:59:59.999999999Z");
        assert_eq!(print_time_of_day(120), "00:00:00.00000012");
        assert_eq!(print_time_of_day(1_000), "00:00:00.000001");
    }

    #[test]
    fn an_int96_is_a_day_and_nanoseconds() {
        let raw = |day: i32, nanos: i64| [nanos.to_le_bytes().as_slice(), &day.to_le_bytes()].concat();
        let rows = [raw(2_440_588, 0), raw(2_440_587, 1_000), raw(5_373_484, 86_399_999_999_000)];
        let array = FixedSizeBinaryArray::try_from_iter(rows.iter()).unwrap();
        let print = |row| print_moment(int96(&array, row), false);
        assert_eq!(
            [0, 1, 2].map(print),
            ["1970-01-01 00:00:00", "1969-12-31 00:00:00.000001", "9999-12-31 23:59:59.999999"]
        );
    }
}
