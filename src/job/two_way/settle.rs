//! Once a plan was applied to both sides: what they agree on now becomes the base.

use super::batches::{Batches, Row, Side};
use super::next::{LINKS, NextFile};
use super::run::sound;
use crate::apply::StepSet;
use crate::base::{Base, BasePair, Next, StateLock, TakenBack};
use crate::endpoint::ExportBatch;
use crate::job::error::RunError;
use crate::plan::{Plan, PlannedPair, read_pairs};
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::Key;
use std::path::{Path, PathBuf};

/// A two-way plan that may be applied: its state folder is ours.
#[derive(Debug)]
pub(in crate::job) struct Ready {
    state: PathBuf,
    base: Option<Base>,
    /// Whether there is nothing to write: the base is this plan's own.
    done: bool,
    _lock: StateLock,
}

/// Checks that a plan is of the base that is there, and keeps others from its state folder.
///
/// # Errors
/// If the base has moved on since, or somebody else has the state folder.
pub(in crate::job) fn ready(plan: &Plan) -> Result<Option<Ready>, RunError> {
    let Some(two_way) = &plan.file.two_way else { return Ok(None) };
    let state = Path::new(&plan.file.made_in).join(&two_way.state);
    let lock = StateLock::take(&state)?;
    let mut base = sound(Base::open(&state), &state)?;
    if base.as_ref().is_some_and(|base| base.file.plan == plan.file.checksum) {
        // Applied before: what it agreed on then is agreed on anew.
        crate::base::take_back(&state, &plan.file.checksum)?;
        base = sound(Base::open(&state), &state)?;
    }
    // Applied before, and without steps: whatever it agreed on is in the base.
    let done = base.as_ref().is_some_and(|base| base.file.looked.as_ref() == Some(&plan.file.checksum));
    if !done && base.as_ref().map(|base| &base.file.id) != two_way.base.as_ref() {
        return Err(RunError::BaseMoved { state: state.display().to_string() });
    }
    Ok(Some(Ready { state, base, done, _lock: lock }))
}

/// Puts the base back that was there before a plan was applied. Gives what a person should know.
///
/// # Errors
/// If that fails.
pub(in crate::job) fn take_back(plan: &Plan) -> Result<Option<String>, RunError> {
    if let Some(two_way) = plan.file.two_way.as_ref().filter(|_| !is_idle(plan)) {
        let state = Path::new(&plan.file.made_in).join(&two_way.state);
        if state.is_dir() {
            let _lock = StateLock::take(&state)?;
            let now = Base::open(&state)?.map(|base| base.file.id);
            if now == two_way.base {
                // The plan's own base was never written: the one that is there is right again.
                return Ok(None);
            }
            if crate::base::take_back(&state, &plan.file.checksum)? == TakenBack::Lost && two_way.base.is_some() {
                let lost = "the base from before this plan is not kept any more, since others were applied or undone \
                            after it: the next sync of these tables is a first run, which deletes nothing and takes \
                            all rows that differ for conflicts, unless --winner decides";
                return Ok(Some(lost.to_owned()));
            }
        }
    }
    Ok(None)
}

/// Whether a plan has no steps: it only looks.
fn is_idle(plan: &Plan) -> bool {
    plan.file.sides.iter().all(|side| side.counts.total() == 0)
}

/// A base in more segments than this is put together. Each costs a later sync about a millisecond.
const SEGMENTS: usize = 16;

/// Writes the next base after a plan was applied. Gives what a person should know.
///
/// # Errors
/// If files can't be read or written; the base is the one before then.
pub(in crate::job) fn keep(plan: &Plan, ready: &Ready, settled: &[StepSet; 2]) -> Result<Option<String>, RunError> {
    let state = || ready.state.display().to_string();
    let not_kept = |cause| RunError::NotKept { state: state(), cause: Box::new(cause) };
    let key = Key { pairs: plan.file.key.clone(), chosen: plan.file.key_chosen };
    let recipes = Recipe::of(&plan.file.alignment, &key);
    let Some(base) = settle(plan, ready, settled, &key, &recipes).map_err(not_kept)? else { return Ok(None) };
    let compact = base.compact(&recipes, SEGMENTS);
    // Without that it is as right, and the next sync tries again.
    Ok(compact.err().map(|error| {
        let parts = base.file.segments.len();
        format!("the base in {} is in {parts} parts, which could not be put together: {error}", state())
    }))
}

/// Writes the next base: rows that were equal, and those whose steps are written. What is not settled
/// stays as the base had it. `None` if it is there.
fn settle(
    plan: &Plan,
    ready: &Ready,
    settled: &[StepSet; 2],
    key: &Key,
    recipes: &[Recipe; 2],
) -> Result<Option<Base>, RunError> {
    if ready.done {
        return Ok(None);
    }
    let next = NextFile::read(&plan.folder)?;
    let sides = [Side::open(plan, 0)?, Side::open(plan, 1)?];
    let (mut written, mut carried) = (Vec::new(), Vec::new());
    let mut open = [Vec::new(), Vec::new()];
    let mut file = next.base.clone();
    for pair in read_pairs(&plan.folder)? {
        let fate = fate(&pair, &sides, settled);
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
        }
    }
    let gone: Vec<BasePair> = match next.partial {
        true => read_pairs(&plan.folder)?
            .into_iter()
            .filter(|pair| !matches!(fate(pair, &sides, settled), Settled::Not))
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
            let before = ready.base.as_ref().map_or(0, |base| base.file.sides[side].unkeyed_known);
            own.unkeyed_known = own.unkeyed.min(before);
        }
    }
    match ready.base.as_ref().filter(|_| is_idle(plan)) {
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
        state: &ready.state,
        file,
        recipes,
        on: ready.base.as_ref().filter(|_| next.partial),
        frozen: Some(([&folders[0], &folders[1]], &links)),
        gone: &gone,
        open: [identities(0)?, identities(1)?],
    };
    let mut batches = Batches::new(&sides, (&plan.file.alignment, key), ready.base.as_ref(), written, carried);
    Ok(Some(whole.write(&mut || batches.next())?))
}

/// What has become of a pair.
enum Settled {
    /// Both rows are gone.
    Gone,
    /// Its rows are as they were, and linked.
    AsLinked,
    /// These are its rows now.
    Rows([Row; 2]),
    /// It is not settled.
    Not,
}

fn fate(pair: &PlannedPair, sides: &[Side; 2], settled: &[StepSet; 2]) -> Settled {
    let mut steps = [0, 1].into_iter().flat_map(|side: usize| {
        let steps = pair.steps[side].into_iter().chain(pair.also[side]);
        steps.map(move |step| (side, step))
    });
    if !pair.settled || !steps.all(|(side, step)| settled[side].contains(step)) {
        return Settled::Not;
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
