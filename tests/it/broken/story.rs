//! Stories: what happens to two tables, as data, so that a failing one can be made smaller.

use super::breaks::Break;
use super::rules::{Rules, Winner};
use crate::oracle::random::Random;
use crate::support::Kind;

/// Where a row is before the first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Both,
    Only(usize),
    /// On both, and not the same.
    Apart,
}

/// What somebody does to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A new value in one of the first two columns.
    Set(usize),
    /// New values in both.
    SetBoth,
    /// An old value again, in one of them.
    Back(usize),
    /// What the last run did to the row is put back, by hand.
    Revert,
    Delete,
    /// Made again after it was deleted, as it was or with new values.
    Anew(bool),
    /// A row that was not there before; perhaps one that the other side has made just now.
    New,
}

/// An edit by a person.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    pub side: usize,
    pub what: What,
    /// Whether it is one of the rows that something has just happened to, and which of them.
    pub recent: bool,
    pub pick: usize,
    /// Whether its time is older than that of earlier edits.
    pub late: bool,
}

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Sync,
    /// A plan is made, people go on, and it is applied.
    Apply,
    /// The last plan is undone; where it is still to be carried out, that is done first.
    Undo,
    /// The last plan is applied once more.
    Again,
}

/// A command that is broken off, and what people do then.
#[derive(Clone, Debug)]
pub struct Off {
    pub verb: Verb,
    pub how: Break,
    /// Which row is held or refused.
    pub pick: usize,
    /// Edits between plan and apply.
    pub planned: Vec<Edit>,
    pub then: Vec<Edit>,
}

/// Edits, commands that are broken off, one that is not, and syncs until nothing is left to do.
#[derive(Clone, Debug)]
pub struct Round {
    pub edits: Vec<Edit>,
    pub offs: Vec<Off>,
    pub next: Verb,
    pub then: Vec<Edit>,
}

/// A story.
#[derive(Clone, Debug)]
pub struct Story {
    pub seed: u64,
    pub kinds: [Kind; 2],
    /// Whether both tables have a history.
    pub installed: bool,
    pub rules: Rules,
    pub chunk: usize,
    /// Between two chunks, in milliseconds.
    pub pause: u64,
    pub starts: Vec<Start>,
    pub rounds: Vec<Round>,
}

fn edits(random: &mut Random, most: usize, recent: usize) -> Vec<Edit> {
    let count = random.below(most + 1);
    (0..count)
        .map(|_| {
            let column = random.below(2);
            let what = random.weighted(&[
                (7, What::Set(column)),
                (2, What::SetBoth),
                (2, What::Back(column)),
                (4, What::Revert),
                (4, What::Delete),
                (3, What::Anew(random.clone().one_in(2))),
                (4, What::New),
            ]);
            Edit {
                side: random.below(2),
                what,
                recent: random.below(10) < recent,
                pick: random.below(1000),
                late: random.one_in(6),
            }
        })
        .collect()
}

impl Story {
    /// The story of this seed.
    pub fn new(seed: u64, kinds: [Kind; 2]) -> Self {
        let mut random = Random::new(seed);
        let keeps = kinds.iter().all(|kind| *kind != Kind::Csv);
        let installed = keeps && random.one_in(3);
        let winner = match random.below(8) {
            0..=2 => Winner::None,
            3 => Winner::Side(0),
            4 => Winner::Side(1),
            5 if installed => Winner::NewestHistory,
            _ => Winner::NewestColumn,
        };
        let rules = Rules { winner, by_row: random.one_in(5), one_way: random.one_in(6) };
        let rows = 4 + random.below(24);
        let start = |random: &mut Random| {
            random.weighted(&[(10, Start::Both), (1, Start::Only(0)), (1, Start::Only(1)), (1, Start::Apart)])
        };
        let starts = (0..rows).map(|_| start(&mut random)).collect();
        let rounds = (0..2 + random.below(3)).map(|_| Round::new(&mut random, kinds)).collect();
        Self {
            seed,
            kinds,
            installed,
            rules,
            chunk: *random.pick(&[1, 1, 2, 3, 7]),
            pause: random.next() % 8,
            starts,
            rounds,
        }
    }
}

impl Round {
    fn new(random: &mut Random, kinds: [Kind; 2]) -> Self {
        let twice = random.one_in(4);
        let offs = (0..1 + usize::from(twice))
            .map(|at| {
                let verbs =
                    [(5, Verb::Sync), (3, Verb::Apply), (3, Verb::Undo), (if at > 0 { 3 } else { 0 }, Verb::Again)];
                Off {
                    verb: random.weighted(&verbs),
                    how: Break::any(random, kinds),
                    pick: random.below(1000),
                    planned: if random.one_in(2) { edits(random, 2, 7) } else { Vec::new() },
                    then: edits(random, 6, 8),
                }
            })
            .collect();
        let next = random.weighted(&[(6, Verb::Sync), (2, Verb::Apply), (3, Verb::Undo), (3, Verb::Again)]);
        Self { edits: edits(random, 12, 1), offs, next, then: edits(random, 3, 8) }
    }
}
