//! When two values are equal: each in the one form that all values equal to it have.

use super::calendar::{DAY, Y2K, cut, round};
use super::form::{Form, Kind};
use super::number::{float_of, normal, number_of_float, within};
use super::value::{Json, Value, print_bytes, print_number, print_uuid};
use std::fmt::Write;

/// As what a pair of columns is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Number,
    Float,
    Truth,
    Text,
    Day,
    Clock(u8),
    Moment(u8),
    Instant(u8),
    Uuid,
    Json,
    Bytes,
    List,
}

/// What the job lets pass as equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Trim,
    IgnoreCase,
    EmptyIsNull,
    /// Digits and scale.
    Tolerance(i128, u32),
    Precision(u8),
    /// With a precision: to it, halves up.
    Round,
    /// Text is read as a UUID.
    Uuid,
}

impl Rule {
    /// As it is written after `--compare COL=`.
    pub fn text(self) -> String {
        match self {
            Self::Trim => "trim".to_owned(),
            Self::IgnoreCase => "ignore-case".to_owned(),
            Self::EmptyIsNull => "empty-is-null".to_owned(),
            Self::Tolerance(digits, scale) => format!("tolerance:{}", print_number(digits, scale)),
            Self::Precision(0) => "precision:s".to_owned(),
            Self::Precision(3) => "precision:ms".to_owned(),
            Self::Precision(_) => "precision:us".to_owned(),
            Self::Round => "round".to_owned(),
            Self::Uuid => "uuid".to_owned(),
        }
    }
}

/// How a pair of columns is compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub meaning: Meaning,
    /// The same if neither side's type held less than the other's.
    pub whole: Meaning,
    pub rules: Vec<Rule>,
}

/// As what columns of these forms are compared, and whether one of them holds less.
pub fn meaning(kind: Kind, left: Form, right: Form) -> (Meaning, Meaning) {
    use Form::{Bits, Bytes, Clock, Day, Decimal, Float, Instant, Int, List, Moment, Text, Truth, Untyped, Uuid};
    let same = |meaning| (meaning, meaning);
    match (left, right) {
        (Untyped, Untyped) => same(match kind {
            Kind::Int | Kind::Decimal => Meaning::Number,
            Kind::Float => Meaning::Float,
            Kind::Truth => Meaning::Truth,
            Kind::Text | Kind::Code | Kind::Clock | Kind::Json | Kind::List | Kind::Bytes | Kind::Bits => Meaning::Text,
            Kind::Day => Meaning::Day,
            Kind::Moment => Meaning::Moment(6),
            Kind::Instant => Meaning::Instant(6),
            Kind::Uuid => Meaning::Uuid,
        }),
        (Untyped, typed) | (typed, Untyped) => match (typed, kind) {
            // Words of truth say more of themselves than the digits beside them.
            (Int { .. }, Kind::Truth) => same(Meaning::Truth),
            (Clock(digits), _) => (Meaning::Clock(digits), Meaning::Clock(6)),
            (Moment(digits), _) => (Meaning::Moment(digits), Meaning::Moment(6)),
            (Instant(digits), _) => (Meaning::Instant(digits), Meaning::Instant(6)),
            _ => meaning(kind, typed, typed),
        },
        (List, _) | (_, List) => same(Meaning::List),
        (Text, typed) | (typed, Text) if typed != Text => meaning(kind, typed, typed),
        (Text, Text) => same(Meaning::Text),
        (Bytes, Bytes) => same(Meaning::Bytes),
        (Int { .. } | Decimal { .. } | Bits, Int { .. } | Decimal { .. } | Bits) => same(Meaning::Number),
        (Float, Float) => same(Meaning::Float),
        (Float, _) | (_, Float) => (Meaning::Float, Meaning::Number),
        (Truth, _) | (_, Truth) => same(Meaning::Truth),
        (Day, Day) => same(Meaning::Day),
        (Day, Moment(digits)) | (Moment(digits), Day) => same(Meaning::Moment(digits)),
        (Clock(a), Clock(b)) => (Meaning::Clock(a.min(b)), Meaning::Clock(a.max(b))),
        (Moment(a), Moment(b)) => (Meaning::Moment(a.min(b)), Meaning::Moment(a.max(b))),
        (Instant(a), Instant(b)) => (Meaning::Instant(a.min(b)), Meaning::Instant(a.max(b))),
        (Uuid, _) => same(Meaning::Uuid),
        (Form::Json, _) => same(Meaning::Json),
        other => panic!("nobody has said how {other:?} are compared"),
    }
}

/// The one form of a value under this meaning and these rules; tolerances are not asked.
pub fn canonical(value: &Value, meaning: Meaning, rules: &[Rule]) -> String {
    let meaning = if rules.contains(&Rule::Uuid) { Meaning::Uuid } else { meaning };
    if meaning == Meaning::Text {
        return text_of(value).map_or_else(|| "null".to_owned(), |text| canonical_text(text, rules));
    }
    let coarse_from = |micros: i64, digits: u8, up_from: i64| {
        let asked = rules.iter().filter_map(|rule| if let Rule::Precision(to) = rule { Some(*to) } else { None });
        let digits = asked.min().unwrap_or(6).min(digits);
        if rules.contains(&Rule::Round) { round(micros, digits, up_from) } else { cut(micros, digits) }
    };
    let coarse = |micros: i64, digits: u8| coarse_from(micros, digits, Y2K);
    match (meaning, value.meant()) {
        (_, Value::Null) => "null".to_owned(),
        (_, Value::Odd(text)) => format!("odd {text}"),
        (Meaning::Number, value) => match number(value) {
            Some((digits, scale)) => format!("number {digits} {scale}"),
            None => format!("odd {value:?}"),
        },
        (Meaning::Float, Value::Number { digits, scale }) => canonical_float(float_of(*digits, *scale)),
        (Meaning::Float, Value::Float(float)) => canonical_float(*float),
        (Meaning::Truth, Value::Truth(truth)) => format!("truth {truth}"),
        (Meaning::Truth, Value::Number { digits: digits @ (0 | 1), scale: 0 }) => format!("truth {}", *digits == 1),
        (Meaning::Day, Value::Day(day)) => format!("day {day}"),
        (Meaning::Clock(digits), Value::Clock(micros)) => format!("clock {}", coarse_from(*micros, digits, 0)),
        (Meaning::Moment(digits), Value::Moment(micros)) => format!("moment {}", coarse(*micros, digits)),
        (Meaning::Moment(_), Value::Day(day)) => format!("moment {}", day * DAY),
        (Meaning::Instant(digits), Value::Instant(micros)) => format!("instant {}", coarse(*micros, digits)),
        (Meaning::Uuid, Value::Uuid(bytes)) => format!("uuid {}", print_uuid(bytes)),
        (Meaning::Bytes, Value::Bytes(bytes)) => format!("bytes {}", print_bytes(bytes)),
        (Meaning::Json | Meaning::List, Value::Json(json)) => {
            let mut text = "json ".to_owned();
            canonical_json(json, &mut text);
            text
        }
        (meaning, value) => panic!("nobody has said what {value:?} is as {meaning:?}"),
    }
}

/// A number in its one form; a float by its shortest digits.
fn number(value: &Value) -> Option<(i128, u32)> {
    match value {
        Value::Number { digits, scale } => Some(normal(*digits, *scale)),
        Value::Float(float) => number(&number_of_float(*float)?),
        _ => None,
    }
}

/// Whether two cells that differ are equal within the tolerance that the job gives.
pub fn tolerated(left: &Value, right: &Value, rules: &[Rule]) -> bool {
    let Some(tolerance) = rules
        .iter()
        .find_map(|rule| if let Rule::Tolerance(digits, scale) = rule { Some((*digits, *scale)) } else { None })
    else {
        return false;
    };
    match (left.meant(), right.meant()) {
        // None of those that are drawn is near the limit.
        (Value::Float(left), Value::Float(right)) => (left - right).abs() <= float_of(tolerance.0, tolerance.1),
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => within(left, right, tolerance),
            _ => false,
        },
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Null => None,
        Value::Text(text) | Value::Odd(text) | Value::Written { text, .. } => Some(text),
        other => panic!("{other:?} has no text"),
    }
}

fn canonical_text(text: &str, rules: &[Rule]) -> String {
    let text = if rules.contains(&Rule::Trim) { text.trim() } else { text };
    if rules.contains(&Rule::EmptyIsNull) && text.is_empty() {
        return "null".to_owned();
    }
    let text = if rules.contains(&Rule::IgnoreCase) { text.to_lowercase() } else { text.to_owned() };
    format!("text {text}")
}

fn canonical_float(float: f64) -> String {
    // One zero.
    let float = if float == 0.0 { 0.0 } else { float };
    format!("float {}", print_bytes(&float.to_be_bytes()))
}

fn canonical_json(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Truth(truth) => write!(out, "{truth}").unwrap(),
        Json::Whole(number) => write!(out, "{number}").unwrap(),
        Json::Text(text) => write!(out, "{text:?}").unwrap(),
        Json::List(items) => {
            out.push('[');
            for item in items {
                canonical_json(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (name, value) in members {
                write!(out, "{name}:").unwrap();
                canonical_json(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}
