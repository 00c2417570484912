//! A person's decisions on conflicts, written into a plan.

use super::error::RunError;
use super::plan::PlanRun;
use super::side::Watch;
use crate::plan::Take;
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

/// Writes decisions into a plan: what was a conflict becomes steps.
///
/// # Errors
/// If the plan can't be changed any more (it was applied, or its base is gone), or a key is none of
/// its conflicts.
pub fn run_resolve(_resolve: &Resolve, _watch: &dyn Watch) -> Result<PlanRun, RunError> {
    todo!()
}
