//! A plan's folder: written so that it is whole or no plan, and checked when it is opened.

use super::conflicts::{CONFLICTS, write_no_conflicts};
use super::error::PlanError;
use super::file::{Direction, PLAN, PlanFile, PlanPart};
use super::steps::{ChunkSide, Chunks, Layout, STEPS};
use super::two_way::{LINKS, NEXT, PAIRS};
use crate::endpoint::{WriteTable, disk};
use crate::snapshot::file_hash;
use crate::table::KeyChoice;
use arrow::array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;
use serde::Deserialize;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twox_hash::XxHash3_128;

/// The version of the format that this program writes and reads.
pub const VERSION: u64 = 5;

/// What decides on the next base, of a plan that writes both sides.
pub(super) const TWO_WAY: [&str; 5] = [PAIRS, LINKS, NEXT, "left/manifest.json", "right/manifest.json"];

/// The scripts of the two sides.
pub const SCRIPTS: [&str; 2] = ["left.sql", "right.sql"];

/// A plan in its folder.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The folder.
    pub folder: PathBuf,
    /// What `plan.json` says.
    pub file: PlanFile,
}

impl Plan {
    /// Opens a plan and checks that every file of it is as it was written.
    ///
    /// # Errors
    /// If there is none, it is of another version, or a file is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self, PlanError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let path = folder.join(PLAN);
        if let Err(e) = disk::refuse_links(folder)
            && e.kind() == std::io::ErrorKind::InvalidData
        {
            return Err(PlanError::damaged(folder, e));
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(PlanError::NoPlan(folder.display().to_string()));
            }
            Err(e) => return Err(PlanError::read(&path, e)),
        };
        let Versioned { version } = serde_json::from_str(&text).map_err(|e| PlanError::damaged(&path, e))?;
        if version != VERSION {
            let path = path.display().to_string();
            return Err(PlanError::Version { path, found: version, known: VERSION });
        }
        let file: PlanFile = serde_json::from_str(&text).map_err(|e| PlanError::damaged(&path, e))?;
        if checksum(&text, &file.checksum).as_ref() != Some(&file.checksum) {
            return Err(PlanError::damaged(&path, "its checksum does not fit its content"));
        }
        for name in [STEPS, CONFLICTS, SCRIPTS[0], SCRIPTS[1]] {
            if !file.parts.iter().any(|part| part.name == name) {
                return Err(PlanError::damaged(&path, format!("it does not tell of {name}")));
            }
        }
        for name in TWO_WAY.into_iter().filter(|_| file.two_way.is_some()) {
            if !file.parts.iter().any(|part| part.name == name) {
                return Err(PlanError::damaged(&path, format!("it does not tell of {name}")));
            }
        }
        for part in &file.parts {
            check(folder, part)?;
        }
        let plan = Self { folder: folder.to_owned(), file };
        let rows = plan.steps_metadata()?.file_metadata().num_rows().unsigned_abs();
        super::sound::check(&plan.file, rows).map_err(|why| PlanError::damaged(&path, why))?;
        Ok(plan)
    }

    /// Completes a plan whose steps, scripts and conflicts, if it has any, are in its folder:
    /// `plan.json` is written last, so that a folder with one is whole.
    ///
    /// # Errors
    /// If a file is missing or can't be written.
    pub fn finish(&mut self) -> Result<(), PlanError> {
        if !self.folder.join(CONFLICTS).exists() {
            write_no_conflicts(&self.folder, &self.file)?;
        }
        self.file.version = VERSION;
        let two_way = TWO_WAY.into_iter().filter(|_| self.file.two_way.is_some());
        self.file.parts = [STEPS, CONFLICTS, SCRIPTS[0], SCRIPTS[1]]
            .into_iter()
            .chain(two_way)
            .map(|name| {
                let (bytes, hash) = measure(&self.folder.join(name))?;
                Ok(PlanPart { name: name.to_owned(), bytes, hash })
            })
            .collect::<Result<_, PlanError>>()?;
        let path = self.folder.join(PLAN);
        let failed = |e: &dyn std::fmt::Display| PlanError::write(&path, e);
        self.file.checksum = String::new();
        let empty = serde_json::to_string_pretty(&self.file).map_err(|e| failed(&e))? + "\n";
        self.file.checksum = hex(XxHash3_128::oneshot(empty.as_bytes()));
        let text = serde_json::to_string_pretty(&self.file).map_err(|e| failed(&e))? + "\n";
        disk::replace(&path, text.as_bytes()).map_err(|e| failed(&e))
    }

    /// About how many bytes a step takes.
    ///
    /// # Errors
    /// If the steps can't be read.
    pub fn step_bytes(&self) -> Result<u64, PlanError> {
        let metadata = self.steps_metadata()?;
        let bytes: i64 = metadata.row_groups().iter().map(|group| group.total_byte_size()).sum();
        Ok(bytes.max(0).unsigned_abs().div_ceil(metadata.file_metadata().num_rows().max(1).unsigned_abs()))
    }

    fn steps_metadata(&self) -> Result<Arc<ParquetMetaData>, PlanError> {
        let path = self.steps();
        let file = File::open(&path).map_err(|e| PlanError::read(&path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| PlanError::damaged(&path, e))?;
        Ok(Arc::clone(builder.metadata()))
    }

    /// The path of `steps.parquet`.
    pub fn steps(&self) -> PathBuf {
        self.folder.join(STEPS)
    }

    /// The steps of a side, in chunks of at most `rows` of them, in the order of writing. A chunk
    /// has one action only, and one way to find its rows. Steps that have to be written together are never torn apart, even if
    /// there are more than `rows` of them, and are in chunks of their own.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn chunks(&self, side: usize, rows: usize) -> Result<Chunks, PlanError> {
        self.chunks_within(side, rows, 0..self.file.sides[side].counts.total())
    }

    /// The same of some of a side's steps. Of steps that have to be written together, all or none
    /// are in the range.
    pub(super) fn chunks_within(&self, side: usize, rows: usize, steps: Range<u64>) -> Result<Chunks, PlanError> {
        let own = &self.file.sides[side];
        let writes = own.writes.clone().unwrap_or_default();
        let from = ChunkSide {
            side,
            skip: if side == 1 { self.file.sides[0].counts.total() } else { 0 },
            steps,
            writes: &writes,
            identity: self.identity(side),
            target: own.target.as_ref(),
            names: own.table.columns.iter().map(|column| column.name.clone()).collect(),
        };
        Chunks::open(&self.steps(), Layout::of(&self.file), &from, rows)
    }

    /// The rows of `steps.parquet` as they are, all columns or those of these names.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn batches(
        &self,
        columns: Option<&[String]>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, PlanError>> + use<>, PlanError> {
        let path = self.steps();
        let file = File::open(&path).map_err(|e| PlanError::read(&path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| PlanError::damaged(&path, e))?;
        let mask = match columns {
            None => ProjectionMask::all(),
            Some(names) => {
                let roots: Vec<usize> = names.iter().filter_map(|name| builder.schema().index_of(name).ok()).collect();
                ProjectionMask::roots(builder.parquet_schema(), roots)
            }
        };
        let reader = builder.with_projection(mask).build().map_err(|e| PlanError::damaged(&path, e))?;
        Ok(reader.map(move |batch| batch.map_err(|e| PlanError::damaged(&path, e))))
    }

    /// The table of a side as a writer needs it; `None` for a side that is not written.
    pub fn write_table(&self, side: usize) -> Option<WriteTable> {
        let own = &self.file.sides[side];
        let key = own.writes.as_ref()?.key.clone();
        let whole = self.file.key_chosen == KeyChoice::WholeRow;
        Some(WriteTable { columns: own.table.columns.clone(), key, whole })
    }

    /// The same for the session that finds rows by their identity; `None` if no step needs it.
    pub fn write_table_by_identity(&self, side: usize) -> Option<WriteTable> {
        let (own, key) = (&self.file.sides[side], self.identity(side).to_vec());
        let needed = own.counts.update + own.counts.delete > 0 && !key.is_empty();
        needed.then(|| WriteTable { columns: own.table.columns.clone(), key, whole: false })
    }

    /// What says which row it is when unique keys change, which they do in plans that write both
    /// sides only; else nothing.
    pub(super) fn identity(&self, side: usize) -> &[usize] {
        match (self.file.direction, &self.file.sides[side].writes) {
            (Direction::Both, Some(writes)) => &writes.identity,
            _ => &[],
        }
    }
}

/// What the checksum of this text should be. It stands at its end; the text is taken as if it were
/// empty.
fn checksum(text: &str, found: &str) -> Option<String> {
    let at = text.rfind("\"checksum\": \"")? + "\"checksum\": \"".len();
    let rest = text[at..].strip_prefix(found)?;
    let mut hasher = XxHash3_128::new();
    hasher.write(&text.as_bytes()[..at]);
    hasher.write(rest.as_bytes());
    Some(hex(hasher.finish_128()))
}

fn check(folder: &Path, part: &PlanPart) -> Result<(), PlanError> {
    let path = folder.join(&part.name);
    let ours = TWO_WAY.contains(&part.name.as_str())
        || (!part.name.contains(['/', '\\']) && Path::new(&part.name).file_name() == Some(part.name.as_ref()));
    if !ours {
        return Err(PlanError::damaged(&folder.join(PLAN), format!("`{}` is no file of a plan", part.name)));
    }
    let size = std::fs::metadata(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => PlanError::damaged(&folder.join(PLAN), format!("{} is missing", part.name)),
        _ => PlanError::read(&path, e),
    })?;
    if size.len() != part.bytes {
        let why = format!("it has {} bytes, and plan.json says {}", size.len(), part.bytes);
        return Err(PlanError::damaged(&path, why));
    }
    let (_, hash) = measure(&path)?;
    if hash != part.hash {
        return Err(PlanError::damaged(&path, "its content is not what was written"));
    }
    Ok(())
}

/// A file's size and the hash of its bytes.
fn measure(path: &Path) -> Result<(u64, String), PlanError> {
    file_hash(path).map_err(|e| PlanError::read(path, e))
}

fn hex(hash: u128) -> String {
    format!("{hash:032x}")
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
