//! Planted causes are named first with the right counts; noise is not named at all.

use super::Clusters;
use crate::audit::reasons::testing::{Random, Row, parts};
use crate::audit::reasons::{Deadline, Evidence, Reason, ReasonSide};
use crate::compare::{CompareOptions, Side, compare_all};
use crate::endpoint::Interrupt;
use crate::snapshot::{IndexOptions, Recipe, RowFilter, Silent, index_parts};
use crate::table::{AlignOptions, Alignment, Column, Key, KeyChoice, PortableType as T, TableInfo, parse_timestamp};

/// The columns of a row.
fn columns() -> Vec<Column> {
    let types = [
        ("id", T::Integer),
        ("source", T::Text),
        ("sku", T::Text),
        ("country", T::Text),
        ("price", T::Decimal { precision: Some(12), scale: 2 }),
        ("ratio", T::Float64),
        ("created_at", T::Timestamp { precision: 6 }),
        ("day", T::Date),
        ("active", T::Boolean),
        ("email", T::Text),
        ("note", T::Text),
    ];
    types.into_iter().map(|(name, ty)| Column::new(name, ty, "x")).collect()
}

const EMAIL: usize = 9;
const NOTE: usize = 10;

/// A table of random rows; ids have gaps.
fn table(rows: usize, random: &mut Random) -> Vec<Row> {
    let mut id = 0;
    let start = parse_timestamp("2024-01-01").unwrap().0;
    let day = 86_400_000_000u64;
    (0..rows)
        .map(|_| {
            id += 1 + random.below(3);
            let source = ["web", "web", "web", "app", "app", "shop", "import"][random.below(7) as usize];
            let sku = format!(
                "{}-{:05}",
                ["DE", "FR", "US", "UK", "IT", "ES"][random.below(6) as usize],
                random.below(99_999)
            );
            let country = ["DE", "FR", "US", "UK", "IT", "ES", "PL", "NL", "BE", "SE"][random.below(10) as usize];
            let at = start + random.below(120 * day) as i64;
            let texts = [
                id.to_string(),
                source.to_owned(),
                sku,
                country.to_owned(),
                format!("{}.{:02}", random.below(900), random.below(100)),
                (random.below(1_000_000) as f64 / 7.0).to_string(),
                crate::table::print_timestamp(at, false),
                crate::table::print_date(19_000 + random.below(1000) as i64),
                (random.below(2) == 0).to_string(),
                format!("user{}@example.org", random.below(1_000_000)),
                format!("note {}", random.below(500)),
            ];
            let mut row: Row = texts.into_iter().map(Some).collect();
            if random.one_in(20) {
                row[EMAIL] = None;
            }
            row
        })
        .collect()
}

/// Compares two tables by `id` and looks for clusters. `filter` is a condition that chooses rows.
fn found_with(columns: [&[Column]; 2], rows: [&[Row]; 2], filter: Option<&str>) -> Vec<Reason> {
    let folder = tempfile::tempdir().unwrap();
    let sides = [0, 1].map(|side| parts(&folder.path().join(format!("{side}.parquet")), columns[side], rows[side]));
    let tables = columns.map(|columns| TableInfo { columns: columns.to_vec(), ..TableInfo::default() });
    let alignment = Alignment::new(&tables[0], &tables[1], &AlignOptions::default()).unwrap();
    let key = Key { pairs: vec![alignment.position("id").unwrap()], chosen: KeyChoice::Given };
    let recipes = Recipe::of(&alignment, &key);
    let indexes = [0, 1].map(|side| {
        let filter = filter.map(|sql| RowFilter::new(sql, "t", columns[side]).unwrap());
        let options = IndexOptions {
            filter: filter.as_ref(),
            folder: folder.path(),
            memory: 1 << 30,
            interrupt: &Interrupt::default(),
            progress: &Silent,
        };
        index_parts(&sides[side], &recipes[side], &options).unwrap()
    });
    let options = CompareOptions { memory: 1 << 30, samples: 5, interrupt: Interrupt::default(), progress: &Silent };
    let side = |at: usize| Side { parts: &sides[at], index: &indexes[at] };
    let (comparison, differences) = compare_all(side(0), side(1), &alignment, &key, &options).unwrap();
    let reasons = Clusters::find(&Evidence {
        parts: [&sides[0], &sides[1]],
        indexes: [&indexes[0], &indexes[1]],
        tables: [&tables[0], &tables[1]],
        alignment: &alignment,
        key: &key,
        differences: &differences,
        counts: comparison.sides,
        memory: 1 << 30,
        interrupt: Interrupt::default(),
        deadline: Deadline::NEVER,
    })
    .unwrap()
    .found;
    for reason in &reasons {
        println!("{} [{}] {} of {}", reason.text, reason.rule, reason.rows, reason.of);
        // What the rule says as SQL is what was counted.
        let side = usize::from(reason.side == ReasonSide::Right);
        let positions: Vec<u64> = match reason.side {
            ReasonSide::Both => differences.changed.iter().map(|(left, _)| *left).collect(),
            _ => differences.only[side].clone(),
        };
        let all: Vec<usize> = (0..columns[side].len()).collect();
        let batch = sides[side].fetch(&all, &positions).unwrap();
        let chosen = RowFilter::new(&reason.rule, "t", columns[side]).unwrap().choose(&batch).unwrap();
        let foreign = batch.others.len(); // They are NULL to the filter.
        assert!(chosen.true_count() as u64 - reason.rows <= foreign as u64, "{}", reason.rule);
        assert_eq!(positions.len() as u64, reason.of);
    }
    reasons
}

fn found(left: &[Row], right: &[Row]) -> Vec<Reason> {
    found_with([&columns(), &columns()], [left, right], None)
}

/// What reasons say: whose rows, the rule, and how many of how many.
fn said(reasons: &[Reason]) -> Vec<(ReasonSide, &str, u64, u64)> {
    reasons.iter().map(|reason| (reason.side, reason.rule.as_str(), reason.rows, reason.of)).collect()
}

fn text(row: &Row, column: usize) -> &str {
    row[column].as_deref().unwrap_or("")
}

fn id(row: &Row) -> u64 {
    text(row, 0).parse().unwrap()
}

fn price(row: &Row) -> f64 {
    text(row, 4).parse().unwrap()
}

/// A cause: the rule to be found, and which rows it takes.
type Cause = (&'static str, fn(&Row) -> bool);

/// One of each kind.
const CAUSES: [Cause; 11] = [
    ("created_at >= '2024-03-10 02:00:00' AND created_at < '2024-03-10 04:00:00'", |row| {
        ["2024-03-10 02:", "2024-03-10 03:"].iter().any(|hour| text(row, 6).starts_with(hour))
    }),
    ("id >= 30000 AND id < 32000", |row| (30_000..32_000).contains(&id(row))),
    ("source = 'import'", |row| text(row, 1) == "import"),
    ("sku LIKE 'DE-%'", |row| text(row, 2).starts_with("DE-")),
    ("email IS NULL", |row| row[EMAIL].is_none()),
    ("source = 'app' AND country = 'PL'", |row| text(row, 3) == "PL" && text(row, 1) == "app"),
    ("day >= '2023-05-01' AND day < '2023-06-01'", |row| text(row, 7).starts_with("2023-05-")),
    ("price >= 880", |row| price(row) >= 880.0),
    ("country = 'PL' AND price < 100", |row| text(row, 3) == "PL" && price(row) < 100.0),
    ("created_at >= '2024-04-01 00:00:00' AND created_at < '2024-04-02 00:00:00'", |row| {
        text(row, 6).starts_with("2024-04-01")
    }),
    ("ratio < 1000", |row| text(row, 5).parse::<f64>().unwrap() < 1000.0),
];

const ROWS: usize = 100_000;

/// Changes a value that no cause is about.
fn change(row: &Row) -> Row {
    let mut row = row.clone();
    row[NOTE] = Some("changed".to_owned());
    row
}

fn count(rows: &[Row], takes: impl Fn(&Row) -> bool) -> u64 {
    rows.iter().filter(|row| takes(row)).count() as u64
}

#[test]
fn a_planted_cause_is_named_with_its_counts() {
    for at in 0..CAUSES.len() {
        // Three causes at once, each for rows of its own.
        let causes = [0, 4, 8].map(|next| CAUSES[(at + next) % CAUSES.len()]);
        let mut random = Random(at as u64);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut rows: [Vec<Row>; 3] = Default::default();
        for row in table(ROWS, &mut random) {
            // A few rows differ for no reason.
            let which = (0..3).find(|which| causes[*which].1(&row) || random.one_in(20_000));
            if which != Some(1) {
                left.push(row.clone());
            }
            match which {
                Some(0) => {}
                Some(2) => right.push(change(&row)),
                _ => right.push(row.clone()),
            }
            if let Some(which) = which {
                rows[which].push(row);
            }
        }
        let reasons = found(&left, &right);
        let sides = [ReasonSide::Left, ReasonSide::Both, ReasonSide::Right];
        let expected =
            [0, 2, 1].map(|which| (causes[which].0, count(&rows[which], causes[which].1), rows[which].len() as u64));
        let expected: Vec<_> =
            sides.into_iter().zip(expected).map(|(side, (rule, rows, of))| (side, rule, rows, of)).collect();
        assert_eq!(said(&reasons), expected, "cause {at}");
    }
}

#[test]
fn two_planted_causes_are_both_named() {
    let pairs = [(0, 1), (1, 3), (2, 5), (3, 7), (4, 5), (5, 7), (6, 9), (7, 10), (8, 9), (9, 10), (10, 1)];
    for (at, pair) in pairs.into_iter().enumerate() {
        let causes = [pair.0, pair.1].map(|cause| CAUSES[cause]);
        let mut random = Random(100 + at as u64);
        let left = table(ROWS, &mut random);
        let (gone, right): (Vec<Row>, Vec<Row>) =
            left.iter().cloned().partition(|row| causes[0].1(row) || causes[1].1(row) || random.one_in(20_000));
        let reasons = found(&left, &right);
        let mut expected = causes.map(|(rule, takes)| (ReasonSide::Left, rule, count(&gone, takes), gone.len() as u64));
        let mut said = said(&reasons);
        // Which of two that are almost as large comes first, does not matter.
        expected.sort_by(|one, other| one.1.cmp(other.1));
        said.sort_by(|one, other| one.1.cmp(other.1));
        assert_eq!(said, expected, "causes of {at}");
    }
}

#[test]
fn a_cause_that_takes_only_some_is_named_too() {
    for at in (0..CAUSES.len()).step_by(2) {
        let (rule, takes) = CAUSES[at];
        let mut random = Random(200 + at as u64);
        let left = table(ROWS, &mut random);
        let (gone, right): (Vec<Row>, Vec<Row>) = left.iter().cloned().partition(|row| takes(row) && !random.one_in(3));
        let reasons = found(&left, &right);
        let many = gone.len() as u64;
        let [(side, said, rows, of)] = said(&reasons)[..] else { panic!("{reasons:?}") };
        assert_eq!((side, of), (ReasonSide::Left, many));
        // Where the ends of a range are missing, the range is what is left; it holds (nearly) all.
        assert!(said == rule && rows == many || rule.contains('<') && rows * 100 >= many * 98, "{said} for {rule}");
    }
}

#[test]
fn chance_is_not_named() {
    let mut random = Random(7);
    for round in 0..400 {
        let many = 30 + random.below(1000) as usize;
        let rows = table(many, &mut random);
        let (gone, extra, changed) = (2 + random.below(30), 2 + random.below(30), 2 + random.below(10));
        let mut left = Vec::new();
        let mut right = Vec::new();
        for row in rows {
            if !random.one_in(extra) {
                left.push(row.clone());
            }
            if !random.one_in(gone) {
                right.push(if random.one_in(changed) { change(&row) } else { row });
            }
        }
        let reasons = found(&left, &right);
        assert!(reasons.is_empty(), "round {round}: {}", reasons[0].text);
    }
}

#[test]
fn chance_is_not_named_in_a_large_table() {
    let mut random = Random(8);
    let left = table(ROWS, &mut random);
    let right: Vec<Row> = left.iter().filter(|_| !random.one_in(50)).map(|row| row.to_owned()).collect();
    let right: Vec<Row> = right.iter().map(|row| if random.one_in(30) { change(row) } else { row.clone() }).collect();
    assert_eq!(said(&found(&left, &right)), []);
}

#[test]
fn bounds_that_are_not_round_are_kept() {
    let mut random = Random(17);
    let mut left = table(20_000, &mut random);
    (1..).zip(&mut left).for_each(|(at, row)| row[0] = Some(format!("{at}")));
    let right: Vec<Row> = left.iter().filter(|row| !(7_001..=9_332).contains(&id(row))).cloned().collect();
    assert_eq!(said(&found(&left, &right)), [(ReasonSide::Left, "id >= 7001 AND id <= 9332", 2332, 2332)]);
}

#[test]
fn what_the_missing_rows_have_not_is_named() {
    let mut random = Random(9);
    let mut left = table(5000, &mut random);
    // Most rows are of one country, and only that country was loaded.
    left.iter_mut().for_each(|row| {
        if !random.one_in(5) {
            row[3] = Some("DE".to_owned());
        }
    });
    let right: Vec<Row> = left.iter().filter(|row| text(row, 3) == "DE").cloned().collect();
    let many = (left.len() - right.len()) as u64;
    let reasons = found(&left, &right);
    assert_eq!(said(&reasons), [(ReasonSide::Left, "country <> 'DE'", many, many)]);
    let text = format!("All {many} left-only rows have `country` other than 'DE' (none of the others).");
    assert_eq!(reasons[0].text, text);
}

#[test]
fn correlated_columns_give_one_reason() {
    let mut random = Random(10);
    let mut left = table(20_000, &mut random);
    // Ids were given in the order of time, and a load in one hour had a source of its own.
    for (at, row) in left.iter_mut().enumerate() {
        let start = parse_timestamp("2024-02-01").unwrap().0;
        row[6] = Some(crate::table::print_timestamp(start + at as i64 * 10_000_000, false));
        if text(row, 6).starts_with("2024-02-02 05:") {
            row[1] = Some("bulk".to_owned());
        }
    }
    let right: Vec<Row> = left.iter().filter(|row| text(row, 1) != "bulk").cloned().collect();
    assert_eq!(said(&found(&left, &right)), [(ReasonSide::Left, "source = 'bulk'", 360, 360)]);
}

#[test]
fn a_column_that_did_not_change_is_preferred() {
    let mut random = Random(11);
    let mut left = table(5000, &mut random);
    for row in &mut left {
        row[NOTE] = Some(if text(row, 1) == "import" { "raw" } else { "clean" }.to_owned());
    }
    let right: Vec<Row> =
        left.iter().map(|row| if text(row, NOTE) == "raw" { change(row) } else { row.clone() }).collect();
    let many = count(&left, |row| text(row, 1) == "import");
    assert_eq!(said(&found(&left, &right)), [(ReasonSide::Both, "source = 'import'", many, many)]);
    // But without a better one, it is named.
    left.iter_mut().for_each(|row| row[1] = None);
    let right: Vec<Row> =
        left.iter().map(|row| if text(row, NOTE) == "raw" { change(row) } else { row.clone() }).collect();
    assert_eq!(said(&found(&left, &right)), [(ReasonSide::Both, "note = 'raw'", many, many)]);
}

#[test]
fn rows_that_are_left_out_do_not_count() {
    let mut random = Random(12);
    let left = table(5000, &mut random);
    let takes = |row: &Row| text(row, 3) == "SE" && text(row, 8) == "true";
    let right: Vec<Row> = left.iter().filter(|row| !takes(row)).cloned().collect();
    let many = count(&left, takes);
    // Among all rows it takes both; among those that are chosen, the country alone says it.
    let columns = columns();
    let reasons = found_with([&columns, &columns], [&left, &right], Some("active = true"));
    assert_eq!(said(&reasons), [(ReasonSide::Left, "country = 'SE'", many, many)]);
    assert!(reasons[0].text.ends_with("(none of the others)."), "{}", reasons[0].text);
}

#[test]
fn rows_without_a_key_and_doubled_ones_do_not_count() {
    let mut random = Random(13);
    let mut left = table(2000, &mut random);
    let right: Vec<Row> = left.iter().filter(|row| text(row, 3) != "SE").cloned().collect();
    let many = count(&left, |row| text(row, 3) == "SE");
    // Many more of that country have no key, or are there twice.
    for at in 0..3000u64 {
        let mut row = left[0].clone();
        row[3] = Some("SE".to_owned());
        row[0] = (at % 3 > 0).then(|| (1_000_000 + at / 3).to_string());
        left.push(row);
    }
    let reasons = found(&left, &right);
    assert_eq!(said(&reasons), [(ReasonSide::Left, "country = 'SE'", many, many)]);
    assert!(reasons[0].text.ends_with("(none of the others)."), "{}", reasons[0].text);
}

#[test]
fn values_that_a_type_cannot_hold_are_not_null() {
    let mut random = Random(14);
    let mut left = table(3000, &mut random);
    for row in &mut left {
        if text(row, 1) == "shop" {
            row[7] = Some("0000-00-00".to_owned());
        }
    }
    let right: Vec<Row> = left.iter().filter(|row| text(row, 7) != "0000-00-00").cloned().collect();
    let many = count(&left, |row| text(row, 1) == "shop");
    assert_eq!(said(&found(&left, &right)), [(ReasonSide::Left, "source = 'shop'", many, many)]);
}

#[test]
fn names_are_those_of_the_table_that_the_rows_are_in() {
    let mut random = Random(15);
    let left = table(2000, &mut random);
    let mut right_columns = columns();
    right_columns[3].name = "Country".to_owned();
    right_columns[1].name = "origin".to_owned();
    let kept = |row: &Row| text(row, 1) != "import";
    let reasons = found_with(
        [&columns(), &right_columns],
        [&left.iter().filter(|row| text(row, 3) != "SE").cloned().collect::<Vec<_>>(), &left],
        None,
    );
    assert_eq!(
        (reasons[0].columns.as_slice(), reasons[0].rule.as_str()),
        (["country".to_owned()].as_slice(), "\"Country\" = 'SE'")
    );
    let reasons = found_with(
        [&columns(), &right_columns],
        [&left.iter().filter(|row| kept(row)).cloned().collect::<Vec<_>>(), &left],
        None,
    );
    assert_eq!(
        (reasons[0].columns.as_slice(), reasons[0].rule.as_str()),
        (["origin".to_owned()].as_slice(), "origin = 'import'")
    );
}

#[test]
fn nothing_to_hold_against_gives_nothing() {
    let mut random = Random(16);
    let rows = table(300, &mut random);
    assert_eq!(said(&found(&rows, &[])), []);
    assert_eq!(said(&found(&[], &rows)), []);
    assert_eq!(said(&found(&rows, &rows)), []);
    assert_eq!(said(&found(&rows[..299], &rows)), []);
}
