//! A file and the one that is to take its place.
//!
//! The new file is written beside the old one under another name, and then renamed: whoever reads
//! sees either the old file or the new one, also if the program or the machine stops in between.

use super::csv::Stamp;
use crate::endpoint::EndpointError;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes per write.
const BUFFER: usize = 1 << 20;

/// A file that is to be replaced, as it is now. While this is held, no other trueup replaces it.
#[derive(Debug)]
pub struct Original {
    /// Where it really is, behind all links.
    path: PathBuf,
    file: File,
    stamp: Stamp,
}

impl Original {
    /// Looks at a file and locks it.
    ///
    /// # Errors
    /// If it is no file that can be replaced, or somebody else has it locked.
    pub fn open(path: &Path) -> Result<Self, EndpointError> {
        let unreadable = |why: String| EndpointError::Unreadable { path: path.display().to_string(), why };
        let name = path.to_string_lossy();
        if path.is_dir() || !path.exists() && name.contains(['*', '?']) {
            let why = "several files make up this table; only a single one can be written anew".to_owned();
            return Err(unreadable(why));
        }
        let real = std::fs::canonicalize(path).map_err(|error| unreadable(error.to_string()))?;
        let file = File::open(&real).map_err(|error| unreadable(error.to_string()))?;
        let about = file.metadata().map_err(|error| unreadable(error.to_string()))?;
        if !about.is_file() {
            return Err(unreadable("it is no regular file".to_owned()));
        }
        // Where locks are binding they would keep ourselves from reading too.
        #[cfg(unix)]
        if matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            return Err(failed(&real, "locking the file", "another program has locked it"));
        }
        Ok(Self { path: real, file, stamp: Stamp::of(&about) })
    }

    /// Where it really is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if it is not the same file any more, or somebody has written to it.
    ///
    /// # Errors
    /// Then, or if it can't be looked at.
    pub fn check(&self) -> Result<(), EndpointError> {
        let changed = |why: &str| EndpointError::Malformed {
            path: self.path.display().to_string(),
            line: None,
            why: why.to_owned(),
        };
        let io = |error: std::io::Error| failed(&self.path, "checking the file", error);
        let (own, there) = (self.file.metadata().map_err(io)?, std::fs::metadata(&self.path).map_err(io)?);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if (own.dev(), own.ino()) != (there.dev(), there.ino()) {
                return Err(changed("somebody has put another file in its place"));
            }
        }
        if Stamp::of(&own) != self.stamp || Stamp::of(&there) != self.stamp {
            return Err(changed("somebody wrote to it meanwhile"));
        }
        Ok(())
    }

    /// Begins the file that is to take its place.
    ///
    /// # Errors
    /// If it can't be created.
    pub(super) fn draft(&self) -> Result<(Draft, BufWriter<File>), EndpointError> {
        let part = |text: Option<&std::ffi::OsStr>| text.unwrap_or_default().to_string_lossy().into_owned();
        // The same name each time, so that what a crash leaves behind does not pile up; the same
        // extension, because it says how to read it.
        let name = format!(".{}.trueup-new.{}", part(self.path.file_stem()), part(self.path.extension()));
        let path = self.path.with_file_name(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path, "removing", error)),
            _ => {}
        }
        let create = |error| failed(&path, "creating the new file", error);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(create)?;
        let draft = Draft { path: path.clone(), renamed: false };
        let about = self.file.metadata().map_err(create)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            // Only root may give a file away; whoever may not is its owner already, or becomes it.
            let _ = fchown(&file, Some(about.uid()), Some(about.gid()));
        }
        file.set_permissions(about.permissions()).map_err(create)?;
        Ok((draft, BufWriter::with_capacity(BUFFER, file)))
    }
}

/// A new file that is complete and on the disk, beside the one whose place it is to take. Dropped
/// without [`commit`](Self::commit), it is removed.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    renamed: bool,
}

impl Draft {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Brings what was written to the disk.
    pub(super) fn finish(&self, mut out: BufWriter<File>) -> Result<(), EndpointError> {
        let write = |error| failed(&self.path, "writing the new file", error);
        out.flush().map_err(write)?;
        out.get_ref().sync_all().map_err(write)
    }

    /// Puts it in the old one's place.
    ///
    /// # Errors
    /// If the old file is no longer as it was: it stays then.
    pub fn commit(mut self, original: &Original) -> Result<(), EndpointError> {
        original.check()?;
        std::fs::rename(&self.path, &original.path)
            .map_err(|error| failed(&original.path, "replacing the file", error))?;
        self.renamed = true;
        // So that the new name survives a power cut too. Not every system can.
        if let Some(folder) = original.path.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The error for what could not be done to a file.
pub(super) fn failed(path: &Path, doing: &str, why: impl std::fmt::Display) -> EndpointError {
    EndpointError::Query { address: path.display().to_string(), doing: doing.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_file_that_changed_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "a\n1\n").unwrap();
        let original = Original::open(&path).unwrap();
        let (draft, mut out) = original.draft().unwrap();
        out.write_all(b"a\n2\n").unwrap();
        draft.finish(out).unwrap();
        std::fs::write(&path, "a\n1\n3\n").unwrap();
        assert!(draft.commit(&original).unwrap_err().to_string().contains("wrote to it"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n1\n3\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

        drop(original);
        let original = Original::open(&path).unwrap();
        let (draft, out) = original.draft().unwrap();
        draft.finish(out).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "a\n1\n3\n").unwrap();
        assert!(draft.commit(&original).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("t.csv"), folder.path().join("link.csv"));
        std::fs::write(&path, "a\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let original = Original::open(&link).unwrap();
        assert!(Original::open(&path).unwrap_err().to_string().contains("locked"));
        let (draft, mut out) = original.draft().unwrap();
        out.write_all(b"b\n").unwrap();
        draft.finish(out).unwrap();
        draft.commit(&original).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "b\n");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn several_files_are_not_one() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("*.parquet")] {
            assert!(Original::open(&path).unwrap_err().to_string().contains("several files"));
        }
    }
}
