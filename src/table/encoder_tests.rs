//! When two values are equal: known answers, and what holds for all values.

use super::*;
use crate::table::{PortableBuilder, family, push_digits};
use arrow::array::ArrayRef;
use proptest::prelude::*;
use std::sync::Arc;

fn encoder(ty: &PortableType, family: Family, rules: Rules) -> Encoder {
    Encoder::new(ty.clone(), family, rules, None)
}

/// The canonical bytes of a printed value (`None` is NULL) of a column of this type.
fn encode_with(ty: &PortableType, family: Family, rules: Rules, text: Option<&str>) -> Vec<u8> {
    let mut builder = PortableBuilder::new(ty);
    match text {
        Some(text) => builder.parse(text),
        None => builder.null(),
    }
    let (array, others) = builder.finish();
    let cells = Cells::new(&array).unwrap();
    let mut out = Vec::new();
    encoder(ty, family, rules).encode(&cells, 0, others.first().map(|(_, text)| text.as_str()), &mut out);
    out
}

fn equal(left: (&PortableType, &str), right: (&PortableType, &str)) -> bool {
    let family = family(left.0, right.0);
    encode_with(left.0, family, Rules::default(), Some(left.1))
        == encode_with(right.0, family, Rules::default(), Some(right.1))
}

use PortableType as T;
const DECIMAL: T = T::Decimal { precision: Some(10), scale: 2 };
const UNBOUNDED: T = T::Decimal { precision: None, scale: 0 };
const SECONDS: T = T::Timestamp { precision: 0 };
const MICROS: T = T::Timestamp { precision: 6 };
const INSTANT: T = T::Instant { precision: 6 };

#[test]
fn what_a_float_cannot_hold_at_all_equals_no_other_value() {
    let large = "123456789012345678901234567890123456789012.5";
    for (left, right) in [
        ((&T::Float32, "Infinity"), (&T::Text, large)),
        ((&T::Float32, "Infinity"), (&T::Float64, "1e300")),
        ((&T::Float32, "Infinity"), (&UNBOUNDED, large)),
        ((&T::Float64, "Infinity"), (&T::Text, "1e400")),
        ((&T::Float64, "-Infinity"), (&UNBOUNDED, "-1e400")),
        ((&T::Float32, "0"), (&T::Float64, "1e-300")),
        ((&T::Float32, "0"), (&T::Text, "1e-100")),
        ((&T::Float64, "0"), (&T::Text, "1e-400")),
        ((&T::Float64, "0"), (&UNBOUNDED, "0.001e-400")),
    ] {
        assert!(!equal(left, right), "{left:?} {right:?}");
    }
}

#[test]
fn equal_values_of_different_types() {
    for (left, right) in [
        ((&T::Integer, "5"), (&DECIMAL, "5.00")),
        ((&T::Integer, "5"), (&T::Text, "5.0")),
        ((&T::Integer, "-7"), (&T::Float64, "-7")),
        ((&T::Unsigned, "18446744073709551615"), (&UNBOUNDED, "18446744073709551615.000")),
        ((&T::Unsigned, "18446744073709551615"), (&T::Text, "18446744073709551615")),
        ((&T::Float64, "0.1"), (&DECIMAL, "0.10")),
        ((&T::Float64, "-0.0"), (&T::Float64, "0")),
        ((&T::Float64, "NaN"), (&UNBOUNDED, "NaN")),
        ((&T::Float64, "1e308"), (&T::Text, "1e308")),
        ((&T::Float32, "0.1"), (&T::Float64, "0.1")),
        ((&T::Float32, "0.1"), (&DECIMAL, "0.1")),
        ((&T::Float32, "-Infinity"), (&T::Text, "-inf")),
        ((&T::Float32, "0"), (&T::Text, "0e-400")),
        ((&T::Float64, "1e-300"), (&T::Text, "1.0e-300")),
        ((&T::Boolean, "true"), (&T::Integer, "1")),
        ((&T::Boolean, "f"), (&T::Text, "0")),
        ((&T::Boolean, "true"), (&DECIMAL, "1.00")),
        ((&T::Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), (&T::Text, "A0EEBC999C0B4EF8BB6D6BB9BD380A11")),
        ((&T::Json, r#"{"a":1,"b":2}"#), (&T::Text, r#"{ "b": 2.0, "a": 1 }"#)),
        ((&T::Date, "0001-01-01"), (&T::Text, "0001-01-01")),
        ((&T::Date, "2024-05-06"), (&MICROS, "2024-05-06 00:00:00")),
        ((&SECONDS, "2024-05-06 07:08:09"), (&MICROS, "2024-05-06 07:08:09.999999")),
        ((&SECONDS, "1969-12-31 23:59:58"), (&MICROS, "1969-12-31 23:59:58.5")),
        ((&INSTANT, "2024-05-06 07:08:09+02"), (&MICROS, "2024-05-06 05:08:09")),
        ((&T::Date, "0000-00-00"), (&T::Text, "0000-00-00")),
        ((&T::Printed, "{1,2}"), (&T::Text, "{1,2}")),
        ((&T::Bytes, "abc"), (&T::Text, "abc")),
    ] {
        assert!(equal(left, right), "{left:?} and {right:?}");
        assert!(equal(right, left), "{right:?} and {left:?}");
    }
}

#[test]
fn values_that_only_look_alike() {
    for (left, right) in [
        ((&T::Text, "a"), (&T::Text, "A")),
        ((&T::Text, "a"), (&T::Text, "a ")),
        ((&T::Text, "007"), (&T::Text, "7")),
        ((&T::Text, "e\u{301}"), (&T::Text, "\u{e9}")),
        ((&T::Integer, "9007199254740993"), (&T::Float64, "9007199254740992")),
        ((&T::Integer, "2"), (&T::Boolean, "true")),
        ((&T::Integer, "5"), (&T::Integer, "abc")),
        ((&T::Date, "0000-00-00"), (&T::Date, "0001-01-01")),
        ((&MICROS, "2024-05-06 07:08:09.000001"), (&MICROS, "2024-05-06 07:08:09")),
        ((&UNBOUNDED, "1e60"), (&UNBOUNDED, "1e61")),
        ((&T::Json, "1"), (&T::Json, "\"1\"")),
    ] {
        assert!(!equal(left, right), "{left:?} and {right:?}");
    }
}

#[test]
fn null_is_nothing_but_null() {
    for ty in [T::Text, T::Integer, T::Bytes, T::Json, T::Float64, T::Boolean, MICROS] {
        let family = family(&ty, &ty);
        let null = encode_with(&ty, family, Rules::default(), None);
        assert_eq!(null, encode_with(&ty, family, Rules::default(), None));
        for text in ["", "0", "NULL", "null", "1970-01-01"] {
            assert_ne!(null, encode_with(&ty, family, Rules::default(), Some(text)), "{ty} {text}");
        }
    }
    let soft = Rules { empty_is_null: true, ..Rules::default() };
    let empty = encode_with(&T::Text, Family::Text, soft, Some(""));
    assert_eq!(empty, encode_with(&T::Text, Family::Text, soft, None));

    let array: ArrayRef = Arc::new(StringArray::from(vec![Some(""), Some(" "), None]));
    let cells = Cells::new(&array).unwrap();
    let nulls = |rules| [0, 1, 2].map(|row| encoder(&T::Text, Family::Text, rules).is_null(&cells, row, None));
    assert_eq!(nulls(Rules::default()), [false, false, true]);
    assert_eq!(nulls(soft), [true, false, true]);
    assert_eq!(nulls(Rules { trim: true, ..soft }), [true, true, true]);
}

#[test]
fn rules_soften_and_strictness_undoes_them() {
    let soft = Rules { trim: true, ignore_case: true, ..Rules::default() };
    let encode = |text| encode_with(&T::Text, Family::Text, soft, Some(text));
    assert_eq!(encode(" Ärger "), encode("äRGER"));
    let array: ArrayRef = Arc::new(StringArray::from(vec![" a", "a"]));
    let cells = Cells::new(&array).unwrap();
    let strict = encoder(&T::Text, Family::Text, soft).strict();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    strict.encode(&cells, 0, None, &mut first);
    strict.encode(&cells, 1, None, &mut second);
    assert_ne!(first, second);
}

#[test]
fn a_named_zone_moves_zoneless_times() {
    let zone = Some(chrono_tz::Europe::Berlin);
    let mut builder = PortableBuilder::new(&MICROS);
    builder.parse("2024-07-01 12:00:00");
    builder.parse("2024-03-31 02:30:00"); // skipped when the clocks go forward
    let (array, _) = builder.finish();
    let cells = Cells::new(&array).unwrap();
    let local = Encoder::new(MICROS, Family::Instant(6), Rules::default(), zone);
    let mut bytes = Vec::new();
    local.encode(&cells, 0, None, &mut bytes);
    assert_eq!(bytes, encode_with(&INSTANT, Family::Instant(6), Rules::default(), Some("2024-07-01 10:00:00Z")));
    bytes.clear();
    local.encode(&cells, 1, None, &mut bytes);
    assert_eq!(bytes[0], OTHER);
}

proptest! {
    #[test]
    fn a_tuple_is_no_concatenation(a in ".{0,4}", b in ".{0,4}", c in ".{0,4}", d in ".{0,4}") {
        let pair = |x: &str, y: &str| {
            let mut bytes = encode_with(&T::Text, Family::Text, Rules::default(), Some(x));
            bytes.extend(encode_with(&T::Text, Family::Text, Rules::default(), Some(y)));
            bytes
        };
        prop_assert_eq!(pair(&a, &b) == pair(&c, &d), (&a, &b) == (&c, &d));
    }

    #[test]
    fn decimals_are_equal_when_their_values_are(m in -1_000_000i64..1_000_000, s in 0u32..6, zeros in 0usize..30) {
        let mut plain = String::new();
        push_digits(&mut plain, m < 0, &m.unsigned_abs().to_string(), s);
        let padded = if s == 0 { format!("{plain}.{}", "0".repeat(zeros + 1)) } else { format!("{plain}{}", "0".repeat(zeros)) };
        let scientific = format!("{m}e-{s}");
        let ty = T::Decimal { precision: Some(38), scale: 20 };
        for other in [&padded, &scientific] {
            prop_assert!(equal((&UNBOUNDED, &plain), (&UNBOUNDED, other)), "{} {}", plain, other);
            prop_assert!(equal((&ty, &plain), (&T::Text, other)), "{} {}", plain, other);
        }
        let next = format!("{}e-{s}", m + 1);
        prop_assert!(!equal((&UNBOUNDED, &plain), (&UNBOUNDED, &next)));
    }

    #[test]
    fn floats_print_as_what_they_are(value in proptest::num::f64::ANY) {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![value]));
        let cells = Cells::new(&array).unwrap();
        let mut typed = Vec::new();
        encoder(&T::Float64, Family::Float64, Rules::default()).encode(&cells, 0, None, &mut typed);
        let printed = cells.print(0).unwrap();
        prop_assert_eq!(typed, encode_with(&T::Text, Family::Float64, Rules::default(), Some(&printed)), "{}", printed);
    }

    #[test]
    fn no_text_makes_an_encoder_panic(text in ".{0,40}") {
        for ty in [T::Boolean, T::Integer, DECIMAL, UNBOUNDED, T::Float32, T::Date, MICROS, INSTANT, T::Uuid, T::Json,
            T::Time { precision: 3 }] {
            let bytes = encode_with(&ty, family(&ty, &T::Text), Rules::default(), Some(&text));
            prop_assert!(!bytes.is_empty());
        }
    }
}

#[test]
fn what_is_compared_as_it_is_need_not_be_copied() {
    let mut builder = PortableBuilder::new(&PortableType::Text);
    builder.text("a ");
    builder.null();
    let cells = Cells::new(&builder.finish().0).unwrap();
    let verbatim = |family, rules, row| {
        let encoder = Encoder::new(PortableType::Text, family, rules, None);
        encoder.verbatim(&cells, row).map(<[u8]>::to_vec)
    };
    let plain = Rules::default();
    assert_eq!(verbatim(Family::Text, plain, 0).as_deref(), Some(b"a ".as_slice()));
    assert_eq!(verbatim(Family::Bytes, plain, 0).as_deref(), Some(b"a ".as_slice()));
    assert_eq!(verbatim(Family::Text, plain, 1), None);
    assert_eq!(verbatim(Family::Number, plain, 0), None);
    for rules in [
        Rules { trim: true, ..plain },
        Rules { ignore_case: true, ..plain },
        Rules { empty_is_null: true, ..plain },
        Rules { padded: true, ..plain },
        Rules { hex: true, ..plain },
    ] {
        assert_eq!(verbatim(Family::Text, rules, 0), None);
    }
}
