//! Ctrl-C while a long export runs.

use crate::support::{Place, SlowView, slow_mysql, slow_postgres};
use std::thread;
use std::time::{Duration, Instant};

fn interrupted(place: &mut Place, view: &SlowView, args: &[&str]) {
    let mut command = place.dir.command(args);
    let mut running = place.dir.start(&mut command);
    view.await_reader(place);
    thread::sleep(Duration::from_millis(300));
    assert!(running.is_running(), "it is over before it was interrupted: {}", running.wait());
    running.interrupt();
    let start = Instant::now();
    let run = running.wait();
    assert_eq!(run.code, Some(130), "{run}");
    assert_eq!(run.stdout, "", "{run}");
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?} to stop: {run}", start.elapsed());
    place.dir.assert_nothing_half_done();

    let start = Instant::now();
    while !view.readers(place).is_empty() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the server goes on with the query of a program that is gone"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

fn check(make: fn(&mut Place) -> SlowView) {
    let mut place = Place::new();
    let view = make(&mut place);
    let address = view.address.clone();
    interrupted(&mut place, &view, &["snapshot", &address, "--out", "out"]);
    assert!(!place.dir.path().join("out/manifest.json").exists());
    interrupted(&mut place, &view, &["audit", &address, &address, "--key", "id", "--out", "run"]);
    // The same places can be used at once.
    let quick = address.replace("slow", "quick");
    for args in [&["snapshot", &quick, "--out", "out"][..], &["audit", &quick, &quick, "--key", "id", "--out", "run"]] {
        let run = place.dir.trueup(args);
        assert_eq!(run.code, Some(0), "{run}");
    }
}

#[test]
fn a_postgres_export_stops_and_leaves_nothing() {
    check(slow_postgres);
}

#[test]
fn a_mysql_export_stops_and_leaves_nothing() {
    check(slow_mysql);
}

/// Interrupts a snapshot of a table that somebody else has locked.
fn interrupted_while_locked(place: &Place, address: &str, times: usize) {
    let mut command = place.dir.command(["snapshot", address, "--out", "out"]);
    let mut running = place.dir.start(&mut command);
    thread::sleep(Duration::from_millis(700));
    assert!(running.is_running(), "the lock does not hold it up: {}", running.wait());
    let start = Instant::now();
    for _ in 0..times {
        running.interrupt();
        thread::sleep(Duration::from_millis(100));
    }
    let run = running.wait();
    assert_eq!(run.code, Some(130), "{run}");
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?} to stop: {run}", start.elapsed());
    place.dir.assert_nothing_half_done();
}

#[test]
fn waiting_for_a_locked_table_can_be_interrupted() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute("CREATE TABLE t (id int PRIMARY KEY)");
    server.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    let address = server.address("t");
    interrupted_while_locked(&place, &address, 1);
    interrupted_while_locked(&place, &address, 2);
    place.postgres().execute("COMMIT");

    let server = place.mysql();
    server.execute("CREATE TABLE t (id int PRIMARY KEY)");
    server.execute("LOCK TABLES t WRITE");
    let address = server.address("t");
    interrupted_while_locked(&place, &address, 1);
    interrupted_while_locked(&place, &address, 2);
    place.mysql().execute("UNLOCK TABLES");
}
