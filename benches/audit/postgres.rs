//! Two tables in PostgreSQL, against reading both with COPY.

use super::measure::{MEGABYTE, in_turn, output, print_busy, print_peak, print_ratio, side_by_side};
use super::rows::{Dialect, Differences};
use super::server::Server;
use super::settings::Settings;
use super::trueup::Audits;

pub const DIALECT: Dialect = Dialect {
    columns: "(id bigint, qty int, name text, city varchar(40), price numeric(12, 2), ratio double precision, \
              ok boolean, day date, ts timestamp, tz timestamptz, uid uuid, doc jsonb)",
    series: "generate_series(1, {n}::bigint) AS s(i)",
    day: "date '2015-01-01' + ({7} % 4000)::int",
    ts: "timestamp '2015-01-01' + ({8} * 70001) * interval '1 microsecond'",
    tz: "timestamptz '2015-01-01 00:00:00+00' + ({9} * 70003) * interval '1 microsecond'",
    hex: "to_hex",
    uid: "{uuid}::uuid",
    doc: "jsonb_build_object('number', {5}, 'word', concat('w', {6} % 100000))",
};

/// Both tables, dropped at the end.
struct Tables<'a>(&'a Server);

impl<'a> Tables<'a> {
    fn make(server: &'a Server, rows: u64) -> Result<Self, String> {
        let tables = Self(server);
        let columns = DIALECT.columns;
        tables.sql(&format!(
            "SET client_min_messages = warning; DROP SCHEMA IF EXISTS trueup_bench CASCADE; \
             CREATE SCHEMA trueup_bench; SET search_path = trueup_bench; \
             CREATE UNLOGGED TABLE l {columns}; CREATE UNLOGGED TABLE r {columns}; \
             INSERT INTO l {}; INSERT INTO r {}; \
             ALTER TABLE l ADD PRIMARY KEY (id); ALTER TABLE r ADD PRIMARY KEY (id)",
            DIALECT.left(rows),
            Dialect::right("l"),
        ))?;
        tables.sql("VACUUM ANALYZE trueup_bench.l")?;
        tables.sql("VACUUM ANALYZE trueup_bench.r")?;
        // So that no checkpoint of the new tables runs while something is timed.
        tables.sql("CHECKPOINT")?;
        Ok(tables)
    }

    fn sql(&self, sql: &str) -> Result<String, String> {
        output(self.0.psql().args(["-c", sql]))
    }

    fn addresses(&self) -> [String; 2] {
        ["l", "r"].map(|table| self.0.table(&format!("trueup_bench.{table}")))
    }

    fn copy_both(&self) -> Result<f64, String> {
        side_by_side(["l", "r"].map(|table| {
            let copy = format!("COPY (SELECT * FROM trueup_bench.{table}) TO STDOUT (FORMAT binary)");
            let mut psql = self.0.psql();
            // As the audit reads, whatever the server's default is.
            psql.env(
                "PGOPTIONS",
                r"-c default_transaction_isolation=repeatable\ read -c default_transaction_read_only=on",
            );
            psql.args(["-c", &copy]);
            psql
        }))
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
    measure(settings, &server, settings.rows, 500 * MEGABYTE)?;
    match settings.large_rows {
        Some(rows) => measure(settings, &server, rows, 1000 * MEGABYTE),
        None => Ok(()),
    }
}

fn measure(settings: &Settings, server: &Server, rows: u64, memory: u64) -> Result<(), String> {
    let tables = Tables::make(server, rows)?;
    let differences = Differences::of(rows);
    let version = tables.sql("SHOW server_version")?;
    println!("  PostgreSQL {}, {rows} rows, {} differences", version.trim(), differences.total());
    print_busy();
    let [left, right] = tables.addresses();
    let mut audits = Audits::new(settings, &[&left, &right], differences);
    let times = in_turn(settings.runs, &mut [Box::new(|| tables.copy_both()), Box::new(|| audits.once())])?;
    let [copy, audit] = &times[..] else { return Err("two were run".to_owned()) };
    copy.print("COPY of both to nowhere, binary");
    audits.print("audit", audit);
    print_ratio("audit / COPY", audit, copy, Some(2.5));
    print_peak(audits.peak, memory);
    Ok(())
}
