//! Numbers in exact arithmetic of their own: digits and a scale.

use super::value::{Value, print_number};

/// Whether all of the digits survive in a float.
pub fn is_short(digits: i128) -> bool {
    digits.unsigned_abs() < 1_000_000_000_000_000
}

/// The float that is nearest to a number.
pub fn float_of(digits: i128, scale: u32) -> f64 {
    print_number(digits, scale).parse().unwrap()
}

/// A float as a number: exactly where it is whole, else by its shortest digits. `None` where it is
/// none, or one of more digits than are ever drawn.
pub fn number_of_float(float: f64) -> Option<Value> {
    if !float.is_finite() {
        return None;
    }
    if float.fract() == 0.0 && float.abs() < 1e37 {
        return Some(Value::whole(format!("{float:.0}").parse().unwrap()));
    }
    let text = format!("{float:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap();
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{part}").parse().unwrap();
    let scale = i32::try_from(part.len()).unwrap() - exponent.parse::<i32>().unwrap();
    u32::try_from(scale).ok().map(|scale| Value::Number { digits, scale })
}

/// The one form that all writings of a number have.
pub fn normal(mut digits: i128, mut scale: u32) -> (i128, u32) {
    while scale > 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    (digits, scale)
}

/// Whether two numbers are at most so far apart.
pub fn within(left: (i128, u32), right: (i128, u32), tolerance: (i128, u32)) -> bool {
    let scale = left.1.max(right.1).max(tolerance.1);
    let at = |(digits, own): (i128, u32)| digits * 10_i128.pow(scale - own);
    (at(left) - at(right)).abs() <= at(tolerance)
}

#[test]
fn numbers_are_exact() {
    assert_eq!(number_of_float(0.1), Some(Value::Number { digits: 1, scale: 1 }));
    assert_eq!(number_of_float(1_152_921_504_606_846_976.0), Some(Value::whole(1_152_921_504_606_846_976)));
    assert_eq!(normal(500, 2), (5, 0));
    assert!(within((100, 2), (101, 2), (1, 2)) && !within((100, 2), (1011, 3), (1, 2)));
}
