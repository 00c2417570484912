use super::*;
use crate::table::{Family, family};
use arrow::array::ArrayRef;
use proptest::prelude::*;

type T = PortableType;

/// One column with one cell: what the type holds, and what is beside it.
struct One {
    cells: Cells,
    other: Option<String>,
}

impl One {
    fn finish(mut builder: PortableBuilder) -> Self {
        let (array, others): (ArrayRef, _) = builder.finish();
        assert_eq!(array.len(), 1);
        Self { cells: Cells::new(&array).unwrap(), other: others.into_iter().next().map(|(_, text)| text) }
    }

    fn read(ty: &T, text: &str) -> Self {
        let mut builder = PortableBuilder::new(ty);
        match text {
            "NULL" => builder.null(),
            _ => builder.parse(text),
        }
        Self::finish(builder)
    }

    fn bytes(bytes: &[u8]) -> Self {
        let mut builder = PortableBuilder::new(&T::Bytes);
        builder.bytes(bytes);
        Self::finish(builder)
    }

    fn cell(&self) -> Cell<'_> {
        Cell { cells: &self.cells, row: 0, other: self.other.as_deref() }
    }

    fn shown(&self) -> String {
        match &self.other {
            Some(text) => format!("other {text}"),
            None => self.cells.print(0).unwrap_or_else(|| "NULL".to_owned()),
        }
    }
}

fn converter(from: &T, to: &T, native: &str, zone: Option<&str>) -> Converter {
    let (left, right) = (Column::new("a", from.clone(), "x"), Column::new("b", to.clone(), native));
    let pair = Pair {
        left: left.clone(),
        right: right.clone(),
        family: family(from, to),
        unruled: family(from, to),
        rules: Rules::default(),
        compared: true,
        softened_by: Vec::new(),
    };
    Converter::new(&pair, &left, &right, zone)
}

fn through(converter: &Converter, from: &One) -> Result<One, String> {
    let mut builder = PortableBuilder::new(&converter.to);
    let converted = converter.convert(from.cell(), &mut builder);
    let to = One::finish(builder);
    converted?;
    converter.check(from.cell(), to.cell())?;
    Ok(to)
}

fn went(from: T, text: &str, to: T) -> String {
    let one = One::read(&from, text);
    through(&converter(&from, &to, "x", None), &one).map_or_else(|why| format!("error: {why}"), |to| to.shown())
}

const MICROS: u8 = 6;

fn decimal(precision: u32, scale: u32) -> T {
    T::Decimal { precision: Some(precision), scale }
}

fn timestamp(precision: u8) -> T {
    T::Timestamp { precision }
}

fn instant(precision: u8) -> T {
    T::Instant { precision }
}

#[test]
fn known_conversions() {
    let any = T::Decimal { precision: None, scale: 0 };
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let table = [
        (T::Integer, "NULL", T::Text, "NULL"),
        (T::Boolean, "true", T::Integer, "1"),
        (T::Boolean, "false", decimal(1, 0), "0"),
        (T::Boolean, "true", T::Text, "true"),
        (T::Integer, "1", T::Boolean, "true"),
        (any.clone(), "1.00", T::Boolean, "true"),
        (T::Text, "yes", T::Boolean, "true"),
        (T::Integer, "2", T::Boolean, "other 2"),
        (T::Integer, "-5", T::Unsigned, "other -5"),
        (T::Unsigned, "18446744073709551615", T::Integer, "other 18446744073709551615"),
        (T::Unsigned, "18446744073709551615", any.clone(), "18446744073709551615"),
        (T::Integer, "5", decimal(5, 2), "5.00"),
        (decimal(5, 2), "5.00", T::Integer, "5"),
        (decimal(5, 2), "5.50", T::Integer, "other 5.50"),
        (decimal(5, 2), "-0.50", decimal(3, 1), "-0.5"),
        (any.clone(), "1e3", decimal(6, 2), "1000.00"),
        (T::Float64, "0.1", decimal(4, 2), "0.10"),
        (T::Float64, "1e300", T::Integer, "other 1e300"),
        (T::Float64, "NaN", any.clone(), "other NaN"),
        (decimal(4, 2), "0.10", T::Float64, "0.1"),
        (decimal(4, 2), "0.10", T::Float32, "0.1"),
        (T::Float32, "0.1", T::Float64, "0.1"),
        (T::Float64, "0.1", T::Float32, "0.1"),
        (T::Float64, "Infinity", T::Float32, "Infinity"),
        (T::Float64, "1e300", T::Float32, "error: can't be written as float (32 bits) without changing it"),
        (T::Integer, "16777217", T::Float32, "error: can't be written as float (32 bits) without changing it"),
        (T::Text, "007", T::Integer, "7"),
        (T::Text, "abc", T::Integer, "other abc"),
        (T::Text, "1.5", decimal(5, 2), "1.50"),
        (T::Text, "2024-01-02", T::Date, "2024-01-02"),
        (T::Text, "2024-01-02 00:00:00", T::Date, "2024-01-02"),
        (T::Text, "2024-01-02 00:00:00Z", T::Date, "other 2024-01-02 00:00:00Z"),
        (T::Text, "2024-01-02T03:04:05+02:00", timestamp(0), "2024-01-02 01:04:05"),
        (T::Text, "2024-01-02 03:04:05", instant(0), "2024-01-02 03:04:05Z"),
        (T::Text, "03:04:05.678", T::Time { precision: 1 }, "03:04:05.6"),
        (T::Text, uuid, T::Uuid, uuid),
        (T::Text, "{\"a\": 1}", T::Json, "{\"a\": 1}"),
        (T::Text, "{", T::Json, "error: is no JSON"),
        (T::Date, "2024-01-02", timestamp(3), "2024-01-02 00:00:00"),
        (T::Date, "2024-01-02", T::Text, "2024-01-02"),
        (timestamp(6), "2024-01-02 00:00:00", T::Date, "2024-01-02"),
        (timestamp(6), "2024-01-02 00:00:01", T::Date, "error: has a time of day, which a date cannot hold"),
        (timestamp(6), "2024-01-02 03:04:05.678901", timestamp(3), "2024-01-02 03:04:05.678"),
        (timestamp(6), "1969-12-31 23:59:59.999999", timestamp(0), "1969-12-31 23:59:59"),
        (timestamp(6), "infinity", instant(6), "other infinity"),
        (instant(6), "2024-01-02 03:04:05Z", timestamp(6), "2024-01-02 03:04:05"),
        (instant(6), "2024-01-02 03:04:05Z", T::Text, "2024-01-02 03:04:05Z"),
        (T::Time { precision: 6 }, "03:04:05.678901", T::Time { precision: 2 }, "03:04:05.67"),
        (T::Uuid, uuid, T::Text, uuid),
        (T::Json, "[1, 2]", T::Text, "[1, 2]"),
        (T::Printed, "{1,2}", T::Text, "{1,2}"),
        (T::Integer, "abc", T::Text, "abc"),
    ];
    for (from, text, to, expected) in table {
        assert_eq!(went(from.clone(), text, to.clone()), expected, "{text} from {from} to {to}");
    }
}

#[test]
fn bytes_are_text_or_uuids_where_they_can_be() {
    let go =
        |bytes: &[u8], to: T| through(&converter(&T::Bytes, &to, "x", None), &One::bytes(bytes)).map(|to| to.shown());
    assert_eq!(go("é".as_bytes(), T::Text).as_deref(), Ok("é"));
    assert_eq!(go(b"\xff", T::Text), Err("is no UTF-8 text".to_owned()));
    let uuid = *b"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11";
    assert_eq!(go(&uuid, T::Uuid).as_deref(), Ok("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
    assert_eq!(go(b"short", T::Uuid).as_deref(), Ok("other \\x73686f7274"));
    assert_eq!(went(T::Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", T::Bytes), "\\xa0eebc999c0b4ef8bb6d6bb9bd380a11");
    assert_eq!(went(T::Text, "é", T::Bytes), "\\xc3a9");
}

#[test]
fn a_named_zone_is_where_clocks_without_one_stand() {
    let go = |from: T, text: &str, to: T| {
        through(&converter(&from, &to, "x", Some("Europe/Berlin")), &One::read(&from, text)).map(|to| to.shown())
    };
    assert_eq!(go(timestamp(0), "2024-07-01 12:00:00", instant(0)).as_deref(), Ok("2024-07-01 10:00:00Z"));
    assert_eq!(go(instant(0), "2024-07-01 10:00:00Z", timestamp(0)).as_deref(), Ok("2024-07-01 12:00:00"));
    assert_eq!(go(T::Text, "2024-07-01 12:00:00", instant(0)).as_deref(), Ok("2024-07-01 10:00:00Z"));
    assert_eq!(go(T::Text, "2024-07-01 12:00:00Z", instant(0)).as_deref(), Ok("2024-07-01 12:00:00Z"));
    assert_eq!(go(T::Date, "2024-07-01", instant(0)).as_deref(), Ok("2024-06-30 22:00:00Z"));
    assert_eq!(go(instant(0), "2024-06-30 22:00:00Z", T::Date).as_deref(), Ok("2024-07-01"));
    // The clocks go forward: there is no such time.
    assert!(go(timestamp(0), "2024-03-31 02:30:00", instant(0)).is_err());
    // They go back: two moments have this time, so it can't stand for one of them.
    assert!(go(instant(0), "2024-10-27 00:30:00Z", timestamp(0)).is_err());
}

#[test]
fn bits_are_numbers_beside_numbers_and_bits_beside_text() {
    let bits = |length| T::Bits { length };
    for (from, text, to, expected) in [
        (T::Boolean, "true", bits(Some(1)), "1"),
        (T::Boolean, "false", bits(Some(4)), "0000"),
        (T::Integer, "5", bits(Some(8)), "00000101"),
        (T::Integer, "-5", bits(Some(8)), "error: can't be written as bits(8) without changing it"),
        (T::Float64, "5", bits(None), "101"),
        (T::Float64, "5.5", bits(None), "error: can't be written as bits without changing it"),
        (bits(Some(8)), "00000101", T::Integer, "5"),
        (bits(Some(8)), "00000101", decimal(5, 2), "5.00"),
        (bits(Some(1)), "1", T::Boolean, "true"),
        (bits(Some(8)), "00000101", T::Boolean, "error: can't be written as boolean without changing it"),
        (bits(Some(3)), "101", bits(Some(8)), "00000101"),
        (bits(Some(3)), "101", bits(None), "101"),
        (bits(Some(3)), "101", T::Text, "101"),
        (T::Text, "101", bits(Some(3)), "101"),
        (T::Text, "5", bits(Some(1)), "other 5"),
        (T::Text, "11", bits(Some(8)), "error: is not 8 bits"),
        (bits(None), "11", bits(Some(8)), "error: is not 8 bits"),
        (T::Boolean, "true", T::Printed, "true"),
    ] {
        assert_eq!(went(from.clone(), text, to.clone()), expected, "{text} from {from} to {to}");
    }
}

#[test]
fn lists_sets_and_intervals() {
    let array = |element| T::Array { element: Box::new(element) };
    for (from, text, to, expected) in [
        (array(T::Integer), "{1,2}", T::Json, "[1,2]"),
        (T::Json, "[1, 2.0]", array(T::Integer), "{1,2.0}"),
        (T::Json, "[\"1\"]", array(T::Integer), "error: can't be written as array of integer without changing it"),
        (T::Json, "{}", array(T::Integer), "error: is no json that can be read"),
        (T::Set, "b,a", array(T::Printed), "{b,a}"),
        (T::Set, "b,a", T::Text, "b,a"),
        (array(T::Text), "{NULL}", T::Set, "error: has an element that is no word"),
        (array(T::Text), "{1}", array(T::Integer), "{1}"),
        (array(T::Text), "{x}", array(T::Text), "{x}"),
        (T::Interval, "1 day 02:00:00", T::Text, "1 day 02:00:00"),
        (T::Text, "P1D", T::Interval, "P1D"),
        (T::Time { precision: 6 }, "03:04:05.5", T::Interval, "03:04:05.5"),
        (T::Interval, "03:04:05.5", T::Time { precision: 6 }, "03:04:05.5"),
        (T::Interval, "1 day", T::Time { precision: 6 }, "other 1 day"),
    ] {
        assert_eq!(went(from.clone(), text, to.clone()), expected, "{text} from {from} to {to}");
    }
    let labelled = converter(&T::Set, &T::Set, "x", None).with_labels(vec!["a".into(), "b".into()]);
    assert_eq!(through(&labelled, &One::read(&T::Set, "b,a")).unwrap().shown(), "a,b");
}

#[test]
fn what_a_rule_reads_is_written_as_it_is_read() {
    let ruled = |from: &T, to: &T, family: Family, rules: Rules| {
        let converter = converter(from, to, "x", None);
        let encoders = [from, to].map(|ty| Encoder::new(ty.clone(), family, rules, None));
        Converter { family, rules, encoders, ..converter }
    };
    let uuid = Rules { uuid: true, ..Rules::default() };
    let go = |converter: &Converter, one: &One| through(converter, one).map(|to| to.shown());
    let plain = "a0eebc999c0b4ef8bb6d6bb9bd380a11";
    let bytes = One::bytes(b"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11");
    let to_text = ruled(&T::Bytes, &T::Text, Family::Uuid, uuid);
    assert_eq!(go(&to_text, &bytes).as_deref(), Ok("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
    let to_bytes = ruled(&T::Text, &T::Bytes, Family::Uuid, uuid);
    assert_eq!(go(&to_bytes, &One::read(&T::Text, plain)), Ok(bytes.shown()));
    let hex = Rules { hex: true, ..Rules::default() };
    let to_bytes = ruled(&T::Text, &T::Bytes, Family::Bytes, hex);
    assert_eq!(go(&to_bytes, &One::read(&T::Text, "0x00FF")).as_deref(), Ok("\\x00ff"));
    assert!(go(&to_bytes, &One::read(&T::Text, "hello")).is_err());
    let to_text = ruled(&T::Bytes, &T::Text, Family::Bytes, hex);
    assert_eq!(go(&to_text, &One::bytes(&[0, 255])).as_deref(), Ok("\\x00ff"));
    let round = Rules { round: true, ..Rules::default() };
    let whole = ruled(&timestamp(6), &timestamp(0), Family::Timestamp(0), round);
    assert_eq!(go(&whole, &One::read(&timestamp(6), "2024-01-02 03:04:05.5")).as_deref(), Ok("2024-01-02 03:04:06"));
}

#[test]
fn rules_do_not_change_what_is_written() {
    let mut converter = converter(&T::Text, &T::Text, "x", None);
    converter.rules = Rules { trim: true, ignore_case: true, empty_is_null: true, ..Rules::default() };
    assert_eq!(through(&converter, &One::read(&T::Text, " A ")).unwrap().shown(), " A ");
    let mut converter = super::tests::converter(&T::Text, &T::Integer, "x", None);
    converter.rules.empty_is_null = true;
    converter.encoders = converter.encoders.map(|_| Encoder::new(T::Text, Family::Number, converter.rules, None));
    assert_eq!(through(&converter, &One::read(&T::Text, "")).unwrap().shown(), "NULL");
}

fn every_type() -> Vec<T> {
    vec![
        T::Boolean,
        T::Integer,
        T::Unsigned,
        decimal(12, 3),
        decimal(30, 0),
        T::Decimal { precision: None, scale: 0 },
        T::Float32,
        T::Float64,
        T::Text,
        T::Bytes,
        T::Date,
        T::Time { precision: 0 },
        T::Time { precision: MICROS },
        timestamp(0),
        timestamp(MICROS),
        instant(3),
        instant(MICROS),
        T::Uuid,
        T::Json,
        T::Bits { length: Some(1) },
        T::Bits { length: Some(8) },
        T::Bits { length: None },
        T::Set,
        T::Array { element: Box::new(T::Integer) },
        T::Array { element: Box::new(T::Text) },
        T::Interval,
        T::Printed,
    ]
}

/// Values of a type, among them text that it can't hold.
fn value(ty: T) -> BoxedStrategy<One> {
    let text = |ty: T, texts: BoxedStrategy<String>| texts.prop_map(move |text| One::read(&ty, &text)).boxed();
    let micros = -62_135_596_800_000_000i64..253_402_300_799_999_999;
    let usual = match &ty {
        T::Boolean => any::<bool>().prop_map(|b| b.to_string()).boxed(),
        T::Integer | T::Unsigned => {
            prop_oneof![Just("0".to_owned()), Just("1".to_owned()), any::<i64>().prop_map(|n| n.to_string())].boxed()
        }
        T::Decimal { scale, .. } => {
            let scale = *scale;
            (any::<i32>()).prop_map(move |n| Number::new(n.into(), scale.min(3)).to_string()).boxed()
        }
        T::Float32 => any::<f32>().prop_map(|f| format!("{f:?}")).boxed(),
        T::Float64 => any::<f64>().prop_map(|f| format!("{f:?}")).boxed(),
        T::Bytes => {
            return prop_oneof![any::<Vec<u8>>(), any::<[u8; 16]>().prop_map(|bytes| bytes.to_vec())]
                .prop_map(|bytes| One::bytes(&bytes))
                .boxed();
        }
        T::Date => (-719_162i64..2_932_896).prop_map(crate::table::print_date).boxed(),
        T::Time { .. } => (0i64..MICROS_PER_DAY).prop_map(crate::table::print_time).boxed(),
        T::Timestamp { .. } => micros.prop_map(|m| crate::table::print_timestamp(m, false)).boxed(),
        T::Instant { .. } => micros.prop_map(|m| crate::table::print_timestamp(m, true)).boxed(),
        T::Uuid => any::<[u8; 16]>().prop_map(|bytes| crate::table::print_bytes(&bytes)[2..].to_owned()).boxed(),
        T::Json => prop_oneof![Just("[1, 2.50]".to_owned()), Just("{\"b\": null, \"a\": \"x\"}".to_owned())].boxed(),
        T::Bits { length: Some(length) } => {
            proptest::string::string_regex(&format!("[01]{{{length}}}")).unwrap().boxed()
        }
        T::Bits { length: None } => "[01]{1,9}".boxed(),
        T::Set => "([ab](,[cd])?)?".boxed(),
        T::Array { element } if **element == T::Integer => "\\{([0-9]{1,3}(,[0-9]{1,3}|,NULL)?)?\\}".boxed(),
        T::Array { .. } => "\\{([a-z]{1,3}(,\"[ ,a-z]{0,3}\"|,NULL)?)?\\}".boxed(),
        T::Interval => "[1-9] years [1-9] mons -?[1-9] days 0[0-9]:0[0-9]:00".boxed(),
        T::Text | T::Printed => prop_oneof![
            any::<String>(),
            "-?[0-9]{1,20}(\\.[0-9]{1,5})?",
            "20[0-9]{2}-0[1-9]-0[1-9]( 0[0-9]:[0-5][0-9])?"
        ]
        .boxed(),
    };
    let odd = prop_oneof![Just("NULL".to_owned()), Just("infinity".to_owned()), Just("0000-00-00".to_owned())];
    text(ty, prop_oneof![8 => usual, 1 => odd].boxed())
}

fn same(encoder: &Encoder, one: &One) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.encode(&one.cells, 0, one.other.as_deref(), &mut out);
    out
}

impl std::fmt::Debug for One {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is converted without a complaint is equal to its source, is not NULL unless that
    /// is, and converting it back gives something equal again.
    #[test]
    fn what_is_converted_is_the_same(
        (from, to, one) in (proptest::sample::select(every_type()), proptest::sample::select(every_type()))
            .prop_flat_map(|(from, to)| (Just(from.clone()), Just(to), value(from)))
    ) {
        let there = converter(&from, &to, "x", None);
        if let Ok(written) = through(&there, &one) {
            prop_assert_eq!(same(&there.encoders[0], &one), same(&there.encoders[1], &written));
            prop_assert_eq!(one.cell().is_null(), written.cell().is_null());
            // Cut to the coarser precision, it is at home in both types.
            if let Ok(back) = through(&converter(&to, &from, "x", None), &written) {
                prop_assert_eq!(same(&there.encoders[0], &one), same(&there.encoders[0], &back));
            }
        }
    }

    /// A column's own type keeps everything, to the bit.
    #[test]
    fn the_own_type_keeps_everything(
        (ty, one) in proptest::sample::select(every_type()).prop_flat_map(|ty| (Just(ty.clone()), value(ty)))
    ) {
        let copy = through(&converter(&ty, &ty, "x", None), &one);
        // A column without a type of its own may have an array's, and no array in it.
        let stands = |text: String| parts::stands(&ty, &text).is_ok();
        if matches!(ty, T::Interval | T::Array { .. }) && !one.cell().print().is_none_or(stands) {
            prop_assert!(copy.is_err());
            return Ok(());
        }
        prop_assert_eq!(copy.map(|copy| copy.shown()), Ok(one.shown()));
    }

    /// Types that hold all values of another take them all.
    #[test]
    fn wider_types_take_everything(
        (from, to, one) in proptest::sample::select(vec![
            (T::Integer, decimal(30, 0)),
            (T::Integer, T::Text),
            (T::Unsigned, T::Decimal { precision: None, scale: 0 }),
            (decimal(12, 3), T::Decimal { precision: None, scale: 0 }),
            (decimal(12, 3), T::Text),
            (T::Float32, T::Float64),
            (T::Float64, T::Text),
            (T::Date, timestamp(0)),
            (T::Date, T::Text),
            (timestamp(0), timestamp(6)),
            (timestamp(6), instant(6)),
            (instant(6), timestamp(3)),
            (instant(6), T::Text),
            (T::Time { precision: 6 }, T::Time { precision: 0 }),
            (T::Uuid, T::Bytes),
            (T::Uuid, T::Text),
            (T::Json, T::Text),
            (T::Text, T::Bytes),
            (T::Boolean, T::Integer),
            (T::Boolean, T::Text),
        ]).prop_flat_map(|(from, to)| (Just(from.clone()), Just(to), value(from)))
    ) {
        if one.other.is_none() {
            let there = through(&converter(&from, &to, "x", None), &one);
            prop_assert!(matches!(&there, Ok(written) if written.other.is_none()), "{there:?}");
        }
    }
}
