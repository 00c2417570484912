//! How bytes are written in a column of a CSV file: in one of the forms that other programs print
//! them in, if all of its values are of that form, else as the text that they are.

use super::infer::{Inference, hex_bytes};
use crate::table::{Column, PortableType, print_bytes};
use std::fmt::Write;

/// The form of a column's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteForm {
    /// Text, which the bytes have to be.
    Raw,
    /// `\x00ff`, as PostgreSQL's COPY writes them.
    Hex,
    /// `\x89PNG\x0D`, as DuckDB writes them: what is no plain ASCII stands as its code.
    Escaped,
}

/// What is said of a column, beside its type, by the form that its values have.
const HEX: &str = "csv, in hex";
const ESCAPED: &str = "csv, with \\x codes";
/// Without values it gets them in hexadecimal digits.
const EMPTY: &str = "csv, no values";

/// What is said of a column with these values.
pub(super) fn native(values: &Inference) -> &'static str {
    match values.ty() {
        PortableType::Bytes => HEX,
        PortableType::Text if values.is_empty() => EMPTY,
        PortableType::Text if values.has_codes() => ESCAPED,
        _ => "csv",
    }
}

impl ByteForm {
    /// The form of a column's bytes; `None` if it has no bytes.
    pub fn of(column: &Column) -> Option<Self> {
        match (&column.ty, column.native.as_str()) {
            (PortableType::Bytes, HEX | EMPTY) => Some(Self::Hex),
            (PortableType::Bytes, ESCAPED) => Some(Self::Escaped),
            (PortableType::Bytes, _) => Some(Self::Raw),
            _ => None,
        }
    }

    /// The bytes that a field stands for.
    pub(super) fn read(self, field: &str) -> Option<Vec<u8>> {
        match self {
            Self::Raw => Some(field.as_bytes().to_vec()),
            Self::Hex => hex_bytes(field),
            Self::Escaped => escaped_bytes(field),
        }
    }

    /// The field for some bytes; `None` if they can't be written so.
    pub fn write(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Raw => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Hex => Some(print_bytes(bytes)),
            Self::Escaped => {
                let mut out = String::with_capacity(bytes.len());
                for byte in bytes {
                    if matches!(byte, b' '..=b'~') && !b"\\\"'".contains(byte) {
                        out.push(char::from(*byte));
                    } else {
                        // Writing to memory does not fail.
                        let _ = write!(out, "\\x{byte:02X}");
                    }
                }
                Some(out)
            }
        }
    }
}

/// The bytes of text in which each `\` begins a code `\x89`.
fn escaped_bytes(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('\\');
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let code = piece.strip_prefix('x')?.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))?;
        out.push(u8::from_str_radix(code, 16).ok()?);
        out.extend_from_slice(&piece.as_bytes()[3..]);
    }
    Some(out)
}

/// Whether each `\` of a text begins a code, and there is one.
pub(super) fn has_codes(text: &str) -> Option<bool> {
    if !text.contains('\\') {
        return Some(false);
    }
    escaped_bytes(text).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_in_every_form() {
        let png = b"\x89PNG\r\n\x1a\n\\'\"";
        for form in [ByteForm::Hex, ByteForm::Escaped] {
            let text = form.write(png).unwrap();
            assert_eq!(form.read(&text).as_deref(), Some(&png[..]), "{text}");
        }
        assert_eq!(ByteForm::Escaped.write(b"\x89PNG\r").as_deref(), Some("\\x89PNG\\x0D"));
        assert_eq!(ByteForm::Raw.write(png), None);
        assert_eq!(ByteForm::Escaped.read("a\\b"), None);
        assert_eq!(ByteForm::Escaped.read("\\x8é"), None);
    }

    #[test]
    fn all_values_decide_on_the_form() {
        let form = |values: &[&str]| {
            let mut inference = Inference::default();
            values.iter().for_each(|value| inference.see(value));
            ByteForm::of(&Column::new("b", PortableType::Bytes, native(&inference)))
        };
        assert_eq!(form(&[]), Some(ByteForm::Hex));
        assert_eq!(form(&["\\x", "\\x00ff"]), Some(ByteForm::Hex));
        assert_eq!(form(&["plain", "\\x89PNG\\x0D"]), Some(ByteForm::Escaped));
        assert_eq!(form(&["\\x89PNG\\x0D", "a\\b"]), Some(ByteForm::Raw));
        assert_eq!(form(&["\\x00", "00"]), Some(ByteForm::Escaped));
        assert_eq!(form(&["a", "b"]), Some(ByteForm::Raw));
    }
}
