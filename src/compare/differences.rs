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
    /// The first rows whose key is NULL.
    pub null_samples: [BTreeSet<u64>; 2],
}

impl Differences {
    /// Adds a split's finds, but for its changed rows: which of those differ shows later.
    pub(super) fn add(&mut self, found: &Found, samples: usize) {
        for side in [0, 1] {
            if let Some(rows) = &found.only_rows {
                self.only[side].extend_from_slice(&rows[side]);
            }
            self.only_ambiguous[side] += found.only_ambiguous[side];
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
    }
}
