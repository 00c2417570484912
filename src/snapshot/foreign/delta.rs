//! The files of a Delta table, by its log.
//!
//! `_delta_log` holds one file of JSON lines per version; what they add and do not remove again is
//! the table. Old versions may be gone: then a checkpoint, a Parquet file of the same actions,
//! stands for all up to its own.

use super::delta_type::columns;
use super::file::FileColumns;
use super::found::{Found, entries};
use super::layout::file_name;
use super::{Constant, PartSource, convert::convert};
use crate::endpoint::percent_decoded;
use crate::snapshot::error::SnapshotError;
use crate::table::{Cells, Column};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Component, Path, PathBuf};

/// The folder of the log in the table's.
pub(super) const LOG: &str = "_delta_log";

/// What a reader may be asked for that changes nothing for us, or is looked at file by file.
const FEATURES: [&str; 8] = [
    "timestampNtz",
    "vacuumProtocolCheck",
    "typeWidening",
    "typeWidening-preview",
    "deletionVectors",
    "columnMapping",
    "v2Checkpoint",
    "appendOnly",
];

/// The actions of a checkpoint that say what the table is.
const ACTIONS: [&str; 3] = ["add", "metaData", "protocol"];

/// The files of the newest version of a table.
pub(super) fn find(folder: &Path) -> Result<Found, SnapshotError> {
    let log = folder.join(LOG);
    let mut state = State::new(folder);
    let version = Log::list(&log)?.replay(&log, &mut state)?;
    state.finish(version)
}

/// The files of a log.
#[derive(Default)]
struct Log {
    commits: BTreeMap<u64, PathBuf>,
    /// By version and number of parts, the parts.
    checkpoints: BTreeMap<(u64, u64), BTreeMap<u64, PathBuf>>,
    /// The newest checkpoint of the kind that refers to further files.
    newer: Option<u64>,
}

impl Log {
    fn list(log: &Path) -> Result<Self, SnapshotError> {
        let mut out = Self::default();
        for path in entries(log)? {
            let name = file_name(&path);
            let parts: Vec<&str> = name.split('.').collect();
            let Some(version) = parts.first().filter(|text| text.len() == 20).and_then(|text| text.parse().ok()) else {
                continue;
            };
            match parts.as_slice() {
                [_, "json"] => drop(out.commits.insert(version, path)),
                [_, "checkpoint", "parquet"] => {
                    out.checkpoints.entry((version, 1)).or_default().insert(1, path);
                }
                [_, "checkpoint", part, of, "parquet"] => {
                    if let (Ok(part), Ok(of)) = (part.parse(), of.parse()) {
                        out.checkpoints.entry((version, of)).or_default().insert(part, path);
                    }
                }
                [_, "checkpoint", _, "json" | "parquet"] => out.newer = out.newer.max(Some(version)),
                _ => {}
            }
        }
        Ok(out)
    }

    /// Takes all actions in their order, and says which version that makes.
    fn replay(&self, log: &Path, state: &mut State<'_>) -> Result<u64, SnapshotError> {
        let broken = |why: String| SnapshotError::Damaged { path: log.display().to_string(), why };
        let last = self.commits.keys().last().copied();
        let last = last.max(self.checkpoints.keys().last().map(|(version, _)| *version));
        let last = last.max(self.newer).ok_or_else(|| broken("the log of the Delta table is empty".to_owned()))?;
        let whole = |first: u64| (first..=last).all(|version| self.commits.contains_key(&version));
        let first = if whole(0) {
            0
        } else {
            let complete =
                self.checkpoints.iter().rev().find(|((version, of), parts)| {
                    parts.len() as u64 == *of && (*version == last || whole(*version + 1))
                });
            let Some(((version, _), parts)) = complete else {
                let why = match self.newer {
                    Some(_) => "its log begins with a checkpoint of version 2",
                    None => "versions are missing in its log",
                };
                return Err(state.refuse(&format!("{why}: write its rows to Parquet files and name those")));
            };
            for path in parts.values() {
                checkpoint(path, state)?;
            }
            version + 1
        };
        for path in (first..=last).filter_map(|version| self.commits.get(&version)) {
            commit(path, state)?;
        }
        Ok(last)
    }
}

/// Takes the actions of one version. What it removes goes first: the same file may be added again,
/// with other rows taken as deleted, and the order of the lines says nothing.
fn commit(path: &Path, state: &mut State<'_>) -> Result<(), SnapshotError> {
    let text = std::fs::read_to_string(path).map_err(|e| SnapshotError::read(path, e))?;
    let broken = |why: String| SnapshotError::Damaged { path: path.display().to_string(), why };
    let lines: Vec<Map<String, Value>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .map_err(|e| broken(e.to_string()))?;
    for removes in [true, false] {
        for (name, action) in lines.iter().flatten().filter(|(name, _)| (*name == "remove") == removes) {
            let odd = || broken(format!("`{name}` is not as it should be"));
            state.take(name, action).map_err(|error| error.unwrap_or_else(odd))?;
        }
    }
    Ok(())
}

/// Takes the actions of a checkpoint's file.
fn checkpoint(path: &Path, state: &mut State<'_>) -> Result<(), SnapshotError> {
    let broken = |why: String| SnapshotError::Damaged { path: path.display().to_string(), why };
    let columns = FileColumns::read(path)?;
    let wanted: Vec<usize> =
        (0..columns.columns.len()).filter(|at| ACTIONS.contains(&columns.columns[*at].column.name.as_str())).collect();
    let file = File::open(path).map_err(|e| SnapshotError::read(path, e))?;
    let mask = ProjectionMask::roots(columns.metadata.parquet_schema(), wanted.iter().copied());
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, columns.metadata.clone())
        .with_projection(mask)
        .build()
        .map_err(|e| broken(e.to_string()))?;
    for batch in reader {
        let batch = batch.map_err(|e| broken(e.to_string()))?;
        for at in &wanted {
            let own = &columns.columns[*at];
            let Some(array) = batch.column_by_name(&own.column.name) else { continue };
            let (values, _) = convert(array, &own.shape).map_err(|e| broken(e.to_string()))?;
            let Some(cells) = Cells::new(&values) else { continue };
            for text in (0..batch.num_rows()).filter_map(|row| cells.print(row)) {
                let action: Value = serde_json::from_str(&text).map_err(|e| broken(e.to_string()))?;
                state.take(&own.column.name, &action).map_err(|error| {
                    error.unwrap_or_else(|| broken(format!("`{}` is not as it should be", own.column.name)))
                })?;
            }
        }
    }
    Ok(())
}

/// What the actions so far make of a table.
struct State<'a> {
    folder: &'a Path,
    /// By path in the log, the values of its partition.
    files: BTreeMap<String, Map<String, Value>>,
    /// How many files were ever added.
    added: BTreeSet<String>,
    /// Files with a deletion vector.
    vectors: BTreeSet<String>,
    columns: Option<Vec<Column>>,
    partition: Vec<String>,
    mapped: bool,
    features: Vec<String>,
}

impl<'a> State<'a> {
    fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            files: BTreeMap::new(),
            added: BTreeSet::new(),
            vectors: BTreeSet::new(),
            columns: None,
            partition: Vec::new(),
            mapped: false,
            features: Vec::new(),
        }
    }

    fn refuse(&self, why: &str) -> SnapshotError {
        SnapshotError::Unsupported { path: self.folder.display().to_string(), why: format!("as a Delta table, {why}") }
    }

    /// Takes an action. Without an error of its own, it is not as it should be.
    fn take(&mut self, name: &str, action: &Value) -> Result<(), Option<SnapshotError>> {
        let text = |key: &str| action.get(key).and_then(Value::as_str).map(str::to_owned);
        let given = |key: &str| action.get(key).filter(|value| !value.is_null());
        match name {
            "add" => {
                let path = text("path").ok_or(None)?;
                let values = given("partitionValues").and_then(Value::as_object).cloned().unwrap_or_default();
                if given("deletionVector").is_some() {
                    self.vectors.insert(path.clone());
                } else {
                    self.vectors.remove(&path);
                }
                self.added.insert(path.clone());
                self.files.insert(path, values);
            }
            "remove" => {
                let path = text("path").ok_or(None)?;
                self.files.remove(&path);
                self.vectors.remove(&path);
            }
            "metaData" => {
                self.columns = Some(columns(&text("schemaString").ok_or(None)?).ok_or(None)?);
                let names = given("partitionColumns").and_then(Value::as_array).into_iter().flatten();
                self.partition = names.filter_map(Value::as_str).map(str::to_owned).collect();
                let mode = given("configuration").and_then(|all| all.get("delta.columnMapping.mode"));
                self.mapped = mode.and_then(Value::as_str).is_some_and(|mode| mode != "none");
            }
            "protocol" => {
                let version = action.get("minReaderVersion").and_then(Value::as_u64).ok_or(None)?;
                if version > 3 {
                    return Err(Some(self.refuse(&format!("it is of reader version {version}, which is not known"))));
                }
                let names = given("readerFeatures").and_then(Value::as_array).into_iter().flatten();
                self.features = names.filter_map(Value::as_str).map(str::to_owned).collect();
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, version: u64) -> Result<Found, SnapshotError> {
        if let Some(feature) = self.features.iter().find(|name| !FEATURES.contains(&name.as_str())) {
            return Err(
                self.refuse(&format!("it uses `{feature}`, which is not known: write its rows to Parquet files"))
            );
        }
        if self.mapped {
            return Err(self.refuse(
                "it maps its columns to other names in its files: write its rows to Parquet files and name those",
            ));
        }
        if !self.vectors.is_empty() {
            let why = "it has deletion vectors, by which rows of its files are gone: run REORG TABLE … APPLY (PURGE), \
                       or write its rows to Parquet files and name those";
            return Err(self.refuse(why));
        }
        let Some(columns) = self.columns.clone() else {
            return Err(self.refuse("its log says nothing of its columns"));
        };
        let mut sources = Vec::with_capacity(self.files.len());
        for (path, values) in &self.files {
            let place = self.place(path)?;
            let constant = |name: &String| {
                // An empty text is how NULL is written there.
                let value = values.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
                Constant { name: name.clone(), value: value.map(str::to_owned) }
            };
            sources.push(PartSource { path: place, constants: self.partition.iter().map(constant).collect() });
        }
        let (live, all) = (sources.len(), self.added.len());
        let files = if all == 1 { "file" } else { "files" };
        let notes = vec![format!("a Delta table, read as of version {version}: {live} of {all} {files} in its log")];
        Ok(Found { sources, columns: Some(columns), notes })
    }

    /// Where a file is.
    fn place(&self, path: &str) -> Result<PathBuf, SnapshotError> {
        let path = percent_decoded(path);
        let own = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
        if own && !path.contains("://") && !path.starts_with("file:") {
            Ok(self.folder.join(path))
        } else {
            Err(self.refuse(&format!("it has a file outside of its folder ({path}): write its rows to Parquet files")))
        }
    }
}
