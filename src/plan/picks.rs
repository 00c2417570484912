//! The steps to make, in the order of writing, as positions of rows.

use crate::compare::Differences;
use crate::endpoint::Action;
use std::ops::Range;

/// One step to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The row in the source; 0 for a delete.
    pub source: u64,
    /// The row in the written table; 0 for a create.
    pub written: u64,
    /// 0, or the number of the group that the step is written with.
    pub together: u32,
}

/// The steps to make. Without a word on their order: deletes, updates, creates, each in the order
/// of the table.
#[derive(Clone, Debug)]
pub struct Schedule<'a> {
    side: usize,
    deletes: &'a [u64],
    updates: &'a [(u64, u64)],
    creates: &'a [u64],
    /// Positions in deletes, updates and creates laid one after the other, and groups.
    order: Option<Vec<(usize, u32)>>,
    /// What is looked at of it.
    part: Range<usize>,
}

impl<'a> Schedule<'a> {
    /// For writing a side: the actions that are wanted.
    pub fn new(side: usize, differences: &'a Differences, wanted: impl Fn(Action) -> bool) -> Self {
        let rows = |action, rows: &'a [u64]| if wanted(action) { rows } else { &[] };
        let deletes = rows(Action::Delete, &differences.only[side]);
        let creates = rows(Action::Create, &differences.only[1 - side]);
        let updates: &[(u64, u64)] = if wanted(Action::Update) { &differences.changed } else { &[] };
        let part = 0..deletes.len() + updates.len() + creates.len();
        Self { side, deletes, updates, creates, order: None, part }
    }

    /// Has the last deletes and creates written in groups, of so many steps each.
    pub fn keep_together(&mut self, deletes: &[usize], creates: &[usize]) {
        let mut order: Vec<(usize, u32)> = self.all().map(|at| (at, 0)).collect();
        let mut number = 0;
        for (end, groups) in [(self.only(Action::Delete).end, deletes), (self.all().end, creates)] {
            let mut at = end - groups.iter().sum::<usize>();
            for size in groups {
                number += 1;
                order[at..at + size].iter_mut().for_each(|step| step.1 = number);
                at += size;
            }
        }
        self.order = Some(order);
    }

    /// How many steps.
    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// All of it.
    pub fn all(&self) -> Range<usize> {
        self.part.clone()
    }

    /// The steps of one action, before anything was put into order.
    pub fn only(&self, action: Action) -> Range<usize> {
        let (deletes, updates) = (self.deletes.len(), self.deletes.len() + self.updates.len());
        match action {
            Action::Delete => 0..deletes,
            Action::Update => deletes..updates,
            Action::Create => updates..updates + self.creates.len(),
        }
    }

    /// Whether this row of the written table is to be deleted.
    pub fn deletes(&self, row: u64) -> bool {
        self.deletes.binary_search(&row).is_ok()
    }

    /// The step at a position, before anything was put into order.
    pub fn pick(&self, at: usize) -> (Action, Pick) {
        self.step(at)
    }

    /// A part of it.
    pub fn slice(&self, part: Range<usize>) -> Self {
        Self { part, ..self.clone() }
    }

    /// Puts these steps, with their groups, in the place of a part.
    pub fn replace(&mut self, part: Range<usize>, steps: Vec<(usize, u32)>) {
        let alone = |range: Range<usize>| range.map(|at| (at, 0));
        let order: Vec<(usize, u32)> =
            alone(0..part.start).chain(steps).chain(alone(part.end..self.part.end)).collect();
        self.part = 0..order.len();
        self.order = Some(order);
    }

    /// At most `most` steps from a position on, all of the action of the first.
    pub fn run(&self, at: usize, most: usize) -> (Action, Vec<Pick>) {
        let (action, _) = self.step(at);
        let picks = (at..self.len().min(at + most)).map(|at| self.step(at));
        (action, picks.take_while(|(other, _)| *other == action).map(|(_, pick)| pick).collect())
    }

    fn step(&self, at: usize) -> (Action, Pick) {
        let at = at + self.part.start;
        let (at, together) = self.order.as_ref().map_or((at, 0), |order| order[at]);
        let (deletes, updates) = (self.deletes.len(), self.deletes.len() + self.updates.len());
        if at < deletes {
            (Action::Delete, Pick { source: 0, written: self.deletes[at], together })
        } else if at < updates {
            let (left, right) = self.updates[at - deletes];
            let (source, written) = if self.side == 1 { (left, right) } else { (right, left) };
            (Action::Update, Pick { source, written, together })
        } else {
            (Action::Create, Pick { source: self.creates[at - updates], written: 0, together })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences() -> Differences {
        Differences { only: [vec![1, 2], vec![7]], changed: vec![(3, 30), (4, 40)], ..Differences::default() }
    }

    fn listed(schedule: &Schedule<'_>) -> Vec<(Action, u64, u64, u32)> {
        let mut out = Vec::new();
        while out.len() < schedule.len() {
            let (action, picks) = schedule.run(out.len(), 10);
            out.extend(picks.iter().map(|pick| (action, pick.source, pick.written, pick.together)));
        }
        out
    }

    #[test]
    fn deletes_updates_creates_and_the_mirror_of_it() {
        use Action::{Create, Delete, Update};
        let differences = differences();
        let to_right = Schedule::new(1, &differences, |_| true);
        let expected =
            [(Delete, 0, 7, 0), (Update, 3, 30, 0), (Update, 4, 40, 0), (Create, 1, 0, 0), (Create, 2, 0, 0)];
        assert_eq!(listed(&to_right), expected);
        let to_left = Schedule::new(0, &differences, |action| action != Delete);
        assert_eq!(listed(&to_left), [(Update, 30, 3, 0), (Update, 40, 4, 0), (Create, 7, 0, 0)]);
    }

    #[test]
    fn copies_are_kept_together() {
        use Action::{Create, Delete};
        let differences = Differences { only: [vec![1, 8, 9], vec![5, 6, 3, 4, 7]], ..Differences::default() };
        let mut schedule = Schedule::new(1, &differences, |_| true);
        schedule.keep_together(&[2, 2], &[2]);
        let expected = [
            (Delete, 0, 5, 0),
            (Delete, 0, 6, 1),
            (Delete, 0, 3, 1),
            (Delete, 0, 4, 2),
            (Delete, 0, 7, 2),
            (Create, 1, 0, 0),
            (Create, 8, 0, 3),
            (Create, 9, 0, 3),
        ];
        assert_eq!(listed(&schedule), expected);
    }

    #[test]
    fn a_part_is_put_into_order() {
        use Action::{Create, Delete, Update};
        let differences = differences();
        let mut schedule = Schedule::new(1, &differences, |_| true);
        let updates = schedule.only(Update);
        assert_eq!(listed(&schedule.slice(updates.clone())).len(), 2);
        schedule.replace(updates, vec![(2, 1), (1, 1)]);
        assert_eq!(listed(&schedule)[..3], [(Delete, 0, 7, 0), (Update, 4, 40, 1), (Update, 3, 30, 1)]);
        schedule.replace(schedule.only(Update), vec![]);
        assert_eq!(listed(&schedule), [(Delete, 0, 7, 0), (Create, 1, 0, 0), (Create, 2, 0, 0)]);
    }
}
