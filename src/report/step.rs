//! A step as it is shown: its key and the cells that matter, printed.

use super::pair::kind;
use crate::compare::cells_brief;
use crate::endpoint::{Action, ExportBatch};
use crate::plan::{Chunk, Plan, PlanError, PlanFile, cell_text};
use crate::table::Cells;
use serde_json::{Map, Value, json};

/// The names of the sides.
pub(super) const SIDES: [&str; 2] = ["left", "right"];

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownStep {
    /// 0 is left.
    pub side: usize,
    /// What it does.
    pub action: Action,
    /// Its number among the steps of its side.
    pub number: u64,
    /// The values of its key.
    pub key: Vec<String>,
    /// An update's changed cells; what a create writes beside the key, and what a delete removes.
    pub cells: Vec<ShownCell>,
}

/// One cell of a step; a value of `None` is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCell {
    /// The column.
    pub column: String,
    /// As it is to be found; of updates and deletes.
    pub before: Option<Option<String>>,
    /// As it is to become; of updates and creates.
    pub after: Option<Option<String>>,
    /// What both are, for two that are printed alike.
    pub kinds: [&'static str; 2],
    /// The lengths of very long ones in characters, if only a piece of each is here.
    pub lengths: [Option<u64>; 2],
}

/// The step in this row of a chunk.
pub fn shown_step(file: &PlanFile, side: usize, chunk: &Chunk, row: usize) -> ShownStep {
    step(file, side, chunk, row, &|batches, column| {
        let text = |batch: &Option<ExportBatch>| batch.as_ref().map(|batch| cell_text(batch, row, column));
        let foreign = batches.map(|batch| batch.as_ref().is_some_and(|batch| other(batch, row, column).is_some()));
        (batches.map(text), [None; 2], foreign)
    })
}

/// The same with no more than pieces of very long values.
pub(super) fn brief_step(file: &PlanFile, side: usize, chunk: &Chunk, row: usize) -> ShownStep {
    step(file, side, chunk, row, &|batches, column| {
        let cells = batches.map(|batch| batch.as_ref().and_then(|batch| Cells::new(batch.rows.column(column))));
        let others = batches.map(|batch| batch.as_ref().and_then(|batch| other(batch, row, column)));
        let brief = cells_brief([0, 1].map(|at| (cells[at].as_ref(), others[at], row)));
        let [before, after] = brief.texts;
        let [has_before, has_after] = batches.map(Option::is_some);
        ([has_before.then_some(before), has_after.then_some(after)], brief.lengths, brief.foreign)
    })
}

/// The values of a column before and after, their lengths if they are not whole, and whether its type
/// can't hold them.
type Values = ([Option<Option<String>>; 2], [Option<u64>; 2], [bool; 2]);

fn step(
    file: &PlanFile,
    side: usize,
    chunk: &Chunk,
    row: usize,
    values: &dyn Fn([&Option<ExportBatch>; 2], usize) -> Values,
) -> ShownStep {
    let plan_side = &file.sides[side];
    let writes = plan_side.writes.clone().unwrap_or_default();
    let columns: Vec<usize> = match chunk.steps.action {
        Action::Create => writes.create.iter().copied().filter(|column| !writes.key.contains(column)).collect(),
        Action::Update => chunk.changed.get(row).cloned().unwrap_or_default(),
        Action::Delete => (0..plan_side.table.columns.len()).filter(|column| !writes.key.contains(column)).collect(),
    };
    let cell = |column: usize| {
        let ([before, after], lengths, foreign) = values([&chunk.steps.before, &chunk.steps.after], column);
        let kinds = foreign.map(|foreign| kind(&plan_side.table.columns[column].ty, foreign));
        ShownCell { column: plan_side.table.columns[column].name.clone(), before, after, kinds, lengths }
    };
    ShownStep {
        side,
        action: chunk.steps.action,
        number: chunk.first + row as u64,
        key: writes
            .key
            .iter()
            .map(|column| cell_text(chunk.steps.rows(), row, *column).unwrap_or_else(|| "NULL".to_owned()))
            .collect(),
        cells: columns.into_iter().map(cell).collect(),
    }
}

/// The text of a value that its column can't hold.
fn other(batch: &ExportBatch, row: usize, column: usize) -> Option<&str> {
    batch.other(row, column)
}

/// A few steps of each action.
///
/// # Errors
/// If the plan can't be read.
pub fn sample_steps(plan: &Plan) -> Result<Vec<ShownStep>, PlanError> {
    const EACH: u64 = 2;
    let mut out: Vec<ShownStep> = Vec::new();
    for (side, plan_side) in plan.file.sides.iter().enumerate() {
        let mut missing = Action::ALL.map(|action| plan_side.counts.of(action).min(EACH));
        if missing == [0; 3] {
            continue;
        }
        for chunk in plan.chunks(side, 1000)? {
            let chunk = chunk?;
            let Some(at) = Action::ALL.iter().position(|action| *action == chunk.steps.action) else { continue };
            let rows = chunk.steps.len().min(missing[at] as usize);
            missing[at] -= rows as u64;
            out.extend((0..rows).map(|row| brief_step(&plan.file, side, &chunk, row)));
            if missing == [0; 3] {
                break;
            }
        }
    }
    Ok(out)
}

/// The names of the key's columns on a side.
pub fn key_names(file: &PlanFile, side: usize) -> Vec<String> {
    file.key
        .iter()
        .filter_map(|pair| file.alignment.pairs.get(*pair))
        .map(|pair| if side == 0 { pair.left.name.clone() } else { pair.right.name.clone() })
        .collect()
}

/// A step as JSON: values as trueup prints them, and null.
pub fn step_json(step: &ShownStep, key_names: &[String]) -> Value {
    let key: Map<String, Value> =
        key_names.iter().zip(&step.key).map(|(name, value)| (name.clone(), json!(value))).collect();
    let values = |of: fn(&ShownCell) -> &Option<Option<String>>| -> Option<Map<String, Value>> {
        let cells = step.cells.iter().filter_map(|cell| Some((cell.column.clone(), json!(of(cell).as_ref()?))));
        let map: Map<String, Value> = cells.collect();
        (!map.is_empty()).then_some(map)
    };
    json!({
        "side": SIDES[step.side],
        "step": step.number,
        "action": step.action.word(),
        "key": key,
        "before": values(|cell| &cell.before),
        "after": values(|cell| &cell.after),
    })
}
