//! How anything is laid out for a terminal: its width, its colours, tables and wrapped text.

use super::values::visible;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table, TableComponent};

/// How to render.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
}

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

    pub(super) fn heading(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("{text}\n") }
    }

    pub(super) fn paint(self, text: &str, code: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A lead and text beside it, broken into lines that fit; each after the first begins below
    /// the text.
    pub(super) fn wrap(self, lead: &str, text: &str) -> String {
        let width = usize::from(self.width).max(40);
        let indent = lead.chars().count();
        let mut out = lead.to_owned();
        let mut used = indent;
        for word in text.split_whitespace() {
            let word = &visible(word);
            let mut word = word.as_str();
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
}
