//! An audit for a person at a terminal: one screen, 80 columns.

use super::pair::{Pair, kind};
use super::reasons::{Reasons, reasons_text};
use super::sentence::{count, how, painted};
use super::style::Style;
use super::values::{VALUE, key_name, number, pair_name, percent, print_key, shorten, shorten_middle, visible};
use crate::audit::{Audit, AuditedColumn, Softening, Verdict, thousands};
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};
use std::path::Path;

/// Samples of keys that are shown of each kind; the JSON has more.
const SHOWN: usize = 3;
/// Changed columns that are listed.
const COLUMNS: usize = 12;

/// The whole report of a run that is kept in `folder`; with `all`, every reason.
pub fn audit_text(audit: &Audit, folder: &Path, all: bool, style: Style) -> String {
    let mut out = String::new();
    for (name, side) in ["left ", "right"].iter().zip(&audit.sides) {
        let filter = side.filter.as_ref().map(|sql| format!("  where {sql}")).unwrap_or_default();
        out.push_str(&style.wrap(&format!("{name}  "), &format!("{}{filter}", shorten_middle(&side.address, 200))));
        out.push('\n');
    }
    out.push_str(&key_line(audit, style));
    out.push_str(&format!("{}\n\n", counts(audit, style).trim_fmt()));
    out.push_str(&painted(&audit.summary(), "", style));
    out.push('\n');
    if audit.verdict == Verdict::Differ {
        out.push_str(&reasons_text(&Reasons { found: &audit.reasons, folder: Some(folder), all }, style));
        out.push_str(&bridge(audit, style));
        out.push_str(&columns(audit, style));
        out.push_str(&samples(audit, style));
    }
    out.push_str(&proposals(audit, style));
    out.push_str(&notes(audit, style));
    out
}

/// The columns of a softening.
pub(super) fn softened_name(softening: &Softening) -> String {
    match softening.left == softening.right {
        true => format!("`{}`", softening.left),
        false => format!("`{}` = `{}`", softening.left, softening.right),
    }
}

fn key_line(audit: &Audit, style: Style) -> String {
    let name = key_name(&audit.key.columns, audit.key.chosen);
    let text = style.wrap("key    ", &format!("{name} ({}: {})", audit.key.chosen, audit.key.why));
    // Only after wrapping, which counts characters; a name that was broken stays plain.
    format!("{}\n", text.replacen(&name, &style.paint(&name, "1;32"), 1))
}

fn counts(audit: &Audit, style: Style) -> Table {
    let mut table = style.table();
    let head = |text: &str| Cell::new(text).add_attribute(Attribute::Bold).set_alignment(CellAlignment::Right);
    table.set_header(vec![Cell::new(""), head("left"), head("right")]);
    let [left, right] = [audit.sides[0].counts, audit.sides[1].counts];
    for (name, l, r, bad) in [
        ("rows", left.rows, right.rows, false),
        ("distinct keys", left.distinct_keys, right.distinct_keys, false),
        ("duplicates", left.duplicates, right.duplicates, true),
        ("NULL keys", left.null_keys, right.null_keys, true),
        ("keys only here", audit.only[0], audit.only[1], true),
    ] {
        let mark = |count: u64| {
            let cell = number(count);
            if bad && count > 0 { cell.fg(Color::Yellow) } else { cell }
        };
        table.add_row(vec![Cell::new(name), mark(l), mark(r)]);
    }
    table
}

fn bridge(audit: &Audit, style: Style) -> String {
    let last = audit.bridge.len().saturating_sub(1);
    let mut table = style.table();
    for (at, term) in audit.bridge.iter().enumerate() {
        let outer = at == 0 || at == last;
        if outer || term.rows != 0 {
            let sign = match (outer, term.rows < 0) {
                (true, _) => "",
                (false, true) => "−",
                (false, false) => "+",
            };
            let lead = if at == 0 {
                " "
            } else if at == last {
                "="
            } else {
                sign
            };
            let rows = Cell::new(thousands(term.rows.unsigned_abs())).set_alignment(CellAlignment::Right);
            let rows = if outer { rows.add_attribute(Attribute::Bold) } else { rows };
            table.add_row(vec![Cell::new(lead), Cell::new(&term.term), rows]);
        }
    }
    format!("\n{}{}\n", style.heading("From the left row count to the right one"), table.trim_fmt())
}

fn columns(audit: &Audit, style: Style) -> String {
    let mut changed: Vec<&AuditedColumn> = audit.columns.iter().filter(|c| c.changed > 0).collect();
    if changed.is_empty() {
        return String::new();
    }
    changed.sort_by_key(|column| std::cmp::Reverse(column.changed));
    let mut table = style.table();
    for column in changed.iter().take(COLUMNS) {
        let name = pair_name(&column.left, &column.right);
        let share = percent(column.changed, audit.changed);
        table.add_row(vec![
            Cell::new(" "),
            Cell::new(name),
            number(column.changed),
            Cell::new(share).set_alignment(CellAlignment::Right),
        ]);
    }
    let more = match changed.len().saturating_sub(COLUMNS) {
        0 => String::new(),
        more => format!("   and {more} more columns\n"),
    };
    format!("\n{}{}\n{more}", style.heading("Changed rows by column"), table.trim_fmt())
}

fn samples(audit: &Audit, style: Style) -> String {
    let mut out = String::new();
    let keys = |keys: &[Vec<String>]| keys.iter().take(SHOWN).map(|key| print_key(key)).collect::<Vec<_>>().join("  ");
    let mut lines = Vec::new();
    for (side, name) in ["left", "right"].iter().enumerate() {
        if !audit.samples.only[side].is_empty() {
            lines.push(format!("only {name}: {}", keys(&audit.samples.only[side])));
        }
    }
    for (side, name) in ["left", "right"].iter().enumerate() {
        if !audit.samples.duplicates[side].is_empty() {
            let some: Vec<String> = audit.samples.duplicates[side]
                .iter()
                .take(SHOWN)
                .map(|(key, rows)| format!("{} ({rows} rows)", print_key(key)))
                .collect();
            lines.push(format!("duplicates {name}: {}", some.join("  ")));
        }
    }
    if !audit.samples.ambiguous.is_empty() {
        let some: Vec<String> = audit
            .samples
            .ambiguous
            .iter()
            .take(SHOWN)
            .map(|a| format!("{} ({} and {} rows)", print_key(&a.key), a.rows[0], a.rows[1]))
            .collect();
        lines.push(format!("ambiguous: {}", some.join("  ")));
    }
    if !lines.is_empty() {
        out.push('\n');
        out.push_str(&style.heading("Samples"));
        for line in lines {
            out.push_str(&style.wrap("  ", &line));
            out.push('\n');
        }
    }
    if !audit.samples.changed.is_empty() {
        let mut table = style.table();
        table.set_header(vec!["changed", "column", "left", "right"]);
        for row in audit.samples.changed.iter().take(SHOWN) {
            for (at, cell) in row.cells.iter().take(4).enumerate() {
                let (left, right) = audit.pair_names(cell.pair);
                let key = if at == 0 { print_key(&row.key) } else { String::new() };
                let columns = &audit.alignment().pairs[cell.pair];
                let [one, other] = Pair {
                    texts: [cell.left.as_deref(), cell.right.as_deref()],
                    lengths: cell.lengths,
                    kinds: [kind(&columns.left.ty, cell.foreign[0]), kind(&columns.right.ty, cell.foreign[1])],
                }
                .cells(VALUE);
                table.add_row(vec![Cell::new(shorten(&key, 60)), Cell::new(pair_name(left, right)), one, other]);
            }
            if row.cells.len() > 4 {
                table.add_row(vec![String::new(), format!("and {} more", row.cells.len() - 4)]);
            }
        }
        out.push_str(&format!("{}\n", table.trim_fmt()));
    }
    out
}

/// What columns without a partner may be, and the options that say so.
fn proposals(audit: &Audit, style: Style) -> String {
    let mut out = String::new();
    for proposal in &audit.proposals {
        let fix = style.wrap("     try  ", &visible(&proposal.option));
        let text = style.wrap("note: ", &visible(&proposal.text));
        out.push_str(&format!("{text}\n{}\n", style.paint(&fix, "36")));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn notes(audit: &Audit, style: Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (side, name) in audit.sides.iter().zip(["left", "right"]) {
        if !side.alone.is_empty() {
            lines.push(format!("columns only on the {name}, not compared: {}", side.alone.join(", ")));
        }
    }
    if !audit.ignored.is_empty() {
        lines.push(format!("columns left out by the job: {}", audit.ignored.join(", ")));
    }
    lines.extend(audit.softened.iter().map(|softening| {
        let rows = count(softening.rows, "row", "rows");
        format!("{} is compared {}, which made it equal in {rows}", softened_name(softening), how(&softening.softener))
    }));
    let mixed: Vec<String> = audit
        .columns
        .iter()
        .filter_map(|c| c.compared_as.as_ref().map(|how| format!("{} ({how})", pair_name(&c.left, &c.right))))
        .collect();
    if !mixed.is_empty() {
        lines.push(format!("columns of different types: {}", mixed.join("; ")));
    }
    let mut out = String::new();
    if !audit.warnings.is_empty() || !lines.is_empty() {
        out.push('\n');
    }
    for warning in &audit.warnings {
        let text = style.wrap("warning: ", warning);
        out.push_str(&style.paint(&text, "33"));
        out.push('\n');
    }
    for line in lines {
        out.push_str(&style.wrap("note: ", &line));
        out.push('\n');
    }
    out
}
