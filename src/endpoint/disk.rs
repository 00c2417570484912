//! Files and folders of our own: for their owner alone, and on the disk before anything tells of them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

/// A folder that is there from now on, with those above it. What is made is for its owner alone.
///
/// # Errors
/// If it can't be made.
pub fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The same for the folder in which runs are kept: what is in it is nothing for a repository.
///
/// # Errors
/// If it can't be made.
pub fn make_kept_folder(folder: &Path) -> Result<()> {
    make_folder(folder)?;
    let ignore = folder.join(".gitignore");
    if ignore.exists() { Ok(()) } else { replace(&ignore, b"*\n") }
}

/// A new, empty file, for its owner alone. One of that name that is there is replaced, and a link's target
/// stays as it is.
///
/// # Errors
/// If it can't be made.
pub fn create(path: &Path) -> Result<File> {
    remove(path)?;
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}

/// Puts a file in the place of another: whoever reads sees the old content or the new one.
///
/// # Errors
/// If it can't be written; the old content is there then.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let written = create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        rename(&temporary, path)
    });
    if written.is_err() {
        // Of no use to anybody; the first failure is the one to tell of.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Renames a file or folder, and waits until that is on the disk.
///
/// # Errors
/// If that fails.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync_folder)
}

/// Removes a file that need not be there.
///
/// # Errors
/// If it is there still.
pub fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Waits until a file's content is on the disk.
///
/// # Errors
/// If it can't be known to be.
pub fn sync_file(path: &Path) -> Result<()> {
    // Not every system lets a file be flushed that is open for reading only.
    File::options().write(true).open(path).or_else(|_| File::open(path))?.sync_all()
}

/// Waits until a folder's entries are on the disk. Not every system lets a folder be opened.
///
/// # Errors
/// If they can't be known to be.
pub fn sync_folder(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Waits until all files of a folder, and its entries, are on the disk.
///
/// # Errors
/// If they can't be known to be.
pub fn sync_files(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { sync_files(&path)? } else { sync_file(&path)? }
    }
    sync_folder(folder)
}

/// The same of the folder's own files only, not of those of folders in it.
///
/// # Errors
/// If they can't be known to be.
pub fn sync_own_files(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            sync_file(&path)?;
        }
    }
    sync_folder(folder)
}

/// Refuses a folder of ours with a symbolic link in it: none of them is made by this program, and what it
/// leads to may be anything.
///
/// # Errors
/// Then, and if the folder can't be read.
pub fn refuse_links(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            let name = entry.file_name().to_string_lossy().into_owned();
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("{name} in it is a symbolic link, and no file of ours is"),
            ));
        }
        if kind.is_dir() {
            refuse_links(&entry.path())?;
        }
    }
    Ok(())
}

/// A failure in words: a full disk by its own name.
pub fn words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull => format!("the disk is full: {error}"),
        ErrorKind::QuotaExceeded => format!("this user may not store more on that disk: {error}"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let kept = folder.path().join("a").join("b");
        make_kept_folder(&kept).unwrap();
        assert_eq!([mode(&kept), mode(&folder.path().join("a"))], [0o700, 0o700]);
        assert_eq!(std::fs::read(kept.join(".gitignore")).unwrap(), b"*\n");
        assert_eq!(mode(&kept.join(".gitignore")), 0o600);
        std::fs::write(kept.join(".gitignore"), "!x").unwrap();
        make_kept_folder(&kept).unwrap();
        assert_eq!(std::fs::read(kept.join(".gitignore")).unwrap(), b"!x");

        // Neither the rights nor the target of what was there before.
        let (open, link, other) = (kept.join("open"), kept.join("link"), folder.path().join("other"));
        for path in [&open, &other] {
            std::fs::write(path, "old").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        }
        symlink(&other, &link).unwrap();
        assert!(refuse_links(folder.path()).unwrap_err().to_string().contains("link"));
        for path in [&open, &link] {
            create(path).unwrap().write_all(b"new").unwrap();
            assert_eq!(mode(path), 0o600);
        }
        assert_eq!(std::fs::read(&other).unwrap(), b"old");
        refuse_links(folder.path()).unwrap();
        replace(&open, b"newer").unwrap();
        assert_eq!(std::fs::read(&open).unwrap(), b"newer");
        assert!(replace(&kept, b"").is_err());
        assert!(!folder.path().join("a").join(".b.tmp").exists());
    }

    #[test]
    fn a_full_disk_has_a_name() {
        assert!(words(&Error::from(ErrorKind::StorageFull)).starts_with("the disk is full"));
    }
}
