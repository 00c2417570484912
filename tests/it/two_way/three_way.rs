//! Random edits on either side of two tables that agreed: every change goes over, nothing else is
//! touched, conflicts are what both changed apart; swapped sides do the same the other way round;
//! a second run has nothing to do; undone, both sides are as they were.

use super::model::{Case, Expected, World, case};
use super::pair::{Counts, Pair, Synced};
use crate::support::{Kind, count};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Runs a check on random cases, the same in every run with this seed.
pub fn on_random_cases(
    cases: u32,
    seed: u8,
    linked: bool,
    check: impl Fn(&Case) -> Result<(), TestCaseError>,
) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    runner.run(&case(linked), |case| check(&case)).map_err(|failure| failure.to_string())
}

/// The same tables the other way round, with a base of their own.
fn swap(pair: &mut Pair, case: &Case, run: impl FnOnce(&mut Pair)) {
    let turn = |pair: &mut Pair| {
        pair.addresses.swap(0, 1);
        pair.kinds.swap(0, 1);
    };
    let (state, options) = (pair.state.clone(), pair.options.clone());
    turn(pair);
    pair.state = "swapped".to_owned();
    pair.options = case.options(true);
    run(pair);
    turn(pair);
    (pair.state, pair.options) = (state, options);
}

fn check_case(kinds: [Kind; 2], case: &Case) -> Result<(), TestCaseError> {
    let (mut pair, mut world) = case.begin(kinds);
    let expected = world.sync();
    let first = pair.sync(&[]);
    check_synced(&mut pair, &first, &world, &expected)?;
    for number in 0..case.rounds.len() {
        swap(&mut pair, case, |pair| assert_eq!(pair.sync(&[]).counts(), Counts::none(), "round {number}"));
        world.edit(number, &mut pair);
        prop_assert_eq!(pair.cells(), world.tables(), "the edits of the test itself");
        check_round(&mut pair, case, &mut world)?;
    }
    Ok(())
}

/// After the edits of a round.
fn check_round(pair: &mut Pair, case: &Case, world: &mut World<'_>) -> Result<(), TestCaseError> {
    let before = pair.contents();
    let expected = world.sync();
    let mut mirrored = None;
    swap(pair, case, |pair| mirrored = Some(pair.plan(&[])));
    let mirrored = mirrored.unwrap();
    prop_assert_eq!(mirrored.counts().mirrored(), expected.counts.clone(), "swapped: {}", mirrored.run);
    prop_assert_eq!(pair.conflicting(&mirrored.folder, "id"), expected.conflicts.clone(), "swapped");
    prop_assert_eq!(pair.contents(), before.clone(), "planning writes nothing");

    let synced = pair.sync(&[]);
    check_synced(pair, &synced, world, &expected)?;

    let next = pair.plan(&[]);
    prop_assert_eq!(next.counts(), Counts::none(), "something is left to do: {}", next.run);
    prop_assert_eq!(count(&next.json, "/undecided"), expected.undecided, "{}", next.run);
    prop_assert_eq!(pair.conflicting(&next.folder, "id"), expected.conflicts.clone(), "they stay conflicts");

    let undone = pair.place.dir.undo(&synced.folder, &[]).json(0);
    prop_assert_eq!(Counts::of(&undone), expected.counts.undone(), "what undoing wrote");
    prop_assert_eq!(pair.contents(), before, "undone");
    let again = pair.sync(&[]);
    check_synced(pair, &again, world, &expected)
}

/// That a sync did what it must, and left the tables as they must be.
pub fn check_synced(
    pair: &mut Pair,
    synced: &Synced,
    world: &World<'_>,
    expected: &Expected,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(synced.counts(), expected.counts.clone(), "{}", synced.run);
    prop_assert_eq!((count(&synced.json, "/already"), count(&synced.json, "/refused")), (0, 0), "{}", synced.run);
    prop_assert_eq!(pair.conflicting(&synced.folder, "id"), expected.conflicts.clone(), "{}", synced.run);
    prop_assert_eq!(synced.run.code, Some(i32::from(!expected.conflicts.is_empty())), "{}", synced.run);
    prop_assert_eq!(pair.cells(), world.tables(), "{}", synced.run);
    Ok(())
}

fn check(left: Kind, right: Kind) {
    let databases = [left, right].iter().all(|kind| matches!(kind, Kind::Postgres | Kind::Mysql | Kind::Sqlite));
    let seed = left as u8 * 16 + right as u8;
    if let Err(failure) = on_random_cases(4, seed, databases, |case| check_case([left, right], case)) {
        panic!("{left:?} and {right:?}: {failure}");
    }
}

macro_rules! pairs {
    ($($test:ident: $left:ident, $right:ident;)*) => {
        $(#[test] fn $test() { check(Kind::$left, Kind::$right); })*
    };
}

pairs! {
    postgres_and_postgres: Postgres, Postgres;
    postgres_and_mysql: Postgres, Mysql;
    mysql_and_mysql: Mysql, Mysql;
    mysql_and_sqlite: Mysql, Sqlite;
    sqlite_and_sqlite: Sqlite, Sqlite;
    sqlite_and_postgres: Sqlite, Postgres;
    csv_and_postgres: Csv, Postgres;
    parquet_and_csv: Parquet, Csv;
}
