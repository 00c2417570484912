//! The cells that updates write, where not all that differ. There may be as many updates as there are rows:
//! their cells are laid aside.

use crate::snapshot::{Aside, SnapshotError};
use std::path::Path;

/// Bytes that are kept in memory.
const ASIDE: usize = 256 << 10;
/// Updates in between that are read in passing.
const GAP: usize = 64;

/// Per update, in the order in which they were added, the cells that it writes: positions in
/// [`Shape::compared`](super::shape::Shape::compared) and, behind those, in
/// [`Shape::key`](super::shape::Shape::key).
#[derive(Debug)]
pub struct Chosen {
    /// Per update, a bit a cell.
    bits: Aside<1>,
    /// Numbers per update.
    words: usize,
}

impl Chosen {
    /// Of updates that may write so many cells.
    pub fn new(path: &Path, cells: usize) -> Self {
        Self { bits: Aside::new(path, ASIDE), words: cells.div_ceil(64).max(1) }
    }

    /// Adds an update.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn push(&mut self, cells: &[usize]) -> Result<(), SnapshotError> {
        (0..self.words).try_for_each(|word| {
            let own = cells.iter().filter(|cell| **cell / 64 == word);
            self.bits.push([own.fold(0, |bits, cell| bits | 1 << (cell % 64))])
        })
    }

    /// The cells of the updates at these positions.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn of(&self, positions: &[usize]) -> Result<ChosenCells, SnapshotError> {
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_unstable_by_key(|at| positions[*at]);
        let mut bits = vec![0; positions.len() * self.words];
        for run in order.chunk_by(|a, b| positions[*b] - positions[*a] <= GAP) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let first = positions[*first];
            let count = positions[*last] - first + 1;
            let read = self.bits.read((first * self.words) as u64, count * self.words)?;
            for at in run {
                let from = (positions[*at] - first) * self.words;
                for word in 0..self.words {
                    bits[at * self.words + word] = read.get(from + word).map_or(0, |[bits]| *bits);
                }
            }
        }
        Ok(ChosenCells { bits, words: self.words })
    }
}

/// The cells of some updates.
#[derive(Clone, Debug)]
pub struct ChosenCells {
    bits: Vec<u64>,
    words: usize,
}

impl ChosenCells {
    /// Whether one of them writes a cell.
    pub fn has(&self, update: usize, cell: usize) -> bool {
        let word = self.bits.get(update * self.words + cell / 64).copied().unwrap_or_default();
        cell / 64 < self.words && word & 1 << (cell % 64) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_have_the_cells_that_they_were_given() {
        let folder = tempfile::tempdir().unwrap();
        for width in [1, 64, 65, 300] {
            let mut chosen = Chosen::new(&folder.path().join("cells"), width);
            let cells = |update: usize| [update * 7 % width, (update + 1) % width];
            (0..60_000).for_each(|update| chosen.push(&cells(update)).unwrap());
            let asked = [7, 3, 59_999, 40_000, 40_063, 3];
            let found = chosen.of(&asked).unwrap();
            for (at, update) in asked.into_iter().enumerate() {
                let own: Vec<usize> = (0..width + 70).filter(|cell| found.has(at, *cell)).collect();
                let mut expected = cells(update).to_vec();
                expected.sort_unstable();
                expected.dedup();
                assert_eq!(own, expected, "{width} {update}");
            }
        }
    }
}
