//! Plan, apply and compare again in one go, within limits: for schedulers.

use super::apply::{ApplyJob, ApplyRun, run_apply};
use super::error::RunError;
use super::plan::{PlanJob, PlanRun, run_plan};
use super::side::Watch;
use crate::apply::{ApplyError, side_word};
use crate::endpoint::open;
use crate::plan::{Limit, Plan, PlanFile};
use std::time::Duration;

/// The most rows that may be deleted, if nothing else is said.
pub const MAX_DELETES: Limit = Limit::Percent(10.0);

/// The name of the folder, in that of the plan, of what was still to be done afterwards.
const AFTER: &str = "after";

/// Two tables to be brought into agreement.
#[derive(Clone, Debug)]
pub struct SyncJob {
    /// What to plan. A limit of deletes that is given counts as the person's word that they are
    /// meant; without one it is [`MAX_DELETES`].
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

/// Plans, applies, and compares again.
///
/// # Errors
/// If anything on the way fails, or the plan is beyond its limits: nothing is written then.
pub fn run_sync(job: &SyncJob, watch: &dyn Watch) -> Result<SyncRun, RunError> {
    // A limit says how much may go; only one of all rows says that nothing may be left.
    let all = |limit: Limit| matches!(limit, Limit::Percent(percent) if percent >= 100.0);
    let meant = job.allow_empty_source || job.plan.limits.max_deletes.is_some_and(all);
    let mut planning = job.plan.clone();
    // Nobody reads them: what differs is about to be written.
    planning.job.reasons = false;
    planning.limits.max_deletes.get_or_insert(MAX_DELETES);
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
    if !meant {
        refuse_empty_source(&plan.file)?;
    }
    let mut applying = ApplyJob::new(plan.folder.clone());
    applying.chunk = job.chunk;
    applying.memory = job.plan.job.memory;
    applying.pause = job.pause;
    applying.lock_timeout = job.lock_timeout;
    applying.allow_cascade = job.plan.allow_cascade;
    applying.addresses = [Some(job.plan.job.left.clone()), Some(job.plan.job.right.clone())];
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

/// A source without rows is more often a failed load than a wish to delete everything.
fn refuse_empty_source(file: &PlanFile) -> Result<(), ApplyError> {
    for (side, own) in file.sides.iter().enumerate() {
        let source = &file.sides[1 - side];
        if own.counts.delete > 0 && source.rows == 0 {
            return Err(ApplyError::EmptySource {
                empty: source.address.clone(),
                target: side_word(side),
                deletes: own.counts.delete,
            });
        }
    }
    Ok(())
}
