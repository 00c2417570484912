//! What can go wrong while a plan is applied or undone. Nothing is ever half-written: what a chunk
//! did is there as a whole or not at all, and applying again goes on from there.

use super::outcome::SideOutcome;
use crate::endpoint::{Action, AddressError, EndpointError, OnDelete};
use crate::plan::{LimitExceeded, ManyDeletes, PlanError};
use std::path::Path;
use thiserror::Error;

/// A failed apply or undo.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The plan can't be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// More steps than are allowed.
    #[error("{limit}")]
    Limit {
        /// Which.
        limit: LimitExceeded,
        /// The plan folder, to look at them.
        folder: String,
    },
    /// More deletes than anybody has said are meant.
    #[error("{deletes}")]
    ManyDeletes {
        /// How many.
        deletes: ManyDeletes,
        /// The plan folder, to look at them.
        folder: String,
    },
    /// A table's address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The table failed; nothing of the chunk under way was written.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Somebody else applies the same plan.
    #[error("{folder} is being applied or undone already")]
    Busy {
        /// The plan folder.
        folder: String,
    },
    /// The plan has steps for something that can't be written to.
    #[error("{address} can't be written to: {why}")]
    Obstacle {
        /// Masked.
        address: String,
        /// Why not.
        why: String,
    },
    /// The address given in place of the plan's is that of another table.
    #[error("the plan was made for {planned}; {given} is another table")]
    OtherTable {
        /// Masked.
        given: String,
        /// As in the plan.
        planned: String,
    },
    /// The plan was made by somebody else, and would take something from this person's environment.
    #[error("the plan was not made here, and its {side} address would take {} from the environment", names.join(", "))]
    NotOurs {
        /// `left` or `right`.
        side: &'static str,
        /// The variables.
        names: Vec<String>,
    },
    /// The table is no longer what it was when the plan was made.
    #[error("{address} is not as it was when the plan was made: {}", differences.join("; "))]
    Changed {
        /// Masked.
        address: String,
        /// What differs, one sentence each.
        differences: Vec<String>,
    },
    /// Rows of other tables would be deleted or changed too.
    #[error("{address}: deleting rows would {} {rows} {} of {table} by foreign key `{name}`",
        on_delete_word(*on_delete), if *rows == 1 { "row" } else { "rows" })]
    Cascade {
        /// Masked.
        address: String,
        /// The table that would be touched.
        table: String,
        /// Its foreign key.
        name: String,
        /// What would happen to its rows.
        on_delete: OnDelete,
        /// How many.
        rows: u64,
    },
    /// A file of the plan folder.
    #[error("can't {doing} {path}: {why}")]
    File {
        /// A verb: "read", "write".
        doing: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// The journal is not one of this plan, or is damaged.
    #[error("{path}: {why}")]
    Journal {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// Rows are not what was asked for: a defect.
    #[error("rows of an unexpected form: {0}")]
    Shape(String),
    /// Somebody else was in the way, again and again, or held a lock for too long.
    #[error("{address}: {doing} met another session: {why}")]
    InTheWay {
        /// Masked.
        address: String,
        /// What was being done.
        doing: String,
        /// The database's words.
        why: String,
    },
    /// The rows do not come to rest: however often it is tried, the database writes another number
    /// of rows than are as planned.
    #[error("{address}: {wrote} of {rows} {action}s were written, and again other ones; nothing of them is kept")]
    Restless {
        /// Masked.
        address: String,
        /// What was to be done.
        action: Action,
        /// How many rows.
        rows: usize,
        /// How many were written.
        wrote: u64,
    },
    /// The connection was lost while committing: nobody knows whether the chunk was written.
    #[error("{address}: the connection was lost during COMMIT: {why}; applying again finishes the job either way")]
    LostAtCommit {
        /// Masked.
        address: String,
        /// In the driver's words.
        why: String,
    },
    /// All rows are written, but counters of columns like `id` could not be moved past them.
    #[error(
        "{address}: the rows are written, but the counters that number new rows could not be moved past them: {why}"
    )]
    Counters {
        /// Masked.
        address: String,
        /// The database's words.
        why: String,
    },
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
    /// It ended early, after it may have written.
    #[error("{cause}")]
    Stopped {
        /// Why.
        cause: Box<ApplyError>,
        /// What was written before.
        so_far: Box<[SideOutcome; 2]>,
    },
}

impl ApplyError {
    /// A file of the plan folder that can't be read or written.
    pub fn file(doing: &'static str, path: &Path, why: &dyn std::fmt::Display) -> Self {
        Self::File { doing, path: path.display().to_string(), why: why.to_string() }
    }

    /// Why it ended, without what was written before.
    pub fn cause(&self) -> &Self {
        match self {
            Self::Stopped { cause, .. } => cause.cause(),
            other => other,
        }
    }

    /// What was written before it ended; `None` if it did not begin to write.
    pub fn so_far(&self) -> Option<&[SideOutcome; 2]> {
        match self {
            Self::Stopped { so_far, .. } => Some(&**so_far),
            _ => None,
        }
    }

    /// Whether it is the person's own doing.
    pub fn interrupted(&self) -> bool {
        matches!(self.cause(), Self::Interrupted | Self::Plan(PlanError::Interrupted))
    }
}

fn on_delete_word(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Refuse => "be refused because of",
        OnDelete::Cascade => "also delete",
        OnDelete::SetNull => "set to NULL a column in",
        OnDelete::SetDefault => "set to its default a column in",
    }
}
