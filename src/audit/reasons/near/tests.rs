//! Causes planted in random tables are found with their numbers, and nothing is found in noise.

use super::super::evidence::{Deadline, Evidence};
use super::super::reason::{Kind, Reason};
use super::count::{Counted, count};
use super::replaced::differing;
use crate::compare::{CompareOptions, Side, compare_all};
use crate::endpoint::{ExportBatch, Interrupt};
use crate::snapshot::{IndexOptions, Parts, Recipe, RowsWriter, Silent, index_parts, portable_schema};
use crate::table::{
    AlignOptions, Alignment, Column, Key, KeyChoice, PortableBuilder, PortableType as T, TableInfo, print_timestamp,
};
use std::path::Path;

type Rows = Vec<Vec<String>>;

/// Numbers that are the same in every run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn word(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..length).map(|_| letters[self.below(letters.len() as u64) as usize]).collect()
    }

    fn shuffle<X>(&mut self, list: &mut [X]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// Writes rows in ten files, each of which is read by itself.
fn write(path: &Path, columns: &[Column], rows: &Rows) -> Parts {
    let pieces = rows.chunks(rows.len().div_ceil(10).max(1)).enumerate().map(|(piece, rows)| {
        let built = columns.iter().enumerate().map(|(at, column)| {
            let mut builder = PortableBuilder::new(&column.ty);
            rows.iter().for_each(|row| builder.parse(&row[at]));
            builder.finish()
        });
        let batch = ExportBatch::new(&portable_schema(columns.iter()), built.collect()).unwrap();
        let path = path.with_extension(format!("{piece}.parquet"));
        let mut writer = RowsWriter::create(&path, columns).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        path
    });
    Parts::open(&pieces.collect::<Vec<_>>(), columns).unwrap()
}

/// Looks at two tables with these columns, of which the first few are the key; of the left one only
/// at so many rows.
fn looked_at<X>(
    columns: &[(&str, T)],
    key: usize,
    rows: [&Rows; 2],
    left_rows: usize,
    look: impl Fn(&Evidence<'_>) -> X,
) -> X {
    let folder = tempfile::tempdir().unwrap();
    let columns: Vec<Column> = columns.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect();
    let table = TableInfo { columns: columns.clone(), ..TableInfo::default() };
    let alignment = Alignment::new(&table, &table, &AlignOptions::default()).unwrap();
    let key = Key { pairs: (0..key).collect(), chosen: KeyChoice::Given };
    let parts = [0, 1].map(|side| write(&folder.path().join(format!("{side}.parquet")), &columns, rows[side]));
    let first = write(&folder.path().join("first.parquet"), &columns, &rows[0][..left_rows].to_vec());
    let recipes = Recipe::of(&alignment, &key);
    let interrupt = Interrupt::default();
    let work = folder.path().join("work");
    let indexes = [0, 1].map(|side| {
        let options =
            IndexOptions { filter: None, folder: &work, memory: 1 << 30, interrupt: &interrupt, progress: &Silent };
        index_parts(if side == 0 { &first } else { &parts[1] }, &recipes[side], &options).unwrap()
    });
    let side = |at: usize| Side { parts: &parts[at], index: &indexes[at] };
    let options = CompareOptions { memory: 1 << 30, samples: 5, interrupt: interrupt.clone(), progress: &Silent };
    let (comparison, differences) = compare_all(side(0), side(1), &alignment, &key, &options).unwrap();
    look(&Evidence {
        parts: [&parts[0], &parts[1]],
        indexes: [&indexes[0], &indexes[1]],
        tables: [&table, &table],
        alignment: &alignment,
        key: &key,
        differences: &differences,
        counts: comparison.sides,
        memory: 1 << 30,
        interrupt,
        deadline: Deadline::NEVER,
    })
}

/// What is found in two tables.
fn found(columns: &[(&str, T)], key: usize, rows: [&Rows; 2]) -> Vec<Reason> {
    looked_at(columns, key, rows, rows[0].len(), |evidence| super::near_keys(evidence).unwrap().reasons)
}

fn said(reasons: &[Reason]) -> Vec<(String, u64)> {
    reasons.iter().map(|reason| (reason.rule.clone(), reason.rows)).collect()
}

/// Values that together tell rows apart and one by one, or two by two, don't.
const VALUES: [(&str, T); 5] =
    [("city", T::Text), ("amount", T::Integer), ("day", T::Integer), ("kind", T::Text), ("size", T::Integer)];

fn values(random: &mut Random) -> Vec<String> {
    vec![
        format!("city {}", random.below(30)),
        random.below(50).to_string(),
        random.below(40).to_string(),
        format!("kind {}", random.below(20)),
        random.below(30).to_string(),
    ]
}

fn text_key(random: &mut Random) -> String {
    format!("{}-{}x{}", random.word(LETTERS, 6), 1000 + random.below(9000), random.word(LETTERS, 3))
}

const CAUSES: [&str; 10] = [
    "trim",
    "case",
    "accents",
    "leading-zeros",
    "punctuation",
    "number",
    "uuid",
    "time-shift",
    "spelling",
    "same-values",
];

/// A key and how it is spelled on the right.
fn plant(cause: &str, random: &mut Random) -> [String; 2] {
    let key = text_key(random);
    match cause {
        "trim" => [key.clone(), format!("{key}  ")],
        "case" => [key.to_uppercase(), key],
        "accents" => [format!("{key}é"), format!("{key}e")],
        "leading-zeros" => [format!("00{key}"), key],
        "punctuation" => [key.clone(), key.replace('-', "")],
        "number" => {
            let number = 1_000_000 + random.below(1_000_000_000);
            [format!("{number}.0"), number.to_string()]
        }
        "uuid" => {
            let hex = random.word("0123456789abcdef", 32);
            let dashed = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
            [format!("{{{dashed}}}"), hex]
        }
        "time-shift" => {
            let micros = (random.below(400_000_000) * 1_000_000) as i64;
            [print_timestamp(micros, false), print_timestamp(micros + 2 * 3_600_000_000, false)]
        }
        "spelling" => {
            let at = random.below(6) as usize;
            let mut wrong: Vec<char> = key.chars().collect();
            wrong[at] = if wrong[at] == 'q' { 'z' } else { 'q' };
            [key, wrong.into_iter().collect()]
        }
        _ => [key, text_key(random)],
    }
}

/// Two tables of 2,000 common rows, some that are on one side only for no reason, and some for
/// each cause.
fn tables(seed: u64, causes: &[(&str, usize)]) -> [Rows; 2] {
    let mut random = Random(seed);
    let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
    let row = |key: String, values: &[String]| [&[key], values].concat();
    for _ in 0..2000 {
        let (key, values) = (text_key(&mut random), values(&mut random));
        sides.iter_mut().for_each(|side| side.push(row(key.clone(), &values)));
    }
    for (side, many) in [(0, 150), (1, 120)] {
        for _ in 0..many {
            let (key, values) = (text_key(&mut random), values(&mut random));
            sides[side].push(row(key, &values));
        }
    }
    for (cause, rows) in causes {
        for _ in 0..*rows {
            let [left, right] = plant(cause, &mut random);
            let values = values(&mut random);
            sides[0].push(row(left, &values));
            sides[1].push(row(right, &values));
        }
    }
    sides.iter_mut().for_each(|side| random.shuffle(side));
    sides
}

fn keyed_by_text() -> Vec<(&'static str, T)> {
    [&[("code", T::Text)], &VALUES[..]].concat()
}

#[test]
fn each_cause_is_found_alone() {
    for (seed, cause) in CAUSES.iter().enumerate() {
        let [left, right] = tables(seed as u64 + 1, &[(cause, 87)]);
        let reasons = found(&keyed_by_text(), 1, [&left, &right]);
        assert_eq!(said(&reasons), vec![((*cause).to_owned(), 87)], "{cause}: {reasons:#?}");
        assert_eq!(reasons[0].of, 237, "{cause}");
        assert_eq!(reasons[0].columns, vec!["code"], "{cause}");
        assert_eq!(reasons[0].examples.len(), 5, "{cause}");
    }
}

#[test]
fn each_two_causes_are_found_together() {
    for (at, one) in CAUSES.iter().enumerate() {
        for (to, other) in CAUSES.iter().enumerate().skip(at + 1) {
            let [left, right] = tables((at * 100 + to) as u64, &[(one, 60), (other, 45)]);
            let mut said = said(&found(&keyed_by_text(), 1, [&left, &right]));
            said.sort();
            let mut planted = vec![((*one).to_owned(), 60), ((*other).to_owned(), 45)];
            planted.sort();
            assert_eq!(said, planted);
        }
    }
}

#[test]
fn sentences_and_fixes() {
    let one = |cause: &str| {
        let [left, right] = tables(99, &[(cause, 87)]);
        let reasons = found(&keyed_by_text(), 1, [&left, &right]);
        (reasons[0].text.clone(), reasons[0].fix.clone().unwrap_or_default())
    };
    let (text, fix) = one("trim");
    assert_eq!(text, "87 of 237 left-only keys match a right-only key once trailing spaces are removed.");
    assert_eq!(fix, "--compare code=trim");
    let (text, fix) = one("case");
    assert_eq!(text, "87 of 237 left-only keys match a right-only key once case is ignored.");
    assert_eq!(fix, "--compare code=ignore-case");
    let (text, fix) = one("time-shift");
    assert_eq!(text, "87 of 237 left-only keys match a right-only key whose `code` is 2 hours later.");
    assert_eq!(fix, "");
    let (text, _) = one("same-values");
    assert_eq!(
        text,
        "87 of 237 left-only rows have the same values in all 5 other columns as a right-only row under another key."
    );
}

#[test]
fn a_few_keys_are_enough_where_all_others_are_told_apart() {
    for cause in ["trim", "case", "punctuation", "spelling", "same-values"] {
        let [left, right] = tables(7, &[(cause, 6)]);
        let reasons = found(&keyed_by_text(), 1, [&left, &right]);
        let expected: &[(&str, u64)] = &[(cause, 6)];
        let said = said(&reasons);
        assert_eq!(said.iter().map(|(rule, rows)| (rule.as_str(), *rows)).collect::<Vec<_>>(), expected, "{cause}");
    }
}

#[test]
fn one_part_of_the_key_differs() {
    let mut random = Random(5);
    let columns = [&[("region", T::Text), ("number", T::Integer)], &VALUES[..]].concat();
    let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
    for number in 0..3000u64 {
        let region = ["EU", "US", "ASIA"][random.below(3) as usize].to_owned();
        let values = values(&mut random);
        let row = |region: &str| [&[region.to_owned(), number.to_string()], &values[..]].concat();
        match number % 20 {
            0 => sides[random.below(2) as usize].push(row(&region)),
            1 => {
                sides[0].push(row("EU"));
                sides[1].push(row("EMEA"));
            }
            _ => sides.iter_mut().for_each(|side| side.push(row(&region))),
        }
    }
    let reasons = found(&columns, 2, [&sides[0], &sides[1]]);
    let near: Vec<&Reason> = reasons.iter().filter(|reason| reason.kind == Kind::NearKey).collect();
    assert_eq!(near.len(), 1, "{reasons:#?}");
    assert_eq!((near[0].rule.as_str(), near[0].rows), ("part", 150));
    assert_eq!(near[0].columns, vec!["region"]);
    assert_eq!(near[0].examples[0].right.as_deref(), Some("EMEA"));
}

#[test]
fn values_but_one_under_another_key() {
    let mut random = Random(12);
    let [mut left, mut right] = tables(11, &[]);
    for _ in 0..80 {
        let values = values(&mut random);
        let mut changed = values.clone();
        changed[1] = (1000 + random.below(1000)).to_string();
        left.push([&[text_key(&mut random)], &values[..]].concat());
        right.push([&[text_key(&mut random)], &changed[..]].concat());
    }
    let reasons = found(&keyed_by_text(), 1, [&left, &right]);
    assert_eq!(said(&reasons), vec![("same-values".to_owned(), 80)], "{reasons:#?}");
    assert!(reasons[0].text.contains("in all 5 other columns but one as"), "{}", reasons[0].text);
}

/// Rows that are lost on either side at random.
fn losing(rows: Rows, seed: u64, percent: u64) -> [Rows; 2] {
    let mut random = Random(seed);
    let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
    for row in rows {
        for side in &mut sides {
            if random.below(100) >= percent {
                side.push(row.clone());
            }
        }
    }
    sides
}

#[test]
fn nothing_is_found_in_noise() {
    noise(&[(1, 3), (2, 20), (3, 50)]);
}

/// Looks at tables of which this part, in percent, is lost on either side at random.
fn noise(losses: &[(u64, u64)]) {
    const CODES: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    type Make = fn(u64, &mut Random) -> Vec<String>;
    let text = || vec![("code", T::Text)];
    type Kind = (&'static str, Vec<(&'static str, T)>, Make);
    let tables: [Kind; 10] = [
        ("numbers one after the other", vec![("id", T::Integer)], |at, _| vec![at.to_string()]),
        ("the same as text", text(), |at, _| vec![at.to_string()]),
        ("random numbers as text", text(), |at, random| vec![(at + random.below(2) * 5000).to_string()]),
        ("numbers behind a word", text(), |at, _| vec![format!("item-{at:05}")]),
        ("short codes", text(), |at, _| {
            let code: Vec<char> = CODES.chars().collect();
            vec![(0..3).map(|i| code[(at * 40_503 / [1, 62, 3844][i] % 62) as usize]).collect()]
        }),
        ("words of few letters", text(), |at, _| {
            vec![
                (0..8).map(|i| if at >> i & 1 == 1 { 'a' } else { 'b' }).collect::<String>()
                    + &"cd".repeat(at as usize / 256 % 16),
            ]
        }),
        ("lines of orders", vec![("order", T::Integer), ("line", T::Integer)], |at, _| {
            vec![(at / 5).to_string(), (at % 5).to_string()]
        }),
        ("every hour", vec![("at", T::Timestamp { precision: 0 })], |at, _| {
            vec![print_timestamp(at as i64 * 3_600_000_000, false)]
        }),
        ("every day", vec![("at", T::Date)], |at, _| vec![crate::table::print_date(at as i64)]),
        ("sensors every hour", vec![("sensor", T::Text), ("at", T::Timestamp { precision: 0 })], |at, _| {
            vec![format!("s{}", at % 7), print_timestamp((at / 7) as i64 * 3_600_000_000, false)]
        }),
    ];
    for (name, key, make) in tables {
        for (seed, percent) in losses.iter().copied() {
            let mut random = Random(seed);
            let rows: Rows = (0..4000u64).map(|at| [make(at, &mut random), values(&mut random)].concat()).collect();
            let mut keys = std::collections::HashSet::new();
            let rows = rows.into_iter().filter(|row| keys.insert(row[..key.len()].to_vec())).collect();
            let [left, right] = losing(rows, seed + 50, percent);
            let columns = [&key[..], &VALUES[..]].concat();
            let reasons = found(&columns, key.len(), [&left, &right]);
            assert!(reasons.is_empty(), "{name}, {percent} %: {reasons:#?}");
        }
    }
}

#[test]
fn a_column_that_merely_counts_is_no_reason() {
    // Two tables that have nothing in common but a column that counts from 1.
    let mut random = Random(3);
    let columns = [("code", T::Text), ("n", T::Integer), ("kind", T::Text), ("size", T::Integer)];
    let mut side = || -> Rows {
        (0..1500)
            .map(|n| {
                let kind = format!("kind {}", random.below(3));
                vec![text_key(&mut random), n.to_string(), kind, random.below(20).to_string()]
            })
            .collect()
    };
    let (left, right) = (side(), side());
    let reasons = found(&columns, 1, [&left, &right]);
    assert!(reasons.is_empty(), "{reasons:#?}");
}

#[test]
fn another_column_matches_more() {
    let mut random = Random(21);
    let columns = [&[("id", T::Integer), ("email", T::Text)], &VALUES[..]].concat();
    let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
    for id in 0..2000u64 {
        let mut row = vec![id.to_string(), format!("{}@example.org", text_key(&mut random))];
        row.extend(values(&mut random));
        if id % 500 != 0 {
            sides[0].push(row.clone());
        }
        if id >= 100 {
            row[0] = (id + 100_000).to_string();
        }
        if id % 700 != 1 {
            sides[1].push(row);
        }
    }
    let reasons = found(&columns, 1, [&sides[0], &sides[1]]);
    let better = reasons.iter().find(|reason| reason.kind == Kind::BetterKey).unwrap();
    assert_eq!(
        better.text,
        "`email` is unique on both sides and would match 1,993 of 1,996 left rows; `id` matches 98."
    );
    assert_eq!((better.rule.as_str(), better.rows, better.of), ("email", 1993, 1996));
    assert_eq!(better.fix.as_deref(), Some("--key email"));
}

#[test]
fn two_columns_together_match_more() {
    let mut random = Random(22);
    let columns = [&[("id", T::Integer), ("first", T::Text), ("last", T::Text)], &VALUES[..]].concat();
    let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
    for id in 0..2000u64 {
        let names = [format!("first {}", id % 50), format!("last {}", id / 50)];
        let values = values(&mut random);
        sides[0].push([&[id.to_string()], &names[..], &values[..]].concat());
        sides[1].push([&[(id + 100_000).to_string()], &names[..], &values[..]].concat());
    }
    let reasons = found(&columns, 1, [&sides[0], &sides[1]]);
    let better = reasons.iter().find(|reason| reason.kind == Kind::BetterKey).unwrap();
    assert_eq!(
        better.text,
        "`first` and `last` together are unique on both sides and would match 2,000 of 2,000 rows; `id` matches 0."
    );
    assert_eq!(better.fix.as_deref(), Some("--key first --key last"));
}

#[test]
fn only_rows_that_take_part_are_counted() {
    let rows: Rows = (0..100).map(|at| vec![at.to_string(), (at / 2).to_string()]).collect();
    let counted = looked_at(&[("id", T::Integer), ("half", T::Integer)], 1, [&rows, &rows], 60, |evidence| {
        [0, 1].map(|pair| count(evidence, &[pair], 0.0).unwrap().unwrap())
    });
    let of = |distinct, meets| Counted { rows: [60, 100], nulls: [0, 0], distinct, meets };
    assert_eq!(counted, [of([60, 100], 60), of([30, 50], 0)]);
}

/// Where equal rows are read on one side only, the numbers are those of reading both.
#[test]
fn counts_are_those_of_both_sides() {
    let mut random = Random(41);
    for _ in 0..20 {
        let columns = [("id", T::Integer), ("one", T::Integer), ("two", T::Text)];
        let row =
            |id: u64, random: &mut Random| vec![id.to_string(), random.below(2000).to_string(), random.word("abc", 3)];
        let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
        for id in 0..1000u64 {
            let left = row(id, &mut random);
            let right = match random.below(20) {
                0 => row(id + 5000, &mut random),
                1 => row(id, &mut random),
                _ => left.clone(),
            };
            let lost = random.below(60);
            sides[0].extend((lost != 0).then_some(left));
            sides[1].extend((lost != 1).then_some(right));
        }
        random.shuffle(&mut sides[1]);
        let expected = [&[0][..], &[1], &[2], &[1, 2], &[0, 2]].map(|key| {
            let counts = sides.each_ref().map(|rows| {
                let mut counts = std::collections::HashMap::new();
                for row in rows {
                    *counts.entry(key.iter().map(|at| &row[*at]).collect::<Vec<_>>()).or_insert(0) += 1;
                }
                counts
            });
            let meets =
                counts[0].iter().filter(|(value, many)| **many == 1 && counts[1].get(*value) == Some(&1)).count();
            Counted {
                rows: sides.each_ref().map(|rows| rows.len() as u64),
                nulls: [0; 2],
                distinct: counts.each_ref().map(|counts| counts.len() as u64),
                meets: meets as u64,
            }
        });
        looked_at(&columns, 1, [&sides[0], &sides[1]], sides[0].len(), |evidence| {
            for (key, expected) in [&[0][..], &[1], &[2], &[1, 2], &[0, 2]].into_iter().zip(expected) {
                assert!(differing(evidence, key).is_some());
                assert_eq!(count(evidence, key, 0.0).unwrap(), Some(expected));
                // Whether too few are distinct may show early, but is said exactly.
                let few = (expected.distinct[0] as f64) < 0.99 * expected.rows[0] as f64;
                assert_eq!(count(evidence, key, 0.99).unwrap(), (!few).then_some(expected));
            }
        });
    }
}

#[test]
fn summer_and_winter_time() {
    let mut random = Random(31);
    let columns = [&[("at", T::Timestamp { precision: 0 })], &VALUES[..]].concat();
    let mut sides: [Rows; 2] = [Vec::new(), Vec::new()];
    for at in 0..1500 {
        let micros = (random.below(30_000_000) * 1_000_000) as i64;
        let values = values(&mut random);
        let hours = if at % 3 == 0 { 1 } else { 2 };
        for (side, hours) in [(0, hours), (1, 0)] {
            let time = print_timestamp(micros + hours * 3_600_000_000, false);
            sides[side].push([&[time], &values[..]].concat());
        }
    }
    let reasons = found(&columns, 1, [&sides[0], &sides[1]]);
    assert_eq!(said(&reasons), vec![("time-shift".to_owned(), 1500)]);
    assert_eq!(
        reasons[0].text,
        "1,500 of 1,500 left-only keys match a right-only key whose `at` is 1 or 2 hours earlier."
    );
}
