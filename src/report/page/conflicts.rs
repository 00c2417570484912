//! The table of a plan's conflicts.

use super::build::PageError;
use super::mask::Mask;
use super::model::{Cell, Changes, ColumnKind, PageColumn, PageTable, Values};
use crate::audit::thousands;
use crate::compare::brief_texts;
use crate::plan::{CONFLICTS, Conflict, Plan, PlanFile};
use crate::report::conflicts::conflict_json;
use crate::report::pair::kind;
use crate::report::step::key_names;
use std::collections::HashMap;

/// What both sides changed apart; `None` if there is nothing.
pub fn conflicts(plan: &Plan, mask: &Mask, most: usize) -> Result<Option<PageTable>, PageError> {
    let (file, total) = (&plan.file, plan.file.conflicts);
    if total == 0 {
        return Ok(None);
    }
    let key_names = key_names(file, 0);
    let mut keys: Vec<Vec<Cell>> = vec![Vec::new(); key_names.len()];
    let (mut why, mut times) = (Vec::new(), [Vec::new(), Vec::new()]);
    let (mut names, mut places) = (Vec::new(), HashMap::new());
    let mut rows: Vec<Changes> = Vec::new();
    for conflict in plan.conflicts()?.take(most) {
        let conflict = conflict?;
        for ((name, value), cells) in key_names.iter().zip(conflict.key.clone()).zip(&mut keys) {
            cells.push(mask.cell(0, name, Cell::of(value.as_deref())));
        }
        let json = conflict_json(&conflict, file);
        let text = |name: &str| json[name].as_str().map_or(Cell::Nothing, |text| Cell::Text(text.to_owned()));
        why.push(text("text"));
        times[0].push(text("left_time"));
        times[1].push(text("right_time"));
        let mut changes = Vec::new();
        for name in &conflict.changed {
            let at = *places.entry(name.clone()).or_insert_with(|| {
                names.push(name.clone());
                names.len() - 1
            });
            let cells = version_cells(&conflict, file, name).map(|cell| mask.cell(0, name, cell));
            changes.push((at, cells.into()));
        }
        rows.push(changes);
    }
    let shown = rows.len();
    let cells =
        |name: &str, key, kind, cells| PageColumn { name: name.to_owned(), key, values: Values::Cells(kind, cells) };
    let mut columns: Vec<PageColumn> =
        key_names.iter().zip(keys).map(|(name, values)| cells(name, true, ColumnKind::Text, values)).collect();
    let values = Values::Changes { heads: vec!["left", "right", "base"], names, rows };
    let filter = columns.len();
    columns.push(PageColumn { name: "what they say".to_owned(), key: false, values });
    columns.push(cells("why", false, ColumnKind::Text, why));
    for (name, times) in ["left changed at", "right changed at"].into_iter().zip(times) {
        if times.iter().any(|time| *time != Cell::Nothing) {
            columns.push(cells(name, false, ColumnKind::Word, times));
        }
    }
    let missing = total.saturating_sub(shown as u64);
    let left_out = (missing > 0).then(|| {
        format!(
            "This page has the first {} of {} conflicts. The other {} are in {}; `trueup show {} --conflicts` lists all.",
            thousands(shown as u64),
            thousands(total),
            thousands(missing),
            plan.folder.join(CONFLICTS).display(),
            plan.folder.display()
        )
    });
    Ok(Some(PageTable {
        id: "conflicts",
        title: "Conflicts".to_owned(),
        unit: ["conflict", "conflicts"],
        total,
        lead: "What both sides changed, with no rule that picks a winner. These rows stay as they are on both sides until \
               somebody decides."
            .to_owned(),
        left_out,
        command: Some(format!("trueup resolve {} --key KEY --take left|right|newest", plan.folder.display())),
        columns,
        rows: shown,
        filters: vec![(filter, "Column")],
    }))
}

/// The values of a column, by its left name, in the versions of the row.
fn version_cells(conflict: &Conflict, file: &PlanFile, name: &str) -> [Cell; 3] {
    let pair = file.alignment.pairs.iter().find(|pair| pair.left.name == name);
    let value = |version: usize| {
        let place = match version {
            1 => pair.and_then(|pair| file.sides[1].table.position(&pair.right.name)),
            _ => file.sides[0].table.position(name),
        };
        conflict.rows[version].as_ref()?.get(place?)
    };
    let cells = [0, 1, 2].map(|version| Cell::maybe(value(version).cloned()));
    match (value(0), value(1)) {
        (Some(left), Some(right)) if cells[0] != cells[1] || left == right => {
            let kinds = pair.map_or(["value"; 2], |pair| [kind(&pair.left.ty, false), kind(&pair.right.ty, false)]);
            let [one, other] = Cell::both(&brief_texts([left.as_deref(), right.as_deref()]), kinds);
            let [_, _, base] = cells;
            [one, other, base]
        }
        _ => cells,
    }
}
