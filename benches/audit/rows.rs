//! The tables that are measured: the same rows in every system, from arithmetic that all of them
//! share, so that nothing is random and the number of differences is known beforehand.
//!
//! Row `i` has `id = 2 * i`. One row in 400 differs, a third each: missing on the right, an extra
//! row on the right (with the odd id behind), or one changed value.

/// `i * MIX[k] mod 2^32` is a hash that a column is made of; no overflow below 2^31 rows.
pub const MIX: [u64; 12] = [
    2_654_435_761,
    2_246_822_519,
    3_266_489_917,
    668_265_263,
    374_761_393,
    2_869_860_233,
    3_624_381_081,
    2_127_912_215,
    3_550_635_117,
    1_597_334_677,
    3_812_015_801,
    958_282_147,
];

/// One of so many rows is missing; another such is extra, another changed.
const EACH: u64 = 1200;

const MISSING: u64 = 0;
const EXTRA: u64 = 1;
const CHANGED: u64 = 2;

/// The columns beside `id`.
pub const COLUMNS: [&str; 11] = ["qty", "name", "city", "price", "ratio", "ok", "day", "ts", "tz", "uid", "doc"];

/// How many keys differ, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub only_left: u64,
    pub only_right: u64,
    pub changed: u64,
}

impl Differences {
    /// Those of tables of so many rows.
    pub fn of(rows: u64) -> Self {
        let mut all = Self::default();
        for i in 1..=rows {
            match ((i * MIX[0]) & 0xffff_ffff) % EACH {
                MISSING => all.only_left += 1,
                EXTRA => all.only_right += 1,
                CHANGED => all.changed += 1,
                _ => {}
            }
        }
        all
    }

    pub fn total(self) -> u64 {
        self.only_left + self.only_right + self.changed
    }
}

/// What the systems write differently. `{0}` to `{11}` stand for hashes of the row.
pub struct Dialect {
    /// The columns' names and types, behind `CREATE TABLE name`.
    pub columns: &'static str,
    /// A column `i` that counts from 1 to `{n}`.
    pub series: &'static str,
    pub day: &'static str,
    pub ts: &'static str,
    pub tz: &'static str,
    /// The function that writes a number in hexadecimal.
    pub hex: &'static str,
    /// `{uuid}` stands for its text.
    pub uid: &'static str,
    pub doc: &'static str,
}

impl Dialect {
    /// The rows of the left table.
    pub fn left(&self, rows: u64) -> String {
        let Self { series, day, ts, tz, uid, doc, .. } = self;
        let uid = uid.replace("{uuid}", &self.uuid());
        let template = format!(
            "SELECT i * 2, {{1}} % 1000000, concat('customer ', {{2}} % 20000000), \
             CASE WHEN {{3}} % 10 = 0 THEN NULL ELSE concat('city ', {{3}} % 5000) END, \
             {{4}} % 100000000 / 100.0, {{5}} / 7.0, {{6}} % 2 = 0, {day}, {ts}, {tz}, {uid}, {doc} FROM {series}"
        );
        let template = template.replace("{n}", &rows.to_string());
        (0..MIX.len()).fold(template, |text, k| text.replace(&format!("{{{k}}}"), &hash(k)))
    }

    /// The text of a UUID of version 4; MariaDB refuses what is none.
    fn uuid(&self) -> String {
        let digits = |hash: usize, n: u32| format!("lpad({}({{{hash}}} % {}), {n}, '0')", self.hex, 1u64 << (4 * n));
        format!(
            "concat({}, '-', {}, '-4', {}, '-8', {}, '-', {}, {})",
            digits(10, 8),
            digits(11, 4),
            digits(2, 3),
            digits(3, 3),
            digits(4, 8),
            digits(8, 4),
        )
    }

    /// The rows of the right table, made of the left one.
    pub fn right(left: &str) -> String {
        let pick = format!("{} % {EACH}", hash(0));
        let source = format!("(SELECT t.*, id >> 1 AS i FROM {left} t) t");
        let edit = |column: &str, edited: &str, third: u8| {
            format!("CASE WHEN {pick} = {CHANGED} AND i % 3 = {third} THEN {edited} ELSE {column} END")
        };
        format!(
            "SELECT id, {}, {}, city, {}, ratio, ok, day, ts, tz, uid, doc FROM {source} WHERE {pick} <> {MISSING} \
             UNION ALL SELECT id + 1, {} FROM {source} WHERE {pick} = {EXTRA}",
            edit("qty", "qty + 1", 0),
            edit("name", "concat(name, 'x')", 1),
            edit("price", "price + 0.01", 2),
            COLUMNS.join(", "),
        )
    }
}

/// The k-th hash of the row `i`, in SQL.
pub fn hash(k: usize) -> String {
    format!("(i * {} % 4294967296)", MIX[k])
}
