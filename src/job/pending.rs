//! The place of a run's result: there only once it is complete.

use super::error::RunError;
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

/// A folder that is there only once it is complete.
pub(super) struct Pending {
    pub(super) temporary: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl Pending {
    pub(super) fn new(out: Option<&Path>) -> Result<Self, RunError> {
        let id = format!("{}-{}", chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ"), std::process::id());
        let target = out.map_or_else(|| Path::new(".trueup").join(&id), Path::to_owned);
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
        std::fs::create_dir_all(parent).map_err(|e| failed(parent, e))?;
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = parent.join(format!(".{name}.{id}.tmp"));
        std::fs::create_dir(&temporary).map_err(|e| failed(&temporary, e))?;
        unfinished().push(temporary.clone());
        Ok(Self { temporary, target, kept: false })
    }

    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, RunError> {
        let path = self.temporary.join(name);
        std::fs::create_dir_all(&path)
            .map_err(|e| RunError::Output { path: path.display().to_string(), why: e.to_string() })?;
        Ok(path)
    }

    pub(super) fn keep(mut self) -> Result<PathBuf, RunError> {
        // An empty folder of that name may be there; renaming onto it is allowed.
        std::fs::rename(&self.temporary, &self.target)
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
