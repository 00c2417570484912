//! Plan, apply and compare again in one go, within limits: for schedulers.

use super::apply::{ApplyJob, ApplyRun, run_apply};
use super::error::RunError;
use super::plan::{PlanJob, PlanRun, run_plan};
use super::side::Watch;
use crate::apply::ApplyError;
use crate::endpoint::open;
use crate::plan::{Plan, PlanFile};
use std::time::Duration;

/// The name of the folder, in that of the plan, of what was still to be done afterwards.
const AFTER: &str = "after";

/// Two tables to be brought into agreement.
#[derive(Clone, Debug)]
pub struct SyncJob {
    /// What to plan. A limit of deletes that is given counts as the person's word that they are
    /// meant; without one, a good part of the rows is too many.
    pub plan: PlanJob,
    /// Steps in a chunk.
    pub chunk: usize,
    /// The rest between two chunks.
    pub pause: Duration,
    /// How long to wait for a row that someone else has locked.
    pub lock_timeout: Option<Duration>,
    /// Whether an empty source may empty the target.
    pub allow_empty_source: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct SyncRun {
    /// What was planned.
    pub plan: Plan,
    /// What was written.
    pub apply: ApplyRun,
    /// Whether the tables agree now.
    pub agree: bool,
    /// What is still to be done, compared again after writing; `None` if there was nothing to do.
    pub after: Option<PlanFile>,
}

impl SyncRun {
    /// How many steps are still to be done.
    pub fn left(&self) -> u64 {
        let sides = self.after.iter().flat_map(|file| &file.sides);
        sides.map(|side| side.counts.total()).sum()
    }
}

/// Whether a person wants a plan to be carried out, which they are shown beside what its guards say.
pub type Consent<'a> = dyn Fn(&Plan, Option<&ApplyError>) -> bool + 'a;

/// Plans, applies, and compares again. With `ask`, a person is asked before anything is written.
///
/// # Errors
/// If anything on the way fails, the plan is beyond its limits, or the person says no: nothing is written
/// then.
pub fn run_sync(job: &SyncJob, ask: Option<&Consent<'_>>, watch: &dyn Watch) -> Result<SyncRun, RunError> {
    let mut planning = job.plan.clone();
    // Nobody reads them: what differs is about to be written.
    planning.job.reasons = false;
    for (side, address) in [&job.plan.job.left, &job.plan.job.right].into_iter().enumerate() {
        // An apply of last night may have been killed.
        if let Some(endpoint) = open(address).filter(|_| job.plan.direction.writes(side)) {
            endpoint.recover()?;
        }
    }
    let PlanRun { plan, agree, .. } = run_plan(&planning, watch)?;
    let steps: u64 = plan.file.sides.iter().map(|side| side.counts.total()).sum();
    // What both sides agree on becomes the base, also where nothing is to be written.
    let two_way = plan.file.two_way.is_some();
    if steps == 0 && !two_way {
        return Ok(SyncRun { plan, apply: ApplyRun::default(), agree, after: None });
    }
    let mut applying = ApplyJob::new(plan.folder.clone());
    applying.chunk = job.chunk;
    applying.memory = job.plan.job.memory;
    applying.pause = job.pause;
    applying.lock_timeout = job.lock_timeout;
    applying.allow_cascade = job.plan.allow_cascade;
    applying.addresses = [Some(job.plan.job.left.clone()), Some(job.plan.job.right.clone())];
    applying.allow_empty_source = job.allow_empty_source;
    if let Some(ask) = ask.filter(|_| steps > 0) {
        let guarded = applying.guard(&plan);
        // A limit that somebody has set holds whatever they answer.
        if let Err(limit @ ApplyError::Limit { .. }) = guarded {
            return Err(limit.into());
        }
        if !ask(&plan, guarded.as_ref().err()) {
            return Err(RunError::Declined);
        }
        applying.deletes_seen = true;
    }
    let apply = run_apply(&applying, watch)?;
    if steps == 0 {
        return Ok(SyncRun { plan, apply, agree, after: None });
    }

    // What was written shows in the second comparison; where its files go is of no interest.
    let folder = plan.folder.join(AFTER);
    planning.job.out = Some(folder.clone());
    let PlanRun { plan: again, agree, .. } = run_plan(&planning, watch)?;
    let run = SyncRun { plan, apply, agree, after: Some(again.file) };
    if run.left() == 0 {
        // If it stays, it is only in nobody's way.
        let _ = std::fs::remove_dir_all(&folder);
    }
    Ok(run)
}
