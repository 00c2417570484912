//! The steps of one side, as lists of rows, and what became of each.
//!
//! Pairs come in the order of the left rows, and those without one behind them in the order of the right
//! rows. So the steps of a kind are in the order of their pairs, and it is known whose they are without
//! keeping it: 8 bytes for each create and delete, and 16 for each update, are all that is in memory.

use super::numbered::{Fared, Numbered, NumberedRead};
use super::pairs::PlannedPair;
use crate::compare::Differences;
use crate::endpoint::Action;
use crate::plan::assemble::Fate;
use crate::plan::chosen::Chosen;
use crate::plan::picks::Pick;
use crate::snapshot::SnapshotError;
use std::path::Path;

/// What a pair is to have written to a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    Delete,
    Update,
    /// Of a row that is removed and created anew, whose place in the table is not its pair's: the create.
    CreateAnew,
    /// The delete.
    DeleteAnew,
}

const KINDS: usize = 5;

/// What is written to one side.
#[derive(Debug)]
pub struct SideLists {
    side: usize,
    /// In the form of what a comparison finds.
    pub differences: Differences,
    /// The cells of updates, in their order.
    pub chosen: Chosen,
    /// Rows of the right table whose pairs have a left row, and the pairs' places among those: of creates,
    /// of deletes.
    anew: [Vec<(u64, u64)>; 2],
    /// Of each kind, when the changes were made that its steps carry, as far as that is known.
    told: [Told; KINDS],
    /// What became of the steps of each kind.
    pub became: Became,
}

/// Times of steps in the order of their pairs, in microseconds; empty while no step has one.
#[derive(Debug, Default)]
struct Told(Vec<i64>);

impl Told {
    /// Stands for a time that is not known.
    const UNKNOWN: i64 = i64::MIN;

    /// Of the step at a place, behind all that were told of.
    fn add(&mut self, place: usize, time: Option<i64>) {
        if let Some(time) = time {
            self.0.resize(place, Self::UNKNOWN);
            self.0.push(time);
        }
    }

    fn of(&self, place: u64) -> Option<i64> {
        let time = self.0.get(usize::try_from(place).ok()?).copied();
        time.filter(|time| *time != Self::UNKNOWN)
    }
}

/// What became of the steps of each kind, in the order of their pairs.
pub type Became = [Numbered; KINDS];

/// What a pair wants to have written to both sides, as bits.
pub type Wants = u64;

fn want(side: usize, kind: Kind) -> Wants {
    1 << (side * KINDS + kind as usize)
}

impl SideLists {
    /// Nothing yet. Updates may write so many cells; they are laid aside in `work`.
    pub fn new(side: usize, cells: usize, work: &Path) -> Self {
        Self {
            side,
            differences: Differences::default(),
            chosen: Chosen::new(&work.join(format!("cells-{side}")), cells),
            anew: Default::default(),
            told: Default::default(),
            became: Default::default(),
        }
    }

    /// How many steps.
    pub fn len(&self) -> u64 {
        let Differences { only, changed, .. } = &self.differences;
        (only[0].len() + only[1].len() + changed.len()) as u64
    }

    /// A row of the source is to be added, which is of this pair; `told` is when each side was changed.
    pub fn create(&mut self, rows: [Option<u64>; 2], told: [Option<i64>; 2]) -> Wants {
        self.alone(1 - self.side, rows, [Kind::Create, Kind::CreateAnew], told)
    }

    /// A row of the side is to be removed, which is of this pair.
    pub fn delete(&mut self, rows: [Option<u64>; 2], told: [Option<i64>; 2]) -> Wants {
        self.alone(self.side, rows, [Kind::Delete, Kind::DeleteAnew], told)
    }

    fn alone(&mut self, of: usize, rows: [Option<u64>; 2], [kind, anew]: [Kind; 2], told: [Option<i64>; 2]) -> Wants {
        let Some(row) = rows[of] else { return 0 };
        let time = told[1 - self.side];
        if of == 1 && rows[0].is_some() {
            let list = &mut self.anew[usize::from(kind == Kind::Delete)];
            self.told[anew as usize].add(list.len(), time);
            list.push((row, list.len() as u64));
            return want(self.side, anew);
        }
        // Without the other kind's rows, which are added at the end.
        self.told[kind as usize].add(self.differences.only[of].len(), time);
        self.differences.only[of].push(row);
        want(self.side, kind)
    }

    /// A row of the side takes these cells over from a row of the source: the rows of a pair.
    ///
    /// # Errors
    /// If the cells can't be laid aside.
    pub fn update(&mut self, rows: [u64; 2], cells: &[usize], told: [Option<i64>; 2]) -> Result<Wants, SnapshotError> {
        self.told[Kind::Update as usize].add(self.differences.changed.len(), told[1 - self.side]);
        self.differences.changed.push((rows[0], rows[1]));
        self.chosen.push(cells)?;
        Ok(want(self.side, Kind::Update))
    }

    /// Puts the lists into order.
    pub fn finish(&mut self) {
        for (at, of) in [(0, 1 - self.side), (1, self.side)] {
            let anew = &mut self.anew[at];
            if !anew.is_empty() {
                anew.sort_unstable();
                self.differences.only[of].extend(anew.iter().map(|(row, _)| *row));
                self.differences.only[of].sort_unstable();
            }
        }
    }

    /// Which of its kind a step is, in the order of their pairs.
    fn place(&self, action: Action, pick: &Pick) -> Option<(Kind, u64)> {
        let rows = [pick.source, pick.written];
        let (of, row, kinds) = match action {
            Action::Create => (1 - self.side, pick.source, [Kind::Create, Kind::CreateAnew]),
            Action::Delete => (self.side, pick.written, [Kind::Delete, Kind::DeleteAnew]),
            Action::Update => {
                let left = rows[1 - self.side];
                let place = self.differences.changed.binary_search_by_key(&left, |(left, _)| *left).ok()?;
                return Some((Kind::Update, place as u64));
            }
        };
        let anew: &[(u64, u64)] = if of == 1 { &self.anew[usize::from(action == Action::Delete)] } else { &[] };
        let before = anew.partition_point(|(other, _)| *other < row);
        match anew.get(before) {
            Some((other, place)) if *other == row => Some((kinds[1], *place)),
            _ => {
                let place = self.differences.only[of].binary_search(&row).ok()?;
                Some((kinds[0], (place - before) as u64))
            }
        }
    }

    /// When the change was made that a step carries, by the clock that the pairs' times are told by; `None`
    /// if that is not known.
    pub fn told(&self, action: Action, pick: &Pick) -> Option<i64> {
        if self.told.iter().all(|told| told.0.is_empty()) {
            return None;
        }
        let (kind, place) = self.place(action, pick)?;
        self.told[kind as usize].of(place)
    }

    /// Takes note of what became of a step: those that are told nothing of are lost.
    pub fn note(&self, became: &mut Became, action: Action, pick: &Pick, fate: &Fate, step: Option<u64>) {
        if *fate != Fate::Skipped && step.is_none() {
            return;
        }
        if let Some((kind, at)) = self.place(action, pick) {
            became[kind as usize].note(at, step);
        }
    }
}

/// Completes pairs, in their order, with the steps of a side.
#[derive(Clone, Debug)]
pub struct Completing {
    side: usize,
    became: [NumberedRead; KINDS],
}

impl Completing {
    /// With what became of these lists.
    pub fn new(lists: SideLists) -> Self {
        Self { side: lists.side, became: lists.became.map(Numbered::read) }
    }

    /// Completes the next pair. One of which a step could not be made is not settled.
    pub fn complete(&mut self, pair: &mut PlannedPair, wants: Wants) {
        let side = self.side;
        let mut of = |kind: Kind| {
            let wanted = wants & want(side, kind) != 0;
            let fared = if wanted { self.became[kind as usize].next() } else { Fared::Nothing };
            pair.settled &= fared != Fared::Lost;
            if let Fared::Step(step) = fared { Some(step) } else { None }
        };
        let created = [Kind::Create, Kind::CreateAnew].map(&mut of);
        let deleted = [Kind::Delete, Kind::DeleteAnew].map(&mut of);
        let updated = of(Kind::Update);
        let (created, deleted) = (created[0].or(created[1]), deleted[0].or(deleted[1]));
        // What is removed is created anew.
        pair.steps[side] = created.or(updated).or(deleted);
        pair.also[side] = deleted.filter(|_| created.or(updated).is_some());
    }
}
