//! Which rows belong together: by the link that the base has between them first, by the unique key
//! second. Only rows are looked at that differ; rows that are equal under one key are a pair already.
//!
//! There may be more of them than there is memory for: they are laid aside, and read some at a time.

use super::entries::Linking;
use super::matching::matched;
use crate::base::{Base, BasePair, Linker};
use crate::compare::Differences;
use crate::endpoint::Interrupt;
use crate::plan::PlanError;
use crate::plan::rows::fetch;
use crate::snapshot::{Aside, Parts, Recipe, SnapshotError};
use crate::table::{Column, Fingerprint};
use std::path::Path;

/// Rows to read at once.
pub(super) const CHUNK: usize = 16 * 1024;
/// Bytes of records that are in memory of what is laid aside.
pub(super) const ASIDE: usize = 1 << 20;

/// One side's rows, and what identifies them.
#[derive(Clone, Copy, Debug)]
pub struct ItemSide<'a> {
    /// The rows.
    pub parts: &'a Parts,
    /// How the unique key's fingerprint is made.
    pub recipe: &'a Recipe,
    /// The columns of a row's identity.
    pub identity: &'a [String],
}

/// A row of each side that belong together, or one that is alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The positions of the left and right row.
    pub rows: [Option<u64>; 2],
    /// What they were when they last agreed.
    pub base: Option<BasePair>,
    /// The identities of the rows that are there.
    pub ids: [Option<Fingerprint>; 2],
}

impl Item {
    /// Whether both rows are there.
    pub fn is_paired(&self) -> bool {
        self.rows.iter().all(Option::is_some)
    }

    /// By this, items are in the order of the tables, so that the same differences always make the same
    /// plan.
    pub(super) fn order(&self) -> (bool, [Option<u64>; 2]) {
        (self.rows[0].is_none(), self.rows)
    }

    pub(super) fn pack(&self) -> [u64; 16] {
        let mut out = [0; 16];
        for side in [0, 1] {
            out[side] = self.rows[side].unwrap_or_default();
            out[3 + 2 * side..][..2].copy_from_slice(&self.ids[side].map_or([0; 2], |id| [id.high, id.low]));
        }
        out[2] = mask([self.rows[0].is_some(), self.rows[1].is_some(), self.ids[0].is_some(), self.ids[1].is_some()])
            | u64::from(self.base.is_some()) << 4;
        out[7..].copy_from_slice(&self.base.map_or([0; 9], |base| base.pack()));
        out
    }

    pub(super) fn unpack(record: &[u64; 16]) -> Self {
        let [left, right, mask, l1, l2, r1, r2, base @ ..] = record;
        let has = |bit: u32| mask & (1 << bit) != 0;
        let id = |bit: u32, high: &u64, low: &u64| has(bit).then_some(Fingerprint { high: *high, low: *low });
        Self {
            rows: [has(0).then_some(*left), has(1).then_some(*right)],
            ids: [id(2, l1, l2), id(3, r1, r2)],
            base: has(4).then(|| BasePair::unpack(base)),
        }
    }
}

/// The bits of what is there.
pub(super) fn mask<const N: usize>(here: [bool; N]) -> u64 {
    here.into_iter().rev().fold(0, |mask, here| mask << 1 | u64::from(here))
}

/// A row that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) row: u64,
    pub(super) key: Option<Fingerprint>,
    pub(super) id: Option<Fingerprint>,
}

/// Finds the items of all that differs, in their order. What has to be laid aside goes into `work`, and of
/// `memory` (in bytes) no more than a part is used.
///
/// # Errors
/// If rows or the base can't be read, or the person interrupts.
pub(super) fn items(
    differences: Differences,
    sides: [ItemSide<'_>; 2],
    base: Option<&Base>,
    work: &Path,
    memory: usize,
    interrupt: &Interrupt,
) -> Result<Items, PlanError> {
    let linking = Linking { sides, base, memory, interrupt };
    let mut items = Items(Aside::new(&work.join("items"), ASIDE));
    let alone = linking.each(&differences, &mut |entry| {
        let moved = entry.is_moved();
        if !moved {
            items.0.push(entry.item().pack())?;
        }
        Ok(!moved)
    })?;
    if alone {
        return Ok(items);
    }
    // Rows that have the unique key of another now may belong with what stands elsewhere.
    let mut entries = Aside::new(&work.join("entries"), ASIDE);
    linking.each(&differences, &mut |entry| entries.push(entry.pack()).map(|()| true))?;
    drop(differences);
    Ok(Items(matched(&entries, work, memory, interrupt)?))
}

/// Items, laid aside.
#[derive(Debug)]
pub(super) struct Items(Aside<16>);

impl Items {
    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.0.len()
    }

    /// At most `most` of them from the one at `first` on.
    ///
    /// # Errors
    /// If they can't be read.
    pub(super) fn read(&self, first: u64, most: usize) -> Result<Vec<Item>, SnapshotError> {
        Ok(self.0.read(first, most)?.iter().map(Item::unpack).collect())
    }
}

impl ItemSide<'_> {
    /// The fingerprints of these rows.
    pub(super) fn known(&self, rows: &[u64]) -> Result<Vec<Row>, SnapshotError> {
        let named = |name: &str| {
            self.recipe.key.iter().any(|column| column.name == *name) || self.identity.iter().any(|own| own == name)
        };
        let projection: Vec<usize> =
            (0..self.parts.columns().len()).filter(|at| named(&self.parts.columns()[*at].name)).collect();
        let columns: Vec<Column> = projection.iter().map(|at| self.parts.columns()[*at].clone()).collect();
        let linker = Linker::new(&columns, self.recipe, self.identity).ok_or_else(|| SnapshotError::Damaged {
            path: "a snapshot".to_owned(),
            why: "it lacks a column of the key".to_owned(),
        })?;
        let mut out = Vec::with_capacity(rows.len());
        for rows in rows.chunks(CHUNK) {
            let batch = fetch(self.parts, &projection, rows)?;
            let both = linker.keys(&batch).into_iter().zip(linker.ids(&batch));
            out.extend(rows.iter().zip(both).map(|(row, (key, id))| Row { row: *row, key, id }));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_as_they_were_laid_aside() {
        let print = |n: u64| Fingerprint { high: n, low: n + 1 };
        let pair = BasePair { key: print(1), ids: [print(3), print(5)], segment: 9, rows: [7, 8] };
        for here in 0..32u64 {
            let has = |bit: u32| here & (1 << bit) != 0;
            let item = Item {
                rows: [has(0).then_some(11), has(1).then_some(12)],
                base: has(2).then_some(pair),
                ids: [has(3).then_some(print(20)), has(4).then_some(print(30))],
            };
            assert_eq!(Item::unpack(&item.pack()), item);
        }
    }
}
