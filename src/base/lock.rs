//! One sync at a time on a state folder.

use super::disk::make_folder;
use crate::snapshot::SnapshotError;
use std::fs::{File, TryLockError};
use std::path::Path;

/// The name of the locked file in the state folder. It stays there; only its lock counts.
const LOCK: &str = "sync.lock";

/// Held while a plan is applied to both sides and its base is written; the system gives it up when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct StateLock(#[allow(dead_code, reason = "held, not read")] File);

impl StateLock {
    /// Takes the lock of a state folder, which is made if it is not there.
    ///
    /// # Errors
    /// If another process holds it.
    pub fn take(state: &Path) -> Result<Self, SnapshotError> {
        make_folder(state)?;
        let path = state.join(LOCK);
        match lock_file(&path) {
            Ok(Some(file)) => Ok(Self(file)),
            Ok(None) => Err(SnapshotError::Busy { folder: state.display().to_string() }),
            Err(e) => Err(SnapshotError::write(&path, e)),
        }
    }
}

/// Makes a file and locks it; `None` if somebody else has it locked.
///
/// # Errors
/// If it can't be made or locked.
pub fn lock_file(path: &Path) -> std::io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("new/state");
        let lock = StateLock::take(&state).unwrap();
        let error = StateLock::take(&state).unwrap_err();
        assert!(matches!(&error, SnapshotError::Busy { folder } if folder.ends_with("state")), "{error}");
        drop(lock);
        assert!(StateLock::take(&state).is_ok());
    }
}
