//! The place of a run's result: there only once it is complete.

use super::error::RunError;
use crate::endpoint::disk;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The temporary folders of this process, for a program that has to leave at once.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes all that is unfinished, whoever is working on it. Only for a program that ends now.
pub fn remove_unfinished() {
    for folder in unfinished().drain(..) {
        // A file that is just being made may be in the way once.
        if std::fs::remove_dir_all(&folder).is_err() {
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder below which runs are kept.
const RUNS: &str = ".trueup";

/// What of a run is on the disk before it has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durable {
    /// All of it: something later depends on its snapshots.
    Whole,
    /// All that decides what is written: its snapshots were only compared.
    Plan,
    /// Nothing: a report that a power cut takes is made anew.
    No,
}

/// A folder that is there only once it is complete.
pub(super) struct Pending {
    pub(super) temporary: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl Pending {
    pub(super) fn new(out: Option<&Path>) -> Result<Self, RunError> {
        let id = format!("{}-{}", chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ"), std::process::id());
        let target = out.map_or_else(|| Path::new(RUNS).join(&id), Path::to_owned);
        let failed =
            |path: &Path, e: std::io::Error| RunError::Output { path: path.display().to_string(), why: e.to_string() };
        let taken = match std::fs::read_dir(&target) {
            Ok(mut entries) => entries.next().is_some(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
            Err(_) => true,
        };
        if taken {
            return Err(RunError::OutputExists(target.display().to_string()));
        }
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let made = match parent.file_name() {
            Some(name) if name == RUNS => disk::make_kept_folder(parent),
            _ => std::fs::create_dir_all(parent),
        };
        made.map_err(|e| failed(parent, e))?;
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = parent.join(format!(".{name}.{id}.tmp"));
        disk::make_folder(&temporary).map_err(|e| failed(&temporary, e))?;
        unfinished().push(temporary.clone());
        Ok(Self { temporary, target, kept: false })
    }

    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, RunError> {
        let path = self.temporary.join(name);
        disk::make_folder(&path)
            .map_err(|e| RunError::Output { path: path.display().to_string(), why: e.to_string() })?;
        Ok(path)
    }

    /// Gives it its name, once it is on the disk.
    pub(super) fn keep(mut self, how: Durable) -> Result<PathBuf, RunError> {
        let synced = match how {
            Durable::Whole => disk::sync_files(&self.temporary),
            Durable::Plan => disk::sync_own_files(&self.temporary),
            Durable::No => Ok(()),
        };
        // An empty folder of that name may be there; renaming onto it is allowed.
        synced
            .and_then(|()| std::fs::rename(&self.temporary, &self.target))
            .and_then(|()| match how {
                Durable::No => Ok(()),
                _ => self.target.parent().map_or(Ok(()), disk::sync_folder),
            })
            .map_err(|e| RunError::Output { path: self.target.display().to_string(), why: e.to_string() })?;
        self.kept = true;
        unfinished().retain(|folder| *folder != self.temporary);
        Ok(self.target.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing half-done is left; if even that fails there is nobody to tell.
            let _ = std::fs::remove_dir_all(&self.temporary);
            unfinished().retain(|folder| *folder != self.temporary);
        }
    }
}
