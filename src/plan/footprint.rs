//! A step as far as its order among others matters.

use crate::endpoint::Action;
use crate::table::Fingerprint;

/// What a step gives up, takes and relies on. The lists have one entry per unique index that is
/// watched (`gives`, `takes`) or per foreign key of the table to itself (`is`, `needs_before`,
/// `needs_after`); `None` where there is a NULL, or nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// What the step does.
    pub action: Action,
    /// Unique values that are free once it is written.
    pub gives: Vec<Option<Fingerprint>>,
    /// Unique values that must be free before it is written.
    pub takes: Vec<Option<Fingerprint>>,
    /// The values by which other rows refer to this row: of a create as it becomes, of a delete as
    /// it was; `None` for updates, which keep them.
    pub is: Vec<Option<Fingerprint>>,
    /// The values by which this row refers to others, before: of updates and deletes.
    pub needs_before: Vec<Option<Fingerprint>>,
    /// The same after: of creates and updates.
    pub needs_after: Vec<Option<Fingerprint>>,
}

/// The bit in the number of steps that are written together, if they are a knot: steps of several
/// actions that wait for each other in a circle, so that no order of them will do. First the
/// creates, then the updates, then the deletes.
pub const KNOT: u32 = 1 << 31;

/// In what order steps are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Positions of the steps, first to last.
    pub steps: Vec<usize>,
    /// For each of `steps`, which steps must go in one chunk and be parked: those with the same
    /// number other than 0, which follow each other. Of one action, unless the number has the bit
    /// of a [`KNOT`].
    pub together: Vec<u32>,
    /// What can't be ordered, in words.
    pub warnings: Vec<String>,
}
