//! The rows that no pair of rows stands for: those of keys that are not unique, and those without a
//! key. They are found in the indexes that were compared, a split at a time.

use crate::compare::SideCounts;
use crate::endpoint::Interrupt;
use crate::snapshot::{Index, SnapshotError};
use rayon::prelude::*;

/// Rows of keys that are not unique, and rows with NULL in the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeated {
    /// Per key that has several rows on a side: its rows on the left and on the right, ascending.
    pub groups: Vec<[Vec<u64>; 2]>,
    /// Rows without a key: left, right.
    pub null_keys: [Vec<u64>; 2],
}

/// An index's key, which is `None` where it has a NULL, and the row's side and position.
type Entry = (Option<(u64, u64)>, usize, u64);

/// Finds them, if the counts say that there are any.
pub(super) fn repeated(
    indexes: [&Index; 2],
    counts: [SideCounts; 2],
    interrupt: &Interrupt,
) -> Result<Repeated, SnapshotError> {
    let mut out = Repeated::default();
    if counts.iter().all(|side| side.duplicates + side.null_keys == 0) {
        return Ok(out);
    }
    let splits = indexes[0].splits.len().max(indexes[1].splits.len());
    // As many at once as there are cores, and in order.
    let ahead = rayon::current_num_threads().max(1);
    for first in (0..splits).step_by(ahead) {
        if interrupt.is_set() {
            return Err(SnapshotError::Interrupted);
        }
        let found: Vec<Repeated> = (first..splits.min(first + ahead))
            .into_par_iter()
            .map(|split| Ok(of_split(split_rows(indexes, split, splits)?)))
            .collect::<Result<_, SnapshotError>>()?;
        for Repeated { groups, null_keys: [left, right] } in found {
            out.groups.extend(groups);
            out.null_keys[0].extend(left);
            out.null_keys[1].extend(right);
        }
    }
    // By where they come first; a key is on the left or, failing that, on the right.
    out.groups.sort_by_key(|[left, right]| (left.is_empty(), left.first().or(right.first()).copied()));
    out.null_keys.iter_mut().for_each(|rows| rows.sort_unstable());
    Ok(out)
}

/// One of so many splits of both sides. Splits are by the upper bits of the key, so a coarser one
/// holds finer ones; rows without a key are in the first.
fn split_rows(indexes: [&Index; 2], split: usize, splits: usize) -> Result<Vec<Entry>, SnapshotError> {
    let mut out = Vec::new();
    for (side, index) in indexes.into_iter().enumerate() {
        let shift = 64 - splits.trailing_zeros();
        let here = |key: Option<u64>| key.map_or(0, |high| high.checked_shr(shift).unwrap_or(0)) == split as u64;
        index.splits[split * index.splits.len() / splits].each(&mut |own| {
            let key = own.key.map(|key| (key.high, key.low));
            if here(key.map(|(high, _)| high)) {
                out.push((key, side, own.row));
            }
        })?;
    }
    Ok(out)
}

fn of_split(mut rows: Vec<Entry>) -> Repeated {
    rows.par_sort_unstable();
    let mut out = Repeated::default();
    for group in rows.chunk_by(|one, other| one.0 == other.0) {
        let [(key, ..), _, ..] = group else {
            if let [(None, side, row)] = group {
                out.null_keys[*side].push(*row);
            }
            continue;
        };
        let of = |side: usize| group.iter().filter(|row| row.1 == side).map(|row| row.2).collect::<Vec<_>>();
        let sides = [of(0), of(1)];
        if key.is_none() {
            out.null_keys = sides;
        } else if sides.iter().any(|rows| rows.len() > 1) {
            out.groups.push(sides);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_several_rows_on_a_side_are_found() {
        let key = |key: u64| Some((key, 7));
        let rows = vec![
            (key(3), 1, 30),
            (key(1), 0, 10),
            (key(2), 0, 20),
            (key(3), 0, 33),
            (None, 1, 99),
            (key(3), 0, 31),
            (key(2), 1, 21),
            (None, 0, 98),
            (None, 1, 97),
            (key(4), 1, 40),
            (key(4), 1, 41),
        ];
        let found = of_split(rows);
        assert_eq!(found.groups, [[vec![31, 33], vec![30]], [vec![], vec![40, 41]]]);
        assert_eq!(found.null_keys, [vec![98], vec![97, 99]]);
        assert_eq!(of_split(vec![(None, 1, 5), (key(1), 0, 6)]).null_keys, [vec![], vec![5]]);
    }
}
