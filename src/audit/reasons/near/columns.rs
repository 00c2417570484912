//! Columns of some rows as hashes: equal for values that are compared as equal.

use super::super::evidence::{Evidence, ReasonError};
use super::keys::{CHUNK, hashes};
use crate::compare::View;
use crate::snapshot::Recipe;
use crate::table::{Key, KeyChoice};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads one pair of columns of these rows of a side, whose positions ascend.
pub struct Column {
    /// One hash a row.
    pub hashes: Vec<u64>,
    /// Rows in which it is NULL.
    pub nulls: usize,
}

impl Column {
    /// Reads the column of a pair. The hash tells it from other columns' equal values.
    pub fn read(evidence: &Evidence<'_>, pair: usize, side: usize, rows: &[u64]) -> Result<Self, ReasonError> {
        let parts = evidence.parts[side];
        let key = Key { pairs: vec![pair], chosen: KeyChoice::Inferred };
        let [left, right] = Recipe::of(evidence.alignment, &key);
        let recipe = if side == 0 { left } else { right };
        let mut out = Self { hashes: Vec::with_capacity(rows.len()), nulls: 0 };
        let Some((column, at)) = recipe.key.first().and_then(|c| Some((c, parts.position(&c.name)?))) else {
            return Ok(Self { hashes: vec![0; rows.len()], nulls: rows.len() });
        };
        let encoder = column.encoder();
        for chunk in rows.chunks(evidence.rows_at_once(side, &[at], CHUNK)) {
            evidence.check()?;
            let view = View::new(parts.fetch(&[at], chunk)?);
            let first = out.hashes.len();
            out.hashes.par_extend(hashes(&view, 0, chunk.len(), &encoder));
            out.hashes[first..]
                .par_iter_mut()
                .with_min_len(1024)
                .for_each(|hash| *hash = super::groups::mix(*hash, pair as u64));
            out.nulls += (0..chunk.len()).filter(|row| is_null(&view, *row, 0)).count();
        }
        Ok(out)
    }
}

/// Bytes of memory, as a part of the job's, that columns may take to be kept: one in so many.
const PART: usize = 8;

/// The columns of all rows on one side only, each read once as far as memory allows.
pub struct Columns<'a> {
    evidence: &'a Evidence<'a>,
    kept: BTreeMap<usize, Arc<[Column; 2]>>,
    room: usize,
}

impl<'a> Columns<'a> {
    /// None read yet.
    pub fn new(evidence: &'a Evidence<'a>) -> Self {
        Self { evidence, kept: BTreeMap::new(), room: evidence.memory / PART }
    }

    /// The left and right column of a pair, row by row as in the differences.
    pub fn get(&mut self, pair: usize) -> Result<Arc<[Column; 2]>, ReasonError> {
        if let Some(columns) = self.kept.get(&pair) {
            return Ok(Arc::clone(columns));
        }
        let only = &self.evidence.differences.only;
        let read = |side: usize| Column::read(self.evidence, pair, side, &only[side]);
        let (left, right) = rayon::join(|| read(0), || read(1));
        let columns = Arc::new([left?, right?]);
        let bytes = (only[0].len() + only[1].len()) * size_of::<u64>();
        if bytes <= self.room {
            self.room -= bytes;
            self.kept.insert(pair, Arc::clone(&columns));
        }
        Ok(columns)
    }
}

/// Whether a cell is NULL.
pub fn is_null(view: &View, row: usize, column: usize) -> bool {
    view.other(row, column).is_none() && view.cells(column).is_none_or(|cells| cells.is_null(row))
}
