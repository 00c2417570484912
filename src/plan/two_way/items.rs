//! Which rows belong together: by the link that the base has between them first, by the unique key
//! second. Only rows are looked at that differ; rows that are equal under one key are a pair already.

use crate::base::{Base, BasePair, Linker, Wanted};
use crate::compare::Differences;
use crate::plan::rows::fetch;
use crate::snapshot::{Parts, Recipe, SnapshotError};
use crate::table::{Column, Fingerprint};
use std::collections::{HashMap, HashSet};

/// Rows to read at once.
const CHUNK: usize = 16 * 1024;

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
}

/// A row that differs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    row: u64,
    key: Option<Fingerprint>,
    pub(super) id: Option<Fingerprint>,
}

/// The items of all that differs.
///
/// # Errors
/// If rows or the base can't be read.
pub fn items(
    differences: &Differences,
    sides: [ItemSide<'_>; 2],
    base: Option<&Base>,
) -> Result<Vec<Item>, SnapshotError> {
    let alone = [0, 1].map(|side: usize| sides[side].known(&differences.only[side]));
    let [left_alone, right_alone] = alone;
    let (lefts, rights): (Vec<u64>, Vec<u64>) = differences.changed.iter().copied().unzip();
    let changed = [sides[0].known(&lefts)?, sides[1].known(&rights)?];
    let mut matching = Matching::new([left_alone?, right_alone?], changed);
    if let Some(base) = base {
        let wanted = matching.wanted();
        matching.pairs = base.find(&wanted)?;
    }
    Ok(matching.items())
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

/// The rows on their way to be matched.
struct Matching {
    /// Rows on one side only.
    alone: [Vec<Row>; 2],
    /// Rows with a partner of the same unique key, position by position.
    changed: [Vec<Row>; 2],
    pairs: Vec<BasePair>,
}

impl Matching {
    fn new(alone: [Vec<Row>; 2], changed: [Vec<Row>; 2]) -> Self {
        Self { alone, changed, pairs: Vec::new() }
    }

    fn wanted(&self) -> Wanted {
        let rows = |side: usize| self.alone[side].iter().chain(&self.changed[side]);
        let ids = |side: usize| rows(side).filter_map(|row| row.id).collect();
        Wanted { keys: rows(0).chain(rows(1)).filter_map(|row| row.key).collect(), ids: [ids(0), ids(1)] }
    }

    fn items(self) -> Vec<Item> {
        let pairs = &self.pairs;
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
        // In the order of the tables, so that the same differences always make the same plan.
        out.sort_by_key(|item| (item.rows[0].is_none(), item.rows));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(number: u64) -> Fingerprint {
        Fingerprint { high: number, low: 0 }
    }

    fn row(row: u64, key: u64, id: u64) -> Row {
        Row { row, key: Some(print(key)), id: Some(print(id)) }
    }

    fn pair(key: u64, ids: [u64; 2]) -> BasePair {
        BasePair { key: print(key), ids: ids.map(print), segment: 0, rows: ids }
    }

    fn matched(alone: [&[Row]; 2], changed: &[(Row, Row)], pairs: &[BasePair]) -> Vec<([Option<u64>; 2], Option<u64>)> {
        let changed = [changed.iter().map(|c| c.0).collect(), changed.iter().map(|c| c.1).collect()];
        let mut matching = Matching::new(alone.map(<[Row]>::to_vec), changed);
        matching.pairs = pairs.to_vec();
        matching.items().into_iter().map(|item| (item.rows, item.base.map(|base| base.ids[0].high))).collect()
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
