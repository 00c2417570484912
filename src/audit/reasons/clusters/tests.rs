//! Planted causes are named first with the right counts; noise is not named at all.

use super::clusters;
use crate::audit::reasons::{Evidence, Kind, Reason, ReasonSide};
use crate::compare::{CompareOptions, Side, compare_all};
use crate::endpoint::{ExportBatch, Interrupt};
use crate::snapshot::{IndexOptions, Parts, Recipe, RowFilter, RowsWriter, Silent, index_parts, portable_schema};
use crate::table::{
    AlignOptions, Alignment, Column, Key, KeyChoice, PortableBuilder, PortableType as T, TableInfo, parse_timestamp,
};
use std::path::Path;

/// A generator of numbers that look random (SplitMix64: Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, many: u64) -> u64 {
        self.next() % many
    }

    /// One in so many.
    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// A row as text, by [`columns`]; `None` is NULL.
type Row = Vec<Option<String>>;

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
            let sku = format!("{}-{:05}", ["DE", "FR", "US", "UK", "IT", "ES"][random.below(6) as usize], random.below(99_999));
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

fn parts(path: &Path, columns: &[Column], rows: &[Row]) -> Parts {
    let mut writer = RowsWriter::create(path, columns).unwrap();
    let schema = portable_schema(columns.iter());
    for rows in rows.chunks(10_000) {
        let mut builders: Vec<PortableBuilder> = columns.iter().map(|c| PortableBuilder::new(&c.ty)).collect();
        for row in rows {
            for (builder, value) in builders.iter_mut().zip(row) {
                match value {
                    Some(text) => builder.parse(text),
                    None => builder.null(),
                }
            }
        }
        let columns = builders.iter_mut().map(PortableBuilder::finish).collect();
        writer.write(&ExportBatch::new(&schema, columns).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    Parts::open(&[path.to_owned()], Some(columns)).unwrap()
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
        let filter = filter.map(|sql| RowFilter::new(sql, columns[side], 1 << 28).unwrap());
        let options = IndexOptions {
            filter: filter.as_ref(),
            folder: folder.path(),
            memory: 1 << 30,
            interrupt: &Interrupt::default(),
            progress: &Silent,
        };
        index_parts(&sides[side], &recipes[side], &options).unwrap()
    });
    let options =
        CompareOptions { memory: 1 << 30, samples: 5, interrupt: Interrupt::default(), progress: &Silent };
    let side = |at: usize| Side { parts: &sides[at], index: &indexes[at] };
    let (comparison, differences) = compare_all(side(0), side(1), &alignment, &key, &options).unwrap();
    clusters(&Evidence {
        parts: [&sides[0], &sides[1]],
        indexes: [&indexes[0], &indexes[1]],
        tables: [&tables[0], &tables[1]],
        alignment: &alignment,
        key: &key,
        differences: &differences,
        counts: comparison.sides,
        memory: 1 << 30,
        interrupt: Interrupt::default(),
    })
    .unwrap()
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

/// A cause: its name, the rule to be found, and which rows it takes.
struct Cause {
    rule: &'static str,
    takes: fn(&Row) -> bool,
}

fn id(row: &Row) -> u64 {
    text(row, 0).parse().unwrap()
}

/// One of each kind.
const CAUSES: [Cause; 9] = [
    Cause {
        rule: "created_at >= '2024-03-10 02:00:00' AND created_at < '2024-03-10 03:00:00'",
        takes: |row| text(row, 6).starts_with("2024-03-10 02:"),
    },
    Cause { rule: "id >= 30000 AND id < 32000", takes: |row| (30_000..32_000).contains(&id(row)) },
    Cause { rule: "source = 'import'", takes: |row| text(row, 1) == "import" },
    Cause { rule: "sku LIKE 'DE-%'", takes: |row| text(row, 2).starts_with("DE-") },
    Cause { rule: "email IS NULL", takes: |row| row[EMAIL].is_none() },
    Cause { rule: "day >= '2023-05-01' AND day < '2023-06-01'", takes: |row| text(row, 7).starts_with("2023-05-") },
    Cause { rule: "price >= 880", takes: |row| text(row, 4).parse::<f64>().unwrap() >= 880.0 },
    Cause {
        rule: "country = 'PL' AND source = 'app'",
        takes: |row| text(row, 3) == "PL" && text(row, 1) == "app",
    },
    Cause {
        rule: "country = 'PL' AND price < 100",
        takes: |row| text(row, 3) == "PL" && text(row, 4).parse::<f64>().unwrap() < 100.0,
    },
];

const ROWS: usize = 100_000;

#[test]
fn a_planted_cause_is_named_with_its_counts() {
    for (at, cause) in CAUSES.iter().enumerate() {
        let mut random = Random(at as u64);
        let left = table(ROWS, &mut random);
        // A few rows are missing for no reason.
        let taken: Vec<bool> = left.iter().map(|row| (cause.takes)(row) || random.one_in(10_000)).collect();
        let right: Vec<Row> = left.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(row, _)| row.clone()).collect();
        let all = taken.iter().filter(|taken| **taken).count() as u64;
        let inside = left.iter().filter(|row| (cause.takes)(row)).count() as u64;
        println!("{} {inside} of {all}", cause.rule);
        let reasons = found(&left, &right);
        reasons.iter().for_each(|reason| println!("   {} | {} ({} of {})", reason.text, reason.rule, reason.rows, reason.of));
        assert_eq!(said(&reasons), [(ReasonSide::Left, cause.rule, inside, all)]);
    }
}
