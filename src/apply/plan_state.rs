//! How far a plan has come, by its journals.

use super::error::ApplyError;
use super::journal::{Deed, Journal};
use super::journal_facts::JournalFacts;
use crate::plan::PlanFile;
use std::fmt;
use std::path::Path;

/// How far a plan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was written.
    #[default]
    Planned,
    /// An apply broke off, left a side out, or took only some of the actions.
    HalfApplied,
    /// An apply has dealt with every step.
    Applied,
    /// An undo broke off, or left rows alone.
    HalfUndone,
    /// All that was written is taken back.
    Undone,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Planned => "planned",
            Self::HalfApplied => "half applied",
            Self::Applied => "applied",
            Self::HalfUndone => "half undone",
            Self::Undone => "undone",
        })
    }
}

/// How far a plan has come, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanState {
    /// How far.
    pub phase: Phase,
    /// When the last run that wrote something began, UTC, RFC 3339.
    pub began_at: Option<String>,
    /// When it last wrote.
    pub last_at: Option<String>,
    /// How many of the steps stand as they were written.
    pub standing: u64,
    /// Steps of which nobody knows whether they were written.
    pub unclear: u64,
}

impl PlanState {
    /// That of a plan in its folder.
    ///
    /// # Errors
    /// If a journal can't be read.
    pub fn of(file: &PlanFile, folder: &Path) -> Result<Self, ApplyError> {
        let mut phases = Vec::new();
        let mut out = Self::default();
        for (side, own) in file.sides.iter().enumerate().filter(|(_, own)| own.counts.total() > 0) {
            let facts = Journal::facts_of(folder, side, &file.checksum)?.unwrap_or_default();
            phases.push(phase(&facts, own.counts.total()));
            let (certain, open) =
                (facts.certain().len(), facts.open.iter().map(|chunk| chunk.steps.len()).sum::<u64>());
            out.standing += certain;
            out.unclear += facts.unclear.len() + open;
            if facts.last.is_some() {
                out.began_at = out.began_at.max(Some(facts.began_at).filter(|at| !at.is_empty()));
                out.last_at = out.last_at.max(Some(facts.last_at));
            }
        }
        out.phase = both(&phases);
        Ok(out)
    }
}

fn phase(facts: &JournalFacts, steps: u64) -> Phase {
    match facts.last {
        None => Phase::Planned,
        Some(Deed::Apply) if facts.ended || facts.certain().len() == steps => Phase::Applied,
        Some(Deed::Apply) => Phase::HalfApplied,
        Some(Deed::Undo) if facts.ours.is_empty() => Phase::Undone,
        Some(Deed::Undo) => Phase::HalfUndone,
    }
}

/// That of a plan whose sides have come so far.
fn both(sides: &[Phase]) -> Phase {
    let any = |wanted: &[Phase]| sides.iter().any(|phase| wanted.contains(phase));
    match sides {
        [] => Phase::Planned,
        [first, rest @ ..] if rest.iter().all(|phase| phase == first) => *first,
        // What was never written need not be taken back.
        _ if any(&[Phase::Undone]) && !any(&[Phase::HalfUndone, Phase::Applied, Phase::HalfApplied]) => Phase::Undone,
        _ if any(&[Phase::Undone, Phase::HalfUndone]) => Phase::HalfUndone,
        _ => Phase::HalfApplied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_as_far_as_its_sides() {
        use Phase::*;
        assert_eq!(both(&[]), Planned);
        assert_eq!(both(&[Applied]), Applied);
        assert_eq!(both(&[Applied, Applied]), Applied);
        assert_eq!(both(&[Applied, Planned]), HalfApplied);
        assert_eq!(both(&[HalfApplied, Planned]), HalfApplied);
        assert_eq!(both(&[Undone, Planned]), Undone);
        assert_eq!(both(&[Applied, Undone]), HalfUndone);
        assert_eq!(both(&[HalfUndone, Undone]), HalfUndone);
    }

    #[test]
    fn a_side_is_as_far_as_its_journal_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
        let steps = |steps: &[u64]| steps.iter().copied().collect();
        assert_eq!(phase(journal.facts(), 2), Phase::Planned);
        journal.began(Deed::Apply).unwrap();
        journal.intent(Deed::Apply, &steps(&[0]), None).unwrap();
        journal.done(Deed::Apply, &steps(&[0]), Vec::new()).unwrap();
        assert_eq!(phase(journal.facts(), 2), Phase::HalfApplied);
        journal.ended(Deed::Apply).unwrap();
        assert_eq!(phase(journal.facts(), 2), Phase::Applied);
        journal.began(Deed::Undo).unwrap();
        assert_eq!(phase(journal.facts(), 2), Phase::HalfUndone);
        journal.done(Deed::Undo, &steps(&[0]), Vec::new()).unwrap();
        assert_eq!(phase(journal.facts(), 2), Phase::Undone);
    }
}
