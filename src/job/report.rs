//! What is to be shown of a finished run or plan: everything that its folder holds.

use super::kept::{Kept, KeptError, RUN, RunFile};
use crate::plan::{PLAN, Plan, PlanError};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The content of a run's or plan's folder.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The folder.
    pub folder: PathBuf,
    /// The plan, if it is one.
    pub plan: Option<Plan>,
    /// What was compared and found; a plan made from changed rows only has none.
    pub run: Option<RunFile>,
    /// The rows that differ.
    pub kept: Option<Kept>,
    /// Why the rows can't be read any more, of a plan that still says all the rest.
    pub lost: Option<String>,
}

/// Why a folder can't be shown.
#[derive(Debug, Error)]
pub enum FinishedError {
    /// The run.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Finished {
    /// Opens the folder of a run or of a plan.
    ///
    /// # Errors
    /// If it is neither, or what it holds is damaged or of another version.
    pub fn open(folder: &Path) -> Result<Self, FinishedError> {
        let plan = if folder.join(PLAN).exists() { Some(Plan::open(folder)?) } else { None };
        let mut out = Self { folder: folder.to_owned(), plan, run: None, kept: None, lost: None };
        if out.plan.is_some() && !folder.join(RUN).exists() {
            return Ok(out);
        }
        out.run = Some(RunFile::read(folder)?);
        match Kept::open(folder) {
            Ok(kept) => out.kept = Some(kept),
            // The files that a plan was made from may be those that it has written since.
            Err(error @ KeptError::Changed { .. }) if out.plan.is_some() => out.lost = Some(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        Ok(out)
    }
}
