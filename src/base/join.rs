//! Keys that have one row on each side, found split by split in two indexes.

use crate::snapshot::{Index, SnapshotError};
use crate::table::Fingerprint;
use rayon::prelude::*;

/// A key and the positions of its left and right row.
pub type Joined = (Fingerprint, [u64; 2]);

/// Hands over every key that has exactly one row on each side. Never those of rows with a NULL in
/// the key.
pub fn join(
    sides: [&Index; 2],
    take: &mut dyn FnMut(Vec<Joined>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    if sides.iter().any(|index| index.splits.is_empty()) {
        return Ok(());
    }
    // Splits are by the upper bits of the key, so one of the coarser index holds several of the
    // finer one. Its rows are kept in a table, and theirs pass by.
    let coarse = usize::from(sides[1].splits.len() < sides[0].splits.len());
    let splits: Vec<usize> = (0..sides[coarse].splits.len()).collect();
    for splits in splits.chunks(rayon::current_num_threads().max(1)) {
        let joined: Vec<Vec<Joined>> =
            splits.par_iter().map(|split| join_split(sides, coarse, *split)).collect::<Result<_, _>>()?;
        joined.into_iter().try_for_each(&mut *take)?;
    }
    Ok(())
}

fn join_split(sides: [&Index; 2], coarse: usize, split: usize) -> Result<Vec<Joined>, SnapshotError> {
    let mut table = Table::default();
    each_row(sides[coarse], split, &mut |key, row| table.add(key, row))?;
    table.hash();
    let finer = sides[1 - coarse].splits.len() / sides[coarse].splits.len();
    for split in split * finer..(split + 1) * finer {
        each_row(sides[1 - coarse], split, &mut |key, row| table.meet(key, row))?;
    }
    let alone = table.entries.into_iter().filter(|entry| entry.rows == 1 && entry.met == 1);
    Ok(alone
        .map(|entry| {
            let rows = if coarse == 0 { [entry.row, entry.partner] } else { [entry.partner, entry.row] };
            (entry.key, rows)
        })
        .collect())
}

/// Every row of a split that has a key.
fn each_row(index: &Index, split: usize, take: &mut dyn FnMut(Fingerprint, u64)) -> Result<(), SnapshotError> {
    index.splits[split].each(&mut |own| {
        if let Some(key) = own.key {
            take(key, own.row);
        }
    })
}

/// A key of the coarser side.
struct Entry {
    key: Fingerprint,
    row: u64,
    partner: u64,
    /// Its rows, and those of the other side; more than two are two.
    rows: u8,
    met: u8,
}

/// Rows by key. Keys are hashes already.
#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    /// Positions of entries; a power of two of them, half of them free.
    slots: Vec<u32>,
}

const FREE: u32 = u32::MAX;

impl Table {
    fn add(&mut self, key: Fingerprint, row: u64) {
        self.entries.push(Entry { key, row, partner: 0, rows: 1, met: 0 });
    }

    /// Makes the rows findable. Of a key's rows only the first one is.
    fn hash(&mut self) {
        self.slots = vec![FREE; (self.entries.len() * 2).next_power_of_two()];
        for at in 0..self.entries.len() {
            let slot = self.slot(self.entries[at].key);
            match self.slots[slot] {
                FREE => self.slots[slot] = at as u32,
                first => {
                    self.entries[first as usize].rows = 2;
                    self.entries[at].rows = 2;
                }
            }
        }
    }

    /// A row of the other side.
    fn meet(&mut self, key: Fingerprint, row: u64) {
        let slot = self.slot(key);
        if let Some(entry) = self.entries.get_mut(self.slots[slot] as usize) {
            entry.partner = row;
            entry.met = (entry.met + 1).min(2);
        }
    }

    /// Where a key is, or would be.
    fn slot(&self, key: Fingerprint) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = key.low as usize & mask;
        while self.entries.get(self.slots[slot] as usize).is_some_and(|entry| entry.key != key) {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
