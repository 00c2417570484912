//! Rows that differ, alone or with the one that has the same unique key on the other side, and what the base
//! has of them.

use super::items::{Item, ItemSide, Row, mask};
use crate::base::{Base, BasePair, Wanted};
use crate::compare::Differences;
use crate::endpoint::Interrupt;
use crate::plan::PlanError;
use crate::snapshot::SnapshotError;
use crate::table::Fingerprint;
use std::collections::HashMap;
use std::iter::Peekable;

/// About as many bytes it takes to look one entry up.
const BYTES: usize = 800;

/// One or two rows that differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) rows: [Option<Row>; 2],
    /// The pairs of the base with the identity of the left and of the right row.
    pub(super) links: [Option<BasePair>; 2],
    /// The pair of the base with the same unique key; the last one of several.
    pub(super) by_key: Option<BasePair>,
}

impl Entry {
    /// Numbers of a record.
    pub(super) const WIDTH: usize = 38;

    /// Both rows are there: they have the same unique key, and differ.
    pub(super) fn is_paired(&self) -> bool {
        self.rows.iter().all(Option::is_some)
    }

    /// Whether a row has another unique key than when it was linked. As long as no row has, nothing in the
    /// base that belongs to one entry belongs to another, since unique keys come once on each side.
    pub(super) fn is_moved(&self) -> bool {
        let moved = |(row, link): (&Option<Row>, &Option<BasePair>)| match (row, link) {
            (Some(row), Some(link)) => row.key != Some(link.key),
            _ => false,
        };
        self.rows.iter().zip(&self.links).any(moved)
    }

    /// As an item of its own: of an entry that is not moved, and has nothing to do with any that is.
    pub(super) fn item(&self) -> Item {
        Item {
            rows: self.rows.map(|row| row.map(|row| row.row)),
            base: self.links[0].or(self.links[1]).or(self.by_key),
            ids: self.rows.map(|row| row?.id),
        }
    }

    pub(super) fn pack(&self) -> [u64; Self::WIDTH] {
        let print = |print: Option<Fingerprint>| print.map_or([0; 2], |print| [print.high, print.low]);
        let mut out = [0; Self::WIDTH];
        let mut here = [false; 9];
        for (side, row) in self.rows.iter().enumerate() {
            let Some(row) = row else { continue };
            let place = &mut out[5 * side..][..5];
            place[0] = row.row;
            place[1..3].copy_from_slice(&print(row.key));
            place[3..].copy_from_slice(&print(row.id));
            here[3 * side..][..3].copy_from_slice(&[true, row.key.is_some(), row.id.is_some()]);
        }
        for (at, pair) in [self.links[0], self.links[1], self.by_key].iter().enumerate() {
            let Some(pair) = pair else { continue };
            out[10 + 9 * at..][..9].copy_from_slice(&pair.pack());
            here[6 + at] = true;
        }
        out[Self::WIDTH - 1] = mask(here);
        out
    }

    pub(super) fn unpack(record: &[u64; Self::WIDTH]) -> Self {
        let has = |bit: usize| record[Self::WIDTH - 1] & (1 << bit) != 0;
        let print = |at: usize| Fingerprint { high: record[at], low: record[at + 1] };
        let row = |side: usize| {
            let (at, bit) = (5 * side, 3 * side);
            has(bit).then(|| Row {
                row: record[at],
                key: has(bit + 1).then(|| print(at + 1)),
                id: has(bit + 2).then(|| print(at + 3)),
            })
        };
        let pair = |at: usize| {
            let numbers = std::array::from_fn(|number| record[10 + 9 * at + number]);
            has(6 + at).then(|| BasePair::unpack(&numbers))
        };
        Self { rows: [row(0), row(1)], links: [pair(0), pair(1)], by_key: pair(2) }
    }
}

/// The positions of the rows of entries, in the order of [`Item::order`].
struct InOrder<'a> {
    alone: [Peekable<std::slice::Iter<'a, u64>>; 2],
    changed: Peekable<std::slice::Iter<'a, (u64, u64)>>,
}

impl<'a> InOrder<'a> {
    fn of(differences: &'a Differences) -> Self {
        Self {
            alone: differences.only.each_ref().map(|rows| rows.iter().peekable()),
            changed: differences.changed.iter().peekable(),
        }
    }
}

impl Iterator for InOrder<'_> {
    type Item = [Option<u64>; 2];

    fn next(&mut self) -> Option<Self::Item> {
        let alone_first = match (self.alone[0].peek(), self.changed.peek()) {
            (Some(row), Some((left, _))) => *row < left,
            (row, _) => row.is_some(),
        };
        if alone_first {
            return self.alone[0].next().map(|row| [Some(*row), None]);
        }
        let changed = self.changed.next().map(|(left, right)| [Some(*left), Some(*right)]);
        changed.or_else(|| self.alone[1].next().map(|row| [None, Some(*row)]))
    }
}

/// Looks entries up in the base.
pub(super) struct Linking<'a> {
    pub(super) sides: [ItemSide<'a>; 2],
    pub(super) base: Option<&'a Base>,
    /// Bytes of memory, of which a part is used.
    pub(super) memory: usize,
    pub(super) interrupt: &'a Interrupt,
}

impl Linking<'_> {
    /// Hands over the entries of all that differs, in the order of the tables, until `take` says that it
    /// has enough. Gives whether it has not.
    pub(super) fn each(
        &self,
        differences: &Differences,
        take: &mut dyn FnMut(Entry) -> Result<bool, SnapshotError>,
    ) -> Result<bool, PlanError> {
        let size = (self.memory / 4 / BYTES).clamp(4 * 1024, 1024 * 1024);
        let mut all = InOrder::of(differences);
        loop {
            if self.interrupt.is_set() {
                return Err(PlanError::Interrupted);
            }
            let rows: Vec<_> = all.by_ref().take(size).collect();
            if rows.is_empty() {
                return Ok(true);
            }
            for entry in self.look(&rows)? {
                if !take(entry)? {
                    return Ok(false);
                }
            }
        }
    }

    fn look(&self, rows: &[[Option<u64>; 2]]) -> Result<Vec<Entry>, SnapshotError> {
        let mut entries = vec![Entry::default(); rows.len()];
        for side in [0, 1] {
            let here: Vec<u64> = rows.iter().filter_map(|rows| rows[side]).collect();
            let places = entries.iter_mut().zip(rows).filter(|(_, rows)| rows[side].is_some());
            let known = self.sides[side].known(&here)?;
            places.zip(known).for_each(|((entry, _), row)| entry.rows[side] = Some(row));
        }
        let Some(base) = self.base else { return Ok(entries) };
        let of = |side: usize| entries.iter().filter_map(move |entry| entry.rows[side]);
        let wanted = Wanted {
            keys: of(0).chain(of(1)).filter_map(|row| row.key).collect(),
            ids: [of(0).filter_map(|row| row.id).collect(), of(1).filter_map(|row| row.id).collect()],
        };
        let pairs = base.find(&wanted)?;
        drop(wanted);
        let by_id =
            [0, 1].map(|side: usize| pairs.iter().map(|pair| (pair.ids[side], pair)).collect::<HashMap<_, _>>());
        let by_key: HashMap<Fingerprint, &BasePair> = pairs.iter().map(|pair| (pair.key, pair)).collect();
        for entry in &mut entries {
            for (side, by_id) in by_id.iter().enumerate() {
                let id = entry.rows[side].and_then(|row| row.id);
                entry.links[side] = id.and_then(|id| by_id.get(&id)).map(|pair| **pair);
            }
            let key = entry.rows.iter().flatten().find_map(|row| by_key.get(&row.key?));
            entry.by_key = key.map(|pair| **pair);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_laid_aside() {
        let print = |n: u64| Fingerprint { high: n, low: n + 1 };
        let pair = |n: u64| BasePair { key: print(n), ids: [print(n + 3), print(n + 5)], segment: 9, rows: [n, 8] };
        for here in 0..512u64 {
            let has = |bit: u32| here & (1 << bit) != 0;
            let row = |bit: u32, n: u64| Row {
                row: n,
                key: has(bit + 1).then(|| print(n + 2)),
                id: has(bit + 2).then(|| print(n + 4)),
            };
            let entry = Entry {
                rows: [has(0).then(|| row(0, 10)), has(3).then(|| row(3, 20))],
                links: [has(6).then(|| pair(30)), has(7).then(|| pair(40))],
                by_key: has(8).then(|| pair(50)),
            };
            assert_eq!(Entry::unpack(&entry.pack()), entry);
        }
    }

    #[test]
    fn entries_are_in_the_order_of_the_tables() {
        let differences = Differences {
            only: [vec![1, 4], vec![2, 3]],
            changed: vec![(0, 9), (2, 1), (5, 0)],
            ..Differences::default()
        };
        let found: Vec<_> = InOrder::of(&differences).collect();
        let mut expected = found.clone();
        expected.sort_by_key(|rows| (rows[0].is_none(), *rows));
        assert_eq!((found.len(), &found), (7, &expected));
    }
}
