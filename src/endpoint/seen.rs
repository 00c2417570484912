//! Which entries of a history are new, and how far it has been read once they are.
//!
//! A number is handed out when an entry is written, and is seen by others when its transaction is
//! committed: a smaller one may come to light after a larger one. So numbers that are missing are
//! remembered, and looked for the next time.

use super::HistoryMark;

/// For how long a missing number is looked for, in microseconds: no transaction stays open for so
/// long, it was rolled back.
const PATIENCE: i64 = 7 * 24 * 3600 * 1_000_000;

/// A reading under way: all entries behind [`after`](Self::after) come by in the order of their
/// numbers, those of other tables too.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    since: HistoryMark,
    now: i64,
    last: u64,
    gaps: Vec<(u64, u64, i64)>,
}

impl Seen {
    /// From a mark on; `now` is the time by this machine's clock.
    pub(super) fn new(since: &HistoryMark, now: i64) -> Self {
        let since = HistoryMark {
            gaps: since.gaps.iter().copied().filter(|(_, _, missed)| now - missed <= PATIENCE).collect(),
            ..since.clone()
        };
        let mut out = Self { since, now, last: 0, gaps: Vec::new() };
        out.last = out.after();
        out
    }

    /// Only entries with larger numbers can be new.
    pub(super) fn after(&self) -> u64 {
        self.since.gaps.iter().map(|(first, _, _)| first.saturating_sub(1)).fold(self.since.seq, u64::min)
    }

    /// Takes note of the next entry. Whether it is new.
    pub(super) fn see(&mut self, seq: u64) -> bool {
        self.miss(self.last + 1, seq);
        self.last = seq;
        seq > self.since.seq || self.since.gaps.iter().any(|(first, last, _)| (*first..=*last).contains(&seq))
    }

    /// Takes note that these numbers, the next ones, are not there and never will be.
    pub(super) fn pass(&mut self, first: u64, last: u64) {
        self.miss(self.last + 1, first);
        self.last = last;
    }

    /// The numbers from `from` to before `to` are not there.
    fn miss(&mut self, from: u64, to: u64) {
        for (first, last, missed) in &self.since.gaps {
            let (first, end) = (from.max(*first), to.min(last + 1));
            if first < end {
                self.gaps.push((first, end - 1, *missed));
            }
        }
        let first = from.max(self.since.seq + 1);
        if first < to {
            self.gaps.push((first, to - 1, self.now));
        }
    }

    /// The mark behind all that came by.
    pub(super) fn finish(mut self) -> HistoryMark {
        let seq = self.last.max(self.since.seq);
        self.miss(self.last + 1, seq + 1);
        // Of what came by, the reader knows more.
        let last = self.since.last.filter(|_| seq == self.since.seq);
        HistoryMark { seq, gaps: self.gaps, installed: self.since.installed, last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn read(mark: &HistoryMark, table: &BTreeSet<u64>, now: i64) -> (Vec<u64>, HistoryMark) {
        let mut seen = Seen::new(mark, now);
        let after = seen.after();
        let new = table.iter().copied().filter(|seq| *seq > after).filter(|seq| seen.see(*seq)).collect();
        (new, seen.finish())
    }

    proptest! {
        /// Transactions are committed in any order; each entry is new exactly once.
        #[test]
        fn each_entry_is_new_once(commits in prop::collection::vec((1u64..60, any::<bool>()), 0..60)) {
            let (mut table, mut mark, mut total) = (BTreeSet::new(), HistoryMark::default(), Vec::new());
            for (seq, look) in commits {
                table.insert(seq);
                if look {
                    let (new, next) = read(&mark, &table, 0);
                    total.extend(new);
                    mark = next;
                }
            }
            total.extend(read(&mark, &table, 0).0);
            total.sort_unstable();
            prop_assert_eq!(total, table.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn numbers_that_are_accounted_for_are_not_missed() {
        let mut seen = Seen::new(&HistoryMark { seq: 4, gaps: vec![(2, 3, 0)], ..HistoryMark::default() }, 10);
        seen.pass(3, 3);
        seen.pass(6, 8);
        assert!(seen.see(10));
        let mark = seen.finish();
        assert_eq!((mark.seq, mark.gaps), (10, vec![(2, 2, 0), (5, 5, 10), (9, 9, 10)]));
    }

    #[test]
    fn what_was_rolled_back_is_forgotten_in_the_end() {
        let (new, mark) = read(&HistoryMark::default(), &[1, 2, 5].into(), 10);
        assert_eq!((new, mark.seq, mark.gaps.clone()), (vec![1, 2, 5], 5, vec![(3, 4, 10)]));
        let (new, mark) = read(&mark, &[1, 2, 4, 5, 6].into(), 20);
        assert_eq!((new, mark.gaps.clone()), (vec![4, 6], vec![(3, 3, 10)]));
        assert_eq!(read(&mark, &[6].into(), 11 + PATIENCE).1.gaps, []);
    }
}
