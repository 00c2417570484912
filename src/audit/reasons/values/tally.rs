//! Counts the changed values by kind.

use super::chunks::Chunk;
use super::decimal::Decimal;
use super::fixes::Fixes;
use super::kind::ValueKind as K;
use super::sort::{Class, Column, Sorted, sort, too_long};
use super::survey::Pace;
use super::traits::{Printed, Traits};
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::compare::Briefs;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A kind; and for rounding also the side with fewer digits, because one cause rounds one side.
pub type Slot = (K, u8);

/// Examples to keep of each.
const EXAMPLES: usize = 5;

/// The values of one slot in a column.
#[derive(Clone, Debug)]
pub struct Tally {
    pub cells: u64,
    pub strong: u64,
    pub also: u64,
    /// Cells whose left value comes before the right one as text.
    pub rising: u64,
    /// Cells by side and code (see [`Sorted`]), each with the largest difference between two numbers.
    pub details: BTreeMap<(u8, i32), (u64, f64)>,
    /// The rules under which all of the values would be equal, as bits.
    pub fixes: u32,
    /// Positions among the changed rows, and the values.
    pub examples: Vec<(usize, Briefs)>,
}

/// One column's values.
#[derive(Clone, Debug, Default)]
pub struct ColumnTally {
    pub changed: u64,
    pub slots: BTreeMap<Slot, Tally>,
    /// Numbers that differ only in their last digit.
    pub near: u64,
    /// Pairs of values that were too long to be looked at.
    pub too_long: u64,
}

/// The changed rows of which all cells that differ are of one slot: by slot and columns.
pub type Rows = BTreeMap<(Slot, Vec<u64>), u64>;

/// The slot that a pair of values is counted in.
pub fn slot(sorted: Sorted) -> Slot {
    (sorted.kind, if sorted.kind == K::Rounding { sorted.side } else { 2 })
}

/// All counts under way.
pub struct Count<'a> {
    evidence: &'a Evidence<'a>,
    columns: &'a [Column],
    traits: &'a [Traits],
    fixes: &'a Fixes,
    pub tallies: Vec<ColumnTally>,
    pub rows: Rows,
}

impl<'a> Count<'a> {
    /// Of these columns.
    pub fn new(evidence: &'a Evidence<'a>, columns: &'a [Column], traits: &'a [Traits], fixes: &'a Fixes) -> Self {
        let tallies = vec![ColumnTally::default(); columns.len()];
        Self { evidence, columns, traits, fixes, tallies, rows: Rows::new() }
    }

    /// Counts some rows.
    ///
    /// # Errors
    /// Once it is time to stop.
    pub fn add(&mut self, chunk: &Chunk) -> Result<(), ReasonError> {
        let (columns, traits, fixes, evidence) = (self.columns, self.traits, self.fixes, self.evidence);
        let slots: Vec<Vec<Slot>> = self
            .tallies
            .par_iter_mut()
            .enumerate()
            .map(|(at, tally)| {
                let (mut buffers, mut pace) = ([Vec::new(), Vec::new()], Pace::default());
                let mut count = |row: &u32| {
                    let printed = chunk.print(*row, at);
                    pace.step(evidence, &printed)?;
                    let [left, right] = printed.each_ref().map(Option::as_deref);
                    let sorted = sort(&columns[at], &traits[at], left, right);
                    let mut still = |alive| fixes.still(alive, at, chunk.cells(*row), &mut buffers);
                    let example = || (chunk.first + *row as usize, chunk.briefs(*row, at));
                    tally.add(&columns[at], sorted, &printed, &mut still, &example);
                    Ok(slot(sorted))
                };
                chunk.differing[at].iter().map(&mut count).collect::<Result<_, ReasonError>>()
            })
            .collect::<Result<_, ReasonError>>()?;
        self.add_rows(chunk, &slots);
        Ok(())
    }

    fn add_rows(&mut self, chunk: &Chunk, slots: &[Vec<Slot>]) {
        let words = self.columns.len().div_ceil(64);
        let mut sets = vec![0u64; words * chunk.rows];
        let mut slot_of: Vec<Option<Slot>> = vec![None; chunk.rows];
        for (column, (rows, slots)) in chunk.differing.iter().zip(slots).enumerate() {
            for (row, slot) in rows.iter().zip(slots) {
                let row = *row as usize;
                sets[row * words + column / 64] |= 1 << (column % 64);
                let mixed = slot_of[row].is_some_and(|there| there != *slot);
                slot_of[row] = Some(if mixed { (K::Other, 2) } else { *slot });
            }
        }
        for (row, slot) in slot_of.iter().enumerate() {
            if let Some(slot) = slot.filter(|(kind, _)| *kind != K::Other) {
                let set = sets[row * words..(row + 1) * words].to_vec();
                *self.rows.entry((slot, set)).or_default() += 1;
            }
        }
    }
}

impl ColumnTally {
    fn add(
        &mut self,
        column: &Column,
        sorted: Sorted,
        printed: &Printed<'_>,
        still: &mut dyn FnMut(u32) -> u32,
        example: &dyn Fn() -> (usize, Briefs),
    ) {
        self.changed += 1;
        let [left, right] = printed.each_ref().map(Option::as_deref);
        if too_long(left, right) {
            self.too_long += 1;
        }
        let decimals = || {
            let [left, right] = printed.each_ref().map(|text| text.as_deref().and_then(Decimal::parse));
            left.zip(right)
        };
        if sorted.kind == K::Other && !too_long(left, right) {
            self.near += u64::from(column.class == Class::Number && decimals().is_some_and(|(one, two)| one.near(two)));
        }
        let tally = self.slots.entry(slot(sorted)).or_insert_with(|| Tally {
            cells: 0,
            strong: 0,
            also: 0,
            rising: 0,
            details: BTreeMap::new(),
            fixes: u32::MAX,
            examples: Vec::new(),
        });
        tally.cells += 1;
        tally.strong += u64::from(sorted.strong);
        tally.also += u64::from(sorted.also);
        tally.rising += u64::from(printed[0] < printed[1]);
        if sorted.kind != K::Other {
            let mut gap = 0.0;
            if sorted.kind == K::Rounding && column.class == Class::Number {
                let number = |text: &Option<Cow<'_, str>>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
                let values = number(&printed[0]).zip(number(&printed[1]));
                gap = values.map_or(f64::INFINITY, |(one, two)| (one - two).abs());
            }
            let detail = tally.details.entry((sorted.side, sorted.code)).or_default();
            *detail = (detail.0 + 1, detail.1.max(gap));
            tally.fixes = still(tally.fixes);
        }
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(example());
        }
    }
}
