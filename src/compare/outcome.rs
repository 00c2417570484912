//! What a comparison found, in numbers and a few samples.

use super::classify::{Found, keep};
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
    /// Rows in which only its softening made it equal.
    pub softened: u64,
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
    /// Keys whose rows are the same on both sides.
    pub equal: u64,
    /// Keys with one row on each side, which differ.
    pub changed: u64,
    /// Keys on both sides that are not unique and differ.
    pub ambiguous: u64,
    /// The compared columns, in the order of the fingerprint.
    pub columns: Vec<ColumnCount>,
    /// A few of each kind.
    pub samples: Samples,
    pub(super) positions: Positions,
    softened_hashes: Vec<u64>,
    null_sums: [(u64, u64); 2],
}

impl Comparison {
    pub(super) fn new(alignment: &Alignment, key: &Key) -> Self {
        let columns = crate::snapshot::Recipe::order(alignment, key)
            .into_iter()
            .map(|pair| ColumnCount { pair, changed: 0, softened: 0 })
            .collect();
        Self {
            sides: [SideCounts::default(); 2],
            in_both: 0,
            only: [0; 2],
            equal: 0,
            changed: 0,
            ambiguous: 0,
            columns,
            samples: Samples::default(),
            positions: Positions::default(),
            softened_hashes: Vec::new(),
            null_sums: [(0, 0); 2],
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

    /// Credits the softened columns, given their positions in the fingerprint's order, with the
    /// equal rows that they made.
    pub(super) fn softened(&mut self, columns: &[usize]) {
        for (at, rows) in columns.iter().zip(&self.softened_hashes) {
            self.columns[*at].softened += rows;
        }
    }

    /// Whether the two tables hold the same rows. Rows without a key can't be paired, but are the
    /// same on both sides if all of their values are.
    pub fn agree(&self) -> bool {
        self.changed == 0
            && self.ambiguous == 0
            && self.only == [0, 0]
            && self.sides[0].rows == self.sides[1].rows
            && self.null_sums[0] == self.null_sums[1]
    }
}
