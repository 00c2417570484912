//! With a history on both sides a later run reads only what changed, and comes to the same plan.

use super::model::{Case, World};
use super::pair::{Counts, Pair, Planned};
use super::people::{people, timeless};
use super::three_way::{check_synced, on_random_cases};
use crate::support::{Kind, count};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

fn is_partial(plan: &Planned) -> bool {
    plan.json["two_way"]["partial"].as_bool().unwrap_or_else(|| panic!("{}", plan.run))
}

fn note(plan: &Planned) -> String {
    plan.json["two_way"]["note"].as_str().unwrap_or_default().to_lowercase()
}

fn check_case(kinds: [Kind; 2], case: &Case) -> Result<(), TestCaseError> {
    let (mut pair, mut world) = case.begin(kinds);
    pair.install_history();
    let expected = world.sync();
    let first = pair.sync(&[]);
    check_synced(&mut pair, &first, &world, &expected)?;
    for number in 0..case.rounds.len() {
        let nothing = pair.plan(&[]);
        prop_assert!(is_partial(&nothing), "{}", nothing.run);
        prop_assert_eq!(nothing.counts(), Counts::none(), "its own writes come back: {}", nothing.run);
        world.edit(number, &mut pair);
        check_round(&mut pair, &mut world)?;
    }
    Ok(())
}

/// After the edits of a round.
fn check_round(pair: &mut Pair, world: &mut World<'_>) -> Result<(), TestCaseError> {
    let expected = world.sync();
    let (partial, full) = (pair.plan(&[]), pair.plan(&["--full"]));
    prop_assert!(is_partial(&partial) && !is_partial(&full), "{} {}", partial.run, full.run);
    for plan in [&partial, &full] {
        prop_assert_eq!(plan.counts(), expected.counts.clone(), "{}", plan.run);
        prop_assert_eq!(pair.conflicting(&plan.folder, "id"), expected.conflicts.clone(), "{}", plan.run);
        prop_assert_eq!(count(&plan.json, "/undecided"), expected.undecided, "{}", plan.run);
    }
    prop_assert_eq!(steps(pair, &partial), steps(pair, &full), "the same steps");

    let synced = pair.sync(&[]);
    check_synced(pair, &synced, world, &expected)?;
    for options in [&[][..], &["--full"]] {
        let next = pair.plan(options);
        prop_assert_eq!(is_partial(&next), options.is_empty(), "{}", next.run);
        prop_assert_eq!(next.counts(), Counts::none(), "{}", next.run);
        prop_assert_eq!(pair.conflicting(&next.folder, "id"), expected.conflicts.clone(), "{}", next.run);
    }
    let undone = pair.place.dir.undo(&synced.folder, &[]).json(0);
    prop_assert_eq!(Counts::of(&undone), expected.counts.undone(), "what undoing wrote");
    let again = pair.sync(&[]);
    check_synced(pair, &again, world, &expected)
}

/// The steps of a plan, in the order of their keys.
fn steps(pair: &Pair, plan: &Planned) -> Vec<String> {
    let shown = pair.place.dir.trueup(["show", &plan.folder, "--format", "json"]).json(0);
    let step = |step: &serde_json::Value| {
        let mut step = step.clone();
        step.as_object_mut().unwrap().remove("step");
        step.to_string()
    };
    let mut steps: Vec<String> = shown["steps"].as_array().unwrap().iter().map(step).collect();
    steps.sort();
    steps
}

fn check(left: Kind, right: Kind) {
    if let Err(failure) =
        on_random_cases(4, left as u8 * 16 + right as u8 + 7, true, |case| check_case([left, right], case))
    {
        panic!("{left:?} and {right:?}: {failure}");
    }
}

#[test]
fn postgres_and_mysql() {
    check(Kind::Postgres, Kind::Mysql);
}

#[test]
fn sqlite_and_postgres() {
    check(Kind::Sqlite, Kind::Postgres);
}

#[test]
fn mysql_and_sqlite() {
    check(Kind::Mysql, Kind::Sqlite);
}

/// Twenty people on both sides, with histories, brought together.
fn pair(kinds: [Kind; 2]) -> Pair {
    let table = timeless(people(1..=20));
    let mut pair = Pair::new(kinds, [&table, &table], &["--key", "id"]);
    pair.install_history();
    assert_eq!(pair.sync(&[]).run.code, Some(0));
    pair
}

const PAIRS: [[Kind; 2]; 3] =
    [[Kind::Postgres, Kind::Mysql], [Kind::Sqlite, Kind::Postgres], [Kind::Mysql, Kind::Sqlite]];

#[test]
fn a_history_that_was_cleared_proves_nothing() {
    for kinds in PAIRS {
        let mut pair = pair(kinds);
        pair.sql(0, "UPDATE {t} SET name = 'changed' WHERE id = 3");
        pair.sql(0, "DELETE FROM {t} WHERE id = 4");
        let cleared = pair.history("clear", 0, &["--all"]);
        assert_eq!(cleared.code, Some(0), "{cleared}");
        let plan = pair.plan(&[]);
        assert!(!is_partial(&plan) && note(&plan).contains("clear"), "{kinds:?}: {}", plan.run);
        assert_eq!(plan.counts(), Counts::new([0; 3], [0, 1, 1]), "{kinds:?}: {}", plan.run);
        pair.sync(&[]);
        pair.assert_agree();
        pair.sql(1, "UPDATE {t} SET name = 'again' WHERE id = 5");
        let plan = pair.plan(&[]);
        assert!(is_partial(&plan), "{kinds:?}: {}", plan.run);
        assert_eq!(plan.counts(), Counts::new([0, 1, 0], [0; 3]), "{kinds:?}: {}", plan.run);
    }
}

#[test]
fn what_a_sync_has_seen_can_be_cleared() {
    for kinds in PAIRS {
        let mut pair = pair(kinds);
        pair.sql(0, "UPDATE {t} SET name = 'changed' WHERE id = 3");
        pair.sync(&[]);
        let state = pair.state.clone();
        for side in [0, 1] {
            let cleared = pair.history("clear", side, &["--state", &state]);
            assert_eq!(cleared.code, Some(0), "{cleared}");
        }
        pair.sql(1, "UPDATE {t} SET name = 'more' WHERE id = 5");
        let plan = pair.plan(&[]);
        assert!(is_partial(&plan), "{kinds:?}: {}", plan.run);
        assert_eq!(plan.counts(), Counts::new([0, 1, 0], [0; 3]), "{kinds:?}: {}", plan.run);
    }
}

#[test]
fn an_open_conflict_comes_up_again() {
    for kinds in PAIRS {
        let mut pair = pair(kinds);
        pair.sql(0, "UPDATE {t} SET name = 'left' WHERE id = 3");
        pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 3");
        pair.sql(1, "UPDATE {t} SET name = 'only here' WHERE id = 4");
        for round in 0..3 {
            let synced = pair.sync(&[]);
            assert_eq!(synced.run.code, Some(1), "{}", synced.run);
            let plan = pair.plan(&[]);
            assert!(is_partial(&plan), "{kinds:?}, round {round}: {}", plan.run);
            assert_eq!((plan.counts(), plan.conflicts()), (Counts::none(), 1), "{kinds:?}: {}", plan.run);
        }
        // Agreement that somebody brought about by hand ends it.
        pair.sql(1, "UPDATE {t} SET name = 'left' WHERE id = 3");
        let plan = pair.plan(&[]);
        assert_eq!((plan.run.code, plan.conflicts()), (Some(0), 0), "{kinds:?}: {}", plan.run);
    }
}

#[test]
fn many_syncs_leave_a_base_in_few_parts() {
    let mut pair = pair([Kind::Sqlite, Kind::Postgres]);
    let mut last = None;
    for round in 0..20 {
        pair.sql(round % 2, &format!("UPDATE {{t}} SET name = 'name {round}' WHERE id = {}", 1 + round % 7));
        if round % 5 == 4 {
            pair.sql(1, &format!("DELETE FROM {{t}} WHERE id = {}", 10 + round / 5));
        }
        let synced = pair.sync(&[]);
        assert_eq!(synced.run.code, Some(0), "{}", synced.run);
        last = Some(synced);
    }
    let parts = std::fs::read_dir(pair.place.dir.path().join(&pair.state).join("segments")).unwrap().count();
    assert!(parts <= 2 * 17, "those of the base and of the one before: {parts}");
    let (partial, full) = (pair.plan(&[]), pair.plan(&["--full"]));
    assert!(is_partial(&partial) && !is_partial(&full), "{} {}", partial.run, full.run);
    assert_eq!((partial.run.code, full.run.code), (Some(0), Some(0)), "{} {}", partial.run, full.run);
    let undone = pair.place.dir.undo(&last.unwrap().folder, &[]).json(0);
    assert_eq!(Counts::of(&undone), Counts::new([0, 1, 1], [0; 3]).undone());
    let again = pair.sync(&[]);
    assert_eq!(again.run.code, Some(0), "{}", again.run);
    pair.assert_agree();
}

#[test]
fn rows_that_changed_back_and_forth() {
    for kinds in PAIRS {
        let mut pair = pair(kinds);
        pair.sql(0, "UPDATE {t} SET name = 'x' WHERE id = 3");
        pair.sql(0, "UPDATE {t} SET name = 'person 3' WHERE id = 3");
        pair.sql(0, "DELETE FROM {t} WHERE id = 4");
        pair.sql(0, "INSERT INTO {t} VALUES (4, 'p4@example.org', 'person 4', 40)");
        pair.sql(1, "INSERT INTO {t} VALUES (99, 'gone@example.org', 'gone', 0)");
        pair.sql(1, "DELETE FROM {t} WHERE id = 99");
        let plan = pair.plan(&[]);
        assert!(is_partial(&plan), "{}", plan.run);
        assert_eq!((plan.run.code, plan.counts()), (Some(0), Counts::none()), "{kinds:?}: {}", plan.run);
    }
}

#[test]
fn a_truncated_table_is_noticed() {
    let mut pair = pair([Kind::Postgres, Kind::Sqlite]);
    pair.sql(0, "TRUNCATE {t}");
    pair.sql(0, "INSERT INTO {t} VALUES (1, 'p1@example.org', 'person 1', 10)");
    let plan = pair.plan(&[]);
    assert!(!is_partial(&plan) && !note(&plan).is_empty(), "{}", plan.run);
    assert_eq!(plan.counts(), Counts::new([0; 3], [0, 0, 19]), "{}", plan.run);
}

#[test]
fn triggers_that_are_gone_are_noticed() {
    for kinds in PAIRS {
        let mut pair = pair(kinds);
        let removed = pair.history("remove", 1, &[]);
        assert_eq!(removed.code, Some(0), "{removed}");
        pair.sql(1, "UPDATE {t} SET name = 'unseen' WHERE id = 6");
        let plan = pair.plan(&[]);
        assert!(!is_partial(&plan), "{kinds:?}: {}", plan.run);
        assert_eq!(plan.counts(), Counts::new([0, 1, 0], [0; 3]), "{kinds:?}: {}", plan.run);
        // Installed again it begins anew, and knows nothing of what was before.
        assert_eq!(pair.history("install", 1, &[]).code, Some(0));
        let plan = pair.plan(&[]);
        assert!(!is_partial(&plan), "{kinds:?}: {}", plan.run);
        assert_eq!(plan.counts(), Counts::new([0, 1, 0], [0; 3]), "{kinds:?}: {}", plan.run);
    }
}
