//! Values as they are meant, not as any system holds them, and how they are written in text.

use super::calendar::{needed_digits, print_clock, print_day, print_moment};
use super::random::Random;
use std::fmt::Write;

/// A value of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    /// `digits × 10^-scale`
    Number {
        digits: i128,
        scale: u32,
    },
    Float(f64),
    Truth(bool),
    Text(String),
    /// Days since 1970-01-01.
    Day(i64),
    /// Microseconds since midnight.
    Clock(i64),
    /// Microseconds since 1970, by the clock on the wall.
    Moment(i64),
    /// Microseconds since 1970 in UTC.
    Instant(i64),
    Uuid([u8; 16]),
    Json(Json),
    Bytes(Vec<u8>),
    /// What its column's type can't hold, as it is printed.
    Odd(String),
    /// A text that stands for a value where its partner says of what kind it is.
    Written {
        text: String,
        means: Box<Value>,
    },
}

/// A JSON value. Members are in the order of their names.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Truth(bool),
    Whole(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Value {
    pub fn whole(number: i128) -> Self {
        Self::Number { digits: number, scale: 0 }
    }

    /// The value itself, however it is written.
    pub fn meant(&self) -> &Self {
        match self {
            Self::Written { means, .. } => means.meant(),
            other => other,
        }
    }

    /// As text means it, with this spelling.
    pub fn written(self, text: String) -> Self {
        Self::Written { text, means: Box::new(self) }
    }
}

/// `digits × 10^-scale` with all of its digits.
pub fn print_number(digits: i128, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap();
    let sign = if digits < 0 { "-" } else { "" };
    let plain = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, part) = plain.split_at(plain.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// With hyphens, in lower case.
pub fn print_uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// `\x` and hexadecimal digits.
pub fn print_bytes(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// With spaces and an order of members as they come.
pub fn print_json(json: &Json, random: &mut Random) -> String {
    let space = |random: &mut Random| if random.one_in(3) { " " } else { "" };
    match json {
        Json::Null => "null".to_owned(),
        Json::Truth(truth) => truth.to_string(),
        Json::Whole(number) => number.to_string(),
        Json::Text(text) => format!("\"{text}\""),
        Json::List(items) => {
            let items: Vec<String> =
                items.iter().map(|item| format!("{}{}", space(random), print_json(item, random))).collect();
            format!("[{}{}]", items.join(","), space(random))
        }
        Json::Object(members) => {
            let mut members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("\"{name}\":{}{}", space(random), print_json(value, random)))
                .collect();
            if random.one_in(2) {
                members.reverse();
            }
            format!("{{{}{}}}", space(random), members.join(","))
        }
    }
}

/// One of the spellings that a text of this value may have.
pub fn spell(value: &Value, random: &mut Random) -> String {
    match value {
        Value::Null => panic!("NULL has no spelling"),
        Value::Number { digits, scale } => {
            let zeros = if random.one_in(3) { random.below(3) } else { 0 };
            let more = u32::try_from(zeros).unwrap();
            print_number(digits * 10_i128.pow(more), scale + more)
        }
        // An exponent tells a float from a decimal.
        Value::Float(float) => format!("{float:e}"),
        Value::Truth(truth) => {
            let words = if *truth { ["true", "t", "TRUE"] } else { ["false", "f", "FALSE"] };
            (*random.pick(&words)).to_owned()
        }
        Value::Text(text) | Value::Odd(text) => text.clone(),
        Value::Day(day) => print_day(*day),
        Value::Clock(micros) => print_clock(*micros, needed_digits(*micros)),
        Value::Moment(micros) => {
            let digits = if random.one_in(3) { 6 } else { needed_digits(*micros) };
            print_moment(*micros, *random.pick(&[' ', 'T']), digits)
        }
        Value::Instant(micros) => {
            let digits = if random.one_in(3) { 6 } else { needed_digits(*micros) };
            let (zone, hours) = *random.pick(&[("Z", 0), ("+00:00", 0), ("+02:00", 2), ("-07:00", -7)]);
            format!("{}{zone}", print_moment(micros + hours * 3_600_000_000, *random.pick(&[' ', 'T']), digits))
        }
        Value::Uuid(bytes) => {
            let text = print_uuid(bytes);
            if random.one_in(3) { text.to_uppercase() } else { text }
        }
        Value::Json(json) => print_json(json, random),
        Value::Bytes(bytes) => print_bytes(bytes),
        Value::Written { text, .. } => text.clone(),
    }
}
