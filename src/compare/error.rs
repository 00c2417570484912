//! What can go wrong while comparing.

use crate::snapshot::SnapshotError;
use datafusion::error::DataFusionError;
use thiserror::Error;

/// A failed comparison.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A frozen table could not be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The join did not fit in the memory allowed.
    #[error("comparing needs more memory than the {limit} MB allowed")]
    Memory {
        /// The bound, in megabytes.
        limit: usize,
    },
    /// DataFusion failed.
    #[error("comparing failed: {0}")]
    Engine(String),
    /// Fingerprints and values contradict each other: a defect of this program or a damaged file.
    #[error("{rows} rows have different fingerprints but no different value: a snapshot is damaged")]
    Contradiction {
        /// How many.
        rows: u64,
    },
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl CompareError {
    pub(super) fn engine(error: DataFusionError, memory: usize) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory { limit: memory >> 20 },
            root => Self::Engine(root.strip_backtrace()),
        }
    }
}
