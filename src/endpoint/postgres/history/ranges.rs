//! What marks have seen, as ranges of numbers: to remember what was cleared, and to tell whether a
//! mark knows all of it.

use crate::endpoint::HistoryMark;

/// First and last number, and when they were first missed.
type Range = (u64, u64, i64);

/// The numbers that a mark has not seen, in order.
fn unseen(mark: &HistoryMark) -> Vec<Range> {
    let mut out = mark.gaps.clone();
    out.sort_unstable();
    out.push((mark.seq.saturating_add(1), u64::MAX, i64::MAX));
    out
}

/// The numbers in both. A range is as old as the older one.
fn both(a: &[Range], b: &[Range]) -> Vec<Range> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let (first, last) = (x.0.max(y.0), x.1.min(y.1));
        if first <= last {
            out.push((first, last, x.2.min(y.2)));
        }
        if x.1 < y.1 {
            a.next()
        } else {
            b.next()
        };
    }
    out
}

fn through(ranges: Vec<Range>, seq: u64) -> Vec<Range> {
    ranges.into_iter().filter(|range| range.0 <= seq).map(|(first, last, at)| (first, last.min(seq), at)).collect()
}

fn count(ranges: &[Range]) -> u64 {
    ranges.iter().fold(0u64, |sum, (first, last, _)| sum.saturating_add(last.saturating_sub(*first).saturating_add(1)))
}

/// A mark that has seen what either has. Of which installation is the second's to say.
pub(super) fn joined(a: &HistoryMark, b: &HistoryMark) -> HistoryMark {
    let seq = a.seq.max(b.seq);
    let last = if a.seq > b.seq { a } else { b }.last.clone();
    HistoryMark { seq, gaps: through(both(&unseen(a), &unseen(b)), seq), installed: b.installed.clone(), last }
}

/// Whether the first mark has seen all that the second has.
pub(super) fn covers(mark: &HistoryMark, other: &HistoryMark) -> bool {
    let own = through(unseen(mark), other.seq);
    count(&both(&own, &unseen(other))) == count(&own)
}

/// The numbers that a mark has seen, first and last, in order.
pub(super) fn seen(mark: &HistoryMark) -> (Vec<i64>, Vec<i64>) {
    let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
    let (mut firsts, mut lasts, mut next) = (Vec::new(), Vec::new(), 0);
    for (first, last, _) in unseen(mark) {
        if first > next {
            firsts.push(number(next));
            lasts.push(number(first - 1));
        }
        next = last.saturating_add(1);
    }
    (firsts, lasts)
}

/// Leaves out of a mark's gaps what another mark of the same numbers has seen: those numbers came,
/// and went.
pub(super) fn narrow(mark: &mut HistoryMark, other: &HistoryMark) {
    mark.gaps = both(&mark.gaps, &unseen(other));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn mark(seq: u64, gaps: &[(u64, u64)]) -> HistoryMark {
        let gaps = gaps.iter().map(|(first, last)| (*first, *last, 0)).collect();
        HistoryMark { seq, gaps, ..HistoryMark::default() }
    }

    /// A mark by what it has seen of the numbers to 40.
    fn of(numbers: &BTreeSet<u64>) -> HistoryMark {
        let seq = numbers.last().copied().unwrap_or(0);
        let gaps = (1..=seq).filter(|n| !numbers.contains(n)).map(|n| (n, n, 0)).collect();
        HistoryMark { seq, gaps, ..HistoryMark::default() }
    }

    fn numbers(mark: &HistoryMark) -> BTreeSet<u64> {
        let (firsts, lasts) = seen(mark);
        firsts
            .into_iter()
            .zip(lasts)
            .flat_map(|(first, last)| first..=last)
            .map(|n| n as u64)
            .filter(|n| *n > 0)
            .collect()
    }

    #[test]
    fn what_was_seen_is_all_but_the_gaps() {
        assert_eq!(seen(&mark(9, &[(1, 2), (5, 5)])), (vec![0, 3, 6], vec![0, 4, 9]));
        assert_eq!(seen(&mark(0, &[])), (vec![0], vec![0]));
        assert_eq!(seen(&mark(4, &[(4, 4)])), (vec![0], vec![3]));
    }

    #[test]
    fn a_range_within_another_is_found() {
        let mut wide = mark(100, &[(10, 90)]);
        narrow(&mut wide, &mark(80, &[(20, 30), (40, 40)]));
        assert_eq!(wide.gaps, [(20, 30, 0), (40, 40, 0), (81, 90, 0)]);
    }

    proptest! {
        #[test]
        fn marks_are_sets_of_numbers(a in prop::collection::btree_set(1u64..40, 0..30),
                                     b in prop::collection::btree_set(1u64..40, 0..30)) {
            let (x, y) = (of(&a), of(&b));
            prop_assert_eq!(&numbers(&x), &a);
            prop_assert_eq!(numbers(&joined(&x, &y)), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(covers(&x, &y), a.is_superset(&b));
        }
    }
}
