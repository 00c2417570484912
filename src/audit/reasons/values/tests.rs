//! Planted causes are named with the right counts, alone and in pairs; noise is not named at all.

use super::fixture::{Random, Row, columns, compared};
use super::{ColumnKinds, ValueKind, sorted_values};
use crate::audit::reasons::Reason;
use crate::table::{AlignOptions, Column, PortableType as T, parse_timestamp, print_timestamp};

const NAME: usize = 1;
const AMOUNT: usize = 2;
const PRICE: usize = 3;
const CODE: usize = 4;
const CREATED: usize = 5;
const NOTE: usize = 6;
const DOC: usize = 7;
const MONEY: usize = 8;
const DAY: usize = 9;
const COUNT: usize = 10;
const FLAG: usize = 11;

fn types() -> Vec<Column> {
    columns(&[
        ("id", T::Integer),
        ("name", T::Text),
        ("amount", T::Float64),
        ("price", T::Decimal { precision: Some(12), scale: 2 }),
        ("code", T::Text),
        ("created", T::Timestamp { precision: 6 }),
        ("note", T::Text),
        ("doc", T::Json),
        ("money", T::Text),
        ("day", T::Date),
        ("count", T::Integer),
        ("flag", T::Boolean),
    ])
}

fn word(random: &mut Random) -> String {
    const PARTS: [&str; 16] =
        ["ka", "ro", "mi", "té", "lü", "sa", "von", "ber", "nö", "xi", "hu", "dan", "pe", "zo", "gé", "wi"];
    let mut word: String = (0..2 + random.below(3)).map(|_| PARTS[random.below(16) as usize]).collect();
    let first = word.remove(0).to_uppercase().to_string();
    word.insert_str(0, &first);
    word
}

fn row(id: usize, random: &mut Random) -> Row {
    let micros = parse_timestamp("2023-01-01").unwrap().0 + random.below(700 * 86_400_000_000) as i64;
    let texts = [
        id.to_string(),
        format!("{} {}é, {}", word(random), word(random), word(random)),
        format!("{}.{:07}1", random.below(900), random.below(10_000_000)),
        format!("{}.{:02}", random.below(90_000) + 1, random.below(100)),
        format!("0{}", 1000 + random.below(899_999)),
        print_timestamp(micros, false),
        format!("note {} {}", random.below(100_000), word(random)),
        format!(
            r#"{{"a":[{},{},"{}"],"b":{}}}"#,
            random.below(1000),
            1000 + random.below(1000),
            word(random),
            random.below(50)
        ),
        format!("{}.{:02}", 1000 + random.below(800_000), random.below(100)),
        crate::table::print_date(15_000 + random.below(8000) as i64),
        random.below(5000).to_string(),
        (random.below(2) == 0).to_string(),
    ];
    texts.into_iter().map(Some).collect()
}

fn table(rows: usize, seed: u64) -> Vec<Row> {
    let mut random = Random(seed);
    (0..rows).map(|id| row(id, &mut random)).collect()
}

fn told(left: &[Row], right: &[Row]) -> (Vec<ColumnKinds>, Vec<Reason>) {
    told_as([&types(), &types()], left, right)
}

fn told_as(types: [&[Column]; 2], left: &[Row], right: &[Row]) -> (Vec<ColumnKinds>, Vec<Reason>) {
    compared(types, [left, right], &["id"], &AlignOptions::default(), |evidence| sorted_values(evidence).unwrap())
}

/// A cause: the word, the column, and what it does to a value.
struct Cause {
    rule: &'static str,
    column: usize,
    does: fn(&str) -> Option<String>,
}

fn moved(text: &str, micros: i64) -> Option<String> {
    Some(print_timestamp(parse_timestamp(text)?.0 + micros, false))
}

const HOUR: i64 = 3_600_000_000;

/// In summer two hours, else one.
fn zoned(text: &str) -> Option<String> {
    let month: u32 = text[5..7].parse().ok()?;
    moved(text, if (4..=10).contains(&month) { 2 * HOUR } else { HOUR })
}

fn swapped(text: &str) -> Option<String> {
    let (month, day) = (&text[5..7], &text[8..10]);
    (day.parse::<u32>().ok()? <= 12 && month != day).then(|| format!("{}-{day}-{month}{}", &text[..4], &text[10..]))
}

fn misread(text: &str) -> Option<String> {
    Some(text.bytes().map(|byte| if byte == 0xa9 { '©' } else { char::from(byte) }).collect())
}

const CAUSES: [Cause; 27] = [
    Cause { rule: "rounding", column: AMOUNT, does: |text| Some(format!("{:.2}", text.parse::<f64>().ok()?)) },
    Cause { rule: "rounding", column: AMOUNT, does: |text| Some(text[..text.len() - 4].to_owned()) },
    Cause { rule: "rounding", column: AMOUNT, does: |text| Some(f64::from(text.parse::<f32>().ok()?).to_string()) },
    Cause { rule: "rounding", column: PRICE, does: |text| Some(format!("{:.0}", text.parse::<f64>().ok()?)) },
    Cause { rule: "rounding", column: CREATED, does: |text| Some(text[..19].to_owned()) },
    Cause { rule: "case", column: NAME, does: |text| Some(text.to_uppercase()) },
    Cause { rule: "spaces", column: NAME, does: |text| Some(format!("{text}{}", " ".repeat(1 + text.len() % 2))) },
    Cause { rule: "spaces", column: NOTE, does: |text| Some(text.replace(' ', "\u{a0}")) },
    Cause { rule: "accents", column: NAME, does: |text| Some(super::text::plain(text).collect()) },
    Cause {
        rule: "accents",
        column: NAME,
        does: |text| Some(unicode_normalization::UnicodeNormalization::nfd(text).collect()),
    },
    Cause { rule: "encoding", column: NAME, does: misread },
    Cause { rule: "encoding", column: NAME, does: |text| Some(text.replace(|c: char| !c.is_ascii(), "?")) },
    Cause { rule: "truncated", column: NAME, does: |text| Some(text.chars().take(12).collect()) },
    Cause { rule: "padded", column: CODE, does: |text| Some(text.trim_start_matches('0').to_owned()) },
    Cause { rule: "padded", column: NAME, does: |text| Some(format!("{text:<60}")) },
    Cause { rule: "null-or-empty", column: NOTE, does: |_| Some(String::new()) },
    Cause { rule: "null-or-empty", column: COUNT, does: |_| Some("0".to_owned()) },
    Cause { rule: "sign", column: AMOUNT, does: |text| Some(format!("-{text}")) },
    Cause { rule: "scale", column: COUNT, does: |text| Some(format!("{text}000")) },
    Cause { rule: "shift", column: COUNT, does: |text| Some((text.parse::<i64>().ok()? + 7).to_string()) },
    Cause { rule: "shift", column: CREATED, does: |text| moved(text, 3 * 86_400_000_000) },
    Cause { rule: "time-zone", column: CREATED, does: zoned },
    Cause { rule: "date-order", column: CREATED, does: swapped },
    Cause { rule: "number-format", column: MONEY, does: |text| Some(format!("{} €", text.replace('.', ","))) },
    Cause {
        rule: "json",
        column: DOC,
        does: |text| {
            let (first, rest) = text[6..].split_once(',')?;
            let (second, rest) = rest.split_once(',')?;
            Some(format!(r#"{{"a":[{second},{first},{rest}"#))
        },
    },
    Cause { rule: "punctuation", column: NAME, does: |text| Some(text.replace(',', "-").replace(' ', "_")) },
    Cause { rule: "cleared", column: NOTE, does: |_| None },
];

/// Whether the left value is made NULL first.
fn is_nothing(cause: &Cause) -> bool {
    cause.rule == "null-or-empty"
}

/// Plants a cause in every so-manieth row, and says in how many it changed the value.
fn plant(cause: &Cause, left: &mut [Row], right: &mut [Row], every: usize, from: usize) -> u64 {
    let mut planted = 0;
    for at in (from..left.len()).step_by(every) {
        if is_nothing(cause) {
            left[at][cause.column] = None;
        }
        let new = left[at][cause.column].as_deref().map_or_else(|| (cause.does)(""), cause.does);
        let same = |old: &Option<String>| match (old, &new) {
            (Some(old), Some(new)) => {
                old == new
                    || old
                        .parse::<f64>()
                        .ok()
                        .zip(new.parse().ok())
                        .is_some_and(|(a, b): (f64, f64)| a == b && cause.column < CODE)
            }
            (old, new) => old == new,
        };
        // A swapped date needs a small day.
        if same(&left[at][cause.column]) || new.is_none() && cause.rule != "cleared" {
            right[at][cause.column] = left[at][cause.column].clone();
            continue;
        }
        right[at][cause.column] = new;
        planted += 1;
    }
    planted
}

#[test]
fn each_cause_alone_is_all_that_is_told() {
    for cause in &CAUSES {
        let mut left = table(3000, 1);
        let mut right = left.clone();
        let planted = plant(cause, &mut left, &mut right, 4, 0);
        let (kinds, reasons) = told(&left, &right);
        let said: Vec<_> = reasons.iter().map(|r| (r.rule.as_str(), r.rows, r.of)).collect();
        assert_eq!(said, [(cause.rule, planted, planted)], "{reasons:#?}");
        assert_eq!(kinds.len(), 1);
        assert_eq!((kinds[0].changed, kinds[0].kinds.len()), (planted, 1));
        let names = types();
        assert_eq!(reasons[0].columns, [names[cause.column].name.clone()]);
        assert_eq!(reasons[0].examples.len(), 5);
    }
}

#[test]
fn causes_in_pairs_are_both_told_and_nothing_else() {
    for (one, first) in CAUSES.iter().enumerate() {
        for second in &CAUSES[one + 1..] {
            let same = first.column == second.column;
            // Values may go through one cause at a time only.
            if same && (first.rule == second.rule || is_nothing(first) != is_nothing(second)) {
                continue;
            }
            let mut left = table(400, 2);
            let mut right = left.clone();
            let counts = [
                plant(first, &mut left, &mut right, 3, 0),
                plant(second, &mut left, &mut right, if same { 3 } else { 4 }, 1),
            ];
            let (_, reasons) = told(&left, &right);
            let mut said: Vec<_> = reasons.iter().map(|r| (r.columns.clone(), r.rule.as_str(), r.rows, r.of)).collect();
            let names = types();
            let of = |own: u64| if same { counts[0] + counts[1] } else { own };
            let mut expected: Vec<_> = [(first, counts[0]), (second, counts[1])]
                .iter()
                .map(|(cause, own)| (vec![names[cause.column].name.clone()], cause.rule, *own, of(*own)))
                .collect();
            if first.rule == second.rule {
                // Of whole rows, the two together.
                let columns: Vec<String> = [first, second].map(|cause| names[cause.column].name.clone()).to_vec();
                said.retain(|one| {
                    one.0.len() == 1 || one.2 != one.3 || one.0.iter().any(|name| !columns.contains(name))
                });
            }
            said.sort();
            expected.sort();
            assert_eq!(said, expected, "{} and {}: {reasons:#?}", first.rule, second.rule);
        }
    }
}

#[test]
fn a_cause_is_found_among_other_changes() {
    for cause in &CAUSES {
        let mut left = table(3000, 3);
        let mut right = left.clone();
        let planted = plant(cause, &mut left, &mut right, 4, 0);
        let (mut random, mut edited) = (Random(9), 0);
        for at in (1..3000).step_by(8) {
            right[at] = row(at, &mut random);
            edited += 1;
        }
        let (_, reasons) = told(&left, &right);
        assert_eq!(reasons.len(), 1, "{}: {reasons:#?}", cause.rule);
        let by_chance = reasons[0].rows - planted;
        assert!(reasons[0].rule == cause.rule && by_chance * 50 <= edited, "{}: {reasons:#?}", cause.rule);
    }
}

#[test]
fn noise_tells_nothing() {
    for seed in 1..4 {
        let left = table(4000, seed);
        let fresh = table(4000, seed + 100);
        let (kinds, reasons) = told(&left, &fresh);
        assert_eq!(reasons, []);
        assert!(kinds.iter().all(|column| column.kinds == [(ValueKind::Other, column.changed)]), "{kinds:?}");
    }
}

#[test]
fn small_and_short_noise_tells_nothing() {
    let types = columns(&[
        ("id", T::Integer),
        ("letter", T::Text),
        ("digit", T::Integer),
        ("tenth", T::Decimal { precision: Some(6), scale: 2 }),
        ("sign", T::Integer),
        ("hour", T::Timestamp { precision: 6 }),
        ("may_be", T::Integer),
        ("words", T::Text),
        ("share", T::Float64),
        ("list", T::Json),
    ]);
    let row = |id: usize, random: &mut Random| -> Row {
        let letters = b"abcdefABCDEF";
        let texts = [
            id.to_string(),
            char::from(letters[random.below(12) as usize]).to_string(),
            random.below(10).to_string(),
            format!("{}.{:02}", random.below(3), random.below(100)),
            (random.below(21) as i64 - 10).to_string(),
            print_timestamp(parse_timestamp("2024-01-01").unwrap().0 + random.below(48) as i64 * HOUR, false),
            random.below(4).to_string(),
            format!("{}{}", ["", "a", "ab", "abc"][random.below(4) as usize], random.below(3)),
            format!("{}", random.below(1000) as f64 / 10f64.powi(random.below(5) as i32)),
            format!("[{},{}]", random.below(3), random.below(3)),
        ];
        let mut row: Row = texts.into_iter().map(Some).collect();
        if random.below(5) == 0 {
            row[6] = None;
        }
        row
    };
    for seed in 0..5 {
        let mut random = Random(seed);
        let left: Vec<Row> = (0..3000).map(|id| row(id, &mut random)).collect();
        let right: Vec<Row> = (0..3000).map(|id| row(id, &mut random)).collect();
        let (_, reasons) = told_as([&types, &types], &left, &right);
        assert_eq!(reasons, []);
    }
}

#[test]
fn small_changes_of_numbers_are_no_rounding() {
    let types = columns(&[("id", T::Integer), ("x", T::Decimal { precision: Some(12), scale: 2 })]);
    let mut random = Random(5);
    let value = |hundredths: u64| Some(format!("{}.{:02}", hundredths / 100, hundredths % 100));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for id in 0..5000 {
        let x = 10_000 + random.below(1_000_000);
        left.push(vec![Some(id.to_string()), value(x)]);
        right.push(vec![Some(id.to_string()), value(x + random.below(7) - 3)]);
    }
    let (_, reasons) = told_as([&types, &types], &left, &right);
    assert_eq!(reasons, []);
}

#[test]
fn a_fix_makes_the_values_equal() {
    let fixed = [
        (0, "--compare amount=tolerance:0.005"),
        (4, "--compare created=precision:s"),
        (5, "--compare name=ignore-case"),
        (6, "--compare name=trim"),
        (15, "--compare note=empty-is-null"),
    ];
    for (cause, fix) in fixed {
        let mut left = table(2000, 4);
        let mut right = left.clone();
        plant(&CAUSES[cause], &mut left, &mut right, 2, 0);
        let (_, reasons) = told(&left, &right);
        assert_eq!(reasons[0].fix.as_deref(), Some(fix));
        let (column, rule) = fix.strip_prefix("--compare ").unwrap().split_once('=').unwrap();
        let rules = vec![(column.to_owned(), vec![rule.parse().unwrap()])];
        let options = AlignOptions { rules, ..AlignOptions::default() };
        let types = types();
        let changed = compared([&types, &types], [&left, &right], &["id"], &options, |evidence| {
            evidence.differences.changed.len()
        });
        assert_eq!(changed, 0, "{fix}");
    }
    // Of values that a rule makes equal only in part, nothing is promised.
    let mut left = table(2000, 4);
    let mut right = left.clone();
    plant(&CAUSES[6], &mut left, &mut right, 2, 0);
    right[1][NAME] = left[1][NAME].as_ref().map(|name| name.replacen(' ', "  ", 1));
    let (_, reasons) = told(&left, &right);
    assert_eq!((reasons[0].rows, reasons[0].fix.as_deref()), (1001, None));
}

#[test]
fn whole_rows_are_told_of_first() {
    let left = table(2000, 7);
    let mut right = left.clone();
    for at in (0..2000).step_by(2) {
        for column in [AMOUNT, PRICE] {
            let value: f64 = left[at][column].as_ref().unwrap().parse().unwrap();
            right[at][column] = Some(format!("{value:.1}"));
        }
        right[at][FLAG] =
            right[at][FLAG].as_ref().map(|flag| if at % 10 == 0 { (flag != "true").to_string() } else { flag.clone() });
        right[at][DAY] = left[at][DAY].clone();
    }
    let (_, reasons) = told(&left, &right);
    assert_eq!((reasons[0].rows, reasons[0].of), (800, 1000));
    assert_eq!(reasons[0].text, "800 of 1,000 changed rows differ only by rounding of `amount` and `price`.");
    assert_eq!(reasons[0].fix.as_deref(), Some("--compare amount=tolerance:0.05 --compare price=tolerance:0.051"));
    assert_eq!(reasons.len(), 3);
}
