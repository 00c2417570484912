//! Two snapshots, and two plain Parquet files, against DuckDB's full outer join of all columns.

use super::duckdb::{DuckDb, Joins};
use super::measure::{print_peak_of, print_ratio};
use super::rows::{Dialect, Differences};
use super::settings::Settings;
use super::trueup::{audit, audits, stages};
use std::path::Path;
use tempfile::TempDir;

const DIALECT: Dialect = Dialect {
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
    let joins = duckdb.join(settings, folder.path(), [&left, &right], differences)?;
    joins.print();
    against(settings, &joins, "audit", &[&left, &right, KEY[0], KEY[1]], differences, 1.2)
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
    let rows = [&left, &right].map(|side| format!("{side}/rows-*.parquet"));
    let joins = duckdb.join(settings, folder.path(), [&rows[0], &rows[1]], differences)?;
    joins.print();
    against(settings, &joins, "audit", &[&left, &right], differences, 0.3)?;
    against(settings, &joins, "audit --key id", &[&left, &right, KEY[0], KEY[1]], differences, 0.3)
}

fn announce(settings: &Settings, duckdb: &DuckDb) -> Differences {
    let differences = Differences::of(settings.file_rows);
    println!("  DuckDB {}, {} rows, {} differences", duckdb.version, settings.file_rows, differences.total());
    differences
}

fn against<A: AsRef<std::ffi::OsStr>>(
    settings: &Settings,
    joins: &Joins,
    what: &str,
    args: &[A],
    differences: Differences,
    most: f64,
) -> Result<(), String> {
    let audits = audits(settings, args, differences)?;
    audits.print(what);
    print_peak_of(what, audits.peak);
    let best = audits.times.best();
    print_ratio(&format!("{what} / DuckDB's query"), best / joins.warm.best(), Some(most));
    print_ratio(&format!("{what} / DuckDB's whole process"), best / joins.whole.best(), None);
    Ok(())
}
