//! What a comparison found, in numbers and a few samples.

use super::classify::{Found, keep};
use crate::snapshot::Recipe;
use crate::table::{Alignment, Key};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One side's counts: `rows = distinct_keys + duplicates + null_keys`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideCounts {
    /// All rows.
    pub rows: u64,
    /// Distinct keys without a NULL in them.
    pub distinct_keys: u64,
    /// Rows beyond the first of each such key.
    pub duplicates: u64,
    /// Rows with a NULL in a key column.
    pub null_keys: u64,
}

/// One compared pair of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnCount {
    /// Its position in the alignment.
    pub pair: usize,
    /// Changed rows in which it differs.
    pub changed: u64,
}

/// What a softener made equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftenedCount {
    /// The pair's position in the alignment.
    pub pair: usize,
    /// Whether it is the job's rules; otherwise it is what one of two types lacks.
    pub asked: bool,
    /// Rows with values that are equal only because of it; keys, where rows are many to a key.
    pub rows: u64,
}

/// One differing cell of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCell {
    /// The pair's position in the alignment.
    pub pair: usize,
    /// The left value as printed; `None` for NULL.
    pub left: Option<String>,
    /// The right value as printed; `None` for NULL.
    pub right: Option<String>,
    /// The length in characters of a very long value, of which only a piece is here: left, right.
    #[serde(default)]
    pub lengths: [Option<u64>; 2],
    /// Whether it is a text that its column's type can't hold: left, right.
    #[serde(default)]
    pub foreign: [bool; 2],
}

/// A changed row of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRow {
    /// The key's values as printed.
    pub key: Vec<String>,
    /// The cells that differ.
    pub cells: Vec<SampleCell>,
}

/// A key of a sample that is not unique and differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmbiguousSample {
    /// The key's values as printed.
    pub key: Vec<String>,
    /// How many rows each side has of it.
    pub rows: [u64; 2],
}

/// A few of each kind, those that come first in the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// Keys on one side only: left, right.
    pub only: [Vec<Vec<String>>; 2],
    /// Changed rows.
    pub changed: Vec<SampleRow>,
    /// Ambiguous keys.
    pub ambiguous: Vec<AmbiguousSample>,
    /// Keys with more than one row, and how many: left, right.
    pub duplicates: [Vec<(Vec<String>, u64)>; 2],
}

/// The positions of rows that samples are made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    pub only: [BTreeSet<u64>; 2],
    pub changed: BTreeSet<(u64, u64)>,
    pub ambiguous: BTreeSet<(u64, u64, u64, u64)>,
    pub duplicates: [BTreeSet<(u64, u64)>; 2],
}

/// Everything that a comparison found.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The counts of left and right.
    pub sides: [SideCounts; 2],
    /// Keys on both sides: equal, changed and ambiguous ones.
    pub in_both: u64,
    /// Keys on one side only: left, right.
    pub only: [u64; 2],
    /// Keys that only the other side shows, where policies may hide them: on the left, on the right.
    pub unseen: [u64; 2],
    /// Keys whose rows are the same on both sides.
    pub equal: u64,
    /// Keys with one row on each side, which differ.
    pub changed: u64,
    /// Keys on both sides that are not unique and differ.
    pub ambiguous: u64,
    /// The compared columns, in the order of the fingerprint.
    pub columns: Vec<ColumnCount>,
    /// What softeners made equal: those of the compared pairs in the order of the fingerprint, then
    /// those of the key's.
    pub softened: Vec<SoftenedCount>,
    /// Rows that are equal on both sides only because of a softener.
    pub softened_rows: u64,
    /// A few of each kind.
    pub samples: Samples,
    pub(super) positions: Positions,
    softened_hashes: Vec<u64>,
    null_sums: [(u64, u64); 2],
    null_hashes: [Vec<u64>; 2],
    null_tolerated: bool,
}

impl Comparison {
    pub(super) fn new(alignment: &Alignment, key: &Key) -> Self {
        let order = Recipe::order(alignment, key);
        let softeners = |pair: usize| {
            let own = alignment.pairs[pair].softened_by.iter();
            own.map(move |softener| SoftenedCount { pair, asked: softener.asked, rows: 0 })
        };
        // Of whole rows the key's columns are the compared ones.
        let key_pairs = if key.is_whole_row() { &[][..] } else { &key.pairs };
        let softened = order.iter().chain(key_pairs).flat_map(|pair| softeners(*pair)).collect();
        let columns = order.into_iter().map(|pair| ColumnCount { pair, changed: 0 }).collect();
        Self {
            sides: [SideCounts::default(); 2],
            in_both: 0,
            only: [0; 2],
            unseen: [0; 2],
            equal: 0,
            changed: 0,
            ambiguous: 0,
            columns,
            softened,
            softened_rows: 0,
            samples: Samples::default(),
            positions: Positions::default(),
            softened_hashes: Vec::new(),
            null_sums: [(0, 0); 2],
            null_hashes: Default::default(),
            null_tolerated: false,
        }
    }

    /// Adds a split's finds, but for its changed rows.
    pub(super) fn merge(&mut self, found: Found, samples: usize) {
        self.in_both += found.in_both;
        self.equal += found.equal;
        self.ambiguous += found.ambiguous;
        self.softened_hashes.resize(found.softened.len(), 0);
        for (sum, more) in self.softened_hashes.iter_mut().zip(&found.softened) {
            *sum += more;
        }
        for (sums, more) in self.null_hashes.iter_mut().zip(&found.null_hashes) {
            sums.resize(more.len().max(sums.len()), 0);
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.wrapping_add(*more));
        }
        let positions = &mut self.positions;
        for side in [0, 1] {
            let keys = found.in_both + found.only[side];
            let counts = &mut self.sides[side];
            counts.distinct_keys += keys;
            counts.duplicates += found.keyed_rows[side] - keys;
            counts.null_keys += found.null_keys[side];
            let (high, low) = &mut self.null_sums[side];
            *high = high.wrapping_add(found.null_sums[side].0);
            *low = low.wrapping_add(found.null_sums[side].1);
            counts.rows += found.keyed_rows[side] + found.null_keys[side];
            self.only[side] += found.only[side];
            for position in &found.only_samples[side] {
                keep(&mut positions.only[side], *position, samples);
            }
            for position in &found.duplicate_samples[side] {
                keep(&mut positions.duplicates[side], *position, samples);
            }
        }
        for position in found.ambiguous_samples {
            keep(&mut positions.ambiguous, position, samples);
        }
    }

    /// Adds rows to what a softener made equal.
    pub(super) fn soften(&mut self, pair: usize, asked: bool, rows: u64) {
        let own = self.softened.iter_mut().find(|count| count.pair == pair && count.asked == asked);
        own.into_iter().for_each(|count| count.rows += rows);
    }

    /// Credits the softeners with the equal rows that the hashes of unsoftened values tell of.
    pub(super) fn count_softened(&mut self, recipe: &Recipe, alignment: &Alignment, key: &Key) {
        let mut hashes = std::mem::take(&mut self.softened_hashes);
        if self.null_sums[0] == self.null_sums[1] {
            // Which of the rows without a key differ, the sums don't tell: at least one does.
            for (at, count) in hashes.iter_mut().enumerate() {
                let sum = |side: usize| self.null_hashes[side].get(at).copied().unwrap_or_default();
                *count += u64::from(sum(0) != sum(1));
            }
        }
        if let Some(whole) = hashes.get(recipe.softened.len()) {
            self.softened_rows += whole;
        }
        let order = Recipe::order(alignment, key);
        let pair = |column: usize| order.get(column).copied().or_else(|| key.pairs.get(column - order.len()).copied());
        for (at, softened) in recipe.softened.iter().enumerate() {
            let Some(rows) = hashes.get(at).copied() else { continue };
            // What only the rules make equal is not equal by the types alone.
            let before = at.checked_sub(1).filter(|before| {
                let before = &recipe.softened[*before];
                before.column == softened.column && before.unruled
            });
            let by_rule = before.and_then(|before| hashes.get(before)).copied().unwrap_or_default();
            if let Some(pair) = pair(softened.column) {
                self.soften(pair, softened.unruled, rows.saturating_sub(by_rule));
            }
        }
    }

    /// Whether the two tables hold the same rows. Rows without a key can't be paired, but are the
    /// same on both sides if all of their values are.
    pub fn agree(&self) -> bool {
        self.changed == 0 && self.ambiguous == 0 && self.only == [0, 0] && self.null_keys_equal()
    }

    /// Whether the rows with a NULL in the key are the same on both sides.
    pub fn null_keys_equal(&self) -> bool {
        self.sides[0].null_keys == self.sides[1].null_keys
            && (self.null_sums[0] == self.null_sums[1] || self.null_tolerated)
    }

    /// The rows of a key that is not unique, or, with `null`, those without a key, are the same on both sides
    /// within a tolerance; `first` is the first left one.
    pub(super) fn same_within_tolerance(&mut self, null: bool, first: Option<u64>) {
        if null {
            self.null_tolerated = true;
        } else {
            self.ambiguous -= 1;
            self.equal += 1;
            self.positions.ambiguous.retain(|position| Some(position.0) != first);
        }
        self.softened_rows += 1;
    }
}
