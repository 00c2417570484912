//! Two tables in MariaDB, against reading both with its client.

use super::measure::{in_turn, output, print_busy, print_peak_of, print_ratio, side_by_side};
use super::rows::{Dialect, Differences};
use super::server::Server;
use super::settings::Settings;
use super::trueup::Audits;

pub const DIALECT: Dialect = Dialect {
    columns: "(id bigint PRIMARY KEY, qty int, name text, city varchar(40), price decimal(12, 2), ratio double, \
              ok boolean, day date, ts datetime(6), tz timestamp(6), uid uuid, doc json) ENGINE = InnoDB",
    series: "(SELECT seq AS i FROM seq_1_to_{n}) s",
    day: "date '2015-01-01' + INTERVAL ({7} % 4000) DAY",
    ts: "timestamp '2015-01-01 00:00:00' + INTERVAL ({8} * 70001) MICROSECOND",
    tz: "timestamp '2015-01-01 00:00:00' + INTERVAL ({9} * 70003) MICROSECOND",
    hex: "hex",
    uid: "{uuid}",
    doc: "json_object('number', {5}, 'word', concat('w', {6} % 100000))",
};

/// Both tables, dropped at the end.
struct Tables<'a>(&'a Server);

impl<'a> Tables<'a> {
    fn make(server: &'a Server, rows: u64) -> Result<Self, String> {
        let tables = Self(server);
        let columns = DIALECT.columns;
        tables.sql("DROP TABLE IF EXISTS trueup_bench_l, trueup_bench_r")?;
        tables.sql(&format!(
            "SET time_zone = '+00:00'; CREATE TABLE trueup_bench_l {columns}; CREATE TABLE trueup_bench_r {columns}; \
             INSERT INTO trueup_bench_l {}; INSERT INTO trueup_bench_r {}; \
             ANALYZE TABLE trueup_bench_l, trueup_bench_r",
            DIALECT.left(rows),
            Dialect::right("trueup_bench_l"),
        ))?;
        Ok(tables)
    }

    fn sql(&self, sql: &str) -> Result<String, String> {
        output(self.0.mariadb().args(["-e", sql]))
    }

    fn select_both(&self) -> Result<f64, String> {
        side_by_side(["trueup_bench_l", "trueup_bench_r"].map(|table| {
            let mut client = self.0.mariadb();
            client.args(["-e", &format!("SELECT * FROM {table}")]);
            client
        }))
    }
}

impl Drop for Tables<'_> {
    fn drop(&mut self) {
        if let Err(why) = self.sql("DROP TABLE IF EXISTS trueup_bench_l, trueup_bench_r") {
            eprintln!("the tables trueup_bench_l and trueup_bench_r are left in MariaDB: {why}");
        }
    }
}

pub fn bench(settings: &Settings) -> Result<(), String> {
    let Some(server) = Server::from("TRUEUP_TEST_MYSQL_URL")? else { return Ok(()) };
    let tables = Tables::make(&server, settings.rows)?;
    let differences = Differences::of(settings.rows);
    let version = tables.sql("SELECT version()")?;
    println!("  {}, {} rows, {} differences", version.trim(), settings.rows, differences.total());
    print_busy();
    let [left, right] = ["l", "r"].map(|t| server.table(&format!("trueup_bench_{t}")));
    let mut audits = Audits::new(settings, &[&left, &right], differences);
    let times = in_turn(settings.runs, &mut [Box::new(|| tables.select_both()), Box::new(|| audits.once())])?;
    let [select, audit] = &times[..] else { return Err("two were run".to_owned()) };
    select.print("SELECT * of both to nowhere");
    audits.print("audit", audit);
    print_ratio("audit / SELECT", audit, select, None);
    print_peak_of("audit", audits.peak);
    Ok(())
}
