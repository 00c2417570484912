//! `base.json`: what a base is of.

use super::disk::{damaged, replace};
use super::job::BaseJob;
use super::known::BaseColumn;
use crate::endpoint::HistoryMark;
use crate::snapshot::{SnapshotError, seal, seal_object};
use crate::table::TableInfo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name in a state folder.
pub const BASE: &str = "base.json";
/// The name of the one before it.
pub const PREVIOUS: &str = "previous.json";
/// The version of the format that this program writes, of segments too. It also reads those before it:
/// version 1 said nothing of the job and of where columns come from, versions 1 and 2 had no checksum, and
/// version 3 knew of no rows of which nobody can tell what was written.
pub(super) const VERSION: u64 = 4;
/// The first version whose files have checksums of their own.
const SEALED: u64 = 3;
/// The first version.
const FIRST: u64 = 1;

/// One side of a base.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseSide {
    /// Where the table lives: without a password, and for files with the whole path.
    pub address: String,
    /// The condition that chose its rows.
    pub filter: Option<String>,
    /// Its columns and keys.
    pub table: TableInfo,
    /// The columns that say which row it is, whatever becomes of the unique key.
    pub identity: Vec<String>,
    /// The unique key's columns.
    pub key: Vec<String>,
    /// When it was exported, UTC, RFC 3339.
    pub exported_at: String,
    /// Its rows, settled or not.
    pub rows: u64,
    /// Those of them whose key is NULL or not unique, but for one of each key.
    pub unkeyed: u64,
    /// How many of those there were when it was last clear which rows they are: a row of the base that
    /// is missed may be any that has come since.
    pub unkeyed_known: u64,
    /// How far its history had been read.
    pub mark: Option<HistoryMark>,
    /// What told when its definition changed; `None` where columns have numbers of their own.
    #[serde(default)]
    pub altered: Option<String>,
    /// The installation of its history that is known to remember this base.
    #[serde(default)]
    pub remembered: Option<String>,
}

/// The content of `base.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseFile {
    /// The format's version.
    pub version: u64,
    /// The program that wrote it.
    pub written_by: String,
    /// When, UTC, RFC 3339.
    pub written_at: String,
    /// Unlike that of any other base.
    pub id: String,
    /// The checksum of the plan whose applying made it.
    pub plan: String,
    /// The checksum of a later plan without steps, which only looked at everything anew: undoing the
    /// plan that made the base is still possible then.
    pub looked: Option<String>,
    /// What it is of besides its tables; `None` if that was not kept yet.
    #[serde(default)]
    pub job: Option<BaseJob>,
    /// Left and right.
    pub sides: [BaseSide; 2],
    /// The pairs of columns that were compared, the key's first.
    pub columns: Vec<BaseColumn>,
    /// The segments' folders, oldest first.
    pub segments: Vec<String>,
}

impl BaseFile {
    /// Rows that no later run may leave out unless it looks at everything: keys that are not unique,
    /// or NULL. With any, later runs read both tables as a whole.
    pub fn unkeyed(&self) -> u64 {
        self.sides.iter().map(|side| side.unkeyed).sum()
    }

    /// Reads it without opening its segments; `None` if it is not there.
    ///
    /// # Errors
    /// If it is damaged or of another version.
    pub fn read(path: &Path) -> Result<Option<Self>, SnapshotError> {
        read_json(path)
    }

    /// Puts it in the place of the one that is there.
    pub(super) fn write(&self, path: &Path) -> Result<(), SnapshotError> {
        write_json(path, self)
    }
}

/// Reads a file of this format's version; `None` if it is not there.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SnapshotError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Err(damaged(path, e)),
        Err(e) => return Err(SnapshotError::read(path, e)),
    };
    let Versioned { version } = serde_json::from_str(&text).map_err(|e| damaged(path, e))?;
    if !(FIRST..=VERSION).contains(&version) {
        return Err(SnapshotError::Version { path: path.display().to_string(), found: version, known: VERSION });
    }
    if version >= SEALED && seal(&text).as_ref() != Some(&text) {
        return Err(damaged(path, "it is not as it was written: its checksum is another one"));
    }
    serde_json::from_str(&text).map(Some).map_err(|e| damaged(path, e))
}

/// Writes such a file.
pub(super) fn write_json<T: Serialize>(path: &Path, content: &T) -> Result<(), SnapshotError> {
    let text = serde_json::to_string_pretty(content).map_err(|e| SnapshotError::write(path, e))?;
    let text = seal_object(&text).ok_or_else(|| SnapshotError::write(path, "it has no place for a checksum"))?;
    replace(path, text.as_bytes())
}
