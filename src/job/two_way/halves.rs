//! Pairs of which one side's row is written, and not the other's: both were to take over columns of each
//! other. What was carried across is agreed on; all else stays as the base had it. So nobody takes it
//! for somebody's change, and what is still to be carried the other way is.

use super::batches::{Batches, Row};
use super::fetched::project;
use crate::base::{Base, BasePair, PairedRows};
use crate::compare::{Judge, Verdict, View};
use crate::endpoint::ExportBatch;
use crate::job::error::RunError;
use crate::snapshot::{Recipe, SnapshotError};
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::kernels::zip::zip;

/// A pair whose row is written on one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    /// What it was when it last agreed.
    pub(super) base: BasePair,
    /// The side.
    pub(super) side: usize,
    /// The rows as they were exported.
    pub(super) rows: [u64; 2],
    /// The step of the written one, by which it was read back.
    pub(super) stored: u64,
}

impl Batches<'_> {
    /// The rows of pairs that are written on the same side.
    pub(super) fn merge(&self, base: &Base, halves: &[Half], side: usize) -> Result<PairedRows, SnapshotError> {
        let other = 1 - side;
        let pairs: Vec<BasePair> = halves.iter().map(|half| half.base).collect();
        let mut rows = [base.rows(0, &self.sides[0].columns, &pairs)?, base.rows(1, &self.sides[1].columns, &pairs)?];
        self.forget_unknown(base, &pairs, &mut rows)?;
        let of = |side: usize, row: fn(&Half, usize) -> Row| {
            self.sides[side].rows(&halves.iter().map(|half| row(half, side)).collect::<Vec<_>>())
        };
        let frozen = |half: &Half, side: usize| Row::Frozen(half.rows[side]);
        let was = of(side, frozen)?;
        let is = of(side, |half, _| Row::Stored(half.stored))?;
        let source = of(other, frozen)?;

        let (compared, places) = self.compared();
        let view = |side: usize, batch: &ExportBatch| self.view(side, &places, batch);
        let views = [view(side, &was)?, view(side, &is)?, view(other, &source)?];
        let judge = Judge::with_key(self.alignment, self.key);
        let mut buffers = [Vec::new(), Vec::new()];
        let paired = places[side].iter().zip(&places[other]).take(compared.len()).enumerate();
        for (at, (own, partner)) in paired {
            let (Some(own), Some(partner)) = (*own, *partner) else { continue };
            let carried: Vec<bool> = (0..halves.len())
                .map(|row| {
                    let moved = judge.moved(at, side, [(&views[0], row), (&views[1], row)], &mut buffers);
                    let both = [(&views[1], row), (&views[2], row)];
                    let both = if side == 0 { both } else { [both[1], both[0]] };
                    moved == Verdict::Different && judge.verdict(at, both, &mut buffers) != Verdict::Different
                })
                .collect();
            if carried.contains(&true) {
                overlay(&mut rows[side], &is, own, &carried)?;
                overlay(&mut rows[other], &source, partner, &carried)?;
            }
        }
        Ok(PairedRows { rows })
    }

    /// The pairs of columns that are compared, and per side their places among the table's columns.
    pub(super) fn compared(&self) -> (Vec<usize>, [Vec<Option<usize>>; 2]) {
        let mut compared = Recipe::order(self.alignment, self.key);
        compared.extend(&self.key.pairs);
        let places = |side: usize| -> Vec<Option<usize>> {
            let name = |pair: &usize| {
                let pair = &self.alignment.pairs[*pair];
                if side == 0 { &pair.left.name } else { &pair.right.name }
            };
            let place = |pair| self.sides[side].columns.iter().position(|column| column.name == *name(pair));
            compared.iter().map(place).collect()
        };
        let places = [places(0), places(1)];
        (compared, places)
    }

    /// A side's rows over those columns.
    pub(super) fn view(
        &self,
        side: usize,
        places: &[Vec<Option<usize>>; 2],
        batch: &ExportBatch,
    ) -> Result<View, SnapshotError> {
        let columns: Vec<usize> = places[side].iter().map(|place| place.unwrap_or(0)).collect();
        let projected = project(batch, &columns).map_err(|error| match error {
            RunError::Snapshot(error) => error,
            error => SnapshotError::Damaged { path: "rows of a plan".to_owned(), why: error.to_string() },
        })?;
        Ok(View::new(projected))
    }
}

/// Takes a column's values from another batch in these rows.
pub(super) fn overlay(
    rows: &mut ExportBatch,
    from: &ExportBatch,
    column: usize,
    wanted: &[bool],
) -> Result<(), SnapshotError> {
    let broken = super::fetched::broken;
    let mut arrays = rows.rows.columns().to_vec();
    let mask = BooleanArray::from(wanted.to_vec());
    arrays[column] = zip(&mask, from.rows.column(column), &arrays[column]).map_err(broken)?;
    rows.rows = RecordBatch::try_new(rows.rows.schema(), arrays).map_err(broken)?;
    let here = |row: u32, at: u32| at as usize == column && wanted.get(row as usize) == Some(&true);
    rows.others.retain(|other| !here(other.row, other.column));
    rows.others.extend(from.others.iter().filter(|other| here(other.row, other.column)).cloned());
    rows.others.sort_by_key(|other| (other.row, other.column));
    Ok(())
}
