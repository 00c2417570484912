//! What applying to a file is told and tells: the file is written anew beside the old one, and the
//! rename is its commit.

use super::error::ApplyError;
use super::outcome::Refusal;
use super::step_set::StepSet;
use super::stored::{Keep, StoredFile};
use crate::endpoint::{Action, Address, Interrupt};
use crate::plan::{ActionCounts, Plan};
use crate::snapshot::Progress;

/// One run over one file.
pub struct FileRun<'a> {
    /// The file.
    pub address: &'a Address,
    /// The plan.
    pub plan: &'a Plan,
    /// 0 is left.
    pub side: usize,
    /// Whether the steps are taken back: their [`inverse`](super::Work::inverse)s are written.
    pub undo: bool,
    /// Which steps take part, by number and the action in the plan.
    pub wanted: &'a dyn Fn(u64, Action) -> bool,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
    /// Told how many steps are dealt with.
    pub progress: &'a dyn Progress,
    /// Told of every step whose row is not as it should be.
    pub refuse: &'a mut dyn FnMut(Refusal) -> Result<(), ApplyError>,
    /// Called with the numbers of the steps that are written, when the new file is complete and
    /// on the disk, right before it is renamed into place. An error here ends the run without the
    /// rename. Not called if there is nothing to write: the file is left as it is.
    /// It gives the checksum of the journal's last line.
    pub commit: &'a mut dyn FnMut(&StepSet) -> Result<String, ApplyError>,
    /// The checksum of the journal's last line now.
    pub after: &'a str,
    /// Takes the rows of all steps that are as planned then, as they are in the file.
    pub keep: Option<&'a mut dyn Keep>,
}

/// What became of the steps.
#[derive(Clone, Debug, Default)]
pub struct FileOutcome {
    /// By what was done to the rows: undoing a create counts as a delete.
    pub counts: ActionCounts,
    /// The steps that were written.
    pub written: StepSet,
    /// The steps whose rows were as planned before.
    pub already: StepSet,
    /// The files that the rows are kept in.
    pub stored: Vec<StoredFile>,
}
