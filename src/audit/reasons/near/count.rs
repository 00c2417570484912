//! Counts exactly, in all rows of both tables, how many rows a key would match.

use super::super::evidence::{Evidence, ReasonError};
use super::columns::is_null;
use super::keys::CHUNK;
use super::replaced::{differing, merged, replaced};
use crate::compare::View;
use crate::endpoint::ExportBatch;
use crate::snapshot::{Parts, Recipe};
use crate::table::{Encoder, Key, fingerprint};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// What a key would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows, left and right.
    pub rows: [u64; 2],
    /// Rows with a NULL in it.
    pub nulls: [u64; 2],
    /// Distinct values.
    pub distinct: [u64; 2],
    /// Values that one row on either side has.
    pub meets: u64,
}

impl Counted {
    /// Whether it is unique and never NULL on both sides.
    pub fn identifies(&self) -> bool {
        self.distinct == self.rows
    }
}

/// Bytes that a row's value takes while values are counted.
const ROW: usize = 24;

/// The rows of a side are read one in so many, twice as many and so on, to see whether there is any
/// use in reading the others.
const PARTS: [usize; 4] = [8, 4, 2, 1];

/// Counts what a key of these pairs of columns would do; `None` if it shows early that less than this
/// share of the left rows has distinct values.
pub fn count(evidence: &Evidence<'_>, pairs: &[usize], distinct: f64) -> Result<Option<Counted>, ReasonError> {
    let key = Key { pairs: pairs.to_vec(), chosen: crate::table::KeyChoice::Inferred };
    let recipes = Recipe::of(evidence.alignment, &key);
    let sides = [0, 1].map(|side| ValuesOf::new(evidence, side, &recipes[side]));
    // Where most rows are equal on both sides, they need not be read on both.
    let differing = differing(evidence, pairs);
    let chosen = [chosen(evidence, 0)?, chosen(evidence, 1)?];
    let rows = evidence.counts.iter().map(|side| side.rows).sum::<u64>() as usize;
    // Values are counted range by range of their hashes, as many as fit.
    let ranges = (rows * ROW).div_ceil((evidence.memory / 4).max(1 << 20)).max(1) as u64;
    let mut out = Counted { rows: evidence.counts.map(|side| side.rows), ..Counted::default() };
    for range in (0..ranges).map(|range| (range, ranges)) {
        let groups = evidence.parts[0].groups();
        let (mut left, mut from) = (Values::default(), 0);
        for part in PARTS {
            let more = sides[0].groups(from..groups / part, chosen[0].as_deref(), range)?;
            left = merged(&left, more);
            from = groups / part;
            if (out.rows[0].saturating_sub(left.repeated()) as f64) < distinct * out.rows[0] as f64 {
                return Ok(None);
            }
        }
        let right = match &differing {
            Some(rows) => replaced(&left, &sides[0].of(&rows[0], range)?, sides[1].of(&rows[1], range)?),
            None => sides[1].groups(0..evidence.parts[1].groups(), chosen[1].as_deref(), range)?,
        };
        out.nulls = [left.nulls, right.nulls];
        let [left, right] = [&left.values, &right.values].map(|values| values.chunk_by(|a, b| a == b));
        out.distinct[0] += left.clone().count() as u64;
        out.distinct[1] += right.clone().count() as u64;
        let mut right = right.peekable();
        for group in left {
            while right.next_if(|other| other[0] < group[0]).is_some() {}
            if let Some(other) = right.next_if(|other| other[0] == group[0]) {
                out.meets += u64::from(group.len() == 1 && other.len() == 1);
            }
        }
    }
    Ok(Some(out))
}

/// The values that some rows have in some columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Of the rows without a NULL in them, sorted.
    pub values: Vec<u128>,
    /// How many rows have a NULL.
    pub nulls: u64,
}

/// Reads values of a side, those whose hash is in a range: one of so many.
struct ValuesOf<'a> {
    evidence: &'a Evidence<'a>,
    side: usize,
    parts: &'a Parts,
    projection: Vec<usize>,
    encoders: Vec<Encoder>,
}

impl<'a> ValuesOf<'a> {
    /// In the columns of the recipe's key.
    fn new(evidence: &'a Evidence<'a>, side: usize, recipe: &Recipe) -> Self {
        let parts = evidence.parts[side];
        let projection = recipe.key.iter().filter_map(|column| parts.position(&column.name)).collect();
        Self { evidence, side, parts, projection, encoders: recipe.key.iter().map(|column| column.encoder()).collect() }
    }

    /// Of the rows of some groups that are chosen.
    fn groups(&self, groups: Range<usize>, chosen: Option<&[u64]>, range: (u64, u64)) -> Result<Values, ReasonError> {
        let found = Mutex::new(Values::default());
        let scanned = self.parts.scan_groups(groups, &self.projection, &|first, batch| {
            self.evidence.check_scan()?;
            let is_chosen = |row: usize| {
                let position = first + row as u64;
                chosen.is_none_or(|chosen| chosen[(position / 64) as usize] >> (position % 64) & 1 == 1)
            };
            let more = self.of_batch(batch, &is_chosen, range);
            found.lock().unwrap_or_else(PoisonError::into_inner).append(more);
            Ok(())
        });
        self.evidence.check()?;
        scanned?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner).sorted())
    }

    /// Of these rows, whose positions ascend.
    fn of(&self, rows: &[u64], range: (u64, u64)) -> Result<Values, ReasonError> {
        let mut found = Values::default();
        for chunk in rows.chunks(self.evidence.rows_at_once(self.side, &self.projection, CHUNK)) {
            self.evidence.check()?;
            found.append(self.of_batch(self.parts.fetch(&self.projection, chunk)?, &|_| true, range));
        }
        Ok(found.sorted())
    }

    fn of_batch(&self, batch: ExportBatch, chosen: &dyn Fn(usize) -> bool, (range, ranges): (u64, u64)) -> Values {
        let rows = batch.rows.num_rows();
        let view = View::new(batch);
        let (mut out, mut buffer) = (Values::default(), Vec::new());
        for row in (0..rows).filter(|row| chosen(*row)) {
            if (0..self.projection.len()).any(|column| is_null(&view, row, column)) {
                out.nulls += 1;
                continue;
            }
            buffer.clear();
            for (column, encoder) in self.encoders.iter().enumerate() {
                if let Some(cells) = view.cells(column) {
                    encoder.encode(cells, row, view.other(row, column), &mut buffer);
                }
            }
            let value = fingerprint(&buffer);
            if value.low % ranges == range {
                out.values.push(u128::from(value.high) << 64 | u128::from(value.low));
            }
        }
        out
    }
}

impl Values {
    fn append(&mut self, mut more: Self) {
        self.values.append(&mut more.values);
        self.nulls += more.nulls;
    }

    /// Rows of which another has the value, or that have none.
    fn repeated(&self) -> u64 {
        self.nulls + self.values.windows(2).filter(|two| two[0] == two[1]).count() as u64
    }

    fn sorted(mut self) -> Self {
        self.values.par_sort_unstable();
        self
    }
}

/// The rows that take part, one bit each; `None` if all do.
fn chosen(evidence: &Evidence<'_>, side: usize) -> Result<Option<Vec<u64>>, ReasonError> {
    let (parts, index) = (evidence.parts[side], evidence.indexes[side]);
    if index.rows == parts.rows() {
        return Ok(None);
    }
    let mut bits = vec![0u64; (parts.rows() as usize).div_ceil(64)];
    for split in &index.splits {
        evidence.check()?;
        split.each(&mut |own| {
            if let Some(word) = bits.get_mut((own.row / 64) as usize) {
                *word |= 1 << (own.row % 64);
            }
        })?;
    }
    Ok(Some(bits))
}
