//! Takes what is frozen already: snapshot folders, and Parquet files that anyone wrote.

use super::error::SnapshotError;
use super::file_hash::{FileSum, check_all};
use super::filter::RowFilter;
use super::foreign::{Found, find};
use super::index::{Entries, Hasher, Index, IndexPlace, IndexSplit, IndexWriter, splits_for};
use super::manifest::Manifest;
use super::other::other_column;
use super::parts::Parts;
use super::recipe::Recipe;
use super::{Progress, Snapshot};
use crate::endpoint::{ExportBatch, Interrupt};
use crate::table::TableInfo;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Opens a snapshot folder. All of its files are read for it, to see that they are as they were
/// written.
///
/// # Errors
/// If it has no manifest, or a file of it is missing or damaged.
pub fn open_snapshot(folder: &Path) -> Result<Snapshot, SnapshotError> {
    let manifest = Manifest::read(folder)?;
    check_all(folder, &manifest.parts)?;
    check_all(folder, &manifest.index)?;
    open_checked(folder, manifest)
}

/// The same, where somebody else has seen that all files are as they were written.
///
/// # Errors
/// As [`open_snapshot`].
pub fn open_trusted_snapshot(folder: &Path) -> Result<Snapshot, SnapshotError> {
    open_checked(folder, Manifest::read(folder)?)
}

fn open_checked(folder: &Path, manifest: Manifest) -> Result<Snapshot, SnapshotError> {
    let places = |sums: &[FileSum]| sums.iter().map(|sum| sum.place(folder)).collect::<Result<Vec<_>, _>>();
    let columns = &manifest.table.columns;
    let other = manifest.other.clone().unwrap_or_else(|| other_column(columns));
    let parts = Parts::open_own(&places(&manifest.parts)?, columns, other)?;
    if parts.rows() != manifest.rows {
        let why = format!("its manifest says {} rows, its files have {}", manifest.rows, parts.rows());
        return Err(SnapshotError::Damaged { path: folder.display().to_string(), why });
    }
    let index = match &manifest.recipe {
        Some(recipe) if !manifest.index.is_empty() && manifest.index.len().is_power_of_two() => {
            let splits = places(&manifest.index)?.into_iter().map(IndexSplit::File).collect();
            Some(Index { splits, sums: manifest.index.clone(), rows: manifest.rows, softened: recipe.hashes() })
        }
        _ => None,
    };
    Ok(Snapshot { manifest, parts, index })
}

/// Opens Parquet files as they are.
///
/// # Errors
/// If a file is missing or is no Parquet file that can be read.
pub fn adopt_parquet(path: &Path) -> Result<Snapshot, SnapshotError> {
    let (parts, notes) = match own_part(path)? {
        Some(parts) => (parts, Vec::new()),
        None => {
            let Found { sources, columns, mut notes } = find(path)?;
            let (parts, more) = Parts::open_foreign(&sources, columns.as_deref())?;
            notes.extend(more);
            (parts, notes)
        }
    };
    let mut manifest = Manifest::new(path.display().to_string(), parts.columns().to_vec(), &TableInfo::default());
    manifest.rows = parts.rows();
    manifest.other = None;
    manifest.table.estimated_rows = Some(parts.rows());
    manifest.table.notes = notes;
    manifest.consistency = "files read as they are".to_owned();
    Ok(Snapshot { manifest, parts, index: None })
}

/// The rows of a file that a snapshot beside it tells of: read as the snapshot's, or the column that
/// carries what typed ones can't hold would be one of the table's.
fn own_part(path: &Path) -> Result<Option<Parts>, SnapshotError> {
    let Some((folder, name)) = path.parent().zip(path.file_name()).filter(|_| path.is_file()) else { return Ok(None) };
    // Some other program's manifest tells nothing of it.
    let Ok(manifest) = Manifest::read(folder) else { return Ok(None) };
    let Some(sum) = manifest.parts.iter().find(|sum| name == sum.name.as_str()) else { return Ok(None) };
    let columns = &manifest.table.columns;
    let other = manifest.other.clone().unwrap_or_else(|| other_column(columns));
    Parts::open_own(&[sum.check_in(folder)?], columns, other).map(Some)
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
