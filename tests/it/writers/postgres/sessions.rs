//! Other sessions: their locks, their rows, and the end of ours.

use super::{Table, chunk, pick, printed, table};
use crate::support::Place;
use std::time::{Duration, Instant};
use trueup::endpoint::{EndpointError, WriteError, WriteOptions};

fn place() -> (Place, Table) {
    let mut place = Place::new();
    place.postgres().execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 3) n",
    );
    let t = Table::new(&mut place, "t", &["id"]);
    (place, t)
}

/// Another connection in the place's schema.
fn other(place: &mut Place) -> postgres::Client {
    let server = place.postgres();
    let mut client = postgres::Client::connect(server.url.as_str(), postgres::NoTls).unwrap();
    client.batch_execute(&format!("SET search_path = {}", server.schema)).unwrap();
    client
}

#[test]
fn a_locked_row_is_waited_for_as_long_as_told() {
    let (mut place, t) = place();
    let rows = t.rows();
    let mut other = other(&mut place);
    other.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED; UPDATE t SET v = 'theirs' WHERE id = 2").unwrap();
    let limit = Duration::from_millis(200);
    let mut writer = t.writer_with(&WriteOptions { lock_timeout: Some(limit), ..WriteOptions::default() });
    let begun = Instant::now();
    let error = chunk(writer.as_mut(), &t.delete(rows.clone())).unwrap_err();
    assert!(matches!(error, WriteError::Locked { .. }), "{error}");
    assert!(begun.elapsed() >= limit && begun.elapsed() < Duration::from_secs(20));
    writer.rollback().unwrap();
    // Their write is seen once it is there.
    other.batch_execute("COMMIT").unwrap();
    writer.begin().unwrap();
    writer.load(&t.delete(rows)).unwrap();
    assert_eq!(writer.write().unwrap(), 2);
    writer.rollback().unwrap();
    assert_eq!(t.printed(), table(&["1 v1", "2 theirs", "3 v3"]));
}

#[test]
fn a_row_that_moves_while_it_is_waited_for_is_left_alone() {
    let (mut place, t) = place();
    let rows = t.rows();
    let mut other = other(&mut place);
    other.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED; UPDATE t SET v = 'theirs' WHERE id = 2").unwrap();
    let mut writer = t.writer();
    let written = std::thread::scope(|scope| {
        let ours = scope.spawn(|| chunk(writer.as_mut(), &t.delete(rows)));
        std::thread::sleep(Duration::from_millis(300));
        other.batch_execute("COMMIT").unwrap();
        ours.join().unwrap()
    });
    assert_eq!(written.unwrap(), 2);
    assert_eq!(t.printed(), table(&["2 theirs"]));
}

/// Until somebody waits for this session.
fn await_waiting(session: &mut postgres::Client) {
    let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))";
    for _ in 0..600 {
        if session.query_one(sql, &[]).unwrap().get::<_, i64>(0) > 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody waits");
}

#[test]
fn a_key_that_comes_into_being_meanwhile_is_a_conflict() {
    let (mut place, t) = place();
    let rows = t.rows();
    let server = place.postgres();
    server.execute(
        "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY HASH (id);
        CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    );
    server.execute("DELETE FROM t WHERE id = 2");
    for name in ["t", "p"] {
        let t = Table::new(&mut place, name, &["id"]);
        let mut other = other(&mut place);
        other.batch_execute(&format!("BEGIN; INSERT INTO {name} VALUES (2, 'theirs')")).unwrap();
        let mut writer = t.writer();
        let steps = t.create(pick(&rows, &[1]));
        let error = std::thread::scope(|scope| {
            let ours = scope.spawn(|| chunk(writer.as_mut(), &steps));
            await_waiting(&mut other);
            other.batch_execute("COMMIT").unwrap();
            ours.join().unwrap().unwrap_err()
        });
        assert!(matches!(error, WriteError::Taken { .. }), "{error}");
        writer.rollback().unwrap();
        assert_eq!(chunk(writer.as_mut(), &steps).unwrap(), 0);
    }
}

#[test]
fn fetched_rows_stay_as_they_are_until_the_end() {
    let (mut place, t) = place();
    let rows = t.rows();
    let mut writer = t.writer();
    writer.begin().unwrap();
    writer.load(&t.delete(pick(&rows, &[0, 1]))).unwrap();
    assert_eq!(printed(&writer.fetch(true).unwrap()), table(&["1 v1", "2 v2"]));
    let mut other = other(&mut place);
    other.batch_execute("SET lock_timeout = 100").unwrap();
    assert!(other.batch_execute("DELETE FROM t WHERE id = 1").is_err());
    other.batch_execute("DELETE FROM t WHERE id = 3").unwrap();
    // Loading again, and writing, is part of the same transaction.
    writer.load(&t.delete(pick(&rows, &[1]))).unwrap();
    assert_eq!(writer.write().unwrap(), 1);
    writer.commit().unwrap();
    assert_eq!(t.printed(), table(&["1 v1"]));
    // What was loaded is still there, and what was rolled back is not.
    assert_eq!(writer.fetch(false).unwrap().rows.num_rows(), 0);
    writer.begin().unwrap();
    writer.load(&t.delete(rows.clone())).unwrap();
    writer.rollback().unwrap();
    assert!(writer.fetch(false).is_err() && writer.write().is_err());
    writer.load(&t.delete(rows)).unwrap();
    assert_eq!(printed(&writer.fetch(false).unwrap()), table(&["1 v1"]));
}

#[test]
fn a_session_that_looks_does_not_write() {
    let (_place, t) = place();
    let mut writer = t.writer_with(&WriteOptions { read_only: true, ..WriteOptions::default() });
    writer.load(&t.delete(t.rows())).unwrap();
    assert_eq!(writer.fetch(true).unwrap().rows.num_rows(), 3);
    assert!(writer.write().is_err() && writer.advance_counters().is_err());
    assert_eq!(t.printed().len(), 3);
}

#[test]
fn a_lost_connection_is_an_error_and_nothing_is_written() {
    let (mut place, t) = place();
    let mut writer = t.writer();
    writer.begin().unwrap();
    writer.load(&t.delete(t.rows())).unwrap();
    assert_eq!(writer.write().unwrap(), 3);
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name = 'trueup' AND state = 'idle in transaction' AND query LIKE 'DELETE FROM \"' || $1 || '\"%'";
    let schema = place.postgres().schema.clone();
    assert_eq!(place.postgres().client.query_one(sql, &[&schema]).unwrap().get::<_, i64>(0), 1);
    let error = writer.commit().unwrap_err();
    let WriteError::Endpoint(EndpointError::Query { why, .. }) = &error else { panic!("{error}") };
    assert!(why.contains("connection broke") && why.contains("administrator"), "{why}");
    let _ = writer.rollback();
    for _ in 0..2 {
        assert!(writer.begin().is_err());
        let _ = writer.rollback();
    }
    drop(writer);
    assert_eq!(t.printed().len(), 3);
}

#[test]
fn a_dropped_session_rolls_back() {
    let (_place, t) = place();
    let mut writer = t.writer();
    writer.begin().unwrap();
    writer.load(&t.delete(t.rows())).unwrap();
    assert_eq!(writer.write().unwrap(), 3);
    drop(writer);
    assert_eq!(t.printed().len(), 3);
}

#[test]
fn triggers_see_the_users_own_settings() {
    let (mut place, _) = place();
    let server = place.postgres();
    server.execute(
        "CREATE TABLE w (id int PRIMARY KEY, at timestamptz, day text);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN new.day := new.at::date::text || ' ' || current_setting('search_path'); RETURN new; END $$;
         CREATE TRIGGER f BEFORE UPDATE ON w FOR EACH ROW EXECUTE FUNCTION f();
         INSERT INTO w VALUES (1, '2024-01-01 20:00+00', 'x')",
    );
    let w = Table::new(&mut place, "w", &["id"]);
    let mut writer = w.writer();
    writer.begin().unwrap();
    writer.load(&w.update(w.rows(), w.rows())).unwrap();
    writer.fetch(true).unwrap();
    assert_eq!(writer.write().unwrap(), 1);
    writer.commit().unwrap();
    let client = &mut other(&mut place);
    client.batch_execute("RESET search_path; SET DateStyle = 'ISO'").unwrap();
    let sql = "SELECT '2024-01-01 20:00+00'::timestamptz::date::text || ' ' || current_setting('search_path')";
    let expected: String = client.query_one(sql, &[]).unwrap().get(0);
    assert_eq!(w.printed()[0][2].as_deref(), Some(expected.as_str()));
}
