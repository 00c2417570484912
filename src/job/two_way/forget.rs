//! After an undo of a plan that others were applied after: the base stays, but knows nothing any more
//! of the pairs whose rows were put back. They differ now, and nobody has agreed on them.

use super::batches::{Side, each};
use super::unlinked::identities;
use crate::apply::StepSet;
use crate::base::{Base, Linker, Next, Torn, Wanted};
use crate::endpoint::ExportBatch;
use crate::job::error::RunError;
use crate::plan::{PairsReader, Plan};
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::{Column, Key};
use std::collections::HashSet;

/// Takes the pairs of these steps out of a base. Gives what a person should know.
///
/// # Errors
/// If files can't be read or written; the base is as it was then.
pub(super) fn forget(plan: &Plan, base: &Base, undone: &[StepSet; 2]) -> Result<Option<String>, RunError> {
    let key = Key { pairs: plan.file.key.clone(), chosen: plan.file.key_chosen };
    let recipes = Recipe::of(&plan.file.alignment, &key);
    let sides = [Side::open(plan, 0)?, Side::open(plan, 1)?];
    let mut wanted = Wanted::default();
    let mut rows: [Vec<u64>; 2] = Default::default();
    let mut stored: [Vec<u64>; 2] = Default::default();
    let mut back = Vec::new();
    for pair in PairsReader::open(&plan.folder)?.flat_map(each) {
        let pair = pair?;
        let steps = |side: usize| pair.steps[side].into_iter().chain(pair.also[side]);
        if (0..2).any(|side| steps(side).any(|step| undone[side].contains(step))) {
            for side in [0, 1] {
                rows[side].extend(pair.rows[side]);
                stored[side].extend(steps(side));
                wanted.ids[side].extend(pair.base.map(|base| base.ids[side]));
            }
            back.push(pair);
        }
    }
    let mut open = [base.open_rows(0)?, base.open_rows(1)?];
    for side in [0, 1] {
        let own = &base.file.sides[side];
        let Some(linker) = Linker::new(&sides[side].columns, &recipes[side], &own.identity) else { continue };
        let mut batches = vec![sides[side].frozen(&mut rows[side])?, sides[side].read_back(&stored[side])?];
        batches.retain(|batch| batch.rows.num_rows() > 0);
        for batch in &batches {
            wanted.ids[side].extend(linker.ids(batch).into_iter().flatten());
            wanted.keys.extend(linker.keys(batch).into_iter().flatten());
        }
        let identity: Vec<usize> =
            own.identity.iter().filter_map(|name| position(&sides[side].columns, name)).collect();
        let mut all: Vec<ExportBatch> = open[side].take().into_iter().collect();
        for batch in &batches {
            all.push(super::fetched::project(batch, &identity)?);
        }
        let known: Vec<Column> = identity.iter().map(|at| sides[side].columns[*at].clone()).collect();
        let ids = Linker::of_identity(&known);
        open[side] = super::fetched::distinct(&all, &mut HashSet::new(), |batch| ids.ids(batch))?;
    }
    let gone = base.find(&wanted)?;
    let mut file = base.file.clone();
    // No plan's own any more: undoing the one before must not bring back what is forgotten.
    file.plan = format!("after the undo of {}", plan.file.checksum);
    file.looked = None;
    let (state, on, mut torn) = (&base.folder, Some(base), base.torn()?);
    let back = identities(&back, &sides, &recipes, &base.file)?;
    torn.extend(back.into_iter().map(|ids| Torn { ids, unclear: false }));
    let next = Next { state, file, recipes: &recipes, on, frozen: None, gone: &gone, open, torn: &torn };
    next.write(&mut || Ok(None))?;
    Ok(Some(
        "others were applied after this plan: of the rows that were put back, nothing is agreed on any more, and those \
         that differ are conflicts, unless --winner decides"
            .to_owned(),
    ))
}

fn position(columns: &[Column], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == *name)
}

/// Rows of a plan's side.
impl Side {
    /// Rows as they were exported, over all columns.
    fn frozen(&self, rows: &mut Vec<u64>) -> Result<ExportBatch, SnapshotError> {
        rows.sort_unstable();
        rows.dedup();
        let all: Vec<usize> = self.columns.iter().filter_map(|column| self.parts.position(&column.name)).collect();
        self.parts.fetch(&all, rows)
    }

    /// Rows as they were read back when these steps were written, of those that are known.
    fn read_back(&self, steps: &[u64]) -> Result<ExportBatch, RunError> {
        Ok(self.stored.rows(steps)?)
    }
}
