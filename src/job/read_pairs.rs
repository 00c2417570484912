//! The pairs of columns that were read. What a job leaves out is not, and nothing that looks into the
//! rows may ask for it.

use crate::snapshot::Parts;
use crate::table::{Alignment, Key};

/// The part of an alignment whose columns were read on both sides.
pub(super) struct ReadPairs {
    /// An alignment of nothing else.
    pub(super) alignment: Alignment,
    /// Their positions in the whole one.
    places: Vec<usize>,
}

impl ReadPairs {
    /// Of two frozen tables.
    pub(super) fn of(alignment: &Alignment, parts: [&Parts; 2]) -> Self {
        let there = |at: &usize| {
            let pair = &alignment.pairs[*at];
            parts[0].position(&pair.left.name).is_some() && parts[1].position(&pair.right.name).is_some()
        };
        let places: Vec<usize> = (0..alignment.pairs.len()).filter(there).collect();
        let pairs = places.iter().map(|at| alignment.pairs[*at].clone()).collect();
        Self { alignment: Alignment { pairs, ..alignment.clone() }, places }
    }

    /// A key of the whole alignment in this one's positions; `None` if it was not read.
    pub(super) fn key(&self, key: &Key) -> Option<Key> {
        let place = |pair: &usize| self.places.iter().position(|at| at == pair);
        Some(Key { pairs: key.pairs.iter().map(place).collect::<Option<_>>()?, ..key.clone() })
    }

    /// A key of this alignment in the whole one's positions.
    pub(super) fn key_of_all(&self, key: &Key) -> Key {
        Key { pairs: key.pairs.iter().map(|at| self.places[*at]).collect(), ..key.clone() }
    }
}
