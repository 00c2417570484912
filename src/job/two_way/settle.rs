//! Once a plan was applied to both sides: what they agree on now becomes the base.

use super::batches::{Batches, Side, each};
use super::fate::{Settled, Standing, fate};
use super::next::{LINKS, NextFile};
use super::unlinked::identities;
use crate::base::{Base, Next, Torn};
use crate::endpoint::ExportBatch;
use crate::job::error::RunError;
use crate::plan::{PairsReader, Plan};
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::Key;
use std::path::Path;

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
/// stays as the base had it, and of what nobody can tell of it has the identities only: both sides count
/// as changed then, no rule decides, and a row that is alone is undecided.
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
    // However many pairs there are: they are read several times, and only those that are not settled,
    // or end pairs of the base that stays, are kept in memory.
    let (mut gone, mut open) = (Vec::new(), [Vec::new(), Vec::new()]);
    let (mut torn, mut unclear) = (Vec::new(), Vec::new());
    let mut file = next.base.clone();
    let pairs = PairsReader::open(&plan.folder)?;
    for pair in pairs.flat_map(each) {
        let pair = pair?;
        let fate = fate(&pair, &sides, standing);
        for side in [0, 1] {
            let rows = &mut file.sides[side].rows;
            match (&fate, pair.rows[side], pair.steps[side]) {
                (Settled::Gone, Some(_), Some(_)) => *rows = rows.saturating_sub(1),
                (Settled::Rows(_), None, Some(_)) => *rows += 1,
                _ => {}
            }
        }
        if !matches!(fate, Settled::Gone | Settled::AsLinked | Settled::Rows(_)) {
            for side in [0, 1] {
                open[side].extend(pair.rows[side]);
            }
        }
        match fate {
            Settled::Not => torn.extend(pair.torn),
            _ if next.partial => gone.extend(pair.base),
            _ => {}
        }
        if matches!(fate, Settled::Unclear) {
            unclear.push(pair);
        }
    }
    let unclear = identities(&unclear, &sides, recipes, &file)?;
    torn.extend(unclear.into_iter().map(|ids| Torn { ids, unclear: true }));
    for rows in &mut open {
        rows.sort_unstable();
        rows.dedup();
    }
    let unsettled = |side: usize| -> Result<Option<ExportBatch>, SnapshotError> {
        let rows = &open[side];
        let parts = &sides[side].parts;
        let names = &next.base.sides[side].identity;
        let columns: Vec<usize> = names.iter().filter_map(|name| parts.position(name)).collect();
        if rows.is_empty() { Ok(None) } else { parts.fetch(&columns, rows).map(Some) }
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
        open: [unsettled(0)?, unsettled(1)?],
        torn: &torn,
    };
    let compared = (&plan.file.alignment, key);
    let mut batches = Batches::new(plan, &sides, compared, before, standing, !next.partial)?;
    Ok(whole.write(&mut || batches.next())?)
}
