//! Pairs of rows, as `links.parquet` and `gone.parquet` hold them.

use crate::table::Fingerprint;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// The columns of `links.parquet`.
pub const LINKS: [&str; 8] = ["k1", "k2", "l1", "l2", "r1", "r2", "left_row", "right_row"];
/// The columns of `gone.parquet`.
pub const GONE: [&str; 4] = ["l1", "l2", "r1", "r2"];

/// The identities of a left and a right row.
pub type Ids = [Fingerprint; 2];

/// Two rows that were both there and not settled, and that no link tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Torn {
    /// Their identities.
    pub ids: Ids,
    /// Whether that is since nobody can tell what of them an interrupted run has written, and what somebody
    /// else: then no rule may decide between them.
    pub unclear: bool,
}

/// A pair of rows that agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BasePair {
    /// The unique key's fingerprint.
    pub key: Fingerprint,
    /// The identities of the left and right row.
    pub ids: [Fingerprint; 2],
    /// The position of its segment in [`BaseFile::segments`](super::BaseFile::segments).
    pub segment: usize,
    /// The positions of the two rows in the segment.
    pub rows: [u64; 2],
}

impl BasePair {
    /// As it is written.
    pub(super) fn numbers(&self) -> [u64; 8] {
        let [left, right] = self.ids;
        let [left_row, right_row] = self.rows;
        [self.key.high, self.key.low, left.high, left.low, right.high, right.low, left_row, right_row]
    }

    /// As numbers, to be laid aside within a run.
    pub fn pack(&self) -> [u64; 9] {
        let [k1, k2, l1, l2, r1, r2, left, right] = self.numbers();
        [k1, k2, l1, l2, r1, r2, left, right, self.segment as u64]
    }

    /// What [`pack`](Self::pack) has made of it.
    pub fn unpack(numbers: &[u64; 9]) -> Self {
        let [k1, k2, l1, l2, r1, r2, left, right, segment] = *numbers;
        let print = |high: u64, low: u64| Fingerprint { high, low };
        let (key, ids) = (print(k1, k2), [print(l1, l2), print(r1, r2)]);
        Self { key, ids, segment: segment as usize, rows: [left, right] }
    }

    /// The one in row `row` of a batch of a segment's links.
    pub(super) fn read(columns: &[&[u64]; 8], row: usize, segment: usize) -> Self {
        let at = |column: usize| columns[column][row];
        let print = |column: usize| Fingerprint { high: at(column), low: at(column + 1) };
        Self { key: print(0), ids: [print(2), print(4)], segment, rows: [at(6), at(7)] }
    }
}

/// A pair that no longer holds, as it is written.
pub fn gone_numbers(ids: &Ids) -> [u64; 4] {
    [ids[0].high, ids[0].low, ids[1].high, ids[1].low]
}

/// The one in row `row` of a batch of pairs that no longer hold.
pub fn read_gone(columns: &[&[u64]; 4], row: usize) -> Ids {
    let print = |column: usize| Fingerprint { high: columns[column][row], low: columns[column + 1][row] };
    [print(0), print(2)]
}

/// Fingerprints are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = self.0.rotate_left(1) ^ value;
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A set of fingerprints, or of something made of them.
pub type PrintSet<T> = HashSet<T, BuildHasherDefault<AsIs>>;
/// The same as a map.
pub type PrintMap<T, V> = HashMap<T, V, BuildHasherDefault<AsIs>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_were_written() {
        let print = |n: u64| Fingerprint { high: n, low: n + 1 };
        let pair = BasePair { key: print(1), ids: [print(3), print(5)], segment: 9, rows: [7, 8] };
        assert_eq!(pair.numbers(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(BasePair::unpack(&pair.pack()), pair);
        let columns = pair.numbers().map(|number| [0, number]);
        let columns: [&[u64]; 8] = std::array::from_fn(|at| &columns[at][..]);
        assert_eq!(BasePair::read(&columns, 1, 9), pair);
        let columns = gone_numbers(&pair.ids).map(|number| [number]);
        let columns: [&[u64]; 4] = std::array::from_fn(|at| &columns[at][..]);
        assert_eq!(read_gone(&columns, 0), pair.ids);
    }
}
