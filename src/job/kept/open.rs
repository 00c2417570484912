//! Opens what a run has kept.

use super::file::{KeptFile, KeptSide, RunFile};
use super::list;
use super::repeated::Repeated;
use super::write::modified;
use crate::compare::Differences;
use crate::snapshot::{PartSource, Parts, SnapshotError};
use crate::table::{Alignment, Key};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A run that was kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its folder.
    pub folder: PathBuf,
    /// What `run.json` says.
    pub file: RunFile,
    /// The rows of left and right.
    pub parts: [Parts; 2],
    /// The positions of the rows that differ: those of keys that are on one side only and of changed
    /// rows. Its other fields are empty.
    pub differences: Differences,
    /// The positions of rows of keys that are not unique, and of rows without a key.
    pub repeated: Repeated,
}

/// Why a run can't be opened.
#[derive(Debug, Error)]
pub enum KeptError {
    /// The folder is no run's, or of one that kept nothing.
    #[error("{0} is no run: it has no run.json")]
    NoRun(String),
    /// Written by another version.
    #[error("{path} has format version {found}; this program knows version {known}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// A file can't be read.
    #[error("can't read {path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A file is not what was written.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// In what way.
        why: String,
    },
    /// A file that was read where it lies is gone or another one now.
    #[error("{path} has changed since: {why}")]
    Changed {
        /// The file.
        path: String,
        /// In what way.
        why: String,
    },
    /// The rows can't be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl Kept {
    /// Opens the run in a folder.
    ///
    /// # Errors
    /// If there is none, a file is missing, damaged or of another version, or a file that was read
    /// where it lies has changed since.
    pub fn open(folder: &Path) -> Result<Self, KeptError> {
        let file = RunFile::read(folder)?;
        let (differences, repeated) = list::read(folder, &file.differences)?;
        let parts = [open_side(folder, &file.sides[0])?, open_side(folder, &file.sides[1])?];
        let most = [&differences.only[0], &differences.only[1]].map(|rows| rows.last().copied().unwrap_or(0));
        if most.iter().zip(&parts).any(|(row, parts)| *row > 0 && *row >= parts.rows()) {
            let path = folder.join(list::DIFFERENCES).display().to_string();
            return Err(KeptError::Damaged { path, why: "it tells of rows that are not there".to_owned() });
        }
        Ok(Self { folder: folder.to_owned(), file, parts, differences, repeated })
    }

    /// The pairing of the columns.
    pub fn alignment(&self) -> &Alignment {
        self.file.audit.alignment()
    }

    /// The unique key.
    pub fn key(&self) -> Key {
        Key { pairs: self.file.key.clone(), chosen: self.file.audit.key.chosen }
    }
}

fn open_side(folder: &Path, side: &KeptSide) -> Result<Parts, KeptError> {
    let mut sources: Vec<PartSource> = Vec::with_capacity(side.files.len());
    for file in &side.files {
        let path = folder.join(&file.path);
        check(&path, file)?;
        let name = path.file_name().map(|name| name.to_string_lossy());
        if let Some(sum) = side.manifest.parts.iter().find(|sum| Some(sum.name.as_str()) == name.as_deref()) {
            sum.check(&path)?;
        }
        sources.push(PartSource { path, constants: file.constants.clone() });
    }
    let columns = &side.manifest.table.columns;
    let parts = match side.manifest.other {
        Some(_) => Parts::open(&sources.into_iter().map(|source| source.path).collect::<Vec<_>>(), columns)?,
        None => Parts::open_foreign(&sources, Some(columns))?.0,
    };
    if parts.rows() == side.manifest.rows {
        Ok(parts)
    } else {
        let why = format!("its files have {} rows, and there were {}", parts.rows(), side.manifest.rows);
        Err(KeptError::Changed { path: side.manifest.address.clone(), why })
    }
}

/// That a file is still the one that was read.
fn check(path: &Path, file: &KeptFile) -> Result<(), KeptError> {
    let changed = |why: String| Err(KeptError::Changed { path: path.display().to_string(), why });
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return changed("it is not there any more".to_owned()),
        Err(e) => return Err(KeptError::Unreadable { path: path.display().to_string(), why: e.to_string() }),
    };
    if found.len() != file.bytes {
        return changed(format!("it has {} bytes, and had {}", found.len(), file.bytes));
    }
    match &file.modified {
        Some(then) if modified(&found).as_ref() != Some(then) => changed(format!("it was last written after {then}")),
        _ => Ok(()),
    }
}
