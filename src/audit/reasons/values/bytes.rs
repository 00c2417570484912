//! Bytes beside the text that a program made of them, and UUIDs in their forms.

use crate::audit::reasons::uuid::uuid;

/// How two values are the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Both are hexadecimal digits, with or without `\x` or `0x` before them.
    Hex,
    /// One has the bytes that are no letters as escapes, like `\x89PNG\x0D`.
    Escaped,
}

/// Whether two different texts are the same bytes; bytes themselves come as `\x` and digits. `typed` says
/// that one of them is of a column of bytes: else one must begin like bytes do.
pub fn same_bytes(left: &str, right: &str, typed: bool) -> Option<Form> {
    let digits = [left, right].map(hex);
    if let [Some((one, some)), Some((other, more))] = digits {
        let same = one.len() == other.len() && one.eq_ignore_ascii_case(other);
        return (same && (some || more || typed)).then_some(Form::Hex);
    }
    let escaped = |digits: Option<(&str, bool)>, text: &str| {
        let (digits, marked) = digits?;
        let bytes = (marked || typed).then(|| escapes(text))??;
        let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let same = digits.len() == 2 * bytes.len()
            && digits.as_bytes().chunks(2).zip(&bytes).all(|(pair, byte)| value(pair) == Some(*byte));
        same.then_some(Form::Escaped)
    };
    escaped(digits[0], right).or_else(|| escaped(digits[1], left))
}

/// The digits of bytes that are written in hexadecimal, and whether something before them says so.
fn hex(text: &str) -> Option<(&str, bool)> {
    let rest = ["\\x", "\\X", "0x", "0X"].into_iter().find_map(|mark| text.strip_prefix(mark));
    let digits = rest.unwrap_or(text);
    let even = !digits.is_empty() && digits.len().is_multiple_of(2);
    (even && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some((digits, rest.is_some()))
}

/// The bytes of a text in which some are escapes: `\x0D`, `\015`, `\n`, `\\\\`, or Python's `b'…'`.
fn escapes(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("b'").and_then(|text| text.strip_suffix('\'')).unwrap_or(text);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (first, digits, base) = match rest.next()? {
            b'x' => (None, 2, 16),
            digit @ b'0'..=b'3' => (Some(digit), 2, 8),
            b'n' => (Some(b'\n'), 0, 0),
            b'r' => (Some(b'\r'), 0, 0),
            b't' => (Some(b'\t'), 0, 0),
            quoted @ (b'\\' | b'\'' | b'"') => (Some(quoted), 0, 0),
            _ => return None,
        };
        let digits: Vec<u8> = first.into_iter().chain(rest.by_ref().take(digits)).collect();
        out.push(match base {
            0 => *digits.first()?,
            base => u8::from_str_radix(std::str::from_utf8(&digits).ok()?, base).ok()?,
        });
    }
    Some(out)
}

/// Whether two different texts are the same UUID: `Some(true)` if MySQL's `UUID_TO_BIN(…, 1)` swapped the
/// parts of its time.
pub fn same_uuid(left: &str, right: &str) -> Option<bool> {
    // The least that one has.
    if left.len() < 32 || right.len() < 32 {
        return None;
    }
    let (one, other) = (uuid(left)?, uuid(right)?);
    if one == other {
        return Some(false);
    }
    (swapped(one) == other || swapped(other) == one).then_some(true)
}

fn swapped(uuid: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = uuid;
    let mut out = [g, h, e, f, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0];
    out[8..].copy_from_slice(&rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_known_in_every_dress() {
        for (left, right, form) in [
            ("\\x89504e47", "0x89504E47", Form::Hex),
            ("\\x89504e47", "89504e47", Form::Hex),
            ("\\x89504e470d", "\\x89PNG\\x0D", Form::Escaped),
            ("\\x89504e470d", "\\211PNG\\015", Form::Escaped),
            ("\\x89504e470d5c", "b'\\x89PNG\\r\\\\'", Form::Escaped),
        ] {
            assert_eq!(same_bytes(left, right, false), Some(form), "{left} {right}");
            assert_eq!(same_bytes(right, left, true), Some(form), "{left} {right}");
        }
        assert_eq!(same_bytes("AB12", "ab12", false), None);
        assert_eq!(same_bytes("AB12", "ab12", true), Some(Form::Hex));
        for (left, right) in [("\\x89", "\\x8950"), ("\\x89", "x"), ("\\x8", "8"), ("\\", "\\x5c5c")] {
            assert_eq!(same_bytes(left, right, true), None, "{left} {right}");
        }
    }

    #[test]
    fn uuids_are_known_in_every_dress() {
        let text = "6ccd780c-baba-1026-9564-5b8c656024db";
        assert_eq!(same_uuid(text, "{6CCD780C-BABA-1026-9564-5B8C656024DB}"), Some(false));
        assert_eq!(same_uuid(text, "\\x6ccd780cbaba102695645b8c656024db"), Some(false));
        // As MySQL's manual has it for UUID_TO_BIN.
        assert_eq!(same_uuid(text, "\\x1026baba6ccd780c95645b8c656024db"), Some(true));
        assert_eq!(same_uuid(text, "6ccd780c-baba-1026-9564-5b8c656024dc"), None);
    }
}
