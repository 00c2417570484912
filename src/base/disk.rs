//! Files that are on the disk before anything tells of them.

use crate::snapshot::SnapshotError;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Waits until a file's content is on the disk.
pub fn sync_file(path: &Path) -> Result<(), SnapshotError> {
    // Not every system lets a file be flushed that is open for reading only.
    let file = File::options().write(true).open(path).or_else(|_| File::open(path));
    file.and_then(|file| file.sync_all()).map_err(|e| SnapshotError::write(path, e))
}

/// Waits until a folder's entries are on the disk. Not every system lets a folder be opened.
pub fn sync_folder(folder: &Path) -> Result<(), SnapshotError> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(e) if !matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => {
            Err(SnapshotError::write(folder, e))
        }
        _ => Ok(()),
    }
}

/// Waits until all files of a folder, and its entries, are on the disk.
pub fn sync_files(folder: &Path) -> Result<(), SnapshotError> {
    let entries = std::fs::read_dir(folder).map_err(|e| SnapshotError::read(folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| SnapshotError::read(folder, e))?.path();
        if path.is_dir() { sync_files(&path)? } else { sync_file(&path)? }
    }
    sync_folder(folder)
}

/// Puts a file in the place of another: whoever reads sees the old content or the new one.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), SnapshotError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let failed = |e: std::io::Error| SnapshotError::write(&temporary, e);
    let mut file = File::create(&temporary).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    drop(file);
    rename(&temporary, path)
}

/// Renames a file or folder, and waits until that is on the disk.
pub fn rename(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    std::fs::rename(from, to).map_err(|e| SnapshotError::write(to, e))?;
    to.parent().map_or(Ok(()), sync_folder)
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
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(SnapshotError::write(path, e)),
        _ => Ok(()),
    }
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
    std::fs::create_dir_all(folder).map_err(|e| SnapshotError::write(folder, e))
}

/// A damaged file.
pub fn damaged(path: &Path, why: impl std::fmt::Display) -> SnapshotError {
    SnapshotError::Damaged { path: path.display().to_string(), why: why.to_string() }
}
