//! Two values beside each other: a left and a right one, one before and after.

use super::shown::{named, shown, shown_both, word};
use crate::audit::thousands;
use crate::compare::brief_texts;
use crate::table::PortableType;
use comfy_table::{Attribute, Cell};

/// Two values that differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    /// As printed; `None` is NULL.
    pub texts: [Option<&'a str>; 2],
    /// How long they are, if these are pieces of them.
    pub lengths: [Option<u64>; 2],
    /// What they are, for two that are printed alike.
    pub kinds: [&'static str; 2],
}

/// What values of a type are, or what one is that such a column holds but can't.
pub(super) fn kind(ty: &PortableType, foreign: bool) -> &'static str {
    use PortableType as T;
    match (ty, foreign) {
        (T::Text | T::Printed, false) => "text",
        (T::Text | T::Printed, true) => "not text",
        (T::Bytes, false) => "bytes",
        (T::Bytes, true) => "not bytes",
        (T::Boolean, false) => "boolean",
        (T::Integer | T::Unsigned | T::Decimal { .. }, false) => "number",
        (T::Float32 | T::Float64, false) => "float",
        (T::Date, false) => "date",
        (T::Time { .. }, false) => "time",
        (T::Timestamp { .. }, false) => "timestamp",
        (T::Instant { .. }, false) => "instant",
        (T::Uuid, false) => "uuid",
        (T::Json, false) => "json",
        (T::Bits { .. }, false) => "bits",
        (T::Set, false) => "set",
        (T::Array { .. }, false) => "array",
        (T::Interval, false) => "interval",
        (_, true) => "text",
    }
}

/// All that [`kind`] says.
const KINDS: [&str; 18] = [
    "text",
    "not text",
    "bytes",
    "not bytes",
    "boolean",
    "number",
    "float",
    "date",
    "time",
    "timestamp",
    "instant",
    "uuid",
    "json",
    "bits",
    "set",
    "array",
    "interval",
    "value",
];
/// Of two values of one kind that are printed alike.
const OTHER: [&str; 2] = ["one value", "another value"];

/// Whether a text ends in such a word.
pub(super) fn is_noted(text: &str) -> bool {
    let ends = |word: &str| {
        text.strip_suffix(')').and_then(|text| text.strip_suffix(word)).is_some_and(|text| text.ends_with('('))
    };
    KINDS.into_iter().chain(OTHER).any(ends)
}

impl<'a> Pair<'a> {
    /// Of whole texts.
    pub fn of(texts: [Option<&'a str>; 2], kinds: [&'static str; 2]) -> Self {
        Self { texts, lengths: [None; 2], kinds }
    }

    /// What is to be said beside each: what it is, and how long.
    pub fn notes(&self) -> [Option<String>; 2] {
        let same = self.texts[0] == self.texts[1];
        let kinds = if self.kinds[0] == self.kinds[1] { OTHER } else { self.kinds };
        [0, 1].map(|side| {
            let kind = (same && self.texts[side].is_some()).then(|| kinds[side].to_owned());
            let length = self.lengths[side].map(|length| format!("{} characters", thousands(length)));
            match (kind, length) {
                (Some(kind), Some(length)) => Some(format!("{kind}, {length}")),
                (kind, length) => kind.or(length),
            }
        })
    }

    /// The same, and which characters are behind what looks alike: for a page, which shows values as they
    /// are.
    pub fn page_notes(&self) -> [Option<String>; 2] {
        let notes = self.notes();
        match self.texts {
            [Some(one), Some(other)] if one != other => {
                let [one, other] = named(one, other);
                let [left, right] = notes;
                [(left, one), (right, other)].map(|(note, named)| {
                    let both: Vec<String> = [named, note].into_iter().flatten().collect();
                    (!both.is_empty()).then(|| both.join(", "))
                })
            }
            _ => notes,
        }
    }

    /// Both in at most so many characters each, not counting what is said beside them.
    pub fn shown(&self, most: usize) -> [String; 2] {
        let brief = brief_texts(self.texts);
        let lengths = [0, 1].map(|side| self.lengths[side].or(brief.lengths[side]));
        // Of a piece, that more comes before or after is said by its length.
        let whole = |side: usize| {
            let text = brief.texts[side].as_deref()?;
            Some(if lengths[side].is_some() { unmarked(text) } else { text })
        };
        let texts = [whole(0), whole(1)];
        let both = match texts {
            [Some(one), Some(other)] if one != other && !one.is_empty() && !other.is_empty() => {
                shown_both(one, other, most)
            }
            texts => texts.map(|text| shown(text, most)),
        };
        let notes = Pair { texts, lengths, kinds: self.kinds }.notes();
        let [one, other] = both;
        [(one, 0), (other, 1)].map(|(text, side)| match &notes[side] {
            Some(note) => format!("{text} ({note})"),
            None => text,
        })
    }

    /// The same as cells of a table.
    pub fn cells(&self, most: usize) -> [Cell; 2] {
        let [one, other] = self.shown(most);
        [(one, 0), (other, 1)].map(|(text, side)| cell(self.texts[side], text))
    }
}

/// A value by itself as a cell of a table.
pub(super) fn value(text: Option<&str>, most: usize) -> Cell {
    let brief = brief_texts([text, None]);
    let piece = brief.texts[0].as_deref();
    let piece = if brief.lengths[0].is_some() { piece.map(unmarked) } else { piece };
    let mut out = shown(piece, most);
    if let Some(length) = brief.lengths[0] {
        out += &format!(" ({} characters)", thousands(length));
    }
    cell(text, out)
}

/// A piece without the marks that say that it is one.
fn unmarked(text: &str) -> &str {
    let text = text.strip_prefix('…').unwrap_or(text);
    text.strip_suffix('…').unwrap_or(text)
}

fn cell(value: Option<&str>, shown: String) -> Cell {
    let cell = Cell::new(shown);
    if word(value).is_some() { cell.add_attribute(Attribute::Dim) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_alike_is_told_apart_by_what_it_is() {
        let pair = |text, kinds| Pair::of([Some(text); 2], kinds).shown(60);
        assert_eq!(pair("\\x8950", ["bytes", "text"]), ["\\x8950 (bytes)", "\\x8950 (text)"]);
        assert_eq!(pair("5", ["number", "text"]), ["5 (number)", "5 (text)"]);
        assert_eq!(pair("5", ["text", "text"]), ["5 (one value)", "5 (another value)"]);
        assert_eq!(Pair::of([None, Some("NULL")], ["text"; 2]).shown(60), ["NULL", "\"NULL\""]);
        assert_eq!(Pair::of([Some(""), Some("(empty)")], ["text"; 2]).shown(60), ["(empty)", "\"(empty)\""]);
    }

    #[test]
    fn every_kind_is_known_by_its_note() {
        for kind in KINDS.into_iter().chain(OTHER) {
            assert!(is_noted(&format!("5 ({kind})")), "{kind}");
        }
        assert!(!is_noted("5 (five)"));
    }

    #[test]
    fn of_long_values_the_length_is_said() {
        let (one, other) = ("x".repeat(5000), format!("{}y", "x".repeat(4999)));
        let shown = Pair::of([Some(&one), Some(&other)], ["text"; 2]).shown(20);
        assert!(shown[0].ends_with("x (5,000 characters)") && shown[1].ends_with("y (5,000 characters)"), "{shown:?}");
    }
}
