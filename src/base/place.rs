//! Which base is the current one, and which the one before it.

use super::disk::{damaged, remove, rename, replace};
use super::file::{BASE, BaseFile, PREVIOUS};
use super::segment::{SEGMENTS, is_name, unfinished};
use crate::snapshot::SnapshotError;
use std::path::Path;

/// An empty file that is there as long as a base is kept: one that somebody lost is not taken for a first
/// run.
const KEPT: &str = "base.kept";

/// Makes a base whose segments are on the disk the current one, and the current one the previous.
/// If the process ends in between, the previous one is a copy of the current one.
pub fn put_in_place(state: &Path, file: &BaseFile) -> Result<(), SnapshotError> {
    let (base, previous) = (state.join(BASE), state.join(PREVIOUS));
    match BaseFile::read(&base) {
        // A plan that is applied again: before it was what was before it the first time.
        Ok(Some(current)) if current.plan == file.plan => {}
        Ok(Some(_)) => {
            let text = std::fs::read(&base).map_err(|e| SnapshotError::read(&base, e))?;
            replace(&previous, &text)?;
        }
        // What nobody can read is no base; then one that is older still is not the one before.
        Ok(None) | Err(SnapshotError::Damaged { .. }) => remove(&previous)?,
        Err(error) => return Err(error),
    }
    file.write(&base)?;
    let kept = state.join(KEPT);
    if kept.exists() { Ok(()) } else { replace(&kept, b"") }
}

/// Fails where a base has been kept and is gone.
pub(super) fn check_kept(state: &Path) -> Result<(), SnapshotError> {
    if [KEPT, PREVIOUS].iter().any(|name| state.join(name).exists()) {
        let why = "it is gone, and this folder has had one: what both sides agreed on is not known";
        return Err(damaged(&state.join(BASE), why));
    }
    Ok(())
}

/// What has become of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// There is none, as before.
    None,
    /// The one before is there again.
    Restored,
    /// The one before is not kept, or there never was one: there is none now.
    Lost,
}

/// Puts back the base that was there before a plan was applied. If that plan's base is not the
/// current one any more, no base is left: what was agreed on is not known then.
///
/// # Errors
/// If writing fails, or the base is of another version.
pub fn take_back(state: &Path, plan: &str) -> Result<TakenBack, SnapshotError> {
    let (base, previous) = (state.join(BASE), state.join(PREVIOUS));
    let current = match BaseFile::read(&base) {
        Ok(None) => return Ok(TakenBack::None),
        Ok(Some(file)) => Some(file),
        Err(SnapshotError::Damaged { .. }) => None,
        Err(error) => return Err(error),
    };
    if let Some(current) = current.filter(|file| file.plan == plan) {
        let before = match BaseFile::read(&previous) {
            Ok(before) => before,
            Err(SnapshotError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        // A copy of the current one is not the one before.
        if before.is_some_and(|before| before.id != current.id) {
            rename(&previous, &base)?;
            return Ok(TakenBack::Restored);
        }
    }
    // In this order, so that the previous one is never left alone.
    remove(&state.join(KEPT))?;
    remove(&previous)?;
    remove(&base)?;
    super::disk::sync_folder(state)?;
    Ok(TakenBack::Lost)
}

/// Removes segments that neither base names. What can't be removed stays; it does no harm.
pub fn sweep(state: &Path) {
    let mut named = Vec::new();
    for name in [BASE, PREVIOUS] {
        match BaseFile::read(&state.join(name)) {
            Ok(file) => named.extend(file.into_iter().flat_map(|file| file.segments)),
            // Nobody knows what it names.
            Err(_) => return,
        }
    }
    let Ok(entries) = std::fs::read_dir(state.join(SEGMENTS)) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let whole = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
        let ours = is_name(&name) || whole.is_some_and(|whole| is_name(whole) && unfinished(whole) == name);
        if ours && !named.contains(&name) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
