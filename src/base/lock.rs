//! One sync at a time on a state folder.

use crate::snapshot::SnapshotError;
use std::path::Path;

/// Held while a plan is applied to both sides and its base is written.
#[derive(Debug)]
pub struct StateLock;

impl StateLock {
    /// Takes the lock of a state folder, which is made if it is not there.
    ///
    /// # Errors
    /// If another process holds it.
    pub fn take(_state: &Path) -> Result<Self, SnapshotError> {
        todo!()
    }
}
