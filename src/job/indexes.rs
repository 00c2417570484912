//! The indexes of two frozen sides: those they have, or new ones.

use super::error::RunError;
use super::pending::Pending;
use super::run::both;
use super::side_plan::SidePlan;
use crate::audit::sampled_rows;
use crate::snapshot::{Index, IndexOptions, Progress, Recipe, RowFilter, Snapshot, index_parts, index_together};
use std::path::PathBuf;

/// The indexes of both sides. Where both have to be made, the rows that turn out to differ are kept
/// in `frozen`, and those that reasons will be looked for in, so that they need not be read again.
pub(super) fn indexes(
    sides: &[SidePlan<'_>; 2],
    frozen: &mut [Snapshot; 2],
    recipes: &[Recipe; 2],
    pending: &Pending,
) -> Result<[Index; 2], RunError> {
    let state = |at: usize| State::of(&sides[at], &frozen[at], &recipes[at], pending);
    let (left, right) = match (state(0)?, state(1)?) {
        (State::Missing(left), State::Missing(right)) => (left, right),
        (left, right) => {
            let make = |at: usize, state| index(state, &sides[at], &frozen[at], &recipes[at]);
            return both(|| make(0, left), || make(1, right));
        }
    };
    let wanted = [0, 1].map(|at| {
        let job = sides[at].job;
        if job.reasons { sampled_rows(&frozen[at].parts, job.memory).collect() } else { Vec::new() }
    });
    let [(left, left_rows), (right, right_rows)] = index_together(
        [&frozen[0].parts, &frozen[1].parts],
        recipes,
        [&left.options(&sides[0]), &right.options(&sides[1])],
        [&wanted[0], &wanted[1]],
    )?;
    for (snapshot, rows) in frozen.iter_mut().zip([left_rows, right_rows]) {
        snapshot.parts = snapshot.parts.clone().with_taken(rows);
    }
    Ok([left, right])
}

fn index(state: State<'_>, side: &SidePlan<'_>, frozen: &Snapshot, recipe: &Recipe) -> Result<Index, RunError> {
    match state {
        State::There(index) => Ok(index),
        State::Missing(missing) => Ok(index_parts(&frozen.parts, recipe, &missing.options(side))?),
    }
}

/// Whether a side has the index that a recipe asks for.
enum State<'a> {
    There(Index),
    Missing(Missing<'a>),
}

/// What making an index takes.
struct Missing<'a> {
    filter: Option<RowFilter>,
    folder: PathBuf,
    progress: Box<dyn Progress + Send + 'a>,
    interrupt: crate::endpoint::Interrupt,
}

impl<'a> State<'a> {
    fn of(side: &SidePlan<'a>, frozen: &Snapshot, recipe: &Recipe, pending: &Pending) -> Result<Self, RunError> {
        // A filter that the frozen rows have been through already need not be applied again.
        let filter = side.filter.as_ref().filter(|_| frozen.manifest.filter != *side.filter);
        if let (Some(index), None, true) = (&frozen.index, filter, frozen.manifest.recipe.as_ref() == Some(recipe)) {
            return Ok(Self::There(index.clone()));
        }
        let address = side.address.to_string();
        Ok(Self::Missing(Missing {
            filter: filter.map(|sql| RowFilter::new(sql, &address, frozen.parts.columns())).transpose()?,
            folder: pending.temporary.join("work").join(side.name),
            progress: side.watch.stage(&format!("indexing {}", side.name)),
            interrupt: side.watch.interrupt(),
        }))
    }
}

impl Missing<'_> {
    fn options<'o>(&'o self, side: &SidePlan<'_>) -> IndexOptions<'o> {
        IndexOptions {
            filter: self.filter.as_ref(),
            folder: &self.folder,
            // Both sides at once, and room for the join.
            memory: side.job.memory / 4,
            interrupt: &self.interrupt,
            progress: self.progress.as_ref(),
        }
    }
}
