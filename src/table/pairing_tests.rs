use super::super::{Cells, Encoder, PortableBuilder, Rules};
use super::*;
use PortableType as T;

/// Two values, and whether they are equal.
type Known = (T, &'static str, T, &'static str, bool);

fn array(element: T) -> T {
    T::Array { element: Box::new(element) }
}

fn bits(length: u32) -> T {
    T::Bits { length: Some(length) }
}

/// Known answers across types. `NULL` is NULL.
fn known() -> Vec<Known> {
    let decimal = |precision, scale| T::Decimal { precision: Some(precision), scale };
    let any = || T::Decimal { precision: None, scale: 0 };
    let at = |precision| T::Timestamp { precision };
    let instant = |precision| T::Instant { precision };
    let time = |precision| T::Time { precision };
    vec![
        (T::Boolean, "true", T::Integer, "1", true),
        (T::Boolean, "true", T::Integer, "2", false),
        (T::Boolean, "false", bits(1), "0", true),
        (T::Boolean, "true", bits(1), "0", false),
        (T::Boolean, "true", bits(8), "00000001", true),
        (T::Boolean, "true", T::Text, "yes", true),
        (T::Boolean, "true", T::Printed, "yes", false),
        (T::Integer, "5", bits(8), "00000101", true),
        (T::Integer, "101", bits(8), "00000101", false),
        (T::Integer, "5", decimal(9, 2), "5.00", true),
        (T::Integer, "5", T::Text, "005", true),
        (T::Integer, "9007199254740993", T::Float64, "9007199254740992", false),
        (T::Integer, "5", T::Printed, "5", true),
        (T::Integer, "5", T::Printed, "5.0", false),
        (T::Unsigned, "18446744073709551615", any(), "18446744073709551615.0", true),
        (decimal(4, 2), "0.10", T::Float64, "0.1", true),
        (decimal(4, 2), "0.10", T::Float32, "0.1", true),
        (T::Float32, "0.1", T::Float64, "0.1", true),
        (
            any(),
            "12345678901234567890123456789012345678901",
            T::Text,
            "12345678901234567890123456789012345678901.0",
            true,
        ),
        (T::Text, "101", bits(3), "101", true),
        (T::Text, "5", bits(3), "101", false),
        (bits(3), "101", bits(8), "00000101", true),
        (bits(3), "101", T::Bits { length: None }, "00000101", false),
        (bits(3), "101", T::Bytes, "101", false),
        (T::Text, "NULL", T::Text, "NULL", true),
        (T::Text, "é", T::Bytes, "é", true),
        (T::Date, "2024-01-02", at(6), "2024-01-02 00:00:00", true),
        (T::Date, "2024-01-02", at(6), "2024-01-02 00:00:01", false),
        (T::Date, "2024-01-02", T::Printed, "2024-01-02", true),
        (at(6), "2024-01-02 03:04:05.678901", at(0), "2024-01-02 03:04:05", true),
        (at(6), "2024-01-02 03:04:05", instant(6), "2024-01-02 03:04:05Z", true),
        (time(6), "24:00:00", T::Text, "24:00:00", true),
        (time(6), "04:05:06.5", T::Interval, "04:05:06.5", true),
        (time(6), "24:00:00", T::Interval, "1 day", false),
        (time(6), "24:00:00", T::Interval, "24:00:00", true),
        (T::Interval, "1 year", T::Interval, "12 mons", true),
        (T::Interval, "1 mon", T::Interval, "30 days", false),
        (T::Interval, "1 year 2 mons 3 days 04:05:06", T::Text, "P1Y2M3DT4H5M6S", true),
        (T::Interval, "1 day", T::Integer, "1", false),
        (T::Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", T::Text, "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", true),
        (T::Json, r#"{"a":1,"b":[1,2]}"#, T::Json, r#"{"b": [1, 2.0], "a": 1}"#, true),
        (T::Json, "null", T::Json, "NULL", false),
        (T::Json, "[]", array(T::Integer), "{}", true),
        (T::Json, "{}", array(T::Integer), "{}", false),
        (T::Json, "[1,2]", array(T::Integer), "{1,2}", true),
        (T::Json, "[2,1]", array(T::Integer), "{1,2}", false),
        (T::Json, r#"["1","2"]"#, array(T::Integer), "{1,2}", false),
        (T::Json, r#"["1","2"]"#, array(T::Text), "{1,2}", true),
        (T::Json, "[1,2]", array(T::Text), "{1,2}", false),
        (T::Json, r#"["a, b"]"#, array(T::Text), "{a,b}", false),
        (T::Json, r#"["a, b"]"#, array(T::Text), r#"{"a, b"}"#, true),
        (T::Json, "[\"NaN\",1.5]", array(T::Float64), "{NaN,1.5}", true),
        (T::Json, "[\"-Infinity\"]", array(T::Float64), "{Infinity}", false),
        (T::Date, "0044-03-15 BC", T::Text, "-043-03-15", true),
        (at(0), "0044-03-15 12:00:00 BC", T::Text, "0044-03-15 12:00:00 BC", true),
        (T::Date, "0044-03-15 BC", T::Text, "0044-03-15", false),
        (T::Json, "[null]", array(T::Text), "{NULL}", true),
        (T::Json, r#"["null"]"#, array(T::Text), "{NULL}", false),
        (T::Json, r#"["NULL"]"#, array(T::Text), r#"{"NULL"}"#, true),
        (T::Json, "[true,false]", array(T::Boolean), "{t,f}", true),
        (T::Json, "[[1],[2]]", array(T::Integer), "{{1},{2}}", true),
        (T::Json, r#"["2024-01-02 03:04:05Z"]"#, array(instant(6)), r#"{"2024-01-02 03:04:05+00"}"#, true),
        (T::Json, r#"["\\x00ff"]"#, array(T::Bytes), r#"{"\\x00ff"}"#, true),
        (array(decimal(9, 2)), "{1.50,2.00}", array(decimal(9, 4)), "{1.5000,2}", true),
        (array(T::Float32), "{0.1}", array(T::Float64), "{0.10000000149011612}", true),
        (array(T::Float32), "{0.1}", T::Json, "[0.10000000149011612]", true),
        (array(T::Float64), "{0.1}", array(T::Float64), "{0.10000000149011612}", false),
        (array(T::Integer), "{1,2}", array(T::Text), "{1,2}", true),
        (array(T::Integer), "[0:1]={1,2}", array(T::Integer), "{1,2}", false),
        (array(T::Integer), "[1:2]={1,2}", array(T::Integer), "{1,2}", true),
        (array(T::Integer), "{1,2}", T::Text, "{ 1, 2 }", true),
        (array(T::Integer), "{1,2}", T::Text, "[1, 2]", true),
        (array(T::Integer), "{1,2}", T::Text, "1,2", false),
        (T::Set, "x,z", T::Set, "z,x", true),
        (T::Set, "x,z", T::Set, "z", false),
        (T::Set, "", array(T::Printed), "{}", true),
        (T::Set, "a b,c", array(T::Printed), r#"{c,"a b"}"#, true),
        (T::Set, "x", T::Json, r#"["x"]"#, true),
        (T::Set, "x,z", T::Text, "z,x", true),
        (T::Set, "x,z", T::Text, "x,z,z", false),
        (T::Set, "", T::Set, "NULL", false),
        (T::Text, "", T::Text, "NULL", false),
        (T::Printed, "10.0.0.1", T::Text, "10.0.0.1", true),
        (T::Printed, "{}", T::Json, "{}", true),
        (T::Printed, "[1,2)", T::Json, "[1, 2)", false),
    ]
}

fn canonical(ty: &T, text: &str, family: Family) -> Vec<u8> {
    let mut builder = PortableBuilder::new(ty);
    if text == "NULL" && (*ty != T::Text || family != Family::Text) {
        builder.null();
    } else {
        builder.parse(text);
    }
    let (array, others) = builder.finish();
    let mut out = Vec::new();
    let other = others.first().map(|(_, text)| text.as_str());
    let encoder = Encoder::new(ty.clone(), family, Rules::default(), None);
    encoder.encode(&Cells::new(&array).unwrap(), 0, other, &mut out);
    out
}

#[test]
fn known_answers() {
    for (left, l, right, r, expected) in known() {
        let PairRule { family, .. } = pair_rule(&left, &right);
        // The word, not NULL.
        let null = |text: &str, other: &str| text == "NULL" && other != "NULL";
        let bytes = |ty: &T, text: &str, is_null: bool| match is_null {
            true => vec![0],
            false => canonical(ty, text, family),
        };
        let equal = bytes(&left, l, null(l, r)) == bytes(&right, r, null(r, l));
        assert_eq!(equal, expected, "{l} of {left} beside {r} of {right}, compared as {family}");
    }
}

#[test]
fn the_rule_of_a_pair_is_the_same_from_both_sides() {
    for (left, _, right, _, _) in known() {
        let (one, other) = (pair_rule(&left, &right), pair_rule(&right, &left));
        assert_eq!((one.family, one.equal), (other.family, other.equal), "{left} beside {right}");
        assert_eq!(one.written, [other.written[1], other.written[0]], "{left} beside {right}");
    }
}
