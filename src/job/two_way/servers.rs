//! What is to be known of both servers before their tables are read: how far apart their clocks are,
//! and where their histories stand.

use crate::base::BaseFile;
use crate::endpoint::{Address, Clock, HistoryMark, open};
use crate::job::error::RunError;
use crate::job::run::both;
use crate::job::times::history_times;
use crate::plan::{HistoryTimes, SIDES};
use crate::snapshot::Recipe;

/// Both servers.
#[derive(Clone, Debug, Default)]
pub(super) struct Servers {
    /// Their clocks; `None` for files.
    pub(super) clocks: [Option<Clock>; 2],
    /// Where their histories stood before anything was read; `None` without one.
    pub(super) marks: [Option<HistoryMark>; 2],
    /// Whether there is a history that does not fit its table any more.
    pub(super) unfit: [bool; 2],
    /// What changes with the definitions of their tables, asked before anything was read.
    pub(super) altered: [Option<String>; 2],
    /// The installations of their histories that are known to remember the base.
    pub(super) remembered: [Option<String>; 2],
}

impl Servers {
    /// Asks both.
    ///
    /// # Errors
    /// If one can't be reached.
    pub(super) fn ask(addresses: [&Address; 2]) -> Result<Self, RunError> {
        type Answer = (Option<Clock>, Option<HistoryMark>, bool, Option<String>);
        let ask = |address: &Address| -> Result<Answer, RunError> {
            let Some(endpoint) = open(address) else { return Ok((None, None, false, None)) };
            let (mut mark, mut unfit) = (None, false);
            if let Some(history) = endpoint.history() {
                mark = history.mark()?;
                unfit = mark.is_none() && history.status()?.is_some();
            }
            Ok((endpoint.clock()?, mark, unfit, endpoint.altered()?))
        };
        let [left, right] = both(|| ask(addresses[0]), || ask(addresses[1]))?;
        Ok(Self {
            clocks: [left.0, right.0],
            marks: [left.1, right.1],
            unfit: [left.2, right.2],
            altered: [left.3, right.3],
            ..Self::default()
        })
    }

    /// By how much the right clock is ahead of the left one, and how far off that may be. A file has
    /// no clock; its times are taken as they are.
    pub(super) fn skew(&self) -> Option<Clock> {
        let [left, right] = self.clocks;
        Some(left?.skew(right?))
    }
}

/// When rows of both sides were last changed, by their histories: since the base's marks, or by all
/// that they have. Those are `asked` for by a rule, or else wanted where the other side has a history that
/// is to be told.
///
/// # Errors
/// If a side has no history that is asked for, or it can't be read.
pub(super) fn times(
    addresses: [&Address; 2],
    recipes: &[Recipe; 2],
    wanted: &BaseFile,
    since: [Option<&HistoryMark>; 2],
    asked: bool,
) -> Result<[Option<HistoryTimes>; 2], RunError> {
    let read = |side: usize| -> Result<Option<HistoryTimes>, RunError> {
        if !asked && wanted.sides.iter().any(|side| side.mark.is_none()) {
            return Ok(None);
        }
        let own = &wanted.sides[side];
        match history_times(addresses[side], &own.table, &own.identity, &recipes[side], since[side]) {
            Ok(Ok(times)) => Ok(Some(times)),
            Ok(Err(why)) if asked => Err(RunError::NoHistory { side: SIDES[side], why }),
            Err(error) if asked => Err(error.into()),
            // Such as a password that a plan, which is made anew, does not keep.
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    };
    both(|| read(0), || read(1))
}
