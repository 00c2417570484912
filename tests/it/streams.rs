//! Tables large enough to be read in several streams: no row is lost or doubled between two of
//! them, and all are of one moment while others write.

use crate::support::{Place, assert_identities, changed_columns, count};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use mysql::prelude::Queryable;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

const ROWS: i64 = 150_000;
/// What all accounts hold together, whatever is moved between them.
const TOTAL: i64 = ROWS * 100;

/// Identities with gaps, on both sides of zero.
const ID: &str = "(n * 7 - 300000)";

fn fill_postgres(place: &mut Place) -> String {
    let server = place.postgres();
    server.execute(&format!(
        "CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL, filler text);
         INSERT INTO accounts SELECT {ID}, 100, repeat(md5(n::text), 6) FROM generate_series(1, {ROWS}) n;
         ANALYZE accounts"
    ));
    server.address("accounts")
}

fn fill_mysql(place: &mut Place) -> String {
    let server = place.mysql();
    server.execute("CREATE TABLE digits (d int)");
    server.execute("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)");
    server.execute("CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL, filler text)");
    server.execute(&format!(
        "INSERT INTO accounts SELECT {ID}, 100, repeat(md5(n), 6) FROM (
            SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d + 1 AS n
            FROM digits a, digits b, digits c, digits d, digits e, (SELECT d FROM digits WHERE d < 2) f) numbers
         WHERE n <= {ROWS}"
    ));
    server.client.query_drop("ANALYZE TABLE accounts").unwrap();
    server.address("accounts")
}

fn fill_sqlite(place: &Place) -> String {
    // SQLite has no md5 and no repeat.
    place
        .sqlite()
        .execute_batch(&format!(
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})
             INSERT INTO accounts SELECT {ID}, 100 FROM numbers"
        ))
        .unwrap();
    place.sqlite_address("accounts")
}

/// The same edits everywhere: at the ends, in the middle, and in between.
const EDITS: [&str; 3] = [
    "UPDATE accounts SET balance = balance + 1 WHERE id IN (-299993, -1, 6, 749993, 750000)",
    "DELETE FROM accounts WHERE id IN (-299986, 69, 749986)",
    "INSERT INTO accounts (id, balance) VALUES (-300000, 5), (1, 5), (750001, 5)",
];

#[test]
fn several_streams_carry_every_row_once() {
    let mut place = Place::new();
    let (postgres, mysql, sqlite) = (fill_postgres(&mut place), fill_mysql(&mut place), fill_sqlite(&place));
    for streams in ["1", "4"] {
        let report = place.dir.audit(&postgres, &mysql, &["--streams", streams]).json(0);
        assert_eq!(report["rows"], json!({"equal": ROWS, "changed": 0}), "{streams} streams");
        if streams == "4" {
            for side in ["left", "right"] {
                let words = report[side]["consistency"].as_str().unwrap();
                assert!(!words.contains("on one connection"), "{side} was read in one stream: {words}");
            }
        }
    }
    EDITS.iter().for_each(|sql| place.mysql().execute(sql));
    place.sqlite().execute_batch(&EDITS.join(";")).unwrap();

    assert_eq!(
        place.dir.audit(&mysql, &sqlite, &["--streams", "3", "--ignore", "filler"]).json(0)["rows"]["equal"],
        ROWS
    );
    for (left, right) in [(&postgres, &mysql), (&mysql, &postgres), (&postgres, &sqlite)] {
        let report = place.dir.audit(left, right, &["--streams", "4"]).json(1);
        assert_identities(&report);
        assert_eq!(report["keys"], json!({"in_both": ROWS - 3, "only_left": 3, "only_right": 3, "ambiguous": 0}));
        assert_eq!(count(&report, "/rows/changed"), 5);
        assert_eq!(changed_columns(&report), [("balance".to_owned(), 5)]);
    }
    // A condition goes with every stream.
    let half = place.dir.audit(&postgres, &mysql, &["--streams", "4", "--where", "id < 0 OR id = 6"]).json(1);
    assert_eq!(count(&half, "/left/rows"), 42_858, "{half:#}");
}

/// Does something again and again until told to stop.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<i64>,
}

impl Writer {
    fn start(mut write: impl FnMut(i64) + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut round = 0;
            while !told.load(Ordering::Relaxed) {
                write(round);
                round += 1;
            }
            round
        });
        Self { stop, thread }
    }

    /// How often it wrote.
    fn stop(self) -> i64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Moves money from the second half of the table to the first, and an account of the first to
/// beyond the last. Money goes to accounts with odd numbers, and those with even ones move.
fn transfer(round: i64) -> [String; 4] {
    let half = ROWS / 2;
    let id = |n: i64| n * 7 - 300_000;
    let (poor, rich) = (id((round * 7919 % (half / 2)) * 2 + 1), id(half + round * 104_729 % (half - 1) + 1));
    let (gone, new) = (id((round % (half / 2 - 1)) * 2 + 2), 1_000_000 + round);
    [
        format!("UPDATE accounts SET balance = balance - 1 WHERE id = {rich}"),
        format!("UPDATE accounts SET balance = balance + 1 WHERE id = {poor}"),
        format!("INSERT INTO accounts SELECT {new}, balance, filler FROM accounts WHERE id = {gone}"),
        format!("DELETE FROM accounts WHERE id = {gone}"),
    ]
}

/// The rows of a snapshot, and what they hold together.
fn sum(place: &Place, folder: &str) -> (i64, i64) {
    let (mut rows, mut total) = (0, 0);
    for path in place.dir.tree(folder).iter().filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("rows-"))
    {
        let file = std::fs::File::open(place.dir.path().join(path)).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            rows += i64::try_from(batch.num_rows()).unwrap();
            let balance = batch.column_by_name("balance").unwrap().as_primitive::<Int64Type>().clone();
            total += balance.values().iter().sum::<i64>();
        }
    }
    (rows, total)
}

fn one_moment(place: &mut Place, address: &str, writer: Writer) {
    let mut seen = Vec::new();
    for round in 0..4 {
        let folder = format!("frozen-{round}");
        let streams = if round == 0 { "1" } else { "4" };
        let run = place.dir.trueup(["snapshot", address, "--out", &folder, "--streams", streams]);
        assert_eq!(run.code, Some(0), "{run}");
        seen.push(sum(place, &folder));
    }
    let writes = writer.stop();
    assert!(writes > 20, "too few writes ({writes}) to prove anything");
    assert_eq!(seen, [(ROWS, TOTAL); 4], "rows and total of each snapshot, of {writes} writes");
}

#[test]
fn postgres_is_frozen_at_one_moment_while_others_write() {
    let mut place = Place::new();
    let address = fill_postgres(&mut place);
    let server = place.postgres();
    let mut client = postgres::Client::connect(server.url.as_str(), postgres::NoTls).unwrap();
    client
        .batch_execute(&format!(
            "SET search_path = {}; SET default_transaction_isolation = 'read committed'",
            server.schema
        ))
        .unwrap();
    let writer = Writer::start(move |round| {
        client.batch_execute(&format!("BEGIN; {}; COMMIT", transfer(round).join("; "))).unwrap();
    });
    one_moment(&mut place, &address, writer);
}

#[test]
fn mysql_is_frozen_at_one_moment_while_others_write() {
    let mut place = Place::new();
    let address = fill_mysql(&mut place);
    let mut client = mysql::Conn::new(mysql::Opts::from_url(place.mysql().url.as_str()).unwrap()).unwrap();
    let writer = Writer::start(move |round| {
        client.query_drop("START TRANSACTION").unwrap();
        transfer(round).iter().for_each(|sql| client.query_drop(sql).unwrap());
        client.query_drop("COMMIT").unwrap();
    });
    one_moment(&mut place, &address, writer);
}
