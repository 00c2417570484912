//! Change tracking in the database itself: triggers that write down which row was changed when, in a
//! table `trueup_history` beside the table; and how far apart two servers' clocks are.
//!
//! | column | what |
//! |---|---|
//! | `seq` | counts up; a transaction that is still open may hold a smaller one than others that are seen |
//! | `table_name` | the table whose row changed |
//! | `action` | `create`, `update`, `delete`, or `all` where many rows went at once (`TRUNCATE`); `carried` says when the changes were made that trueup itself wrote in the transaction before it (see `carried.rs`) |
//! | `row_key` | the key's values as a JSON array of text |
//! | `changed_at` | UTC by the server's clock, in microseconds where it has them |
//! | `own` | whether trueup itself wrote it |
//! | `installed` | PostgreSQL: the installation of the triggers that wrote it |
//!
//! An update of the key itself is a delete and a create.

use super::carried::Carried;
use super::{Action, EndpointError, ExportBatch};
use crate::table::Column;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use twox_hash::XxHash3_128;

/// The table that the triggers write to.
pub const HISTORY_TABLE: &str = "trueup_history";

/// How often a clock is asked.
const SAMPLES: usize = 5;

/// How a server's clock stands against this machine's, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// How far it is ahead; below 0 if it is behind.
    pub ahead: i64,
    /// How far off that may be: half of the round trip.
    pub error: i64,
}

impl Clock {
    /// Asks a clock several times, and believes the quickest answer. `ask` gives microseconds since
    /// 1970, UTC, by the server's clock.
    ///
    /// # Errors
    /// If it can't be asked.
    pub fn measure<E>(mut ask: impl FnMut() -> Result<i64, E>) -> Result<Self, E> {
        let mut best: Option<Self> = None;
        for _ in 0..SAMPLES {
            let (begun, here) = (Instant::now(), now());
            let there = ask()?;
            let half = i64::try_from(begun.elapsed().as_micros() / 2).unwrap_or(i64::MAX);
            let sample = Self { ahead: there.saturating_sub(here.saturating_add(half)), error: half };
            if best.is_none_or(|best| sample.error < best.error) {
                best = Some(sample);
            }
        }
        Ok(best.unwrap_or_default())
    }

    /// How far the second clock is ahead of the first.
    pub fn skew(self, right: Self) -> Self {
        Self { ahead: right.ahead.saturating_sub(self.ahead), error: right.error.saturating_add(self.error) }
    }
}

/// Microseconds since 1970, UTC, by this machine's clock.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_micros());
    since.ok().and_then(|micros| i64::try_from(micros).ok()).unwrap_or(0)
}

/// A text that no other call gives, here or elsewhere.
pub(super) fn unlike_any_other() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random() ^ now().unsigned_abs())
}

/// How far a history has been read: everything up to `seq` but for the gaps, whose transactions may
/// still be open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryMark {
    /// The largest number seen.
    pub seq: u64,
    /// Numbers below it that were not there: first and last, and when they were first missed
    /// (microseconds since 1970, this machine's clock).
    pub gaps: Vec<(u64, u64, i64)>,
    /// Its first word says which installation of the triggers it is of: another one knows nothing of
    /// this mark. What else there is, is the system's own.
    pub installed: String,
    /// What stands for the entry with the largest number, as it was when it was seen; `None` if there
    /// was none any more. If another has its number, the history was put back from a copy.
    #[serde(default)]
    pub last: Option<String>,
}

/// Why a mark can't be read on from, of which [`HistoryMark::is_put_back`] holds.
pub(super) const PUT_BACK: &str = "it was put back from a copy since";

impl HistoryMark {
    /// Whether it has seen the number.
    pub(super) fn has(&self, seq: u64) -> bool {
        seq <= self.seq && !self.gaps.iter().any(|(first, last, _)| (*first..=*last).contains(&seq))
    }

    /// What stands for an entry: of its table, action, key and time.
    pub(super) fn print(entry: &[String]) -> String {
        let text = serde_json::Value::from(entry).to_string();
        format!("{:032x}", XxHash3_128::oneshot(text.as_bytes()))
    }

    /// Whether the history is not the one that was seen: the entry with the largest number is another
    /// one now, or it is gone and was not `cleared`.
    pub(super) fn is_put_back(&self, now: Option<&str>, cleared: bool) -> bool {
        match (&self.last, now) {
            (None, _) => false,
            (Some(last), Some(now)) => last != now,
            (Some(_), None) => !cleared,
        }
    }

    /// Which installation of the triggers it is of.
    pub fn installation(&self) -> &str {
        self.installed.split(' ').next().unwrap_or_default()
    }

    /// Whether both are of the same installation.
    pub fn is_of_same(&self, other: &Self) -> bool {
        self.installation() == other.installation()
    }
}

/// Some changes, in the order of their numbers.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The rows' keys, over the columns asked for, in their portable types.
    pub keys: ExportBatch,
    /// What happened to them.
    pub actions: Vec<Action>,
    /// When, in microseconds since 1970, UTC, by the server's clock.
    pub times: Vec<i64>,
    /// Whether trueup itself did it.
    pub own: Vec<bool>,
    /// What is known of trueup's own changes, and how many of these changes come before it.
    pub carried: Vec<(usize, Carried)>,
}

/// What came of reading changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangesRead {
    /// All changes since the mark were handed over.
    Whole {
        /// Where the next reading begins.
        mark: HistoryMark,
        /// From when on it tells of every change, by the server's clock.
        covers_from: i64,
    },
    /// It does not tell of every change since the mark. Why, in words: "it was cleared since".
    Lacking(String),
}

/// What installing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// The triggers are new.
    New,
    /// Everything was there and fits: nothing was changed.
    Already,
    /// The triggers were there and did not fit the table any more: they are made anew. What was
    /// written down before is no longer whole.
    Renewed,
}

/// What there is of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryStatus {
    /// The columns that say which row it was.
    pub key: Vec<String>,
    /// Changes that are written down of this table.
    pub rows: u64,
    /// The time of the oldest, by the server's clock.
    pub oldest: Option<i64>,
    /// The time of the newest.
    pub newest: Option<i64>,
    /// From when on it tells of every change.
    pub covers_from: i64,
    /// Why the triggers do not fit the table any more; empty if they do.
    pub misfits: Vec<String>,
}

/// The history of one table. Each call opens a connection of its own.
pub trait History: Send + Sync {
    /// Makes the history's table and the triggers, for rows that these columns identify. Done twice,
    /// it changes nothing.
    ///
    /// # Errors
    /// If the system can't be reached, or a right is missing: the error's words say which.
    fn install(&self, key: &[String]) -> Result<Installed, EndpointError>;

    /// What there is; `None` if it is not installed.
    ///
    /// # Errors
    /// If the system can't be reached.
    fn status(&self) -> Result<Option<HistoryStatus>, EndpointError>;

    /// Forgets the changes of this table: those that a mark has seen, or all. How many.
    ///
    /// # Errors
    /// If the system can't be reached, or a right is missing.
    fn clear(&self, through: Option<&HistoryMark>) -> Result<u64, EndpointError>;

    /// Takes the triggers away and what was written down of this table, and with the last table the
    /// history's table itself. False if there was nothing.
    ///
    /// # Errors
    /// If the system can't be reached, or a right is missing.
    fn remove(&self) -> Result<bool, EndpointError>;

    /// The bases of two-way syncs that this table has had, by the names that [`remember`](Self::remember)
    /// was given. They outlast what `clear` forgets and triggers that are made anew, and go with the
    /// history, or with the table.
    ///
    /// # Errors
    /// If the system can't be reached, or a right is missing.
    fn bases(&self) -> Result<Vec<String>, EndpointError>;

    /// Remembers that there is a base of this name; twice is once.
    ///
    /// # Errors
    /// If the system can't be reached, no history is installed, or a right is missing.
    fn remember(&self, base: &str) -> Result<(), EndpointError>;

    /// Forgets that there was one.
    ///
    /// # Errors
    /// As [`remember`](Self::remember).
    fn forget(&self, base: &str) -> Result<(), EndpointError>;

    /// Where reading would begin now; `None` if it is not installed or does not fit the table. To be
    /// taken before an export: every change that the export does not have is after it.
    ///
    /// # Errors
    /// If the system can't be reached.
    fn mark(&self) -> Result<Option<HistoryMark>, EndpointError>;

    /// Hands over the changes since a mark, or all there are. `key` are the identifying columns in
    /// their portable types, in the order in which they are wanted.
    ///
    /// # Errors
    /// If the system can't be reached, or what `take` says.
    fn changes(
        &self,
        since: Option<&HistoryMark>,
        key: &[Column],
        take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
    ) -> Result<ChangesRead, EndpointError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_measured_by_its_quickest_answer() {
        let ask = |offset: i64| move || Ok::<_, ()>(now() + offset);
        let clock = Clock::measure(ask(120_000_000)).unwrap();
        assert!((clock.ahead - 120_000_000).abs() <= clock.error + 1_000, "{clock:?}");
        let skew = clock.skew(Clock { ahead: 0, error: 5 });
        assert!(skew.ahead < -119_000_000 && skew.error == clock.error + 5);
    }
}
