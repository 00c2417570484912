//! `manifest.json`: what a snapshot holds. Written last, so that a folder with a manifest is whole.

use super::error::SnapshotError;
use super::file_hash::{FileSum, NO_CHECKSUM, seal};
use super::other::other_column;
use super::recipe::Recipe;
use crate::endpoint::disk;
use crate::table::{Column, TableInfo};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

const VERSION: u64 = 3;
/// The oldest that can be read: version 3 also says how SQLite stores values.
const OLDEST: u64 = 2;

/// What was frozen, when and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format's version; see the module's documentation for version 3.
    pub version: u64,
    /// The program that wrote it.
    pub written_by: String,
    /// When the export began, UTC, RFC 3339.
    pub exported_at: String,
    /// Where the table lives, without a password.
    pub address: String,
    /// The condition that chose its rows, if any.
    pub filter: Option<String>,
    /// How its rows are known to be of one moment.
    pub consistency: String,
    /// Rows in the snapshot.
    pub rows: u64,
    /// Rows that the database itself counted in the same transaction.
    pub counted: Option<u64>,
    /// The columns and keys of the table.
    pub table: TableInfo,
    /// Per column, the values that its type cannot hold; only columns with any.
    pub others: Vec<OtherCount>,
    /// The column of the files that carries values that their own column's type can't hold; none in
    /// files that another program wrote.
    pub other: Option<String>,
    /// The files with the rows, in order; none that another program wrote.
    pub parts: Vec<FileSum>,
    /// What the index was made of; `None` without an index.
    pub recipe: Option<Recipe>,
    /// The files of the index: a power of two, by the upper bits of the key's fingerprint.
    pub index: Vec<FileSum>,
    /// The hash (XXH3, 128 bits) of the file with zeros in place of this.
    pub checksum: String,
}

/// Values of one column that its type cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherCount {
    /// The column.
    pub column: String,
    /// How many of its values.
    pub values: u64,
}

impl Manifest {
    /// A manifest of the current version for a table with these columns.
    pub fn new(address: String, columns: Vec<Column>, table: &TableInfo) -> Self {
        Self {
            version: VERSION,
            written_by: concat!("trueup ", env!("CARGO_PKG_VERSION")).to_owned(),
            exported_at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            address,
            filter: None,
            consistency: String::new(),
            rows: 0,
            counted: None,
            other: Some(other_column(&columns)),
            table: TableInfo { columns, ..table.clone() },
            others: Vec::new(),
            parts: Vec::new(),
            recipe: None,
            index: Vec::new(),
            checksum: NO_CHECKSUM.to_owned(),
        }
    }

    /// Writes the manifest into its folder, under a temporary name first.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), SnapshotError> {
        let path = folder.join(MANIFEST);
        let plain = Self { checksum: NO_CHECKSUM.to_owned(), ..self.clone() };
        let text = serde_json::to_string_pretty(&plain).map_err(|e| SnapshotError::write(&path, e))?;
        let text = seal(&text).ok_or_else(|| SnapshotError::write(&path, "it has no checksum"))?;
        disk::replace(&path, text.as_bytes()).map_err(|e| SnapshotError::write(&path, e))
    }

    /// Reads a folder's manifest.
    ///
    /// # Errors
    /// If there is none, or it is damaged or of another version.
    pub fn read(folder: &Path) -> Result<Self, SnapshotError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let path = folder.join(MANIFEST);
        let damaged =
            |e: serde_json::Error| SnapshotError::Damaged { path: path.display().to_string(), why: e.to_string() };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(SnapshotError::NoManifest(folder.display().to_string()));
            }
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
                return Err(SnapshotError::Damaged {
                    path: path.display().to_string(),
                    why: "it is no text".to_owned(),
                });
            }
            Err(e) => return Err(SnapshotError::read(&path, e)),
        };
        let Versioned { version } = serde_json::from_str(&text).map_err(damaged)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(SnapshotError::Version { path: path.display().to_string(), found: version, known: VERSION });
        }
        match seal(&text) {
            Some(sealed) if sealed == text => serde_json::from_str(&text).map_err(damaged),
            _ => {
                let why = "it is not as it was written: its checksum is another one".to_owned();
                Err(SnapshotError::Damaged { path: path.display().to_string(), why })
            }
        }
    }
}
