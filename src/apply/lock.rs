//! One apply or undo of a plan at a time.

use super::error::ApplyError;
use std::fs::{File, TryLockError};
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
        let failed = |e: std::io::Error| ApplyError::file("write", &path, &e);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(ApplyError::Busy { folder: folder.display().to_string() }),
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
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
