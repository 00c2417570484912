//! Makes the indexes of two frozen tables side by side. Two copies of a table are mostly in the
//! same order, so a row's partner is mostly in hand when the row is; the rows whose partner is not,
//! or is different, are kept, and need not be read again when the comparison asks for them. So are
//! rows that are known to be asked for whatever they are.

use super::adopt::{IndexOptions, Indexing};
use super::error::SnapshotError;
use super::index::{Entries, Index};
use super::parts::Parts;
use super::recipe::Recipe;
use super::taken::TakenRows;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// One row in so many may be without a partner; beyond that the two are in different orders, and
/// keeping rows would only cost memory.
const ALIKE: usize = 8;

/// The indexes of both sides, and the rows worth keeping; among these are the `wanted` rows of each
/// side, whose positions ascend.
///
/// # Errors
/// If reading or writing fails, or the person interrupts.
pub fn index_together(
    sides: [&Parts; 2],
    recipes: &[Recipe; 2],
    options: [&IndexOptions<'_>; 2],
    wanted: [&[u64]; 2],
) -> Result<[(Index, TakenRows); 2], SnapshotError> {
    let left = Indexing::new(sides[0], &recipes[0], options[0])?;
    let right = Indexing::new(sides[1], &recipes[1], options[1])?;
    let indexing = [&left, &right];
    let room = [0, 1].map(|side| options[side].memory / 2);
    let kept = [0, 1].map(|side| Mutex::new(TakenRows::new(indexing[side].projection.clone(), room[side])));
    let groups = sides[0].groups().max(sides[1].groups());
    (0..groups).into_par_iter().try_for_each(|group| {
        let mut readers =
            [sides[0].read_group(group, &left.projection)?, sides[1].read_group(group, &right.projection)?];
        let mut rows = [0, 0];
        loop {
            let mut batches = Vec::with_capacity(2);
            for side in [0, 1] {
                batches.push(match readers[side].next().transpose()? {
                    Some((first, batch)) => {
                        rows[side] += batch.rows.num_rows() as u64;
                        Some((first, indexing[side].add(first, &batch)?, batch))
                    }
                    None => None,
                });
            }
            let alone = match batches.as_slice() {
                [None, None] => {
                    return [0, 1].into_iter().try_for_each(|side| sides[side].check_group(group, rows[side]));
                }
                [Some(left), Some(right)] => without_partner(&left.1, &right.1),
                _ => Default::default(),
            };
            for (side, batch) in batches.iter().enumerate() {
                let Some((first, _, batch)) = batch else { continue };
                let rows = worth_keeping(*first, batch.rows.num_rows(), &alone[side], wanted[side]);
                TakenRows::keep(&kept[side], *first, batch, &rows)?;
            }
        }
    })?;
    let [kept_left, kept_right] = kept.map(|kept| kept.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok([(left.finish()?, kept_left), (right.finish()?, kept_right)])
}

/// The rows of a batch to be kept: those that are alone, unless they are too many, and the wanted ones.
fn worth_keeping(first: u64, many: usize, alone: &[u32], wanted: &[u64]) -> Vec<u32> {
    let mut rows = TakenRows::within(wanted, first, many);
    if alone.len() <= many / ALIKE {
        rows.extend_from_slice(alone);
        rows.sort_unstable();
        rows.dedup();
    }
    rows
}

/// The rows of either side that have no equal row on the other.
fn without_partner(left: &Entries, right: &Entries) -> [Vec<u32>; 2] {
    const FREE: u32 = u32::MAX;
    let mask = (left.len() * 2).next_power_of_two() - 1;
    let mut slots = vec![FREE; mask + 1];
    for row in 0..left.len() {
        let mut at = left.mixed(row) as usize & mask;
        while slots[at] != FREE {
            at = (at + 1) & mask;
        }
        slots[at] = row as u32;
    }
    let mut found = vec![false; left.len()];
    let mut alone = Vec::new();
    for row in 0..right.len() {
        let mut at = right.mixed(row) as usize & mask;
        loop {
            match slots[at] {
                FREE => {
                    alone.push(row as u32);
                    break;
                }
                there if left.same(there as usize, right, row) => {
                    found[there as usize] = true;
                    break;
                }
                _ => at = (at + 1) & mask,
            }
        }
    }
    let alone_left = (0..left.len() as u32).filter(|row| !found[*row as usize]).collect();
    [alone_left, alone]
}

#[cfg(test)]
mod tests {
    use super::worth_keeping;

    #[test]
    fn wanted_rows_are_kept_beside_those_without_a_partner() {
        let wanted = [3, 100, 107, 120];
        assert_eq!(worth_keeping(100, 20, &[5, 7], &wanted), [0, 5, 7]);
        assert_eq!(worth_keeping(100, 20, &[1, 2, 3], &wanted), [0, 7], "too many are alone");
        assert!(worth_keeping(200, 20, &[], &wanted).is_empty());
    }
}
