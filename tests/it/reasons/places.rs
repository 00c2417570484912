//! The same reasons wherever the tables live, and the options around them.

use super::causes::{NEAR, VALUES};
use super::pair::{KeyForm, Pair};
use crate::support::{Dialect, Table, Workdir};
use serde_json::Value;
use std::path::Path;

/// Keys with spaces behind them, and names in capitals.
fn tables() -> [Table; 2] {
    let mut pair = Pair::new(KeyForm::Accented, 31);
    (NEAR[0].plant)(&mut pair);
    (VALUES[1].plant)(&mut pair);
    pair.finish()
}

fn write_sqlite(table: &Table, path: &Path) {
    let mut database = rusqlite::Connection::open(path).unwrap();
    let transaction = database.transaction().unwrap();
    for statement in table.sql(Dialect::Sqlite, "t") {
        transaction.execute_batch(&statement).unwrap();
    }
    transaction.commit().unwrap();
}

fn rules(json: &Value) -> Vec<(String, i64)> {
    let reasons = json["reasons"].as_array().unwrap();
    reasons.iter().map(|r| (r["rule"].as_str().unwrap().to_owned(), r["rows"].as_i64().unwrap())).collect()
}

#[test]
fn reasons_are_the_same_wherever_the_tables_live() {
    let [left, right] = tables();
    let dir = Workdir::new();
    left.write_parquet(&dir.path().join("l.parquet"));
    dir.write("r.csv", right.csv());
    write_sqlite(&right, &dir.path().join("r.db"));
    let kept = ["--key", "id", "--out", "kept"];
    let of_sqlite = dir.audit("l.parquet", "sqlite:r.db#t", &kept).json(1);
    let found = rules(&of_sqlite);
    assert_eq!(found[..2], [("trim".to_owned(), 400), ("case".to_owned(), 400)]);
    assert_eq!(rules(&dir.audit("l.parquet", "r.csv", &["--key", "id"]).json(1)), found);
    // The snapshots that were kept say so again, and without being asked nothing is said.
    assert_eq!(rules(&dir.audit("kept/left", "kept/right", &[]).json(1)), found);
    let without = dir.audit("kept/left", "kept/right", &["--no-reasons"]).json(1);
    assert_eq!(without["reasons"], serde_json::json!([]));

    // What is to be pasted makes those rows equal.
    let fix = |rule: &str| {
        let reasons = of_sqlite["reasons"].as_array().unwrap();
        let fix = reasons.iter().find(|reason| reason["rule"] == rule).unwrap()["fix"].as_str().unwrap().to_owned();
        fix.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let pasted = [fix("trim"), fix("case")].concat();
    let options: Vec<&str> = pasted.iter().map(String::as_str).collect();
    let fixed = dir.trueup(["audit", "kept/left", "kept/right"].into_iter().chain(options));
    assert_eq!(fixed.code, Some(0), "{fixed}");

    // For a person, the best come first, and the run is kept.
    let shown = dir.trueup(["audit", "kept/left", "kept/right", "--out", "again"]);
    let why = shown.stdout.find("\nWhy\n  1  400 of 400 left-only keys").expect(&shown.stdout);
    assert!(why < shown.stdout.find("From the left row count").unwrap(), "{shown}");
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 80), "{shown}");
    for name in ["run.json", "differences.parquet", "audit.json"] {
        assert!(dir.path().join("again").join(name).is_file(), "{name}");
    }
}

#[test]
fn a_plan_says_why_too() {
    let [left, right] = tables();
    let dir = Workdir::new();
    left.write_parquet(&dir.path().join("l.parquet"));
    right.write_parquet(&dir.path().join("r.parquet"));
    let plan = dir.trueup(["plan", "l.parquet", "r.parquet", "--key", "id", "--out", "p"]);
    assert_eq!(plan.code, Some(1), "{plan}");
    assert!(plan.stdout.contains("\nWhy\n  1  400 of 400 left-only keys"), "{plan}");
    assert_eq!(dir.trueup(["show", "p", "--summary"]).stdout, plan.stdout);
    assert!(dir.path().join("p/run.json").is_file() && dir.path().join("p/differences.parquet").is_file());
    let without = dir.trueup(["plan", "l.parquet", "r.parquet", "--key", "id", "--no-reasons"]);
    assert!(!without.stdout.contains("Why"), "{without}");
}

#[test]
fn airports_were_rounded() {
    let dir = Workdir::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/airports");
    for name in ["airports-2024.db", "airports-2026.csv"] {
        std::fs::copy(from.join(name), dir.path().join(name)).unwrap();
    }
    let json = dir.audit("sqlite:airports-2024.db#airports", "airports-2026.csv", &[]).json(1);
    let first = &json["reasons"][0];
    assert_eq!((&first["kind"], &first["rule"]), (&"values".into(), &"rounding".into()), "{first:#}");
    assert_eq!(first["columns"], serde_json::json!(["lat", "lon"]));
    assert_eq!(first["of"], json["rows"]["changed"]);
    // What it says to paste leaves the rows that differ in something else.
    let fix: Vec<&str> = first["fix"].as_str().unwrap().split(' ').collect();
    let softer = dir.audit("sqlite:airports-2024.db#airports", "airports-2026.csv", &fix).json(1);
    let left = json["rows"]["changed"].as_i64().unwrap() - first["rows"].as_i64().unwrap();
    assert_eq!(softer["rows"]["changed"].as_i64(), Some(left));
    assert!(!rules(&softer).iter().any(|(rule, _)| rule == "rounding"), "{:#}", softer["reasons"]);
}
