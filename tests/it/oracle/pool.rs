//! The values that a column draws from: few, so that they meet, and near each other where
//! something could confuse them.

use super::calendar::{DAY, days};
use super::form::Kind;
use super::random::Random;
use super::value::{Json, Value};

/// Words that trimming, case, collations and quoting would change or confuse. None of them looks
/// like a number, a date or a truth value.
const WORDS: [&str; 18] = [
    "apple",
    "Apple",
    "apple ",
    " apple",
    "APPLE",
    "",
    "é-word",
    "e\u{301}-word",
    "É-word",
    "it's",
    "b\\slash",
    "com,ma",
    "quo\"te",
    "two\nlines",
    "NULL",
    "日本語",
    "\u{1F600}",
    "100%",
];

const CODES: [&str; 8] = ["007", "7", "7.0", "+7", "1e3", "1000", "0x10", "true"];

/// So many values of a kind, all different.
pub fn values(kind: Kind, many: usize, random: &mut Random) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for _ in 0..many * 4 {
        let value = value(kind, random);
        if !found.contains(&value) {
            found.push(value);
        }
        if found.len() == many {
            break;
        }
    }
    found
}

fn value(kind: Kind, random: &mut Random) -> Value {
    match kind {
        Kind::Int => {
            let small = i128::try_from(random.below(30)).unwrap();
            Value::whole(random.weighted(&[(12, small), (1, -1), (1, 32_767), (1, -32_768)]))
        }
        Kind::Decimal => {
            let cents = i128::try_from(random.below(2_000)).unwrap() - 1_000;
            match random.below(8) {
                0 => Value::Number { digits: 1_234_567_890_123_450 + cents / 100, scale: 2 },
                1 => Value::whole(cents / 100),
                2 => Value::Number { digits: cents / 10, scale: 1 },
                _ => Value::Number { digits: cents, scale: 2 },
            }
        }
        Kind::Float => {
            Value::Float(*random.pick(&[0.1, 0.10000000000000002, 1.5, -2.25, 1e300, 1e-300, 0.3, 0.0, 123_456.789]))
        }
        Kind::Truth => Value::Truth(random.one_in(2)),
        Kind::Text => Value::Text((*random.pick(&WORDS)).to_owned()),
        Kind::Code => Value::Text((*random.pick(&CODES)).to_owned()),
        Kind::Day => Value::Day(day(random)),
        Kind::Clock => Value::Clock(i64::try_from(random.below(24)).unwrap() * 3_600_000_000 + part(random)),
        Kind::Moment => Value::Moment(day(random) * DAY + 3_600_000_000 + part(random)),
        Kind::Instant => Value::Instant(day(random) * DAY + 80_000_000_000 + part(random)),
        Kind::Uuid => {
            let mut bytes = *b"\x0a\x1b\x2c\x3d\x4e\x5f\x4a\x7b\x8c\x9d\xae\xbf\xc0\xd1\xe2\xf3";
            bytes[random.below(2) * 15] = u8::try_from(random.below(4)).unwrap();
            Value::Uuid(bytes)
        }
        Kind::Json => Value::Json(json(random, 2)),
        Kind::Bytes => Value::Bytes(random.pick(&[&b""[..], b"\x00", b"\xff\x00", b"abc", b"\\x61", b"'"]).to_vec()),
        Kind::List => Value::Json(Json::List((0..random.below(4)).map(|_| element(random)).collect())),
        Kind::Bits => Value::whole(*random.pick(&[0, 1, 5, 101, 170, 255])),
    }
}

fn day(random: &mut Random) -> i64 {
    let year = *random.pick(&[1900, 1969, 1970, 1999, 2000, 2024, 2024, 2024, 2025]);
    days(year, 1 + random.below(12), 1 + i64::try_from(random.below(28)).unwrap())
}

/// The microseconds of a second: whole ones, milliseconds, and all.
fn part(random: &mut Random) -> i64 {
    *random.pick(&[0, 0, 0, 1_000_000, 500_000, 123_000, 123_456, 999_999, 1])
}

fn element(random: &mut Random) -> Json {
    match random.below(6) {
        0 => Json::Null,
        _ => Json::Text((*random.pick(&["a", "b", "a, b", "null", "", "{}"])).to_owned()),
    }
}

fn json(random: &mut Random, depth: usize) -> Json {
    match random.below(if depth == 0 { 4 } else { 6 }) {
        0 => Json::Null,
        1 => Json::Truth(random.one_in(2)),
        2 => Json::Whole(i64::try_from(random.below(3)).unwrap()),
        3 => Json::Text((*random.pick(&["null", "1", "a, b", ""])).to_owned()),
        4 => Json::List((0..random.below(3)).map(|_| json(random, depth - 1)).collect()),
        _ => {
            let mut members = Vec::new();
            for name in ["a", "b"] {
                if random.one_in(2) {
                    members.push((name.to_owned(), json(random, depth - 1)));
                }
            }
            Json::Object(members)
        }
    }
}

/// Texts that a column of this kind can't hold, where its system lets it hold them all the same.
pub fn odd(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Int | Kind::Decimal => &["n/a", "", "one"],
        Kind::Day | Kind::Moment => &["0000-00-00", "soon"],
        _ => &[],
    }
}
