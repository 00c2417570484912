//! The worked example: row 6 is changed on both sides, last on the right; row 7 first on the right,
//! then on the left. Afterwards both tables have the later version of each.

use super::pair::{Counts, Pair};
use super::people::{people, timeless};
use crate::support::{Kind, table_name};
use std::thread::sleep;
use std::time::Duration;

const LATER: [&str; 2] = ["2024-05-01 09:00:00", "2024-05-01 10:00:00"];

/// Makes the edits, with a time of their own or without.
fn edit(pair: &mut Pair, timed: bool) {
    for (side, row, name, at) in [
        (0, 6, "left six", LATER[0]),
        (1, 7, "right seven", LATER[0]),
        (1, 6, "right six", LATER[1]),
        (0, 7, "left seven", LATER[1]),
    ] {
        let time = if timed { format!(", updated_at = '{at}'") } else { String::new() };
        pair.sql(side, &format!("UPDATE {{t}} SET name = '{name}'{time} WHERE id = {row}"));
        if !timed {
            sleep(Duration::from_millis(60));
        }
    }
}

#[track_caller]
fn check_names(pair: &mut Pair, six: &str, seven: &str) {
    for side in [0, 1] {
        assert_eq!(pair.cell(side, ("id", "6"), "name").as_deref(), Some(six), "side {side}");
        assert_eq!(pair.cell(side, ("id", "7"), "name").as_deref(), Some(seven), "side {side}");
    }
    pair.assert_agree();
}

/// With a run before the edits that finds two equal tables, or without.
fn check(kinds: [Kind; 2], timed: bool, run_before: bool) {
    let table = if timed { people(1..=10) } else { timeless(people(1..=10)) };
    let winner = if timed { "newest:updated_at" } else { "newest:history" };
    let mut pair = Pair::new(kinds, [&table, &table], &["--winner", winner]);
    if !timed {
        pair.install_history();
    }
    if run_before {
        let first = pair.sync(&[]);
        assert_eq!((first.run.code, first.counts()), (Some(0), Counts::none()), "{}", first.run);
    }
    edit(&mut pair, timed);
    let synced = pair.sync(&[]);
    assert_eq!(synced.run.code, Some(0), "{}", synced.run);
    assert_eq!(synced.counts(), Counts::new([0, 1, 0], [0, 1, 0]), "{}", synced.run);
    check_names(&mut pair, "right six", "left seven");
    let again = pair.plan(&[]);
    assert_eq!((again.run.code, again.counts()), (Some(0), Counts::none()), "{}", again.run);
}

fn check_all(kinds: [Kind; 2]) {
    for timed in [true, false] {
        for run_before in [true, false] {
            check(kinds, timed, run_before);
        }
    }
}

#[test]
fn postgres_and_mysql() {
    check_all([Kind::Postgres, Kind::Mysql]);
}

#[test]
fn mysql_and_sqlite() {
    check_all([Kind::Mysql, Kind::Sqlite]);
}

#[test]
fn postgres_and_postgres() {
    check_all([Kind::Postgres, Kind::Postgres]);
}

#[test]
fn sqlite_and_sqlite() {
    check_all([Kind::Sqlite, Kind::Sqlite]);
}

#[test]
fn one_way_both_come_from_the_source() {
    let table = people(1..=10);
    let mut pair = Pair::new([Kind::Postgres, Kind::Mysql], [&table, &table], &[]);
    edit(&mut pair, true);
    let [left, right] = pair.addresses.clone();
    let run = pair.place.dir.trueup(["sync", &left, &right, "--format", "json"]);
    assert_eq!(Counts::of(&run.json(0)), Counts::new([0; 3], [0, 2, 0]));
    check_names(&mut pair, "left six", "left seven");
}

/// What a person sees of it, from the first run to the last.
#[test]
fn as_it_prints() {
    let table = people(1..=10);
    let mut pair = Pair::new([Kind::Sqlite, Kind::Sqlite], [&table, &table], &[]);
    let sides = pair.addresses.clone().map(|address| format!("sqlite:tables.db#{}", table_name(&address)));
    let shown = |pair: &Pair, command: &str, out: &str| {
        let [left, right] = &sides;
        let tables = [command, left, right, "--direction", "both", "--state", "state", "--out", out];
        let winner = ["--winner", "newest:updated_at", "--conflict-window", "1s"];
        let run = pair.place.dir.trueup(tables.into_iter().chain(winner));
        format!("exit {}\n{}", run.code.unwrap(), without_moments(&run.stdout))
    };
    insta::assert_snapshot!("first_run", shown(&pair, "sync", "first"));
    edit(&mut pair, true);
    insta::assert_snapshot!("plan", shown(&pair, "plan", "plan"));
    insta::assert_snapshot!("steps", pair.place.dir.trueup(["show", "plan", "--no-pager"]).stdout);
    insta::assert_snapshot!("sync", shown(&pair, "sync", "sync"));
    insta::assert_snapshot!("again", shown(&pair, "plan", "again"));
    check_names(&mut pair, "right six", "left seven");
}

/// Without when the base was made.
fn without_moments(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("base   base of ") {
        Some(after) => format!("base   base of TIME{}", &after["2026-11-22 21:00 UTC".len()..]),
        None => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}
