//! The order of steps whose rows refer to each other.
//!
//! What one step demands of another are edges of a graph: who gives a unique value comes before who
//! takes it, a parent is created before its children and deleted after them. The edges run over a
//! node for each value, so that their number does not grow with the square of the steps.
//!
//! Where steps of several actions wait for each other in a circle, no order will do: they are a
//! [`KNOT`](super::KNOT), to be written in one transaction, in which values are set aside. A knot
//! that is too large for that is torn: a child that is updated has value nodes of its own, and the
//! demands on these yield. Without them there are no such circles, since unique values only go from
//! deletes to updates to creates, and what is left goes from creates to creates or from deletes to
//! deletes.

use super::footprint::{Footprint, Order};
use super::graph::Graph;
use super::order::{List, values};
use super::schedule::Schedule;
use crate::endpoint::Action;
use crate::table::Fingerprint;
use std::collections::HashMap;

/// Steps in the largest knot.
const KNOT_STEPS: u64 = 20_000;

/// What a value node stands for. The position is that of the index or foreign key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// A unique value, which is free.
    Free(usize),
    /// A row, which exists, for rows to be created.
    Created(usize),
    /// A row, which exists, for rows to be updated.
    CreatedForUpdates(usize),
    /// A row to which none that will be deleted refers any more.
    Childless(usize),
    /// A row to which none that will be updated refers any more.
    Left(usize),
}

impl Subject {
    fn is_of_updates(self) -> bool {
        matches!(self, Self::CreatedForUpdates(_) | Self::Left(_))
    }
}

/// Creates parents first, then updates, then deletes children first, except where a unique value
/// must be given before it is taken.
pub(super) fn order(steps: &[Footprint], leaders: &[u32]) -> Order {
    let mut list = List::default();
    let (mut edges, subjects) = demands(steps, leaders);
    let nodes = steps.len() + subjects.len();
    let mut graph = Graph::new(nodes, &edges);
    let (mut circle, mut circles) = graph.circles();
    if yielded(&mut edges, steps, &subjects, &circle, circles, &mut list.order.warnings) {
        graph = Graph::new(nodes, &edges);
        (circle, circles) = graph.circles();
    }
    drop(edges);
    for (at, leader) in leaders.iter().enumerate() {
        circle[at] = circle[*leader as usize];
    }
    Schedule::new(steps, &graph, &circle, circles).run(&mut list);
    list.order
}

/// All edges, and what the nodes after the steps' own stand for.
pub(super) fn demands(steps: &[Footprint], leaders: &[u32]) -> (Vec<(u32, u32)>, Vec<Subject>) {
    let mut nodes: HashMap<(Subject, Fingerprint), u32> = HashMap::new();
    let (mut edges, mut subjects) = (Vec::new(), Vec::new());
    for (step, leader) in steps.iter().zip(leaders) {
        let mut node = |subject, value| {
            *nodes.entry((subject, value)).or_insert_with(|| {
                subjects.push(subject);
                (steps.len() + subjects.len() - 1) as u32
            })
        };
        for (index, value) in values(&step.takes) {
            edges.push((node(Subject::Free(index), value), *leader));
        }
        // A row that refers to itself, or still to the same, demands nothing of others.
        let update = step.action == Action::Update;
        let stays = |key: usize, value| {
            let other = if update { [&step.needs_before, &step.needs_after] } else { [&step.is, &step.is] };
            other.iter().all(|list| list.get(key) == Some(&Some(value)))
        };
        for (key, value) in values(&step.needs_after).filter(|(key, value)| !stays(*key, *value)) {
            let subject = if update { Subject::CreatedForUpdates(key) } else { Subject::Created(key) };
            edges.push((node(subject, value), *leader));
        }
        for (key, value) in values(&step.needs_before).filter(|(key, value)| !stays(*key, *value)) {
            let subject = if update { Subject::Left(key) } else { Subject::Childless(key) };
            edges.push((*leader, node(subject, value)));
        }
    }
    for (step, leader) in steps.iter().zip(leaders) {
        let node = |subject, value| nodes.get(&(subject, value)).copied();
        for (index, value) in values(&step.gives) {
            edges.extend(node(Subject::Free(index), value).map(|free| (*leader, free)));
        }
        for (key, value) in values(&step.is) {
            for subject in [Subject::Created(key), Subject::CreatedForUpdates(key)] {
                let there = node(subject, value).filter(|_| step.action == Action::Create);
                edges.extend(there.map(|there| (*leader, there)));
            }
            for subject in [Subject::Childless(key), Subject::Left(key)] {
                let alone = node(subject, value).filter(|_| step.action == Action::Delete);
                edges.extend(alone.map(|alone| (alone, *leader)));
            }
        }
    }
    (edges, subjects)
}

/// Looks into the circles. Those of one action become groups, those of several knots. In knots that
/// are too large, references of updates yield. All is said.
fn yielded(
    edges: &mut Vec<(u32, u32)>,
    steps: &[Footprint],
    subjects: &[Subject],
    circle: &[u32],
    circles: usize,
    warnings: &mut Vec<String>,
) -> bool {
    // How many steps of each action a circle has. Only the first of an update group has edges; the
    // others are circles of their own as yet.
    let mut counts = vec![[0u64; 3]; circles];
    for (at, step) in steps.iter().enumerate() {
        counts[circle[at] as usize][step.action as usize] += 1;
    }
    let mixed = |counts: &[u64; 3]| counts.iter().filter(|count| **count > 0).count() > 1;
    let large = |counts: &[u64; 3]| mixed(counts) && counts.iter().sum::<u64>() > KNOT_STEPS;
    let (mut created, mut deleted, mut knotted) = (0, 0, 0);
    let (mut against_deletes, mut against_updates) = (0, 0);
    for counts in &counts {
        let [creates, updates, deletes] = *counts;
        match mixed(counts) {
            true if !large(counts) => knotted += creates + updates + deletes,
            true if deletes > 0 => against_deletes += deletes,
            true => against_updates += updates,
            false if creates > 1 => created += creates,
            false if deletes > 1 => deleted += deletes,
            false => {}
        }
    }
    let mut warn = |steps: u64, what: &str, then: &str| {
        if steps > 0 {
            warnings.push(format!("{what}: {steps}. {then}"));
        }
    };
    let together = "They are written together, which a database that checks each row on its own (MySQL, MariaDB) \
                    takes where their references can be NULL meanwhile; a script that writes them one by one is refused";
    warn(created, "Rows to be created that refer to each other in a circle", together);
    warn(deleted, "Rows to be deleted that refer to each other in a circle", together);
    let aside = "They are written in one transaction, in which values are set aside; a script that writes them one by \
                 one is refused";
    warn(knotted, "Steps that wait for each other, because of unique values and rows that refer to each other", aside);
    let first = "They go first, which a foreign key that is checked at once will refuse";
    warn(
        against_deletes,
        "Deletes that must go early to free unique values, and late because rows refer to theirs",
        first,
    );
    warn(
        against_updates,
        "Updates that must go before creates to free unique values, and after them to refer to them",
        first,
    );
    let before = edges.len();
    let is_update = |node: u32| steps.get(node as usize).is_some_and(|step| step.action == Action::Update);
    let is_of_updates = |node: u32| {
        let subject = (node as usize).checked_sub(steps.len()).and_then(|at| subjects.get(at));
        subject.is_some_and(|subject| subject.is_of_updates())
    };
    edges.retain(|(from, to)| {
        let inside = circle[*from as usize] == circle[*to as usize] && large(&counts[circle[*from as usize] as usize]);
        !(inside && (is_update(*from) && is_of_updates(*to) || is_of_updates(*from) && is_update(*to)))
    });
    edges.len() < before
}
