//! The steps of one side, as lists of rows, and which pair of rows each is about.

use super::pairs::PlannedPair;
use crate::compare::Differences;
use crate::endpoint::Action;
use crate::plan::assemble::{Chosen, Fate};
use crate::plan::picks::Pick;
use std::collections::{HashMap, HashSet};

/// What is written to one side.
#[derive(Clone, Debug, Default)]
pub struct SideLists {
    /// In the form of what a comparison finds.
    pub differences: Differences,
    /// The cells of updates.
    pub chosen: Chosen,
    creates: HashMap<u64, usize>,
    deletes: HashMap<u64, usize>,
    updates: HashMap<(u64, u64), usize>,
}

impl SideLists {
    /// How many steps.
    pub fn len(&self) -> u64 {
        (self.creates.len() + self.deletes.len() + self.updates.len()) as u64
    }

    /// A row of the source is to be added; `pair` is its pair's position.
    pub fn create(&mut self, source: u64, pair: usize) {
        self.creates.insert(source, pair);
    }

    /// A row of the side is to be removed.
    pub fn delete(&mut self, row: u64, pair: usize) {
        self.deletes.insert(row, pair);
    }

    /// A row of the side takes cells over from a row of the source.
    pub fn update(&mut self, source: u64, row: u64, cells: Vec<usize>, pair: usize) {
        self.updates.insert((source, row), pair);
        self.chosen.insert((source, row), cells);
    }

    /// Puts the lists into order.
    pub fn finish(&mut self, side: usize) {
        let sorted = |rows: &HashMap<u64, usize>| {
            let mut rows: Vec<u64> = rows.keys().copied().collect();
            rows.sort_unstable();
            rows
        };
        self.differences.only[side] = sorted(&self.deletes);
        self.differences.only[1 - side] = sorted(&self.creates);
        let pair = |(source, row): &(u64, u64)| if side == 1 { (*source, *row) } else { (*row, *source) };
        self.differences.changed = self.updates.keys().map(pair).collect();
        self.differences.changed.sort_unstable();
    }

    /// The position of the pair that a step is about.
    pub fn pair(&self, action: Action, pick: &Pick) -> Option<usize> {
        match action {
            Action::Create => self.creates.get(&pick.source),
            Action::Delete => self.deletes.get(&pick.written),
            Action::Update => self.updates.get(&(pick.source, pick.written)),
        }
        .copied()
    }

    /// Takes note of what became of a step. `done` are the pairs and actions that need nothing more.
    #[allow(clippy::too_many_arguments)]
    pub fn note(
        &self,
        side: usize,
        action: Action,
        pick: &Pick,
        fate: &Fate,
        step: Option<u64>,
        pairs: &mut [PlannedPair],
        done: &mut HashSet<(usize, Action)>,
    ) {
        let Some(at) = self.pair(action, pick) else { return };
        if *fate == Fate::Skipped || step.is_some() {
            done.insert((at, action));
        }
        let Some(step) = step else { return };
        let (steps, also) = (&mut pairs[at].steps[side], &mut pairs[at].also[side]);
        match (action, *steps) {
            // What is removed first is created anew later.
            (Action::Create, Some(first)) => (*steps, *also) = (Some(step), Some(first)),
            (_, Some(_)) => *also = Some(step),
            (_, None) => *steps = Some(step),
        }
    }

    /// Pairs of which a step could not be made are not settled.
    pub fn unsettle(&self, done: &HashSet<(usize, Action)>, pairs: &mut [PlannedPair]) {
        let wanted = self
            .creates
            .values()
            .map(|at| (*at, Action::Create))
            .chain(self.deletes.values().map(|at| (*at, Action::Delete)))
            .chain(self.updates.values().map(|at| (*at, Action::Update)));
        for (at, _) in wanted.filter(|wanted| !done.contains(wanted)) {
            pairs[at].settled = false;
        }
    }
}
