//! The first run knows of no base: it brings together what is there and deletes nothing.

use super::pair::{Counts, Pair};
use super::people::{people, row, table};
use crate::support::{Cells, Kind, Table};
use std::collections::BTreeSet;

const PAIRS: [[Kind; 2]; 3] =
    [[Kind::Postgres, Kind::Mysql], [Kind::Sqlite, Kind::Postgres], [Kind::Csv, Kind::Sqlite]];

/// A row with another name and time; no time is NULL.
fn named(id: usize, name: &str, at: Option<&str>) -> Cells {
    let mut cells = row(id);
    cells[2] = Some(name.to_owned());
    cells[4] = at.map(str::to_owned);
    cells
}

/// Rows 1 and 2 on the left only, 3 on the right only, 4 on both; 5 to 9 differ: 5 is later on the
/// left, 6 on the right, 7 at the same time, 8 and 9 have no time on one side.
fn apart() -> [Table; 2] {
    let times = [
        (5, Some("2024-02-02 00:00:00"), Some("2024-02-01 00:00:00")),
        (6, Some("2024-02-01 00:00:00"), Some("2024-02-02 00:00:00")),
        (7, Some("2024-02-01 00:00:00"), Some("2024-02-01 00:00:00")),
        (8, None, Some("2024-02-01 00:00:00")),
        (9, Some("2024-02-01 00:00:00"), None),
    ];
    let left = [row(1), row(2), row(4)].into_iter().chain(times.map(|(id, at, _)| named(id, "left", at)));
    let right = [row(3), row(4)].into_iter().chain(times.map(|(id, _, at)| named(id, "right", at)));
    [table(left.collect()), table(right.collect())]
}

fn ids(of: &[usize]) -> BTreeSet<String> {
    of.iter().map(ToString::to_string).collect()
}

/// What a winner makes of [`apart`]: updates per side, and the conflicts.
fn check(kinds: [Kind; 2], options: &[&str], updates: [i64; 2], conflicts: &[usize], winners: &[(usize, &str)]) {
    let [left, right] = apart();
    let options = [&["--key", "id"], options].concat();
    let mut pair = Pair::new(kinds, [&left, &right], &options);
    let plan = pair.plan(&[]);
    let counts = Counts::new([1, updates[0], 0], [2, updates[1], 0]);
    assert_eq!((plan.counts(), plan.conflicts()), (counts.clone(), conflicts.len() as i64), "{}", plan.run);
    assert_eq!(pair.conflicting(&plan.folder, "id"), ids(conflicts), "{}", plan.run);
    let synced = pair.sync(&[]);
    assert_eq!(synced.counts(), counts, "{}", synced.run);
    assert_eq!(synced.run.code, Some(i32::from(!conflicts.is_empty())), "{}", synced.run);
    for id in 1..=9 {
        let names = [0, 1].map(|side| pair.cell(side, ("id", &id.to_string()), "name").unwrap());
        let expected = match (winners.iter().find(|(row, _)| *row == id), id) {
            (Some((_, winner)), _) => [*winner; 2].map(str::to_owned),
            (None, 1..=4) => [format!("person {id}"), format!("person {id}")],
            (None, _) => ["left", "right"].map(str::to_owned),
        };
        assert_eq!(names, expected, "row {id} with {options:?}: {}", synced.run);
    }
    let again = pair.plan(&[]);
    assert_eq!((again.counts(), again.conflicts()), (Counts::none(), conflicts.len() as i64), "{}", again.run);
}

#[test]
fn nobody_wins() {
    for kinds in PAIRS {
        check(kinds, &[], [0, 0], &[5, 6, 7, 8, 9], &[]);
        check(kinds, &["--winner", "none"], [0, 0], &[5, 6, 7, 8, 9], &[]);
    }
}

#[test]
fn one_side_wins() {
    let all = |name: &'static str| [5, 6, 7, 8, 9].map(|id| (id, name));
    for kinds in PAIRS {
        check(kinds, &["--winner", "left"], [0, 5], &[], &all("left"));
        check(kinds, &["--winner", "right"], [5, 0], &[], &all("right"));
    }
}

#[test]
fn the_newest_wins() {
    for kinds in PAIRS {
        let winners = [(5, "left"), (6, "right")];
        check(kinds, &["--winner", "newest:updated_at"], [1, 1], &[7, 8, 9], &winners);
        check(kinds, &["--winner", "newest:updated_at", "--conflict-window", "36h"], [0, 0], &[5, 6, 7, 8, 9], &[]);
    }
}

#[test]
fn only_some_actions_are_wanted() {
    let [left, right] = apart();
    let options = ["--key", "id", "--winner", "left", "--no-create"];
    let mut pair = Pair::new([Kind::Sqlite, Kind::Sqlite], [&left, &right], &options);
    let synced = pair.sync(&[]);
    assert_eq!(synced.counts(), Counts::new([0; 3], [0, 5, 0]), "{}", synced.run);
    pair.options = ["--key", "id", "--winner", "left"].map(str::to_owned).into();
    let rest = pair.sync(&[]);
    assert_eq!(rest.counts(), Counts::new([1, 0, 0], [2, 0, 0]), "what was left out is made up for: {}", rest.run);
    pair.sql(0, "DELETE FROM {t} WHERE id = 1");
    let kept = pair.sync(&["--no-delete"]);
    assert_eq!(kept.counts(), Counts::none(), "{}", kept.run);
    let deleted = pair.sync(&[]);
    assert_eq!(deleted.counts(), Counts::new([0; 3], [0, 0, 1]), "it is still known as a delete: {}", deleted.run);
    pair.assert_agree();
}

#[test]
fn a_lost_base_is_a_first_run_again() {
    for kinds in PAIRS {
        let tables = people(1..=10);
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id"]);
        let first = pair.sync(&[]);
        assert_eq!(first.counts(), Counts::none(), "{}", first.run);
        assert!(pair.place.dir.path().join(&pair.state).join("base.json").exists());
        pair.sql(1, "DELETE FROM {t} WHERE id = 3");
        pair.sql(1, "UPDATE {t} SET name = 'changed' WHERE id = 4");
        let known = pair.plan(&[]);
        assert_eq!(known.counts(), Counts::new([0, 1, 1], [0; 3]), "{}", known.run);

        std::fs::remove_dir_all(pair.place.dir.path().join(&pair.state)).unwrap();
        let (_, mut args) = pair.args("plan", &[]);
        args.retain(|arg| arg != "--format" && arg != "json");
        let said = pair.place.dir.trueup(args);
        assert!(said.stdout.to_lowercase().contains("first run"), "{said}");
        let plan = pair.plan(&[]);
        assert_eq!((plan.counts(), plan.conflicts()), (Counts::new([0; 3], [1, 0, 0]), 1), "{}", plan.run);
        let synced = pair.sync(&["--winner", "right"]);
        assert_eq!(synced.counts(), Counts::new([0, 1, 0], [1, 0, 0]), "{}", synced.run);
        pair.assert_agree();
        assert_eq!(pair.cells()[0].len(), 10, "nothing is deleted");
    }
}

#[test]
fn a_base_of_something_else_is_refused() {
    let tables = people(1..=5);
    let mut pair = Pair::new([Kind::Postgres, Kind::Sqlite], [&tables, &tables], &["--key", "id"]);
    assert_eq!(pair.sync(&[]).run.code, Some(0));

    let other = pair.place.store(Kind::Postgres, &tables);
    let own = std::mem::replace(&mut pair.addresses[0], other);
    for command in ["plan", "sync"] {
        pair.fails(command, &[], &["base"]);
    }
    pair.addresses[0] = own;
    pair.options = vec!["--key".to_owned(), "email".to_owned()];
    pair.is_stopped("plan", &[], &["base", "key"]);
    pair.options = vec!["--key".to_owned(), "id".to_owned()];
    pair.is_stopped("plan", &["--map", "name=email", "--map", "email=name"], &["base"]);
    // The sides the other way round are two other tables too.
    pair.addresses.swap(0, 1);
    pair.fails("plan", &[], &["base"]);
    pair.addresses.swap(0, 1);
    let plan = pair.plan(&[]);
    assert_eq!(plan.counts(), Counts::none(), "its own base is still good: {}", plan.run);
}

#[test]
fn without_a_folder_of_its_own_the_base_is_found_again() {
    let tables = people(1..=5);
    let mut pair = Pair::new([Kind::Sqlite, Kind::Sqlite], [&tables, &tables], &[]);
    let run = |pair: &mut Pair| {
        let [left, right] = pair.addresses.clone();
        let args = ["sync", &left, &right, "--direction", "both", "--max-deletes", "100%", "--format", "json"];
        Counts::of(&pair.place.dir.trueup(args).json(0))
    };
    assert_eq!(run(&mut pair), Counts::none());
    pair.sql(0, "DELETE FROM {t} WHERE id = 2");
    assert_eq!(run(&mut pair), Counts::new([0; 3], [0, 0, 1]), "it was there before");
    pair.assert_agree();
}
