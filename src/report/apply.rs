//! What applying or undoing a plan came to.

use super::plan::{pasted, set};
use super::plan_json::counts_json;
use super::plan_state::{add_state, state_text};
use super::refused::{refused_table, rejected_list, unverified_table};
use super::step::SIDES;
use super::style::Style;
use super::values::{number, shorten_middle};
use crate::apply::{Refusal, SideOutcome};
use crate::audit::thousands;
use crate::endpoint::Action;
use crate::job::ApplyRun;
use crate::plan::PlanFile;
use comfy_table::{Attribute, Cell, CellAlignment};
use serde_json::{Value, json};
use std::path::Path;

/// What was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The plan.
    Applied,
    /// Its inverse.
    Undone,
}

/// The result for a person; `refusals` are the first of those that were refused.
pub fn apply_text(
    run: &ApplyRun,
    file: &PlanFile,
    folder: &Path,
    refusals: &[Refusal],
    done: Carried,
    style: Style,
) -> String {
    let mut out = String::new();
    let touched = |side: &usize| {
        let outcome = &run.sides[*side];
        file.sides[*side].counts.total() + outcome.written.total() + outcome.already + outcome.refused > 0
    };
    let sides: Vec<usize> = [0, 1].into_iter().filter(touched).collect();
    if sides.is_empty() {
        out.push_str("The plan has no steps: nothing was written.\n");
    }
    for side in &sides {
        let address = shorten_middle(&file.sides[*side].address, 200);
        out.push_str(&format!("{}\n", style.wrap(&format!("{:5}  ", SIDES[*side]), &address)));
        out.push_str(&format!("{}\n\n", counts(run, file, *side, done, style)));
    }
    if let Some(state) = state_text(&run.before) {
        out.push_str(&format!("{}\n", style.wrap("Before: ", &state)));
    }
    out.push_str(&sentences(run, file, folder, done, style));
    let both = sides.len() > 1;
    let tables = [
        ("Left alone", refused_table(refusals, file, both, style)),
        ("Refused by the database", rejected_list(refusals, file, both, style)),
        ("Not as planned when read again", unverified_table(&run.unverified, file, both, style)),
    ];
    for (title, table) in tables.into_iter().filter(|(_, table)| !table.is_empty()) {
        out.push_str(&format!("\n{}{table}", style.heading(title)));
    }
    for (at, warning) in run.warnings.iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { "" });
        out.push_str(&format!("{}\n", style.paint(&style.wrap("warning: ", warning), "33")));
    }
    let written: u64 = run.sides.iter().map(|side| side.written.total()).sum();
    if done == Carried::Applied && written > 0 {
        out.push_str(&format!("\nTo put it back:\n  {}trueup undo {}\n", set(file), pasted(folder)));
    }
    out
}

fn counts(run: &ApplyRun, file: &PlanFile, side: usize, done: Carried, style: Style) -> String {
    let mut table = style.table();
    let head = |text: &str| Cell::new(text).add_attribute(Attribute::Bold).set_alignment(CellAlignment::Right);
    let planned = done == Carried::Applied;
    table.set_header([Cell::new("")].into_iter().chain(planned.then(|| head("planned"))).chain([head("written")]));
    for action in Action::ALL {
        let planned = planned.then(|| number(file.sides[side].counts.of(action)));
        let written = number(run.sides[side].written.of(action));
        table.add_row([Cell::new(action.word())].into_iter().chain(planned).chain([written]));
    }
    table.trim_fmt()
}

fn sentences(run: &ApplyRun, file: &PlanFile, folder: &Path, done: Carried, style: Style) -> String {
    let sum = |of: fn(&SideOutcome) -> u64| -> u64 { run.sides.iter().map(of).sum() };
    let (written, already) = (sum(|side| side.written.total()), sum(|side| side.already));
    let (refused, unverified) = (sum(|side| side.refused), sum(|side| side.unverified));
    let rows = |count: u64, one: &str, many: &str| {
        if count == 1 { format!("1 row {one}") } else { format!("{} rows {many}", thousands(count)) }
    };
    let mut lines: Vec<(String, &str)> = Vec::new();
    if written > 0 && unverified == 0 {
        let (one, many) = match done {
            Carried::Applied => {
                ("is written, and is as planned when read again.", "are written, and are as planned when read again.")
            }
            Carried::Undone => (
                "is put back, and is as it was when read again.",
                "are put back, and are as they were when read again.",
            ),
        };
        lines.push((rows(written, one, many), "1;32"));
    } else if written > 0 {
        lines.push((rows(written, "is written.", "are written."), "0"));
    }
    if already > 0 {
        lines.push((rows(already, "was as planned before.", "were as planned before."), "0"));
    }
    let rejected = sum(|side| side.rejected);
    let moved = refused.saturating_sub(rejected);
    let list = run.refused_file.clone().unwrap_or_else(|| folder.join(crate::apply::REFUSED));
    let list = list.display();
    if moved > 0 {
        let when = if done == Carried::Applied { "made" } else { "applied" };
        let one = format!("is not as it was when the plan was {when}, and was left alone: {list}");
        let many = format!("are not as they were when the plan was {when}, and were left alone: {list}");
        lines.push((rows(moved, &one, &many), "33"));
    }
    if rejected > 0 {
        let (one, many) =
            (format!("was refused by the database: {list}"), format!("were refused by the database: {list}"));
        lines.push((rows(rejected, &one, &many), "33"));
    }
    if unverified > 0 {
        let one = "was written, and is not as planned when read again: a trigger or the column's type changed it.";
        let many = "were written, and are not as planned when read again: a trigger or the column's type changed them.";
        lines.push((rows(unverified, one, many), "33"));
    }
    if done == Carried::Applied && file.misfits > 0 {
        let see = format!("in the plan, because a value does not fit: trueup show {} --summary", folder.display());
        lines.push((rows(file.misfits, &format!("is not {see}"), &format!("are not {see}")), "33"));
    }
    if lines.is_empty() && file.sides.iter().any(|side| side.counts.total() > 0) {
        lines.push(("Nothing was written.".to_owned(), "0"));
    }
    lines
        .into_iter()
        .map(|(text, code)| {
            let text = style.wrap("", &text);
            format!("{}\n", if code == "0" { text } else { style.paint(&text, code) })
        })
        .collect()
}

/// The result as one JSON object, version 1.
pub fn apply_json(run: &ApplyRun) -> Value {
    let [left, right] = &run.sides;
    let mut out = json!({
        "version": 1,
        "left": counts_json(&left.written),
        "right": counts_json(&right.written),
        "already": left.already + right.already,
        "refused": left.refused + right.refused,
        "rejected": left.rejected + right.rejected,
        "unverified": left.unverified + right.unverified,
        "refused_file": run.refused_file.as_ref().map(|path| path.display().to_string()),
        "unverified_file": run.unverified_file.as_ref().map(|path| path.display().to_string()),
        "warnings": run.warnings,
        "state_before": run.before.phase.to_string(),
    });
    add_state(&run.state, &mut out);
    out
}
