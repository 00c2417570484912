//! Orders are tried on a model of a table: which row has which unique value, and which row it
//! refers to.

use super::*;
use crate::table::fingerprint;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// By id: the unique value and the parent's id.
type Table = BTreeMap<u8, (Option<u8>, Option<u8>)>;

fn mark(kind: &str, value: u8) -> Option<Fingerprint> {
    Some(fingerprint(format!("{kind}{value}").as_bytes()))
}

/// The steps from one table to another; `refers` tells whether there is a foreign key.
fn steps(from: &Table, to: &Table, refers: bool) -> (Vec<u8>, Vec<Footprint>) {
    let ids: BTreeSet<u8> = from.keys().chain(to.keys()).copied().collect();
    let unique = |row: Option<&(Option<u8>, Option<u8>)>| row.and_then(|row| row.0).and_then(|v| mark("value", v));
    let parent = |row: Option<&(Option<u8>, Option<u8>)>| row.and_then(|row| row.1).and_then(|p| mark("row", p));
    let list = |value| if refers { vec![value] } else { Vec::new() };
    ids.into_iter()
        .filter_map(|id| {
            let (before, after) = (from.get(&id), to.get(&id));
            let action = match (before, after) {
                (None, _) => Action::Create,
                (_, None) => Action::Delete,
                (before, after) if before == after => return None,
                _ => Action::Update,
            };
            let update = action == Action::Update;
            let moves = !update || unique(before) != unique(after);
            let turns = !update || parent(before) != parent(after);
            let footprint = Footprint {
                action,
                gives: vec![unique(before).filter(|_| moves)],
                takes: vec![unique(after).filter(|_| moves)],
                is: list(mark("row", id).filter(|_| !update)),
                needs_before: list(parent(before).filter(|_| turns)),
                needs_after: list(parent(after).filter(|_| turns)),
            };
            Some((id, footprint))
        })
        .unzip()
}

/// Carries the steps out, a group at a time. Whether every reference held after each.
fn carry_out(from: &Table, to: &Table, ids: &[u8], order: &Order) -> bool {
    let (mut table, mut held, mut at) = (from.clone(), true, 0);
    while at < order.steps.len() {
        let number = order.together[at];
        let size = if number == 0 { 1 } else { order.together[at..].iter().take_while(|n| **n == number).count() };
        let group: Vec<u8> = order.steps[at..at + size].iter().map(|step| ids[*step]).collect();
        table.retain(|id, _| !group.contains(id));
        for id in group {
            let Some(row) = to.get(&id) else { continue };
            let taken = row.0.filter(|value| table.values().any(|other| other.0 == Some(*value)));
            assert_eq!(taken, None, "taken by {id} while another row has it");
            table.insert(id, *row);
        }
        held &= table.values().all(|row| row.1.is_none_or(|parent| table.contains_key(&parent)));
        at += size;
    }
    assert_eq!(&table, to);
    held
}

fn is_whole(footprints: &[Footprint], order: &Order) {
    let mut sorted = order.steps.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..footprints.len()).collect::<Vec<_>>(), "each step once");
    assert_eq!(order.together.len(), order.steps.len());
    let mut numbers: Vec<u32> = order.together.iter().copied().filter(|number| *number != 0).collect();
    numbers.dedup();
    assert_eq!(
        numbers.iter().map(|number| number & !KNOT).collect::<Vec<_>>(),
        (1..=numbers.len() as u32).collect::<Vec<_>>(),
        "groups are in one piece, and numbered"
    );
    for number in numbers {
        let group: Vec<usize> = (0..order.steps.len()).filter(|at| order.together[*at] == number).collect();
        let action = |at: &usize| footprints[order.steps[*at]].action;
        let knot = number & KNOT != 0;
        assert!(group.len() > 1 && knot != group.iter().all(|at| action(at) == action(&group[0])));
        assert!(group.iter().is_sorted_by_key(action));
    }
}

/// Rows with distinct unique values, and parents that are there. `forest`: with smaller ids.
fn table(forest: bool) -> impl Strategy<Value = Table> {
    let row = (prop::option::of(0u8..12), prop::option::of(any::<prop::sample::Index>()));
    prop::collection::btree_map(0u8..12, row, 0..10).prop_map(move |rows| {
        let ids: Vec<u8> = rows.keys().copied().collect();
        let mut used = BTreeSet::new();
        rows.into_iter()
            .map(|(id, (value, parent))| {
                let parents = if forest { ids.partition_point(|other| *other < id) } else { ids.len() };
                let parent = parent.filter(|_| parents > 0).map(|index| ids[index.index(parents)]);
                (id, (value.filter(|value| used.insert(*value)), parent))
            })
            .collect()
    })
}

fn without_values(table: Table) -> Table {
    table.into_iter().map(|(id, (_, parent))| (id, (None, parent))).collect()
}

fn without_parents(table: Table) -> Table {
    table.into_iter().map(|(id, (value, _))| (id, (value, None))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn values_are_free_when_they_are_taken(from in table(false), to in table(false)) {
        let (ids, footprints) = steps(&from, &to, true);
        let order = order(&footprints);
        is_whole(&footprints, &order);
        let held = carry_out(&from, &to, &ids, &order);
        prop_assert!(held);
        prop_assert_eq!(order.warnings.is_empty(), order.together.iter().all(|number| number & KNOT == 0 && !{
            let of = |at: &usize| order.together[*at] == *number && *number != 0;
            (0..order.steps.len()).filter(of).any(|at| footprints[order.steps[at]].action != Action::Update)
        }));
    }

    #[test]
    fn without_references_deletes_come_first_and_creates_last(from in table(false), to in table(false)) {
        let (from, to) = (without_parents(from), without_parents(to));
        let (ids, footprints) = steps(&from, &to, false);
        let order = order(&footprints);
        is_whole(&footprints, &order);
        carry_out(&from, &to, &ids, &order);
        let rank = |at: &usize| match footprints[*at].action {
            Action::Delete => 0,
            Action::Update => 1,
            Action::Create => 2,
        };
        prop_assert!(order.steps.is_sorted_by_key(rank));
        prop_assert!(order.warnings.is_empty());
    }

    #[test]
    fn without_unique_values_creates_come_first_and_references_hold(from in table(true), to in table(true)) {
        let (from, to) = (without_values(from), without_values(to));
        let (ids, footprints) = steps(&from, &to, true);
        let order = order(&footprints);
        is_whole(&footprints, &order);
        prop_assert!(carry_out(&from, &to, &ids, &order));
        prop_assert!(order.steps.is_sorted_by_key(|at| footprints[*at].action));
        prop_assert!(order.warnings.is_empty() && order.together.iter().all(|number| *number == 0));
    }
}

fn step(action: Action) -> Footprint {
    let none = || vec![None];
    Footprint { action, gives: none(), takes: none(), is: none(), needs_before: none(), needs_after: none() }
}

fn update(gives: u8, takes: u8) -> Footprint {
    Footprint { gives: vec![mark("", gives)], takes: vec![mark("", takes)], ..step(Action::Update) }
}

fn create(is: u8, needs: Option<u8>) -> Footprint {
    let needs_after = vec![needs.and_then(|row| mark("", row))];
    Footprint { is: vec![mark("", is)], needs_after, ..step(Action::Create) }
}

fn delete(is: u8, needs: Option<u8>) -> Footprint {
    let needs_before = vec![needs.and_then(|row| mark("", row))];
    Footprint { is: vec![mark("", is)], needs_before, ..step(Action::Delete) }
}

#[test]
fn updates_that_hand_values_on_go_together() {
    // 1 → 2 → 3 is a chain, 8 ⇄ 9 a circle; the others are alone.
    let steps = [update(1, 2), update(8, 9), update(5, 6), update(3, 4), update(9, 8), update(2, 3)];
    let order = order(&steps);
    assert_eq!(order.steps, [0, 3, 5, 1, 4, 2]);
    assert_eq!(order.together, [1, 1, 1, 2, 2, 0]);
    assert_eq!(order.warnings, [""; 0]);
}

#[test]
fn a_value_that_several_give_joins_those_that_take_it_and_no_others() {
    // An index that counts for some rows only: rows may share a value.
    let order = order(&[update(1, 10), update(1, 11), update(7, 30), update(7, 31), update(20, 1), update(21, 1)]);
    assert_eq!((order.steps, order.together), (vec![0, 1, 4, 5, 2, 3], vec![1, 1, 1, 1, 0, 0]));
}

#[test]
fn parents_are_created_first_and_deleted_last() {
    let steps = [delete(1, None), delete(2, Some(1)), create(5, Some(6)), create(6, None), step(Action::Update)];
    let order = order(&steps);
    assert_eq!(order.steps, [3, 2, 4, 1, 0]);
    assert_eq!(order.together, [0; 5]);
}

#[test]
fn a_delete_that_gives_what_a_create_takes_goes_first() {
    let value = || vec![mark("value", 1)];
    let gives = Footprint { gives: value(), ..delete(1, None) };
    let takes = Footprint { takes: value(), ..create(5, None) };
    // Its child, too, which would otherwise come last.
    let order = order(&[create(4, None), takes, delete(2, Some(1)), gives, delete(3, None)]);
    assert_eq!(order.steps, [2, 3, 0, 1, 4]);
    assert_eq!(order.warnings, [""; 0]);
}

#[test]
fn an_update_that_gives_what_a_create_takes_goes_before_it() {
    let gives = Footprint { gives: vec![mark("value", 1)], ..step(Action::Update) };
    let takes = Footprint { takes: vec![mark("value", 1)], ..create(5, None) };
    let order = order(&[takes, gives, create(6, Some(5))]);
    assert_eq!(order.steps, [1, 0, 2]);
    assert_eq!(order.warnings, [""; 0]);
}

#[test]
fn rows_that_refer_to_each_other_go_together_with_a_warning() {
    let creates = order(&[create(1, Some(2)), create(3, Some(3)), create(2, Some(1)), create(4, Some(2))]);
    assert_eq!((creates.steps, creates.together), (vec![0, 2, 1, 3], vec![1, 1, 0, 0]));
    assert!(creates.warnings[0].starts_with("Rows to be created that refer to each other in a circle: 2. They"));
    let deletes = order(&[delete(1, Some(2)), delete(2, Some(1))]);
    assert_eq!(deletes.together, [1, 1]);
    assert!(deletes.warnings[0].starts_with("Rows to be deleted that refer to each other in a circle: 2. They"));
}

#[test]
fn steps_of_several_actions_that_wait_for_each_other_are_a_knot() {
    // The new row takes the old one's value, and a third turns from the old one to the new one.
    let value = || vec![mark("value", 1)];
    let new = Footprint { takes: value(), ..create(2, None) };
    let old = Footprint { gives: value(), ..delete(1, None) };
    let turns = Footprint { needs_before: vec![mark("", 1)], needs_after: vec![mark("", 2)], ..step(Action::Update) };
    let found = order(&[old, turns, new, create(7, None)]);
    assert_eq!((found.steps, found.together), (vec![3, 2, 1, 0], vec![0, 1 | KNOT, 1 | KNOT, 1 | KNOT]));
    assert!(found.warnings[0].starts_with("Steps that wait for each other") && found.warnings[0].contains(": 3. "));

    let new = Footprint { takes: value(), ..create(2, None) };
    let turns = Footprint { gives: value(), needs_after: vec![mark("", 2)], ..step(Action::Update) };
    let found = order(&[turns, new]);
    assert_eq!((found.steps, found.together), (vec![1, 0], vec![1 | KNOT, 1 | KNOT]));
}

#[test]
fn parents_come_first_within_a_knot() {
    // 2 and 3 are created below 4, which takes what a row gives that turns to 3.
    let takes = Footprint { takes: vec![mark("value", 1)], ..create(4, None) };
    let turns = Footprint { gives: vec![mark("value", 1)], needs_after: vec![mark("", 3)], ..step(Action::Update) };
    let found = order(&[create(3, Some(2)), create(2, Some(4)), takes, turns]);
    assert_eq!(found.steps, [2, 1, 0, 3]);
    assert!(found.together.iter().all(|number| *number == 1 | KNOT));
}

#[test]
fn a_knot_that_is_too_large_is_torn_with_a_warning() {
    let value = |at: usize| vec![Some(fingerprint(&at.to_be_bytes()))];
    let row = |at: usize| vec![Some(fingerprint(format!("row {at}").as_bytes()))];
    // Each create is below the one before it, and takes the value of an update that turns to the last.
    let many = 12_000;
    let mut steps = Vec::new();
    for at in 0..many {
        steps.push(Footprint { gives: value(at), needs_after: row(many - 1), ..step(Action::Update) });
    }
    for at in 0..many {
        let needs_after = if at > 0 { row(at - 1) } else { vec![None] };
        steps.push(Footprint { takes: value(at), is: row(at), needs_after, ..step(Action::Create) });
    }
    let found = order(&steps);
    assert!(found.together.iter().all(|number| *number == 0));
    assert!(found.warnings[0].starts_with("Updates that must go before"), "{:?}", found.warnings);
    assert!(found.steps[..many].iter().all(|at| *at < many));
}
