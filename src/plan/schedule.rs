//! Takes the steps of a graph as their turn comes.

use super::footprint::Footprint;
use super::graph::{Graph, sorted_by};
use super::order::{List, order};
use crate::endpoint::Action;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When a circle's turn comes, among those that nothing holds back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Only a value, which takes no time.
    Passing,
    /// Deletes that others wait for.
    Early,
    Create,
    Update,
    Delete,
}

/// Takes circles as their turn comes.
pub(super) struct Schedule<'a> {
    footprints: &'a [Footprint],
    graph: &'a Graph,
    circle: &'a [u32],
    steps: usize,
    /// The nodes of each circle, steps first.
    starts: Vec<u32>,
    members: Vec<u32>,
    turns: Vec<Turn>,
    /// Edges from circles that are still to come.
    held: Vec<u32>,
    ready: [BinaryHeap<Reverse<(u32, u32)>>; 5],
}

impl<'a> Schedule<'a> {
    /// `circle` is the number of each node's circle, as [`Graph::circles`] numbers them.
    pub(super) fn new(steps: &'a [Footprint], graph: &'a Graph, circle: &'a [u32], circles: usize) -> Self {
        let (starts, members) = sorted_by(circles, circle.iter().copied());
        let mut out = Self {
            footprints: steps,
            graph,
            circle,
            steps: steps.len(),
            starts,
            members,
            turns: vec![Turn::Passing; circles],
            held: vec![0; circles],
            ready: Default::default(),
        };
        // What follows a circle has a smaller number, so it is known already.
        let mut waited_for = vec![false; circles];
        for at in 0..circles as u32 {
            let mut waited = false;
            for next in out.following(at) {
                out.held[next as usize] += 1;
                waited |= match out.turns[next as usize] {
                    Turn::Create | Turn::Update => true,
                    Turn::Passing | Turn::Early | Turn::Delete => waited_for[next as usize],
                };
            }
            waited_for[at as usize] = waited;
            let first = out.steps_of(at).first();
            out.turns[at as usize] = match first.map(|step| steps[*step as usize].action) {
                None => Turn::Passing,
                Some(Action::Create) => Turn::Create,
                Some(Action::Update) => Turn::Update,
                Some(Action::Delete) if waited => Turn::Early,
                Some(Action::Delete) => Turn::Delete,
            };
        }
        out
    }

    fn members_of(&self, circle: u32) -> &[u32] {
        &self.members[self.starts[circle as usize] as usize..self.starts[circle as usize + 1] as usize]
    }

    fn steps_of(&self, circle: u32) -> &[u32] {
        let members = self.members_of(circle);
        &members[..members.partition_point(|node| (*node as usize) < self.steps)]
    }

    /// The circles that come after one, as often as there are edges to them.
    fn following(&self, circle: u32) -> Vec<u32> {
        let nodes = self.members_of(circle).iter().flat_map(|node| self.graph.followers(*node));
        nodes.map(|node| self.circle[*node as usize]).filter(|next| *next != circle).collect()
    }

    /// Adds all steps to the list: deletes that others wait for, then in rounds whatever nothing holds
    /// back any more.
    pub(super) fn run(mut self, list: &mut List) {
        let free: Vec<u32> = (0..self.turns.len() as u32).filter(|at| self.held[*at as usize] == 0).collect();
        free.into_iter().for_each(|circle| self.release(circle));
        self.take(Turn::Early, list);
        while self.ready.iter().any(|ready| !ready.is_empty()) {
            for turn in [Turn::Create, Turn::Update, Turn::Early, Turn::Delete] {
                self.take(turn, list);
            }
        }
    }

    /// Nothing holds this circle back any more.
    fn release(&mut self, circle: u32) {
        let mut free = vec![circle];
        while let Some(circle) = free.pop() {
            if self.turns[circle as usize] == Turn::Passing {
                free.extend(self.freed_by(circle));
            } else {
                let first = self.steps_of(circle).first().copied().unwrap_or_default();
                self.ready[self.turns[circle as usize] as usize].push(Reverse((first, circle)));
            }
        }
    }

    /// The circles that only waited for this one.
    fn freed_by(&mut self, circle: u32) -> Vec<u32> {
        let mut following = self.following(circle);
        following.retain(|next| {
            self.held[*next as usize] -= 1;
            self.held[*next as usize] == 0
        });
        following
    }

    fn take(&mut self, turn: Turn, list: &mut List) {
        while let Some(Reverse((_, circle))) = self.ready[turn as usize].pop() {
            let steps: Vec<usize> = self.steps_of(circle).iter().map(|step| *step as usize).collect();
            let of_one_action =
                steps.iter().all(|step| self.footprints[*step].action == self.footprints[steps[0]].action);
            match of_one_action {
                true => list.push(&steps),
                false => list.push_knot(&self.knot(&steps)),
            }
            self.freed_by(circle).into_iter().for_each(|next| self.release(next));
        }
    }

    /// Steps of several actions that wait for each other: those of each action in an order of their own.
    fn knot(&self, steps: &[usize]) -> Vec<usize> {
        let mut out = Vec::with_capacity(steps.len());
        for action in [Action::Create, Action::Update, Action::Delete] {
            let own: Vec<usize> =
                steps.iter().copied().filter(|step| self.footprints[*step].action == action).collect();
            let footprints: Vec<Footprint> = own.iter().map(|step| self.footprints[*step].clone()).collect();
            out.extend(order(&footprints).steps.into_iter().map(|at| own[at]));
        }
        out
    }
}
