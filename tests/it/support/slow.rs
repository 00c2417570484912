//! Views whose rows come slowly, so that a test can do something while they are exported.

use super::place::Place;
use mysql::prelude::Queryable;
use std::thread;
use std::time::{Duration, Instant};

/// A view of 6000 rows, ten milliseconds each: a minute, of which no first batch is ever seen.
pub struct SlowView {
    pub address: String,
    place: &'static str,
}

/// Makes one in PostgreSQL.
pub fn slow_postgres(place: &mut Place) -> SlowView {
    let server = place.postgres();
    server.execute(
        "CREATE TABLE quick AS SELECT id::int, 'row ' || id AS name FROM generate_series(1, 6000) id;
         CREATE VIEW slow AS SELECT * FROM quick WHERE pg_sleep(0.01) IS NOT NULL",
    );
    SlowView { address: server.address("slow"), place: "postgres" }
}

/// Makes one in MySQL.
pub fn slow_mysql(place: &mut Place) -> SlowView {
    let server = place.mysql();
    server.execute("CREATE TABLE quick (id int, name varchar(20))");
    let rows: Vec<String> = (1..=6000).map(|id| format!("({id}, 'row {id}')")).collect();
    server.execute(&format!("INSERT INTO quick VALUES {}", rows.join(",")));
    server.execute("CREATE VIEW slow AS SELECT * FROM quick WHERE sleep(0.01) = 0");
    SlowView { address: server.address("slow"), place: "mysql" }
}

impl SlowView {
    /// The server's numbers of the sessions that are reading it.
    pub fn readers(&self, place: &mut Place) -> Vec<i64> {
        if self.place == "postgres" {
            let server = place.postgres();
            let schema = format!("%{}%", server.schema);
            let sql = "SELECT pid::bigint FROM pg_stat_activity
                       WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()";
            server.client.query(sql, &[&schema]).unwrap().iter().map(|row| row.get(0)).collect()
        } else {
            let server = place.mysql();
            let sql = "SELECT id FROM information_schema.processlist
                       WHERE db = ? AND id <> connection_id() AND info LIKE '%slow%'";
            server.client.exec(sql, (server.database.clone(),)).unwrap()
        }
    }

    /// Waits until somebody reads it, and then until the reading is well under way.
    pub fn await_reader(&self, place: &mut Place) {
        let start = Instant::now();
        while self.readers(place).is_empty() {
            assert!(start.elapsed() < Duration::from_secs(30), "nobody reads {}", self.address);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Throws its readers out.
    pub fn kill_readers(&self, place: &mut Place) {
        for reader in self.readers(place) {
            if self.place == "postgres" {
                place.postgres().execute(&format!("SELECT pg_terminate_backend({reader})"));
            } else {
                // It may be gone by itself.
                let _ = place.mysql().client.query_drop(format!("KILL {reader}"));
            }
        }
    }
}
