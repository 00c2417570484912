//! An audit for a person at a terminal: one screen, 80 columns.

use crate::audit::{Audit, AuditedColumn, thousands};
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, TableComponent};

/// How to render.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
}

/// Samples of keys that are shown of each kind; the JSON has more.
const SHOWN: usize = 3;
/// Characters of a value that are shown.
const VALUE: usize = 60;
/// Changed columns that are listed.
const COLUMNS: usize = 12;

impl Style {
    /// A table without lines, but one below its header if it has one.
    pub(super) fn table(self) -> Table {
        let mut table = Table::new();
        table
            .load_preset(NOTHING)
            .set_style(TableComponent::HeaderLines, '─')
            .set_style(TableComponent::MiddleHeaderIntersections, '─')
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width);
        if self.color {
            table.enforce_styling()
        } else {
            table.force_no_tty()
        };
        table
    }

    fn heading(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("{text}\n") }
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A lead and text beside it, broken into lines that fit; each after the first begins below
    /// the text.
    fn wrap(self, lead: &str, text: &str) -> String {
        let width = usize::from(self.width).max(40);
        let indent = lead.chars().count();
        let mut out = lead.to_owned();
        let mut used = indent;
        for word in text.split_whitespace() {
            let mut word = word;
            loop {
                let length = word.chars().count();
                let space = usize::from(used > indent);
                if used > indent && used + space + length > width {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', indent));
                    used = indent;
                    continue;
                }
                out.extend(std::iter::repeat_n(' ', space));
                used += space;
                // A word longer than a line is broken where the line ends.
                let cut = word.char_indices().nth(width - used).map_or(word.len(), |(at, _)| at);
                out.push_str(&word[..cut]);
                used += word[..cut].chars().count();
                word = &word[cut..];
                if word.is_empty() {
                    break;
                }
            }
        }
        out
    }
}

/// The whole report.
pub fn audit_text(audit: &Audit, style: Style) -> String {
    let mut out = String::new();
    for (name, side) in ["left ", "right"].iter().zip(&audit.sides) {
        let filter = side.filter.as_ref().map(|sql| format!("  where {sql}")).unwrap_or_default();
        out.push_str(&style.wrap(&format!("{name}  "), &format!("{}{filter}", shorten_middle(&side.address, 200))));
        out.push('\n');
    }
    out.push_str(&key_line(audit, style));
    out.push_str(&format!("{}\n\n", counts(audit, style).trim_fmt()));
    out.push_str(&verdict(audit, style));
    if !audit.agree {
        out.push_str(&bridge(audit, style));
        out.push_str(&columns(audit, style));
        out.push_str(&samples(audit, style));
    }
    out.push_str(&notes(audit, style));
    out
}

fn key_line(audit: &Audit, style: Style) -> String {
    let names: Vec<String> =
        audit.key.columns.iter().map(|(l, r)| if l == r { l.clone() } else { format!("{l} = {r}") }).collect();
    let name = names.join(" and ");
    let text = style.wrap("key    ", &format!("{name} ({}: {})", audit.key.chosen, audit.key.why));
    // Only after wrapping, which counts characters; a name that was broken stays plain.
    format!("{}\n", text.replacen(&name, &style.paint(&name, "1;32"), 1))
}

fn number(count: u64) -> Cell {
    Cell::new(thousands(count)).set_alignment(CellAlignment::Right)
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

fn verdict(audit: &Audit, style: Style) -> String {
    let rows = |count| thousands(count);
    let text = if audit.agree {
        style.paint(&format!("The tables agree: {} keys, all equal.", rows(audit.in_both)), "1;32")
    } else {
        let mut parts = vec![format!("{} equal", rows(audit.equal)), format!("{} changed", rows(audit.changed))];
        if audit.ambiguous > 0 {
            parts.push(format!("{} ambiguous (not unique, and different)", rows(audit.ambiguous)));
        }
        format!("{} keys are on both sides: {}.", rows(audit.in_both), parts.join(", "))
    };
    format!("{text}\n")
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
            table.add_row(vec![Cell::new(lead), Cell::new(term.term), rows]);
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

fn percent(part: u64, of: u64) -> String {
    let share = 100.0 * part as f64 / of.max(1) as f64;
    if share > 0.0 && share < 0.1 { "<0.1%".to_owned() } else { format!("{share:.1}%") }
}

fn pair_name(left: &str, right: &str) -> String {
    if left == right { left.to_owned() } else { format!("{left} = {right}") }
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
                table.add_row(vec![
                    Cell::new(shorten(&key, 40)),
                    Cell::new(pair_name(left, right)),
                    value(cell.left.as_deref()),
                    value(cell.right.as_deref()),
                ]);
            }
            if row.cells.len() > 4 {
                table.add_row(vec![String::new(), format!("and {} more", row.cells.len() - 4)]);
            }
        }
        out.push_str(&format!("{}\n", table.trim_fmt()));
    }
    out
}

fn print_key(key: &[String]) -> String {
    let shown: Vec<String> = key.iter().map(|part| shorten(&visible(part), 40)).collect();
    if let [only] = shown.as_slice() { only.clone() } else { format!("({})", shown.join(", ")) }
}

fn value(text: Option<&str>) -> Cell {
    match text {
        None => Cell::new("NULL").add_attribute(Attribute::Dim),
        Some("") => Cell::new("(empty)").add_attribute(Attribute::Dim),
        Some(text) => Cell::new(shorten(&visible(text), VALUE)),
    }
}

/// Control characters as escapes: a value must not be able to redraw the terminal.
fn visible(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn shorten_middle(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let half = (most - 1) / 2;
    text.chars().take(half).chain(['…']).chain(text.chars().skip(length - half)).collect()
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
    for softening in &audit.softened {
        lines.push(format!(
            "`{}` is compared by {}, which made it equal in {} rows",
            softening.column,
            softening.by,
            thousands(softening.rows)
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit() {
        let style = Style { width: 40, color: false };
        let text = style.wrap("left   ", &format!("{} and some more words that go on", "x".repeat(100)));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert_eq!(text.replace(['\n', ' '], ""), format!("left{}andsomemorewordsthatgoon", "x".repeat(100)));
        assert_eq!(style.wrap("note: ", "two words"), "note: two words");
    }

    #[test]
    fn values_cannot_draw() {
        assert_eq!(visible("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(percent(1, 100_000), "<0.1%");
    }
}
