//! Known answers: what fits and what does not.

use super::*;
use crate::endpoint::Charset;
use crate::table::PortableBuilder;
use PortableType as T;

/// The verdict on the printed form of a value.
fn verdict(holds: &Holds, ty: T, text: &str) -> String {
    let mut builder = PortableBuilder::new(&ty);
    builder.parse(text);
    let (array, others) = builder.finish();
    let cells = Cells::new(&array).unwrap();
    let other = others.first().map(|(_, text)| text.as_str());
    fits(holds, &ty, &cells, 0, other).err().unwrap_or_default()
}

#[test]
fn numbers_that_would_change_do_not_fit() {
    let numeric = Holds { numeric: true, any_other: true, ..Holds::default() };
    let decimal = || T::Decimal { precision: None, scale: 0 };
    assert_eq!(verdict(&numeric, decimal(), "19.99"), "");
    let why = "`12345678901234567.89`, and numbers are kept there as 64-bit integers or floats, which would change it";
    assert_eq!(verdict(&numeric, decimal(), "12345678901234567.89"), why);
    assert!(verdict(&numeric, T::Text, "007").starts_with("`007`, and numbers"));
    assert_eq!(verdict(&numeric, T::Text, "abc"), "");
    assert_eq!(verdict(&numeric, T::Date, "0000-00-00"), "");
    assert_ne!(verdict(&Holds::default(), T::Date, "0000-00-00"), "");
}

#[test]
fn null_fits_everywhere() {
    let holds = Holds { chars: Some(0), labels: Some(Vec::new()), range: Some((1, 1)), ..Holds::default() };
    for ty in [T::Text, T::Integer, T::Date, T::Float64, T::Bytes, T::Boolean] {
        let mut builder = PortableBuilder::new(&ty);
        builder.null();
        let cells = Cells::new(&builder.finish().0).unwrap();
        assert_eq!(fits(&holds, &ty, &cells, 0, None), Ok(()));
    }
}

#[test]
fn lengths_are_characters_or_bytes() {
    let three = Holds { chars: Some(3), ..Holds::default() };
    for text in ["", "abc", "äöü", "😀😀😀"] {
        assert_eq!(verdict(&three, T::Text, text), "");
    }
    assert_eq!(verdict(&three, T::Text, "abcd"), "4 characters, and it holds 3");
    assert_eq!(verdict(&three, T::Text, "abc "), "4 characters, and it holds 3");
    // e and a combining accent are two.
    assert_eq!(verdict(&three, T::Text, "abe\u{301}"), "4 characters, and it holds 3");

    let bytes = Holds { bytes: Some(3), ..Holds::default() };
    assert_eq!(verdict(&bytes, T::Text, "abc"), "");
    assert_eq!(verdict(&bytes, T::Text, "äö"), "4 bytes, and it holds 3");
    assert_eq!(verdict(&bytes, T::Bytes, "abcd"), "4 bytes, and it holds 3");
    assert_eq!(verdict(&Holds { chars: Some(0), ..Holds::default() }, T::Text, "a"), "1 character, and it holds 0");
}

#[test]
fn characters_that_the_set_lacks_do_not_fit() {
    let set = |set| Holds { charset: Some(set), ..Holds::default() };
    assert_eq!(verdict(&set(Charset::Windows1252), T::Text, "5 €"), "");
    assert_eq!(
        verdict(&set(Charset::Latin1), T::Text, "5 €"),
        "the character `€` (U+20AC) is in it, which the character set latin1 does not have"
    );
    assert!(verdict(&set(Charset::Basic), T::Text, "a😀").contains("U+1F600"));
}

#[test]
fn what_would_be_padded_or_cut_does_not_fit() {
    let char = Holds { chars: Some(4), trims: true, ..Holds::default() };
    assert_eq!(verdict(&char, T::Text, " a"), "");
    assert_eq!(verdict(&char, T::Text, "a "), "spaces at its end, which would be dropped there");
    let binary = Holds { bytes: Some(4), padded: Some(4), ..Holds::default() };
    assert_eq!(verdict(&binary, T::Bytes, "abcd"), "");
    assert_eq!(verdict(&binary, T::Bytes, "ab"), "2 of 4 bytes, and the others would become zeros");
    assert_eq!(verdict(&binary, T::Bytes, "abcde"), "5 bytes, and it holds 4");
}

#[test]
fn a_zero_in_json_does_not_fit_where_it_is_kept_as_text() {
    let jsonb = Holds { no_zero_escape: true, ..Holds::default() };
    let cases = [
        (r#"{"a": "\u0000"}"#, false),
        (r#"{"a": "\\u0000"}"#, true),
        (r#"{"a": "ä\\\u0000"}"#, false),
        (r#"{"a": "x\u0001"}"#, true),
    ];
    for (json, fits) in cases {
        assert_eq!(verdict(&jsonb, T::Json, json).is_empty(), fits, "{json}");
    }
}

#[test]
fn ranges_include_both_ends() {
    let tiny = Holds { range: Some((-128, 127)), ..Holds::default() };
    for value in ["-128", "0", "127"] {
        assert_eq!(verdict(&tiny, T::Integer, value), "");
    }
    assert_eq!(verdict(&tiny, T::Integer, "128"), "128, and it holds -128 to 127");
    assert_eq!(verdict(&tiny, T::Integer, "-129"), "-129, and it holds -128 to 127");
    let all = Holds { range: Some((0, u64::MAX.into())), ..Holds::default() };
    assert_eq!(verdict(&all, T::Unsigned, "18446744073709551615"), "");
    // Beyond what the portable type holds, it travels as text.
    assert_eq!(
        verdict(&all, T::Unsigned, "18446744073709551616"),
        "18446744073709551616, and it holds 0 to 18446744073709551615"
    );
    let money = Holds { range: Some((-5, 5)), ..Holds::default() };
    for value in ["5.00", "-4.99", "4.99", "-5", "0.0000000000000000000000000000000000000000000001"] {
        assert_eq!(verdict(&money, T::Decimal { precision: None, scale: 0 }, value), "");
    }
    for value in ["5.01", "-5.01", "1e60"] {
        assert_ne!(verdict(&money, T::Decimal { precision: None, scale: 0 }, value), "", "{value}");
    }
}

#[test]
fn digits_before_and_after_the_point() {
    let holds = Holds { digits: Some((5, 2)), ..Holds::default() };
    for ty in [T::Decimal { precision: Some(10), scale: 4 }, T::Decimal { precision: None, scale: 0 }] {
        for value in ["999.99", "-999.99", "0", "0.01", "1.5000", "100"] {
            assert_eq!(verdict(&holds, ty.clone(), value), "", "{value}");
        }
        assert_eq!(verdict(&holds, ty.clone(), "1000"), "1000, and it holds 3 digits before the point");
        assert_eq!(verdict(&holds, ty.clone(), "0.123"), "3 digits after the point, and it holds 2");
    }
    assert_eq!(verdict(&holds, T::Integer, "999"), "");
    assert_eq!(verdict(&holds, T::Integer, "-1000"), "-1000, and it holds 3 digits before the point");
    // As declared, and beyond what is declared.
    let same = T::Decimal { precision: Some(5), scale: 2 };
    assert_eq!(verdict(&holds, same.clone(), "999.99"), "");
    assert_eq!(verdict(&holds, same.clone(), "1000"), "1000, and it holds 3 digits before the point");
    assert_eq!(verdict(&holds, same, "1.005"), "3 digits after the point, and it holds 2");

    let long = Holds { digits: Some((60, 10)), ..Holds::default() };
    let none = T::Decimal { precision: None, scale: 0 };
    assert_eq!(verdict(&long, none.clone(), "1e49"), "");
    assert_eq!(
        verdict(&long, none.clone(), "1e50"),
        format!("1{}, and it holds 50 digits before the point", "0".repeat(50))
    );
    // numeric(2,4): two digits after two zeros.
    let small = Holds { digits: Some((2, 4)), ..Holds::default() };
    assert_eq!(verdict(&small, none.clone(), "0.0099"), "");
    assert_eq!(verdict(&small, none.clone(), "0"), "");
    assert_eq!(verdict(&small, none, "0.01"), "0.01, and it holds numbers with 2 zeros after the point");
}

#[test]
fn labels_are_exact() {
    let holds = Holds { labels: Some(vec!["red".into(), "green".into()]), ..Holds::default() };
    assert_eq!(verdict(&holds, T::Printed, "green"), "");
    assert_eq!(verdict(&holds, T::Text, "Green"), "`Green` is none of its labels: red, green");
    assert_eq!(verdict(&holds, T::Text, ""), "`` is none of its labels: red, green");
    assert_eq!(verdict(&holds, T::Text, "red,green"), "`red,green` is none of its labels: red, green");

    let set = Holds { combined: true, ..holds };
    for text in ["", "red", "red,green"] {
        assert_eq!(verdict(&set, T::Text, text), "");
    }
    assert_eq!(verdict(&set, T::Text, "red,blue"), "`blue` is none of its labels: red, green");
    for text in ["green,red", "red,red"] {
        assert!(verdict(&set, T::Text, text).contains("another order"), "{text}");
    }
    assert_ne!(verdict(&set, T::Text, "red,"), "");
}

#[test]
fn times_include_both_ends() {
    let day = |text| i64::from(crate::table::parse_date(text).unwrap()) * MICROS_PER_DAY;
    let holds = Holds { times: Some((day("1000-01-01"), day("9999-12-31"))), ..Holds::default() };
    for date in ["1000-01-01", "9999-12-31"] {
        assert_eq!(verdict(&holds, T::Date, date), "");
    }
    assert_eq!(verdict(&holds, T::Date, "0999-12-31"), "0999-12-31, and it holds 1000-01-01 to 9999-12-31");
    let seconds = Holds { times: Some((1_000_000, 2_147_483_647_000_000)), ..Holds::default() };
    let ty = T::Instant { precision: 0 };
    assert_eq!(verdict(&seconds, ty.clone(), "1970-01-01 00:00:01Z"), "");
    assert_eq!(verdict(&seconds, ty.clone(), "2038-01-19 03:14:07Z"), "");
    assert!(verdict(&seconds, ty.clone(), "1970-01-01 00:00:00Z").starts_with("1970-01-01 00:00:00"));
    assert_ne!(verdict(&seconds, ty, "2038-01-19 03:14:08Z"), "");
}

#[test]
fn what_is_no_number_and_no_character() {
    let finite = Holds { finite: true, no_zero_character: true, ..Holds::default() };
    assert_eq!(verdict(&finite, T::Float64, "1e308"), "");
    assert_eq!(verdict(&finite, T::Float64, "NaN"), "NaN, and it holds numbers only");
    assert_eq!(verdict(&finite, T::Float32, "-Infinity"), "infinity, and it holds numbers only");
    assert_eq!(verdict(&Holds::default(), T::Float64, "NaN"), "");
    assert_ne!(verdict(&finite, T::Text, "a\0b"), "");
    assert_eq!(verdict(&Holds::default(), T::Text, "a\0b"), "");
    assert_eq!(verdict(&finite, T::Bytes, "a\0b"), "");
}

#[test]
fn others_fit_only_where_they_are_known() {
    let holds = Holds { others: vec!["infinity".into()], ..Holds::default() };
    assert_eq!(verdict(&holds, T::Date, "infinity"), "");
    assert_eq!(verdict(&holds, T::Date, "-infinity"), "`-infinity`, and it holds dates");
    assert_eq!(verdict(&Holds::default(), T::Integer, "abc"), "`abc`, and it holds whole numbers of 64 bits");
    let spans = Holds { others: vec!["-##:##:##".into()], ..Holds::default() };
    let time = T::Time { precision: 0 };
    assert_eq!(verdict(&spans, time.clone(), "-12:34:56"), "");
    assert_ne!(verdict(&spans, time.clone(), "-12:34:5x"), "");
    assert_ne!(verdict(&spans, time, "-112:34:56"), "");
}
