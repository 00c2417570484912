//! One run over the steps of one side, while it goes: which steps take part, what has become of them,
//! and the steps of a knot that are gathered until all of them are known.

use super::chunk::{ChunkOutcome, ChunkWriter, Density};
use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::journal_facts::JournalFacts;
use super::outcome::{Cause, Refusal, SideOutcome};
use super::run::{Settled, SideRun};
use super::step_set::StepSet;
use super::stored::Keep;
use super::untie::PartTaker;
use super::work::Work;
use super::writers::{Codecs, Writers};
use crate::endpoint::Action;
use crate::plan::FoundBy;

/// Why a step is left alone that may have been written before.
const UNCLEAR: &str = "an earlier run broke off while committing it, and the row has changed since: nobody can tell \
                       whether it was written";

/// Which steps a run takes part in.
pub(super) struct Part {
    /// All if `None`.
    pub(super) mine: Option<StepSet>,
    /// Those that were written before.
    standing: StepSet,
    /// Those that nobody can tell of.
    unclear: StepSet,
}

impl Part {
    pub(super) fn of(deed: Deed, facts: &JournalFacts) -> Self {
        match deed {
            Deed::Apply => Self { mine: None, standing: facts.dealt_with(), unclear: facts.unclear.clone() },
            // Undo only looks at what is ours when it begins.
            Deed::Undo => {
                Self { mine: Some(facts.ours.clone()), standing: StepSet::default(), unclear: StepSet::default() }
            }
        }
    }
}

/// A run that is under way.
pub(super) struct SideWriting<'r, 's, 'w, 'k> {
    pub(super) run: &'r SideRun<'s>,
    pub(super) codecs: Codecs,
    pub(super) writers: &'r mut Writers<'w>,
    pub(super) journal: &'r mut Journal,
    pub(super) refuse: &'r mut dyn FnMut(Refusal) -> Result<(), ApplyError>,
    pub(super) keep: Option<&'k mut (dyn Keep + 'k)>,
    pub(super) outcome: &'r mut SideOutcome,
    pub(super) settled: Settled,
    pub(super) density: Density,
    pub(super) part: Part,
    /// Whether nothing was written yet.
    pub(super) first: bool,
    /// What was gathered of a knot.
    pub(super) knot: Vec<Work>,
}

impl SideWriting<'_, '_, '_, '_> {
    /// Writes steps, once those that can't be written without them are known.
    ///
    /// # Errors
    /// As [`SideRun::write`].
    pub(super) fn take(&mut self, work: Work) -> Result<(), ApplyError> {
        for (number, work) in work.knots()? {
            let same = |knot: &Work| number.is_some() && knot.together.first() == work.together.first();
            if self.knot.first().is_some_and(|knot| !same(knot)) {
                self.untie()?;
            }
            let work = self.sift(work)?;
            if work.is_empty() {
                continue;
            }
            match number {
                Some(_) => self.knot.push(work),
                None => self.write(&work)?,
            }
        }
        Ok(())
    }

    /// Writes what is gathered, and ends.
    ///
    /// # Errors
    /// As [`SideRun::write`].
    pub(super) fn end(mut self) -> Result<Settled, ApplyError> {
        self.untie()?;
        Ok(self.settled)
    }

    /// Without the steps that stand from an earlier run, and those that nobody can tell of.
    fn sift(&mut self, work: Work) -> Result<Work, ApplyError> {
        let Part { standing, unclear, .. } = &self.part;
        let stands: StepSet = work.numbers.iter().copied().filter(|step| standing.contains(*step)).collect();
        self.outcome.already += stands.len();
        self.settled.already.insert_all(&stands);
        for at in (0..work.len()).filter(|at| unclear.contains(work.numbers[*at])) {
            let codec = self.codecs.get(work.found_by);
            (self.refuse)(Refusal::of(codec, self.run.side, (&work, at), Cause::Moved, UNCLEAR.to_owned(), None)?)?;
            self.outcome.refused += 1;
        }
        let left = work.filter(|step| !standing.contains(step) && !unclear.contains(step))?;
        self.run.progress.advance((work.len() - left.len()) as u64);
        Ok(left)
    }

    /// Writes steps of one action.
    fn write(&mut self, work: &Work) -> Result<(), ApplyError> {
        self.chunk(work.found_by, &mut |chunk, take| chunk.write(work, &mut |outcome| take(work.steps.action, outcome)))
    }

    /// Writes what is gathered of a knot.
    fn untie(&mut self) -> Result<(), ApplyError> {
        let mut parts = std::mem::take(&mut self.knot);
        let Some(found_by) = self.found_by(&parts) else {
            return parts.iter().try_for_each(|work| self.write(work));
        };
        parts.iter_mut().for_each(|work| work.found_by = found_by);
        match parts.as_slice() {
            [] => Ok(()),
            [work] => self.write(work),
            parts => self.chunk(found_by, &mut |chunk, take| chunk.knot(parts, take)),
        }
    }

    /// How the rows of all of these can be found in one session.
    fn found_by(&self, parts: &[Work]) -> Option<FoundBy> {
        let first = parts.first().map_or(FoundBy::Key, |work| work.found_by);
        if parts.iter().all(|work| work.found_by == first) {
            return Some(first);
        }
        let keys = |work: &Work| {
            work.steps.action == Action::Update && self.run.table.key.iter().any(|at| work.steps.set.contains(at))
        };
        // As long as none of them changes, the unique key finds them all.
        (!parts.iter().any(keys)).then_some(FoundBy::Key)
    }

    /// Writes with one of the sessions, and counts what becomes of it.
    fn chunk(
        &mut self,
        found_by: FoundBy,
        write: &mut dyn FnMut(&mut ChunkWriter<'_>, &mut PartTaker<'_>) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let run = self.run;
        if !std::mem::take(&mut self.first) {
            run.rest()?;
        }
        let mut chunk = ChunkWriter {
            side: run.side,
            address: run.address,
            codec: self.codecs.get(found_by),
            writer: self.writers.get(found_by)?,
            journal: self.journal,
            deed: run.deed,
            unique: run.unique || found_by == FoundBy::Identity,
            watched: run.watched,
            keep: match &mut self.keep {
                Some(keep) => Some(&mut **keep),
                None => None,
            },
            triggers: run.triggers,
            linker: run.linker,
            target: run.target,
            writable: run.writable,
            interrupt: &run.interrupt,
            density: &mut self.density,
        };
        let (outcome, settled, refuse) = (&mut *self.outcome, &mut self.settled, &mut self.refuse);
        write(&mut chunk, &mut |action: Action, part: ChunkOutcome| {
            outcome.written.add(action, part.written.len());
            outcome.already += part.already.len();
            outcome.refused += part.refused.len() as u64;
            let rejected = part.refused.iter().filter(|refusal| refusal.cause == Cause::Rejected).count();
            outcome.rejected += rejected as u64;
            settled.written.insert_all(&part.written);
            settled.already.insert_all(&part.already);
            run.progress.advance(part.written.len() + part.already.len() + part.refused.len() as u64);
            part.refused.into_iter().try_for_each(&mut **refuse)
        })
    }
}
