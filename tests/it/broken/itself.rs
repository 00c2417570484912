//! The oracle finds what is wrong, and only that: runs that are made up.

use super::judge::{Deed, Table, Wrote, observe};
use super::rules::{Rules, Winner};
use super::versions::{COLUMNS, Value, Versions};

const PLAIN: Rules = Rules { winner: Winner::None, by_row: false, one_way: false };

fn row(name: &str, minute: usize) -> [Value; COLUMNS] {
    [name.to_owned(), "b".to_owned(), format!("2024-01-01 00:{minute:02}:00")].map(|text| Some(Some(text)))
}

fn all(values: [Value; COLUMNS]) -> Vec<(usize, Value)> {
    values.into_iter().enumerate().collect()
}

const GONE: [Value; COLUMNS] = [const { None }; COLUMNS];

/// One row, `old` on both sides at first.
struct One {
    versions: Versions,
    wrote: Wrote,
    rules: Rules,
}

impl One {
    fn new(rules: Rules) -> Self {
        let mut versions = Versions::new();
        versions.begin(1, &row("old", 0));
        Self { versions, wrote: Wrote::new(), rules }
    }

    /// Somebody writes.
    fn edit(&mut self, side: usize, values: [Value; COLUMNS]) {
        self.versions.write(side, 1, &all(values));
    }

    fn see(&mut self, deed: Deed<'_>, left: &[Value; COLUMNS], right: &[Value; COLUMNS]) -> Vec<String> {
        let table = |values: &[Value; COLUMNS]| -> Table {
            let cells: Option<Vec<Option<String>>> = values.iter().cloned().collect();
            cells.map(|cells| (1, cells.try_into().unwrap())).into_iter().collect()
        };
        observe(&mut self.versions, &mut self.wrote, &self.rules, deed, &[table(left), table(right)])
    }

    /// A run makes both rows these.
    fn run(&mut self, run: usize, left: &[Value; COLUMNS], right: &[Value; COLUMNS]) -> Vec<String> {
        let planned = self.versions.rows.clone();
        self.see(Deed::Take { run, planned: &planned, later: false }, left, right)
    }
}

#[track_caller]
fn assert_says(wrong: &[String], word: &str) {
    assert!(wrong.len() == 1 && wrong[0].contains(word), "{wrong:?}");
}

#[test]
fn what_one_side_wrote_goes_over_and_never_back() {
    let mut one = One::new(PLAIN);
    let (old, new) = (row("old", 0), row("new", 1));
    one.edit(0, new.clone());
    assert!(one.run(1, &new, &new).is_empty());
    one.edit(0, old.clone());
    // The right has not seen that the left was put back, but the left had seen what is on the right.
    let mut other = One { versions: one.versions.clone(), wrote: one.wrote.clone(), rules: PLAIN };
    assert_says(&other.run(2, &new, &new), "older");
    assert!(one.run(2, &old, &old).is_empty());
}

#[test]
fn a_deleted_row_stays_away_and_a_new_one_stays() {
    let mut one = One::new(PLAIN);
    let old = row("old", 0);
    one.edit(1, GONE);
    let mut other = One { versions: one.versions.clone(), wrote: Wrote::new(), rules: PLAIN };
    assert_says(&other.run(1, &old, &old), "older");
    assert!(one.run(1, &GONE, &GONE).is_empty());
    // Put back by hand, as it was: not the row that was deleted.
    one.edit(0, old.clone());
    let mut other = One { versions: one.versions.clone(), wrote: one.wrote.clone(), rules: PLAIN };
    assert_says(&other.run(2, &GONE, &GONE), "older");
    assert!(one.run(2, &old, &old).is_empty());
}

#[test]
fn what_both_wrote_apart_needs_a_winner() {
    for (winner, left_wins, right_wins) in [
        (Winner::None, false, false),
        (Winner::Side(0), true, false),
        (Winner::Side(1), false, true),
        (Winner::NewestColumn, false, true),
    ] {
        let mut one = One::new(Rules { winner, ..PLAIN });
        let (left, right) = (row("left", 1), row("right", 2));
        one.edit(0, left.clone());
        one.edit(1, right.clone());
        let mut other = One { versions: one.versions.clone(), wrote: Wrote::new(), rules: one.rules };
        assert_eq!(one.run(1, &left, &left).is_empty(), left_wins, "{winner:?}");
        assert_eq!(other.run(1, &right, &right).is_empty(), right_wins, "{winner:?}");
    }
}

#[test]
fn what_nobody_wrote_is_wrong() {
    let mut one = One::new(PLAIN);
    assert_says(&one.run(1, &row("old", 0), &row("made up", 0)), "nobody");
}

#[test]
fn a_plan_from_before_leaves_later_edits_alone() {
    let mut one = One::new(Rules { one_way: true, ..PLAIN });
    let (old, new) = (row("old", 0), row("new", 1));
    one.edit(0, new.clone());
    let planned = one.versions.rows.clone();
    let deed = Deed::Take { run: 1, planned: &planned, later: true };
    assert!(one.see(deed, &new, &new).is_empty());
    assert!(one.see(deed, &new, &new).is_empty(), "it was there already");
    // Somebody puts the row back by hand.
    one.edit(1, old);
    assert_says(&one.see(deed, &new, &new), "put back");
}

#[test]
fn an_undo_takes_back_its_own_run_only() {
    let mut one = One::new(PLAIN);
    let (old, new) = (row("old", 0), row("new", 1));
    one.edit(0, new.clone());
    assert!(one.run(1, &new, &new).is_empty());
    let mut touched = One { versions: one.versions.clone(), wrote: one.wrote.clone(), rules: PLAIN };
    assert!(one.see(Deed::Undo { run: 1 }, &new, &old).is_empty());
    // Undone, it goes over again.
    assert!(one.run(2, &new, &new).is_empty());
    touched.edit(1, row("later", 2));
    assert_says(&touched.see(Deed::Undo { run: 1 }, &new, &old), "somebody");
}
