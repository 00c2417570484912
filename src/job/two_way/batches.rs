//! The rows of the next base, batch by batch.

use super::fate::{Settled, Standing, fate};
use super::halves::Half;
use super::untouched::{Touched, Written};
use crate::apply::StoredRead;
use crate::base::{Base, BaseColumn, BasePair, Known, PairedRows};
use crate::compare::{Judge, Verdict, View};
use crate::endpoint::{ExportBatch, Other};
use crate::job::error::RunError;
use crate::plan::{PairsReader, Plan, PlanError, PlannedPair};
use crate::snapshot::{Parts, Recipe, SnapshotError, open_snapshot};
use crate::table::{Alignment, Column, Key};
use std::cell::OnceCell;
use std::path::Path;

/// Stands for a value that nobody knows.
const UNKNOWN: &str = "(not known)";

/// Where a row of the next base is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row {
    /// In the plan's snapshot.
    Frozen(u64),
    /// Among those that were read back while writing: that of this step.
    Stored(u64),
}

/// One side's rows: as they were exported, and as they were read back.
pub(super) struct Side {
    pub(super) parts: Parts,
    pub(super) columns: Vec<Column>,
    /// Those that were read back.
    pub(super) stored: StoredRead,
}

impl Side {
    pub(super) fn open(plan: &Plan, side: usize) -> Result<Self, RunError> {
        let snapshot = open_snapshot(&plan.folder.join(crate::plan::SIDES[side]))?;
        let columns = plan.file.sides[side].table.columns.clone();
        let stored = StoredRead::open(&plan.folder, side, &columns)?;
        Ok(Self { parts: snapshot.parts, columns, stored })
    }

    /// These rows, in this order, over all columns.
    pub(super) fn rows(&self, rows: &[Row]) -> Result<ExportBatch, SnapshotError> {
        let broken = |why: String| SnapshotError::Damaged { path: "rows of a plan".to_owned(), why };
        let all: Vec<usize> = self.columns.iter().filter_map(|column| self.parts.position(&column.name)).collect();
        let mut frozen: Vec<u64> =
            rows.iter().filter_map(|row| if let Row::Frozen(at) = row { Some(*at) } else { None }).collect();
        frozen.sort_unstable();
        frozen.dedup();
        let stored: Vec<u64> =
            rows.iter().filter_map(|row| if let Row::Stored(step) = row { Some(*step) } else { None }).collect();
        let stored = self.stored.rows(&stored).map_err(|e| broken(e.to_string()))?;
        let mut exported = self.parts.fetch(&all, &frozen)?;
        exported.others.sort_by_key(|other| (other.row, other.column));
        let mut next = frozen.len() as u32;
        let order: Vec<u32> = rows
            .iter()
            .map(|row| match row {
                Row::Frozen(at) => frozen.partition_point(|other| other < at) as u32,
                Row::Stored(_) => {
                    next += 1;
                    next - 1
                }
            })
            .collect();
        let both = ExportBatch::concat(&[exported, stored]).map_err(|e| broken(e.to_string()))?;
        let both = both.ok_or_else(|| broken("no rows".to_owned()))?;
        both.take(&order).map_err(|e| broken(e.to_string()))
    }
}

/// The pairs of a part of the file, one by one.
pub(super) fn each(pairs: Result<Vec<PlannedPair>, PlanError>) -> impl Iterator<Item = Result<PlannedPair, PlanError>> {
    let (pairs, error) = pairs.map_or_else(|error| (Vec::new(), Some(Err(error))), |pairs| (pairs, None));
    pairs.into_iter().map(Ok).chain(error)
}

fn unread(error: PlanError) -> SnapshotError {
    SnapshotError::Damaged { path: "the pairs of a plan".to_owned(), why: error.to_string() }
}

/// A value that is like no other.
fn unknown(row: usize, column: usize) -> Other {
    Other::value(row as u32, column as u32, UNKNOWN.to_owned())
}

/// The rows that are half written, by the side that is; those that were written; then those that stay
/// as the base had them. The pairs are read anew for each of these kinds.
pub(super) struct Batches<'a> {
    pub(super) sides: &'a [Side; 2],
    pub(super) alignment: &'a Alignment,
    pub(super) key: &'a Key,
    base: Option<&'a Base>,
    standing: &'a Standing,
    /// Whether what is not settled is carried over from the base.
    carries: bool,
    folder: &'a Path,
    /// The kind that is looked for.
    kind: usize,
    pairs: PairsReader,
    pub(super) plan: &'a Plan,
    /// Once somebody has asked for it.
    pub(super) touched: OnceCell<Touched>,
}

/// Of rows: half written on the left, on the right, written, carried over.
const KINDS: usize = 4;

impl<'a> Batches<'a> {
    /// Of the pairs in a plan's folder, whose steps stand so.
    ///
    /// # Errors
    /// If the pairs can't be read.
    pub(super) fn new(
        plan: &'a Plan,
        sides: &'a [Side; 2],
        compared: (&'a Alignment, &'a Key),
        base: Option<&'a Base>,
        standing: &'a Standing,
        carries: bool,
    ) -> Result<Self, RunError> {
        let (alignment, key) = compared;
        let folder = plan.folder.as_path();
        let pairs = PairsReader::open(folder)?;
        Ok(Self {
            sides,
            alignment,
            key,
            base,
            standing,
            carries,
            folder,
            kind: 0,
            pairs,
            plan,
            touched: OnceCell::new(),
        })
    }

    /// The next ones; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<PairedRows>, SnapshotError> {
        while self.kind < KINDS {
            while let Some(pairs) = self.pairs.next() {
                if let Some(rows) = self.of(&pairs.map_err(unread)?)? {
                    return Ok(Some(rows));
                }
            }
            self.kind += 1;
            if self.kind < KINDS {
                self.pairs = PairsReader::open(self.folder).map_err(unread)?;
            }
        }
        Ok(None)
    }

    /// The rows of the kind that is looked for, of some pairs; `None` if there are none.
    fn of(&self, pairs: &[PlannedPair]) -> Result<Option<PairedRows>, SnapshotError> {
        let fates = pairs.iter().map(|pair| (pair, fate(pair, self.sides, self.standing)));
        match (self.kind, self.base) {
            (side @ (0 | 1), Some(base)) => {
                let of_side = |fate| match fate {
                    Settled::Half(half) if half.side == side => Some(half),
                    _ => None,
                };
                let halves: Vec<Half> = fates.filter_map(|(_, fate)| of_side(fate)).collect();
                if halves.is_empty() { Ok(None) } else { self.merge(base, &halves, side).map(Some) }
            }
            (2, _) => {
                let written = |(pair, fate): (&PlannedPair, Settled)| match fate {
                    Settled::Rows(rows) => Some(Written::of(pair, rows)),
                    _ => None,
                };
                let pairs: Vec<Written> = fates.filter_map(written).collect();
                if pairs.is_empty() {
                    return Ok(None);
                }
                let side = |at: usize| self.sides[at].rows(&pairs.iter().map(|pair| pair.rows[at]).collect::<Vec<_>>());
                let mut rows = [side(0)?, side(1)?];
                self.keep_untouched(&pairs, &mut rows)?;
                Ok(Some(PairedRows { rows }))
            }
            (3, Some(base)) if self.carries => {
                let not = fates.filter(|(_, fate)| matches!(fate, Settled::Not));
                let pairs: Vec<BasePair> = not.filter_map(|(pair, _)| pair.base).collect();
                if pairs.is_empty() {
                    return Ok(None);
                }
                let side = |at: usize| base.rows(at, &self.sides[at].columns, &pairs);
                let mut rows = [side(0)?, side(1)?];
                self.forget_unknown(base, &pairs, &mut rows)?;
                Ok(Some(PairedRows { rows }))
            }
            _ => Ok(None),
        }
    }

    /// The next base is going to take every column that was compared for known. Where the old one did
    /// not know it, since it is newer or was not compared then, a value takes its place that is like no
    /// other: so the column counts as changed on both sides until the rows are settled.
    pub(super) fn forget_unknown(
        &self,
        base: &Base,
        pairs: &[BasePair],
        rows: &mut [ExportBatch; 2],
    ) -> Result<(), SnapshotError> {
        let mut compared = Recipe::order(self.alignment, self.key);
        compared.extend(&self.key.pairs);
        let column = |pair: usize, side: usize| {
            let pair = &self.alignment.pairs[pair];
            if side == 0 { &pair.left } else { &pair.right }
        };
        let knows =
            |pair: &usize| base.knows([column(*pair, 0), column(*pair, 1)], &BaseColumn::of(self.alignment, *pair));
        let known: Vec<Known> = compared.iter().map(knows).collect();
        let newer = |side: usize| {
            let columns = self.sides[side].columns.iter().enumerate();
            columns.filter(|(_, column)| !base.has(side, column)).map(|(at, _)| at).collect::<Vec<usize>>()
        };
        for (side, newer) in [newer(0), newer(1)].into_iter().enumerate() {
            for row in 0..pairs.len() {
                rows[side].others.extend(newer.iter().map(|column| unknown(row, *column)));
            }
        }
        if known.iter().all(|known| *known == Known::Always) && rows.iter().all(|rows| rows.others.is_empty()) {
            return Ok(());
        }
        let view = |side: usize| -> Result<View, SnapshotError> {
            let columns: Vec<Column> = compared.iter().map(|pair| column(*pair, side).clone()).collect();
            Ok(View::new(base.rows(side, &columns, pairs)?))
        };
        let views = [view(0)?, view(1)?];
        let judge = Judge::with_key(self.alignment, self.key);
        let mut buffers = [Vec::new(), Vec::new()];
        for (at, known) in known.iter().enumerate().filter(|(_, known)| **known != Known::Always) {
            for row in 0..pairs.len() {
                let cells = [(&views[0], row), (&views[1], row)];
                let agreed =
                    *known == Known::WhereEqual && judge.verdict(at, cells, &mut buffers) != Verdict::Different;
                for side in [0, 1].into_iter().filter(|_| !agreed) {
                    let name = &column(compared[at], side).name;
                    let place = self.sides[side].columns.iter().position(|own| own.name == *name);
                    rows[side].others.extend(place.map(|place| unknown(row, place)));
                }
            }
        }
        for rows in rows {
            rows.others.sort_by_key(|other| (other.row, other.column, other.text.as_deref() != Some(UNKNOWN)));
            rows.others.dedup_by_key(|other| (other.row, other.column));
        }
        Ok(())
    }
}
