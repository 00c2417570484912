//! A set of step numbers, kept as ranges: written steps mostly follow each other.

use std::collections::BTreeMap;

/// Some of a side's steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSet {
    /// First step to the step behind the last. No two touch or overlap.
    ranges: BTreeMap<u64, u64>,
}

impl StepSet {
    /// Whether the step is in it.
    pub fn contains(&self, step: u64) -> bool {
        self.ranges.range(..=step).next_back().is_some_and(|(_, end)| step < *end)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, end)| end - first).sum()
    }

    /// The ranges in order: first and last step.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().map(|(first, end)| (*first, end - 1))
    }

    /// Adds a step.
    pub fn insert(&mut self, step: u64) {
        self.insert_range(step, step);
    }

    /// Adds the steps from `first` to `last`; none if `last` is smaller.
    pub fn insert_range(&mut self, first: u64, last: u64) {
        if last < first {
            return;
        }
        let (mut first, mut end) = (first, last.saturating_add(1));
        // Those that touch it become one with it.
        while let Some((&other, &other_end)) = self.ranges.range(..=end).next_back() {
            if other_end < first {
                break;
            }
            self.ranges.remove(&other);
            first = first.min(other);
            end = end.max(other_end);
        }
        self.ranges.insert(first, end);
    }

    /// Takes the steps from `first` to `last` out.
    pub fn remove_range(&mut self, first: u64, last: u64) {
        if last < first {
            return;
        }
        let end = last.saturating_add(1);
        while let Some((&other, &other_end)) = self.ranges.range(..end).next_back() {
            if other_end <= first {
                break;
            }
            self.ranges.remove(&other);
            if other_end > end {
                self.ranges.insert(end, other_end);
            }
            if other < first {
                self.ranges.insert(other, first);
            }
        }
    }

    /// Adds all of another set.
    pub fn insert_all(&mut self, other: &Self) {
        other.ranges().for_each(|(first, last)| self.insert_range(first, last));
    }

    /// Takes all of another set out.
    pub fn remove_all(&mut self, other: &Self) {
        other.ranges().for_each(|(first, last)| self.remove_range(first, last));
    }
}

impl FromIterator<u64> for StepSet {
    fn from_iter<I: IntoIterator<Item = u64>>(steps: I) -> Self {
        let mut out = Self::default();
        steps.into_iter().for_each(|step| out.insert(step));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_holds_what_a_plain_set_holds(deeds in prop::collection::vec((any::<bool>(), 0u64..40, 0u64..8), 0..40)) {
            let (mut set, mut plain) = (StepSet::default(), BTreeSet::new());
            for (add, first, length) in deeds {
                let steps = first..first + length;
                match (add, length) {
                    (_, 0) => set.insert_range(first + 1, first),
                    (true, _) => set.insert_range(first, first + length - 1),
                    (false, _) => set.remove_range(first, first + length - 1),
                }
                for step in steps {
                    if add { plain.insert(step); } else { plain.remove(&step); }
                }
                prop_assert_eq!((0..50).filter(|step| set.contains(*step)).collect::<BTreeSet<_>>(), plain.clone());
                prop_assert_eq!(set.len(), plain.len() as u64);
                // As few ranges as can be: none touch.
                let ranges: Vec<_> = set.ranges().collect();
                prop_assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
            }
        }
    }
}
