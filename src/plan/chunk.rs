//! What is read back of a plan's steps: a few of them at a time, all of one side and one action.

use crate::endpoint::StepBatch;

/// By which columns steps find their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// The unique key.
    #[default]
    Key,
    /// The columns that stay when the unique key changes
    /// ([`SideWrites::identity`](super::SideWrites::identity)).
    Identity,
}

/// Consecutive steps of one side and one action.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The number of its first step; steps of a side are numbered from 0 in the order in which
    /// they are written, and a chunk's steps follow each other.
    pub first: u64,
    /// How all of them find their rows.
    pub found_by: FoundBy,
    /// The steps.
    pub steps: StepBatch,
    /// Per step, the positions of the columns that change; empty lists for creates and deletes.
    pub changed: Vec<Vec<usize>>,
    /// Per step, the number of those that it is written together with; empty if each could be written
    /// alone. With the bit of a [`KNOT`](super::KNOT), steps of the next chunk may have the same.
    pub together: Vec<u32>,
    /// Per step, when the change that it carries was made, where that is known: microseconds since 1970,
    /// UTC, by the clock of the side that is written.
    pub times: Vec<Option<i64>>,
}
