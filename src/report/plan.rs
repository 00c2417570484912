//! A plan's summary for a person: what would be written, what was left out, and what to know before
//! it is applied.

use super::plan_state::{state_of, state_text};
use super::reasons::{Reasons, reasons_text};
use super::sentence::{count, how, painted};
use super::step::{SIDES, ShownStep, key_names};
use super::steps::StepTable;
use super::style::Style;
use super::terminal::softened_name;
use super::two_way;
use super::values::{key_name, number, pair_name, percent, print_key, shorten_middle};
use crate::audit::{Softening, Verdict, thousands};
use crate::endpoint::{Action, OnDelete};
use crate::plan::{Cascade, ChangedColumn, Direction, LeftOut, LimitExceeded, PlanFile, check_deletes, check_limits};
use comfy_table::{Cell, CellAlignment, Color};
use std::path::Path;

/// Updated columns that are listed.
const COLUMNS: usize = 12;
/// Cells that are shown of each sample.
const CELLS: usize = 3;
/// Keys that are shown of what is left out.
const KEYS: usize = 3;

/// The whole summary, with a few steps as samples and why the tables differ. With the plan's `folder`, also the commands
/// that come next.
pub fn plan_text(
    file: &PlanFile,
    folder: Option<&Path>,
    samples: &[ShownStep],
    reasons: &Reasons<'_>,
    style: Style,
) -> String {
    let mut out = head(file, style);
    if let Some(state) = folder.and_then(|folder| state_text(&state_of(file, folder))) {
        out.push_str(&format!("{}\n", style.wrap("state  ", &state)));
    }
    out.push('\n');
    match file.direction {
        Direction::LeftToRight => out.push_str(&counts(file, 1, style)),
        Direction::RightToLeft => out.push_str(&counts(file, 0, style)),
        Direction::Both => out.push_str(&two_way::counts(file, style)),
    }
    out.push_str(&columns(file, style));
    out.push_str(&reasons_text(reasons, style));
    if !samples.is_empty() {
        let table = StepTable::new(samples, file.direction == Direction::Both, CELLS, style);
        out.push_str(&format!("\n{}{}{}", style.heading("Samples"), table.header(), table.lines(samples)));
    }
    out.push_str(&left_out(file, style));
    out.push_str(&left_alone(file, style));
    out.push_str(&warnings(file, style));
    if file.direction == Direction::Both {
        out.push_str(&two_way::to_decide(file, folder, false, style));
    }
    if let Some(folder) = folder {
        out.push_str(&next(file, folder));
    }
    out
}

/// From where to where, and by which key.
fn head(file: &PlanFile, style: Style) -> String {
    let words = match file.direction {
        Direction::LeftToRight => [("from", 0), ("to  ", 1)],
        Direction::RightToLeft => [("from", 1), ("to  ", 0)],
        Direction::Both => [("left", 0), ("right", 1)],
    };
    let mut out = String::new();
    for (word, side) in words {
        let side = &file.sides[side];
        let filter = side.filter.as_ref().map(|sql| format!("  where {sql}")).unwrap_or_default();
        let text = format!("{}{filter}", shorten_middle(&side.address, 200));
        out.push_str(&format!("{}\n", style.wrap(&format!("{word:5}  "), &text)));
    }
    let names: Vec<_> = key_names(file, 0).into_iter().zip(key_names(file, 1)).collect();
    let key = format!("{} ({})", key_name(&names, file.key_chosen), file.key_chosen);
    out.push_str(&format!("{}\n", style.wrap("key    ", &key)));
    if let Some(two_way) = &file.two_way {
        out.push_str(&two_way::head(two_way, style));
    }
    out
}

fn counts(file: &PlanFile, side: usize, style: Style) -> String {
    let (plan_side, name) = (&file.sides[side], SIDES[side]);
    let total = plan_side.counts.total();
    if total == 0 {
        let nothing = match file.found.verdict {
            Verdict::Differ => format!("Nothing to write to the {name} table. "),
            Verdict::Agree | Verdict::Columns | Verdict::Nothing => "Nothing to do. ".to_owned(),
        };
        return format!("{}\n", painted(&file.found, &nothing, style));
    }
    let mut table = style.table();
    for (action, color) in
        [(Action::Create, Color::Green), (Action::Update, Color::Yellow), (Action::Delete, Color::Red)]
    {
        let steps = plan_side.counts.of(action);
        let share = match (steps, plan_side.rows) {
            (0, _) | (_, 0) => String::new(),
            (steps, rows) => percent(steps, rows),
        };
        let word = Cell::new(action.word());
        table.add_row(vec![
            Cell::new(" "),
            if steps > 0 { word.fg(color) } else { word },
            number(steps),
            Cell::new(share).set_alignment(CellAlignment::Right),
        ]);
    }
    let (steps, rows) = (if total == 1 { "step" } else { "steps" }, if plan_side.rows == 1 { "row" } else { "rows" });
    let heading =
        format!("{} {steps} for the {name} table, which has {} {rows}", thousands(total), thousands(plan_side.rows));
    format!("{}{}\n", style.heading(&heading), table.trim_fmt())
}

fn columns(file: &PlanFile, style: Style) -> String {
    let mut changed: Vec<&ChangedColumn> = file.changed_columns.iter().filter(|column| column.changed > 0).collect();
    if changed.is_empty() {
        return String::new();
    }
    changed.sort_by_key(|column| std::cmp::Reverse(column.changed));
    let updates: u64 = file.sides.iter().map(|side| side.counts.update).sum();
    let mut table = style.table();
    for column in changed.iter().take(COLUMNS) {
        let share = Cell::new(percent(column.changed, updates)).set_alignment(CellAlignment::Right);
        let name = Cell::new(pair_name(&column.left, &column.right));
        table.add_row(vec![Cell::new(" "), name, number(column.changed), share]);
    }
    let more = match changed.len().saturating_sub(COLUMNS) {
        0 => String::new(),
        more => format!("   and {more} more columns\n"),
    };
    format!("\n{}{}\n{more}", style.heading("Updates by column"), table.trim_fmt())
}

/// Rows and columns that were left out, and why.
pub(super) fn left_out(file: &PlanFile, style: Style) -> String {
    if file.left_out.is_empty() {
        return String::new();
    }
    // Steps that are missing from the plan come first; a column that nobody can write is no news.
    let rank = |left: &&LeftOut| match left.rows {
        Some(_) if is_counted(left) => 0,
        Some(_) => 1,
        None => 2,
    };
    let mut all: Vec<&LeftOut> = file.left_out.iter().collect();
    all.sort_by_key(rank);
    let mut out = format!("\n{}", style.heading("Left out"));
    for left in all {
        let place = match left.side.as_str() {
            _ if left.what.contains(" on ") => String::new(),
            "both" => " on both sides".to_owned(),
            side => format!(" on the {side}"),
        };
        let count = left.rows.filter(|_| !is_counted(left)).map(|rows| format!(" ({})", thousands(rows)));
        let keys: Vec<String> = left.samples.iter().take(KEYS).map(|key| print_key(key)).collect();
        let keys = if keys.is_empty() { String::new() } else { format!(" (as in {})", keys.join("  ")) };
        let count = count.unwrap_or_default();
        out.push_str(&style.wrap("  ", &format!("{}{place}{count}: {}{keys}", left.what, left.why)));
        out.push('\n');
    }
    out
}

/// Rows that are left as they are because a softener made values of them equal.
fn left_alone(file: &PlanFile, style: Style) -> String {
    let softened: Vec<&Softening> = file.found.softened.iter().filter(|softening| softening.rows > 0).collect();
    if softened.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}", style.heading("Left as they are, being equal by the rules of the comparison"));
    for softening in softened {
        let asked = if softening.softener.asked { "" } else { ", which no rule of the job asked for" };
        let (name, how) = (softened_name(softening), how(&softening.softener));
        let rows = count(softening.rows, "row", "rows");
        out.push_str(&style.wrap("  ", &format!("{name} in {rows}: equal only {how}{asked}")));
        out.push('\n');
    }
    out
}

/// Whether it says how many there are in its own words.
fn is_counted(left: &LeftOut) -> bool {
    left.what.starts_with(|c: char| c.is_ascii_digit())
}

/// What hangs on the rows to be deleted, in words.
fn cascade(cascade: &Cascade, allowed: bool) -> String {
    let rows = format!(
        "{} {} of `{}`",
        thousands(cascade.rows),
        if cascade.rows == 1 { "row" } else { "rows" },
        cascade.table
    );
    let key = format!("(foreign key `{}`)", cascade.name);
    let refused = if allowed { "" } else { "; apply refuses that without --allow-cascade" };
    match cascade.on_delete {
        OnDelete::Cascade => format!("the deletes on the {} delete {rows} too {key}{refused}", cascade.side),
        OnDelete::SetNull => {
            format!("the deletes on the {} set the reference of {rows} to NULL {key}{refused}", cascade.side)
        }
        OnDelete::SetDefault => {
            format!("the deletes on the {} set the reference of {rows} to its default {key}{refused}", cascade.side)
        }
        OnDelete::Refuse => {
            format!("{rows} point to rows to be deleted on the {}, which the database will refuse {key}", cascade.side)
        }
    }
}

fn warnings(file: &PlanFile, style: Style) -> String {
    let mut lines: Vec<String> = file.cascades.iter().map(|one| cascade(one, file.allow_cascade)).collect();
    lines.extend(file.warnings.iter().cloned());
    if let Err(limit) = check_limits(file, &file.limits, |_| true) {
        let LimitExceeded { what, steps, limit, flag, .. } = limit;
        lines.push(format!("{} {what} are beyond {flag} {limit}: apply will refuse this plan", thousands(steps)));
    } else if let Err(deletes) = check_deletes(file, &file.limits, false, |_| true) {
        lines.push(format!("{deletes}: apply asks about that, or refuses it with --yes"));
    }
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate().filter(|(at, line)| !lines[..*at].contains(line)) {
        out.push_str(if at == 0 { "\n" } else { "" });
        out.push_str(&format!("{}\n", style.paint(&style.wrap("warning: ", line), "33")));
    }
    out
}

/// The commands that come next.
fn next(file: &PlanFile, folder: &Path) -> String {
    if file.sides.iter().all(|side| side.counts.total() == 0) {
        return String::new();
    }
    let (folder, set) = (pasted(folder), set(file));
    let mut out = format!("\nReview it, then write it:\n  trueup show {folder}\n  {set}trueup apply {folder}\n");
    if !set.is_empty() {
        out.push_str("The plan keeps no password: put it in the place of the dots, or export the variable.\n");
    }
    out
}

/// The variables that a command that writes needs, as they stand before it in a shell.
pub(super) fn set(file: &PlanFile) -> String {
    file.variables.iter().map(|name| format!("{name}=… ")).collect()
}

/// A path as it is pasted into a shell.
pub(super) fn pasted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
