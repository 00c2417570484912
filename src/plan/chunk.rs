//! What is read back of a plan's steps: a few of them at a time, all of one side and one action.

use crate::endpoint::StepBatch;

/// Consecutive steps of one side and one action.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The number of its first step; steps of a side are numbered from 0 in the order in which
    /// they are written, and a chunk's steps follow each other.
    pub first: u64,
    /// The steps.
    pub steps: StepBatch,
    /// Per step, the positions of the columns that change; empty lists for creates and deletes.
    pub changed: Vec<Vec<usize>>,
}
