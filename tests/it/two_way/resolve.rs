//! Conflicts are listed, decided by a person, and then carried out.

use super::pair::{Counts, Pair};
use super::people::people;
use crate::support::{Kind, Run};
use std::collections::BTreeSet;

const PAIRS: [[Kind; 2]; 3] =
    [[Kind::Postgres, Kind::Mysql], [Kind::Sqlite, Kind::Postgres], [Kind::Csv, Kind::Sqlite]];

/// Rows 1 to 4 are changed on both sides, 2 and 4 later on the right; 5 is deleted on the right and
/// changed on the left.
fn apart(kinds: [Kind; 2]) -> Pair {
    let table = people(1..=8);
    let mut pair = Pair::new(kinds, [&table, &table], &["--key", "id"]);
    assert_eq!(pair.sync(&[]).run.code, Some(0));
    let time = |later: bool| if later { "2024-06-02 00:00:00" } else { "2024-06-01 00:00:00" };
    if kinds[0] == Kind::Csv {
        let mut left = table;
        for row in &mut left.rows[..5] {
            let id: usize = row[0].as_deref().unwrap().parse().unwrap();
            row[2] = Some("left".to_owned());
            row[4] = Some(time(id % 2 == 1).to_owned());
        }
        std::fs::write(&pair.addresses[0], left.csv()).unwrap();
    } else {
        for id in 1..=5 {
            let at = time(id % 2 == 1);
            pair.sql(0, &format!("UPDATE {{t}} SET name = 'left', updated_at = '{at}' WHERE id = {id}"));
        }
    }
    for id in 1..=4 {
        let at = time(id % 2 == 0);
        pair.sql(1, &format!("UPDATE {{t}} SET name = 'right', updated_at = '{at}' WHERE id = {id}"));
    }
    pair.sql(1, "DELETE FROM {t} WHERE id = 5");
    pair
}

fn resolve(pair: &Pair, plan: &str, options: &[&str]) -> Run {
    pair.place.dir.trueup(["resolve", plan].into_iter().chain(options.iter().copied()))
}

#[track_caller]
fn decide(pair: &Pair, plan: &str, options: &[&str]) {
    let run = resolve(pair, plan, options);
    assert!(matches!(run.code, Some(0 | 1)), "{run}");
}

/// The steps and conflicts of a plan as it is now.
fn counts(pair: &Pair, plan: &str) -> (Counts, BTreeSet<String>) {
    let json = pair.place.dir.trueup(["show", plan, "--summary", "--format", "json"]).json(0);
    let conflicts = pair.conflicting(plan, "id");
    assert_eq!(json["conflicts"], conflicts.len(), "{json:#}");
    (Counts::of(&json), conflicts)
}

fn ids(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(ToString::to_string).collect()
}

/// The names on both sides of rows 1 to 5; `-` where the row is gone.
fn names(pair: &mut Pair) -> [String; 2] {
    pair.cells().map(|rows| {
        let name = |id: usize| {
            let row = rows.iter().find(|row| row[0] == Some(id.to_string()));
            row.map_or("-", |row| row[2].as_deref().unwrap()).to_owned()
        };
        (1..=5).map(name).collect::<Vec<_>>().join(" ")
    })
}

#[test]
fn they_are_listed_with_everything_that_is_known() {
    for kinds in PAIRS {
        let mut pair = apart(kinds);
        let plan = pair.plan(&[]);
        let conflicts = pair.conflicts(&plan.folder);
        assert_eq!(conflicts.len(), 5, "{kinds:?}: {}", plan.run);
        for conflict in &conflicts {
            let id = conflict.key("id").unwrap();
            assert!(!conflict.reason().is_empty());
            assert_eq!(conflict.cell("left", "name").as_deref(), Some("left"), "{conflict:?}");
            assert_eq!(conflict.cell("base", "name"), Some(format!("person {id}")), "{conflict:?}");
            if id == "5" {
                assert!(conflict.0["right"].is_null(), "{conflict:?}");
            } else {
                assert_eq!(conflict.cell("right", "name").as_deref(), Some("right"), "{conflict:?}");
                assert_eq!(conflict.columns(), ["name", "updated_at"], "{conflict:?}");
            }
        }
        let reasons: BTreeSet<String> = conflicts.iter().map(super::pair::Conflict::reason).collect();
        assert_eq!(reasons.len(), 2, "changed on both sides, and deleted against changed: {reasons:?}");
        let shown = pair.place.dir.trueup(["show", &plan.folder, "--conflicts", "--no-pager"]);
        assert!(shown.code == Some(0) && shown.stdout.contains("person 1"), "{shown}");
    }
}

#[test]
fn some_are_decided_and_the_rest_stays() {
    for kinds in PAIRS {
        let mut pair = apart(kinds);
        let plan = pair.plan(&[]).folder;
        assert_eq!(counts(&pair, &plan), (Counts::none(), ids(&["1", "2", "3", "4", "5"])));
        decide(&pair, &plan, &["--key", "1", "--take", "left"]);
        decide(&pair, &plan, &["--key", "2", "--take", "right"]);
        assert_eq!(counts(&pair, &plan), (Counts::new([0, 1, 0], [0, 1, 0]), ids(&["3", "4", "5"])), "{kinds:?}");
        let applied = pair.place.dir.apply(&plan, &[]);
        assert!(matches!(applied.code, Some(0 | 1)), "{applied}");
        assert_eq!(names(&mut pair), ["left right left left left", "left right right right -"], "{kinds:?}");

        let refused = resolve(&pair, &plan, &["--key", "3", "--take", "left"]);
        refused.fails_with(&["applied"]);
        let next = pair.plan(&[]);
        assert_eq!(counts(&pair, &next.folder), (Counts::none(), ids(&["3", "4", "5"])), "{kinds:?}: {}", next.run);
    }
}

#[test]
fn one_decision_can_be_changed() {
    let mut pair = apart(PAIRS[0]);
    let plan = pair.plan(&[]).folder;
    decide(&pair, &plan, &["--key", "1", "--take", "left"]);
    decide(&pair, &plan, &["--key", "1", "--take", "right"]);
    assert_eq!(counts(&pair, &plan), (Counts::new([0, 1, 0], [0; 3]), ids(&["2", "3", "4", "5"])));
}

#[test]
fn all_are_decided_at_once() {
    for kinds in PAIRS {
        for (take, steps, expected) in [
            ("left", Counts::new([0; 3], [1, 4, 0]), "left left left left left"),
            ("right", Counts::new([0, 4, 1], [0; 3]), "right right right right -"),
        ] {
            let mut pair = apart(kinds);
            let plan = pair.plan(&[]).folder;
            decide(&pair, &plan, &["--all", "--take", take]);
            assert_eq!(counts(&pair, &plan), (steps, ids(&[])), "{kinds:?}");
            assert_eq!(pair.place.dir.apply(&plan, &[]).code, Some(0));
            assert_eq!(names(&mut pair), [expected, expected], "{kinds:?}");
            pair.assert_agree();
            let next = pair.plan(&[]);
            assert_eq!((next.run.code, next.conflicts()), (Some(0), 0), "{kinds:?}: {}", next.run);
            let undone = pair.place.dir.undo(&plan, &[]);
            assert_eq!(undone.code, Some(0), "{undone}");
            assert_eq!(names(&mut pair), ["left left left left left", "right right right right -"], "{kinds:?}");
        }
    }
}

#[test]
fn the_newest_is_taken_where_times_are_known() {
    for kinds in PAIRS {
        let mut pair = apart(kinds);
        // The rule alone leaves them to a person: they are too close.
        let plan = pair.plan(&["--winner", "newest:updated_at", "--conflict-window", "48h"]).folder;
        assert_eq!(counts(&pair, &plan).1.len(), 5);
        decide(&pair, &plan, &["--all", "--take", "newest"]);
        let (steps, left) = counts(&pair, &plan);
        assert_eq!(steps, Counts::new([0, 2, 0], [0, 2, 0]), "{kinds:?}");
        // Said once more, it decides nothing more.
        let again = resolve(&pair, &plan, &["--all", "--take", "newest", "--format", "json"]).json(1);
        assert_eq!(again["resolved"]["counts"]["decided"], 0, "{again:#}");
        assert_eq!(again["resolved"]["open"], serde_json::json!([{"key": ["5"], "reason": "no time"}]), "{again:#}");
        assert_eq!(left, ids(&["5"]), "nothing tells when it was deleted");
        pair.place.dir.apply(&plan, &[]);
        assert_eq!(names(&mut pair), ["left right left right left", "left right left right -"], "{kinds:?}");
    }
}

#[test]
fn what_is_no_conflict_can_not_be_decided() {
    let mut pair = apart(PAIRS[0]);
    let plan = pair.plan(&[]).folder;
    resolve(&pair, &plan, &["--key", "7", "--take", "left"]).fails_with(&["7"]);
    resolve(&pair, &plan, &["--key", "nonsense", "--take", "left"]).fails_with(&["nonsense"]);
    assert_eq!(counts(&pair, &plan).1.len(), 5, "nothing was decided");
    assert_eq!(resolve(&pair, &plan, &["--take", "left"]).code, Some(2), "neither a key nor all");
    assert_eq!(resolve(&pair, "nowhere", &["--all", "--take", "left"]).code, Some(2));
}

#[test]
fn what_was_decided_and_what_could_not_be_is_said() {
    let mut pair = apart(PAIRS[0]);
    let winner = ["--winner", "newest:updated_at", "--conflict-window", "48h"];
    let plan = pair.plan(&winner).folder;
    let said = resolve(&pair, &plan, &["--all", "--take", "newest", "--format", "json"]).json(1);
    let decided = |key: &str, take: &str| serde_json::json!({"key": [key], "take": take});
    assert_eq!(
        said["resolved"]["decided"],
        serde_json::json!([decided("1", "left"), decided("2", "right"), decided("3", "left"), decided("4", "right")])
    );
    assert_eq!(said["resolved"]["counts"]["open"], 1, "{said:#}");

    let plan = pair.plan(&winner).folder;
    let said = resolve(&pair, &plan, &["--all", "--take", "newest"]).stdout;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["2 rows take the left version: 1, 3", "2 rows take the right version: 2, 4", "1 row (no time): 5"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // One that was decided is decided in another way, and then the rest.
    let plan = pair.plan(&winner).folder;
    decide(&pair, &plan, &["--key", "1", "--take", "left"]);
    let said = resolve(&pair, &plan, &["--key", "1", "--take", "right", "--format", "json"]).json(1);
    assert_eq!(said["resolved"]["decided"], serde_json::json!([decided("1", "right")]), "{said:#}");
    let said = resolve(&pair, &plan, &["--all", "--take", "left"]).stdout;
    assert!(said.contains("4 rows take the left version: 2, 3, 4, 5") && !said.contains("Not decided"), "{said}");
}
