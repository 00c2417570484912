//! The JSON of a plan: the contract with scripts. Names are only ever added.

use super::json::softened_json;
use super::plan_state::{add_state, state_of};
use super::two_way::two_way_json;
use crate::plan::{ActionCounts, Limit, PlanFile};
use serde_json::{Value, json};
use std::path::Path;

/// Steps by action.
pub(super) fn counts_json(counts: &ActionCounts) -> Value {
    json!({"create": counts.create, "update": counts.update, "delete": counts.delete})
}

fn limit(limit: Option<Limit>) -> Value {
    match limit {
        None => Value::Null,
        Some(Limit::Rows(rows)) => json!(rows),
        Some(Limit::Percent(percent)) => json!(format!("{percent}%")),
    }
}

/// A plan as one JSON object, version 1.
pub fn plan_json(file: &PlanFile, folder: &Path) -> Value {
    let [left, right] = &file.sides;
    let mut out = json!({
        "version": 1,
        "plan": folder.display().to_string(),
        "run": folder.display().to_string(),
        "left": counts_json(&left.counts),
        "right": counts_json(&right.counts),
        "verdict": file.found.verdict,
        "exact": file.found.exact,
        "softened": softened_json(&file.found.softened),
        "unpaired": {"left": file.found.unpaired[0], "right": file.found.unpaired[1]},
        "conflicts": file.conflicts,
        "undecided": file.undecided,
        "ambiguous": file.ambiguous,
        "null_keys": file.null_keys,
        "misfits": file.misfits,
        "direction": file.direction,
        "columns": file.changed_columns,
        "left_out": file.left_out,
        "cascades": file.cascades,
        "warnings": file.warnings,
        "limits": {"max_changes": limit(file.limits.max_changes), "max_deletes": limit(file.limits.max_deletes)},
    });
    add_state(&state_of(file, folder), &mut out);
    if let Some(two_way) = &file.two_way {
        out["two_way"] = two_way_json(two_way);
    }
    out
}
