//! Reads the steps of one side from the last to the first, to take them back.

use super::Chunk;
use super::error::PlanError;
use super::folder::Plan;
use super::steps::Chunks;
use arrow::array::AsArray;
use arrow::datatypes::UInt32Type;

/// Bytes of steps to aim at, held at once.
const WINDOW_BYTES: u64 = 32 * 1024 * 1024;

/// Chunks from the last to the first.
pub struct ChunksBack<'a> {
    plan: &'a Plan,
    side: usize,
    rows: usize,
    /// Where the windows begin; steps that go together are in one.
    windows: Vec<u64>,
    /// The step behind the last window that is still to be read.
    end: u64,
    /// The chunks of the window under way, last on top.
    waiting: Vec<Chunk>,
    failed: bool,
}

impl Plan {
    /// The steps of a side, in chunks as [`chunks`](Self::chunks) makes them, from the last chunk to
    /// the first; the steps within a chunk are in their own order.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn chunks_back(&self, side: usize, rows: usize) -> Result<ChunksBack<'_>, PlanError> {
        let steps: u64 = self.file.sides.iter().map(|side| side.counts.total()).sum();
        let bytes = std::fs::metadata(self.steps()).map_err(|e| PlanError::read(&self.steps(), e))?.len();
        // Packed, a row takes a few times less than in memory.
        let per_row = (bytes * 4 / steps.max(1)).max(1);
        self.windows_back(side, rows, (WINDOW_BYTES / per_row).max(1))
    }

    /// The same, reading at least `window` steps at once.
    pub(super) fn windows_back(&self, side: usize, rows: usize, window: u64) -> Result<ChunksBack<'_>, PlanError> {
        let skip = if side == 1 { self.file.sides[0].counts.total() } else { 0 };
        let steps = self.file.sides[side].counts.total();
        let mut windows = Vec::new();
        let (mut at, mut last) = (0, 0);
        for batch in self.batches(Some(&["together".to_owned()]))? {
            let batch = batch?;
            let numbers = batch
                .column(0)
                .as_primitive_opt::<UInt32Type>()
                .ok_or_else(|| PlanError::damaged(&self.steps(), "its column `together` is not what it should be"))?;
            for number in numbers.values() {
                let step = at - skip.min(at);
                let whole = *number == 0 || *number != last;
                let begins = at >= skip && step < steps;
                if begins && whole && windows.last().is_none_or(|first| step - first >= window) {
                    windows.push(step);
                }
                last = *number;
                at += 1;
            }
        }
        Ok(ChunksBack { plan: self, side, rows, windows, end: steps, waiting: Vec::new(), failed: false })
    }
}

impl ChunksBack<'_> {
    fn chunk(&mut self) -> Result<Option<Chunk>, PlanError> {
        while self.waiting.is_empty() {
            let Some(first) = self.windows.pop() else { return Ok(None) };
            let chunks: Chunks = self.plan.chunks_within(self.side, self.rows, first..self.end)?;
            self.waiting = chunks.collect::<Result<_, _>>()?;
            self.end = first;
        }
        Ok(self.waiting.pop())
    }
}

impl Iterator for ChunksBack<'_> {
    type Item = Result<Chunk, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let chunk = self.chunk().transpose();
        self.failed = matches!(chunk, Some(Err(_)));
        chunk
    }
}
