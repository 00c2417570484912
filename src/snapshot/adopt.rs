//! Takes what is frozen already: snapshot folders, and Parquet files that anyone wrote.

use super::error::SnapshotError;
use super::filter::RowFilter;
use super::index::{Entries, Hasher, Index, IndexPlace, IndexSplit, IndexWriter, splits_for};
use super::manifest::Manifest;
use super::parts::{Parts, parquet_files};
use super::recipe::Recipe;
use super::{Progress, Snapshot};
use crate::endpoint::{ExportBatch, Interrupt};
use crate::table::TableInfo;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
            Some(Index { splits, rows: manifest.rows, softened: recipe.hashes() })
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
    let indexing = Indexing::new(parts, recipe, options)?;
    parts.scan(&indexing.projection, &|first, batch| indexing.add(first, &batch).map(|_| ()))?;
    indexing.finish()
}

type Create<'a> = dyn Fn(IndexPlace<'_>) -> Result<IndexWriter, SnapshotError> + Sync + 'a;

/// An index of frozen rows under way.
pub(super) struct Indexing<'a> {
    /// The columns to read.
    pub(super) projection: Vec<usize>,
    options: &'a IndexOptions<'a>,
    create: Box<Create<'a>>,
    hasher: Arc<Hasher>,
    /// In memory each thread that finds no writer free takes one more, so that none waits.
    writers: Mutex<Vec<IndexWriter>>,
    in_memory: bool,
}

impl<'a> Indexing<'a> {
    pub(super) fn new(
        parts: &'a Parts,
        recipe: &'a Recipe,
        options: &'a IndexOptions<'a>,
    ) -> Result<Self, SnapshotError> {
        // A filter may look at any column, the index only at its own.
        let projection: Vec<usize> = (0..parts.columns().len())
            .filter(|i| {
                let name = &parts.columns()[*i].name;
                options.filter.is_some() || recipe.key.iter().chain(&recipe.compared).any(|c| c.name == *name)
            })
            .collect();
        let (columns, folder) = (projection.clone(), options.folder);
        let create = Box::new(move |place: IndexPlace<'_>| {
            let position = |name: &str| columns.iter().position(|i| parts.columns()[*i].name == name);
            IndexWriter::create(place, recipe, &folder.display().to_string(), splits_for(parts.rows()), &position)
        });
        let in_memory = parts.rows() * INDEX_ROW <= options.memory as u64 / 4;
        let first = if in_memory {
            create(IndexPlace::Memory)?
        } else {
            std::fs::create_dir_all(folder).map_err(|e| SnapshotError::write(folder, e))?;
            create(IndexPlace::Folder(folder))?
        };
        options.progress.total(parts.rows());
        Ok(Self { projection, options, create, hasher: first.hasher(), writers: Mutex::new(vec![first]), in_memory })
    }

    /// Adds rows, of which the first is row `first` of the table.
    pub(super) fn add(&self, first: u64, batch: &ExportBatch) -> Result<Entries, SnapshotError> {
        if self.options.interrupt.is_set() {
            return Err(SnapshotError::Interrupted);
        }
        let chosen = self.options.filter.map(|filter| filter.choose(batch)).transpose()?;
        let entries = self.hasher.entries(batch);
        if self.in_memory {
            let free = self.writers().pop();
            let mut writer = free.map_or_else(|| (self.create)(IndexPlace::Memory), Ok)?;
            writer.add(&entries, first, chosen.as_ref())?;
            self.writers().push(writer);
        } else {
            self.writers().iter_mut().try_for_each(|writer| writer.add(&entries, first, chosen.as_ref()))?;
        }
        self.options.progress.advance(batch.rows.num_rows() as u64);
        Ok(entries)
    }

    fn writers(&self) -> MutexGuard<'_, Vec<IndexWriter>> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn finish(self) -> Result<Index, SnapshotError> {
        let writers = self.writers.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Index::joined(writers.into_iter().map(IndexWriter::finish).collect::<Result<_, _>>()?))
    }
}
