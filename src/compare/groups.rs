//! Keys with several rows whose rows are the same on both sides within a tolerance of the job. Their
//! fingerprints differ, and which row is which nobody says: they are the same if the rows of one side
//! can be paired off with those of the other so that each pair is equal.

use super::cells::{Judge, Verdict, View};
use super::outcome::Comparison;
use super::{CompareError, CompareOptions, Side};
use crate::snapshot::{Index, Recipe};
use crate::table::{Alignment, Fingerprint, Key};
use std::collections::BTreeMap;

/// A group with more rows on a side than this stays ambiguous: pairing off takes its square.
const ROWS: usize = 64;
/// So many rows are looked at in all, of each side.
const ALL: usize = 100_000;

/// The rows of one key: left, right.
type Group = [Vec<u64>; 2];

/// Counts keys as equal that were taken for ambiguous, and rows without a key that were taken for
/// different.
pub(super) fn within_tolerances(
    left: Side<'_>,
    right: Side<'_>,
    alignment: &Alignment,
    key: &Key,
    options: &CompareOptions<'_>,
    comparison: &mut Comparison,
) -> Result<(), CompareError> {
    // Of rows without a key the key's columns say something too.
    let order: Vec<usize> = Recipe::order(alignment, key).into_iter().chain(key.pairs.iter().copied()).collect();
    let tolerant = alignment.compared(key).iter().any(|at| alignment.pairs[*at].rules.tolerance.is_some());
    if !tolerant || (comparison.ambiguous == 0 && comparison.null_keys_equal()) {
        return Ok(());
    }
    let groups = groups([left.index, right.index], options)?;
    let sides = [left.parts, right.parts];
    let projections = [
        order.iter().filter_map(|at| sides[0].position(&alignment.pairs[*at].left.name)).collect::<Vec<_>>(),
        order.iter().filter_map(|at| sides[1].position(&alignment.pairs[*at].right.name)).collect::<Vec<_>>(),
    ];
    let judge = Judge::with_key(alignment, key);
    for (key, group) in groups {
        if options.interrupt.is_set() {
            return Err(CompareError::Interrupted);
        }
        let rows = View::new(sides[0].fetch(&projections[0], &group[0])?);
        let others = View::new(sides[1].fetch(&projections[1], &group[1])?);
        let pairs = Pairs { judge: &judge, columns: order.len(), views: [&rows, &others], rows: group[0].len() };
        let Some(partners) = pairs.paired_off() else { continue };
        let tolerated = pairs.tolerated(&partners);
        for (pair, _) in order.iter().zip(tolerated).filter(|(_, tolerated)| *tolerated) {
            comparison.soften(*pair, true, 1);
        }
        comparison.same_within_tolerance(key.is_none(), group[0].first().copied());
    }
    Ok(())
}

/// The keys that have the same number of rows on both sides, and more than one; without a key, the rows
/// that have none. All of those whose rows differ are in it.
fn groups(
    indexes: [&Index; 2],
    options: &CompareOptions<'_>,
) -> Result<Vec<(Option<Fingerprint>, Group)>, CompareError> {
    let splits = indexes[0].splits.len().max(indexes[1].splits.len());
    let mut out = Vec::new();
    let mut all = 0;
    let mut without: (Group, [Sum; 2]) = Default::default();
    for split in 0..splits {
        if options.interrupt.is_set() {
            return Err(CompareError::Interrupted);
        }
        let mut found: BTreeMap<(u64, u64), (Group, [Sum; 2])> = BTreeMap::new();
        for (side, index) in indexes.into_iter().enumerate() {
            let shift = 64 - splits.trailing_zeros();
            let here = |high: u64| high.checked_shr(shift).unwrap_or(0) == split as u64;
            index.splits[split * index.splits.len() / splits].each(&mut |row| {
                let (rows, sums) = match row.key {
                    Some(key) if here(key.high) => found.entry((key.high, key.low)).or_default(),
                    None if split == 0 => &mut without,
                    _ => return,
                };
                // One too many is as bad as many.
                if rows[side].len() <= ROWS {
                    rows[side].push(row.row);
                }
                sums[side].add(row.content);
            })?;
        }
        for ((high, low), (group, sums)) in found {
            if group[0].len() > 1 && differs(&group, &sums) {
                all += group[0].len();
                out.push((Some(Fingerprint { high, low }), group));
            }
        }
        if all > ALL {
            break;
        }
    }
    let (group, sums) = without;
    if !group[0].is_empty() && differs(&group, &sums) {
        out.push((None, group));
    }
    out.iter_mut().for_each(|(_, group)| group.iter_mut().for_each(|rows| rows.sort_unstable()));
    Ok(out)
}

/// Whether rows as many on one side as on the other, and few enough, are not the same as they are.
fn differs(group: &Group, sums: &[Sum; 2]) -> bool {
    group[0].len() == group[1].len() && group[0].len() <= ROWS && sums[0] != sums[1]
}

/// Fingerprints, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum(u64, u64);

impl Sum {
    fn add(&mut self, print: Fingerprint) {
        *self = Self(self.0.wrapping_add(print.high), self.1.wrapping_add(print.low));
    }
}

/// The rows of a group, to be paired off.
struct Pairs<'a> {
    judge: &'a Judge,
    columns: usize,
    views: [&'a View; 2],
    rows: usize,
}

impl Pairs<'_> {
    fn verdict(&self, column: usize, left: usize, right: usize) -> Verdict {
        let mut buffers = [Vec::new(), Vec::new()];
        self.judge.verdict(column, [(self.views[0], left), (self.views[1], right)], &mut buffers)
    }

    /// The partner of each left row, if each can have one of its own.
    fn paired_off(&self) -> Option<Vec<usize>> {
        let fits = |left: usize, right: usize| {
            (0..self.columns).all(|column| self.verdict(column, left, right) != Verdict::Different)
        };
        let fitting: Vec<Vec<usize>> =
            (0..self.rows).map(|left| (0..self.rows).filter(|right| fits(left, *right)).collect()).collect();
        pair_off(&fitting, self.rows)
    }

    /// The columns in which a pair is equal only within the tolerance.
    fn tolerated(&self, partners: &[usize]) -> Vec<bool> {
        let of = |column: usize| {
            let mut pairs = partners.iter().enumerate();
            pairs.any(|(left, right)| self.verdict(column, left, *right) == Verdict::Tolerated)
        };
        (0..self.columns).map(of).collect()
    }
}

/// Gives each left row one of the right rows that fit it, none of them twice; `None` if that can't be
/// done.
fn pair_off(fitting: &[Vec<usize>], rights: usize) -> Option<Vec<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; rights];
    for left in 0..fitting.len() {
        if !place(left, fitting, &mut owner, &mut vec![false; rights]) {
            return None;
        }
    }
    let mut partners = vec![0; fitting.len()];
    for (right, left) in owner.into_iter().enumerate() {
        partners[left?] = right;
    }
    Some(partners)
}

/// Finds a place for a left row; others move on to make room.
fn place(left: usize, fitting: &[Vec<usize>], owner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for right in &fitting[left] {
        if std::mem::replace(&mut seen[*right], true) {
            continue;
        }
        let free = match owner[*right] {
            None => true,
            Some(other) => place(other, fitting, owner, seen),
        };
        if free {
            owner[*right] = Some(left);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_paired_off_if_they_can_be() {
        assert_eq!(pair_off(&[vec![0, 1], vec![0]], 2), Some(vec![1, 0]));
        assert_eq!(pair_off(&[vec![0], vec![0]], 2), None);
        assert_eq!(pair_off(&[vec![0, 1], vec![1, 2], vec![0]], 3), Some(vec![1, 2, 0]));
        assert_eq!(pair_off(&[vec![], vec![0, 1]], 2), None);
    }
}
