//! What has become of the pairs of a plan.

use super::batches::{Row, Side};
use super::halves::Half;
use crate::apply::StepSet;
use crate::plan::PlannedPair;

/// What has become of a plan's steps, per side.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Those whose rows are as planned: written, or so before.
    pub(super) settled: [StepSet; 2],
    /// Those that nobody can tell of.
    pub(super) unclear: [StepSet; 2],
}

/// What has become of a pair.
pub(super) enum Settled {
    /// Both rows are gone.
    Gone,
    /// Its rows are as they were, and linked.
    AsLinked,
    /// These are its rows now.
    Rows([Row; 2]),
    /// One of its two rows is written.
    Half(Half),
    /// It is not settled.
    Not,
    /// Nobody can tell whether it is.
    Unclear,
}

/// Finds it out.
pub(super) fn fate(pair: &PlannedPair, sides: &[Side; 2], standing: &Standing) -> Settled {
    let steps = || {
        [0, 1].into_iter().flat_map(|side: usize| {
            let steps = pair.steps[side].into_iter().chain(pair.also[side]);
            steps.map(move |step| (side, step))
        })
    };
    if steps().any(|(side, step)| standing.unclear[side].contains(step)) {
        return Settled::Unclear;
    }
    if !pair.settled || !steps().all(|(side, step)| standing.settled[side].contains(step)) {
        return half(pair, sides, standing).map_or(Settled::Not, Settled::Half);
    }
    if pair.stays() {
        return Settled::AsLinked;
    }
    let row = |side: usize| match (pair.rows[side], pair.steps[side]) {
        (Some(row), None) => Some(Row::Frozen(row)),
        (_, Some(step)) => sides[side].stored.has(step).then_some(Row::Stored(step)),
        (None, None) => None,
    };
    // A row without a partner that has a step was deleted.
    let here = [0, 1].map(|side: usize| pair.rows[side].is_some());
    let deleted = here[0] != here[1] && [0, 1].into_iter().any(|side| here[side] && pair.steps[side].is_some());
    match (deleted || here == [false; 2], row(0), row(1)) {
        (true, _, _) => Settled::Gone,
        (false, Some(left), Some(right)) => Settled::Rows([left, right]),
        (false, _, _) => Settled::Not,
    }
}

/// A pair of which one side's row is written: both were to take over columns of each other.
fn half(pair: &PlannedPair, sides: &[Side; 2], standing: &Standing) -> Option<Half> {
    let (Some(left), Some(right)) = (pair.rows[0], pair.rows[1]) else { return None };
    let (Some(left_step), Some(right_step)) = (pair.steps[0], pair.steps[1]) else { return None };
    if !pair.settled || pair.also != [None; 2] {
        return None;
    }
    let steps = [left_step, right_step];
    let side = match [0, 1].map(|side: usize| standing.settled[side].contains(steps[side])) {
        [true, false] => 0,
        [false, true] => 1,
        _ => return None,
    };
    let base = pair.base.filter(|_| sides[side].stored.has(steps[side]))?;
    Some(Half { base, side, rows: [left, right], stored: steps[side] })
}
