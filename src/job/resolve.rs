//! A person's decisions on conflicts, written into a plan: it is made anew of the same snapshots and
//! the same base, and takes the place of the one before.

use super::error::RunError;
use super::mark::{is_ours, mark};
use super::pending::Pending;
use super::plan::PlanRun;
use super::side::Watch;
use super::two_way::replan;
use crate::apply::{Journal, PlanLock};
use crate::plan::{Decision, Plan, SIDES, Take, means};
use std::collections::HashSet;
use std::path::PathBuf;

/// What is decided.
#[derive(Clone, Debug)]
pub struct Resolve {
    /// The plan's folder.
    pub folder: PathBuf,
    /// The keys that are decided, each as text, one value per key column; empty for all conflicts.
    pub keys: Vec<Vec<String>>,
    /// Whose version is taken.
    pub take: Take,
}

/// What came of it.
pub struct Resolution {
    /// The plan as it is now.
    pub run: PlanRun,
    /// The conflicts that are decided.
    pub decided: Vec<Decided>,
    /// The conflicts that there still are.
    pub open: Vec<Open>,
    /// Rows on one side only of which nobody knows whether they were created or deleted: before and now.
    pub undecided: [u64; 2],
}

/// A conflict that is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its key as printed.
    pub key: Vec<String>,
    /// Whose version is taken: `left` or `right`.
    pub take: &'static str,
}

/// A conflict that is none the less one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its key as printed.
    pub key: Vec<String>,
    /// Why nothing decides it.
    pub reason: String,
    times: [Option<i64>; 2],
}

/// Writes decisions into a plan: what was a conflict becomes steps.
///
/// # Errors
/// If the plan can't be changed any more (it was applied, or its base is gone), or a key is none of
/// its conflicts, nor decided before.
pub fn run_resolve(resolve: &Resolve, watch: &dyn Watch) -> Result<Resolution, RunError> {
    let plan = Plan::open(&resolve.folder)?;
    let fixed = |why: &str| RunError::Fixed { plan: resolve.folder.display().to_string(), why: why.to_owned() };
    let Some(two_way) = plan.file.two_way.clone() else {
        return Err(fixed("it writes one side only, and has no conflicts"));
    };
    let lock = PlanLock::take(&plan.folder)?;
    if [0, 1].into_iter().any(|side| Journal::exists(&plan.folder, side)) {
        return Err(fixed("it was applied already"));
    }
    let before = conflicts(&plan)?;
    let mut decisions = two_way.decisions;
    let mut named = Vec::new();
    if resolve.keys.is_empty() {
        decisions.push(Decision { key: None, take: resolve.take });
    } else {
        for key in &resolve.keys {
            // As conflicts have it: `007` is 7 in a column of numbers.
            let listed = |own: &&Vec<String>| {
                let own: Vec<Option<String>> = own.iter().cloned().map(Some).collect();
                means(&plan.file, key, &own)
            };
            let decided = decisions.iter().filter_map(|decision| decision.key.as_ref());
            let known = before.iter().map(|conflict| &conflict.key);
            let Some(key) = known.chain(decided).find(listed).cloned() else {
                return Err(RunError::NoConflict { key: key.join(", ") });
            };
            decisions.retain(|decision| decision.key.as_ref() != Some(&key));
            named.push(key.clone());
            decisions.push(Decision { key: Some(key), take: resolve.take });
        }
    }
    let made = replan(&plan, decisions, watch)?;
    // Decisions make nobody's plan one's own.
    if is_ours(&plan) {
        mark(&made.plan);
    }
    drop(lock);
    exchange(&made, &resolve.folder)?;
    let run = PlanRun { plan: Plan { folder: resolve.folder.clone(), ..made.plan }, ..made };
    let open = conflicts(&run.plan)?;
    let still: HashSet<&Vec<String>> = open.iter().map(|conflict| &conflict.key).collect();
    let known: HashSet<&Vec<String>> = before.iter().map(|conflict| &conflict.key).collect();
    // One that was decided before, in another way.
    let again = named.iter().filter(|key| !known.contains(key)).map(|key| (key, [None; 2]));
    let decided = before.iter().map(|conflict| (&conflict.key, conflict.times)).chain(again);
    let take = |times: [Option<i64>; 2]| match resolve.take {
        Take::Left => SIDES[0],
        Take::Right => SIDES[1],
        Take::Newest => SIDES[usize::from(times[1] > times[0])],
    };
    let decided = decided.filter(|(key, _)| !still.contains(key));
    let decided = decided.map(|(key, times)| Decided { key: key.clone(), take: take(times) }).collect();
    let undecided = [plan.file.undecided, run.plan.file.undecided];
    Ok(Resolution { run, decided, open, undecided })
}

/// The conflicts of a plan.
fn conflicts(plan: &Plan) -> Result<Vec<Open>, RunError> {
    let mut out = Vec::new();
    for conflict in plan.conflicts()? {
        let conflict = conflict?;
        let key = conflict.key.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect();
        out.push(Open { key, reason: conflict.reason, times: conflict.times });
    }
    Ok(out)
}

/// Puts the new plan's folder in the place of the old one.
fn exchange(made: &PlanRun, folder: &std::path::Path) -> Result<(), RunError> {
    let failed = |e: std::io::Error| RunError::Output { path: folder.display().to_string(), why: e.to_string() };
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let old = folder.with_file_name(format!(".{name}.old-{}", std::process::id()));
    std::fs::rename(folder, &old).map_err(failed)?;
    if let Err(error) = std::fs::rename(&made.plan.folder, folder) {
        // The old plan is as good as it was.
        let _ = std::fs::rename(&old, folder);
        return Err(failed(error));
    }
    // If it stays, it is only in nobody's way.
    let _ = std::fs::remove_dir_all(&old);
    Ok(())
}

/// A place for the plan that is made anew, beside the one that it replaces.
pub(super) fn beside(plan: &Plan) -> Result<Pending, RunError> {
    let name = plan.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Pending::new(Some(&plan.folder.with_file_name(format!(".{name}.resolved-{}", std::process::id()))))
}
