//! In what order steps are written, so that unique values are free when they are taken, and rows
//! are there while others refer to them.
//!
//! By default: deletes, updates, creates. No unique value is then taken before it is given, save
//! from one update to another; updates that hand values to each other go together.
//!
//! Rows of a table that refers to itself go parents first when they are created and children first
//! when they are deleted. Where nothing else matters, creates come first then, and deletes last.

use super::demands;
use super::footprint::{Footprint, KNOT, Order};
use crate::endpoint::Action;
use crate::table::Fingerprint;
use std::collections::HashMap;

/// Orders the steps of one side, as [`Order`] says; the same steps always in the same way, and by
/// their position where nothing else decides.
pub fn order(steps: &[Footprint]) -> Order {
    let leaders = exchanges(steps);
    let refers =
        |step: &Footprint| [&step.is, &step.needs_before, &step.needs_after].into_iter().flatten().any(Option::is_some);
    if steps.iter().any(refers) { demands::order(steps, &leaders) } else { by_action(steps, &leaders) }
}

/// For each step the first of those that it goes together with, because they are updates that hand
/// unique values to each other, in a chain or a circle.
fn exchanges(steps: &[Footprint]) -> Vec<u32> {
    let mut leaders: Vec<u32> = (0..steps.len() as u32).collect();
    let updates = || (0u32..).zip(steps).filter(|(_, step)| step.action == Action::Update);
    // The first that takes a value, and whether another update gives it. More than one may: an
    // index may count for some of its rows only.
    let mut taken: HashMap<(usize, Fingerprint), (u32, bool)> = HashMap::new();
    for (at, step) in updates() {
        for value in values(&step.takes) {
            taken.entry(value).or_insert((at, false));
        }
    }
    for (at, step) in updates() {
        for value in values(&step.gives) {
            if let Some((taker, given)) = taken.get_mut(&value) {
                *given = true;
                join(&mut leaders, at, *taker);
            }
        }
    }
    for (at, step) in updates() {
        for value in values(&step.takes) {
            if let Some((taker, true)) = taken.get(&value) {
                join(&mut leaders, at, *taker);
            }
        }
    }
    for at in 0..steps.len() as u32 {
        leaders[at as usize] = leader(&mut leaders, at);
    }
    leaders
}

/// The values that are there, with the positions of their indexes or foreign keys.
pub(super) fn values(list: &[Option<Fingerprint>]) -> impl Iterator<Item = (usize, Fingerprint)> + '_ {
    list.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)))
}

fn leader(leaders: &mut [u32], mut at: u32) -> u32 {
    while leaders[at as usize] != at {
        let next = leaders[leaders[at as usize] as usize];
        leaders[at as usize] = next;
        at = next;
    }
    at
}

/// The first of both groups leads the joined one.
fn join(leaders: &mut [u32], one: u32, other: u32) {
    let (one, other) = (leader(leaders, one), leader(leaders, other));
    leaders[one.max(other) as usize] = one.min(other);
}

/// Deletes, updates, creates.
fn by_action(steps: &[Footprint], leaders: &[u32]) -> Order {
    let mut list = List::default();
    let of = |action| (0..steps.len()).filter(move |at| steps[*at].action == action);
    of(Action::Delete).for_each(|at| list.push(&[at]));
    let mut updates: Vec<usize> = of(Action::Update).collect();
    updates.sort_by_key(|at| (leaders[*at], *at));
    updates.chunk_by(|a, b| leaders[*a] == leaders[*b]).for_each(|group| list.push(group));
    of(Action::Create).for_each(|at| list.push(&[at]));
    list.order
}

/// An order that grows.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) order: Order,
    groups: u32,
}

impl List {
    /// Adds steps, which go together if they are more than one.
    pub(super) fn push(&mut self, steps: &[usize]) {
        self.add(steps, 0);
    }

    /// Adds steps of several actions, which are a knot.
    pub(super) fn push_knot(&mut self, steps: &[usize]) {
        self.add(steps, KNOT);
    }

    fn add(&mut self, steps: &[usize], bit: u32) {
        let number = if steps.len() > 1 {
            self.groups += 1;
            self.groups | bit
        } else {
            0
        };
        self.order.steps.extend_from_slice(steps);
        self.order.together.resize(self.order.steps.len(), number);
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
