//! A two-way plan that is being applied or undone: its state folder is ours, says so before the first
//! row is written, and has what came of it in its base at the end.
//!
//! The base is made of the plan each time anew: of the base that the plan was made from, and of the
//! steps that stand. So it comes to the same whether a run ends, breaks off and is settled by the next
//! one, is applied again, or is partly taken back.

use super::fate::Standing;
use super::forget::forget;
use super::recover::{prove, recover};
use super::run::sound;
use super::settle::advance;
use crate::apply::{Deed, Journal, StepSet};
use crate::base::{Base, Pending, StateLock, sync_files};
use crate::job::apply::ApplyJob;
use crate::job::error::RunError;
use crate::job::side::Watch;
use crate::plan::Plan;
use std::path::{Path, PathBuf};

/// A two-way plan whose state folder is ours.
#[derive(Debug)]
pub(in crate::job) struct UnderWay {
    state: PathBuf,
    stand: Stand,
    _lock: StateLock,
}

/// How the base stands to a plan.
#[derive(Debug)]
pub(super) enum Stand {
    /// The plan was made from this base, and has made none yet.
    From(Option<Box<Base>>),
    /// The base is the plan's own.
    Own {
        /// The base that it was made from.
        before: Option<Box<Base>>,
        /// Whether a later plan without steps looked at everything anew.
        looked: bool,
    },
    /// There is nothing to make a base of: what the plan looked at is in it.
    Looked,
    /// The base is a later one.
    Moved(Option<Box<Base>>),
}

impl Stand {
    /// Finds it out.
    ///
    /// # Errors
    /// If the base can't be read.
    pub(super) fn of(plan: &Plan, state: &Path) -> Result<Self, RunError> {
        let made_from = plan.file.two_way.as_ref().and_then(|two_way| two_way.base.as_ref());
        let base = sound(Base::open(state), state)?;
        let file = base.as_ref().map(|base| &base.file);
        if file.is_some_and(|file| file.looked.as_ref() == Some(&plan.file.checksum)) {
            return Ok(Self::Looked);
        }
        if file.is_some_and(|file| file.plan == plan.file.checksum) {
            let looked = file.is_some_and(|file| file.looked.is_some());
            let Some(id) = made_from else { return Ok(Self::Own { before: None, looked }) };
            let before = sound(Base::open_previous(state), state)?.filter(|before| before.file.id == *id);
            return Ok(match before {
                Some(before) => Self::Own { before: Some(Box::new(before)), looked },
                None => Self::Moved(base.map(Box::new)),
            });
        }
        Ok(if file.map(|file| &file.id) == made_from {
            Self::From(base.map(Box::new))
        } else {
            Self::Moved(base.map(Box::new))
        })
    }
}

/// Takes the state folder of a plan, settles what broke off before, and checks that the plan may be
/// carried out on the base that is there. `None` of a plan for one side. Beside it, what a person
/// should know.
///
/// # Errors
/// If somebody else has the state folder, what broke off can't be settled, or the base of a plan to be
/// applied has moved on.
pub(in crate::job) fn ready(
    plan: &Plan,
    deed: Deed,
    job: &ApplyJob,
    watch: &dyn Watch,
) -> Result<(Option<UnderWay>, Option<String>), RunError> {
    let Some(two_way) = &plan.file.two_way else { return Ok((None, None)) };
    let state = Path::new(&plan.file.made_in).join(&two_way.state);
    if deed == Deed::Undo && !state.is_dir() {
        return Ok((None, None));
    }
    let lock = StateLock::take(&state)?;
    let note = recover(&state, Some(plan), job, watch)?;
    prove(plan)?;
    let mut stand = Stand::of(plan, &state)?;
    if deed == Deed::Apply && matches!(stand, Stand::Own { looked: true, .. }) {
        // A later plan looked at everything anew: what is left of this one is out of date.
        stand = if all_stands(plan)? { Stand::Looked } else { Stand::Moved(None) };
    }
    if deed == Deed::Apply && matches!(stand, Stand::Moved(_)) {
        return Err(RunError::BaseMoved { state: state.display().to_string() });
    }
    Ok((Some(UnderWay { state, stand, _lock: lock }), note))
}

/// Whether every step of a plan was written and stands.
fn all_stands(plan: &Plan) -> Result<bool, RunError> {
    for (side, own) in plan.file.sides.iter().enumerate() {
        let facts = Journal::facts_of(&plan.folder, side, &plan.file.checksum)?;
        if facts.map_or(0, |facts| facts.dealt_with().len()) < own.counts.total() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl UnderWay {
    /// Before the first write: says in the state folder which plan it is.
    ///
    /// # Errors
    /// If that can't be written. Nothing may be written to the tables then.
    pub(in crate::job) fn announce(&self, plan: &Plan, deed: Deed) -> Result<(), RunError> {
        let failed =
            |e: std::io::Error| RunError::Output { path: plan.folder.display().to_string(), why: e.to_string() };
        // Whoever settles it needs all of the plan.
        sync_files(&plan.folder)?;
        let folder = plan.folder.canonicalize().map_err(failed)?;
        let journals = [0, 1].map(|side: usize| Journal::exists(&plan.folder, side));
        Ok(Pending::now(folder, plan.file.checksum.clone(), deed == Deed::Undo, journals).write(&self.state)?)
    }

    /// Writes the base after a run: `settled` are the steps whose rows are as planned by it. Gives what
    /// a person should know.
    ///
    /// # Errors
    /// If that fails; the next run tries again.
    pub(in crate::job) fn finish(
        self,
        plan: &Plan,
        deed: Deed,
        settled: &[StepSet; 2],
    ) -> Result<Option<String>, RunError> {
        let kept = keep(plan, &self.state, &self.stand, deed == Deed::Undo, settled);
        kept.map_err(|cause| RunError::NotKept { state: self.state.display().to_string(), cause: Box::new(cause) })
    }

    /// The same after a run that ended early, if it is clear what it has written.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub(in crate::job) fn give_up(self, plan: &Plan, deed: Deed) -> Result<(), RunError> {
        for side in [0, 1] {
            let facts = Journal::facts_of(&plan.folder, side, &plan.file.checksum)?;
            if facts.is_some_and(|facts| !facts.open.is_empty()) {
                return Ok(());
            }
        }
        self.finish(plan, deed, &Default::default()).map(drop)
    }
}

/// Writes the base that the journals of a plan, in which nothing is open, come to; and with it the
/// plan is no longer pending. Beside what they tell, `settled` are as planned.
///
/// # Errors
/// If files can't be read or written.
pub(super) fn keep(
    plan: &Plan,
    state: &Path,
    stand: &Stand,
    undo: bool,
    settled: &[StepSet; 2],
) -> Result<Option<String>, RunError> {
    let mut standing = Standing { settled: settled.clone(), ..Standing::default() };
    let mut undone = [StepSet::default(), StepSet::default()];
    if undo {
        standing.settled = Default::default();
    }
    let mut left = false;
    for side in [0, 1] {
        let facts = Journal::facts_of(&plan.folder, side, &plan.file.checksum)?.unwrap_or_default();
        standing.settled[side].insert_all(&if undo { facts.agreed() } else { facts.dealt_with() });
        left |= facts.is_anything_left();
        undone[side] = facts.undone;
        standing.unclear[side] = facts.unclear;
    }
    let touched = undone.iter().any(|steps| !steps.is_empty());
    let note = match (undo, stand) {
        (_, Stand::Looked) => None,
        (false, Stand::From(before) | Stand::Own { before, .. }) => advance(plan, state, before.as_deref(), &standing)?,
        (false, Stand::Moved(_)) => return Err(RunError::BaseMoved { state: state.display().to_string() }),
        // Nothing was taken back: what was agreed on still is.
        (true, _) if !touched => None,
        (true, Stand::From(before) | Stand::Own { before, .. }) if left => {
            advance(plan, state, before.as_deref(), &standing)?
        }
        // The plan's own base was never written: the one that is there is right again.
        (true, Stand::From(_)) => None,
        (true, Stand::Own { .. }) => {
            crate::base::take_back(state, &plan.file.checksum)?;
            None
        }
        (true, Stand::Moved(base)) => match base {
            Some(base) => forget(plan, base, &undone)?,
            None => None,
        },
    };
    Pending::clear(state)?;
    Ok(note)
}
