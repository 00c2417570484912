//! What a run left behind that broke off: settled before anything else looks at the tables.
//!
//! The state folder knows the plan ([`Pending`]) from before the first row was written. Its journals
//! say which steps were committed; where they leave it open, the database or the rows themselves are
//! asked. Then the base is advanced by just what was written, or taken back by just what was undone.
//! So whatever people have changed since is compared with what they saw, and what the plan wrote is
//! never taken for what somebody did.

use super::under_way::{Stand, keep};
use crate::apply::{ApplyError, Journal, PlanLock, prove_stored};
use crate::base::{Pending, StateLock};
use crate::endpoint::Address;
use crate::job::apply::{ApplyJob, resolve_open};
use crate::job::error::RunError;
use crate::job::side::Watch;
use crate::plan::Plan;
use std::path::Path;

/// Settles what broke off in a state folder, whose lock is held; `held` is the plan whose lock is held
/// too, if any. The tables are reached as `job` says. Gives what a person should know.
///
/// # Errors
/// If the plan is gone or damaged, or a table has to be looked at and can't be reached.
pub(super) fn recover(
    state: &Path,
    held: Option<&Plan>,
    job: &ApplyJob,
    watch: &dyn Watch,
) -> Result<Option<String>, RunError> {
    let Some(pending) = Pending::read(state)? else { return Ok(None) };
    let unsettled = |why: String| RunError::Unsettled {
        state: state.display().to_string(),
        plan: pending.plan.display().to_string(),
        why,
    };
    let plan = Plan::open(&pending.plan).map_err(|error| unsettled(error.to_string()))?;
    if plan.file.checksum != pending.checksum {
        return Err(unsettled("it is another plan now".to_owned()));
    }
    if (0..2).any(|side: usize| pending.journals[side] && !Journal::exists(&plan.folder, side)) {
        return Err(unsettled("the journal of what it has written is gone".to_owned()));
    }
    prove(&plan).map_err(|error| unsettled(error.to_string()))?;
    let _lock = match held {
        Some(held) if held.file.checksum == plan.file.checksum => None,
        _ => Some(PlanLock::take(&plan.folder)?),
    };
    let reached = ApplyJob {
        addresses: job.addresses.clone(),
        environment: job.environment,
        lock_timeout: job.lock_timeout,
        ..ApplyJob::new(plan.folder.clone())
    };
    resolve_open(&plan, &reached, watch).map_err(|error| match error {
        error @ (ApplyError::Journal { .. } | ApplyError::Plan(_)) => unsettled(error.to_string()),
        error => error.into(),
    })?;
    let stand = Stand::of(&plan, state)?;
    if matches!(stand, Stand::Moved(_)) && !pending.undo {
        return Err(unsettled("the base is not the one that it was made from".to_owned()));
    }
    let note = keep(&plan, state, &stand, pending.undo, &Default::default())?;
    let verb = if pending.undo { "undone" } else { "applied" };
    let broke = format!(
        "{} was being {verb} when that broke off (begun {}): what it had written is settled",
        plan.folder.display(),
        pending.since
    );
    Ok(Some(note.map_or(broke.clone(), |note| format!("{broke}; {note}"))))
}

/// Checks that all of what runs of a plan left behind is there.
///
/// # Errors
/// If some of it is lost or damaged.
pub(super) fn prove(plan: &Plan) -> Result<(), ApplyError> {
    (0..2).try_for_each(|side| {
        let facts = Journal::facts_of(&plan.folder, side, &plan.file.checksum)?;
        prove_stored(&plan.folder, side, facts.as_ref())
    })
}

/// Settles what broke off in a state folder, for who only looks at it then. `addresses` are those of
/// its tables, where they are known.
///
/// # Errors
/// As [`recover`]; and if a run is at work there.
pub(in crate::job) fn settle_state(
    state: &Path,
    addresses: [Option<Address>; 2],
    watch: &dyn Watch,
) -> Result<Option<String>, RunError> {
    if Pending::read(state)?.is_none() {
        return Ok(None);
    }
    let _lock = StateLock::take(state)?;
    let job = ApplyJob { addresses, ..ApplyJob::new(state.to_owned()) };
    recover(state, None, &job, watch)
}
