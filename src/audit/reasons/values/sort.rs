//! Sorts a pair of values into a kind, strictest kind first.

use super::bytes::{Form, same_bytes, same_uuid};
use super::decimal::Decimal;
use super::encoding::{Damage, damage};
use super::json::loosely_same;
use super::kind::ValueKind as K;
use super::moment;
use super::text::{alike, beginning, leading_zeros, roughly_alike};
use super::traits::Traits;
use super::written::{other_order, same_number};
use crate::table::{Alignment, Family, PortableType};

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Text,
    Number,
    /// A date, or a date and time.
    Moment,
    TimeOfDay,
    Json,
    Bytes,
    /// Truth values and UUIDs.
    Plain,
}

/// A pair of columns.
#[derive(Clone, Debug)]
pub struct Column {
    pub left: String,
    pub right: String,
    pub family: Family,
    pub class: Class,
    /// One of them is a float.
    pub float: bool,
    /// The zone of times without one.
    pub zone: Option<chrono_tz::Tz>,
}

impl Column {
    /// The pair at this position.
    pub fn new(alignment: &Alignment, at: usize) -> Self {
        let pair = &alignment.pairs[at];
        let class = match pair.family {
            Family::Boolean | Family::Uuid | Family::Bits | Family::Interval | Family::List(_) | Family::Words => {
                Class::Plain
            }
            Family::Number | Family::ShortNumber | Family::Float32 | Family::Float64 => Class::Number,
            Family::Text => Class::Text,
            Family::Bytes => Class::Bytes,
            Family::Date | Family::Timestamp(_) | Family::Instant(_) => Class::Moment,
            Family::Time(_) => Class::TimeOfDay,
            Family::Json => Class::Json,
        };
        let float = [&pair.left.ty, &pair.right.ty]
            .into_iter()
            .any(|ty| matches!(ty, PortableType::Float32 | PortableType::Float64));
        let zone = matches!(pair.family, Family::Instant(_)).then(|| alignment.zone.as_deref()?.parse().ok()).flatten();
        let (left, right) = (pair.left.name.clone(), pair.right.name.clone());
        Self { left, right, family: pair.family, class, float, zone }
    }
}

/// A pair of values, sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    pub kind: K,
    /// The side that lost something (0, 1), or 2.
    pub side: u8,
    /// More of it, for the sentence; see [`code`].
    pub code: i32,
    /// It differs in something else as well.
    pub also: bool,
    /// So particular that it does not happen by chance.
    pub strong: bool,
}

/// What [`Sorted::code`] says of a kind.
pub mod code {
    /// Rounding: `100 × digits after the point + digits to which both agree`, below all of these.
    pub const SINGLE: i32 = 10_001;
    /// Rounding: the last digits of a float.
    pub const LAST: i32 = 10_002;
    /// Rounding: plus so many significant digits.
    pub const SIGNIFICANT: i32 = 11_000;
    /// Rounding: plus the position in `moment::UNITS`.
    pub const UNIT: i32 = 12_000;
    /// And this, where the coarser time is the later one.
    pub const UP: i32 = 50;
    /// UUID: the parts of its time are swapped.
    pub const SWAPPED: i32 = 1;
    /// Bytes: with escapes.
    pub const ESCAPED: i32 = 1;
    /// Padded: plus the width; zeros have the width alone.
    pub const SPACES: i32 = 1_000_000;
    /// Encoding: replaced characters; else how often it was misread.
    pub const REPLACED: i32 = 10;
}

/// Bytes of a printed value that is looked at: to go through longer ones in all ways takes too long.
const LONGEST: usize = 1 << 20;

/// Whether two values are too long to be looked at. They are sorted as what nothing explains.
pub fn too_long(left: Option<&str>, right: Option<&str>) -> bool {
    [left, right].into_iter().flatten().any(|text| text.len() > LONGEST)
}

/// The two values of a pair of which one at least is not NULL, sorted.
pub fn sort(column: &Column, traits: &Traits, left: Option<&str>, right: Option<&str>) -> Sorted {
    let other = Sorted { kind: K::Other, side: 2, code: 0, also: false, strong: false };
    if too_long(left, right) {
        return other;
    }
    if let Some(sorted) = nothing(column.class, left, right) {
        return sorted;
    }
    let (Some(left), Some(right)) = (left, right) else { return other };
    let found = match column.class {
        Class::Plain => None,
        Class::Bytes => written(left, right, true).or_else(|| cut_off(traits, left, right)),
        Class::Json => loosely_same(left, right).then_some(Sorted { kind: K::Json, ..other }),
        Class::Number | Class::Text => match (Decimal::parse(left), Decimal::parse(right)) {
            (Some(one), Some(two)) => numbers(column, traits, [one, two], [left, right]),
            _ => None,
        },
        Class::Moment | Class::TimeOfDay => moment::sort(column, traits, left, right),
    };
    let typed = matches!(column.class, Class::Plain | Class::Bytes | Class::Json);
    let found = found.or_else(|| if typed { None } else { texts(traits, left, right) });
    found.unwrap_or(other)
}

/// Words for nothing, and whether they mean it whatever the column holds.
const NOTHINGS: [(&str, bool); 7] = [
    ("NULL", true),
    ("empty", true),
    ("0", false),
    ("false", false),
    ("a word for NULL", true),
    ("1970-01-01", false),
    ("0000-00-00", true),
];

/// The word for a nothing.
pub fn nothing_word(token: i32) -> &'static str {
    NOTHINGS.get(token as usize).map_or("", |(word, _)| word)
}

fn token(class: Class, value: Option<&str>) -> Option<usize> {
    let Some(text) = value else { return Some(0) };
    let text = text.trim();
    Some(match text {
        "" => 1,
        "false" if class != Class::Json => 3,
        // Not in any case: NAN is an airport.
        "\\N" | "NULL" | "null" | "Null" | "None" | "none" | "nil" | "N/A" | "n/a" | "NA" | "NaN" | "nan" => 4,
        _ if text.starts_with("0000-00-00") => 6,
        _ if text.starts_with("1970-01-01") && matches!(&text[10..], "" | " 00:00:00" | " 00:00:00Z") => 5,
        _ if text.len() < 8 && text.starts_with(['0', '-', '.']) && Decimal::parse(text)?.mantissa == 0 => 2,
        _ => return None,
    })
}

fn nothing(class: Class, left: Option<&str>, right: Option<&str>) -> Option<Sorted> {
    let sorted = |kind, side, code, strong| Some(Sorted { kind, side, code, also: false, strong });
    let empty = |token: Option<usize>| matches!(token, Some(0 | 1));
    match (token(class, left), token(class, right)) {
        (Some(one), Some(two)) if one != two && (NOTHINGS[one].1 || NOTHINGS[two].1) => {
            let strong = NOTHINGS[one].1 && NOTHINGS[two].1;
            sorted(K::NullOrEmpty, 2, (one * 16 + two) as i32, strong)
        }
        (one, None) if empty(one) => sorted(K::Filled, 0, one.unwrap_or(0) as i32, false),
        (None, two) if empty(two) => sorted(K::Cleared, 1, two.unwrap_or(0) as i32, false),
        _ => None,
    }
}

fn numbers(column: &Column, traits: &Traits, values: [Decimal; 2], printed: [&str; 2]) -> Option<Sorted> {
    let [one, two] = values;
    let sorted = |kind, side: usize, code| Some(Sorted { kind, side: side as u8, code, also: false, strong: false });
    if one == two {
        let strong = printed.iter().all(|text| text.len() >= 4);
        let found = match leading_zeros(printed[0], printed[1]) {
            Some(side) => sorted(K::Padded, side, printed[side].chars().count() as i32),
            None => sorted(K::NumberFormat, 2, 0),
        };
        return found.map(|found| Sorted { strong, ..found });
    }
    if one.scale == two.scale && one.mantissa == -two.mantissa {
        return sorted(K::Sign, 2, 0);
    }
    if traits.power.is_some() && one.power(two) == traits.power {
        return sorted(K::Scale, 2, traits.power.unwrap_or(0));
    }
    let float = if column.float { float_form(printed) } else { None };
    let float = float.filter(|(code, _)| *code != code::SINGLE || traits.single);
    let by_float = |code| {
        let side = if code == code::SINGLE { usize::from(!is_single(printed[0])) } else { 2 };
        sorted(K::Rounding, side, code)
    };
    // The long decimals of a 32-bit float look like more digits of the number that it was made of.
    if let Some((code::SINGLE, true)) = float {
        return by_float(code::SINGLE);
    }
    if let Some(fewer) = one.fewer(two) {
        let taken = fewer.rounded && traits.rounds[fewer.side] || fewer.cut && traits.cuts[fewer.side];
        if taken {
            return sorted(K::Rounding, fewer.side, (fewer.digits * 100 + fewer.agree) as i32);
        }
    }
    if let Some((code, _)) = float {
        return by_float(code);
    }
    if let Some((side, digits)) = one.significant(two)
        && traits.significant[side]
    {
        return sorted(K::Rounding, side, code::SIGNIFICANT + digits as i32);
    }
    if traits.shift.is_some() && one.difference(two) == traits.shift {
        return sorted(K::Shift, 2, 0);
    }
    (column.class == Class::Text).then(|| cut_off(traits, printed[0], printed[1])).flatten()
}

/// Whether a float's value is one that 32 bits hold.
fn is_single(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|value| f64::from(value as f32) == value)
}

/// Floats that went through 32 bits, and whether it shows in many digits; or that differ in the
/// digits that arithmetic leaves behind.
fn float_form(printed: [&str; 2]) -> Option<(i32, bool)> {
    let [Ok(one), Ok(two)] = printed.map(str::parse::<f64>) else { return None };
    let narrow = [(one, two), (two, one)].into_iter().find(|(wide, narrow)| f64::from(*wide as f32) == *narrow);
    if let Some((_, narrow)) = narrow {
        return Some((code::SINGLE, narrow.to_string().len() > 9));
    }
    ((one - two).abs() <= 4.0 * f64::EPSILON * one.abs().max(two.abs())).then_some((code::LAST, true))
}

/// UUIDs in another form, and bytes beside what they are written as.
fn written(left: &str, right: &str, typed: bool) -> Option<Sorted> {
    let sorted = |kind, code| Some(Sorted { kind, side: 2, code, also: false, strong: true });
    // UUIDs and bytes without anything that says so are words like any other: `CAFE` and `cafe`.
    if let Some(swapped) = same_uuid(left, right).filter(|_| left.len() != right.len() || typed || left.contains('-')) {
        let plain = typed
            && [left, right].iter().all(|text| text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'\\' || b == b'x'));
        if swapped || !plain {
            return sorted(K::Uuid, if swapped { code::SWAPPED } else { 0 });
        }
    }
    match same_bytes(left, right, typed)? {
        Form::Hex => sorted(K::Hex, 0),
        Form::Escaped => sorted(K::Hex, code::ESCAPED),
    }
}

fn texts(traits: &Traits, left: &str, right: &str) -> Option<Sorted> {
    if let Some(found) = written(left, right, false) {
        return Some(found);
    }
    let sorted = |kind, side: usize, code, strong| Some(Sorted { kind, side: side as u8, code, also: false, strong });
    if let Some(found) = alike(left, right) {
        let longer = usize::from(left.chars().count() < right.chars().count());
        let width = [left, right][longer].chars().count();
        if found.kind == K::Spaces && found.form == 0 && traits.filled_up[longer] == Some(width) {
            return sorted(K::Padded, longer, code::SPACES + width as i32, found.strong);
        }
        return sorted(found.kind, longer, found.form, found.strong);
    }
    if let Some((side, how)) = damage(left, right) {
        let (code, strong) = match how {
            Damage::Misread(times) => (times.into(), true),
            Damage::Replaced => (code::REPLACED, left.chars().count() >= 4),
        };
        return sorted(K::Encoding, side, code, strong);
    }
    if let Some(side) = leading_zeros(left, right) {
        let printed = [left, right];
        return sorted(K::Padded, side, printed[side].chars().count() as i32, printed[1 - side].len() >= 4);
    }
    if let Some(digits) = same_number(left, right) {
        return sorted(K::NumberFormat, 2, 0, digits >= 4);
    }
    if let Some(swapped) = other_order(left, right) {
        return sorted(K::DateOrder, 2, (!swapped).into(), false);
    }
    if [left, right].iter().all(|text| text.starts_with(['{', '['])) && loosely_same(left, right) {
        return sorted(K::Json, 2, 0, false);
    }
    if let Some(found) = cut_off(traits, left, right) {
        return Some(found);
    }
    let found = roughly_alike(left, right)?;
    Some(Sorted { kind: found.kind, side: 2, code: found.form, also: found.also, strong: found.strong })
}

fn cut_off(traits: &Traits, left: &str, right: &str) -> Option<Sorted> {
    let side = beginning(left, right)?;
    let width = traits.truncated[side]?;
    let short = [left, right][side];
    (width.of(short) == width.length).then_some(Sorted {
        kind: K::Truncated,
        side: side as u8,
        code: width.length as i32,
        also: false,
        strong: width.length >= 4,
    })
}
