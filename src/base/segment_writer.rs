//! Segments under way: in a folder of another name, until all of it is on the disk.

use super::checksum::checksums;
use super::disk::{link, make_folder, rename, sync_files};
use super::file::{BaseSide, VERSION, write_json};
use super::numbers::{Numbers, NumbersWriter};
use super::pair::{BasePair, GONE, LINKS, Torn, gone_numbers};
use super::rows::identity_columns;
use super::segment::{
    GONE_FILE, LINKS_FILE, OPEN_FILES, SEGMENT, SEGMENTS, SIDES, SegmentFile, TORN_FILE, UNCLEAR_FILE, unfinished,
};
use crate::endpoint::ExportBatch;
use crate::snapshot::{Manifest, RowsWriter, SnapshotError};
use std::path::{Path, PathBuf};

/// The one file of rows that were written.
const ROWS: &str = "rows-0.parquet";
/// Pairs written at once.
const BATCH: usize = 64 * 1024;

/// A segment's folder that is not whole yet.
pub struct Draft {
    place: PathBuf,
    folder: PathBuf,
    links: u64,
}

impl Draft {
    fn new(state: &Path, name: &str) -> Result<Self, SnapshotError> {
        let segments = state.join(SEGMENTS);
        let folder = segments.join(unfinished(name));
        SIDES.iter().try_for_each(|side| make_folder(&folder.join(side)))?;
        Ok(Self { place: segments.join(name), folder, links: 0 })
    }

    /// The rows of two snapshot folders and the links between them; `None` if nothing is linked.
    ///
    /// # Errors
    /// If reading or writing fails, or a snapshot is not whole.
    pub fn frozen(
        state: &Path,
        name: &str,
        snapshots: [&Path; 2],
        links: &Path,
    ) -> Result<Option<Self>, SnapshotError> {
        let count = Numbers::open(links, LINKS)?.rows();
        if count == 0 {
            return Ok(None);
        }
        let mut out = Self::new(state, name)?;
        out.links = count;
        for (snapshot, side) in snapshots.into_iter().zip(SIDES) {
            let folder = out.folder.join(side);
            let manifest = Manifest::read(snapshot)?;
            for part in &manifest.parts {
                // What the base says from now on is what was frozen, not what became of it.
                let place = part.check_in(snapshot)?;
                link(&place, &folder.join(&part.name))?;
            }
            Manifest { recipe: None, index: Vec::new(), ..manifest }.write(&folder)?;
        }
        link(links, &out.folder.join(LINKS_FILE))?;
        Ok(Some(out))
    }

    /// Completes the segment. From then on it has its name.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(
        self,
        sides: &[BaseSide; 2],
        gone: &[BasePair],
        open: &[Option<ExportBatch>; 2],
        torn: &[Torn],
    ) -> Result<(), SnapshotError> {
        let mut file = SegmentFile { version: VERSION, links: self.links, ..SegmentFile::default() };
        if !gone.is_empty() {
            let mut writer = NumbersWriter::create(&self.folder.join(GONE_FILE), GONE)?;
            for pairs in gone.chunks(BATCH) {
                writer.write(pairs.iter().map(|pair| gone_numbers(&pair.ids)))?;
            }
            file.gone = writer.finish()?;
        }
        for (name, unclear, rows) in [(TORN_FILE, false, &mut file.torn), (UNCLEAR_FILE, true, &mut file.unclear)] {
            let own: Vec<&Torn> = torn.iter().filter(|torn| torn.unclear == unclear).collect();
            if own.is_empty() {
                continue;
            }
            let mut writer = NumbersWriter::create(&self.folder.join(name), GONE)?;
            for pairs in own.chunks(BATCH) {
                writer.write(pairs.iter().map(|torn| gone_numbers(&torn.ids)))?;
            }
            *rows = writer.finish()?;
        }
        for (side, batch) in open.iter().enumerate() {
            let Some(batch) = batch else { continue };
            let path = self.folder.join(OPEN_FILES[side]);
            let columns = identity_columns(&sides[side].table, &sides[side].identity, &path)?;
            let mut writer = RowsWriter::create(&path, &columns)?;
            writer.write(batch)?;
            file.open[side] = Some(writer.finish()?.rows);
        }
        file.checksums = checksums(&self.folder, SEGMENT)?;
        write_json(&self.folder.join(SEGMENT), &file)?;
        sync_files(&self.folder)?;
        rename(&self.folder, &self.place)
    }
}

/// A segment of rows that were written.
pub struct SegmentWriter {
    draft: Draft,
    rows: [RowsWriter; 2],
    links: NumbersWriter<8>,
}

impl SegmentWriter {
    /// Begins one for rows over all columns of these tables.
    ///
    /// # Errors
    /// If files can't be created.
    pub fn create(state: &Path, name: &str, sides: &[BaseSide; 2]) -> Result<Self, SnapshotError> {
        let draft = Draft::new(state, name)?;
        let rows =
            |side: usize| RowsWriter::create(&draft.folder.join(SIDES[side]).join(ROWS), &sides[side].table.columns);
        let rows = [rows(0)?, rows(1)?];
        let links = NumbersWriter::create(&draft.folder.join(LINKS_FILE), LINKS)?;
        Ok(Self { draft, rows, links })
    }

    /// Adds rows, left and right, and the keys and identities that they have.
    ///
    /// # Errors
    /// If writing fails.
    pub fn add(&mut self, rows: [&ExportBatch; 2], pairs: &[BasePair]) -> Result<(), SnapshotError> {
        if pairs.is_empty() {
            return Ok(());
        }
        self.rows.iter_mut().zip(rows).try_for_each(|(writer, rows)| writer.write(rows))?;
        let first = self.draft.links;
        let placed = |(row, pair): (usize, &BasePair)| BasePair { rows: [first + row as u64; 2], ..*pair }.numbers();
        self.links.write(pairs.iter().enumerate().map(placed))?;
        self.draft.links += pairs.len() as u64;
        Ok(())
    }

    /// Completes the rows and links.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self, sides: &[BaseSide; 2]) -> Result<Draft, SnapshotError> {
        for ((writer, name), side) in self.rows.into_iter().zip(SIDES).zip(sides) {
            let manifest = writer.finish()?;
            let columns = manifest.table.columns.clone();
            let table = crate::table::TableInfo { columns, ..side.table.clone() };
            let consistency = "rows as they were stored when they were written".to_owned();
            let (address, filter) = (side.address.clone(), side.filter.clone());
            Manifest { address, filter, consistency, table, ..manifest }.write(&self.draft.folder.join(name))?;
        }
        self.links.finish()?;
        Ok(self.draft)
    }
}
