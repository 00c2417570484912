//! What a base may be asked: only what both sides agreed on, and only as long as it is kept.

use super::pair::{Counts, Pair};
use super::people::{UNIQUE_EMAIL, people, timeless};
use crate::support::{Kind, count};

const KINDS: [Kind; 2] = [Kind::Sqlite, Kind::Sqlite];
const PAIRS: [[Kind; 2]; 2] = [KINDS, [Kind::Postgres, Kind::Mysql]];

fn pair(kinds: [Kind; 2]) -> Pair {
    let table = timeless(people(1..=10));
    let mut pair = Pair::new(kinds, [&table, &table], &["--key", "id"]);
    assert_eq!(pair.sync(&[]).run.code, Some(0));
    pair
}

/// What was edited while a column was left out has never been agreed on.
#[test]
fn a_column_that_was_not_compared_is_not_agreed_on() {
    for kinds in PAIRS {
        for histories in [false, true] {
            let mut pair = pair(kinds);
            if histories {
                pair.install_history();
                pair.sync(&[]);
            }
            pair.sql(1, "UPDATE {t} SET name = 'mine' WHERE id IN (3, 4)");
            pair.sql(0, "UPDATE {t} SET name = 'both' WHERE id = 6");
            pair.sql(1, "UPDATE {t} SET name = 'both' WHERE id = 6");
            pair.sql(0, "UPDATE {t} SET qty = 1 WHERE id = 5");
            assert_eq!(pair.sync(&["--ignore", "name"]).counts(), Counts::new([0, 0, 0], [0, 1, 0]));
            pair.sql(0, "DELETE FROM {t} WHERE id IN (4, 7)");
            let synced = pair.sync(&[]);
            // Of 7 all was agreed on, of 4 not: who deleted it has never seen the new name.
            assert_eq!(synced.counts(), Counts::new([0, 0, 0], [0, 0, 1]), "{}", synced.run);
            let listed = pair.conflicting(&synced.folder, "id");
            assert_eq!(listed, ["3", "4"].map(str::to_owned).into(), "{kinds:?}: {}", synced.run);
            assert_eq!(pair.cell(1, ("id", "3"), "name").as_deref(), Some("mine"));
            assert_eq!(pair.cell(0, ("id", "3"), "name").as_deref(), Some("person 3"));

            // They stay conflicts until somebody decides.
            for _ in 0..2 {
                let again = pair.sync(&[]);
                assert_eq!(pair.conflicting(&again.folder, "id").len(), 2, "{kinds:?}: {}", again.run);
            }
            let plan = pair.plan(&[]);
            pair.place.dir.trueup(["resolve", &plan.folder, "--all", "--take", "right"]);
            let applied = pair.place.dir.apply(&plan.folder, &[]);
            assert_eq!(applied.code, Some(0), "{kinds:?}, {histories}: {applied}");
            pair.assert_agree();
            assert_eq!(pair.cell(0, ("id", "4"), "name").as_deref(), Some("mine"));
            assert_eq!(pair.plan(&[]).counts(), Counts::none());
        }
    }
}

/// What passed for equal under a loose rule is a difference under a strict one, and nobody agreed on it.
#[test]
fn a_stricter_rule_finds_conflicts() {
    let mut pair = pair(KINDS);
    pair.sql(0, "UPDATE {t} SET qty = 31 WHERE id = 3");
    let loose = pair.sync(&["--compare", "qty=tolerance:5"]);
    assert_eq!(loose.counts(), Counts::none());
    let strict = pair.plan(&[]);
    assert_eq!((strict.counts(), strict.conflicts()), (Counts::none(), 1), "{}", strict.run);
    // The other way nothing is lost: the winner is asked.
    let strict = pair.plan(&["--winner", "left"]);
    assert_eq!(strict.counts(), Counts::new([0, 0, 0], [0, 1, 0]), "{}", strict.run);
}

#[test]
fn a_sync_that_found_nothing_does_not_get_in_the_way_of_undo() {
    for kinds in PAIRS {
        let mut pair = pair(kinds);
        pair.sql(0, "DELETE FROM {t} WHERE id = 5");
        pair.sql(1, "UPDATE {t} SET name = 'x' WHERE id = 6");
        let before = pair.contents();
        let synced = pair.sync(&[]);
        assert_eq!(synced.counts(), Counts::new([0, 1, 0], [0, 0, 1]));
        for _ in 0..3 {
            assert_eq!(pair.sync(&[]).counts(), Counts::none());
        }
        let undone = pair.place.dir.undo(&synced.folder, &[]);
        assert_eq!(pair.contents(), before, "{undone}");
        // It is known what was changed where: the row is not taken for a new one.
        let again = pair.sync(&[]);
        assert_eq!(again.counts(), Counts::new([0, 1, 0], [0, 0, 1]), "{kinds:?}: {}", again.run);
        pair.assert_agree();
    }
}

#[test]
fn a_plan_without_steps_can_be_applied_again_and_undone() {
    let mut pair = pair(KINDS);
    let plan = pair.plan(&[]);
    for _ in 0..2 {
        let run = pair.place.dir.trueup(["apply", &plan.folder, "--yes"]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    let run = pair.place.dir.trueup(["undo", &plan.folder, "--yes"]);
    assert_eq!(run.code, Some(0), "{run}");
    pair.sql(0, "DELETE FROM {t} WHERE id = 5");
    assert_eq!(pair.plan(&[]).counts(), Counts::new([0, 0, 0], [0, 0, 1]), "the base is still there");
}

#[test]
fn undo_of_an_older_plan_tells_that_nothing_is_agreed_on() {
    let mut pair = pair(KINDS);
    pair.sql(0, "UPDATE {t} SET name = 'first' WHERE id = 5");
    let first = pair.sync(&[]);
    pair.sql(0, "UPDATE {t} SET name = 'second' WHERE id = 6");
    pair.sync(&[]);
    let undone = pair.place.dir.undo(&first.folder, &[]).json(0);
    assert!(undone["warnings"].to_string().contains("nothing is agreed on any more"), "{undone:#}");
    let plan = pair.plan(&[]);
    assert_eq!((plan.counts(), plan.conflicts()), (Counts::none(), 1), "{}", plan.run);
}

/// A row whose key is NULL now is still there.
#[test]
fn a_row_that_lost_its_key_is_not_deleted() {
    for kinds in PAIRS {
        for histories in [false, true] {
            let table = timeless(people(1..=10));
            let mut pair = Pair::new(kinds, [&table, &table], &["--key", "email"]);
            pair.both(UNIQUE_EMAIL);
            if histories {
                pair.install_history();
            }
            assert_eq!(pair.sync(&[]).run.code, Some(0));
            pair.sql(0, "UPDATE {t} SET email = NULL WHERE id = 4");
            pair.sql(0, "DELETE FROM {t} WHERE id = 5");
            for deletes in [1, 0, 0] {
                let synced = pair.sync(&[]);
                assert_eq!(synced.counts(), Counts::new([0, 0, 0], [0, 0, deletes]), "{kinds:?}: {}", synced.run);
                assert_eq!(pair.cell(1, ("id", "4"), "email").as_deref(), Some("p4@example.org"));
            }
            let plan = pair.plan(&[]);
            assert_eq!(count(&plan.json, "/undecided"), 1, "{}", plan.run);
            // It gets another key: that is a change of the key.
            pair.sql(0, "UPDATE {t} SET email = 'new@example.org' WHERE id = 4");
            assert_eq!(pair.sync(&[]).counts(), Counts::new([0, 0, 0], [0, 1, 0]));
            pair.assert_agree();
        }
    }
}

/// Nor is one that has taken another's key, where nothing forbids that.
#[test]
fn a_row_that_took_anothers_key_is_not_deleted() {
    for with_id in [true, false] {
        let mut table = timeless(people(1..=10));
        table.primary_key = usize::from(with_id);
        let mut pair = Pair::new(KINDS, [&table, &table], &["--key", "email"]);
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        pair.sql(0, "UPDATE {t} SET email = 'p5@example.org' WHERE id = 4");
        for _ in 0..3 {
            let synced = pair.sync(&[]);
            assert_eq!(synced.counts(), Counts::none(), "{with_id}: {}", synced.run);
            assert_eq!(count(&pair.plan(&[]).json, "/undecided"), 1);
        }
        assert_eq!(pair.contents()[1].len(), 10);
        // Now one of the two really goes, and it is the one with the other identity.
        pair.sql(0, "DELETE FROM {t} WHERE id = 5");
        if with_id {
            let synced = pair.sync(&[]);
            assert_eq!(synced.counts(), Counts::new([0, 0, 0], [0, 1, 1]), "{}", synced.run);
            pair.assert_agree();
        }
    }
}

/// Any file of a base that has changed by as little as a bit is noticed, and nothing is written.
#[test]
fn a_damaged_base_is_noticed() {
    let mut pair = pair(KINDS);
    pair.sql(0, "UPDATE {t} SET qty = 1 WHERE id = 5");
    let before = pair.contents();
    let state = pair.place.dir.path().join(&pair.state);
    let mut files = Vec::new();
    let mut folders = vec![state.join("segments")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let content = std::fs::read(&file).unwrap();
        for part in 0..7 {
            let mut changed = content.clone();
            let at = content.len() * part / 7;
            changed[at] ^= 4;
            std::fs::write(&file, changed).unwrap();
            pair.fails("sync", &[], &["is damaged", "move that folder away"]);
        }
        std::fs::write(&file, content).unwrap();
    }
    assert_eq!(pair.contents(), before);
    assert_eq!(pair.sync(&[]).counts(), Counts::new([0, 0, 0], [0, 1, 0]));
}
