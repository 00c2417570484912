//! What breaks in the middle of an export.

use super::orders;
use crate::support::{Kind, Place, SlowView, slow_mysql, slow_postgres};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// A program that can write no file beyond 16 KiB, which is how a full disk looks from inside.
fn on_a_full_disk(place: &Place, args: &[&str]) -> crate::support::Run {
    let program = place.dir.command(args);
    let mut command = Command::new("sh");
    // The limit is in blocks of 512 bytes, or of 1024.
    command.arg("-c").arg("trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\"");
    command.arg(program.get_program()).args(program.get_args()).current_dir(place.dir.path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    place.dir.start(&mut command).wait()
}

#[test]
fn a_full_disk() {
    let mut place = Place::new();
    let mut table = orders();
    table.rows = (0..20_000_u64)
        .map(|id| {
            // Does not compress well.
            let noise = format!(
                "{:016x}{:016x}",
                id.wrapping_mul(0x9E37_79B9_7F4A_7C15),
                id.wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
            );
            vec![Some(id.to_string()), Some(noise), None]
        })
        .collect();
    let address = place.store(Kind::Postgres, &table);
    on_a_full_disk(&place, &["snapshot", &address, "--out", "out"]).fails_with(&["write", "out"]);
    assert!(place.dir.tree("out").is_empty(), "{:?}", place.dir.tree("out"));
    on_a_full_disk(&place, &["audit", &address, &address, "--out", "run"]).fails_with(&["write", "run"]);
    place.dir.assert_nothing_half_done();
    // With room it works, in the same place.
    assert_eq!(place.dir.trueup(["snapshot", &address, "--out", "out"]).code, Some(0));
}

fn killed(make: fn(&mut Place) -> SlowView) {
    let mut place = Place::new();
    let view = make(&mut place);
    let commands: [&[&str]; 2] = [
        &["snapshot", &view.address, "--out", "out"],
        &["audit", &view.address, &view.address, "--key", "id", "--out", "out", "--format", "json"],
    ];
    for args in commands {
        let mut command = place.dir.command(args);
        let mut running = place.dir.start(&mut command);
        view.await_reader(&mut place);
        thread::sleep(Duration::from_millis(300));
        // Until it gives up: it may be between two statements, or try again.
        while running.is_running() {
            view.kill_readers(&mut place);
            thread::sleep(Duration::from_millis(20));
        }
        running.wait().fails_with(&["slow"]);
        place.dir.assert_nothing_half_done();
        assert!(!place.dir.path().join("out/manifest.json").exists());
    }
}

#[test]
fn a_postgres_session_that_is_killed() {
    killed(slow_postgres);
}

#[test]
fn a_mysql_session_that_is_killed() {
    killed(slow_mysql);
}

/// Whenever the table goes: either all of it was frozen before, or it is an error.
#[test]
fn a_table_that_is_dropped_meanwhile() {
    for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
        for delay in [0, 5, 10, 20, 40, 80, 160] {
            let mut place = Place::new();
            let address = place.store(kind, &orders());
            let mut command = place.dir.command(["snapshot", &address, "--out", "out", "--format", "json"]);
            let running = place.dir.start(&mut command);
            thread::sleep(Duration::from_millis(delay));
            match kind {
                Kind::Postgres => place.postgres().execute("DROP TABLE table_1"),
                Kind::Mysql => place.mysql().execute("DROP TABLE table_1"),
                _ => {
                    let connection = place.sqlite();
                    connection.busy_timeout(Duration::from_secs(20)).unwrap();
                    connection.execute_batch("DROP TABLE table_1").unwrap();
                }
            }
            let run = running.wait();
            if run.code == Some(0) {
                assert_eq!(run.json(0)["rows"], 50, "{kind:?} after {delay} ms: {run}");
            } else {
                run.fails_with(&["table_1"]);
                assert!(place.dir.tree("out").is_empty(), "{:?}", place.dir.tree("out"));
            }
        }
    }
}

/// Rows that are added while the export runs are all in it or all not.
#[test]
fn a_table_that_grows_meanwhile_is_frozen_at_one_moment() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        let mut place = Place::new();
        let address = place.store(kind, &orders());
        let mut command = place.dir.command(["snapshot", &address, "--out", "out", "--format", "json"]);
        let mut running = place.dir.start(&mut command);
        let mut id = 1000;
        while running.is_running() {
            // 10 rows in one transaction.
            let rows: Vec<String> = (id..id + 10).map(|id| format!("({id}, 'x', NULL)")).collect();
            let insert = format!("INSERT INTO table_1 VALUES {}", rows.join(","));
            if kind == Kind::Postgres {
                place.postgres().execute(&insert)
            } else {
                place.mysql().execute(&insert)
            }
            id += 10;
        }
        let run = running.wait();
        assert_eq!(run.json(0)["rows"].as_i64().unwrap() % 10, 0, "{kind:?}: {run}");
    }
}
