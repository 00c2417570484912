//! Counts exactly, in all rows of both tables, how many rows a key would match.

use super::super::evidence::{Evidence, ReasonError};
use super::columns::is_null;
use crate::compare::View;
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::{Key, fingerprint};
use rayon::prelude::*;
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

/// Counts what a key of these pairs of columns would do.
pub fn count(evidence: &Evidence<'_>, pairs: &[usize]) -> Result<Counted, ReasonError> {
    let key = Key { pairs: pairs.to_vec(), chosen: crate::table::KeyChoice::Inferred };
    let recipes = Recipe::of(evidence.alignment, &key);
    let chosen = [chosen(evidence, 0)?, chosen(evidence, 1)?];
    let rows = evidence.counts.iter().map(|side| side.rows).sum::<u64>() as usize;
    // Values are counted range by range of their hashes, as many as fit.
    let ranges = (rows * ROW).div_ceil((evidence.memory / 4).max(1 << 20)).max(1) as u64;
    let mut out = Counted { rows: evidence.counts.map(|side| side.rows), ..Counted::default() };
    for range in 0..ranges {
        let mut values = [Vec::new(), Vec::new()];
        for side in [0, 1] {
            let (found, nulls) = read(evidence, side, &recipes[side], chosen[side].as_deref(), (range, ranges))?;
            values[side] = found;
            out.nulls[side] = nulls;
        }
        let [left, right] = values.each_ref().map(|values| values.chunk_by(|a, b| a == b));
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
    Ok(out)
}

/// The values whose hash is in a range, sorted, and how many rows have a NULL.
fn read(
    evidence: &Evidence<'_>,
    side: usize,
    recipe: &Recipe,
    chosen: Option<&[u64]>,
    (range, ranges): (u64, u64),
) -> Result<(Vec<u128>, u64), ReasonError> {
    let parts = evidence.parts[side];
    let projection: Vec<usize> = recipe.key.iter().filter_map(|column| parts.position(&column.name)).collect();
    let encoders: Vec<_> = recipe.key.iter().map(|column| column.encoder()).collect();
    let found = Mutex::new((Vec::new(), 0u64));
    parts.scan(&projection, &|first, batch| {
        if evidence.interrupt.is_set() {
            return Err(SnapshotError::Interrupted);
        }
        let rows = batch.rows.num_rows();
        let view = View::new(batch);
        let (mut values, mut nulls, mut buffer) = (Vec::new(), 0, Vec::new());
        for row in 0..rows {
            let position = first + row as u64;
            if chosen.is_some_and(|chosen| chosen[(position / 64) as usize] >> (position % 64) & 1 == 0) {
                continue;
            }
            if (0..projection.len()).any(|column| is_null(&view, row, column)) {
                nulls += 1;
                continue;
            }
            buffer.clear();
            for (column, encoder) in encoders.iter().enumerate() {
                if let Some(cells) = view.cells(column) {
                    encoder.encode(cells, row, view.other(row, column), &mut buffer);
                }
            }
            let value = fingerprint(&buffer);
            if value.low % ranges == range {
                values.push(u128::from(value.high) << 64 | u128::from(value.low));
            }
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.0.append(&mut values);
        found.1 += nulls;
        Ok(())
    })?;
    evidence.check()?;
    let (mut values, nulls) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    values.par_sort_unstable();
    Ok((values, nulls))
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
