//! The hash of a file, by which a change of its content is noticed.

use super::error::SnapshotError;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_128;

/// Bytes to read at once.
const BLOCK: usize = 1 << 20;

/// A file's size in bytes, and the hash (XXH3, 128 bits) of its content in hexadecimal.
///
/// # Errors
/// If it can't be read.
pub fn file_hash(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = XxHash3_128::new();
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        match file.read(&mut block)? {
            0 => return Ok((bytes, format!("{:032x}", hasher.finish_128()))),
            read => {
                hasher.write(&block[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// The hash (XXH3, 128 bits) of some bytes in hexadecimal.
pub(crate) fn bytes_hash(bytes: &[u8]) -> String {
    format!("{:032x}", XxHash3_128::oneshot(bytes))
}

/// Where a JSON file says its own checksum, near its end.
const CHECKSUM: &str = "\"checksum\": \"";
/// What stands there while the checksum is made.
pub(super) const NO_CHECKSUM: &str = "00000000000000000000000000000000";

/// The text of a JSON file with its right checksum in it; `None` if there is no place for it.
pub(crate) fn seal(text: &str) -> Option<String> {
    let at = text.rfind(CHECKSUM)? + CHECKSUM.len();
    let end = at.checked_add(NO_CHECKSUM.len())?;
    let (before, after) = (text.get(..at)?, text.get(end..)?);
    let checksum = bytes_hash(format!("{before}{NO_CHECKSUM}{after}").as_bytes());
    Some(format!("{before}{checksum}{after}"))
}

/// The text of a JSON object with a field for its checksum at its end, and the right one in it.
pub(crate) fn seal_object(text: &str) -> Option<String> {
    let fields = text.trim_end().strip_suffix('}')?.trim_end();
    seal(&format!("{fields},\n  {CHECKSUM}{NO_CHECKSUM}\"\n}}\n"))
}

/// A file of a folder as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The hash (XXH3, 128 bits) of its content in hexadecimal.
    pub xxh3: String,
}

impl FileSum {
    /// Where the file is. A name that leads out of the folder is none.
    ///
    /// # Errors
    /// Then.
    pub(super) fn place(&self, folder: &Path) -> Result<PathBuf, SnapshotError> {
        let path = folder.join(&self.name);
        if Path::new(&self.name).file_name() == Some(self.name.as_ref()) {
            Ok(path)
        } else {
            let why = format!("`{}` is no file of the folder", self.name);
            Err(SnapshotError::Damaged { path: folder.display().to_string(), why })
        }
    }

    /// That the file of a folder is as it was written; where it is.
    ///
    /// # Errors
    /// If it is not there, or has changed.
    pub fn check_in(&self, folder: &Path) -> Result<PathBuf, SnapshotError> {
        let place = self.place(folder)?;
        self.check(&place)?;
        Ok(place)
    }

    /// That a file is as it was written.
    ///
    /// # Errors
    /// If it is not there, or has changed.
    pub fn check(&self, path: &Path) -> Result<(), SnapshotError> {
        let damaged = |why: String| SnapshotError::Damaged { path: path.display().to_string(), why };
        let (bytes, hash) = match file_hash(path) {
            Ok(found) => found,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(damaged("it is not there".to_owned())),
            Err(e) => return Err(SnapshotError::read(path, e)),
        };
        if bytes != self.bytes {
            Err(damaged(format!("it has {bytes} bytes, and {} were written", self.bytes)))
        } else if hash != self.xxh3 {
            Err(damaged("it is not as it was written: its checksum is another one".to_owned()))
        } else {
            Ok(())
        }
    }
}

/// That all of these files of a folder are as they were written; where they are.
///
/// # Errors
/// As [`FileSum::check`], for the first that is not.
pub(super) fn check_all(folder: &Path, sums: &[FileSum]) -> Result<Vec<PathBuf>, SnapshotError> {
    sums.par_iter().map(|sum| sum.check_in(folder)).collect()
}

/// Passes bytes on, and hashes them on their way: what was meant to be written, not what a disk
/// made of it.
pub(super) struct Hashing<W> {
    out: W,
    hasher: XxHash3_128,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, hasher: XxHash3_128::new(), bytes: 0 }
    }

    /// The bytes so far, as a file of this name.
    pub(super) fn sum(&self, name: String) -> FileSum {
        FileSum { name, bytes: self.bytes, xxh3: format!("{:032x}", self.hasher.finish_128()) }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.write(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
