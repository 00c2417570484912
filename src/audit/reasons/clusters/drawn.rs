//! Which rows are drawn: the same ones every time, known before it is known which rows differ.

use crate::snapshot::Parts;

/// Rows of each kind that differ at most: the more, the better the ends of ranges are known.
const MOST: usize = 100_000;
/// Others at most.
const MOST_OTHERS: usize = 50_000;
/// And at least, however little memory there is.
const LEAST: usize = 2_000;

/// The rows of a side that are drawn whatever they are, as positions that ascend: who reads all rows
/// beforehand does well to keep these.
pub fn sampled_rows(parts: &Parts, memory: usize) -> impl Iterator<Item = u64> {
    spread(parts.rows(), most(parts, memory).min(MOST_OTHERS) as u64)
}

/// How many rows of each kind are drawn at most.
pub fn most(parts: &Parts, memory: usize) -> usize {
    // A guess of what a value takes while it is put in order.
    (memory / 8 / (64 * parts.columns().len().max(1))).clamp(LEAST, MOST)
}

/// As many of the positions as are wanted, the same way apart.
pub fn evenly(positions: &[u64], most: usize) -> impl Iterator<Item = u64> {
    let many = positions.len().min(most);
    (0..many).map(move |i| positions[(i as u128 * positions.len() as u128 / many as u128) as usize])
}

/// One position from each of so many stretches of the rows, so that no period in the rows meets a
/// period of the sample.
fn spread(rows: u64, most: u64) -> impl Iterator<Item = u64> {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let many = rows.min(most);
    let start = move |i: u64| (u128::from(i) * u128::from(rows) / u128::from(many.max(1))) as u64;
    (0..many).map(move |i| {
        let mixed = (i.wrapping_add(1).wrapping_mul(MIX) >> 32).wrapping_mul(MIX) >> 32;
        start(i) + mixed % (start(i + 1) - start(i)).max(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_and_ascend() {
        let drawn: Vec<u64> = spread(1_000_000, 1000).collect();
        assert!(drawn.iter().enumerate().all(|(i, row)| row / 1000 == i as u64));
        // No period of the rows is drawn in full: the last digits differ.
        let even = drawn.iter().filter(|row| **row % 2 == 0).count();
        assert!((400..600).contains(&even), "{even}");
        assert!(spread(5, 1000).eq(0..5) && spread(0, 10).next().is_none());
        assert!(evenly(&[1, 2, 3, 4], 2).eq([1, 3]) && evenly(&[], 2).next().is_none());
    }
}
