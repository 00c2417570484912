//! PostgreSQL's `numeric` on the wire: a count of digits, the weight of the first one, sign,
//! digits after the point as printed, and the digits themselves, base 10,000 (`numeric_send` in
//! the server's `numeric.c`).

use crate::table::push_digits;

/// A number, or what stands for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Numeric {
    /// `mantissa × 10^-scale`.
    Short { mantissa: i128, scale: u32 },
    /// Too long for 128 bits: as it is printed.
    Long(String),
    /// `NaN`, `Infinity`, `-Infinity`.
    Word(&'static str),
}

/// Reads a cell; `None` if it is malformed.
pub(super) fn decode(raw: &[u8]) -> Option<Numeric> {
    let (head, digits) = raw.split_first_chunk::<8>()?;
    let count = u16::from_be_bytes([head[0], head[1]]);
    let weight = i16::from_be_bytes([head[2], head[3]]);
    let scale = u32::from(u16::from_be_bytes([head[6], head[7]]));
    let negative = match u16::from_be_bytes([head[4], head[5]]) {
        0x0000 => false,
        0x4000 => true,
        0xC000 => return Some(Numeric::Word("NaN")),
        0xD000 => return Some(Numeric::Word("Infinity")),
        0xF000 => return Some(Numeric::Word("-Infinity")),
        _ => return None,
    };
    if digits.len() != usize::from(count) * 2 {
        return None;
    }
    let digits = digits.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    if digits.clone().any(|digit| digit > 9999) {
        return None;
    }
    // How many decimal places the last digit lies away from the last printed one.
    let shift = (i32::from(weight) + 1 - i32::from(count)) * 4 + i32::try_from(scale).ok()?;
    if let Some(mantissa) = mantissa(digits.clone(), usize::from(count), shift) {
        return Some(Numeric::Short { mantissa: if negative { -mantissa } else { mantissa }, scale });
    }
    long(digits, negative, shift, scale).map(Numeric::Long)
}

const TENS: [u64; 20] = {
    let mut tens = [1; 20];
    let mut at = 1;
    while at < 20 {
        tens[at] = tens[at - 1] * 10;
        at += 1;
    }
    tens
};

/// The digits as a whole number at the printed scale; `None` if it would not fit, or if digits
/// lie beyond that scale.
fn mantissa(digits: impl Iterator<Item = u16>, count: usize, shift: i32) -> Option<i128> {
    // Up to four digits of base 10,000 and a shift of at most three places stay below 10^19.
    if count <= 4 && (-3..=3).contains(&shift) {
        let value = digits.fold(0u64, |sum, digit| sum * 10_000 + u64::from(digit));
        let tens = TENS[shift.unsigned_abs() as usize];
        return if shift >= 0 {
            Some((value * tens).into())
        } else {
            (value % tens == 0).then(|| (value / tens).into())
        };
    }
    let mut value = 0i128;
    for digit in digits {
        value = value.checked_mul(10_000)?.checked_add(digit.into())?;
    }
    if value == 0 {
        return Some(0);
    }
    let tens = 10i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { value.checked_mul(tens) } else { (value % tens == 0).then(|| value / tens) }
}

/// The printed form.
fn long(digits: impl Iterator<Item = u16>, negative: bool, shift: i32, scale: u32) -> Option<String> {
    let mut text = String::new();
    for digit in digits {
        text.push_str(&format!("{digit:04}"));
    }
    if shift >= 0 {
        text.extend(std::iter::repeat_n('0', shift.unsigned_abs() as usize));
    } else {
        // Only zeros lie beyond the printed places.
        let keep = text.len().checked_sub(shift.unsigned_abs() as usize)?;
        if text[keep..].bytes().any(|digit| digit != b'0') {
            return None;
        }
        text.truncate(keep);
    }
    let digits = text.trim_start_matches('0');
    let mut out = String::with_capacity(digits.len() + 3);
    push_digits(&mut out, negative, if digits.is_empty() { "0" } else { digits }, scale);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let mut out = (digits.len() as u16).to_be_bytes().to_vec();
        out.extend(weight.to_be_bytes());
        out.extend(sign.to_be_bytes());
        out.extend(scale.to_be_bytes());
        digits.iter().for_each(|digit| out.extend(digit.to_be_bytes()));
        out
    }

    fn short(mantissa: i128, scale: u32) -> Option<Numeric> {
        Some(Numeric::Short { mantissa, scale })
    }

    #[test]
    fn known_answers() {
        assert_eq!(decode(&wire(0, 0, 0, &[])), short(0, 0));
        assert_eq!(decode(&wire(0, 0, 2, &[])), short(0, 2));
        assert_eq!(decode(&wire(0, 0, 2, &[1, 5000])), short(150, 2)); // 1.50
        assert_eq!(decode(&wire(1, 0x4000, 2, &[1, 2345, 6700])), short(-1_234_567, 2)); // -12345.67
        assert_eq!(decode(&wire(-1, 0, 4, &[7])), short(7, 4)); // 0.0007
        assert_eq!(decode(&wire(-2, 0, 7, &[1230])), short(123, 7)); // 0.0000123
        assert_eq!(decode(&wire(5, 0, 0, &[1])), short(10i128.pow(20), 0));
        assert_eq!(decode(&wire(3, 0, 2, &[9999, 9999, 9999, 9999, 9900])), short(999_999_999_999_999_999, 2));
        assert_eq!(decode(&wire(0, 0xC000, 0, &[])), Some(Numeric::Word("NaN")));
        assert_eq!(decode(&wire(0, 0xF000, 0, &[])), Some(Numeric::Word("-Infinity")));
    }

    #[test]
    fn long_numbers_become_text() {
        let text = format!("-{}.25", "1234".repeat(11));
        let mut digits = vec![1234; 11];
        digits.push(2500);
        assert_eq!(decode(&wire(10, 0x4000, 2, &digits)), Some(Numeric::Long(text)));
        assert_eq!(decode(&wire(12, 0, 0, &[1])), Some(Numeric::Long(format!("1{}", "0".repeat(48)))));
        let tiny = format!("0.{}1", "0".repeat(51));
        assert_eq!(decode(&wire(-13, 0, 52, &[1])), short(1, 52));
        assert_eq!(decode(&wire(-13, 0, 52, &[1])).map(|_| tiny.len()), Some(54));
    }

    #[test]
    fn broken_cells_are_refused() {
        assert_eq!(decode(&[0; 7]), None);
        assert_eq!(decode(&wire(0, 0, 0, &[1])[..9]), None);
        assert_eq!(decode(&wire(0, 0, 0, &[10_000])), None);
        assert_eq!(decode(&wire(0, 0x1234, 0, &[])), None);
        // More digits than are printed: no server sends it, and none is cut off.
        assert_eq!(decode(&wire(0, 0, 1, &[1, 2345])), None);
    }
}
