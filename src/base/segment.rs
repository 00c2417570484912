//! One segment of a base: rows of both sides, their links, and what it says of earlier segments.

use super::disk::damaged;
use super::file::read_json;
use super::numbers::Numbers;
use super::pair::{BasePair, GONE, Ids, LINKS, Torn, read_gone};
use super::sought::Sought;
use crate::snapshot::{Parts, SnapshotError, open_trusted_snapshot};
use crate::table::Column;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of all segments in a state folder.
pub const SEGMENTS: &str = "segments";
/// The folders of a segment's rows.
pub const SIDES: [&str; 2] = ["left", "right"];
/// The file that says what a segment has.
pub const SEGMENT: &str = "segment.json";
/// Links of a segment's rows.
pub const LINKS_FILE: &str = "links.parquet";
/// Pairs of earlier segments that no longer hold.
pub const GONE_FILE: &str = "gone.parquet";
/// Pairs of rows that are both there and not settled, and that no link tells of.
pub const TORN_FILE: &str = "torn.parquet";
/// Those of them of which nobody can tell what an interrupted run has written.
pub const UNCLEAR_FILE: &str = "unclear.parquet";
/// Identities of rows that are not settled.
pub const OPEN_FILES: [&str; 2] = ["open-left.parquet", "open-right.parquet"];

/// The content of `segment.json`: without it a file that is missing could be taken for one that
/// never was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFile {
    /// The format's version.
    pub version: u64,
    /// Rows of `links.parquet`.
    pub links: u64,
    /// Rows of `gone.parquet`; without any there is no such file.
    pub gone: u64,
    /// Rows of `torn.parquet`; without any there is no such file.
    #[serde(default)]
    pub torn: u64,
    /// Rows of `unclear.parquet`; without any there is no such file.
    #[serde(default)]
    pub unclear: u64,
    /// Rows of the files of identities that are not settled, if there are such files.
    pub open: [Option<u64>; 2],
    /// The checksums (XXH3, 128 bits) of all of its other files, by their path in the segment.
    pub checksums: BTreeMap<String, String>,
}

/// A segment whose files are all there.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Where it is.
    pub folder: PathBuf,
    /// What it has.
    pub file: SegmentFile,
    /// The rows of both sides.
    pub parts: [Parts; 2],
    links: Numbers<8>,
    gone: Option<Numbers<4>>,
    /// Those that are not unclear, and those that are.
    torn: [Option<Numbers<4>>; 2],
}

impl Segment {
    /// Opens a segment of a state folder.
    ///
    /// # Errors
    /// If any of it is missing, damaged or of another version.
    pub fn open(state: &Path, name: &str) -> Result<Self, SnapshotError> {
        let folder = state.join(SEGMENTS).join(name);
        if !is_name(name) {
            return Err(damaged(state, format!("`{name}` is no segment")));
        }
        Self::open_folder(&folder).map_err(|error| match error {
            SnapshotError::Damaged { .. } | SnapshotError::Version { .. } => error,
            error => damaged(&folder, error),
        })
    }

    fn open_folder(folder: &Path) -> Result<Self, SnapshotError> {
        let file: SegmentFile =
            read_json(&folder.join(SEGMENT))?.ok_or_else(|| damaged(folder, "it is missing or not whole"))?;
        let links = Numbers::open(&folder.join(LINKS_FILE), LINKS)?;
        count(links.path(), links.rows(), file.links)?;
        let pairs = |name: &str, rows: u64| -> Result<Option<Numbers<4>>, SnapshotError> {
            if file.checksums.contains_key(name) != (rows > 0) {
                return Err(damaged(&folder.join(SEGMENT), format!("it does not say the same of {name} throughout")));
            }
            if rows == 0 {
                return Ok(None);
            }
            let pairs = Numbers::open(&folder.join(name), GONE)?;
            count(pairs.path(), pairs.rows(), rows)?;
            Ok(Some(pairs))
        };
        let gone = pairs(GONE_FILE, file.gone)?;
        let torn = [pairs(TORN_FILE, file.torn)?, pairs(UNCLEAR_FILE, file.unclear)?];
        // All files of a segment have their checksums in its own file; see `check_files`.
        let open = |side: usize| open_trusted_snapshot(&folder.join(SIDES[side]));
        let parts = [open(0)?.parts, open(1)?.parts];
        let out = Self { folder: folder.to_owned(), file, parts, links, gone, torn };
        for side in [0, 1] {
            if out.file.open[side].is_some() && !folder.join(OPEN_FILES[side]).is_file() {
                return Err(damaged(folder, format!("{} is missing", OPEN_FILES[side])));
            }
        }
        Ok(out)
    }

    /// Checks that all of its files are as they were written.
    pub fn check_files(&self) -> Result<(), SnapshotError> {
        super::checksum::check(&self.folder, &self.file.checksums)
    }

    /// The pairs that are sought, in their order; `at` is the segment's position in the base.
    pub fn pairs(&self, at: usize, sought: &Sought) -> Result<Vec<BasePair>, SnapshotError> {
        let pairs = self.links.pick(&|columns, picked| sought.pick(&columns, at, picked))?;
        pairs.iter().try_for_each(|pair| self.check(pair))?;
        Ok(pairs)
    }

    /// All pairs, in batches.
    pub fn each(
        &self,
        at: usize,
        take: &mut dyn FnMut(Vec<BasePair>) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        self.links.each(&mut |columns| {
            let pairs: Vec<BasePair> = (0..columns[0].len()).map(|row| BasePair::read(&columns, row, at)).collect();
            pairs.iter().try_for_each(|pair| self.check(pair))?;
            take(pairs)
        })
    }

    /// The pairs of earlier segments that no longer hold and that `choose` has true.
    pub fn gone(&self, choose: &(dyn Fn(&Ids) -> bool + Sync)) -> Result<Vec<Ids>, SnapshotError> {
        let Some(gone) = &self.gone else { return Ok(Vec::new()) };
        gone.pick(&|columns, picked| {
            picked.extend((0..columns[0].len()).map(|row| read_gone(&columns, row)).filter(|ids| choose(ids)));
        })
    }

    /// Pairs of rows that were there and not settled, and that no link tells of.
    pub fn torn(&self) -> Result<Vec<Torn>, SnapshotError> {
        let mut out = Vec::new();
        for (file, unclear) in self.torn.iter().zip([false, true]) {
            let Some(file) = file else { continue };
            let torn = |columns: &[&[u64]; 4], row: usize| Torn { ids: read_gone(columns, row), unclear };
            out.extend(file.pick(&|columns, picked| {
                picked.extend((0..columns[0].len()).map(|row| torn(&columns, row)));
            })?);
        }
        Ok(out)
    }

    /// Whether the rows of a side have this column, in this type.
    pub fn position(&self, side: usize, column: &Column) -> Option<usize> {
        let columns = self.parts[side].columns();
        columns.iter().position(|own| own.name == column.name && own.ty == column.ty)
    }

    /// Whether later bases need it: one without pairs that says nothing of earlier ones only told of
    /// rows that were not settled.
    pub fn is_needed(&self) -> bool {
        self.file.links > 0 || self.file.gone > 0
    }

    fn check(&self, pair: &BasePair) -> Result<(), SnapshotError> {
        for (side, row) in pair.rows.into_iter().enumerate() {
            let rows = self.parts[side].rows();
            if row >= rows {
                let why = format!("it links row {row} of the {} side, which has {rows}", SIDES[side]);
                return Err(damaged(self.links.path(), why));
            }
        }
        Ok(())
    }
}

/// That a file has as many rows as it should.
pub fn count(path: &Path, rows: u64, expected: u64) -> Result<(), SnapshotError> {
    if rows == expected { Ok(()) } else { Err(damaged(path, format!("it has {rows} rows instead of {expected}"))) }
}

/// Whether a folder has the form of a segment's name: a base's id and a number.
pub fn is_name(name: &str) -> bool {
    let hex = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    name.split_once('-').is_some_and(|(id, at)| hex(id) && number(at))
}

/// The name of a segment that is not whole yet.
pub fn unfinished(name: &str) -> String {
    format!(".{name}.tmp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_have_their_names() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(is_name(&format!("{id}-0")) && is_name(&format!("{id}-12")));
        for other in ["", "-0", "..", "left", id, &format!("{id}-"), &format!("{id}-x"), &format!("../{id}-0")] {
            assert!(!is_name(other), "{other}");
        }
    }
}
