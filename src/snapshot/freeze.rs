//! Freezes a live table: its export, its rows on disk and its index, in one pass.

use super::error::SnapshotError;
use super::filter::RowFilter;
use super::index::{IndexPlace, IndexWriter, splits_for};
use super::manifest::Manifest;
use super::parts::Parts;
use super::recipe::Recipe;
use super::rows::RowsWriter;
use super::{Progress, Snapshot};
use crate::endpoint::{Endpoint, ExportBatch, ExportRequest, Exported, Interrupt, Sink, Stopped, Turn};
use crate::table::{Column, TableInfo};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches between the export and the writer: enough to keep both busy.
const IN_FLIGHT: usize = 4;

/// How to freeze.
pub struct FreezeOptions<'a> {
    /// The address, masked, for the manifest and errors.
    pub address: String,
    /// The index to make; `None` while the key is not known.
    pub recipe: Option<&'a Recipe>,
    /// A condition that the endpoint does not evaluate itself.
    pub filter: Option<RowFilter>,
    /// The condition as given, for the manifest.
    pub filter_text: Option<String>,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
    /// Told how far it is.
    pub progress: &'a dyn Progress,
}

/// Exports a live table into `folder`, which must exist and be empty.
///
/// # Errors
/// If the export fails or is not whole, or a file can't be written. The folder then has no
/// manifest.
pub fn freeze(
    endpoint: &dyn Endpoint,
    info: &TableInfo,
    request: &ExportRequest,
    options: FreezeOptions<'_>,
    folder: &Path,
) -> Result<Snapshot, SnapshotError> {
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    let expected = AtomicU64::new(info.estimated_rows.unwrap_or(0));
    let sink =
        Channel { sender, expected: &expected, interrupt: options.interrupt.clone(), progress: options.progress };
    let (written, exported) = std::thread::scope(|scope| {
        let export = scope.spawn(move || endpoint.export(request, &sink));
        let written = write_all(&receiver, &options, &request.columns, folder, &expected);
        // Whoever still sends learns that nobody takes.
        drop(receiver);
        let exported = export.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (written, exported)
    });
    if options.interrupt.is_set() {
        return Err(SnapshotError::Interrupted);
    }
    // What broke the writer also stopped the export, so the writer's error is the cause.
    let mut written = written?;
    let Exported { rows, counted, consistency } = exported?;
    if let Some(counted) = counted.filter(|counted| *counted != rows || written.arrived != rows) {
        return Err(SnapshotError::Incomplete { address: options.address, rows: written.arrived.min(rows), counted });
    }
    if written.arrived != rows {
        return Err(SnapshotError::Incomplete { address: options.address, rows: written.arrived, counted: rows });
    }
    written.manifest.consistency = consistency;
    written.manifest.counted = counted;
    complete(written, info, options, folder)
}

/// Copies rows that are frozen elsewhere into `folder`, which must exist and be empty.
///
/// # Errors
/// As [`freeze`].
pub fn freeze_parts(
    parts: &Parts,
    info: &TableInfo,
    columns: &[Column],
    options: FreezeOptions<'_>,
    folder: &Path,
) -> Result<Snapshot, SnapshotError> {
    let projection: Vec<usize> = columns.iter().filter_map(|c| parts.position(&c.name)).collect();
    let expected = AtomicU64::new(parts.rows());
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    let sink =
        Channel { sender, expected: &expected, interrupt: options.interrupt.clone(), progress: options.progress };
    sink.expect(parts.rows());
    let (written, read) = std::thread::scope(|scope| {
        let read = scope.spawn(move || {
            parts.each(&projection, &mut |batch| sink.send(batch).map_err(|Stopped| SnapshotError::Interrupted))
        });
        let written = write_all(&receiver, &options, columns, folder, &expected);
        drop(receiver);
        (written, read.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    if options.interrupt.is_set() {
        return Err(SnapshotError::Interrupted);
    }
    let mut written = written?;
    read?;
    if written.arrived != parts.rows() {
        let (rows, counted) = (written.arrived, parts.rows());
        return Err(SnapshotError::Incomplete { address: options.address, rows, counted });
    }
    written.manifest.consistency = "files read once".to_owned();
    complete(written, info, options, folder)
}

/// Freezes rows that were read one by one, into `folder`, which must exist and be empty.
///
/// # Errors
/// As [`freeze`].
pub fn freeze_batches(
    batches: Vec<ExportBatch>,
    info: &TableInfo,
    columns: &[Column],
    options: FreezeOptions<'_>,
    folder: &Path,
) -> Result<Snapshot, SnapshotError> {
    let rows: u64 = batches.iter().map(|batch| batch.rows.num_rows() as u64).sum();
    let expected = AtomicU64::new(rows);
    let (sender, receiver) = sync_channel(batches.len());
    for batch in batches {
        // There is room for all of them.
        let _ = sender.send(batch);
    }
    drop(sender);
    let mut written = write_all(&receiver, &options, columns, folder, &expected)?;
    written.manifest.consistency = "rows read one by one".to_owned();
    complete(written, info, options, folder)
}

struct Written {
    manifest: Manifest,
    index: Option<super::Index>,
    /// Rows before the filter.
    arrived: u64,
}

fn complete(
    mut written: Written,
    info: &TableInfo,
    options: FreezeOptions<'_>,
    folder: &Path,
) -> Result<Snapshot, SnapshotError> {
    written.manifest.address = options.address;
    written.manifest.filter = options.filter_text;
    let columns = std::mem::take(&mut written.manifest.table.columns);
    written.manifest.table = TableInfo { columns, ..info.clone() };
    written.manifest.write(folder)?;
    let files: Vec<_> = written.manifest.parts.iter().map(|sum| folder.join(&sum.name)).collect();
    let parts = Parts::open(&files, &written.manifest.table.columns)?;
    Ok(Snapshot { manifest: written.manifest, parts, index: written.index })
}

fn write_all(
    batches: &Receiver<ExportBatch>,
    options: &FreezeOptions<'_>,
    columns: &[Column],
    folder: &Path,
    expected: &AtomicU64,
) -> Result<Written, SnapshotError> {
    const FILE: &str = "rows-0.parquet";
    let kept = options.filter.as_ref().map(|filter| filter.kept(columns));
    let columns = kept.as_deref().unwrap_or(columns);
    let mut part = RowsWriter::create(&folder.join(FILE), columns)?;
    let mut index: Option<IndexWriter> = None;
    let (mut arrived, mut rows) = (0u64, 0u64);
    let open_index = || {
        options
            .recipe
            .map(|recipe| {
                let splits = splits_for(expected.load(Ordering::Relaxed));
                let position = |name: &str| columns.iter().position(|c| c.name == name);
                IndexWriter::create(IndexPlace::Folder(folder), recipe, &options.address, splits, &position)
            })
            .transpose()
    };
    for batch in batches {
        arrived += batch.rows.num_rows() as u64;
        let batch = match &options.filter {
            Some(filter) => filter.apply(&batch)?,
            None => batch,
        };
        if index.is_none() {
            index = open_index()?;
        }
        let mut write = || part.write(&batch);
        let mut add = || {
            index.as_mut().map_or(Ok(()), |index| {
                let entries = index.hasher().entries(&batch);
                index.add(&entries, rows, None)
            })
        };
        let turn = Turn::for_bytes(batch.rows.get_array_memory_size());
        let (wrote, indexed) = if turn.is_some() { (write(), add()) } else { rayon::join(write, add) };
        wrote?;
        indexed?;
        rows += batch.rows.num_rows() as u64;
        options.progress.advance(batch.rows.num_rows() as u64);
    }
    let mut manifest = part.finish()?;
    if index.is_none() {
        index = open_index()?;
    }
    let index = index.map(IndexWriter::finish).transpose()?;
    manifest.recipe = options.recipe.cloned();
    manifest.index = index.as_ref().map(|index| index.sums.clone()).unwrap_or_default();
    Ok(Written { manifest, index, arrived })
}

struct Channel<'a> {
    sender: SyncSender<ExportBatch>,
    expected: &'a AtomicU64,
    interrupt: Interrupt,
    progress: &'a dyn Progress,
}

impl Sink for Channel<'_> {
    fn expect(&self, rows: u64) {
        self.expected.store(rows, Ordering::Relaxed);
        self.progress.total(rows);
    }

    fn stopped(&self) -> bool {
        self.interrupt.is_set()
    }

    fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
        if self.interrupt.is_set() {
            return Err(Stopped);
        }
        self.sender.send(batch).map_err(|_| Stopped)
    }
}
