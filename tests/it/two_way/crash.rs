//! The program is killed at random moments of a sync: while it plans, between writing left and right,
//! before the base is written. The next sync comes to the same end as if nothing had happened.

use super::pair::{Counts, Pair};
use super::people::people;
use crate::support::Kind;
use std::time::{Duration, Instant};

const SLOWLY: [&str; 4] = ["--chunk", "10", "--pause", "15ms"];
/// Rounds at least, and at most: kills come at random, and some must come while rows are written.
const ROUNDS: [usize; 2] = [10, 29];

/// Edits on both sides: changes, deletes and creates of either, and some that meet.
fn edit(pair: &mut Pair, round: usize) {
    let (here, there) = (round % 8, (round + 1) % 8);
    pair.sql(0, &format!("UPDATE {{t}} SET name = 'left {round}' WHERE id % 8 = {here}"));
    pair.sql(0, &format!("UPDATE {{t}} SET qty = {round} WHERE id % 20 = {round}"));
    pair.sql(0, &format!("DELETE FROM {{t}} WHERE id % 60 = {round}"));
    pair.sql(1, &format!("UPDATE {{t}} SET qty = -{round} WHERE id % 8 = {there}"));
    pair.sql(1, &format!("UPDATE {{t}} SET name = 'right {round}' WHERE id % 30 = {round}"));
    pair.sql(1, &format!("DELETE FROM {{t}} WHERE id % 60 = {}", 30 + round));
    for side in [0, 1] {
        let first = 10_000 + round * 100 + side * 50;
        let rows: Vec<String> =
            (first..first + 30).map(|id| format!("({id}, 'n{id}@example.org', 'new', 0, NULL)")).collect();
        pair.sql(side, &format!("INSERT INTO {{t}} VALUES {}", rows.join(", ")));
    }
}

fn check(kinds: [Kind; 2], history: bool) {
    let table = people(1..=600);
    let [mut pair, mut control] = [(); 2].map(|()| {
        let mut pair = Pair::new(kinds, [&table, &table], &["--key", "id"]);
        if history {
            pair.install_history();
        }
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        pair
    });
    // A fixed sequence of delays, so that a failure can be seen again.
    let mut random = 2_024_u64;
    let (mut killed, mut half_written) = (0, 0);
    for round in 1..=ROUNDS[1] {
        if round > ROUNDS[0] && killed >= 5 && half_written >= 2 {
            break;
        }
        edit(&mut pair, round);
        edit(&mut control, round);
        let started = Instant::now();
        let expected = control.sync(&SLOWLY);
        let whole = started.elapsed();

        let before = pair.cells();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = ((random >> 33) % 1000) as f64 / 1000.0;
        let (_, args) = pair.args("sync", &SLOWLY);
        let running = pair.place.dir.start(&mut pair.place.dir.command(args));
        // The first part of a sync writes nothing.
        std::thread::sleep(whole.mul_f64(0.2 + 0.9 * share).max(Duration::from_millis(5)));
        killed += usize::from(running.kill());
        let after = pair.cells();
        half_written += usize::from(after != before && after != control.cells());

        let synced = pair.sync(&[]);
        assert_eq!(pair.cells(), control.cells(), "{kinds:?}, round {round}: {}", synced.run);
        assert_eq!(synced.run.code, expected.run.code, "{kinds:?}, round {round}: {}", synced.run);
        let (next, other) = (pair.plan(&[]), control.plan(&[]));
        assert_eq!(next.counts(), Counts::none(), "{kinds:?}, round {round}: {}", next.run);
        assert_eq!(
            pair.conflicting(&next.folder, "id"),
            control.conflicting(&other.folder, "id"),
            "{kinds:?}, round {round}: {}",
            next.run
        );
    }
    eprintln!("{kinds:?}: killed {killed} times, {half_written} times half-written");
    assert!(killed >= 5 && half_written >= 2, "{kinds:?}: killed {killed}, half-written {half_written} times");
}

#[test]
fn postgres_and_mysql() {
    check([Kind::Postgres, Kind::Mysql], false);
}

#[test]
fn sqlite_and_postgres() {
    check([Kind::Sqlite, Kind::Postgres], false);
}

#[test]
fn postgres_and_mysql_with_history() {
    check([Kind::Postgres, Kind::Mysql], true);
}
