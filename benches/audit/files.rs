//! Two snapshots, and two plain Parquet files, against DuckDB's full outer join of all columns.

use super::duckdb::{DuckDb, Joins};
use super::measure::{in_turn, print_busy, print_peak_of, print_ratio};
use super::rows::{Dialect, Differences};
use super::settings::Settings;
use super::trueup::{Audits, audit, stages};
use std::cell::RefCell;
use std::path::Path;
use tempfile::TempDir;

pub const DIALECT: Dialect = Dialect {
    columns: "(id bigint, qty int, name text, city varchar(40), price decimal(12, 2), ratio double, \
              ok boolean, day date, ts timestamp, tz timestamptz, uid uuid, doc json)",
    series: "range(1, {n} + 1) s(i)",
    day: "date '2015-01-01' + ({7} % 4000)::int",
    ts: "make_timestamp(1420070400000000 + {8} * 70001)",
    tz: "make_timestamptz(1420070400000000 + {9} * 70003)",
    hex: "to_hex",
    uid: "{uuid}::uuid",
    doc: "json_object('number', {5}, 'word', concat('w', {6} % 100000))",
};

const KEY: [&str; 2] = ["--key", "id"];

/// A folder with `left.parquet` and `right.parquet`.
fn files(settings: &Settings, duckdb: &DuckDb) -> Result<TempDir, String> {
    let folder = settings.temporary()?;
    let columns = DIALECT.columns;
    let statements = [
        format!("CREATE TABLE l {columns}"),
        format!("INSERT INTO l {}", DIALECT.left(settings.file_rows)),
        "COPY l TO 'left.parquet'".to_owned(),
        format!("CREATE TABLE r {columns}"),
        format!("INSERT INTO r {}", Dialect::right("l")),
        "COPY r TO 'right.parquet'".to_owned(),
    ];
    duckdb.write(folder.path(), &statements)?;
    Ok(folder)
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

pub fn parquet(settings: &Settings) -> Result<(), String> {
    let duckdb = DuckDb::find()?;
    let differences = announce(settings, &duckdb);
    let folder = files(settings, &duckdb)?;
    let [left, right] = ["left.parquet", "right.parquet"].map(|name| path(folder.path(), name));
    let joins = Joins::new(&duckdb, [&left, &right], differences);
    let audits = Audits::new(settings, &[&left, &right, KEY[0], KEY[1]], differences);
    against(settings, joins, audits, 1.2)
}

pub fn snapshots(settings: &Settings) -> Result<(), String> {
    let duckdb = DuckDb::find()?;
    let differences = announce(settings, &duckdb);
    let folder = files(settings, &duckdb)?;
    let out = ["left.parquet", "right.parquet", "--out", "frozen", KEY[0], KEY[1]];
    let ran = audit(settings, folder.path(), &out, differences)?;
    println!("  {:<44} {:>7.2} s   once", "freezing both, with their audit", ran.seconds);
    for stage in stages(&ran.stderr) {
        println!("    {stage}");
    }
    let [left, right] = ["left", "right"].map(|side| path(folder.path(), &format!("frozen/{side}")));
    let [left_rows, right_rows] = [&left, &right].map(|side| format!("{side}/rows-*.parquet"));
    let joins = Joins::new(&duckdb, [&left_rows, &right_rows], differences);
    against(settings, joins, Audits::new(settings, &[&left, &right], differences), 0.3)
}

fn announce(settings: &Settings, duckdb: &DuckDb) -> Differences {
    let differences = Differences::of(settings.file_rows);
    println!("  DuckDB {}, {} rows, {} differences", duckdb.version, settings.file_rows, differences.total());
    differences
}

fn against(settings: &Settings, joins: Joins<'_>, mut audits: Audits<'_>, most: f64) -> Result<(), String> {
    print_busy();
    let joins = RefCell::new(joins);
    let times = in_turn(
        settings.runs,
        &mut [Box::new(|| joins.borrow().query()), Box::new(|| audits.once()), Box::new(|| joins.borrow_mut().whole())],
    )?;
    let [query, audit, whole] = &times[..] else { return Err("three were run".to_owned()) };
    query.print("DuckDB, the query");
    whole.print("DuckDB, the whole process");
    audits.print("audit", audit);
    print_ratio("audit / DuckDB's query", audit, query, Some(most));
    print_ratio("audit / DuckDB's whole process", audit, whole, None);
    print_peak_of("audit", audits.peak);
    print_peak_of("DuckDB", joins.borrow().peak);
    Ok(())
}
