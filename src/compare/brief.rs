//! Values as they are shown: whole, or the piece of a very long one that matters. What is cut off is
//! never copied.

use super::cells::View;
use crate::table::{Cells, print_bytes};
use std::borrow::Cow;

/// Characters of a value that is shown whole at most.
pub const WHOLE: usize = 2_000;
/// Bytes of the piece that is shown of a longer one.
const PIECE: usize = 1_000;
/// Bytes before the place where two long values begin to differ.
const BEFORE: usize = 200;

/// Two values beside each other, or the pieces of them in which they begin to differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Briefs {
    /// As printed; `None` for NULL. What is left out is marked by `…`.
    pub texts: [Option<String>; 2],
    /// The length in characters, as printed, of a value that is not whole.
    pub lengths: [Option<u64>; 2],
    /// Whether it is a text in a column of another type, which can't hold it.
    pub foreign: [bool; 2],
}

/// A value before it is printed.
enum Raw<'a> {
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

impl View {
    fn raw(&self, row: usize, column: usize) -> Option<Raw<'_>> {
        Raw::of(self.cells(column), self.other(row, column), row)
    }

    /// The cell as it is printed, as far as possible without copying it; `None` for NULL.
    pub fn text(&self, row: usize, column: usize) -> Option<Cow<'_, str>> {
        Some(match self.raw(row, column)? {
            Raw::Text(text) => text,
            Raw::Bytes(bytes) => print_bytes(bytes).into(),
        })
    }

    /// The cell as it is shown by itself, and its length in characters if that is not all of it.
    pub fn brief(&self, row: usize, column: usize) -> (Option<String>, Option<u64>) {
        match self.raw(row, column) {
            None => (None, None),
            Some(raw) => {
                let (text, length) = raw.piece(0);
                (Some(text), length)
            }
        }
    }

    /// A cell of a key as it is shown, with its length if that is not all of it.
    pub fn brief_key(&self, row: usize, column: usize) -> String {
        match self.brief(row, column) {
            (None, _) => "NULL".to_owned(),
            (Some(text), None) => text,
            (Some(text), Some(length)) => format!("{text} ({length} characters)"),
        }
    }
}

/// Two cells, each in its view and row, as they are shown beside each other.
pub fn briefs(cells: [(&View, usize); 2], column: usize) -> Briefs {
    cells_brief(cells.map(|(view, row)| (view.cells(column), view.other(row, column), row)))
}

/// The same of cells that may not be there, each with the text that stands for it, and its row.
pub fn cells_brief(cells: [(Option<&Cells>, Option<&str>, usize); 2]) -> Briefs {
    let foreign = cells.map(|(_, other, _)| other.is_some());
    let raws = cells.map(|(cells, other, row)| Raw::of(cells, other, row));
    let head = match &raws {
        [Some(Raw::Text(one)), Some(Raw::Text(other))] => common(one.as_bytes(), other.as_bytes()),
        [Some(Raw::Bytes(one)), Some(Raw::Bytes(other))] => common(one, other),
        _ => 0,
    };
    Briefs { foreign, ..Briefs::of(raws.map(|raw| raw.map(|raw| raw.piece(head)))) }
}

/// The same of two texts; `None` is NULL.
pub fn brief_texts(texts: [Option<&str>; 2]) -> Briefs {
    let head = match texts {
        [Some(one), Some(other)] => common(one.as_bytes(), other.as_bytes()),
        _ => 0,
    };
    Briefs::of(texts.map(|text| text.map(|text| Raw::Text(Cow::Borrowed(text)).piece(head))))
}

impl Briefs {
    fn of([left, right]: [Option<(String, Option<u64>)>; 2]) -> Self {
        let lengths = [&left, &right].map(|piece| piece.as_ref().and_then(|(_, length)| *length));
        Self { texts: [left, right].map(|piece| piece.map(|(text, _)| text)), lengths, foreign: [false; 2] }
    }
}

fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

impl<'a> Raw<'a> {
    fn of(cells: Option<&'a Cells>, other: Option<&'a str>, row: usize) -> Option<Self> {
        match (other, cells) {
            (Some(text), _) => Some(Self::Text(Cow::Borrowed(text))),
            (None, Some(cells)) if cells.is_null(row) => None,
            (None, Some(Cells::Text(array))) => Some(Self::Text(Cow::Borrowed(array.value(row)))),
            (None, Some(Cells::Bytes(array))) => Some(Self::Bytes(array.value(row))),
            (None, cells) => cells?.print(row).map(|text| Self::Text(Cow::Owned(text))),
        }
    }

    /// All of it, or a piece that shows what follows after so many bytes, and the length in characters.
    fn piece(&self, head: usize) -> (String, Option<u64>) {
        match self {
            Self::Text(text) if text.len() <= WHOLE => (text.clone().into_owned(), None),
            Self::Text(text) => {
                let at = |place: usize| text.floor_char_boundary(place.min(text.len()));
                let (from, to) = place(head, text.len(), PIECE);
                let (from, to) = (at(from), at(to));
                let marks = [from > 0, to < text.len()].map(|cut| if cut { "…" } else { "" });
                let length = text.chars().count() as u64;
                (format!("{}{}{}", marks[0], &text[from..to], marks[1]), Some(length))
            }
            Self::Bytes(bytes) if 2 + 2 * bytes.len() <= WHOLE => (print_bytes(bytes), None),
            Self::Bytes(bytes) => {
                let (from, to) = place(head, bytes.len(), PIECE / 2);
                let hex = print_bytes(&bytes[from..to]);
                let mark = if to < bytes.len() { "…" } else { "" };
                let text =
                    if from > 0 { format!("\\x…{}{mark}", &hex["\\x".len()..]) } else { format!("{hex}{mark}") };
                (text, Some(2 + 2 * bytes.len() as u64))
            }
        }
    }
}

/// Where a piece begins and ends.
fn place(head: usize, length: usize, piece: usize) -> (usize, usize) {
    let from = if head + BEFORE < piece { 0 } else { head.saturating_sub(BEFORE).min(length.saturating_sub(piece)) };
    (from, (from + piece).min(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_whole() {
        let both = brief_texts([Some("a"), None]);
        assert_eq!((both.texts, both.lengths), ([Some("a".to_owned()), None], [None; 2]));
    }

    #[test]
    fn of_long_values_the_piece_is_shown_in_which_they_differ() {
        let long = |at: usize, c: char| {
            let mut text: Vec<char> = "é".repeat(5_000).chars().collect();
            text[at] = c;
            text.into_iter().collect::<String>()
        };
        for at in [0, 10, 300, 400, 401, 2_500, 4_800, 4_999] {
            let (one, other) = (long(at, 'x'), long(at, 'y'));
            let both = brief_texts([Some(&one), Some(&other)]);
            let texts = both.texts.map(Option::unwrap);
            assert!(texts[0].contains('x') && texts[1].contains('y'), "{at}: {texts:?}");
            assert!(texts.iter().all(|text| text.len() < WHOLE));
            assert_eq!(both.lengths, [Some(5_000); 2]);
        }
        let both = brief_texts([Some(&long(0, 'x')), Some("x")]);
        assert_eq!((both.texts[1].as_deref(), both.lengths), (Some("x"), [Some(5_000), None]));
    }
}
