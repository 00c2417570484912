//! Unique values that steps take although some row has them and keeps them: the database would
//! refuse such a step. They are found before anything is written.

use super::picks::Schedule;
use super::watch::Watch;
use crate::snapshot::{Parts, SnapshotError};
use crate::table::Fingerprint;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// A value of one unique index: the index's position among those watched, and the value.
type Value = (usize, Fingerprint);

/// Why a step can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The unique index, among those watched.
    pub index: usize,
    /// The row of the written table that keeps the value; `None` if another step takes it too.
    pub holder: Option<u64>,
}

/// The values that steps take and give. Steps are known by their positions in the schedule.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    takers: HashMap<Value, Vec<usize>>,
    /// The values that updates give, by the row that has them.
    given: HashMap<(u64, usize), (Fingerprint, usize)>,
}

impl Claims {
    /// Adds what a step takes.
    pub fn take(&mut self, step: usize, takes: &[Option<Fingerprint>]) {
        for (index, value) in values(takes) {
            self.takers.entry((index, value)).or_default().push(step);
        }
    }

    /// Adds what an update gives, which writes this row.
    pub fn give(&mut self, step: usize, row: u64, gives: &[Option<Fingerprint>]) {
        for (index, value) in values(gives) {
            self.given.insert((row, index), (value, step));
        }
    }

    /// The steps that can't be written, given all rows of the written table.
    ///
    /// # Errors
    /// If the rows can't be read.
    pub fn refused(
        &self,
        watch: &Watch,
        written: &Parts,
        schedule: &Schedule<'_>,
    ) -> Result<BTreeMap<usize, Refused>, SnapshotError> {
        let mut refused = BTreeMap::new();
        if self.takers.is_empty() {
            return Ok(refused);
        }
        // Only the first of several that take a value can have it.
        for ((index, _), takers) in &self.takers {
            let first = takers.iter().min();
            for step in takers.iter().filter(|step| Some(*step) != first) {
                refused.insert(*step, Refused { index: *index, holder: None });
            }
        }
        let holders = self.holders(watch, written)?;
        let mut waiting: HashMap<usize, Vec<(usize, Refused)>> = HashMap::new();
        for (index, value, row) in holders {
            let Some(takers) = self.takers.get(&(index, value)) else { continue };
            let why = Refused { index, holder: Some(row) };
            if schedule.deletes(row) {
                continue;
            }
            for taker in takers {
                match self.given.get(&(row, index)) {
                    Some((given, giver)) if *given == value => waiting.entry(*giver).or_default().push((*taker, why)),
                    _ => {
                        refused.entry(*taker).or_insert(why);
                    }
                }
            }
        }
        // What is not written gives nothing.
        let mut news: Vec<usize> = refused.keys().copied().collect();
        while let Some(step) = news.pop() {
            for (taker, why) in waiting.remove(&step).unwrap_or_default() {
                if let std::collections::btree_map::Entry::Vacant(entry) = refused.entry(taker) {
                    entry.insert(why);
                    news.push(taker);
                }
            }
        }
        Ok(refused)
    }

    /// The rows that have a value which a step takes.
    fn holders(&self, watch: &Watch, written: &Parts) -> Result<Vec<(usize, Fingerprint, u64)>, SnapshotError> {
        let (columns, indexes) = watch.sure();
        let found = Mutex::new(Vec::new());
        written.scan(&columns, &|first, mut batch| {
            batch.others.sort_by_key(|other| (other.row, other.column));
            let mut here = Vec::new();
            for (index, watched) in &indexes {
                for (row, value) in (first..).zip(watched.values(&batch)) {
                    here.extend(value.filter(|v| self.takers.contains_key(&(*index, *v))).map(|v| (*index, v, row)));
                }
            }
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(here);
            Ok(())
        })?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_unstable();
        Ok(found)
    }
}

fn values(list: &[Option<Fingerprint>]) -> impl Iterator<Item = Value> + '_ {
    list.iter().enumerate().filter_map(|(index, value)| Some((index, (*value)?)))
}
