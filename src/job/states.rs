//! Where the states of two-way syncs are kept, unless somebody says where: one folder for a person,
//! whatever folder they stand in.

use crate::base::{BASE, BaseFile, StateLock, move_folder};
use crate::snapshot::SnapshotError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where they were kept before, below the folder that one stood in.
pub(super) const BEFORE: &str = ".trueup/state";

/// Nobody says where states are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no place for the state: neither XDG_STATE_HOME nor HOME is set")]
pub struct NoHome;

/// The folder of all states: `$XDG_STATE_HOME/trueup`, else `~/.local/state/trueup`.
///
/// # Errors
/// If there is no home folder.
pub(super) fn states_root() -> Result<PathBuf, NoHome> {
    root_of(|name| std::env::var_os(name))
}

/// A path that is not absolute would depend on the folder that one stands in, and does not count.
fn root_of(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoHome> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || {
        let home = absolute("HOME").or_else(|| absolute("USERPROFILE"));
        home.map(|home| home.join(".local").join("state"))
    };
    absolute("XDG_STATE_HOME").or_else(home).map(|state| state.join("trueup")).ok_or(NoHome)
}

/// A folder that holds a base, and what that is of; an error if it can't be read.
pub(super) struct State {
    pub(super) folder: PathBuf,
    pub(super) base: Result<BaseFile, SnapshotError>,
}

/// The folders in a place that hold a base, by name.
///
/// # Errors
/// If the place is there and can't be read.
pub(super) fn states(place: &Path) -> Result<Vec<State>, SnapshotError> {
    let state = |folder: PathBuf| {
        let base = BaseFile::read(&folder.join(BASE)).transpose()?;
        Some(State { folder, base })
    };
    Ok(state_folders(place)?.into_iter().filter_map(state).collect())
}

/// The folders in a place that are for states, by name: also those of first runs that broke off before
/// there was a base.
///
/// # Errors
/// If the place is there and can't be read.
pub(super) fn state_folders(place: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let entries = match std::fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SnapshotError::read(place, error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| SnapshotError::read(place, error))?.path();
        // Unfinished copies begin with a dot.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Carries a state over to another folder, which holds nothing yet.
///
/// # Errors
/// If another trueup is at work with it, or files can't be written.
pub(super) fn carry_over(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    let lock = StateLock::take(from)?;
    move_folder(from, to)?;
    drop(lock);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_does_not_depend_on_the_folder() {
        let root = |variables: &[(&str, &str)]| {
            let of = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| value.into());
            root_of(of).map(|path| path.display().to_string())
        };
        assert_eq!(root(&[("HOME", "/home/me")]).as_deref(), Ok("/home/me/.local/state/trueup"));
        assert_eq!(root(&[("HOME", "/home/me"), ("XDG_STATE_HOME", "/s")]).as_deref(), Ok("/s/trueup"));
        assert_eq!(root(&[("HOME", "/h"), ("XDG_STATE_HOME", "s")]).as_deref(), Ok("/h/.local/state/trueup"));
        assert_eq!(root(&[("HOME", ""), ("XDG_STATE_HOME", "")]), Err(NoHome));
        assert_eq!(root(&[]), Err(NoHome));
    }
}
