//! Columns that a step leaves alone, and that hold another value all the same once its row is read back:
//! a trigger of the table has changed them, or somebody before the step was found to be as planned. That
//! is a change like any other. So the base keeps the value from before, where the two sides differ: the
//! next run carries the change over.

use super::batches::{Batches, Row};
use super::halves::overlay;
use crate::compare::{Judge, Verdict};
use crate::endpoint::{Action, ExportBatch};
use crate::plan::{Layout, Plan, PlanError, PlannedPair, SIDES};
use crate::snapshot::SnapshotError;
use arrow::array::AsArray;
use std::collections::HashMap;

/// A pair of rows after a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// The rows as they are.
    pub(super) rows: [Row; 2],
    /// Of a row that an update wrote, where it is as it was exported, and the update's number.
    pub(super) was: [Option<(u64, u64)>; 2],
}

impl Written {
    /// A pair of a plan, whose rows are these now.
    pub(super) fn of(pair: &PlannedPair, rows: [Row; 2]) -> Self {
        let was = [0, 1].map(|side: usize| match (rows[side], pair.rows[side], pair.steps[side]) {
            (Row::Stored(_), Some(row), Some(step)) if pair.also[side].is_none() => Some((row, step)),
            _ => None,
        });
        Self { rows, was }
    }
}

/// Which columns each update of a plan changes, per side.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// The lists of columns that there are.
    lists: Vec<Vec<usize>>,
    /// Per side and step, its list; `None` of creates and deletes, which concern all of a row.
    steps: [Vec<Option<u32>>; 2],
}

impl Touched {
    /// Of these steps.
    ///
    /// # Errors
    /// If they can't be read.
    fn read(plan: &Plan) -> Result<Self, PlanError> {
        let layout = Layout::of(&plan.file);
        let mut out = Self::default();
        let mut known: HashMap<(usize, Vec<String>), u32> = HashMap::new();
        for batch in plan.batches(Some(&["side", "action", "changed"].map(str::to_owned)))? {
            let batch = batch?;
            let broken = || PlanError::damaged(&plan.steps(), "its columns are not what they should be");
            let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            let lists = batch.column_by_name("changed").and_then(|column| column.as_list_opt::<i32>());
            let (Some(sides), Some(actions), Some(lists)) = (text("side"), text("action"), lists) else {
                return Err(broken());
            };
            for row in 0..batch.num_rows() {
                let side = usize::from(sides.value(row) == SIDES[1]);
                if actions.value(row) != Action::Update.word() {
                    out.steps[side].push(None);
                    continue;
                }
                let names = lists.value(row);
                let names = names.as_string_opt::<i32>().ok_or_else(broken)?;
                let names: Vec<String> = names.iter().flatten().map(str::to_owned).collect();
                let list = match known.get(&(side, names.clone())) {
                    Some(list) => *list,
                    None => {
                        out.lists.push(names.iter().filter_map(|name| layout.column(side, name)).collect());
                        let list = (out.lists.len() - 1) as u32;
                        known.insert((side, names), list);
                        list
                    }
                };
                out.steps[side].push(Some(list));
            }
        }
        Ok(out)
    }

    /// Whether a step leaves a column alone.
    fn spares(&self, side: usize, step: u64, column: usize) -> bool {
        let list = self.steps[side].get(step as usize).copied().flatten();
        list.and_then(|list| self.lists.get(list as usize)).is_some_and(|changed| !changed.contains(&column))
    }
}

impl Batches<'_> {
    /// Puts back the values from before, as said above, into rows as they are.
    pub(super) fn keep_untouched(&self, pairs: &[Written], rows: &mut [ExportBatch; 2]) -> Result<(), SnapshotError> {
        let (_, places) = self.compared();
        let judge = Judge::with_key(self.alignment, self.key);
        let mut buffers = [Vec::new(), Vec::new()];
        let now = [self.view(0, &places, &rows[0])?, self.view(1, &places, &rows[1])?];
        let mut kept = Vec::new();
        for side in [0, 1] {
            if pairs.iter().all(|pair| pair.was[side].is_none()) {
                continue;
            }
            let before = |pair: &Written| pair.was[side].map_or(pair.rows[side], |(row, _)| Row::Frozen(row));
            let before = self.sides[side].rows(&pairs.iter().map(before).collect::<Vec<_>>())?;
            let view = self.view(side, &places, &before)?;
            for (at, place) in places[side].iter().enumerate() {
                let Some(column) = *place else { continue };
                let mut wanted = vec![false; pairs.len()];
                for (row, pair) in pairs.iter().enumerate() {
                    let Some((_, step)) = pair.was[side] else { continue };
                    let moved = judge.moved(at, side, [(&view, row), (&now[side], row)], &mut buffers);
                    let differ = |buffers| judge.verdict(at, [(&now[0], row), (&now[1], row)], buffers);
                    if moved == Verdict::Different && differ(&mut buffers) == Verdict::Different {
                        wanted[row] = self.touched()?.spares(side, step, column);
                    }
                }
                if wanted.contains(&true) {
                    kept.push((side, column, wanted, before.clone()));
                }
            }
        }
        kept.iter().try_for_each(|(side, column, wanted, before)| overlay(&mut rows[*side], before, *column, wanted))
    }

    /// Read once it is asked for: mostly nobody changes what is not written.
    fn touched(&self) -> Result<&Touched, SnapshotError> {
        if let Some(touched) = self.touched.get() {
            return Ok(touched);
        }
        let touched = Touched::read(self.plan).map_err(|error| SnapshotError::Damaged {
            path: self.plan.steps().display().to_string(),
            why: error.to_string(),
        })?;
        Ok(self.touched.get_or_init(|| touched))
    }
}
