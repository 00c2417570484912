//! Who was last where a column is another one than before, where a time contradicts, and where rows
//! were never settled.

use super::pair::{Counts, Pair};
use super::people::people;
use crate::support::{Kind, Run, count};

const PAIRS: [[Kind; 2]; 3] =
    [[Kind::Sqlite, Kind::Postgres], [Kind::Postgres, Kind::Mysql], [Kind::Postgres, Kind::Sqlite]];

fn text(pair: &mut Pair, options: &[&str]) -> Run {
    let (_, mut args) = pair.args("plan", options);
    args.retain(|arg| arg != "--format" && arg != "json");
    pair.place.dir.trueup(args)
}

/// Drops a column of the right table and adds it anew, as somebody would who starts over with it.
fn anew(pair: &mut Pair) {
    let ty = if pair.kinds[1] == Kind::Mysql { "VARCHAR(200)" } else { "TEXT" };
    pair.sql(1, "ALTER TABLE {t} DROP COLUMN name");
    pair.sql(1, &format!("ALTER TABLE {{t}} ADD COLUMN name {ty} DEFAULT 'fresh'"));
}

#[test]
fn a_column_that_was_dropped_and_added_anew_overwrites_nothing() {
    for kinds in PAIRS {
        let tables = people(1..=6);
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id"]);
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        anew(&mut pair);
        let said = text(&mut pair, &[]);
        assert!(said.stdout.contains("`name` of the right table is another column"), "{said}");
        for _ in 0..2 {
            let synced = pair.sync(&[]);
            assert_eq!(synced.counts(), Counts::none(), "{kinds:?} {}", synced.run);
            assert_eq!(count(&synced.json, "/conflicts"), 6, "{}", synced.run);
        }
        for id in 1..=6 {
            let id = id.to_string();
            assert_eq!(pair.cell(0, ("id", &id), "name"), Some(format!("person {id}")), "{kinds:?}");
        }
        // A person decides; then both sides know each other again.
        let decided = pair.sync(&["--winner", "left"]);
        assert_eq!(decided.counts(), Counts::new([0; 3], [0, 6, 0]), "{}", decided.run);
        pair.sql(1, "UPDATE {t} SET name = 'new' WHERE id = 1");
        assert_eq!(pair.sync(&[]).counts(), Counts::new([0, 1, 0], [0; 3]), "{kinds:?}");
    }
}

#[test]
fn a_column_that_holds_nearly_the_same_everywhere_is_still_itself() {
    for (left, right) in [(Kind::Postgres, Kind::Sqlite), (Kind::Sqlite, Kind::Postgres)] {
        let tables = people(1..=6);
        let mut pair = Pair::new([left, right], [&tables, &tables], &["--key", "id", "--winner", "left"]);
        for side in [0, 1] {
            pair.sql(side, "UPDATE {t} SET name = 'open'");
        }
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        // Something of the table's database is altered, and somebody works.
        for side in [0, 1] {
            pair.sql(side, "CREATE INDEX {t}_qty ON {t} (qty)");
        }
        pair.sql(0, "UPDATE {t} SET name = 'closed' WHERE id = 2");
        pair.sql(1, "UPDATE {t} SET name = 'closed' WHERE id = 4");
        let synced = pair.sync(&[]);
        assert_eq!(synced.counts(), Counts::new([0, 1, 0], [0, 1, 0]), "{left:?} {}", synced.run);
        assert!(!synced.json["warnings"].to_string().contains("another column"), "{}", synced.run);
        pair.assert_agree();
        assert_eq!(pair.cell(0, ("id", "4"), "name").as_deref(), Some("closed"));
    }
}

#[test]
fn histories_know_it_too() {
    for kinds in [[Kind::Postgres, Kind::Mysql], [Kind::Mysql, Kind::Postgres]] {
        let tables = people(1..=6);
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id"]);
        pair.install_history();
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        anew(&mut pair);
        pair.sql(0, "UPDATE {t} SET qty = 7 WHERE id = 1");
        let synced = pair.sync(&[]);
        assert_eq!(count(&synced.json, "/conflicts"), 6, "{kinds:?} {}", synced.run);
        assert_eq!(pair.cell(0, ("id", "2"), "name").as_deref(), Some("person 2"));
    }
}

#[test]
fn an_enum_whose_labels_were_renamed_is_another_column() {
    let tables = people(1..=4);
    let mut pair = Pair::new([Kind::Sqlite, Kind::Postgres], [&tables, &tables], &["--key", "id"]);
    pair.sql(1, "CREATE TYPE mood_{t} AS ENUM ('person 1', 'person 2', 'person 3', 'person 4')");
    pair.sql(1, "ALTER TABLE {t} ALTER name TYPE mood_{t} USING name::mood_{t}");
    assert_eq!(pair.sync(&[]).run.code, Some(0));
    // Another label is no renaming.
    pair.sql(1, "ALTER TYPE mood_{t} ADD VALUE 'more'");
    pair.sql(1, "UPDATE {t} SET name = 'more' WHERE id = 1");
    assert_eq!(pair.sync(&[]).counts(), Counts::new([0, 1, 0], [0; 3]));
    pair.sql(1, "ALTER TYPE mood_{t} RENAME VALUE 'person 2' TO 'gone'");
    let synced = pair.sync(&[]);
    assert_eq!((synced.counts(), count(&synced.json, "/conflicts")), (Counts::none(), 1), "{}", synced.run);
    assert_eq!(pair.cell(0, ("id", "2"), "name").as_deref(), Some("person 2"));
}

#[test]
fn an_older_time_that_overwrites_is_told() {
    let tables = people(1..=30);
    let mut pair = Pair::new([Kind::Postgres, Kind::Sqlite], [&tables, &tables], &["--key", "id"]);
    let newest = ["--winner", "newest:updated_at"];
    assert_eq!(pair.sync(&newest).run.code, Some(0));
    pair.sql(0, "UPDATE {t} SET name = 'v2', updated_at = '2024-06-01' WHERE id <= 20");
    let told = |said: &Run| said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!told(&text(&mut pair, &newest)).contains("put back from a copy"));
    pair.sync(&newest);
    pair.sql(0, "UPDATE {t} SET name = 'v1', updated_at = '2024-01-01' WHERE id <= 20");
    let said = text(&mut pair, &newest);
    assert!(told(&said).contains("20 updates of the right table take over"), "{said}");
    let synced = pair.sync(&newest);
    assert!(synced.json["warnings"].to_string().contains("put back from a copy"), "{}", synced.run);
}

#[test]
fn a_row_that_was_never_settled_is_not_created_again() {
    for kinds in PAIRS {
        let tables = people(1..=4);
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id"]);
        pair.sql(1, "UPDATE {t} SET name = 'other' WHERE id <= 2");
        let first = pair.sync(&[]);
        assert_eq!(count(&first.json, "/conflicts"), 2, "{}", first.run);
        pair.sql(0, "DELETE FROM {t} WHERE id = 1");
        for _ in 0..2 {
            let synced = pair.sync(&[]);
            assert_eq!(synced.counts(), Counts::none(), "{kinds:?} {}", synced.run);
            assert_eq!((count(&synced.json, "/undecided"), count(&synced.json, "/conflicts")), (1, 1));
        }
        // Left out by the job, and then gone on the other side.
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id", "--winner", "left"]);
        pair.sql(1, "UPDATE {t} SET name = 'other' WHERE id = 1");
        pair.sync(&["--no-update"]);
        pair.sql(1, "DELETE FROM {t} WHERE id = 1");
        let synced = pair.sync(&[]);
        assert_eq!((synced.counts(), count(&synced.json, "/undecided")), (Counts::none(), 1), "{}", synced.run);
    }
}

#[test]
fn a_time_of_change_is_no_conflict_of_its_own() {
    for (kinds, options) in [(PAIRS[0], &[][..]), (PAIRS[1], &["--winner", "newest:updated_at"])] {
        let tables = people(1..=3);
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id"]);
        assert_eq!(pair.sync(options).run.code, Some(0));
        pair.sql(0, "UPDATE {t} SET name = 'left', updated_at = '2024-06-01 00:00:00' WHERE id = 1");
        pair.sql(1, "UPDATE {t} SET qty = 5, updated_at = '2024-06-02 00:00:00' WHERE id = 1");
        let synced = pair.sync(options);
        assert_eq!(synced.counts(), Counts::new([0, 1, 0], [0, 1, 0]), "{}", synced.run);
        pair.assert_agree();
        assert_eq!(pair.cell(0, ("id", "1"), "updated_at").as_deref(), Some("2024-06-02 00:00:00"));
        assert_eq!(pair.cell(0, ("id", "1"), "qty").as_deref(), Some("5"));
        assert_eq!(pair.cell(0, ("id", "1"), "name").as_deref(), Some("left"));
    }
    // A column that collides is marked among those that differ.
    let tables = people(1..=3);
    let mut pair = Pair::new(PAIRS[0], [&tables, &tables], &["--key", "id"]);
    pair.sync(&[]);
    pair.sql(0, "UPDATE {t} SET name = 'left', email = 'new' WHERE id = 1");
    pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 1");
    let plan = pair.plan(&[]);
    let conflict = &pair.conflicts(&plan.folder)[0];
    assert_eq!(conflict.0["colliding"], serde_json::json!(["name"]), "{:#}", conflict.0);
    let shown = pair.place.dir.trueup(["show", &plan.folder, "--conflicts"]);
    assert!(shown.stdout.contains("* name") && shown.stdout.contains("marked *"), "{shown}");
}
