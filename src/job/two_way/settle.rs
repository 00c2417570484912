//! Once a plan was applied to both sides: what they agree on now becomes the base.

use super::batches::{Batches, Row, Side};
use super::halves::Half;
use super::next::{LINKS, NextFile};
use crate::apply::StepSet;
use crate::base::{Base, BasePair, Next};
use crate::endpoint::ExportBatch;
use crate::job::error::RunError;
use crate::plan::{Plan, PlannedPair, read_pairs};
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::Key;
use std::path::Path;

/// What has become of a plan's steps, per side.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Those whose rows are as planned: written, or so before.
    pub(super) settled: [StepSet; 2],
    /// Those that nobody can tell of.
    pub(super) unclear: [StepSet; 2],
}

/// Whether a plan has no steps: it only looks.
pub(super) fn is_idle(plan: &Plan) -> bool {
    plan.file.sides.iter().all(|side| side.counts.total() == 0)
}

/// A base in more segments than this is put together. Each costs a later sync about a millisecond.
const SEGMENTS: usize = 16;

/// Writes the base that a plan makes of the one it was made from, of the steps that stand. Gives what
/// a person should know.
///
/// # Errors
/// If files can't be read or written; the base is the one before then.
pub(super) fn advance(
    plan: &Plan,
    state: &Path,
    before: Option<&Base>,
    standing: &Standing,
) -> Result<Option<String>, RunError> {
    let shown = || state.display().to_string();
    let key = Key { pairs: plan.file.key.clone(), chosen: plan.file.key_chosen };
    let recipes = Recipe::of(&plan.file.alignment, &key);
    let base = settle(plan, state, before, standing, &key, &recipes)?;
    let compact = base.compact(&recipes, SEGMENTS);
    // Without that it is as right, and the next sync tries again.
    Ok(compact.err().map(|error| {
        let parts = base.file.segments.len();
        format!("the base in {} is in {parts} parts, which could not be put together: {error}", shown())
    }))
}

/// Writes the next base: rows that were equal, and those whose steps stand. What is not settled
/// stays as the base had it, and what nobody can tell of is not in it at all: both sides count as
/// changed then.
fn settle(
    plan: &Plan,
    state: &Path,
    before: Option<&Base>,
    standing: &Standing,
    key: &Key,
    recipes: &[Recipe; 2],
) -> Result<Base, RunError> {
    let next = NextFile::read(&plan.folder)?;
    let sides = [Side::open(plan, 0)?, Side::open(plan, 1)?];
    let (mut written, mut carried, mut halves) = (Vec::new(), Vec::new(), <[Vec<Half>; 2]>::default());
    let mut open = [Vec::new(), Vec::new()];
    let mut file = next.base.clone();
    for pair in read_pairs(&plan.folder)? {
        let fate = fate(&pair, &sides, standing);
        for side in [0, 1] {
            let rows = &mut file.sides[side].rows;
            match (&fate, pair.rows[side], pair.steps[side]) {
                (Settled::Gone, Some(_), Some(_)) => *rows = rows.saturating_sub(1),
                (Settled::Rows(_), None, Some(_)) => *rows += 1,
                _ => {}
            }
        }
        match fate {
            Settled::Gone => {}
            Settled::AsLinked => {}
            Settled::Rows(rows) => written.push(rows),
            Settled::Not => {
                carried.extend(pair.base.filter(|_| !next.partial));
                for side in [0, 1] {
                    open[side].extend(pair.rows[side]);
                }
            }
            Settled::Half(half) => {
                halves[half.side].push(half);
                for side in [0, 1] {
                    open[side].extend(pair.rows[side]);
                }
            }
            Settled::Unclear => {
                for side in [0, 1] {
                    open[side].extend(pair.rows[side]);
                }
            }
        }
    }
    let gone: Vec<BasePair> = match next.partial {
        true => read_pairs(&plan.folder)?
            .into_iter()
            .filter(|pair| !matches!(fate(pair, &sides, standing), Settled::Not))
            .filter_map(|pair| pair.base)
            .collect(),
        false => Vec::new(),
    };
    let identities = |side: usize| -> Result<Option<ExportBatch>, SnapshotError> {
        let mut rows = open[side].clone();
        rows.sort_unstable();
        rows.dedup();
        let parts = &sides[side].parts;
        let names = &next.base.sides[side].identity;
        let columns: Vec<usize> = names.iter().filter_map(|name| parts.position(name)).collect();
        if rows.is_empty() { Ok(None) } else { parts.fetch(&columns, &rows).map(Some) }
    };
    if plan.file.undecided > 0 {
        for (side, own) in file.sides.iter_mut().enumerate() {
            let known = before.map_or(0, |base| base.file.sides[side].unkeyed_known);
            own.unkeyed_known = own.unkeyed.min(known);
        }
    }
    match before.filter(|_| is_idle(plan)) {
        // Undoing the plan before is as possible as it was.
        Some(base) => {
            file.plan.clone_from(&base.file.plan);
            file.looked = Some(plan.file.checksum.clone());
        }
        None => file.plan.clone_from(&plan.file.checksum),
    }
    let folders = [plan.folder.join("left"), plan.folder.join("right")];
    let links = plan.folder.join(LINKS);
    let whole = Next {
        state,
        file,
        recipes,
        on: before.filter(|_| next.partial),
        frozen: Some(([&folders[0], &folders[1]], &links)),
        gone: &gone,
        open: [identities(0)?, identities(1)?],
    };
    let mut batches = Batches::new(&sides, (&plan.file.alignment, key), before, written, carried, halves);
    Ok(whole.write(&mut || batches.next())?)
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
    let stored = *sides[side].stored.1.get(&steps[side])?;
    Some(Half { base: pair.base?, side, rows: [left, right], stored })
}

/// What has become of a pair.
enum Settled {
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

fn fate(pair: &PlannedPair, sides: &[Side; 2], standing: &Standing) -> Settled {
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
        (_, Some(step)) => sides[side].stored.1.get(&step).copied().map(Row::Stored),
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
