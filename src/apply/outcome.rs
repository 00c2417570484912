//! What a run over one side's steps came to.

use super::codec::Codec;
use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::Action;
use crate::plan::ActionCounts;
use serde::{Deserialize, Serialize};

/// `left` or `right`.
pub fn side_word(side: usize) -> &'static str {
    if side == 0 { "left" } else { "right" }
}

/// Numbers of steps of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideOutcome {
    /// Rows written, by what was done to them: undoing a create counts as a delete.
    pub written: ActionCounts,
    /// Steps whose rows were as planned before.
    pub already: u64,
    /// Steps that were left alone: their rows had moved, or the database did not accept them.
    pub refused: u64,
    /// Those of them that the database did not accept.
    #[serde(default)]
    pub rejected: u64,
    /// Rows that were written, and are not as planned when read again.
    pub unverified: u64,
}

/// Why a step is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its row is not as the plan found it.
    Moved,
    /// The database does not accept it.
    Rejected,
}

impl Cause {
    /// As it stands in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Rejected => "rejected",
        }
    }
}

/// A step that was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 0 is left.
    pub side: usize,
    /// What was to be done to the row.
    pub action: Action,
    /// The number of the step.
    pub step: u64,
    /// The key as a JSON object.
    pub key: String,
    /// Why not.
    pub cause: Cause,
    /// Why not, in words: the database's own if it did not accept the step.
    pub why: String,
    /// The row as it was to become, as a JSON object; `None` if it was to go.
    pub planned: Option<String>,
    /// The row as it is, as a JSON object; `None` if there is none.
    pub found: Option<String>,
}

impl Refusal {
    /// Of the step at this position; `found` is its row as it is, as a JSON object.
    pub(super) fn of(
        codec: &Codec,
        side: usize,
        (work, at): (&Work, usize),
        cause: Cause,
        why: String,
        found: Option<String>,
    ) -> Result<Self, ApplyError> {
        let after = work.steps.after.as_ref().map(|after| codec.rows(after)).transpose()?;
        let shown: Vec<usize> = match work.steps.action {
            Action::Create => work.steps.set.clone(),
            _ => (0..codec.columns().len()).collect(),
        };
        Ok(Self {
            side,
            action: work.steps.action,
            step: work.numbers[at],
            key: codec.rows(work.steps.rows())?.key_json(at),
            cause,
            why,
            planned: after.map(|after| after.json(at, &shown)),
            found,
        })
    }
}

/// A cell that was written, and is not as planned when read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// 0 is left.
    pub side: usize,
    /// What was done to the row.
    pub action: Action,
    /// The number of the step.
    pub step: u64,
    /// The key as a JSON object.
    pub key: String,
    /// The column; `None` if the whole row is there and should not be, or the other way round.
    pub column: Option<String>,
    /// The planned value as printed, `None` for NULL; without a column, the row as a JSON object.
    pub planned: Option<String>,
    /// What was found, in the same way.
    pub found: Option<String>,
}
