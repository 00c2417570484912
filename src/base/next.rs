//! Writing the next base.

use super::disk::{damaged, make_folder};
use super::file::{BASE, BaseFile, VERSION};
use super::find::Base;
use super::linker::Linker;
use super::pair::{BasePair, Torn};
use super::place::{put_in_place, sweep};
use super::seen::Seen;
use super::segment::{SEGMENTS, SIDES};
use super::segment_writer::{Draft, SegmentWriter};
use crate::endpoint::ExportBatch;
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::Fingerprint;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

/// Rows that are settled because they were written: row by row the left and the right one, over all
/// columns of each table.
#[derive(Clone, Debug)]
pub struct PairedRows {
    /// Left and right, with as many rows.
    pub rows: [ExportBatch; 2],
}

/// The next base, put together.
pub struct Next<'a> {
    /// The state folder.
    pub state: &'a Path,
    /// What it is of; its version, id, time, segments and pairs are filled in here.
    pub file: BaseFile,
    /// How the unique key's fingerprints are made, left and right.
    pub recipes: &'a [Recipe; 2],
    /// Of a run that read only what changed: the base that stays, under what is new.
    pub on: Option<&'a Base>,
    /// The snapshot folders of both sides and the links between their rows
    /// ([`write_links`](super::write_links)). The files are linked into the state folder, or copied.
    pub frozen: Option<([&'a Path; 2], &'a Path)>,
    /// Pairs of `on` that no longer hold.
    pub gone: &'a [BasePair],
    /// The identities of each side's rows that are not settled, over the identity's columns.
    pub open: [Option<ExportBatch>; 2],
    /// The identities of rows that are both there and not settled, and that are no pair of `on` either.
    pub torn: &'a [Torn],
}

impl Next<'_> {
    /// Writes it, and makes it the base of the folder: the one that was there becomes the previous
    /// one, unless it was made by the same plan, whose previous one stays. `written` hands over the rows that were written until it has none left. Rows with a NULL
    /// in the key or the identity are left out.
    ///
    /// # Errors
    /// If reading or writing fails; the base that was there stays then.
    pub fn write(
        self,
        written: &mut dyn FnMut() -> Result<Option<PairedRows>, SnapshotError>,
    ) -> Result<Base, SnapshotError> {
        let state = self.state;
        let base = self.write_segments(written).and_then(|base| {
            put_in_place(state, &base.file)?;
            Ok(base)
        });
        sweep(state);
        base
    }

    fn write_segments(
        mut self,
        written: &mut dyn FnMut() -> Result<Option<PairedRows>, SnapshotError>,
    ) -> Result<Base, SnapshotError> {
        make_folder(&self.state.join(SEGMENTS))?;
        self.check_on()?;
        self.file.version = VERSION;
        self.file.id = new_id();
        self.file.written_by = concat!("trueup ", env!("CARGO_PKG_VERSION")).to_owned();
        self.file.written_at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let kept = self.on.into_iter().flat_map(|on| on.file.segments.iter().zip(&on.segments));
        let mut segments: Vec<String> =
            kept.filter(|(_, segment)| segment.is_needed()).map(|(name, _)| name.clone()).collect();
        segments.extend(NewSegments::new(&self)?.write(written)?);
        self.file.segments = segments;
        // Opened as it will be opened, before anything depends on it.
        Base::of(self.state, self.file)
    }

    /// Fingerprints of other columns, or of other types, would say nothing of these rows.
    fn check_on(&self) -> Result<(), SnapshotError> {
        let Some(on) = self.on else { return Ok(()) };
        for (side, (old, new)) in on.file.sides.iter().zip(&self.file.sides).enumerate() {
            let ty = |table: &crate::table::TableInfo, name: &String| {
                table.columns.iter().find(|column| column.name == *name).map(|column| column.ty.clone())
            };
            let same = old.identity == new.identity
                && old.key == new.key
                && old.identity.iter().all(|name| ty(&old.table, name) == ty(&new.table, name));
            if !same {
                let why = format!("the {} side's keys are others than before", SIDES[side]);
                return Err(damaged(&on.folder.join(BASE), why));
            }
        }
        Ok(())
    }
}

/// The segments that a base adds.
struct NewSegments<'n, 'a> {
    next: &'n Next<'a>,
    linkers: [Linker; 2],
    /// Those that are whole.
    names: Vec<String>,
    current: Option<SegmentWriter>,
    /// The identities in the current one; half of a fingerprint is enough, since a wrong hit does
    /// no more than begin another segment.
    seen: [Seen; 2],
}

impl<'n, 'a> NewSegments<'n, 'a> {
    fn new(next: &'n Next<'a>) -> Result<Self, SnapshotError> {
        let linker = |side: usize| {
            let (own, recipe) = (&next.file.sides[side], &next.recipes[side]);
            Linker::new(&own.table.columns, recipe, &own.identity).ok_or_else(|| {
                let mut names = recipe.key.iter().map(|column| &column.name).chain(&own.identity);
                let missing = names.find(|name| own.table.position(name).is_none());
                SnapshotError::NoColumn { address: own.address.clone(), column: missing.cloned().unwrap_or_default() }
            })
        };
        let linkers = [linker(0)?, linker(1)?];
        Ok(Self { next, linkers, names: Vec::new(), current: None, seen: Default::default() })
    }

    /// Writes all of them and gives their names.
    fn write(
        mut self,
        written: &mut dyn FnMut() -> Result<Option<PairedRows>, SnapshotError>,
    ) -> Result<Vec<String>, SnapshotError> {
        let next = self.next;
        if let Some((snapshots, links)) = next.frozen
            && let Some(draft) = Draft::frozen(next.state, &self.name(), snapshots, links)?
        {
            self.close(draft, &[None, None], &[])?;
        }
        while let Some(rows) = written()? {
            self.add(&rows.rows)?;
        }
        // The last segment says what is not settled, and that nothing is by saying nothing.
        if self.current.is_some()
            || self.names.is_empty()
            || next.open.iter().any(Option::is_some)
            || !next.torn.is_empty()
        {
            let last = match self.current.take() {
                Some(writer) => writer,
                None => SegmentWriter::create(next.state, &self.name(), &next.file.sides)?,
            };
            self.close(last.finish(&next.file.sides)?, &next.open, next.torn)?;
        }
        Ok(self.names)
    }

    fn name(&self) -> String {
        format!("{}-{}", self.next.file.id, self.names.len())
    }

    /// Completes the current segment. The first one ends pairs of the base below; what comes later
    /// may have them anew.
    fn close(&mut self, draft: Draft, open: &[Option<ExportBatch>; 2], torn: &[Torn]) -> Result<(), SnapshotError> {
        let gone = if self.names.is_empty() { self.next.gone } else { &[] };
        draft.finish(&self.next.file.sides, gone, open, torn)?;
        self.names.push(self.name());
        self.seen.iter_mut().for_each(Seen::clear);
        Ok(())
    }

    fn add(&mut self, rows: &[ExportBatch; 2]) -> Result<(), SnapshotError> {
        let [left, right] = [0, 1].map(|side| rows[side].rows.num_rows());
        if left != right {
            let why = format!("{left} left rows were written, but {right} right ones");
            return Err(damaged(self.next.state, why));
        }
        let keys = [0, 1].map(|side| self.linkers[side].keys(&rows[side]));
        let ids = [0, 1].map(|side| self.linkers[side].ids(&rows[side]));
        let mut run = Vec::new();
        for row in 0..left {
            let (Some(key), Some(_), Some(left), Some(right)) = (keys[0][row], keys[1][row], ids[0][row], ids[1][row])
            else {
                continue;
            };
            let own = [left, right];
            // Within a segment an identity is linked once, so that it is clear which link is later.
            if (0..2).any(|side| self.seen[side].contains(own[side].low)) {
                self.put(rows, &std::mem::take(&mut run))?;
                if let Some(writer) = self.current.take() {
                    self.close(writer.finish(&self.next.file.sides)?, &[None, None], &[])?;
                }
            }
            for (seen, id) in self.seen.iter_mut().zip(own) {
                seen.insert(id.low);
            }
            run.push((row as u32, key, own));
        }
        self.put(rows, &run)
    }

    /// Adds these rows to the current segment.
    fn put(
        &mut self,
        rows: &[ExportBatch; 2],
        run: &[(u32, Fingerprint, [Fingerprint; 2])],
    ) -> Result<(), SnapshotError> {
        if run.is_empty() {
            return Ok(());
        }
        let next = self.next;
        let name = self.name();
        let writer = match &mut self.current {
            Some(writer) => writer,
            none => none.insert(SegmentWriter::create(next.state, &name, &next.file.sides)?),
        };
        let pairs: Vec<BasePair> =
            run.iter().map(|(_, key, ids)| BasePair { key: *key, ids: *ids, segment: 0, rows: [0; 2] }).collect();
        if run.len() == rows[0].rows.num_rows() {
            return writer.add([&rows[0], &rows[1]], &pairs);
        }
        let places: Vec<u32> = run.iter().map(|(row, ..)| *row).collect();
        let take = |side: usize| rows[side].take(&places).map_err(|e| damaged(next.state, e));
        writer.add([&take(0)?, &take(1)?], &pairs)
    }
}

/// 128 random bits in hexadecimal.
fn new_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
    format!("{:016x}{:016x}", random(), random() ^ now.unsigned_abs())
}

#[cfg(test)]
#[path = "next_tests.rs"]
mod tests;
