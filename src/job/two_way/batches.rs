//! The rows of the next base, batch by batch.

use super::halves::Half;
use crate::apply::{ApplyError, read_stored};
use crate::base::{Base, BaseColumn, BasePair, Known, PairedRows};
use crate::compare::{Judge, Verdict, View};
use crate::endpoint::{ExportBatch, Other};
use crate::job::error::RunError;
use crate::plan::Plan;
use crate::snapshot::{Parts, Recipe, SnapshotError, open_snapshot};
use crate::table::{Alignment, Column, Key};
use std::collections::HashMap;

/// Stands for a value that nobody knows.
const UNKNOWN: &str = "(not known)";
/// Pairs to put into the base at once.
const CHUNK: usize = 8 * 1024;

/// Where a row of the next base is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row {
    /// In the plan's snapshot.
    Frozen(u64),
    /// Among those that were read back while writing.
    Stored(usize),
}

/// One side's rows: as they were exported, and as they were read back.
pub(super) struct Side {
    pub(super) parts: Parts,
    pub(super) columns: Vec<Column>,
    /// Those that were read back, and by step where.
    pub(super) stored: (ExportBatch, HashMap<u64, usize>),
}

impl Side {
    pub(super) fn open(plan: &Plan, side: usize) -> Result<Self, RunError> {
        let snapshot = open_snapshot(&plan.folder.join(crate::plan::SIDES[side]))?;
        let columns = plan.file.sides[side].table.columns.clone();
        let stored = read_stored(&plan.folder, side, &columns).map_err(|error: ApplyError| RunError::from(error))?;
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
        let stored: Vec<u32> =
            rows.iter().filter_map(|row| if let Row::Stored(at) = row { Some(*at as u32) } else { None }).collect();
        let stored = self.stored.0.take(&stored).map_err(|e| broken(e.to_string()))?;
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

/// A value that is like no other.
fn unknown(row: usize, column: usize) -> Other {
    Other::value(row as u32, column as u32, UNKNOWN.to_owned())
}

/// The rows that are half written, those that were written, then those that stay as the base had them.
pub(super) struct Batches<'a> {
    pub(super) sides: &'a [Side; 2],
    pub(super) alignment: &'a Alignment,
    pub(super) key: &'a Key,
    base: Option<&'a Base>,
    written: Vec<[Row; 2]>,
    carried: Vec<BasePair>,
    /// By the side that is written.
    halves: [Vec<Half>; 2],
    at: usize,
}

impl<'a> Batches<'a> {
    /// Of these rows of a plan, these pairs of its base, and those that are half of each.
    pub(super) fn new(
        sides: &'a [Side; 2],
        compared: (&'a Alignment, &'a Key),
        base: Option<&'a Base>,
        written: Vec<[Row; 2]>,
        carried: Vec<BasePair>,
        halves: [Vec<Half>; 2],
    ) -> Self {
        let (alignment, key) = compared;
        Self { sides, alignment, key, base, written, carried, halves, at: 0 }
    }

    /// The next ones; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<PairedRows>, SnapshotError> {
        if let Some(base) = self.base {
            for side in [0, 1] {
                let some = self.halves[side].len().min(CHUNK);
                let halves: Vec<Half> = self.halves[side].drain(..some).collect();
                if !halves.is_empty() {
                    return self.merge(base, &halves, side).map(Some);
                }
            }
        }
        let from = self.at;
        if from < self.written.len() {
            self.at = self.written.len().min(from + CHUNK);
            let rows = &self.written[from..self.at];
            let side = |at: usize| self.sides[at].rows(&rows.iter().map(|pair| pair[at]).collect::<Vec<_>>());
            return Ok(Some(PairedRows { rows: [side(0)?, side(1)?] }));
        }
        let from = from - self.written.len();
        let (Some(base), true) = (self.base, from < self.carried.len()) else { return Ok(None) };
        let pairs = &self.carried[from..self.carried.len().min(from + CHUNK)];
        self.at += pairs.len();
        let mut rows = [base.rows(0, &self.sides[0].columns, pairs)?, base.rows(1, &self.sides[1].columns, pairs)?];
        self.forget_unknown(base, pairs, &mut rows)?;
        Ok(Some(PairedRows { rows }))
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
