//! Two sides that can't hold the same value: after a run or two nothing is written any more, and what
//! stays different is kept without a word.

use super::pair::{Counts, Pair};
use super::people::people;
use crate::support::{Kind, count};

const PAIRS: [[Kind; 2]; 3] =
    [[Kind::Postgres, Kind::Mysql], [Kind::Mysql, Kind::Sqlite], [Kind::Sqlite, Kind::Postgres]];

fn pair(kinds: [Kind; 2]) -> Pair {
    let table = people(1..=10);
    let mut pair = Pair::new(kinds, [&table, &table], &["--key", "id"]);
    pair.both("UPDATE {t} SET name = '-'");
    pair
}

/// Syncs twice; a third and a fourth time must find nothing to do, with so many rows that differ.
#[track_caller]
fn settle(pair: &mut Pair, kept: i64) {
    pair.sync(&[]);
    pair.sync(&[]);
    let before = pair.contents();
    for _ in 0..2 {
        let synced = pair.sync(&[]);
        assert_eq!(synced.counts(), Counts::none(), "{:?}: {}", pair.kinds, synced.run);
        assert_eq!(pair.contents(), before);
    }
    let plan = pair.plan(&[]);
    assert_eq!((plan.counts(), plan.conflicts()), (Counts::none(), 0), "{:?}: {}", pair.kinds, plan.run);
    assert_eq!(count(&plan.json, "/two_way/kept"), kept, "{:?}: {}", pair.kinds, plan.run);
    assert_eq!(count(&plan.json, "/misfits"), 0, "it is not reported again: {}", plan.run);
}

/// Makes the name of a side at most five characters long; SQLite has no such thing.
fn shorten(pair: &mut Pair, side: usize) {
    match pair.kinds[side] {
        Kind::Postgres => pair.sql(side, "ALTER TABLE {t} ALTER name TYPE varchar(5)"),
        _ => pair.sql(side, "ALTER TABLE {t} MODIFY name VARCHAR(5)"),
    }
}

#[test]
fn a_text_that_is_too_long_for_the_other_side() {
    for (kinds, short) in
        [([Kind::Postgres, Kind::Mysql], 0), ([Kind::Postgres, Kind::Mysql], 1), ([Kind::Sqlite, Kind::Postgres], 1)]
    {
        let mut pair = pair(kinds);
        shorten(&mut pair, short);
        let long = 1 - short;
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        pair.sql(long, "UPDATE {t} SET name = 'much too long', qty = 77 WHERE id = 3");
        pair.sql(long, "UPDATE {t} SET name = 'short' WHERE id = 4");
        let first = pair.plan(&[]);
        assert_eq!(count(&first.json, "/misfits"), 1, "it is reported once: {}", first.run);
        settle(&mut pair, 1);
        assert_eq!(pair.cell(short, ("id", "3"), "name").as_deref(), Some("-"));
        assert_eq!(pair.cell(short, ("id", "3"), "qty").as_deref(), Some("77"), "the rest of the row goes over");
        assert_eq!(pair.cell(short, ("id", "4"), "name").as_deref(), Some("short"));

        // Other changes of the row still go over, both ways, and so does the column from the other side.
        pair.sql(short, "UPDATE {t} SET qty = 78 WHERE id = 3");
        settle(&mut pair, 1);
        assert_eq!(pair.cell(long, ("id", "3"), "qty").as_deref(), Some("78"));
        assert_eq!(pair.cell(long, ("id", "3"), "name").as_deref(), Some("much too long"));
        pair.sql(short, "UPDATE {t} SET name = 'fits' WHERE id = 3");
        settle(&mut pair, 0);
        assert_eq!(pair.cell(long, ("id", "3"), "name").as_deref(), Some("fits"));
        pair.assert_agree();
    }
}

/// A whole row that the other side can't hold is not made there, and not deleted here.
#[test]
fn a_new_row_that_the_other_side_can_not_hold() {
    let mut pair = pair([Kind::Postgres, Kind::Mysql]);
    shorten(&mut pair, 1);
    assert_eq!(pair.sync(&[]).run.code, Some(0));
    pair.sql(0, "INSERT INTO {t} VALUES (50, 'x@example.org', 'much too long', 1, NULL)");
    for _ in 0..3 {
        pair.sync(&[]);
    }
    assert_eq!(pair.cell(0, ("id", "50"), "name").as_deref(), Some("much too long"), "it is not deleted");
    let before = pair.contents();
    assert_eq!(pair.sync(&[]).counts(), Counts::none());
    assert_eq!(pair.contents(), before);
}

#[test]
fn a_time_that_is_finer_than_the_other_side() {
    for (kinds, coarse) in [([Kind::Postgres, Kind::Mysql], 0), ([Kind::Postgres, Kind::Mysql], 1)] {
        let mut pair = pair(kinds);
        match coarse {
            0 => pair.sql(0, "ALTER TABLE {t} ALTER updated_at TYPE timestamp(0)"),
            _ => pair.sql(1, "ALTER TABLE {t} MODIFY updated_at DATETIME(0)"),
        }
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        pair.sql(1 - coarse, "UPDATE {t} SET updated_at = '2024-03-03 10:11:12.654321' WHERE id = 3");
        settle(&mut pair, 0);
        assert_eq!(pair.cell(coarse, ("id", "3"), "updated_at").as_deref(), Some("2024-03-03 10:11:12"));
        let fine = pair.cell(1 - coarse, ("id", "3"), "updated_at");
        assert_eq!(fine.as_deref(), Some("2024-03-03 10:11:12.654321"), "the finer time is not lost");
    }
}

/// Lets a side change the name of every row that is written.
fn trigger(pair: &mut Pair, side: usize, function: &str) {
    let events = ["INSERT", "UPDATE"];
    match pair.kinds[side] {
        Kind::Postgres => pair.sql(
            side,
            &format!(
                "CREATE FUNCTION name_{{t}}() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN NEW.name := {function}(NEW.name); RETURN NEW; END'; \
                 CREATE TRIGGER name BEFORE INSERT OR UPDATE ON {{t}} FOR EACH ROW EXECUTE FUNCTION name_{{t}}()"
            ),
        ),
        Kind::Mysql => events.iter().for_each(|event| {
            pair.sql(
                side,
                &format!(
                    "CREATE TRIGGER {event}_{{t}} BEFORE {event} ON {{t}} FOR EACH ROW \
                     SET NEW.name = {function}(NEW.name)"
                ),
            );
        }),
        _ => events.iter().for_each(|event| {
            pair.sql(
                side,
                &format!(
                    "CREATE TRIGGER {event}_{{t}} AFTER {event} ON {{t}} BEGIN \
                     UPDATE {{t}} SET name = {function}(NEW.name) WHERE id = NEW.id; END"
                ),
            );
        }),
    }
}

#[test]
fn a_trigger_that_changes_what_is_written() {
    for kinds in PAIRS {
        for side in [0, 1] {
            let mut pair = pair(kinds);
            trigger(&mut pair, side, "upper");
            assert_eq!(pair.sync(&[]).run.code, Some(0));
            pair.sql(1 - side, "UPDATE {t} SET name = 'abc' WHERE id = 3");
            pair.sql(1 - side, "INSERT INTO {t} VALUES (60, 'x@example.org', 'def', 1, NULL)");
            settle(&mut pair, 2);
            for (id, name) in [("3", "abc"), ("60", "def")] {
                assert_eq!(pair.cell(1 - side, ("id", id), "name").as_deref(), Some(name), "{kinds:?}");
                assert_eq!(pair.cell(side, ("id", id), "name"), Some(name.to_uppercase()), "{kinds:?}");
            }
            // The row is still kept in agreement in everything else.
            pair.sql(side, "UPDATE {t} SET qty = 99 WHERE id = 3");
            settle(&mut pair, 2);
            assert_eq!(pair.cell(1 - side, ("id", "3"), "qty").as_deref(), Some("99"), "{kinds:?}");
        }
    }
}

#[test]
fn triggers_that_disagree() {
    for (kinds, history) in PAIRS.into_iter().flat_map(|kinds| [(kinds, false), (kinds, true)]) {
        let mut pair = pair(kinds);
        trigger(&mut pair, 0, "upper");
        trigger(&mut pair, 1, "lower");
        if history {
            pair.install_history();
        }
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        pair.sql(0, "UPDATE {t} SET name = 'Left' WHERE id = 3");
        pair.sql(1, "UPDATE {t} SET name = 'Right' WHERE id = 4");
        pair.sync(&[]);
        pair.sync(&[]);
        let before = pair.contents();
        for _ in 0..3 {
            let synced = pair.sync(&[]);
            assert_eq!(synced.counts(), Counts::none(), "{kinds:?}, history {history}: {}", synced.run);
        }
        assert_eq!(pair.contents(), before);
        for (id, name) in [("3", "left"), ("4", "right")] {
            assert_eq!(pair.cell(0, ("id", id), "name"), Some(name.to_uppercase()), "{kinds:?}");
            assert_eq!(pair.cell(1, ("id", id), "name").as_deref(), Some(name), "{kinds:?}");
        }
    }
}
