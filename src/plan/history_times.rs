//! When rows were last changed, by one side's history. What trueup itself carried in has the time of the
//! change that it carried, as far as it was noted; when it was carried says nothing of that.

use crate::endpoint::Changes;
use crate::table::Fingerprint;
use std::collections::HashMap;

/// When rows were last changed, by one side's history. Times are in microseconds since 1970, UTC, by the
/// server's clock.
#[derive(Clone, Debug, Default)]
pub struct HistoryTimes {
    /// By the row's identity.
    rows: HashMap<Fingerprint, Told>,
    /// The identities by the unique key, where the identity's columns have it.
    ids: HashMap<Fingerprint, Fingerprint>,
    /// From when on it tells of every change.
    pub covers_from: i64,
}

/// What is told of one row.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// The latest time of a change that is known.
    known: Option<i64>,
    /// When the latest change was written whose time is not known. It was made before that.
    unknown: Option<i64>,
    /// When the first and the last change were written by trueup of which it may still be told when they
    /// were made.
    open: Option<[i64; 2]>,
}

/// When a row was last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastChange {
    /// The history tells of no change.
    Untold,
    /// Then.
    At(i64),
    /// It was, and nobody knows when.
    Unknown,
}

impl HistoryTimes {
    /// Takes changes in, in the order of their numbers; `ids` are the identities of their rows, `keys` the
    /// unique keys, if they are known.
    pub fn take(&mut self, changes: &Changes, ids: &[Option<Fingerprint>], keys: &[Option<Fingerprint>]) {
        let mut carried = changes.carried.iter().peekable();
        for at in 0..=ids.len() {
            while let Some((_, note)) = carried.next_if(|(place, _)| *place <= at) {
                for (id, time) in &note.times {
                    self.rows.entry(*id).or_default().carry(note.since, *time);
                }
            }
            let Some(id) = ids.get(at).copied().flatten() else { continue };
            self.rows.entry(id).or_default().change(changes.times[at], changes.own[at]);
            self.ids.extend(keys.get(at).copied().flatten().map(|key| (key, id)));
        }
    }

    /// When the row of this identity was last changed.
    pub fn last(&self, id: &Fingerprint) -> LastChange {
        self.rows.get(id).map_or(LastChange::Untold, Told::last)
    }

    /// When the row of this unique key was last changed.
    pub fn last_by_key(&self, key: &Fingerprint) -> LastChange {
        self.ids.get(key).map_or(LastChange::Untold, |id| self.last(id))
    }
}

impl Told {
    fn change(&mut self, time: i64, own: bool) {
        if own {
            self.open = Some(self.open.map_or([time; 2], |[first, last]| [first.min(time), last.max(time)]));
        } else {
            self.known = self.known.max(Some(time));
        }
    }

    /// The changes that a transaction has written, which began then, were made at this time.
    fn carry(&mut self, since: i64, time: i64) {
        // What an earlier transaction has written is another change, of which nothing was noted.
        if let Some([_, last]) = self.open.take_if(|[first, _]| *first < since) {
            self.unknown = self.unknown.max(Some(last.min(since)));
        }
        self.open = None;
        self.known = self.known.max(Some(time));
    }

    fn last(&self) -> LastChange {
        let unknown = self.unknown.max(self.open.map(|[_, last]| last));
        match self.known {
            Some(time) if unknown.is_none_or(|unknown| unknown <= time) => LastChange::At(time),
            None if unknown.is_none() => LastChange::Untold,
            _ => LastChange::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Action, Carried, ExportBatch};
    use LastChange::{At, Unknown, Untold};
    use arrow::array::RecordBatch;
    use arrow::datatypes::Schema;
    use std::sync::Arc;

    const ROW: Fingerprint = Fingerprint { high: 1, low: 2 };

    /// Changes of one row: when, and whether by trueup; and notes behind so many of them.
    fn last(changes: &[(i64, bool)], notes: &[(usize, i64, i64)]) -> LastChange {
        let carried =
            |(at, since, time): &(usize, i64, i64)| (*at, Carried { since: *since, times: vec![(ROW, *time)] });
        let changes = Changes {
            keys: ExportBatch { rows: RecordBatch::new_empty(Arc::new(Schema::empty())), others: vec![] },
            actions: vec![Action::Update; changes.len()],
            times: changes.iter().map(|change| change.0).collect(),
            own: changes.iter().map(|change| change.1).collect(),
            carried: notes.iter().map(carried).collect(),
        };
        let mut times = HistoryTimes::default();
        times.take(&changes, &vec![Some(ROW); changes.times.len()], &[]);
        times.last(&ROW)
    }

    #[test]
    fn what_was_carried_has_the_time_of_its_change() {
        assert_eq!(last(&[], &[]), Untold);
        assert_eq!(last(&[(10, false), (7, false)], &[]), At(10));
        assert_eq!(last(&[(30, true)], &[(1, 29, 10)]), At(10));
        // Parked first: two entries of one transaction.
        assert_eq!(last(&[(30, true), (31, true)], &[(2, 29, 10)]), At(10));
        assert_eq!(last(&[(20, false), (30, true)], &[(2, 29, 10)]), At(20));
        assert_eq!(last(&[(30, true), (40, false)], &[(1, 29, 10)]), At(40));
        // By a clock that is ahead of the one here.
        assert_eq!(last(&[(30, true)], &[(1, 29, 600)]), At(600));
    }

    #[test]
    fn what_was_carried_without_a_note_has_no_time() {
        assert_eq!(last(&[(30, true)], &[]), Unknown);
        assert_eq!(last(&[(20, false), (30, true)], &[]), Unknown);
        // Somebody changed the row afterwards: that was the last change.
        assert_eq!(last(&[(30, true), (40, false)], &[]), At(40));
        // A note is about its own transaction.
        assert_eq!(last(&[(30, true), (50, true)], &[(2, 49, 10)]), Unknown);
        assert_eq!(last(&[(30, true), (50, true)], &[(2, 49, 45)]), Unknown);
        assert_eq!(last(&[(30, true), (50, true)], &[(2, 49, 49)]), At(49));
        assert_eq!(last(&[(30, true), (50, true)], &[(1, 29, 10)]), Unknown);
    }
}
