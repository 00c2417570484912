//! What pairs are looked for by: of a million links a thousand are wanted, so a link is told from them
//! by three bits first, and by all of its fingerprints only if any of those is set.

use super::pair::{BasePair, PrintSet};
use crate::table::Fingerprint;

/// Bits for each fingerprint: one in so many of the others is looked at in vain.
const SPARSE: usize = 128;

/// Fingerprints of unique keys and of left and right identities.
#[derive(Debug, Default)]
pub struct Sought {
    keys: Prints,
    ids: [Prints; 2],
}

impl Sought {
    /// Looks for pairs that have any of these.
    pub fn of(keys: impl IntoIterator<Item = Fingerprint>, ids: [impl IntoIterator<Item = Fingerprint>; 2]) -> Self {
        Self { keys: Prints::of(keys), ids: ids.map(Prints::of) }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.keys.all.is_empty() && self.ids.iter().all(|ids| ids.all.is_empty())
    }

    /// Whether a pair has any of them.
    pub fn has(&self, pair: &BasePair) -> bool {
        self.keys.all.contains(&pair.key) || self.has_ids(&pair.ids)
    }

    /// Whether identities are among them.
    pub fn has_ids(&self, ids: &[Fingerprint; 2]) -> bool {
        self.ids[0].all.contains(&ids[0]) || self.ids[1].all.contains(&ids[1])
    }

    /// Adds the pairs of a batch of links that are looked for; `segment` is theirs.
    pub fn pick(&self, columns: &[&[u64]; 8], segment: usize, picked: &mut Vec<BasePair>) {
        let [_, keys, _, left, _, right, ..] = columns;
        for (row, ((key, left), right)) in keys.iter().zip(*left).zip(*right).enumerate() {
            if self.keys.may(*key) | self.ids[0].may(*left) | self.ids[1].may(*right) {
                let pair = BasePair::read(columns, row, segment);
                if self.has(&pair) {
                    picked.push(pair);
                }
            }
        }
    }
}

/// A set of fingerprints that knows at a glance most that are not in it.
#[derive(Debug)]
struct Prints {
    all: PrintSet<Fingerprint>,
    /// The bits at the lower halves of them all, as many as a power of two.
    bits: Vec<u64>,
}

impl Default for Prints {
    fn default() -> Self {
        Self::of([])
    }
}

impl Prints {
    fn of(prints: impl IntoIterator<Item = Fingerprint>) -> Self {
        let all: PrintSet<Fingerprint> = prints.into_iter().collect();
        let mut out = Self { bits: vec![0; (all.len() * SPARSE / 64).next_power_of_two()], all };
        for print in &out.all {
            let (word, bit) = place(&out.bits, print.low);
            out.bits[word] |= bit;
        }
        out
    }

    fn may(&self, low: u64) -> bool {
        let (word, bit) = place(&self.bits, low);
        self.bits[word] & bit != 0
    }
}

/// The word and the bit in it that stand for a number.
fn place(bits: &[u64], low: u64) -> (usize, u64) {
    ((low >> 6) as usize & (bits.len() - 1), 1 << (low & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn print(n: u64) -> Fingerprint {
        Fingerprint { high: n / 3, low: n.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    fn pair(numbers: [u64; 3]) -> BasePair {
        let [key, left, right] = numbers.map(print);
        BasePair { key, ids: [left, right], segment: 4, rows: [numbers[0], 7] }
    }

    proptest! {
        /// Exactly the pairs with any of the fingerprints are picked, in their order.
        #[test]
        fn picks_what_a_full_look_at_each_pair_finds(
            pairs in prop::collection::vec(prop::array::uniform3(0u64..300), 0..400),
            wanted in prop::array::uniform3(prop::collection::hash_set(0u64..300, 0..40)),
        ) {
            let pairs: Vec<BasePair> = pairs.into_iter().map(pair).collect();
            let mut columns: [Vec<u64>; 8] = Default::default();
            for pair in &pairs {
                columns.iter_mut().zip(pair.numbers()).for_each(|(column, number)| column.push(number));
            }
            let columns: [&[u64]; 8] = std::array::from_fn(|at| &columns[at][..]);
            let prints = wanted.each_ref().map(|wanted| wanted.iter().copied().map(print));
            let [keys, left, right] = prints;
            let sought = Sought::of(keys, [left, right]);
            let mut picked = Vec::new();
            sought.pick(&columns, 4, &mut picked);
            let has = |at: usize, print: Fingerprint| wanted[at].iter().any(|n| super::tests::print(*n) == print);
            let expected: Vec<BasePair> = pairs
                .into_iter()
                .filter(|pair| has(0, pair.key) || has(1, pair.ids[0]) || has(2, pair.ids[1]))
                .collect();
            prop_assert_eq!(picked, expected);
            prop_assert_eq!(sought.is_empty(), wanted.iter().all(|wanted| wanted.is_empty()));
        }
    }
}
