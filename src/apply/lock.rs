//! One apply or undo of a plan at a time.

use super::error::ApplyError;
use crate::base::lock_file;
use std::fs::File;
use std::path::Path;

/// The name of the locked file in the plan folder. It stays there; only its lock counts.
const LOCK: &str = "apply.lock";

/// Held while a plan is applied or undone; the system gives it up when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct PlanLock(#[allow(dead_code, reason = "held, not read")] File);

impl PlanLock {
    /// Takes it.
    ///
    /// # Errors
    /// If somebody else has it, or the file can't be made.
    pub fn take(folder: &Path) -> Result<Self, ApplyError> {
        let path = folder.join(LOCK);
        let file = lock_file(&path).map_err(|e| ApplyError::file("write", &path, &e))?;
        file.map(Self).ok_or_else(|| ApplyError::Busy { folder: folder.display().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let lock = PlanLock::take(folder.path()).unwrap();
        assert!(matches!(PlanLock::take(folder.path()), Err(ApplyError::Busy { .. })));
        drop(lock);
        assert!(PlanLock::take(folder.path()).is_ok());
    }
}
