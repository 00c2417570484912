//! Records of whole numbers that a run lays aside for later: what it knows of each of a great many rows
//! must not stay in memory. They are kept in a scratch file, and are gone with whoever laid them aside.

use super::SnapshotError;
use crate::endpoint::disk;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Records of `N` numbers each, in the order in which they came.
#[derive(Debug)]
pub struct Aside<const N: usize> {
    path: PathBuf,
    /// The last ones, which are not in the file.
    recent: Vec<[u64; N]>,
    /// How many may be in memory.
    most: usize,
    file: Option<File>,
    filed: u64,
}

impl<const N: usize> Aside<N> {
    /// None yet. The file at `path` comes to be once there are more than `bytes` of them.
    pub fn new(path: &Path, bytes: usize) -> Self {
        let most = (bytes / Self::width()).max(1);
        Self { path: path.to_owned(), recent: Vec::new(), most, file: None, filed: 0 }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.filed + self.recent.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds one.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn push(&mut self, record: [u64; N]) -> Result<(), SnapshotError> {
        if self.recent.len() >= self.most {
            self.flush()?;
        }
        self.recent.push(record);
        Ok(())
    }

    /// At most `most` of them from the one at `first` on.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn read(&self, first: u64, most: usize) -> Result<Vec<[u64; N]>, SnapshotError> {
        let end = first.saturating_add(most as u64).min(self.len());
        let mut out = Vec::with_capacity(end.saturating_sub(first) as usize);
        if first < self.filed {
            let count = (end.min(self.filed) - first) as usize;
            let mut bytes = vec![0; count * Self::width()];
            let failed = |e| SnapshotError::read(&self.path, e);
            let mut file = File::open(&self.path).map_err(failed)?;
            file.seek(SeekFrom::Start(first * Self::width() as u64)).map_err(failed)?;
            file.read_exact(&mut bytes).map_err(failed)?;
            let numbers = bytes.as_chunks::<8>().0.as_chunks::<N>().0;
            out.extend(numbers.iter().map(|record| record.map(u64::from_le_bytes)));
        }
        let recent = first.max(self.filed)..end.max(self.filed);
        let place = |at: u64| (at - self.filed) as usize;
        if !recent.is_empty() {
            out.extend_from_slice(&self.recent[place(recent.start)..place(recent.end)]);
        }
        Ok(out)
    }

    const fn width() -> usize {
        N * size_of::<u64>()
    }

    fn flush(&mut self) -> Result<(), SnapshotError> {
        let failed = |e| SnapshotError::write(&self.path, e);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(disk::create(&self.path).map_err(failed)?),
        };
        let numbers = self.recent.iter().flatten();
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
        file.write_all(&bytes).map_err(failed)?;
        self.filed += self.recent.len() as u64;
        self.recent.clear();
        Ok(())
    }
}

impl<const N: usize> Drop for Aside<N> {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // It is in a folder that is cleared away in the end.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_laid_aside_is_there_from_any_place_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aside");
        for records in [0u64, 1, 4, 5, 23] {
            let mut aside = Aside::<2>::new(&path, 64);
            (0..records).for_each(|n| aside.push([n, u64::MAX - n]).unwrap());
            assert_eq!((aside.len(), path.exists()), (records, records > 4));
            for first in 0..records + 2 {
                for most in [0, 1, 3, 30] {
                    let expected: Vec<[u64; 2]> =
                        (first..records.min(first + most as u64)).map(|n| [n, u64::MAX - n]).collect();
                    assert_eq!(aside.read(first, most).unwrap(), expected, "{records} {first} {most}");
                }
            }
        }
        assert!(!path.exists());
    }
}
