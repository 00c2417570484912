//! Reads the printed forms of dates, times, booleans and UUIDs. Each function takes exactly
//! what databases print and ISO 8601 allows, and returns `None` for the rest.

/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

fn month_length(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `YYYY-MM-DD` (four to six digits of year) to days since 1970-01-01; with ` BC` behind it as
/// PostgreSQL prints years before our era, with `-` before it as trueup does.
pub fn parse_date(text: &str) -> Option<i32> {
    match (text.strip_suffix(BEFORE_CHRIST), text.strip_prefix('-')) {
        // The year before 1 is 1 BC, and 0 where years are counted on.
        (Some(date), None) => parse_day_of(date, |year| 1 - year),
        (None, Some(date)) if date.len() == 9 => parse_day_of(&format!("0{date}"), |year| -year),
        (None, Some(date)) => parse_day_of(date, |year| -year),
        (None, None) => parse_day_of(text, |year| year),
        (Some(_), Some(_)) => None,
    }
}

/// What PostgreSQL puts behind a year before our era.
const BEFORE_CHRIST: &str = " BC";

fn parse_day_of(text: &str, counted: impl Fn(i64) -> i64) -> Option<i32> {
    let bytes = text.as_bytes();
    let at = bytes.len().checked_sub(6)?;
    let (year, rest) = bytes.split_at(at);
    if !(4..=6).contains(&year.len()) || rest[0] != b'-' || rest[3] != b'-' {
        return None;
    }
    let year = digits(year)?;
    let month = digits(&rest[1..3])? as u32;
    let day = digits(&rest[4..6])? as u32;
    if !(1..=12).contains(&month) || day == 0 || year == 0 {
        return None;
    }
    let year = counted(year);
    if day > month_length(year, month) {
        return None;
    }
    i32::try_from(days_from_civil(year, month, day)).ok()
}

/// `HH:MM[:SS[.ffffff]]` to microseconds since midnight; `24:00:00` is allowed, as in PostgreSQL.
/// More than six digits of fraction are refused unless they are zeros: nothing is cut silently.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || bytes[2] != b':' {
        return None;
    }
    let hours = digits(&bytes[0..2])?;
    let minutes = digits(&bytes[3..5])?;
    let (seconds, fraction) = match bytes.get(5) {
        None => (0, 0),
        Some(b':') if bytes.len() >= 8 => (digits(&bytes[6..8])?, parse_fraction(&bytes[8..])?),
        Some(_) => return None,
    };
    let total = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction;
    (minutes < 60 && seconds < 60 && total <= MICROS_PER_DAY).then_some(total)
}

fn parse_fraction(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() {
        return Some(0);
    }
    let (point, rest) = bytes.split_first()?;
    if !matches!(point, b'.' | b',') || rest.is_empty() {
        return None;
    }
    let (kept, cut) = rest.split_at(rest.len().min(6));
    if !cut.iter().all(|b| *b == b'0') {
        return None;
    }
    Some(digits(kept)? * 10i64.pow(6 - kept.len() as u32))
}

/// A date, then optionally `T` or a space, a time and an offset (`Z`, `+02`, `+02:00`, ` UTC`),
/// to microseconds since 1970-01-01 UTC. Says whether an offset was given.
pub fn parse_timestamp(text: &str) -> Option<(i64, bool)> {
    let (text, era) = match text.strip_suffix(BEFORE_CHRIST) {
        Some(text) => (text, BEFORE_CHRIST),
        None => (text, ""),
    };
    let date_end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let day =
        if era.is_empty() { parse_date(&text[..date_end]) } else { parse_date(&format!("{}{era}", &text[..date_end])) };
    let midnight = i64::from(day?).checked_mul(MICROS_PER_DAY)?;
    if date_end == text.len() {
        return Some((midnight, false));
    }
    let rest = &text[date_end + 1..];
    let time_end = rest.find(|c: char| !matches!(c, '0'..='9' | ':' | '.' | ',')).unwrap_or(rest.len());
    let local = midnight.checked_add(parse_time(&rest[..time_end])?)?;
    let zone = rest[time_end..].trim_start();
    if zone.is_empty() {
        return (time_end == rest.len()).then_some((local, false));
    }
    Some((local.checked_sub(parse_offset(zone)?)?, true))
}

fn parse_offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | "UTC") {
        return Some(0);
    }
    let bytes = zone.as_bytes();
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let numbers: Vec<u8> = bytes[1..].iter().copied().filter(|b| *b != b':').collect();
    if !numbers.len().is_multiple_of(2) || numbers.len() > 6 {
        return None;
    }
    let mut seconds = 0;
    for (i, pair) in numbers.chunks(2).enumerate() {
        seconds += digits(pair)? * [3600, 60, 1][i];
    }
    (!numbers.is_empty()).then_some(sign * seconds * 1_000_000)
}

/// `t`/`f`, `true`/`false`, `1`/`0`, `yes`/`no`, `y`/`n`, `on`/`off`, in any case: the words
/// PostgreSQL reads as a boolean.
pub fn parse_boolean(text: &str) -> Option<bool> {
    const WORDS: [(&str, bool); 12] = [
        ("t", true),
        ("f", false),
        ("true", true),
        ("false", false),
        ("1", true),
        ("0", false),
        ("yes", true),
        ("no", false),
        ("y", true),
        ("n", false),
        ("on", true),
        ("off", false),
    ];
    WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
}

/// A float as databases print it, with their words for NaN and the infinities.
pub fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
        return Some(sign * f64::INFINITY);
    }
    // The standard parser takes more words than these, so the first character decides.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite() && (*value != 0.0 || is_zero(text)))
}

/// Like [`parse_float`] in 32 bits. Straight to these: by way of 64 it could round twice.
pub fn parse_float32(text: &str) -> Option<f32> {
    let wide = parse_float(text)?;
    if wide.is_finite() {
        text.parse().ok().filter(|short: &f32| short.is_finite() && (*short != 0.0 || wide == 0.0))
    } else {
        Some(wide as f32)
    }
}

/// A number in 32 bits; `None` if it is too large for them, or so small that nothing is left of it.
pub fn narrowed(value: f64) -> Option<f32> {
    let short = value as f32;
    (value.is_finite() == short.is_finite() && (value == 0.0) == (short == 0.0)).then_some(short)
}

/// Whether a number has no digit but zeros.
fn is_zero(text: &str) -> bool {
    !text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| matches!(byte, b'1'..=b'9'))
}

/// 32 hexadecimal digits, with hyphens and braces anywhere PostgreSQL allows them.
pub fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    if let Some(usual) = parse_usual_uuid(text.as_bytes()) {
        return Some(usual);
    }
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let mut out = [0u8; 16];
    let mut count = 0;
    for b in inner.bytes() {
        if b == b'-' {
            if count == 0 || count % 4 != 0 || count == 32 {
                return None;
            }
            continue;
        }
        let digit = (b as char).to_digit(16)? as u8;
        let slot = out.get_mut(count / 2)?;
        *slot = *slot << 4 | digit;
        count += 1;
    }
    (count == 32).then_some(out)
}

/// Bytes from hexadecimal digits, in the forms that programs print them in: `\\x00ff`, `0x00FF`,
/// `X'00ff'`, or the digits alone.
pub fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let quoted = || text.strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'');
    let digits = text.strip_prefix("\\x").or_else(|| text.strip_prefix("0x")).or_else(quoted).unwrap_or(text);
    parse_digits(digits)
}

/// The bytes that [`print_bytes`](super::print_bytes) printed: `\\x` and two digits for each.
pub fn parse_bytes(text: &str) -> Option<Vec<u8>> {
    parse_digits(text.strip_prefix("\\x")?)
}

/// Bytes from hexadecimal digits alone, in either case; `None` if there is anything else or a half byte.
pub fn parse_digits(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| Some(HEX[usize::from(byte)]).filter(|digit| *digit < 16);
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

/// Digits to their values, everything else to 255.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

/// The usual form, 8-4-4-4-12, which nearly all have.
fn parse_usual_uuid(text: &[u8]) -> Option<[u8; 16]> {
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    if text.len() != 36 || [8, 13, 18, 23].iter().any(|hyphen| text[*hyphen] != b'-') {
        return None;
    }
    let mut out = [0u8; 16];
    let mut wrong = 0;
    for (slot, place) in out.iter_mut().zip(PLACES) {
        let (high, low) = (HEX[usize::from(text[place])], HEX[usize::from(text[place + 1])]);
        wrong |= high | low;
        *slot = high << 4 | low & 15;
    }
    (wrong < 16).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (text, days) in [("1970-01-01", 0), ("0001-01-01", -719_162), ("9999-12-31", 2_932_896)] {
            assert_eq!(parse_date(text), Some(days), "{text}");
        }
        for days in (-800_000..3_000_000).step_by(997) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(parse_date("0044-03-15 BC"), parse_date("-043-03-15"));
        assert_eq!(parse_date("0001-02-29 BC").map(|days| civil_from_days(days.into())), Some((0, 2, 29)));
        for days in (-1_700_000..-720_000).step_by(997) {
            assert_eq!(parse_date(&super::super::print_date(days.into())), Some(days));
        }
        for text in ["-0044-03-15 BC", "-0000-01-01", "0044-03-15 bc", "0044-03-15  BC"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in ["0000-00-00", "2024-02-30", "2023-02-29", "24-01-01", "2024-1-1", "2024-13-01", "0000-01-01"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_with_and_without_a_zone() {
        assert_eq!(parse_timestamp("1970-01-01"), Some((0, false)));
        assert_eq!(parse_timestamp("1970-01-01 00:00:01.5"), Some((1_500_000, false)));
        assert_eq!(parse_timestamp("1970-01-01T02:00:00+02"), Some((0, true)));
        assert_eq!(parse_timestamp("1970-01-01T00:00Z"), Some((0, true)));
        assert_eq!(parse_timestamp("1969-12-31 18:30:00-05:30"), Some((0, true)));
        for text in ["1970-01-01 ", "1970-01-01 25:00:00", "1970-01-01 00:00:00.1234567", "1970-01-01 00:00:00+"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn words_for_numbers_and_truth() {
        assert_eq!(parse_float("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(parse_float("NaN").is_some_and(f64::is_nan));
        assert_eq!(parse_float("1e999"), None);
        assert_eq!(parse_float("abc"), None);
        assert_eq!(parse_boolean("TRUE"), Some(true));
        assert_eq!(parse_boolean("2"), None);
    }

    #[test]
    fn bytes_in_every_printed_form() {
        for text in ["\\x00fF10", "0x00ff10", "00FF10", "X'00ff10'"] {
            assert_eq!(parse_hex(text), Some(vec![0, 255, 16]), "{text}");
        }
        assert_eq!(parse_hex("\\x"), Some(vec![]));
        assert_eq!(parse_bytes("\\x00fF"), Some(vec![0, 255]));
        for text in ["00ff", "0x00", "\\x0", "\\x+1", "\\x 1", "\\xé"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
        assert_eq!((parse_digits("00fF"), parse_digits("\\x00"), parse_digits("+1")), (Some(vec![0, 255]), None, None));
        for text in ["\\x0", "\\x0g", "0x0x", "\\\\x00", "\\x89PNG", "é9"] {
            assert_eq!(parse_hex(text), None, "{text}");
        }
    }

    #[test]
    fn uuids_in_every_printed_form() {
        let plain = parse_uuid("a0eebc999c0b4ef8bb6d6bb9bd380a11");
        assert!(plain.is_some());
        assert_eq!(plain, parse_uuid("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}"));
        assert_eq!(parse_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"), None);
        assert_eq!(plain, parse_uuid("a0eebc99-9c0b-4ef8-BB6D-6bb9bd380A11"));
        assert_eq!(parse_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380ag1"), None);
        assert_eq!(parse_uuid("-a0eebc999c0b4ef8bb6d6bb9bd380a11"), None);
    }
}
