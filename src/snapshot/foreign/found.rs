//! Finds the files of a Parquet table.

use super::file::plain;
use super::layout::{file_name, some};
use super::{Constant, PartSource, delta, hive};
use crate::snapshot::error::SnapshotError;
use crate::table::Column;
use std::path::{Path, PathBuf};

/// Folders in folders: more are a circle of links.
const DEEPEST: usize = 64;

/// The files of a table.
#[derive(Clone, Debug, Default)]
pub(in crate::snapshot) struct Found {
    /// In their order.
    pub(in crate::snapshot) sources: Vec<PartSource>,
    /// The table's columns, where something beside the files says them.
    pub(in crate::snapshot) columns: Option<Vec<Column>>,
    /// What a person should know.
    pub(in crate::snapshot) notes: Vec<String>,
}

/// The Parquet files of an address: a file, the parts of a folder, or a glob over one folder.
///
/// # Errors
/// If there are none, a folder can't be read, or it is a table of a kind that can't be read.
pub(in crate::snapshot) fn find(path: &Path) -> Result<Found, SnapshotError> {
    let name = file_name(path);
    if path.is_file() || !path.is_dir() && !name.contains(['*', '?']) {
        return Ok(Found { sources: vec![path.to_owned().into()], ..Found::default() });
    }
    let mut walk = Walk::default();
    if path.is_dir() {
        if path.join(delta::LOG).is_dir() {
            return delta::find(path);
        }
        refuse(path)?;
        refuse_part(path)?;
        walk.folder(path, None, &[], 0)?;
    } else {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if parent.join(delta::LOG).is_dir() {
            return Err(SnapshotError::Unsupported {
                path: path.display().to_string(),
                why: "its files are those of a Delta table, old ones among them: name the folder".to_owned(),
            });
        }
        refuse(parent)?;
        refuse_part(parent)?;
        walk.folder(parent, Some(&name), &[], 0)?;
    }
    if walk.sources.is_empty() {
        let below = match walk.subfolders.as_slice() {
            [] => String::new(),
            names => format!("; there are some in its subfolders ({}): name one of them", some(names)),
        };
        return Err(SnapshotError::read(path, format!("no Parquet file matches{below}")));
    }
    let mut notes = Vec::new();
    if !walk.passed.is_empty() {
        notes.push(format!("not read, as they are no Parquet files of the table: {}", some(&walk.passed)));
    }
    if !walk.subfolders.is_empty() {
        let names = some(&walk.subfolders);
        notes.push(format!("not read, as only folders named column=value are: the Parquet files in {names}"));
    }
    Ok(Found { sources: walk.sources, columns: None, notes })
}

/// Folders somewhere below such a table, or a Delta table: their files are not all valid either.
fn refuse_part(folder: &Path) -> Result<(), SnapshotError> {
    // A path that has no such form is read as it is.
    let Ok(whole) = folder.canonicalize() else { return Ok(()) };
    for table in whole.ancestors().skip(1) {
        let kind = if table.join(delta::LOG).is_dir() { Some("a Delta") } else { kind(table) };
        if let Some(kind) = kind {
            return Err(SnapshotError::Unsupported {
                path: folder.display().to_string(),
                why: format!(
                    "it is a part of {kind} table, {}, and old files may lie beside those that are valid: name the \
                     table's folder, or single files",
                    table.display()
                ),
            });
        }
    }
    Ok(())
}

/// What kind of table a folder is of which not every Parquet file is a part, but for Delta.
fn kind(folder: &Path) -> Option<&'static str> {
    let iceberg = entries(&folder.join("metadata")).is_ok_and(|all| {
        all.iter().any(|path| {
            let name = file_name(path);
            name.ends_with(".metadata.json") || name.ends_with(".metadata.json.gz")
        })
    });
    match (iceberg, folder.join(".hoodie").is_dir()) {
        (true, _) => Some("an Iceberg"),
        (_, true) => Some("a Hudi"),
        _ => None,
    }
}

/// Tables of which not every Parquet file is a part.
fn refuse(folder: &Path) -> Result<(), SnapshotError> {
    let Some(kind) = kind(folder) else { return Ok(()) };
    Err(SnapshotError::Unsupported {
        path: folder.display().to_string(),
        why: format!(
            "it is {kind} table, in whose folder old files lie beside those that are valid: write its rows to \
             Parquet files with a tool that knows it, and name those"
        ),
    })
}

/// What is in a folder, by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let failed = |e: std::io::Error| SnapshotError::read(folder, plain(&e));
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    all.sort();
    Ok(all)
}

/// Folders that are looked into for a note only, in all: above a large tree it would take for ever.
const LOOKS: usize = 1000;

/// What was found on the way through a folder.
#[derive(Default)]
struct Walk {
    /// Folders that were looked into for a note only.
    looks: usize,
    sources: Vec<PartSource>,
    passed: Vec<String>,
    /// Folders that are not read, and have Parquet files.
    subfolders: Vec<String>,
}

impl Walk {
    fn folder(
        &mut self,
        folder: &Path,
        pattern: Option<&str>,
        constants: &[Constant],
        depth: usize,
    ) -> Result<(), SnapshotError> {
        if depth > DEEPEST {
            return Err(SnapshotError::read(folder, "folders in folders without an end"));
        }
        for path in entries(folder)? {
            let name = file_name(&path);
            if pattern.is_some_and(|pattern| !matches(pattern.as_bytes(), name.as_bytes())) {
                continue;
            }
            let hidden =
                name.starts_with(['.', '_']) && !pattern.is_some_and(|pattern| pattern.starts_with(['.', '_']));
            if !path.is_dir() {
                if !hidden && (is_parquet(&path) || pattern.is_some()) {
                    self.sources.push(PartSource { path, constants: constants.to_vec() });
                } else {
                    self.passed.push(name);
                }
                continue;
            }
            match hive::constant(&name).filter(|_| !hidden) {
                Some(constant) => {
                    let constants: Vec<Constant> = constants.iter().cloned().chain([constant]).collect();
                    self.folder(&path, None, &constants, depth + 1)?;
                }
                None if !hidden && has_parquet(&path, depth, &mut self.looks) => {
                    self.subfolders.push(format!("{name}/"))
                }
                None => self.passed.push(format!("{name}/")),
            }
        }
        Ok(())
    }
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet") || end.eq_ignore_ascii_case("pq"))
}

/// Whether there are Parquet files in a folder, or below it, as far as is looked.
fn has_parquet(folder: &Path, depth: usize, looks: &mut usize) -> bool {
    if depth >= DEEPEST || *looks >= LOOKS {
        return false;
    }
    *looks += 1;
    let all = entries(folder).unwrap_or_default();
    all.iter().any(|path| is_parquet(path) && !path.is_dir())
        || all.iter().any(|path| path.is_dir() && has_parquet(path, depth + 1, looks))
}

/// Whether a name fits a pattern of `*` and `?`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.first(), name.first()) {
        (None, None) => true,
        (Some(b'*'), _) => matches(&pattern[1..], name) || !name.is_empty() && matches(pattern, &name[1..]),
        (Some(b'?'), Some(_)) => matches(&pattern[1..], &name[1..]),
        (Some(a), Some(b)) if a == b => matches(&pattern[1..], &name[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_fit_whole_names() {
        let fits = |pattern: &str, name: &str| super::matches(pattern.as_bytes(), name.as_bytes());
        assert!(fits("*.parquet", "a.parquet") && fits("part-?.p*", "part-1.parquet"));
        assert!(!fits("*.parquet", "a.parquet.tmp") && !fits("?", ""));
    }
}
