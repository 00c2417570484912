//! Days and microseconds as people write them, counted year by year: slow, and nothing to get wrong.

pub const DAY: i64 = 86_400_000_000;

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn months(year: i64) -> [i64; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Days from 1970-01-01 to a date.
pub fn days(year: i64, month: usize, day: i64) -> i64 {
    let length = |year: i64| if is_leap(year) { 366 } else { 365 };
    let years: i64 = if year >= 1970 { (1970..year).map(length).sum() } else { -(year..1970).map(length).sum::<i64>() };
    years + months(year)[..month - 1].iter().sum::<i64>() + day - 1
}

/// `YYYY-MM-DD`
pub fn print_day(mut day: i64) -> String {
    let mut year = 1970;
    while day < 0 {
        year -= 1;
        day += if is_leap(year) { 366 } else { 365 };
    }
    while day >= if is_leap(year) { 366 } else { 365 } {
        day -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let mut month = 0;
    while day >= months(year)[month] {
        day -= months(year)[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}", month + 1, day + 1)
}

/// `HH:MM:SS`, and so many digits after it.
pub fn print_clock(micros: i64, digits: usize) -> String {
    let seconds = micros / 1_000_000;
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let part = format!("{:06}", micros % 1_000_000);
    if digits == 0 { whole } else { format!("{whole}.{}", &part[..digits]) }
}

/// The fewest digits after the second that say all.
pub fn needed_digits(micros: i64) -> usize {
    format!("{:06}", micros.rem_euclid(1_000_000)).trim_end_matches('0').len()
}

/// Date, `between` and time of microseconds since 1970.
pub fn print_moment(micros: i64, between: char, digits: usize) -> String {
    format!("{}{between}{}", print_day(micros.div_euclid(DAY)), print_clock(micros.rem_euclid(DAY), digits))
}

/// What is left of microseconds at so many digits of a second, never later.
pub fn cut(micros: i64, digits: u8) -> i64 {
    let unit = 10_i64.pow(6 - u32::from(digits));
    micros.div_euclid(unit) * unit
}

/// 2000-01-01, on both sides of which PostgreSQL rounds halves away.
pub const Y2K: i64 = 10_957 * DAY;

/// The nearest microseconds with so many digits of a second: halves up from this moment on, down
/// before.
pub fn round(micros: i64, digits: u8, up_from: i64) -> i64 {
    let unit = 10_i64.pow(6 - u32::from(digits));
    let (floor, twice) = (cut(micros, digits), 2 * micros.rem_euclid(unit));
    if twice > unit || twice == unit && micros >= up_from { floor + unit } else { floor }
}

#[test]
fn dates_are_what_they_are() {
    for (date, day) in [((1970, 1, 1), 0), ((2000, 2, 29), 11016), ((1969, 12, 31), -1), ((1900, 3, 1), -25508)] {
        assert_eq!(days(date.0, date.1, date.2), day);
        assert_eq!(print_day(day), format!("{:04}-{:02}-{:02}", date.0, date.1, date.2));
    }
    assert_eq!((round(499_999, 0, 0), round(500_000, 0, 0), round(-500_000, 0, 0)), (0, 1_000_000, -1_000_000));
    assert_eq!((round(Y2K - 500_000, 0, Y2K), round(Y2K + 500_000, 0, Y2K)), (Y2K - 1_000_000, Y2K + 1_000_000));
    assert_eq!(print_moment(cut(-1, 3), ' ', 6), "1969-12-31 23:59:59.999000");
}
