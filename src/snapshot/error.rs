//! What can go wrong while freezing or reading what is frozen.

use crate::endpoint::EndpointError;
use thiserror::Error;

/// A failed freeze or read.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The endpoint failed.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
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
    /// The rows that arrived are not the rows that the database counted.
    #[error("{address}: {rows} rows arrived, but the database counted {counted} in the same transaction")]
    Incomplete {
        /// Masked.
        address: String,
        /// What arrived.
        rows: u64,
        /// What was counted.
        counted: u64,
    },
    /// A folder without a manifest is no snapshot: it was not finished, or is something else.
    #[error("{0} is no snapshot: it has no manifest.json")]
    NoManifest(String),
    /// Written by a later version.
    #[error("{path} has format version {found}; this program knows version {known}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// A file says one thing and its manifest another.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// In what way.
        why: String,
    },
    /// A file or folder is whole, and of a kind that can't be read.
    #[error("{path} can't be read: {why}")]
    Unsupported {
        /// The file or folder.
        path: String,
        /// What it is, or has.
        why: String,
    },
    /// Two files of one table have a column in types that no type holds both of.
    #[error("column `{column}` is {} in {} and {} in {}, and no type holds both", types[0], files[0], types[1], files[1])]
    Types {
        /// The column.
        column: String,
        /// The files.
        files: Box<[String; 2]>,
        /// Its type in either.
        types: Box<[String; 2]>,
    },
    /// A row filter on a file could not be understood or evaluated.
    #[error("the filter `{filter}` does not work on {address}: {why}")]
    Filter {
        /// As given.
        filter: String,
        /// The file.
        address: String,
        /// DataFusion's words.
        why: String,
    },
    /// A column that the job needs is not there.
    #[error("{address} has no column `{column}`")]
    NoColumn {
        /// The file.
        address: String,
        /// The name.
        column: String,
    },
    /// Another process is at work there.
    #[error("another trueup is syncing with {folder}")]
    Busy {
        /// The state folder.
        folder: String,
    },
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl SnapshotError {
    pub(crate) fn write(path: &std::path::Path, why: impl std::fmt::Display) -> Self {
        Self::File { doing: "write", path: path.display().to_string(), why: why.to_string() }
    }

    pub(crate) fn read(path: &std::path::Path, why: impl std::fmt::Display) -> Self {
        Self::File { doing: "read", path: path.display().to_string(), why: why.to_string() }
    }
}
