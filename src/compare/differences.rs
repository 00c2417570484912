//! All that differs, as positions of rows: what a plan is made of.

use super::classify::{Found, keep};
use std::collections::BTreeSet;

/// The rows that differ between two sides. Positions are those of each side's parts, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Rows of keys that are on one side only and have one row there: left, right.
    pub only: [Vec<u64>; 2],
    /// The left and right row of keys with one row on each side, which differ.
    pub changed: Vec<(u64, u64)>,
    /// Keys that are on one side only and have several rows there: which of them is meant, nobody
    /// knows.
    pub only_ambiguous: [u64; 2],
    /// The first rows of such keys.
    pub only_ambiguous_samples: [BTreeSet<u64>; 2],
    /// Where whole rows are compared, the rows of each such key: copies of one row that the other
    /// side lacks altogether.
    pub copies: [Vec<Vec<u64>>; 2],
    /// The first rows whose key is NULL.
    pub null_samples: [BTreeSet<u64>; 2],
}

impl Differences {
    /// The rows of the left (0) or right (1) side that have no equal one on the other, of those whose key
    /// is unique: ascending.
    pub fn rows(&self, side: usize) -> Vec<u64> {
        let changed = self.changed.iter().map(|(left, right)| if side == 0 { *left } else { *right });
        let mut rows: Vec<u64> = self.only[side].iter().copied().chain(changed).collect();
        rows.sort_unstable();
        rows
    }

    /// The same with the rows that have copies behind those that have none, as if their keys were
    /// unique.
    pub fn with_copies(&self) -> Self {
        let mut out = self.clone();
        for (rows, copies) in out.only.iter_mut().zip(&self.copies) {
            rows.extend(copies.iter().flatten());
        }
        out
    }

    /// Adds a split's finds, but for its changed rows: which of those differ shows later.
    pub(super) fn add(&mut self, found: &Found, samples: usize) {
        for side in [0, 1] {
            if let Some(rows) = &found.only_rows {
                self.only[side].extend_from_slice(&rows[side]);
            }
            self.only_ambiguous[side] += found.only_ambiguous[side];
            self.copies[side].extend_from_slice(&found.copies[side]);
            for row in &found.only_ambiguous_samples[side] {
                keep(&mut self.only_ambiguous_samples[side], *row, samples);
            }
            for row in &found.null_samples[side] {
                keep(&mut self.null_samples[side], *row, samples);
            }
        }
    }

    pub(super) fn sort(&mut self) {
        self.only.iter_mut().for_each(|rows| rows.sort_unstable());
        self.changed.sort_unstable();
        self.copies.iter_mut().for_each(|copies| copies.sort_unstable());
    }
}
