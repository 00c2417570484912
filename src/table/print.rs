//! Prints values the one way that trueup prints them: in samples, and where a typed value is
//! compared with text.

use super::parse::{MICROS_PER_DAY, civil_from_days};

/// `YYYY-MM-DD`; years outside 1 to 9999 keep their sign and digits.
pub fn print_date(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH:MM:SS`, with as many digits of fraction as there are.
pub fn print_time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let mut out = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = micros % 1_000_000;
    if fraction != 0 {
        let digits = format!(".{fraction:06}");
        out.push_str(digits.trim_end_matches('0'));
    }
    out
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]`, with `Z` if it is an instant.
pub fn print_timestamp(micros: i64, utc: bool) -> String {
    let date = print_date(micros.div_euclid(MICROS_PER_DAY));
    let time = print_time(micros.rem_euclid(MICROS_PER_DAY));
    format!("{date} {time}{}", if utc { "Z" } else { "" })
}

/// `\x` and hexadecimal digits, as PostgreSQL prints bytes.
pub fn print_bytes(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(2 + bytes.len() * 2);
    out.push_str("\\x");
    for byte in bytes {
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
    out
}

/// Lower-case digits in groups of 8, 4, 4, 4 and 12.
pub fn print_uuid(bytes: &[u8; 16]) -> String {
    let hex = print_bytes(bytes);
    let hex = &hex[2..];
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::parse_timestamp;

    #[test]
    fn prints_what_it_can_read_back() {
        for micros in [0, 1, -1, 1_500_000, 253_402_300_799_999_999, -62_135_596_800_000_000] {
            assert_eq!(parse_timestamp(&print_timestamp(micros, false)), Some((micros, false)));
            assert_eq!(parse_timestamp(&print_timestamp(micros, true)), Some((micros, true)));
        }
        assert_eq!(print_bytes(&[0, 255, 16]), "\\x00ff10");
    }
}
