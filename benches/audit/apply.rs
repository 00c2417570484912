//! `trueup apply` of 200,000 steps, a third each, against the same writes by hand: a bulk load into
//! a temporary table, and one INSERT, UPDATE and DELETE joined to it.

use super::measure::{in_turn, output, print_busy, print_peak_of, print_ratio, run};
use super::rows::{COLUMNS, Dialect};
use super::server::Server;
use super::settings::Settings;
use super::{mysql, postgres};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// One row in so many is to be created, another deleted, another updated.
const EACH: u64 = 30;

/// What a database does in its own way.
struct System<'a> {
    dialect: &'a Dialect,
    client: Box<dyn Fn() -> Command + 'a>,
    statement: &'static str,
    address: Box<dyn Fn(&str) -> String + 'a>,
    /// Half the key, as a whole number.
    half: &'static str,
    /// Before everything, after everything, and behind a table that was just filled.
    begin: &'static str,
    end: &'static str,
    settle: &'static str,
    /// Prints the rows of a query to stdout, for the bulk load by hand.
    dump: fn(&str) -> String,
    /// The writes by hand, with `{file}` for what was printed.
    by_hand: fn(&str) -> String,
}

impl System<'_> {
    fn sql(&self, sql: &str) -> Result<String, String> {
        output((self.client)().args([self.statement, sql]))
    }

    /// Source, target, and the target as it is at first.
    fn make(&self, rows: u64) -> Result<(), String> {
        let (columns, left, half) = (self.dialect.columns, self.dialect.left(rows), self.half);
        let all = COLUMNS.join(", ");
        self.sql(&format!(
            "{} CREATE TABLE source {columns}; CREATE TABLE first {columns}; INSERT INTO source {left}; \
             INSERT INTO first SELECT CASE WHEN {half} % {EACH} = 1 THEN id + 1 ELSE id END, \
             CASE WHEN {half} % {EACH} = 2 THEN qty + 1 ELSE qty END, {} FROM source WHERE {half} % {EACH} <> 0; \
             DELETE FROM source WHERE {half} % {EACH} = 1; {}",
            self.begin,
            all.trim_start_matches("qty, "),
            self.settle.replace("{t}", "source"),
        ))?;
        self.reset()
    }

    /// The target as it is at first, freshly written, so that every run finds the same pages.
    fn reset(&self) -> Result<(), String> {
        let columns = self.dialect.columns;
        let settle = self.settle.replace("{t}", "target");
        self.sql(&format!(
            "{} DROP TABLE IF EXISTS target; CREATE TABLE target {columns}; \
             INSERT INTO target SELECT * FROM first; {settle}",
            self.begin_again()
        ))
        .map(drop)
    }

    fn begin_again(&self) -> &'static str {
        self.begin.rsplit_once("/* again */").map_or("", |(_, again)| again)
    }

    /// What there is to write, in a file for the bulk load by hand.
    fn dump_steps(&self, file: &Path) -> Result<(), String> {
        let select = |action: char, table: &str, condition: String| {
            let condition = condition.replace("{i}", self.half);
            format!("SELECT '{action}', {table}.* FROM {table} WHERE {condition}")
        };
        let query = [
            select('d', "first", format!("{{i}} % {EACH} = 1")),
            select('u', "source", format!("{{i}} % {EACH} = 2")),
            select('c', "source", format!("{{i}} % {EACH} = 0")),
        ]
        .join(" UNION ALL ");
        let text = self.sql(&format!("{} {}", self.begin_again(), (self.dump)(&query)))?;
        std::fs::write(file, text).map_err(|e| e.to_string())
    }

    fn by_hand(&self, file: &Path) -> Result<f64, String> {
        self.reset()?;
        let script = file.with_extension("sql");
        let text = format!("{}\n{}", self.begin_again(), (self.by_hand)(&file.display().to_string()));
        std::fs::write(&script, text).map_err(|e| e.to_string())?;
        let input = std::fs::File::open(&script).map_err(|e| e.to_string())?;
        let started = Instant::now();
        let ended = (self.client)().stdin(input).output().map_err(|e| e.to_string())?;
        let seconds = started.elapsed().as_secs_f64();
        if !ended.status.success() {
            return Err(format!("by hand: {}", String::from_utf8_lossy(&ended.stderr).trim()));
        }
        self.check()?;
        Ok(seconds)
    }

    /// That the target is as the source.
    fn check(&self) -> Result<(), String> {
        let sums = |table: &str| format!("SELECT count(*), sum(id), sum(qty) FROM {table}");
        let again = self.begin_again();
        let [wanted, found] = ["source", "target"].map(|table| self.sql(&format!("{again} {};", sums(table))));
        let (wanted, found) = (wanted?, found?);
        if wanted == found { Ok(()) } else { Err(format!("the target has {found}, the source {wanted}")) }
    }
}

fn measure(settings: &Settings, system: &System<'_>) -> Result<(), String> {
    system.make(settings.rows)?;
    let folder = settings.temporary()?;
    let file = folder.path().join("steps.txt");
    system.dump_steps(&file)?;
    let mut plan = Command::new(settings.program());
    let [left, right] = ["source", "target"].map(|table| (system.address)(table));
    plan.args(["plan", &left, &right, "--format", "json", "--out", "plan"]).current_dir(folder.path());
    let planned = run(&mut plan)?;
    let steps: serde_json::Value =
        serde_json::from_str(&planned.stdout).map_err(|e| format!("{e}: {}", planned.stderr))?;
    let number = |action: &str| steps["right"][action].as_u64().unwrap_or_default();
    let steps = number("create") + number("update") + number("delete");
    println!(
        "  {} rows, {steps} steps ({} creates), planned in {:.2} s",
        settings.rows,
        number("create"),
        planned.seconds
    );
    print_busy();

    let (mut peak, mut count) = (None, 0);
    let apply = || {
        system.reset()?;
        count += 1;
        let copy = folder.path().join(format!("plan-{count}"));
        copy_files(&folder.path().join("plan"), &copy)?;
        let mut apply = Command::new(settings.program());
        apply.args(["apply", "--yes", "--format", "json"]).arg(&copy).current_dir(folder.path());
        let ran = run(&mut apply)?;
        if ran.code != Some(0) {
            return Err(format!("apply ended with {:?}: {} {}", ran.code, ran.stdout.trim(), ran.stderr.trim()));
        }
        peak = peak.max(ran.peak);
        system.check()?;
        Ok(ran.seconds)
    };
    let times = in_turn(settings.runs, &mut [Box::new(|| system.by_hand(&file)), Box::new(apply)])?;
    let [by_hand, applied] = &times[..] else { return Err("two were run".to_owned()) };
    by_hand.print("by hand");
    applied.print("apply, verified");
    print_ratio("apply / by hand", applied, by_hand, Some(2.0));
    println!("  {:<44} {:>7.0} a second", "steps applied and verified", steps as f64 / applied.best());
    print_peak_of("apply", peak);
    system.sql(system.end).map(drop)
}

/// The files of a plan, without what an earlier run left.
fn copy_files(from: &Path, to: &PathBuf) -> Result<(), String> {
    let copy = || {
        std::fs::create_dir(to)?;
        for entry in std::fs::read_dir(from)? {
            let path = entry?.path();
            if let Some(name) = path.file_name().filter(|_| path.is_file()) {
                std::fs::copy(&path, to.join(name))?;
            }
        }
        Ok::<(), std::io::Error>(())
    };
    copy().map_err(|e| format!("copying the plan: {e}"))
}

pub fn postgres(settings: &Settings) -> Result<(), String> {
    let Some(server) = Server::from("TRUEUP_TEST_POSTGRES_URL")? else { return Ok(()) };
    let system = System {
        dialect: &postgres::DIALECT,
        client: Box::new(|| server.psql()),
        statement: "-c",
        address: Box::new(|table| server.table(&format!("trueup_bench.{table}"))),
        half: "id / 2",
        begin: "SET client_min_messages = warning; DROP SCHEMA IF EXISTS trueup_bench CASCADE; \
                CREATE SCHEMA trueup_bench; /* again */SET client_min_messages = warning; SET search_path = trueup_bench;",
        end: "SET client_min_messages = warning; DROP SCHEMA trueup_bench CASCADE",
        settle: "ALTER TABLE {t} ADD PRIMARY KEY (id); ANALYZE {t};",
        dump: |query| format!("COPY ({query}) TO STDOUT"),
        by_hand: |file| {
            let set: Vec<String> = COLUMNS.iter().map(|c| format!("{c} = s.{c}")).collect();
            format!(
                "BEGIN;\nCREATE TEMP TABLE s AS SELECT 'x'::text AS action, t.* FROM target t WITH NO DATA;\n\
                 \\copy s FROM '{file}'\nANALYZE s;\n\
                 DELETE FROM target t USING s WHERE s.action = 'd' AND t.id = s.id;\n\
                 UPDATE target t SET {} FROM s WHERE s.action = 'u' AND t.id = s.id;\n\
                 INSERT INTO target SELECT id, {} FROM s WHERE s.action = 'c';\nCOMMIT;\n",
                set.join(", "),
                COLUMNS.join(", ")
            )
        },
    };
    measure(settings, &system)
}

pub fn mysql(settings: &Settings) -> Result<(), String> {
    let Some(server) = Server::from("TRUEUP_TEST_MYSQL_URL")? else { return Ok(()) };
    let client = || {
        let mut client = server.mariadb();
        client.args(["--local-infile=1", "--raw"]);
        client
    };
    let system = System {
        dialect: &mysql::DIALECT,
        client: Box::new(client),
        statement: "-e",
        address: Box::new(|table| server.table(table)),
        half: "id DIV 2",
        begin: "DROP TABLE IF EXISTS source, first, target; /* again */SET time_zone = '+00:00', \
                sql_mode = 'STRICT_ALL_TABLES';",
        end: "DROP TABLE IF EXISTS source, first, target",
        settle: "ANALYZE TABLE {t};",
        dump: |query| {
            let columns: Vec<String> = COLUMNS
                .iter()
                .map(|c| if *c == "city" { "ifnull(city, '\\\\N')".to_owned() } else { (*c).to_owned() })
                .collect();
            format!("SELECT a, id, {} FROM ({}) steps", columns.join(", "), query.replacen("'d'", "'d' AS a", 1))
        },
        by_hand: |file| {
            let set: Vec<String> = COLUMNS.iter().map(|c| format!("t.{c} = s.{c}")).collect();
            format!(
                "CREATE TEMPORARY TABLE s AS SELECT 'x' AS action, t.* FROM target t WHERE false;\n\
                 LOAD DATA LOCAL INFILE '{file}' INTO TABLE s;\n\
                 ALTER TABLE s ADD INDEX (action, id);\nBEGIN;\n\
                 DELETE t FROM target t JOIN s ON t.id = s.id WHERE s.action = 'd';\n\
                 UPDATE target t JOIN s ON t.id = s.id SET {} WHERE s.action = 'u';\n\
                 INSERT INTO target SELECT id, {} FROM s WHERE s.action = 'c';\nCOMMIT;\n",
                set.join(", "),
                COLUMNS.join(", ")
            )
        },
    };
    measure(settings, &system)
}
