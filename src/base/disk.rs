//! Files that are on the disk before anything tells of them: [`crate::endpoint::disk`], with the path in
//! each error.

use crate::endpoint::disk;
use crate::snapshot::SnapshotError;
use std::io::ErrorKind;
use std::path::Path;

/// Waits until a folder's entries are on the disk.
pub fn sync_folder(folder: &Path) -> Result<(), SnapshotError> {
    disk::sync_folder(folder).map_err(|e| SnapshotError::write(folder, e))
}

/// Waits until all files of a folder, and its entries, are on the disk.
pub fn sync_files(folder: &Path) -> Result<(), SnapshotError> {
    disk::sync_files(folder).map_err(|e| SnapshotError::write(folder, e))
}

/// Puts a file in the place of another: whoever reads sees the old content or the new one.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), SnapshotError> {
    disk::replace(path, content).map_err(|e| SnapshotError::write(path, e))
}

/// Renames a file or folder, and waits until that is on the disk.
pub fn rename(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    disk::rename(from, to).map_err(|e| SnapshotError::write(to, e))
}

/// Moves a folder to a place where nothing is yet, also to another disk.
///
/// # Errors
/// If that place is taken, or files can't be written.
pub fn move_folder(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    let parent = to.parent().unwrap_or(Path::new("."));
    make_folder(parent)?;
    // An empty folder may be there; anything in it is somebody's.
    match std::fs::rename(from, to) {
        Ok(()) => return sync_folder(parent),
        Err(e) if e.kind() == ErrorKind::CrossesDevices => {}
        Err(e) => return Err(SnapshotError::write(to, e)),
    }
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let temporary = to.with_file_name(format!(".{name}.tmp"));
    // One that a run before left there is not whole.
    let _ = std::fs::remove_dir_all(&temporary);
    copy_folder(from, &temporary)?;
    sync_files(&temporary)?;
    rename(&temporary, to)?;
    std::fs::remove_dir_all(from).map_err(|e| SnapshotError::write(from, e))
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    make_folder(to)?;
    let entries = std::fs::read_dir(from).map_err(|e| SnapshotError::read(from, e))?;
    for entry in entries {
        let path = entry.map_err(|e| SnapshotError::read(from, e))?.path();
        let own = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &own)?;
        } else {
            std::fs::copy(&path, &own).map_err(|e| SnapshotError::write(&own, e))?;
        }
    }
    Ok(())
}

/// Removes a file that need not be there.
pub fn remove(path: &Path) -> Result<(), SnapshotError> {
    disk::remove(path).map_err(|e| SnapshotError::write(path, e))
}

/// The same file under another name: another entry where the disk allows it, else a copy.
pub fn link(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    let real = std::fs::canonicalize(from).map_err(|e| SnapshotError::read(from, e))?;
    if std::fs::hard_link(&real, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(&real, to).map(|_| ()).map_err(|e| SnapshotError::write(to, e))
}

/// A folder that is there from now on.
pub fn make_folder(folder: &Path) -> Result<(), SnapshotError> {
    disk::make_folder(folder).map_err(|e| SnapshotError::write(folder, e))
}

/// Refuses a folder with a symbolic link in it; one that is not there has none.
pub fn refuse_links(folder: &Path) -> Result<(), SnapshotError> {
    match disk::refuse_links(folder) {
        Err(e) if e.kind() == ErrorKind::InvalidData => Err(damaged(folder, e)),
        _ => Ok(()),
    }
}

/// A damaged file.
pub fn damaged(path: &Path, why: impl std::fmt::Display) -> SnapshotError {
    SnapshotError::Damaged { path: path.display().to_string(), why: why.to_string() }
}
