//! The tables of rows as JSON that may stand in a page.

use super::model::{Cell, ColumnKind, PageColumn, PageTable, Values};
use crate::table::is_odd;
use std::collections::HashMap;

/// A table as one JSON object. A column whose values repeat is `of` (its distinct values) and `at`
/// (which one, per row), any other is `values`. NULL is `null`, what is not there is `0`. `notes` are said
/// beside values.
pub fn table_json(table: &PageTable, out: &mut String) {
    out.push_str("{\"id\":");
    json_text(table.id, out);
    out.push_str(",\"title\":");
    json_text(&table.title, out);
    for (name, word) in [("one", table.unit[0]), ("many", table.unit[1])] {
        out.push_str(&format!(",\"{name}\":"));
        json_text(word, out);
    }
    out.push_str(&format!(",\"rows\":{},\"filters\":[", table.rows));
    for (i, (column, label)) in table.filters.iter().enumerate() {
        out.push_str(&format!("{}{{\"column\":{column},\"label\":", comma(i)));
        json_text(label, out);
        out.push('}');
    }
    out.push_str("],\"columns\":[");
    for (at, column) in table.columns.iter().enumerate() {
        out.push_str(comma(at));
        column_json(column, at, out);
    }
    out.push_str("]}");
}

fn comma(at: usize) -> &'static str {
    if at == 0 { "" } else { "," }
}

fn column_json(column: &PageColumn, at: usize, out: &mut String) {
    out.push_str("{\"name\":");
    json_text(&column.name, out);
    if column.key {
        out.push_str(",\"key\":true");
    }
    match &column.values {
        Values::Cells(kind, cells) => {
            let (word, beside) = match kind {
                ColumnKind::Text => ("text", None),
                ColumnKind::Number => ("number", None),
                ColumnKind::Word => ("word", None),
                ColumnKind::Left => ("left", Some(at + 1)),
                ColumnKind::Right => ("right", at.checked_sub(1)),
            };
            out.push_str(&format!(",\"kind\":\"{word}\""));
            if let Some(beside) = beside {
                out.push_str(&format!(",\"beside\":{beside}"));
            }
            cells_json(cells, out);
            notes_json(cells.iter().enumerate().filter_map(|(row, cell)| Some((row.to_string(), note(cell)?))), out);
        }
        Values::Changes { heads, names, rows } => {
            out.push_str(",\"kind\":\"changes\",\"heads\":");
            list(heads.iter(), out, |head, out| json_text(head, out));
            out.push_str(",\"names\":");
            list(names.iter(), out, |name, out| json_text(name, out));
            out.push_str(",\"values\":");
            list(rows.iter(), out, |changes, out| {
                out.push('[');
                for (i, (name, cells)) in changes.iter().enumerate() {
                    out.push_str(&format!("{}{name}", comma(i)));
                    for cell in cells {
                        out.push(',');
                        cell_json(cell, out);
                    }
                }
                out.push(']');
            });
            let notes = rows.iter().enumerate().flat_map(|(row, changes)| {
                let cells = changes.iter().flat_map(|(_, cells)| [None].into_iter().chain(cells.iter().map(Some)));
                cells.enumerate().filter_map(move |(at, cell)| Some((format!("{row}.{at}"), note(cell?)?)))
            });
            notes_json(notes, out);
        }
    }
    out.push('}');
}

fn cells_json(cells: &[Cell], out: &mut String) {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut distinct: Vec<&Cell> = Vec::new();
    let (mut null, mut nothing) = (None, None);
    let mut at = Vec::with_capacity(cells.len());
    for cell in cells {
        let add = || {
            distinct.push(cell);
            distinct.len() - 1
        };
        at.push(match cell {
            Cell::Text(text) | Cell::Noted(text, _) => *places.entry(text).or_insert_with(add),
            Cell::Null => *null.get_or_insert_with(add),
            Cell::Nothing => *nothing.get_or_insert_with(add),
        });
    }
    if distinct.len() * 2 < cells.len() {
        out.push_str(",\"of\":");
        list(distinct.into_iter(), out, cell_json);
        out.push_str(",\"at\":");
        list(at.into_iter(), out, |at, out| out.push_str(&at.to_string()));
    } else {
        out.push_str(",\"values\":");
        list(cells.iter(), out, cell_json);
    }
}

fn note(cell: &Cell) -> Option<&str> {
    if let Cell::Noted(_, note) = cell { Some(note) } else { None }
}

/// What is to be said beside values: by row, and within a row of changes by its place in the list.
fn notes_json<'a>(notes: impl Iterator<Item = (String, &'a str)>, out: &mut String) {
    let mut any = false;
    for (place, note) in notes {
        out.push_str(if any { "," } else { ",\"notes\":{" });
        out.push_str(&format!("\"{place}\":"));
        json_text(note, out);
        any = true;
    }
    if any {
        out.push('}');
    }
}

fn list<T>(items: impl Iterator<Item = T>, out: &mut String, mut write: impl FnMut(T, &mut String)) {
    out.push('[');
    for (i, item) in items.enumerate() {
        out.push_str(comma(i));
        write(item, out);
    }
    out.push(']');
}

fn cell_json(cell: &Cell, out: &mut String) {
    match cell {
        Cell::Nothing => out.push('0'),
        Cell::Null => out.push_str("null"),
        Cell::Text(text) | Cell::Noted(text, _) => json_text(text, out),
    }
}

/// A text as JSON in which nothing can end the element that it stands in, or a line.
pub fn json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if is_odd(c) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")))
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_inside_its_element() {
        let text = "</script><!--\u{2028}&\"\\\n\0\u{202e}\u{e0041}é𝄞";
        let mut out = String::new();
        json_text(text, &mut out);
        assert!(!out.contains(['<', '>', '&', '\u{2028}', '\n', '\u{202e}', '\u{e0041}']), "{out}");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn values_that_repeat_are_written_once() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let mut out = String::new();
        cells_json(&[text("a"), Cell::Null, text("a"), text("a"), text("a"), Cell::Null, text("a")], &mut out);
        assert_eq!(out, ",\"of\":[\"a\",null],\"at\":[0,1,0,0,0,1,0]");
        out.clear();
        cells_json(&[text("a"), Cell::Nothing, text("b")], &mut out);
        assert_eq!(out, ",\"values\":[\"a\",0,\"b\"]");
        out.clear();
        notes_json([("0".to_owned(), "bytes"), ("7.2".to_owned(), "a\"")].into_iter(), &mut out);
        assert_eq!(out, ",\"notes\":{\"0\":\"bytes\",\"7.2\":\"a\\\"\"}");
    }
}
