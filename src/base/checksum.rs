//! That a segment's files are as they were written: a flipped bit would be a value that nobody stored,
//! and decide what is written to which side.

use super::disk::damaged;
use crate::snapshot::{SnapshotError, file_hash};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The checksums of all files of a folder and those below it, by their path in it; `except` is left
/// out.
pub fn checksums(folder: &Path, except: &str) -> Result<BTreeMap<String, String>, SnapshotError> {
    let mut names = Vec::new();
    list(folder, "", &mut names)?;
    names.retain(|name| name != except);
    let sums: Vec<String> =
        names.par_iter().map(|name| checksum(&folder.join(name))).collect::<Result<_, SnapshotError>>()?;
    Ok(names.into_iter().zip(sums).collect())
}

/// Checks the files of a folder against their checksums, once in the life of the process.
///
/// # Errors
/// If one is missing or has changed.
pub fn check(folder: &Path, sums: &BTreeMap<String, String>) -> Result<(), SnapshotError> {
    // A segment never changes, and one run opens its base several times.
    static CHECKED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let checked = || CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let place = folder.canonicalize().map_err(|e| SnapshotError::read(folder, e))?;
    if checked().contains(&place) {
        return Ok(());
    }
    sums.par_iter().try_for_each(|(name, sum)| {
        let path = folder.join(name);
        if !path.is_file() {
            return Err(damaged(&path, "it is missing"));
        }
        if checksum(&path)? == *sum { Ok(()) } else { Err(damaged(&path, "it is not as it was written")) }
    })?;
    checked().insert(place);
    Ok(())
}

fn list(folder: &Path, below: &str, names: &mut Vec<String>) -> Result<(), SnapshotError> {
    for entry in std::fs::read_dir(folder).map_err(|e| SnapshotError::read(folder, e))? {
        let entry = entry.map_err(|e| SnapshotError::read(folder, e))?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() { list(&entry.path(), &format!("{name}/"), names)? } else { names.push(name) }
    }
    Ok(())
}

fn checksum(path: &Path) -> Result<String, SnapshotError> {
    file_hash(path).map(|(_, hash)| hash).map_err(|e| SnapshotError::read(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are read at once.
    const BLOCK: usize = 1 << 20;

    #[test]
    fn any_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("left")).unwrap();
        let path = folder.path().join("left").join("a");
        let content: Vec<u8> = (0..3 * BLOCK + 17).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        std::fs::write(folder.path().join("b"), "b").unwrap();
        std::fs::write(folder.path().join("c"), "c").unwrap();
        let sums = checksums(folder.path(), "c").unwrap();
        assert_eq!(sums.keys().collect::<Vec<_>>(), ["b", "left/a"]);
        for at in [0, BLOCK, 3 * BLOCK + 16] {
            let mut changed = content.clone();
            changed[at] ^= 1;
            std::fs::write(&path, changed).unwrap();
            assert!(check(folder.path(), &sums).unwrap_err().to_string().contains("not as it was written"));
        }
        std::fs::write(&path, &content[1..]).unwrap();
        assert!(check(folder.path(), &sums).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(check(folder.path(), &sums).unwrap_err().to_string().contains("missing"));
        std::fs::write(&path, content).unwrap();
        check(folder.path(), &sums).unwrap();
    }
}
