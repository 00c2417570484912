//! `pending.json`: the plan that is being applied or undone. It is there from before the first row is
//! written until the base says what came of it. So whoever finds it knows that a run broke off, and
//! settles it before anything else looks at the tables.

use super::disk::{remove, sync_folder};
use super::file::{VERSION, read_json, write_json};
use crate::snapshot::SnapshotError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file's name in a state folder.
const PENDING: &str = "pending.json";

/// A plan under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The format's version.
    version: u64,
    /// Since when, UTC, RFC 3339.
    pub since: String,
    /// The plan's folder, as a whole path.
    pub plan: PathBuf,
    /// The plan's checksum; the file has one of its own.
    #[serde(rename = "plan_checksum")]
    pub checksum: String,
    /// Whether it is being undone.
    pub undo: bool,
    /// Which sides had a journal when it began, left and right: each was there before this file.
    #[serde(default)]
    pub journals: [bool; 2],
}

impl Pending {
    /// A plan that is about to be applied or undone.
    pub fn now(plan: PathBuf, checksum: String, undo: bool, journals: [bool; 2]) -> Self {
        let since = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        Self { version: VERSION, since, plan, checksum, undo, journals }
    }

    /// The one of a state folder; `None` if nothing broke off.
    ///
    /// # Errors
    /// If it can't be read, is damaged, or of another version.
    pub fn read(state: &Path) -> Result<Option<Self>, SnapshotError> {
        read_json(&state.join(PENDING))
    }

    /// Puts it there: returns once it is safe on the disk.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, state: &Path) -> Result<(), SnapshotError> {
        write_json(&state.join(PENDING), self)
    }

    /// Takes it away.
    ///
    /// # Errors
    /// If it can't be removed.
    pub fn clear(state: &Path) -> Result<(), SnapshotError> {
        remove(&state.join(PENDING))?;
        if state.is_dir() { sync_folder(state) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Pending::read(folder.path()).unwrap(), None);
        let pending = Pending::now("/plans/p".into(), "abc".into(), true, [true, false]);
        pending.write(folder.path()).unwrap();
        assert_eq!(Pending::read(folder.path()).unwrap(), Some(pending));
        Pending::clear(folder.path()).unwrap();
        assert_eq!(Pending::read(folder.path()).unwrap(), None);
        Pending::clear(folder.path()).unwrap();
        std::fs::write(folder.path().join(PENDING), "{").unwrap();
        assert!(Pending::read(folder.path()).is_err());
    }
}
