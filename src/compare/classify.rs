//! Classifies the rows of a join of two indexes: one verdict per key.

use arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::UInt64Type;
use std::collections::BTreeSet;

/// What a join of one split found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Keys on both sides.
    pub in_both: u64,
    /// Keys on one side only: left, right.
    pub only: [u64; 2],
    /// Rows whose key is NULL.
    pub null_keys: [u64; 2],
    /// Their fingerprints, added up: the sums are equal when the rows are the same.
    pub null_sums: [(u64, u64); 2],
    /// Rows with a key.
    pub keyed_rows: [u64; 2],
    /// Keys whose rows are the same on both sides.
    pub equal: u64,
    /// Keys on both sides that are not unique and differ.
    pub ambiguous: u64,
    /// Positions of the two rows of each changed key.
    pub changed: Vec<(u64, u64)>,
    /// Per hash of unsoftened values: equal keys of which it differs.
    pub softened: Vec<u64>,
    /// The same hashes of the rows whose key is NULL, added up.
    pub null_hashes: [Vec<u64>; 2],
    /// Positions of the first rows of keys that are on one side only.
    pub only_samples: [BTreeSet<u64>; 2],
    /// Positions and numbers of rows of the first ambiguous keys: left row, right row, left number, right number.
    pub ambiguous_samples: BTreeSet<(u64, u64, u64, u64)>,
    /// Positions of the first rows of keys that are not unique, with their number of rows.
    pub duplicate_samples: [BTreeSet<(u64, u64)>; 2],
    /// Key fingerprints of the keys on one side only, to see whether they are distinct.
    pub only_keys: [Vec<(u64, u64)>; 2],
    /// Positions of the rows of keys that are on one side only and have one row there, if every
    /// difference is wanted.
    pub only_rows: Option<[Vec<u64>; 2]>,
    /// Keys that are on one side only and have several rows there.
    pub only_ambiguous: [u64; 2],
    /// Positions of the first rows of such keys.
    pub only_ambiguous_samples: [BTreeSet<u64>; 2],
    /// The fingerprints of such keys, where their rows are wanted.
    pub only_repeated: Option<[Vec<(u64, u64)>; 2]>,
    /// The rows of each of them.
    pub copies: [Vec<Vec<u64>>; 2],
    /// Positions of the first rows whose key is NULL.
    pub null_samples: [BTreeSet<u64>; 2],
}

/// One side's columns of a joined batch.
struct Columns<'a> {
    k1: &'a UInt64Array,
    k2: &'a UInt64Array,
    f1: &'a UInt64Array,
    f2: &'a UInt64Array,
    row: &'a UInt64Array,
    /// Rows per key, where keys were grouped.
    n: Option<&'a UInt64Array>,
    softened: Vec<&'a UInt64Array>,
}

impl<'a> Columns<'a> {
    fn new(batch: &'a RecordBatch, side: char, softened: usize) -> Option<Self> {
        let column = |name: &str| batch.column_by_name(&format!("{side}{name}"))?.as_primitive_opt::<UInt64Type>();
        Some(Self {
            k1: column("k1")?,
            k2: column("k2")?,
            f1: column("f1")?,
            f2: column("f2")?,
            row: column("row")?,
            n: column("n"),
            softened: (0..softened).map(|i| column(&format!("s{i}"))).collect::<Option<_>>()?,
        })
    }

    fn rows(&self, at: usize) -> u64 {
        self.n.map_or(1, |n| n.value(at))
    }
}

impl Found {
    /// Adds a joined batch. `None` if the batch is not what the join should yield.
    pub fn add(&mut self, batch: &RecordBatch, softened: usize, samples: usize) -> Option<()> {
        let left = Columns::new(batch, 'l', softened)?;
        let right = Columns::new(batch, 'r', softened)?;
        self.softened.resize(softened, 0);
        for at in 0..batch.num_rows() {
            match (left.row.is_valid(at), right.row.is_valid(at)) {
                (true, true) => self.both(&left, &right, at, samples),
                (true, false) => self.one(&left, 0, at, samples),
                (false, true) => self.one(&right, 1, at, samples),
                (false, false) => return None,
            }
        }
        Some(())
    }

    fn one(&mut self, columns: &Columns<'_>, side: usize, at: usize, samples: usize) {
        let rows = columns.rows(at);
        if columns.k1.is_null(at) {
            self.null_keys[side] += rows;
            keep(&mut self.null_samples[side], columns.row.value(at), samples);
            let (high, low) = &mut self.null_sums[side];
            *high = high.wrapping_add(columns.f1.value(at));
            *low = low.wrapping_add(columns.f2.value(at));
            self.null_hashes[side].resize(columns.softened.len(), 0);
            for (sum, hash) in self.null_hashes[side].iter_mut().zip(&columns.softened) {
                *sum = sum.wrapping_add(hash.value(at));
            }
            return;
        }
        self.only[side] += 1;
        self.keyed_rows[side] += rows;
        self.only_keys[side].push((columns.k1.value(at), columns.k2.value(at)));
        keep(&mut self.only_samples[side], columns.row.value(at), samples);
        if rows > 1 {
            keep(&mut self.duplicate_samples[side], (columns.row.value(at), rows), samples);
            self.only_ambiguous[side] += 1;
            keep(&mut self.only_ambiguous_samples[side], columns.row.value(at), samples);
            if let Some(repeated) = &mut self.only_repeated {
                repeated[side].push((columns.k1.value(at), columns.k2.value(at)));
            }
        } else if let Some(only_rows) = &mut self.only_rows {
            only_rows[side].push(columns.row.value(at));
        }
    }

    fn both(&mut self, left: &Columns<'_>, right: &Columns<'_>, at: usize, samples: usize) {
        let rows = [left.rows(at), right.rows(at)];
        let positions = [left.row.value(at), right.row.value(at)];
        self.in_both += 1;
        for side in [0, 1] {
            self.keyed_rows[side] += rows[side];
            if rows[side] > 1 {
                keep(&mut self.duplicate_samples[side], (positions[side], rows[side]), samples);
            }
        }
        // Fingerprints of several rows of a key are added up: the sums are equal when the rows are
        // the same, in whatever order.
        let same =
            rows[0] == rows[1] && left.f1.value(at) == right.f1.value(at) && left.f2.value(at) == right.f2.value(at);
        if same {
            self.equal += 1;
            for (i, count) in self.softened.iter_mut().enumerate() {
                *count += u64::from(left.softened[i].value(at) != right.softened[i].value(at));
            }
        } else if rows == [1, 1] {
            self.changed.push((positions[0], positions[1]));
        } else {
            self.ambiguous += 1;
            keep(&mut self.ambiguous_samples, (positions[0], positions[1], rows[0], rows[1]), samples);
        }
    }

    /// The same, if a join of rows, not of groups, saw each row exactly once, given the rows that
    /// each side has: then every key was unique, and the join's rows are keys.
    ///
    /// Of `p` matched pairs, summed over keys as left rows × right rows, each left row is seen
    /// once exactly if every matched key has one right row, and the other way round; a key on one
    /// side only is unique if its fingerprint does not come twice. Rows without a key match
    /// nothing and are seen once.
    pub fn if_keys_are_unique(mut self, rows: [u64; 2]) -> Option<Self> {
        let distinct = |keys: &mut Vec<(u64, u64)>| {
            keys.sort_unstable();
            keys.windows(2).all(|pair| pair[0] != pair[1])
        };
        let unique = [0, 1].into_iter().all(|side| self.in_both + self.only[side] + self.null_keys[side] == rows[side])
            && self.only_keys.iter_mut().all(distinct);
        unique.then_some(self)
    }
}

/// Keeps the smallest `most` of what comes by.
pub fn keep<T: Ord>(kept: &mut BTreeSet<T>, value: T, most: usize) {
    if kept.len() < most || kept.last().is_some_and(|last| value < *last) {
        kept.insert(value);
        if kept.len() > most {
            kept.pop_last();
        }
    }
}
