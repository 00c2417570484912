//! What can go wrong with a plan.

use crate::compare::CompareError;
use crate::snapshot::SnapshotError;
use std::path::Path;
use thiserror::Error;

/// A plan that could not be made or read.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A frozen table could not be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The two tables could not be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A file could not be written or read.
    #[error("can't {doing} {path}: {why}")]
    File {
        /// A verb: "write", "read".
        doing: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A folder without `plan.json` is no plan: it was not finished, or is something else.
    #[error("{0} is no plan: it has no plan.json")]
    NoPlan(String),
    /// Written by another version.
    #[error("{path} has format version {found}; this program knows version {known}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// A file is not as it was written.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// In what way.
        why: String,
    },
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl PlanError {
    /// A file that can't be written.
    pub fn write(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::File { doing: "write", path: path.display().to_string(), why: why.to_string() }
    }

    /// A file that can't be read.
    pub fn read(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::File { doing: "read", path: path.display().to_string(), why: why.to_string() }
    }

    /// A file that is not as it was written.
    pub fn damaged(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.display().to_string(), why: why.to_string() }
    }
}
