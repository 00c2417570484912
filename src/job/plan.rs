//! The road of a plan: that of an audit, then every difference to a step.

use super::cascades::note_cascades;
use super::error::RunError;
use super::foreseen::note_foreseen;
use super::mark::mark;
use super::pending::Durable;
use super::references::note_references;
use super::run::{Compared, compare_tables};
use super::side::{Job, Watch};
use super::times::source_times;
use super::two_way::run_two_way;
use super::typed::variables;
use crate::audit::Audit;
use crate::endpoint::{Action, Address, Target, dialect_of, open};
use crate::plan::{
    Cascade, Decision, Direction, Limits, Plan, PlanInput, PlanTable, Rules, plan_one_way, write_empty_script,
    write_script,
};
use std::path::PathBuf;

/// What to plan.
#[derive(Clone, Debug)]
pub struct PlanJob {
    /// What to compare.
    pub job: Job,
    /// Which side is written.
    pub direction: Direction,
    /// The actions that are wanted.
    pub actions: Vec<Action>,
    /// The limits to apply it within.
    pub limits: Limits,
    /// Whether deletes may change rows of other tables.
    pub allow_cascade: bool,
    /// The addresses as typed, without passwords.
    pub typed: [String; 2],
    /// What is said of a plan that writes both sides.
    pub two_way: TwoWayJob,
}

/// What is said of a plan that writes both sides.
#[derive(Clone, Debug, Default)]
pub struct TwoWayJob {
    /// Who wins, and what merges.
    pub rules: Rules,
    /// Where the base is kept, if that is said.
    pub state: Option<PathBuf>,
    /// Whether this may be a first run although there should be a base.
    pub first_run: bool,
    /// Whether both tables are read as a whole, also where histories tell what has changed.
    pub full: bool,
    /// What a person decided on conflicts.
    pub decisions: Vec<Decision>,
    /// The folder that relative addresses start from, if it is not the current one.
    pub made_in: Option<String>,
}

/// A finished plan.
pub struct PlanRun {
    /// The plan in its folder.
    pub plan: Plan,
    /// Whether the tables agree.
    pub agree: bool,
    /// What an audit would say.
    pub audit: Audit,
}

/// Plans what would make two tables agree.
///
/// # Errors
/// If anything on the way fails, or deletes would change rows of other tables and that is not
/// allowed; nothing is left behind then.
pub fn run_plan(job: &PlanJob, watch: &dyn Watch) -> Result<PlanRun, RunError> {
    let made = make_plan(job, watch)?;
    mark(&made.plan);
    Ok(made)
}

fn make_plan(job: &PlanJob, watch: &dyn Watch) -> Result<PlanRun, RunError> {
    let written = match job.direction {
        Direction::LeftToRight => 1,
        Direction::RightToLeft => 0,
        Direction::Both => return run_two_way(job, watch),
    };
    let addresses = [&job.job.left, &job.job.right];
    let filters = [&job.job.where_left, &job.job.where_right];
    let target = target(addresses[written])?;
    let mut comparing = job.job.clone();
    comparing.whole[written] = true;
    let compared = compare_tables(&comparing, watch)?;
    let source_times = source_times(addresses, written, &compared);
    let Compared { pending, frozen, alignment, key, audit, differences, .. } = compared;
    // What can't be seen proves nothing: no row is deleted for the want of another.
    let hidden = job.job.reading.visible_rows || frozen.iter().any(|snapshot| snapshot.manifest.table.restricted);
    let actions: Vec<Action> =
        job.actions.iter().copied().filter(|action| !(hidden && *action == Action::Delete)).collect();

    refuse_strangers(&audit)?;

    let progress = watch.stage("planning");
    let table = |at: usize, target: Option<Target>| PlanTable {
        address: job.typed[at].clone(),
        filter: filters[at].clone(),
        snapshot: &frozen[at],
        target,
        takes_others: matches!(addresses[at], Address::Csv(_)),
    };
    let (left, right) = if written == 0 { (target, None) } else { (None, target) };
    let input = PlanInput {
        direction: job.direction,
        tables: [table(0, left), table(1, right)],
        alignment: &alignment,
        key: &key,
        audit: &audit,
        differences: &differences,
        actions: &actions,
        limits: job.limits,
        allow_cascade: job.allow_cascade,
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let file = plan_one_way(&input, source_times.as_ref(), &pending.temporary)?;
    drop(progress);
    let mut plan = Plan { folder: pending.temporary.clone(), file };
    plan.file.reading = job.job.reading;
    if hidden {
        plan.file.warnings.extend(audit.hidden_warnings());
        plan.file.warnings.push("only visible rows were compared: nothing is deleted".to_owned());
    }
    if matches!(addresses[written], Address::Snapshot(_)) {
        plan.file.warnings.push("a snapshot is never written: this plan is to be read, not applied".to_owned());
    }
    note_references(&mut plan, written, job.allow_cascade)?;
    let cascades = note_cascades(&mut plan, written, addresses[written], watch)?;
    note_foreseen(&mut plan, written, addresses[written], watch)?;
    write_scripts(&plan, addresses)?;
    note_variables(&mut plan, addresses, &job.typed);
    plan.finish()?;
    std::fs::remove_dir_all(pending.temporary.join("work")).ok();
    plan.folder = pending.keep(Durable::Plan)?;
    refuse_cascades(&plan, cascades)?;
    Ok(PlanRun { agree: audit.agrees(), plan, audit })
}

/// Fails where deletes would change rows of other tables and nobody allows it; the plan stays, to be
/// looked at.
pub(super) fn refuse_cascades(plan: &Plan, cascades: Vec<Cascade>) -> Result<(), RunError> {
    let folder = || plan.folder.display().to_string();
    if cascades.is_empty() { Ok(()) } else { Err(RunError::Cascades { cascades, folder: folder() }) }
}

/// Takes note of the passwords that the plan does not keep.
pub(super) fn note_variables(plan: &mut Plan, addresses: [&Address; 2], typed: &[String; 2]) {
    let written = plan.file.sides.each_ref().map(|side| side.counts.total() > 0);
    plan.file.variables = variables(addresses, typed, written);
}

/// Nothing is planned between two tables that have no value of an inferred key in common.
pub(super) fn refuse_strangers(audit: &Audit) -> Result<(), RunError> {
    audit.doubt().map_or(Ok(()), |doubt| Err(RunError::Strangers { doubt }))
}

/// Writes the scripts of both sides.
pub(super) fn write_scripts(plan: &Plan, addresses: [&Address; 2]) -> Result<(), RunError> {
    for (side, address) in addresses.into_iter().enumerate() {
        match dialect_of(address) {
            Some((dialect, table)) => write_script(plan, side, dialect.as_ref(), &table)?,
            None => write_empty_script(plan, side)?,
        }
    }
    Ok(())
}

/// What the table that is written asks for; `None` for files.
pub(super) fn target(address: &Address) -> Result<Option<Target>, RunError> {
    Ok(match open(address) {
        Some(endpoint) => endpoint.target()?,
        None => None,
    })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
