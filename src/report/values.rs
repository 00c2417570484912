//! Counts, names, keys and values as a person reads them.

use super::shown::{shown, shown_part};
use crate::audit::thousands;
use crate::table::KeyChoice;
pub(super) use crate::table::visible;
use comfy_table::{Cell, CellAlignment};

/// Characters of a value that are shown.
pub(super) const VALUE: usize = 60;
/// And of a value of a key.
const KEY: usize = 40;

pub(super) fn number(count: u64) -> Cell {
    Cell::new(thousands(count)).set_alignment(CellAlignment::Right)
}

pub(super) fn percent(part: u64, of: u64) -> String {
    let share = 100.0 * part as f64 / of.max(1) as f64;
    if share > 0.0 && share < 0.1 { "<0.1%".to_owned() } else { format!("{share:.1}%") }
}

pub(super) fn pair_name(left: &str, right: &str) -> String {
    let [left, right] = [visible(left), visible(right)];
    if left == right { left } else { format!("{left} = {right}") }
}

/// The columns of a unique key by their names; of whole rows, just that.
pub(super) fn key_name(columns: &[(String, String)], chosen: KeyChoice) -> String {
    if chosen == KeyChoice::WholeRow {
        return "none".to_owned();
    }
    columns.iter().map(|(left, right)| pair_name(left, right)).collect::<Vec<_>>().join(" and ")
}

pub(super) fn print_key(key: &[String]) -> String {
    match key {
        [only] => shown(Some(only), KEY),
        parts => {
            let parts: Vec<String> = parts.iter().map(|part| shown_part(part, KEY)).collect();
            format!("({})", parts.join(", "))
        }
    }
}

pub(super) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

pub(super) fn shorten_middle(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let half = (most - 1) / 2;
    text.chars().take(half).chain(['…']).chain(text.chars().skip(length - half)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_draw() {
        assert_eq!(visible("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
        assert_eq!(visible("a\u{a0}b\u{200b}"), "a\\u{a0}b\\u{200b}");
        assert_eq!(print_key(&["a, b".to_owned(), "c ".to_owned()]), "(\"a, b\", \"c␣\")");
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(percent(1, 100_000), "<0.1%");
    }
}
