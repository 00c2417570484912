//! Texts that databases print, read back as values; what is none of its kind is odd.

use super::calendar::{DAY, days};
use super::form::{Form, Kind};
use super::number::number_of_float;
use super::value::{Json, Value};

/// What a column of this kind and form means by a text.
pub fn parse(kind: Kind, form: Form, text: &str) -> Value {
    let odd = || Value::Odd(text.to_owned());
    let written = |value: Option<Value>| value.map_or_else(odd, |value| value.written(text.to_owned()));
    match form {
        Form::Untyped => panic!("a file is not read back"),
        Form::Int { .. } | Form::Decimal { .. } => number(text).unwrap_or_else(odd),
        Form::Float => text.parse().map_or_else(|_| odd(), Value::Float),
        Form::Truth => truth(text).unwrap_or_else(odd),
        Form::Day => day(text).map_or_else(odd, Value::Day),
        Form::Clock(_) => clock(text).map_or_else(odd, Value::Clock),
        Form::Moment(_) => moment(text).map_or_else(odd, Value::Moment),
        Form::Instant(_) => instant(text).map_or_else(odd, Value::Instant),
        Form::Uuid => uuid(text).unwrap_or_else(odd),
        Form::Json | Form::List => written(json(text)),
        Form::Bytes => bytes(text).unwrap_or_else(odd),
        Form::Bits => i128::from_str_radix(text, 2).map_or_else(|_| odd(), Value::whole),
        Form::Text => match kind {
            Kind::Text | Kind::Code => Value::Text(text.to_owned()),
            Kind::Int | Kind::Decimal => written(number(text)),
            Kind::Uuid => written(uuid(text)),
            Kind::Json | Kind::List => written(json(text)),
            other => panic!("{other:?} is not kept as text"),
        },
    }
}

fn number(text: &str) -> Option<Value> {
    if text.contains(['e', 'E']) {
        return number_of_float(text.parse().ok()?);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}").parse().ok()?;
    Some(Value::Number { digits, scale: u32::try_from(part.len()).unwrap() })
}

fn truth(text: &str) -> Option<Value> {
    match text {
        "true" | "t" | "1" => Some(Value::Truth(true)),
        "false" | "f" | "0" => Some(Value::Truth(false)),
        _ => number(text),
    }
}

fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let real = parts.next().is_none() && text.len() == 10 && (1..=12).contains(&month) && (1..=31).contains(&day);
    real.then(|| days(year, usize::try_from(month).unwrap(), day))
}

fn clock(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':').map(str::parse::<i64>);
    let (hours, minutes, seconds) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let micros: i64 = format!("{part:0<6}").parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

fn moment(text: &str) -> Option<i64> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    Some(day(date)? * DAY + clock(time)?)
}

fn instant(text: &str) -> Option<i64> {
    let at = text.rfind(['+', '-', 'Z']).filter(|at| *at > 10)?;
    let (local, zone) = text.split_at(at);
    let (hours, minutes) = match zone.trim_start_matches(['+', '-']) {
        "Z" => (0, 0),
        zone => {
            let (hours, minutes) = zone.split_once(':').unwrap_or((zone, "0"));
            (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?)
        }
    };
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some(moment(local)? - sign * (hours * 60 + minutes) * 60_000_000)
}

fn uuid(text: &str) -> Option<Value> {
    let Value::Bytes(bytes) = bytes(&format!("\\x{}", text.replace('-', "")))? else { return None };
    Some(Value::Uuid(bytes.try_into().ok()?))
}

fn bytes(text: &str) -> Option<Value> {
    let digits = text.strip_prefix("\\x")?;
    let pairs = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
    pairs.collect::<Option<Vec<u8>>>().map(Value::Bytes)
}

fn json(text: &str) -> Option<Value> {
    Some(Value::Json(of_serde(&serde_json::from_str(text).ok()?)))
}

fn of_serde(value: &serde_json::Value) -> Json {
    use serde_json::Value as Read;
    match value {
        Read::Null => Json::Null,
        Read::Bool(truth) => Json::Truth(*truth),
        Read::Number(number) => Json::Whole(number.as_i64().expect("no others are drawn")),
        Read::String(text) => Json::Text(text.clone()),
        Read::Array(items) => Json::List(items.iter().map(of_serde).collect()),
        Read::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), of_serde(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(members)
        }
    }
}

#[test]
fn what_is_printed_is_read_back() {
    assert_eq!(parse(Kind::Instant, Form::Instant(6), "1969-12-31 18:00:00.5-06"), Value::Instant(500_000));
    assert_eq!(parse(Kind::Moment, Form::Moment(6), "0000-00-00"), Value::Odd("0000-00-00".to_owned()));
    assert_eq!(parse(Kind::Decimal, Form::Float, "1e300"), Value::Float(1e300));
    assert_eq!(parse(Kind::Bits, Form::Bits, "00000101"), Value::whole(5));
    assert_eq!(parse(Kind::Bytes, Form::Bytes, "\\x00ff"), Value::Bytes(vec![0, 255]));
}
