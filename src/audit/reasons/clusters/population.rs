//! The rows of one side: those that differ, the others that they are held against, and those that
//! are neither.

use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::snapshot::{Index, IndexSplit, Parts};
use std::collections::HashSet;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its key is on this side only.
    Only = 0,
    /// It has a partner, and differs from it.
    Changed = 1,
    /// It has a partner.
    Other = 2,
    /// It has no key, several rows have its key and the other side has none, or the job leaves it
    /// out.
    Out = 3,
}

/// The rows of one side.
pub struct Population<'a> {
    /// All rows.
    pub parts: &'a Parts,
    /// Positions of the rows on this side only.
    pub only: &'a [u64],
    /// Positions of the changed rows; of the left side only.
    pub changed: Vec<u64>,
    /// Bits of the rows that are out, unless none is.
    out: Option<Vec<u64>>,
}

impl<'a> Population<'a> {
    /// The rows of the left (0) or right (1) side.
    ///
    /// # Errors
    /// If an index can't be read.
    pub fn new(evidence: &'a Evidence<'a>, side: usize) -> Result<Self, ReasonError> {
        let (parts, counts, differences) = (evidence.parts[side], &evidence.counts[side], evidence.differences);
        let all = evidence.indexes[side].rows == parts.rows();
        let plain = all && counts.null_keys == 0 && differences.only_ambiguous[side] == 0;
        let changed: Vec<u64> =
            if side == 0 { differences.changed.iter().map(|(left, _)| *left).collect() } else { Vec::new() };
        let out = if plain { None } else { Some(rows_out(evidence, side)?) };
        Ok(Self { parts, only: &differences.only[side], changed, out })
    }

    /// The role of a row.
    pub fn role(&self, row: u64) -> Role {
        if self.only.binary_search(&row).is_ok() {
            Role::Only
        } else if self.changed.binary_search(&row).is_ok() {
            Role::Changed
        } else if self.is_out(row) {
            Role::Out
        } else {
            Role::Other
        }
    }

    /// The roles of so many rows from a position on.
    pub fn roles(&self, first: u64, rows: usize) -> Vec<Role> {
        let mut roles = vec![Role::Other; rows];
        if self.out.is_some() {
            for (row, role) in (first..).zip(&mut roles).filter(|(row, _)| self.is_out(*row)) {
                debug_assert!(row < self.parts.rows());
                *role = Role::Out;
            }
        }
        for (positions, role) in [(self.only, Role::Only), (self.changed.as_slice(), Role::Changed)] {
            let from = positions.partition_point(|row| *row < first);
            for row in positions[from..].iter().take_while(|row| **row < first + rows as u64) {
                roles[(row - first) as usize] = role;
            }
        }
        roles
    }

    fn is_out(&self, row: u64) -> bool {
        self.out.as_ref().is_some_and(|bits| bits[(row / 64) as usize] >> (row % 64) & 1 == 1)
    }
}

/// All rows but those that have a key which one row has, or which is on the other side, too.
fn rows_out(evidence: &Evidence<'_>, side: usize) -> Result<Vec<u64>, ReasonError> {
    let (mine, theirs) = (evidence.indexes[side], evidence.indexes[1 - side]);
    let mut bits = vec![u64::MAX; evidence.parts[side].rows().div_ceil(64) as usize];
    let mut take_in = |row: u64| bits[(row / 64) as usize] &= !(1 << (row % 64));
    evidence.differences.only[side].iter().for_each(|row| take_in(*row));
    for (at, split) in mine.splits.iter().enumerate() {
        evidence.check()?;
        let mut partners = HashSet::new();
        for split in facing(mine, theirs, at) {
            each_key(split, &mut |key, _| {
                partners.insert(key);
            })?;
        }
        each_key(split, &mut |key, row| {
            if partners.contains(&key) {
                take_in(row);
            }
        })?;
    }
    Ok(bits)
}

/// The splits of the other index that have the keys of this one; both numbers are powers of two.
fn facing<'i>(mine: &Index, theirs: &'i Index, at: usize) -> &'i [IndexSplit] {
    let (many, other) = (mine.splits.len(), theirs.splits.len());
    if other >= many {
        let each = other / many;
        &theirs.splits[at * each..(at + 1) * each]
    } else {
        let there = at / (many / other.max(1)).max(1);
        theirs.splits.get(there..=there).unwrap_or_default()
    }
}

/// Hands over the keys of a split with the positions of their rows; rows without a key are passed
/// over.
fn each_key(split: &IndexSplit, take: &mut dyn FnMut((u64, u64), u64)) -> Result<(), ReasonError> {
    split.each(&mut |own| {
        if let Some(key) = own.key {
            take((key.high, key.low), own.row);
        }
    })?;
    Ok(())
}
