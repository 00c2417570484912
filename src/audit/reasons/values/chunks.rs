//! Reads the changed rows, as many at once as memory allows, and finds the cells that differ.

use super::traits::Printed;
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::compare::{Briefs, Judge, Verdict, View, briefs};
use crate::endpoint::LARGE;
use crate::snapshot::Recipe;
use crate::table::Cells::Bytes;
use crate::table::print_bytes;
use arrow::array::Array;
use rayon::prelude::*;

/// Most rows to hold of each side at once.
const CHUNK: usize = 64 * 1024;

/// Bytes of a value that are looked at.
const BYTES: usize = 600 * 1024;

/// Some changed rows.
pub struct Chunk {
    /// The position of the first among all changed rows.
    pub first: usize,
    /// How many.
    pub rows: usize,
    bytes: usize,
    views: [View; 2],
    /// For each left row, where the right one is.
    partner: Vec<u32>,
    /// Per compared column the rows in which it differs.
    pub differing: Vec<Vec<u32>>,
}

/// A left and a right cell in their views and rows.
pub type Cells<'a> = [(&'a View, usize); 2];

impl Chunk {
    /// Both cells of a row.
    pub fn cells(&self, row: u32) -> Cells<'_> {
        let [left, right] = &self.views;
        [(left, row as usize), (right, self.partner[row as usize] as usize)]
    }

    /// Both values of a column as printed; of very long bytes, the beginning.
    pub fn print(&self, row: u32, column: usize) -> Printed<'_> {
        self.cells(row).map(|(view, row)| match view.cells(column) {
            Some(Bytes(array)) if view.other(row, column).is_none() && array.is_valid(row) => {
                let bytes = array.value(row);
                Some(print_bytes(&bytes[..bytes.len().min(BYTES)]).into())
            }
            _ => view.text(row, column),
        })
    }

    /// The same, as examples have them.
    pub fn briefs(&self, row: u32, column: usize) -> Briefs {
        briefs(self.cells(row), column)
    }
}

/// All changed rows, to be gone through more than once.
pub struct Chunks<'a> {
    evidence: &'a Evidence<'a>,
    judge: Judge,
    projections: [Vec<usize>; 2],
    size: usize,
    /// What was read first, and the bytes of memory left for more of it.
    kept: Vec<Chunk>,
    room: usize,
}

impl<'a> Chunks<'a> {
    /// Of the rows that changed.
    pub fn new(evidence: &'a Evidence<'a>) -> Self {
        let order = Recipe::order(evidence.alignment, evidence.key);
        let pairs: Vec<_> = order.into_iter().map(|at| &evidence.alignment.pairs[at]).collect();
        let projections: [Vec<usize>; 2] = [
            pairs.iter().filter_map(|pair| evidence.parts[0].position(&pair.left.name)).collect(),
            pairs.iter().filter_map(|pair| evidence.parts[1].position(&pair.right.name)).collect(),
        ];
        // A guess of a row's size on both sides.
        let row = 128 * pairs.len().max(1);
        Self {
            evidence,
            judge: Judge::new(evidence.alignment, evidence.key),
            size: [0, 1]
                .map(|side| evidence.rows_at_once(side, &projections[side], CHUNK))
                .into_iter()
                .fold((evidence.memory / 8 / row).clamp(1024, CHUNK), usize::min),
            projections,
            kept: Vec::new(),
            room: evidence.memory / 4,
        }
    }

    /// Hands over all rows, in their order.
    pub fn each(&mut self, take: &mut dyn FnMut(&Chunk) -> Result<(), ReasonError>) -> Result<(), ReasonError> {
        for (at, rows) in self.evidence.differences.changed.chunks(self.size).enumerate() {
            self.evidence.check()?;
            if let Some(chunk) = self.kept.get(at) {
                take(chunk)?;
                continue;
            }
            let chunk = self.read(at * self.size, rows)?;
            take(&chunk)?;
            if self.kept.len() == at && chunk.bytes <= self.room {
                self.room -= chunk.bytes;
                self.kept.push(chunk);
            }
        }
        Ok(())
    }

    fn read(&self, first: usize, rows: &[(u64, u64)]) -> Result<Chunk, ReasonError> {
        let left_rows: Vec<u64> = rows.iter().map(|(left, _)| *left).collect();
        let mut right_rows: Vec<u64> = rows.iter().map(|(_, right)| *right).collect();
        right_rows.sort_unstable();
        let parts = self.evidence.parts;
        let fetch = |side: usize, rows: &[u64]| parts[side].fetch(&self.projections[side], rows);
        let sizes = (0..2).map(|side| parts[side].row_bytes(&self.projections[side]) * rows.len());
        let (left, right) = if sizes.sum::<usize>() < LARGE {
            rayon::join(|| fetch(0, &left_rows), || fetch(1, &right_rows))
        } else {
            // Reading takes more memory than what is read: once rather than twice.
            (fetch(0, &left_rows), fetch(1, &right_rows))
        };
        let partner = rows.iter().map(|(_, right)| right_rows.partition_point(|row| row < right) as u32).collect();
        let (left, right) = (left?, right?);
        let bytes = left.rows.get_array_memory_size() + right.rows.get_array_memory_size();
        let views = [View::new(left), View::new(right)];
        let mut chunk = Chunk { first, rows: rows.len(), bytes, views, partner, differing: Vec::new() };
        let columns = self.projections[0].len();
        chunk.differing = (0..columns)
            .into_par_iter()
            .map(|column| {
                let mut buffers = [Vec::new(), Vec::new()];
                let mut differs =
                    |row: &u32| self.judge.verdict(column, chunk.cells(*row), &mut buffers) == Verdict::Different;
                // Once time is up, nothing is looked at; what was is left out then.
                let ready = self.evidence.check().is_ok();
                (0..rows.len() as u32).filter(|row| ready && differs(row)).collect()
            })
            .collect();
        self.evidence.check()?;
        Ok(chunk)
    }
}
