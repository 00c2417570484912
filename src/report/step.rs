//! A step as it is shown: its key and the cells that matter, printed.

use crate::endpoint::Action;
use crate::plan::{Chunk, Plan, PlanError, PlanFile, cell_text};
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
}

/// The step in this row of a chunk.
pub fn shown_step(file: &PlanFile, side: usize, chunk: &Chunk, row: usize) -> ShownStep {
    let plan_side = &file.sides[side];
    let writes = plan_side.writes.clone().unwrap_or_default();
    let columns: Vec<usize> = match chunk.steps.action {
        Action::Create => writes.create.iter().copied().filter(|column| !writes.key.contains(column)).collect(),
        Action::Update => chunk.changed.get(row).cloned().unwrap_or_default(),
        Action::Delete => (0..plan_side.table.columns.len()).filter(|column| !writes.key.contains(column)).collect(),
    };
    let text = |batch: &Option<crate::endpoint::ExportBatch>, column| {
        batch.as_ref().map(|batch| cell_text(batch, row, column))
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
        cells: columns
            .into_iter()
            .map(|column| ShownCell {
                column: plan_side.table.columns[column].name.clone(),
                before: text(&chunk.steps.before, column),
                after: text(&chunk.steps.after, column),
            })
            .collect(),
    }
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
            out.extend((0..rows).map(|row| shown_step(&plan.file, side, &chunk, row)));
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
