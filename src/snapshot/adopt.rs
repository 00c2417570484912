//! Takes what is frozen already: snapshot folders, and Parquet files that anyone wrote.

use super::error::SnapshotError;
use super::filter::RowFilter;
use super::index::{Index, IndexPlace, IndexSplit, IndexWriter, splits_for};
use super::manifest::Manifest;
use super::parts::{Parts, parquet_files};
use super::recipe::Recipe;
use super::{Progress, Snapshot};
use crate::endpoint::Interrupt;
use crate::table::TableInfo;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Opens a snapshot folder.
///
/// # Errors
/// If it has no manifest, or a file of it is missing or damaged.
pub fn open_snapshot(folder: &Path) -> Result<Snapshot, SnapshotError> {
    let manifest = Manifest::read(folder)?;
    let files: Vec<_> = manifest.parts.iter().map(|name| folder.join(name)).collect();
    let parts = Parts::open(&files, Some(&manifest.table.columns))?;
    if parts.rows() != manifest.rows {
        let why = format!("its manifest says {} rows, its files have {}", manifest.rows, parts.rows());
        return Err(SnapshotError::Damaged { path: folder.display().to_string(), why });
    }
    let index = match &manifest.recipe {
        Some(recipe) if !manifest.index.is_empty() && manifest.index.len().is_power_of_two() => {
            let files: Vec<_> = manifest.index.iter().map(|name| folder.join(name)).collect();
            if let Some(missing) = files.iter().find(|file| !file.is_file()) {
                return Err(SnapshotError::read(missing, "the manifest names it, but it is not there"));
            }
            let splits = files.into_iter().map(IndexSplit::File).collect();
            Some(Index { splits, rows: manifest.rows, softened: recipe.softened.len() })
        }
        _ => None,
    };
    Ok(Snapshot { manifest, parts, index })
}

/// Opens Parquet files as they are.
///
/// # Errors
/// If a file is missing or is no Parquet file.
pub fn adopt_parquet(path: &Path) -> Result<Snapshot, SnapshotError> {
    let files = parquet_files(path)?;
    let parts = Parts::open(&files, None)?;
    let mut manifest = Manifest::new(path.display().to_string(), parts.columns().to_vec(), &TableInfo::default());
    manifest.rows = parts.rows();
    manifest.table.estimated_rows = Some(parts.rows());
    manifest.consistency = "files read as they are".to_owned();
    Ok(Snapshot { manifest, parts, index: None })
}

/// Bytes that one row of an index takes in memory.
const INDEX_ROW: u64 = 48;

/// How an index of frozen rows is made.
pub struct IndexOptions<'a> {
    /// Only rows that this chooses.
    pub filter: Option<&'a RowFilter>,
    /// A folder for it, if it does not fit in memory.
    pub folder: &'a Path,
    /// Bytes of memory to stay under.
    pub memory: usize,
    /// Set when the person interrupts.
    pub interrupt: &'a Interrupt,
    /// Told how far it is.
    pub progress: &'a dyn Progress,
}

/// Makes an index of frozen rows.
///
/// # Errors
/// If reading or writing fails, or the person interrupts.
pub fn index_parts(parts: &Parts, recipe: &Recipe, options: &IndexOptions<'_>) -> Result<Index, SnapshotError> {
    let IndexOptions { filter, folder, memory, interrupt, progress } = *options;
    // A filter may look at any column, the index only at its own.
    let projection: Vec<usize> = (0..parts.columns().len())
        .filter(|i| {
            let name = &parts.columns()[*i].name;
            filter.is_some() || recipe.key.iter().chain(&recipe.compared).any(|c| c.name == *name)
        })
        .collect();
    let position = |name: &str| projection.iter().position(|i| parts.columns()[*i].name == name);
    let address = folder.display().to_string();
    let create = |place| IndexWriter::create(place, recipe, &address, splits_for(parts.rows()), &position);
    let in_memory = parts.rows() * INDEX_ROW <= memory as u64 / 4;
    let first = if in_memory {
        create(IndexPlace::Memory)?
    } else {
        std::fs::create_dir_all(folder).map_err(|e| SnapshotError::write(folder, e))?;
        create(IndexPlace::Folder(folder))?
    };
    let hasher = first.hasher();
    // In memory each thread that finds no writer free takes one more, so that none waits.
    let writers = Mutex::new(vec![first]);
    let lock = || writers.lock().unwrap_or_else(PoisonError::into_inner);
    progress.total(parts.rows());
    parts.scan(&projection, &|first, batch| {
        if interrupt.is_set() {
            return Err(SnapshotError::Interrupted);
        }
        let chosen = filter.map(|filter| filter.choose(&batch)).transpose()?;
        let entries = hasher.entries(&batch);
        if in_memory {
            let free = lock().pop();
            let mut writer = free.map_or_else(|| create(IndexPlace::Memory), Ok)?;
            writer.add(&entries, first, chosen.as_ref())?;
            lock().push(writer);
        } else {
            lock().iter_mut().try_for_each(|writer| writer.add(&entries, first, chosen.as_ref()))?;
        }
        progress.advance(batch.rows.num_rows() as u64);
        Ok(())
    })?;
    let writers = writers.into_inner().unwrap_or_else(PoisonError::into_inner);
    let indexes = writers.into_iter().map(IndexWriter::finish).collect::<Result<Vec<_>, _>>()?;
    Ok(Index::joined(indexes))
}
