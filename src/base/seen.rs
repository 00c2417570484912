//! The identities in a segment under way.

use super::pair::PrintSet;

/// As many are kept whole.
const FEW: usize = 64 * 1024;
/// Most are kept by 16 bits, and the next 32 in the place that those name.
const PLACES: usize = 1 << 16;

/// A set of halves of fingerprints, which takes 4 to 5 bytes for each once there are many. It tells of all
/// that are in it; of a million that are not, one in a hundred times one seems to be.
#[derive(Debug, Default)]
pub struct Seen {
    few: PrintSet<u64>,
    many: Vec<Vec<u32>>,
}

impl Seen {
    /// Whether it is in the set.
    pub fn contains(&self, print: u64) -> bool {
        let (place, rest) = split(print);
        self.few.contains(&print) || self.many.get(place).is_some_and(|own| own.contains(&rest))
    }

    /// Adds one.
    pub fn insert(&mut self, print: u64) {
        if self.many.is_empty() {
            self.few.insert(print);
            if self.few.len() > FEW {
                self.many = vec![Vec::new(); PLACES];
                std::mem::take(&mut self.few).into_iter().for_each(|print| self.put(print));
            }
        } else {
            self.put(print);
        }
    }

    /// Takes all of them out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn put(&mut self, print: u64) {
        let (place, rest) = split(print);
        let own = &mut self.many[place];
        if own.len() == own.capacity() {
            own.reserve_exact(own.len() / 4 + 2);
        }
        own.push(rest);
    }
}

fn split(print: u64) -> (usize, u32) {
    ((print >> 48) as usize, (print >> 8) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_found() {
        let print = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut seen = Seen::default();
        for count in [0, 10, FEW as u64 + 10] {
            seen.clear();
            (0..count).for_each(|n| seen.insert(print(n)));
            assert!((0..count).all(|n| seen.contains(print(n))));
            assert!((count..count + 1_000).all(|n| !seen.contains(print(n))));
        }
        assert!(seen.few.is_empty() && seen.many.iter().all(|own| own.capacity() <= own.len() * 5 / 4 + 2));
    }
}
