//! What can go wrong with an endpoint. Addresses in errors are masked already; texts from drivers
//! pass through [`EndpointError::clean`] where they might quote one.

use thiserror::Error;

/// A failed describe or export.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// The server did not let us in.
    #[error("can't connect to {address}: {why}")]
    Connect {
        /// Masked.
        address: String,
        /// In the driver's words.
        why: String,
    },
    /// The server has no such table.
    #[error("{address} has no table `{table}`")]
    NoTable {
        /// Masked.
        address: String,
        /// As given.
        table: String,
        /// The nearest name there is.
        suggestion: Option<String>,
    },
    /// There is no such file, or it can't be read.
    #[error("can't read {path}: {why}")]
    Unreadable {
        /// As given.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A file's content is not what it should be.
    #[error("{path}{}: {why}", line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: String,
        /// Where in it, from 1.
        line: Option<u64>,
        /// What is wrong.
        why: String,
    },
    /// A statement failed: the person's filter, a missing right, a table dropped meanwhile.
    #[error("{address}: {doing} failed: {why}")]
    Query {
        /// Masked.
        address: String,
        /// What was being done, as in "counting the rows".
        doing: String,
        /// In the server's words.
        why: String,
    },
    /// Policies of the database may hide rows from this user.
    #[error("{address}: row-level security may hide rows from this user: {why}")]
    HiddenRows {
        /// Masked.
        address: String,
        /// Of which table, in words.
        why: String,
    },
    /// The user may not read columns that are needed.
    #[error("{address}: this user may not read all of the columns that are needed{}", names(columns))]
    Denied {
        /// Masked.
        address: String,
        /// Their names; empty where the database does not tell them.
        columns: Vec<String>,
        /// Whether they are needed because whole rows are.
        whole: bool,
    },
    /// The stream of rows broke.
    #[error("{address}: the export broke off after {rows} rows: {why}")]
    Lost {
        /// Masked.
        address: String,
        /// Rows that had arrived.
        rows: u64,
        /// In the driver's words.
        why: String,
    },
    /// The server sent what its protocol does not allow.
    #[error("{address}: column `{column}`: {why}")]
    Protocol {
        /// Masked.
        address: String,
        /// The column.
        column: String,
        /// What was unexpected.
        why: String,
    },
    /// The taker of batches stopped; its own error says why.
    #[error("stopped")]
    Stopped,
}

fn names(columns: &[String]) -> String {
    if columns.is_empty() { String::new() } else { format!(": `{}`", columns.join("`, `")) }
}

impl From<super::Stopped> for EndpointError {
    fn from(_: super::Stopped) -> Self {
        Self::Stopped
    }
}
