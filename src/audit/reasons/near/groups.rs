//! Pairs of rows that are alone with their normal form.

use super::chance::{Chance, Pairs};
use rayon::prelude::*;

/// A row and what it is: of the left or right, on one side only or beside one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(u32);

/// Rows that are told apart at most.
pub const MOST_ROWS: usize = 1 << 28;

impl Member {
    /// Row number `row` of a side.
    pub fn new(side: usize, beside: bool, row: usize) -> Self {
        Self((side as u32) << 31 | u32::from(beside) << 30 | row as u32)
    }

    /// 0 for left, 1 for right.
    pub fn side(self) -> usize {
        (self.0 >> 31) as usize
    }

    /// Whether its key is on both sides.
    pub fn beside(self) -> bool {
        self.0 >> 30 & 1 == 1
    }

    /// The row's number among those of its kind.
    pub fn row(self) -> usize {
        (self.0 & ((1 << 30) - 1)) as usize
    }
}

/// A normal form's hash and who has it.
pub type Entry = (u64, Member);

/// What matching by normal form found.
#[derive(Debug, Default)]
pub struct Matches {
    /// Left and right row, by the left one.
    pub pairs: Vec<(u32, u32)>,
    /// What chance would explain.
    pub chance: Chance,
}

/// Pairs rows that are alone on their side with their normal form.
pub fn matches(mut entries: Vec<Entry>) -> Matches {
    entries.par_sort_unstable();
    let mut found = Matches::default();
    let mut totals = [[0u64; 2]; 2];
    for group in entries.chunk_by(|a, b| a.0 == b.0) {
        let mut counts = [[0u64; 2]; 2];
        for (_, member) in group {
            counts[usize::from(member.beside())][member.side()] += 1;
        }
        for (total, count) in totals.iter_mut().flatten().zip(counts.iter().flatten()) {
            *total += count;
        }
        let [only, beside] = counts;
        for side in [0, 1] {
            found.chance.within.agree += couples(only[side]);
            found.chance.beside.agree += (only[side] * beside[side]) as f64;
        }
        if only == [1, 1] {
            // Members sort by side: the first that is not beside is the left one.
            let mut rows = group.iter().filter(|(_, member)| !member.beside()).map(|(_, member)| member.row() as u32);
            if let (Some(left), Some(right)) = (rows.next(), rows.next()) {
                found.pairs.push((left, right));
            }
        }
    }
    found.pairs.sort_unstable();
    let [only, beside] = totals;
    found.chance = possible(only, beside, found.chance);
    found
}

/// How many pairs could agree among so many rows.
pub fn possible(only: [u64; 2], beside: [u64; 2], chance: Chance) -> Chance {
    let beside_all = [0, 1].map(|side| only[side] as f64 * beside[side] as f64);
    Chance {
        across: only[0] as f64 * only[1] as f64,
        within: Pairs { all: couples(only[0]) + couples(only[1]), ..chance.within },
        beside: Pairs { all: beside_all[0] + beside_all[1], ..chance.beside },
    }
}

fn couples(count: u64) -> f64 {
    count as f64 * count.saturating_sub(1) as f64 / 2.0
}

/// Two hashes as one.
pub fn mix(one: u64, other: u64) -> u64 {
    // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    let mut z = one.rotate_left(25) ^ other.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_alone_with_their_form_are_pairs() {
        let left = |row| Member::new(0, false, row);
        let right = |row| Member::new(1, false, row);
        let entries = vec![
            (7, left(0)),
            (7, right(3)),
            (8, left(1)),
            (8, left(2)),
            (8, right(4)),
            (9, right(5)),
            (9, Member::new(1, true, 0)),
        ];
        let found = matches(entries);
        assert_eq!(found.pairs, vec![(0, 3)]);
        assert_eq!(found.chance.across, 9.0);
        assert_eq!(found.chance.within, Pairs { all: 6.0, agree: 1.0 });
        assert_eq!(found.chance.beside, Pairs { all: 3.0, agree: 1.0 });
    }
}
