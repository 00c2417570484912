//! Items where rows have other unique keys than when the base linked them: what belongs to such a row may
//! stand elsewhere in the tables.
//!
//! A row that is alone belongs with what has the unique key that it had. So entries are dealt out by unique
//! keys, and matched a part at a time; only of entries that lie across, since their rows were linked with
//! other keys and yet have partners, all that concerns them is looked at as one.

use super::entries::Entry;
use super::items::{ASIDE, Item, Row};
use crate::base::BasePair;
use crate::endpoint::Interrupt;
use crate::plan::PlanError;
use crate::snapshot::{Aside, SnapshotError};
use crate::table::Fingerprint;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// About as many bytes it takes to match one entry.
const BYTES: u64 = 1_000;
/// Most parts to deal entries out to.
const PARTS: u64 = 256;
/// Entries to read at once.
const CHUNK: usize = 4 * 1024;

/// The items of all entries, in their order.
///
/// # Errors
/// If what was laid aside can't be read or written, or the person interrupts.
pub(super) fn matched(
    entries: &Aside<{ Entry::WIDTH }>,
    work: &Path,
    memory: usize,
    interrupt: &Interrupt,
) -> Result<Aside<16>, PlanError> {
    // Keys of which all that is there is looked at as one.
    let mut across: HashSet<Fingerprint> = HashSet::new();
    let mut last = [0; 2];
    each(entries, interrupt, &mut |entry| {
        for (last, row) in last.iter_mut().zip(entry.rows.iter().flatten()) {
            *last = row.row.max(*last);
        }
        if lies_across(&entry) {
            across.extend(entry.rows.iter().flatten().filter_map(|row| row.key));
            across.extend(entry.links.iter().chain([&entry.by_key]).flatten().map(|pair| pair.key));
        }
        Ok(())
    })?;
    let parts = (entries.len() * BYTES).div_ceil(memory as u64 / 4 + 1).clamp(1, PARTS);
    let buffer = ASIDE / 4 / parts as usize;
    let mut dealt: Vec<Aside<{ Entry::WIDTH }>> =
        (0..parts).map(|part| Aside::new(&work.join(format!("entries-{part}")), buffer)).collect();
    let mut whole = Matching::default();
    each(entries, interrupt, &mut |entry| {
        let key = home(&entry);
        if lies_across(&entry) || key.is_some_and(|key| across.contains(&key)) {
            whole.add(&entry);
            return Ok(());
        }
        dealt[(key.map_or(0, |key| key.low) % parts) as usize].push(entry.pack())
    })?;
    // In the order of the tables again.
    let mut sorted: Vec<Aside<16>> =
        (0..2 * parts).map(|part| Aside::new(&work.join(format!("items-{part}")), buffer)).collect();
    let mut put = |items: Vec<Item>| {
        items.iter().try_for_each(|item| {
            let (side, row) = match item.rows {
                [Some(left), _] => (0, left),
                [None, right] => (1, right.unwrap_or_default()),
            };
            let place = u128::from(row) * u128::from(parts) / (u128::from(last[side as usize]) + 1);
            sorted[(side * parts) as usize + (place as usize).min(parts as usize - 1)].push(item.pack())
        })
    };
    put(whole.items())?;
    for part in dealt {
        let mut matching = Matching::default();
        each(&part, interrupt, &mut |entry| {
            matching.add(&entry);
            Ok(())
        })?;
        drop(part);
        put(matching.items())?;
    }
    let mut out = Aside::new(&work.join("items"), ASIDE);
    for part in sorted {
        let records = part.read(0, usize::MAX)?;
        let mut items: Vec<Item> = records.iter().map(Item::unpack).collect();
        items.sort_by_key(Item::order);
        items.iter().try_for_each(|item| out.push(item.pack()))?;
    }
    Ok(out)
}

fn each(
    entries: &Aside<{ Entry::WIDTH }>,
    interrupt: &Interrupt,
    take: &mut dyn FnMut(Entry) -> Result<(), SnapshotError>,
) -> Result<(), PlanError> {
    for first in (0..entries.len()).step_by(CHUNK) {
        if interrupt.is_set() {
            return Err(PlanError::Interrupted);
        }
        entries.read(first, CHUNK)?.iter().try_for_each(|record| take(Entry::unpack(record)))?;
    }
    Ok(())
}

/// Whether what an entry may belong with stands under more than one unique key.
fn lies_across(entry: &Entry) -> bool {
    entry.is_paired() && entry.is_moved()
}

/// The unique key under which all stands that an entry may belong with: that of a lone row's link, whatever
/// key the row has now; else that of its rows.
fn home(entry: &Entry) -> Option<Fingerprint> {
    let link = entry.links.iter().flatten().next();
    link.map(|pair| pair.key).or_else(|| entry.rows.iter().flatten().find_map(|row| row.key))
}

/// The rows on their way to be matched.
#[derive(Debug, Default)]
struct Matching {
    /// Rows on one side only.
    alone: [Vec<Row>; 2],
    /// Rows with a partner of the same unique key, position by position.
    changed: [Vec<Row>; 2],
    /// The pairs that have an identity of any of them.
    links: Vec<BasePair>,
    /// Those that are found by a unique key: where several have it, it counts which is here.
    by_key: Vec<BasePair>,
}

impl Matching {
    fn add(&mut self, entry: &Entry) {
        match entry.rows {
            [Some(left), Some(right)] => {
                self.changed[0].push(left);
                self.changed[1].push(right);
            }
            [left, right] => {
                self.alone[0].extend(left);
                self.alone[1].extend(right);
            }
        }
        self.links.extend(entry.links.iter().flatten());
        self.by_key.extend(entry.by_key);
    }

    fn items(self) -> Vec<Item> {
        // Of a pair that is there twice only the last one is ever found.
        let pairs = [self.links, self.by_key].concat();
        let by_id = [0, 1].map(|side: usize| {
            pairs.iter().enumerate().map(|(at, pair)| (pair.ids[side], at)).collect::<HashMap<_, _>>()
        });
        let by_key: HashMap<Fingerprint, usize> = pairs.iter().enumerate().map(|(at, pair)| (pair.key, at)).collect();
        let of = |side: usize, row: &Row| row.id.and_then(|id| by_id[side].get(&id).copied());

        let mut out = Vec::new();
        let mut taken: HashSet<usize> = HashSet::new();
        // The rows of pairs whose partners by key are not their partners by link.
        let mut linked: [HashMap<usize, Row>; 2] = [HashMap::new(), HashMap::new()];
        let mut torn = Vec::new();
        for (left, right) in self.changed[0].iter().zip(&self.changed[1]) {
            match (of(0, left), of(1, right)) {
                (Some(l), Some(r)) if l == r => {
                    taken.insert(l);
                    out.push(Item {
                        rows: [Some(left.row), Some(right.row)],
                        base: Some(pairs[l]),
                        ids: [left.id, right.id],
                    });
                }
                (l, r) => {
                    l.map(|at| linked[0].insert(at, *left));
                    r.map(|at| linked[1].insert(at, *right));
                    torn.push((*left, *right));
                }
            }
        }
        for side in [0, 1] {
            for row in &self.alone[side] {
                of(side, row).map(|at| linked[side].insert(at, *row));
            }
        }
        let mut done: [HashSet<u64>; 2] = [HashSet::new(), HashSet::new()];
        for (at, left) in &linked[0] {
            if let Some(right) = linked[1].get(at)
                && taken.insert(*at)
            {
                done[0].insert(left.row);
                done[1].insert(right.row);
                out.push(Item {
                    rows: [Some(left.row), Some(right.row)],
                    base: Some(pairs[*at]),
                    ids: [left.id, right.id],
                });
            }
        }
        // The link of a row whose partner is not among those that differ; else what the base has under
        // the row's key, where its own rows are not to be found any more.
        let mut base_of = |rows: [Option<&Row>; 2]| {
            let own = [0, 1].into_iter().find_map(|side| {
                let row = rows[side]?;
                of(side, row).filter(|at| rows[1 - side].is_none() || Some(pairs[*at].key) == row.key)
            });
            let key = || rows.iter().flatten().find_map(|row| by_key.get(&row.key?).copied());
            own.or_else(key).filter(|at| taken.insert(*at)).map(|at| pairs[at])
        };
        let mut singles: [Vec<Row>; 2] = self.alone;
        for (left, right) in torn {
            match (done[0].contains(&left.row), done[1].contains(&right.row)) {
                (true, true) => {}
                (true, false) => singles[1].push(right),
                (false, true) => singles[0].push(left),
                (false, false) => {
                    let base = base_of([Some(&left), Some(&right)]);
                    out.push(Item { rows: [Some(left.row), Some(right.row)], base, ids: [left.id, right.id] });
                }
            }
        }
        for side in [0, 1] {
            for row in singles[side].iter().filter(|row| !done[side].contains(&row.row)) {
                let mut rows = [None, None];
                rows[side] = Some(row);
                let base = base_of(rows);
                out.push(Item { rows: rows.map(|row| row.map(|row| row.row)), base, ids: rows.map(|row| row?.id) });
            }
        }
        out.sort_by_key(Item::order);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn print(number: u64) -> Fingerprint {
        Fingerprint { high: number, low: 0 }
    }

    fn row(row: u64, key: u64, id: u64) -> Row {
        Row { row, key: Some(print(key)), id: Some(print(id)) }
    }

    fn pair(key: u64, ids: [u64; 2]) -> BasePair {
        BasePair { key: print(key), ids: ids.map(print), segment: 0, rows: ids }
    }

    /// Entries as they are looked up in a base that has these pairs.
    fn entries(alone: [&[Row]; 2], changed: &[(Row, Row)], pairs: &[BasePair]) -> Vec<Entry> {
        let mut rows: Vec<[Option<Row>; 2]> = alone[0].iter().map(|row| [Some(*row), None]).collect();
        rows.extend(changed.iter().map(|(left, right)| [Some(*left), Some(*right)]));
        rows.extend(alone[1].iter().map(|row| [None, Some(*row)]));
        rows.sort_by_key(|rows| (rows[0].is_none(), rows.map(|row| row.map(|row| row.row))));
        let link = |side: usize, row: Option<Row>| {
            let id = row?.id;
            pairs.iter().rfind(|pair| Some(pair.ids[side]) == id).copied()
        };
        let by_key = |rows: [Option<Row>; 2]| {
            let keys = rows.iter().flatten().filter_map(|row| row.key);
            keys.into_iter().find_map(|key| pairs.iter().rfind(|pair| pair.key == key).copied())
        };
        rows.into_iter()
            .map(|rows| Entry { rows, links: [link(0, rows[0]), link(1, rows[1])], by_key: by_key(rows) })
            .collect()
    }

    /// The items of entries, looked at as one, and a part at a time.
    fn both_ways(entries: &[Entry]) -> [Vec<Item>; 2] {
        let mut whole = Matching::default();
        entries.iter().for_each(|entry| whole.add(entry));
        let folder = tempfile::tempdir().unwrap();
        let mut laid = Aside::new(&folder.path().join("entries"), 100);
        entries.iter().for_each(|entry| laid.push(entry.pack()).unwrap());
        let parts = super::matched(&laid, folder.path(), 4_000, &Interrupt::default()).unwrap();
        [whole.items(), parts.read(0, usize::MAX).unwrap().iter().map(Item::unpack).collect()]
    }

    fn matched(alone: [&[Row]; 2], changed: &[(Row, Row)], pairs: &[BasePair]) -> Vec<([Option<u64>; 2], Option<u64>)> {
        let [whole, parts] = both_ways(&entries(alone, changed, pairs));
        assert_eq!(whole, parts);
        whole.into_iter().map(|item| (item.rows, item.base.map(|base| base.ids[0].high))).collect()
    }

    proptest! {
        /// Rows of a handful of keys and identities, each key once on a side, beside pairs with each
        /// identity once on a side.
        #[test]
        fn parts_are_matched_as_the_whole_is(
            rows in prop::collection::vec((0..3u8, 0..9u64, 0..9u64), 0..9),
            pairs in prop::collection::vec((0..9u64, 0..9u64, 0..9u64), 0..9),
        ) {
            let (mut alone, mut changed) = ([Vec::new(), Vec::new()], Vec::new());
            for (at, (kind, left, right)) in rows.into_iter().enumerate() {
                let (at, key) = (at as u64, at as u64 * 7 % 9);
                let of = |id| Row { row: at, key: Some(print(key)), id: Some(print(id)) };
                match kind {
                    0 => alone[0].push(of(left)),
                    1 => alone[1].push(of(right)),
                    _ => changed.push((of(left), of(right))),
                }
            }
            let mut known: Vec<BasePair> = Vec::new();
            for (key, left, right) in pairs {
                if known.iter().all(|pair| pair.ids[0] != print(left) && pair.ids[1] != print(right)) {
                    known.push(BasePair { rows: [known.len() as u64; 2], ..pair(key, [left, right]) });
                }
            }
            let entries = entries([&alone[0], &alone[1]], &changed, &known);
            let [whole, parts] = both_ways(&entries);
            prop_assert_eq!(&whole, &parts);
            if entries.iter().all(|entry| !entry.is_moved()) {
                prop_assert_eq!(whole, entries.iter().map(Entry::item).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_link_outlasts_a_key() {
        // The left row's key went from 10 to 11.
        let found = matched([&[row(0, 11, 1)], &[row(0, 10, 7)]], &[], &[pair(10, [1, 7])]);
        assert_eq!(found, [([Some(0), Some(0)], Some(1))]);
    }

    #[test]
    fn keys_that_were_exchanged_are_two_pairs() {
        let changed = [(row(0, 10, 2), row(0, 10, 1)), (row(1, 20, 1), row(1, 20, 2))];
        let found = matched([&[], &[]], &changed, &[pair(10, [1, 1]), pair(20, [2, 2])]);
        assert_eq!(found, [([Some(0), Some(1)], Some(2)), ([Some(1), Some(0)], Some(1))]);
    }

    #[test]
    fn what_the_base_does_not_link_goes_by_its_key() {
        let new = matched([&[row(3, 30, 3)], &[]], &[], &[]);
        assert_eq!(new, [([Some(3), None], None)]);
        // Its primary key changed, the unique one did not.
        let found = matched([&[], &[]], &[(row(0, 10, 9), row(0, 10, 1))], &[pair(10, [1, 1])]);
        assert_eq!(found, [([Some(0), Some(0)], Some(1))]);
        // Deleted on the left, where a new row has the key of another that is gone on the right.
        let gone = matched([&[], &[row(5, 50, 5)]], &[], &[pair(50, [4, 5])]);
        assert_eq!(gone, [([None, Some(5)], Some(4))]);
    }

    #[test]
    fn a_row_that_took_anothers_key_leaves_that_one_alone() {
        // Left row 1 took key 20, which a new right row has as well.
        let changed = [(row(0, 20, 1), row(1, 20, 9))];
        let found = matched([&[], &[row(0, 10, 1)]], &changed, &[pair(10, [1, 1])]);
        assert_eq!(found, [([Some(0), Some(0)], Some(1)), ([None, Some(1)], None)]);
    }
}
