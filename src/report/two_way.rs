//! What a plan that writes both tables says beyond one that writes one.

use super::conflicts::how_to_resolve;
use super::sentence::{count, painted};
use super::style::Style;
use super::values::{number, percent};
use crate::audit::thousands;
use crate::endpoint::Action;
use crate::plan::{Merge, PlanFile, TwoWayFile, Winner, skew, spoken};
use comfy_table::{Cell, CellAlignment, Color};
use serde_json::{Value, json};
use std::path::Path;

/// Who wins, and from what it is known who changed what.
pub(super) fn head(two_way: &TwoWayFile, style: Style) -> String {
    let mut out = format!("{}\n", style.wrap("winner ", &winner(two_way)));
    out.push_str(&format!("{}\n", style.wrap("base   ", &base(two_way))));
    // Of a first run, the note is why it is one.
    if let Some(note) = two_way.note.as_ref().filter(|_| two_way.base.is_some()) {
        out.push_str(&format!("{}\n", style.wrap("       ", note)));
    }
    out
}

fn winner(two_way: &TwoWayFile) -> String {
    let rules = &two_way.rules;
    let newest = matches!(rules.winner, Winner::NewestColumn { .. } | Winner::NewestHistory);
    let window = match rules.window {
        window if newest && window > 0 => format!(", if by more than {}", spoken(window)),
        _ => String::new(),
    };
    let shift = match rules.winner {
        Winner::NewestColumn { .. } if rules.shift => ", with times corrected by the clocks",
        _ => "",
    };
    let merge = match rules.merge {
        Merge::Column => "",
        Merge::Row => "; rows are taken over as a whole",
    };
    match rules.winner {
        Winner::None => format!("none: what both sides changed apart is a conflict{merge}"),
        _ => format!("{}{window}{shift}{merge}", rules.winner),
    }
}

fn base(two_way: &TwoWayFile) -> String {
    let Some(id) = &two_way.base else {
        return two_way.note.clone().unwrap_or_else(|| "first run: nothing is deleted".to_owned());
    };
    let mut out = match &two_way.base_at {
        Some(at) => format!("base of {}", moment(at)),
        None => format!("base {id}"),
    };
    match two_way.kept {
        0 => {}
        1 => out.push_str(", 1 row kept different"),
        rows => out.push_str(&format!(", {} rows kept different", thousands(rows))),
    }
    if two_way.partial {
        out.push_str("; only rows were read that the histories tell of");
    }
    out
}

/// `2026-11-22 21:00 UTC`, from RFC 3339; anything else as it is.
fn moment(text: &str) -> String {
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.to_utc().format("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// The steps for both tables, side by side.
pub(super) fn counts(file: &PlanFile, style: Style) -> String {
    let totals = [0, 1].map(|side: usize| file.sides[side].counts.total());
    if totals == [0; 2] {
        let kept = file.two_way.as_ref().map_or(0, |two_way| two_way.kept);
        let nothing = match (is_settled(file), kept) {
            (true, 0) => "Nothing to do. ".to_owned(),
            (true, kept) => format!("Nothing to do but for {} kept different. ", count(kept, "row", "rows")),
            (false, _) => "Nothing to write to either table. ".to_owned(),
        };
        return format!("{}\n", painted(&file.found, &nothing, style));
    }
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut table = style.table();
    let names = ["left", "right"].into_iter().flat_map(|name| [right(name.to_owned()), Cell::new("")]);
    table.add_row([Cell::new(" "), Cell::new("")].into_iter().chain(names));
    for (action, color) in
        [(Action::Create, Color::Green), (Action::Update, Color::Yellow), (Action::Delete, Color::Red)]
    {
        let steps = [0, 1].map(|side: usize| file.sides[side].counts.of(action));
        let word = Cell::new(action.word());
        let mut row = vec![Cell::new(" "), if steps == [0; 2] { word } else { word.fg(color) }];
        for (side, steps) in steps.into_iter().enumerate() {
            let share = match (steps, file.sides[side].rows) {
                (0, _) | (_, 0) => String::new(),
                (steps, rows) => percent(steps, rows),
            };
            row.extend([number(steps), right(share)]);
        }
        table.add_row(row);
    }
    let mut row = vec![Cell::new(" "), Cell::new("of rows")];
    row.extend(file.sides.iter().flat_map(|side| [number(side.rows), Cell::new("")]));
    table.add_row(row);
    let steps = |count: u64| format!("{} step{}", thousands(count), if count == 1 { "" } else { "s" });
    let heading = format!("{} for the left table, {} for the right one", steps(totals[0]), thousands(totals[1]));
    format!("{}{}\n", style.heading(&heading), table.trim_fmt())
}

/// Whether nothing differs but what is meant to.
pub(super) fn is_settled(file: &PlanFile) -> bool {
    let left_out: u64 = file.left_out.iter().filter_map(|left| left.rows).sum();
    left_out + file.ambiguous + file.null_keys + file.misfits + file.conflicts + file.undecided == 0
}

/// What a person has to decide, and with the plan's folder, how. A plan that was applied can't be
/// decided about any more.
pub(super) fn to_decide(file: &PlanFile, folder: Option<&Path>, applied: bool, style: Style) -> String {
    let first_run = file.two_way.as_ref().is_none_or(|two_way| two_way.base.is_none());
    let [one, many] = match first_run {
        true => ["a row that differs", "rows that differ"],
        false => ["a row that both sides changed", "rows that both sides changed"],
    };
    let mut lines = Vec::new();
    match file.conflicts {
        0 => {}
        1 => lines.push(format!("1 conflict: {one}, and no rule picks a winner")),
        all => lines.push(format!("{} conflicts: {many}, and no rule picks a winner", thousands(all))),
    }
    match file.undecided {
        0 => {}
        1 => lines.push("1 row on one side only: nobody knows whether it was created or deleted".to_owned()),
        all => lines.push(format!(
            "{} rows on one side only: nobody knows whether they were created or deleted",
            thousands(all)
        )),
    }
    if lines.is_empty() {
        return String::new();
    }
    let title = if applied { "Left alone, to be decided" } else { "To be decided; left alone until then" };
    let mut out = format!("\n{}", style.heading(title));
    for line in &lines {
        out.push_str(&format!("{}\n", style.paint(&style.wrap("  ", line), "33")));
    }
    if let Some(folder) = folder.filter(|_| file.conflicts > 0) {
        out.push_str(&format!("\nSee the conflicts:\n  trueup show {} --conflicts\n", folder.display()));
        out.push_str(&match applied {
            true => "Decide them in a new plan: `trueup plan`, then `trueup resolve`.\n".to_owned(),
            false => how_to_resolve(folder),
        });
    }
    out
}

/// What scripts are told of it.
pub(super) fn two_way_json(two_way: &TwoWayFile) -> Value {
    json!({
        "first_run": two_way.base.is_none(),
        "base": two_way.base,
        "base_at": two_way.base_at,
        "winner": two_way.rules.winner.to_string(),
        "merge": two_way.rules.merge,
        "window_ms": two_way.rules.window / 1000,
        "partial": two_way.partial,
        "kept": two_way.kept,
        "skew_ms": skew(two_way.clocks).map(|skew| skew.ahead / 1000),
        "note": two_way.note,
    })
}
