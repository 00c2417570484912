//! `run.json`: what was compared, when and how, and what was found.

use super::open::KeptError;
use crate::audit::Audit;
use crate::endpoint::disk;
use crate::snapshot::{Constant, Manifest};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name in a run's folder.
pub const RUN: &str = "run.json";

/// The version of the format that this program writes and reads.
pub(super) const VERSION: u64 = 2;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFile {
    /// The format's version.
    pub version: u64,
    /// The program that wrote it.
    pub written_by: String,
    /// When the run began, UTC, RFC 3339.
    pub started_at: String,
    /// When all of this was known.
    pub finished_at: String,
    /// What the job says beside the two tables and their filters, as options of the command line:
    /// `--key id`, `--compare lat=tolerance:0.01`.
    pub options: Vec<String>,
    /// Left and right: the snapshots and the files that hold them.
    pub sides: [KeptSide; 2],
    /// The unique key: positions in the pairs of the audit's alignment.
    pub key: Vec<usize>,
    /// The rows of `differences.parquet` by kind.
    pub differences: Counts,
    /// Whether reasons were looked for.
    pub reasons: bool,
    /// All that the audit says.
    pub audit: Audit,
}

/// One side's rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptSide {
    /// The files that hold them, in order; files without rows need not be there.
    pub files: Vec<KeptFile>,
    /// What was frozen and how.
    pub manifest: Manifest,
}

/// A file with rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Below the run's folder, or, for a file that is read where it lies, from the root.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, of a file that is not the run's own.
    pub modified: Option<String>,
    /// What all of its rows have in columns that are not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constants: Vec<Constant>,
}

/// How many rows of each kind there are; pairs are left and right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Keys on one side only.
    pub only: [u64; 2],
    /// Keys with one row on each side, which differ.
    pub changed: u64,
    /// Keys with several rows on a side.
    pub groups: u64,
    /// The rows of such keys.
    pub duplicates: [u64; 2],
    /// Rows with NULL in the key.
    pub null_keys: [u64; 2],
}

impl RunFile {
    /// Reads the file of a run's folder.
    ///
    /// # Errors
    /// If there is none, it is of another version, or it is damaged.
    pub fn read(folder: &Path) -> Result<Self, KeptError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let path = folder.join(RUN);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(KeptError::NoRun(folder.display().to_string()));
            }
            Err(e) => return Err(KeptError::Unreadable { path: path.display().to_string(), why: e.to_string() }),
        };
        let damaged =
            |e: serde_json::Error| KeptError::Damaged { path: path.display().to_string(), why: e.to_string() };
        let Versioned { version } = serde_json::from_str(&text).map_err(damaged)?;
        if version != VERSION {
            let path = path.display().to_string();
            return Err(KeptError::Version { path, found: version, known: VERSION });
        }
        serde_json::from_str(&text).map_err(damaged)
    }

    /// Writes it into a folder, under a temporary name first.
    pub(super) fn write(&self, folder: &Path) -> Result<(), (String, String)> {
        let path = folder.join(RUN);
        let failed = |e: &dyn std::fmt::Display| (path.display().to_string(), e.to_string());
        let text = serde_json::to_string_pretty(self).map_err(|e| failed(&e))? + "\n";
        disk::replace(&path, text.as_bytes()).map_err(|e| failed(&e))
    }
}
