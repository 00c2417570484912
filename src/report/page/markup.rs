//! Writes HTML. What is not markup of our own goes through [`Html::text`].

use crate::audit::thousands;
use crate::report::shown::is_word;
use crate::table::is_odd;
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::is_nfc;

/// HTML under way.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

impl Html {
    /// Markup of our own; data can't be given here.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// More that was written in the same way.
    pub fn html(&mut self, other: &Html) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// Any text. Characters that can't be seen, or turn the direction of others, are named.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                c if is_odd(c) => {
                    self.0.push_str("<span class=\"odd\">");
                    self.0.push_str(&code_point(c));
                    self.0.push_str("</span>");
                }
                c => self.escape(c),
            }
        }
        self
    }

    /// The value of an attribute, between quotes that stand there already.
    pub fn attribute(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            if is_odd(c) { self.0.push_str(&code_point(c)) } else { self.escape(c) }
        }
        self
    }

    /// A sentence, in which `columns` stand in backquotes.
    pub fn sentence(&mut self, text: &str) -> &mut Self {
        let parts: Vec<&str> = text.split('`').collect();
        // An odd number of parts: every backquote has its partner.
        if parts.len().is_multiple_of(2) {
            return self.text(text);
        }
        for (at, part) in parts.iter().enumerate() {
            if at % 2 == 1 {
                self.raw("<code>").text(part).raw("</code>");
            } else {
                self.text(part);
            }
        }
        self
    }

    /// A count with commas.
    pub fn count(&mut self, count: u64) -> &mut Self {
        self.0.push_str(&thousands(count));
        self
    }

    /// A length in a drawing.
    pub fn length(&mut self, length: f64) -> &mut Self {
        self.0.push_str(&format!("{length:.1}"));
        self
    }

    /// A value; beside another one, with the part that differs marked as the left or right side's.
    pub fn value(&mut self, value: Option<&str>, other: Option<&str>, side: usize) -> &mut Self {
        let text = match value {
            None => return self.raw("<span class=\"nothing\">NULL</span>"),
            Some("") => return self.raw("<span class=\"nothing\">(empty)</span>"),
            // What could be taken for no value.
            Some(text) if is_word(text) => {
                return self.raw("<span class=\"value\">&quot;").text(text).raw("&quot;</span>");
            }
            Some(text) => text,
        };
        let (head, tail) = match other {
            Some(other) if other != text && !other.is_empty() => common(text, other),
            _ => (text.len(), 0),
        };
        let (start, middle, end) = (&text[..head], &text[head..text.len() - tail], &text[text.len() - tail..]);
        let apart = !is_nfc(text);
        self.raw("<span class=\"value\" dir=\"auto\">").blanks(start, middle.is_empty() && end.is_empty(), apart);
        if !middle.is_empty() {
            self.raw(["<mark class=\"l\">", "<mark class=\"r\">"][side.min(1)]);
            self.blanks(middle, end.is_empty(), apart).raw("</mark>");
        }
        self.blanks(end, true, apart).raw("</span>")
    }

    /// What is said beside a value.
    pub fn note(&mut self, note: Option<&str>) -> &mut Self {
        match note {
            Some(note) => self.raw(" <span class=\"nothing\">(").text(note).raw(")</span>"),
            None => self,
        }
    }

    /// Text whose blanks at the end are shown; with `apart`, marks that belong to the letter before, too.
    fn blanks(&mut self, text: &str, last: bool, apart: bool) -> &mut Self {
        let blank = text.chars().all(|c| c == ' ');
        let seen = if last || blank { text.trim_end_matches(' ') } else { text };
        let mut from = 0;
        for (at, c) in seen.char_indices().filter(|(_, c)| apart && is_combining_mark(*c)) {
            self.text(&seen[from..at]).raw("<span class=\"odd\">");
            self.0.push_str(&code_point(c));
            self.raw("</span>");
            from = at + c.len_utf8();
        }
        self.text(&seen[from..]);
        for _ in seen.len()..text.len() {
            self.raw("<span class=\"odd\">␣</span>");
        }
        self
    }

    fn escape(&mut self, c: char) {
        match c {
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '&' => self.0.push_str("&amp;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            c => self.0.push(c),
        }
    }

    /// What was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many bytes two texts have in common at both ends.
fn common(a: &str, b: &str) -> (usize, usize) {
    let same = |(x, y): &(char, char)| x == y;
    let mark = |c: Option<char>| c.is_some_and(|c| matches!(c, '\u{300}'..='\u{36f}'));
    let mut head: usize = a.chars().zip(b.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    // An accent stays with its letter.
    if mark(a[head..].chars().next()) || mark(b[head..].chars().next()) {
        head -= a[..head].chars().next_back().map_or(0, char::len_utf8);
    }
    // The last digits of numbers say nothing.
    let number = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | '.' | '-'));
    if number(a) && number(b) {
        return (head, 0);
    }
    let ends = a[head..].chars().rev().zip(b[head..].chars().rev());
    (head, ends.take_while(same).map(|(c, _)| c.len_utf8()).sum())
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn data_is_never_markup() {
        let mut html = Html::default();
        html.text("</p><script>\"a\" & 'b'\u{202e}\0");
        assert_eq!(
            html.as_str(),
            "&lt;/p&gt;&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;<span class=\"odd\">U+202E</span><span class=\"odd\">U+0000</span>"
        );
    }

    #[test]
    fn what_differs_is_marked() {
        let shown = |value, other| {
            let mut html = Html::default();
            html.value(Some(value), Some(other), 0);
            let text = html.as_str().replace("<span class=\"value\" dir=\"auto\">", "");
            text.replace("<mark class=\"l\">", "[").replace("</mark>", "]").replace("</span>", "")
        };
        assert_eq!(shown("Blonduos", "Blönduós"), "Bl[onduo]s");
        assert_eq!(shown("Paris  ", "Paris"), "Paris[<span class=\"odd\">␣<span class=\"odd\">␣]");
        assert_eq!(shown("cafe\u{301}", "cafe"), "caf[e<span class=\"odd\">U+0301]");
        assert_eq!(shown("NULL", "x"), "<span class=\"value\">&quot;NULL&quot;");
        assert_eq!(shown("66.0999984741", "66.1"), "66.[0999984741]");
        assert_eq!(shown("same", "same"), "same");
        assert_eq!(shown("aa", "aaa"), "aa");
    }

    #[test]
    fn names_in_sentences_are_code() {
        let mut html = Html::default();
        html.sentence("`a<b` is `c`").sentence(", a ` alone");
        assert_eq!(html.as_str(), "<code>a&lt;b</code> is <code>c</code>, a ` alone");
    }
}
