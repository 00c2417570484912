//! Which columns identify a row? Candidates are counted, never guessed: distinct values, NULLs,
//! and how many values meet on the other side, in all rows of both.

use crate::compare::{CompareError, CompareOptions, Side, compare};
use crate::endpoint::Interrupt;
use crate::snapshot::{IndexOptions, Parts, Recipe, Silent, index_parts};
use crate::table::{Alignment, Key, KeyChoice, TableInfo};
use std::path::Path;

/// A column, or several together, as a key.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Positions in the alignment.
    pub pairs: Vec<usize>,
    /// Distinct values without NULL: left, right.
    pub distinct: [u64; 2],
    /// Rows: left, right.
    pub rows: [u64; 2],
    /// Rows with a NULL in it: left, right.
    pub nulls: [u64; 2],
    /// Distinct values that are on both sides.
    pub meets: u64,
    /// One of the two tables declares it its primary key or unique.
    pub declared: bool,
}

impl Candidate {
    /// Whether it is unique and never NULL on both sides.
    pub fn identifies(&self) -> bool {
        [0, 1].into_iter().all(|side| self.distinct[side] == self.rows[side])
    }

    /// The smaller share of distinct values of the two sides.
    pub(super) fn nearness(&self) -> f64 {
        let share = |side: usize| self.distinct[side] as f64 / self.rows[side].max(1) as f64;
        share(0).min(share(1))
    }
}

/// What counting needs.
pub struct Survey<'a> {
    /// The rows of both sides.
    pub sides: [&'a Parts; 2],
    /// Their tables.
    pub tables: [&'a TableInfo; 2],
    /// How their columns correspond.
    pub alignment: &'a Alignment,
    /// An empty folder for what is written on the way.
    pub folder: &'a Path,
    /// Bytes of memory to stay under.
    pub memory: usize,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
}

/// Of keys with the same claim, the one with more values in common, then the first; and how many that
/// are.
///
/// # Errors
/// If counting fails.
pub fn most_in_common(survey: &Survey<'_>, keys: Vec<Key>) -> Result<Option<(Key, u64)>, CompareError> {
    let mut best: Option<(Key, u64)> = None;
    for key in keys {
        let meets = survey.count(&key.pairs)?.meets;
        if best.as_ref().is_none_or(|(_, most)| meets > *most) {
            best = Some((key, meets));
        }
    }
    Ok(best)
}

impl Survey<'_> {
    /// Counts one candidate in all rows of both sides.
    ///
    /// # Errors
    /// If reading or counting fails.
    pub fn count(&self, pairs: &[usize]) -> Result<Candidate, CompareError> {
        let key = Key { pairs: pairs.to_vec(), chosen: KeyChoice::Inferred };
        let mut alignment = self.alignment.clone();
        alignment.pairs.iter_mut().for_each(|pair| pair.compared = false);
        let recipes = Recipe::of(&alignment, &key);
        let folders = [self.folder.join("left"), self.folder.join("right")];
        let index = |side: usize| {
            let options = IndexOptions {
                filter: None,
                folder: &folders[side],
                memory: self.memory / 4,
                interrupt: &self.interrupt,
                progress: &Silent,
            };
            index_parts(self.sides[side], &recipes[side], &options)
        };
        let (left, right) = (index(0)?, index(1)?);
        let options =
            CompareOptions { memory: self.memory, samples: 0, interrupt: self.interrupt.clone(), progress: &Silent };
        let side = |at: usize, index| Side { parts: self.sides[at], index };
        let counts = compare(side(0, &left), side(1, &right), &alignment, &key, &options)?;
        Ok(Candidate {
            pairs: pairs.to_vec(),
            distinct: counts.sides.map(|side| side.distinct_keys),
            rows: counts.sides.map(|side| side.rows),
            nulls: counts.sides.map(|side| side.null_keys),
            meets: counts.in_both,
            declared: self.alignment.declared_by(self.tables[0], self.tables[1], pairs).is_some(),
        })
    }
}
