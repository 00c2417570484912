//! The decision on one pair of rows: pure.

use super::rules::{Rules, Take};

/// One compared pair of columns of one pair of rows; the key's columns too, where rows are linked by
/// their identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Whether left and right differ; false if one row is not there.
    pub differs: bool,
    /// Whether the left (right) cell is another than in the base; true where the base does not know
    /// the column, false where the row is not there.
    pub changed: [bool; 2],
}

/// What is known of one pair of rows.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether the left (right) row is there.
    pub here: [bool; 2],
    /// Whether the base has the pair: then both were there.
    pub based: bool,
    /// Its columns.
    pub columns: &'a [Column],
    /// When each side was last changed (or its row deleted), on one clock, in microseconds; `None` if
    /// that is not known. Only where the rule asks for it.
    pub times: [Option<i64>; 2],
    /// What a person has decided.
    pub decided: Option<Take>,
    /// Whether only chosen rows were looked at: a row that is not there may only have left them.
    pub filtered: bool,
}

/// Why a pair of rows is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// They differ, and nothing is known of what they were.
    NoBase,
    /// Both sides changed the same columns to other values.
    BothChanged,
    /// One side deleted the row, the other changed it.
    DeletedAndChanged,
    /// As one of those; and the times are equal, or too close.
    TooClose,
    /// As one of those; and a time is not known.
    NoTime,
}

/// What becomes of a pair of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They agree, or nobody is there any more.
    Agree,
    /// They differ and stay so: neither has changed since the base.
    Kept,
    /// The row is added to this side.
    Create(usize),
    /// The row is removed from this side.
    Delete(usize),
    /// Cells are written: positions in [`Facts::columns`] that the left (right) row takes over.
    Write([Vec<usize>; 2]),
    /// A person has to decide.
    Conflict(Reason),
    /// Nobody knows whether the row was created or deleted.
    Undecided,
}

/// Decides.
pub fn decide(_facts: &Facts<'_>, _rules: &Rules) -> Outcome {
    let _ = Take::Left;
    todo!()
}
