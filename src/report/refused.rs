//! Rows that were not written, or are not as planned when read again, as a table.

use super::step::{SIDES, ShownCell, ShownStep, key_names};
use super::steps::StepTable;
use super::style::Style;
use super::values::shorten;
use crate::apply::{Cause, Refusal, Unverified};
use crate::plan::PlanFile;
use serde_json::{Map, Value};

/// Rows that are shown; the files have all of them.
const ROWS: usize = 5;
/// Cells that are shown of each.
const CELLS: usize = 4;
/// Characters that are shown of a key, and of what a database said.
const KEY: usize = 60;
const WORDS: usize = 400;
/// What a cell is: its type is not told.
const VALUE: &str = "value";

/// What was refused: the cells in which the row that was found is another than was planned.
pub(super) fn refused_table(refusals: &[Refusal], file: &PlanFile, both: bool, style: Style) -> String {
    let steps: Vec<ShownStep> = refusals
        .iter()
        .filter(|refusal| refusal.cause == Cause::Moved)
        .take(ROWS)
        .map(|refusal| ShownStep {
            side: refusal.side,
            action: refusal.action,
            number: refusal.step,
            key: key(&refusal.key, file, refusal.side),
            cells: differences(refusal),
        })
        .collect();
    table(&steps, both, style)
}

/// What the database did not accept, in its own words.
pub(super) fn rejected_list(refusals: &[Refusal], file: &PlanFile, both: bool, style: Style) -> String {
    let line = |refusal: &Refusal| {
        let side = if both { format!("{} ", SIDES[refusal.side]) } else { String::new() };
        let key = shorten(&key(&refusal.key, file, refusal.side).join(", "), KEY);
        let why = shorten(&refusal.why, WORDS);
        format!("{}\n", style.wrap(" ", &format!("{side}{} {key}: {why}", refusal.action)))
    };
    refusals.iter().filter(|refusal| refusal.cause == Cause::Rejected).take(ROWS).map(line).collect()
}

/// What is not as planned.
pub(super) fn unverified_table(cells: &[Unverified], file: &PlanFile, both: bool, style: Style) -> String {
    let mut steps: Vec<ShownStep> = Vec::new();
    for cell in cells {
        let shown = match &cell.column {
            Some(column) => ShownCell {
                column: column.clone(),
                before: Some(cell.planned.clone()),
                after: Some(cell.found.clone()),
                kinds: [VALUE; 2],
                lengths: [None; 2],
            },
            None => whole_row(cell.planned.is_some(), cell.found.is_some()),
        };
        let full = steps.len() == ROWS;
        match steps.last_mut() {
            Some(last) if (last.side, last.number) == (cell.side, cell.step) => last.cells.push(shown),
            _ if full => break,
            _ => steps.push(ShownStep {
                side: cell.side,
                action: cell.action,
                number: cell.step,
                key: key(&cell.key, file, cell.side),
                cells: vec![shown],
            }),
        }
    }
    table(&steps, both, style)
}

fn table(steps: &[ShownStep], both: bool, style: Style) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let table = StepTable::new(steps, both, CELLS, style);
    format!("{}{}", table.header_for(["planned", "found"]), table.lines(steps))
}

/// The values of a key that is a JSON object, in key order.
fn key(object: &str, file: &PlanFile, side: usize) -> Vec<String> {
    let Ok(map) = serde_json::from_str::<Map<String, Value>>(object) else { return vec![object.to_owned()] };
    let names = key_names(file, side);
    names.iter().map(|name| map.get(name).and_then(print).unwrap_or_else(|| "NULL".to_owned())).collect()
}

fn print(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn whole_row(planned: bool, found: bool) -> ShownCell {
    let word = |there: bool| Some(Some(if there { "(a row)" } else { "(no row)" }.to_owned()));
    ShownCell {
        column: String::new(),
        before: word(planned),
        after: word(found),
        kinds: [VALUE; 2],
        lengths: [None; 2],
    }
}

/// The cells in which the row that was planned and the one that was found differ; one line for
/// both if one of them is not there.
fn differences(refusal: &Refusal) -> Vec<ShownCell> {
    let row =
        |text: &Option<String>| text.as_ref().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    match (row(&refusal.planned), row(&refusal.found)) {
        (Some(planned), Some(found)) => planned
            .iter()
            // A create says nothing of the columns that take their defaults.
            .filter_map(|(column, value)| Some((column, value, found.get(column)?)))
            .filter(|(_, value, other)| value != other)
            .map(|(column, value, other)| ShownCell {
                column: column.clone(),
                before: Some(print(value)),
                after: Some(print(other)),
                kinds: [VALUE; 2],
                lengths: [None; 2],
            })
            .collect(),
        (None, Some(_)) => {
            let cell = whole_row(false, true);
            vec![ShownCell { after: Some(Some(refusal.why.clone())), ..cell }]
        }
        (planned, None) => vec![whole_row(planned.is_some(), false)],
    }
}
