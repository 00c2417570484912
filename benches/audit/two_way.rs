//! A two-way sync that reads only what the histories tell of, against one that reads both tables as a
//! whole: after the same edits, in turn.

use super::measure::{Ran, in_turn, output, print_busy, print_peak_of, print_ratio, run};
use super::postgres::DIALECT;
use super::server::Server;
use super::settings::Settings;
use super::trueup::stages;
use serde_json::Value;
use std::cell::RefCell;
use std::process::Command;
use tempfile::TempDir;

/// Rows that are changed on each side before every sync.
const CHANGED: u64 = 1000;

/// Two equal tables with their histories, brought together once; dropped at the end.
struct Tables<'a> {
    server: &'a Server,
    settings: &'a Settings,
    rows: u64,
    folder: TempDir,
    runs: usize,
    /// Of the partial and the full sync: the most memory, and the quickest run.
    peaks: [Option<u64>; 2],
    best: [Option<Ran>; 2],
}

impl<'a> Tables<'a> {
    fn make(server: &'a Server, settings: &'a Settings, rows: u64) -> Result<Self, String> {
        let folder = settings.temporary()?;
        let tables = Self { server, settings, rows, folder, runs: 0, peaks: [None; 2], best: [None, None] };
        let columns = DIALECT.columns;
        tables.sql(&format!(
            "SET client_min_messages = warning; DROP SCHEMA IF EXISTS trueup_bench CASCADE; \
             CREATE SCHEMA trueup_bench; SET search_path = trueup_bench; \
             CREATE TABLE l {columns}; CREATE TABLE r {columns}; \
             INSERT INTO l {}; INSERT INTO r SELECT * FROM l; \
             ALTER TABLE l ADD PRIMARY KEY (id); ALTER TABLE r ADD PRIMARY KEY (id)",
            DIALECT.left(rows),
        ))?;
        for table in ["l", "r"] {
            tables.sql(&format!("VACUUM ANALYZE trueup_bench.{table}"))?;
            let mut install = tables.trueup();
            install.args(["history", "install", &tables.address(table)]);
            output(&mut install)?;
        }
        tables.sql("CHECKPOINT")?;
        Ok(tables)
    }

    fn sql(&self, sql: &str) -> Result<String, String> {
        output(self.server.psql().args(["-c", sql]))
    }

    fn address(&self, table: &str) -> String {
        self.server.table(&format!("trueup_bench.{table}"))
    }

    fn trueup(&self) -> Command {
        let mut command = Command::new(self.settings.program());
        command.current_dir(self.folder.path());
        command
    }

    /// Changes rows on both sides, spread over the whole table and never the same on both.
    fn edit(&self) -> Result<(), String> {
        let every = self.rows * 2 / CHANGED;
        // Ids are even.
        for (table, first) in [("l", 0), ("r", every / 4 * 2)] {
            self.sql(&format!("UPDATE trueup_bench.{table} SET qty = qty + 1 WHERE id % {every} = {first}"))?;
        }
        Ok(())
    }

    /// Syncs, and says how many seconds it took.
    fn sync(&mut self, full: bool, expected: u64) -> Result<f64, String> {
        self.runs += 1;
        let out = format!("run-{}", self.runs);
        let mut sync = self.trueup();
        sync.args(["-v", "sync", &self.address("l"), &self.address("r"), "--direction", "both", "--state", "state"]);
        sync.args(["--format", "json", "--out", &out]);
        if full {
            sync.arg("--full");
        }
        let ran = run(&mut sync)?;
        let ended = || format!("sync ended with {:?}: {} {}", ran.code, ran.stdout.trim(), ran.stderr.trim());
        if ran.code != Some(0) {
            return Err(ended());
        }
        let json: Value = serde_json::from_str(&ran.stdout).map_err(|e| format!("{e}: {}", ended()))?;
        if ["left", "right"].iter().any(|side| json[side]["update"] != expected) {
            return Err(format!("{expected} updates were to be made on each side: {}", ended()));
        }
        let plan = std::fs::read_to_string(self.folder.path().join(&out).join("plan.json"));
        let plan: Value = serde_json::from_str(&plan.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
        // The first run has nothing to go by.
        if self.runs > 1 && plan["two_way"]["partial"] != !full {
            return Err(format!("it was to read {}: {}", if full { "everything" } else { "changes only" }, ended()));
        }
        let (seconds, at) = (ran.seconds, usize::from(full));
        self.peaks[at] = self.peaks[at].max(ran.peak);
        if self.best[at].as_ref().is_none_or(|best| seconds < best.seconds) {
            self.best[at] = Some(ran);
        }
        std::fs::remove_dir_all(self.folder.path().join(&out)).map_err(|e| e.to_string())?;
        Ok(seconds)
    }

    /// That both tables are the same, by the database's own means.
    fn check(&self) -> Result<(), String> {
        let sums = |table: &str| {
            self.sql(&format!("SELECT count(*), sum(id), sum(qty), sum(qty * (id % 1009)) FROM trueup_bench.{table}"))
        };
        let (left, right) = (sums("l")?, sums("r")?);
        if left == right { Ok(()) } else { Err(format!("left has {left}, right {right}")) }
    }
}

impl Drop for Tables<'_> {
    fn drop(&mut self) {
        if let Err(why) = self.sql("SET client_min_messages = warning; DROP SCHEMA IF EXISTS trueup_bench CASCADE") {
            eprintln!("the schema trueup_bench is left in PostgreSQL: {why}");
        }
    }
}

pub fn bench(settings: &Settings) -> Result<(), String> {
    let Some(server) = Server::from("TRUEUP_TEST_POSTGRES_URL")? else { return Ok(()) };
    let rows = (settings.rows / 2).max(2 * CHANGED) / CHANGED * CHANGED;
    let mut tables = Tables::make(&server, settings, rows)?;
    let first = tables.sync(true, 0)?;
    tables.best = [None, None];
    println!("  {rows} rows in both tables, brought together in {first:.2} s; {CHANGED} changed rows a side");
    print_busy();
    let tables = RefCell::new(tables);
    let once = |full: bool| {
        let mut tables = tables.borrow_mut();
        tables.edit()?;
        let seconds = tables.sync(full, CHANGED)?;
        tables.check()?;
        Ok(seconds)
    };
    let times = in_turn(settings.runs, &mut [Box::new(|| once(true)), Box::new(|| once(false))])?;
    let [full, partial] = &times[..] else { return Err("two were run".to_owned()) };
    let tables = tables.borrow();
    for (what, times, at) in [("sync, everything read", full, 1), ("sync, changes only", partial, 0)] {
        times.print(what);
        for stage in tables.best[at].iter().flat_map(|ran| stages(&ran.stderr)) {
            println!("    {stage}");
        }
    }
    print_ratio("changes only / everything", partial, full, Some(0.1));
    for (what, at) in [("everything", 1), ("changes only", 0)] {
        print_peak_of(what, tables.peaks[at]);
    }
    Ok(())
}
