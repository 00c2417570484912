//! An audit that looks for reasons, against the same one that does not: two Parquet files in which
//! one row in 50 has another key on the other side, and one in 50 other values.

use super::duckdb::DuckDb;
use super::files::DIALECT;
use super::measure::{in_turn, print_busy, print_peak_of, print_ratio};
use super::rows::{COLUMNS, Differences, hash};
use super::settings::Settings;
use super::trueup::Audits;
use std::cell::RefCell;

/// One row in so many has another key; another such has other values.
const EACH: u64 = 50;

const REKEYED: u64 = 0;
const CHANGED: u64 = 1;

/// How many keys differ, and how.
fn differences(rows: u64) -> Differences {
    let mut all = Differences::default();
    for i in 1..=rows {
        match ((i * super::rows::MIX[0]) & 0xffff_ffff) % EACH {
            REKEYED => {
                all.only_left += 1;
                all.only_right += 1;
            }
            CHANGED => all.changed += 1,
            _ => {}
        }
    }
    all
}

/// The key is text, so that every rule of spelling is tried. Of the keys that differ a third is in
/// lower case, a third is new, and a third is of new rows; of the changed rows one half has a number
/// that is larger by one, the other a longer name.
fn statements(rows: u64) -> Vec<String> {
    let left = DIALECT.left(rows);
    let columns = DIALECT.columns;
    let pick = format!("{} % {EACH}", hash(0));
    let key = format!(
        "CASE WHEN {pick} <> {REKEYED} THEN concat('K-', id) WHEN i % 3 = 0 THEN concat('k-', id) \
         ELSE concat('N-', id * 7 + 1) END AS code"
    );
    let qty = format!("CASE WHEN {pick} = {CHANGED} AND i % 2 = 0 THEN qty + 1 ELSE qty END AS qty");
    let name = format!(
        "CASE WHEN {pick} = {CHANGED} AND i % 2 = 1 THEN concat(name, 'x') \
         WHEN {pick} = {REKEYED} AND i % 3 = 2 THEN concat('new ', {} % 20000000) ELSE name END AS name",
        hash(6)
    );
    let rest = COLUMNS[2..].join(", ");
    vec![
        format!("CREATE TABLE l {columns}"),
        format!("INSERT INTO l {left}"),
        "COPY (SELECT concat('K-', id) AS code, l.* EXCLUDE (id) FROM l) TO 'left.parquet'".to_owned(),
        format!("COPY (SELECT {key}, {qty}, {name}, {rest} FROM (SELECT *, id >> 1 AS i FROM l) l) TO 'right.parquet'"),
    ]
}

pub fn bench(settings: &Settings) -> Result<(), String> {
    let duckdb = DuckDb::find()?;
    let differences = differences(settings.file_rows);
    println!(
        "  {} rows, {} keys on one side only, {} changed",
        settings.file_rows, differences.only_left, differences.changed
    );
    let folder = settings.temporary()?;
    duckdb.write(folder.path(), &statements(settings.file_rows))?;
    let [left, right] =
        ["left", "right"].map(|side| folder.path().join(format!("{side}.parquet")).display().to_string());
    print_busy();
    let args = [&left, &right, "--key", "code"];
    let with = RefCell::new(Audits::new(settings, &args, differences));
    let without = RefCell::new(Audits::new(settings, &[&args[..], &["--no-reasons"]].concat(), differences));
    let times =
        in_turn(settings.runs, &mut [Box::new(|| without.borrow_mut().once()), Box::new(|| with.borrow_mut().once())])?;
    let [plain, reasons] = &times[..] else { return Err("two were run".to_owned()) };
    without.borrow().print("audit without reasons", plain);
    with.borrow().print("audit with reasons", reasons);
    // The reasons cost less than the comparison did.
    print_ratio("with reasons / without", reasons, plain, Some(2.0));
    print_peak_of("without reasons", without.borrow().peak);
    print_peak_of("with reasons", with.borrow().peak);
    Ok(())
}
