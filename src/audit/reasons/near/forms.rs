//! Normal forms of text: each leaves out what a rule says doesn't count.

use super::number::number;
use crate::audit::reasons::uuid::uuid as bytes_of;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Appends a text's normal form; false if the rule does not apply to such texts.
pub type Form = fn(&str, &mut String) -> bool;

/// Without white space at the ends, as the comparison rule `trim` has it.
pub fn trimmed(text: &str, out: &mut String) -> bool {
    out.push_str(text.trim());
    true
}

/// In lower case, as the comparison rule `ignore-case` has it.
pub fn lower(text: &str, out: &mut String) -> bool {
    if text.is_ascii() {
        out.extend(text.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        out.push_str(&text.to_lowercase());
    }
    true
}

/// Lower case and trimmed.
pub fn lower_trimmed(text: &str, out: &mut String) -> bool {
    lower(text.trim(), out)
}

/// Without accents, in one Unicode form.
pub fn unaccented(text: &str, out: &mut String) -> bool {
    if text.is_ascii() {
        out.push_str(text);
    } else {
        for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
            match letters(c) {
                Some(plain) => out.push_str(plain),
                None => out.push(c),
            }
        }
    }
    true
}

/// Without accents and trimmed, in lower case.
pub fn unaccented_lower_trimmed(text: &str, out: &mut String) -> bool {
    if text.is_ascii() { lower(text.trim(), out) } else { unaccented(&text.trim().to_lowercase(), out) }
}

/// In the composed Unicode form.
pub fn composed(text: &str, out: &mut String) -> bool {
    out.extend(text.nfc());
    true
}

/// Letters that Unicode does not take apart, as people write them without their strokes.
fn letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'þ' => "th",
        'Þ' => "Th",
        _ => return None,
    })
}

/// Without zeros at the start.
pub fn without_zeros(text: &str, out: &mut String) -> bool {
    let rest = text.trim_start_matches('0');
    out.push_str(if rest.is_empty() && !text.is_empty() { "0" } else { rest });
    true
}

/// The same, trimmed and in lower case.
pub fn without_zeros_lower_trimmed(text: &str, out: &mut String) -> bool {
    let text = text.trim();
    let rest = text.trim_start_matches('0');
    lower(if rest.is_empty() && !text.is_empty() { "0" } else { rest }, out)
}

/// Letters and digits only. Numbers and UUIDs are left to their own rules: without its point, 7.0
/// would be 70.
pub fn bare(text: &str, out: &mut String) -> bool {
    let start = out.len();
    out.extend(text.chars().filter(|c| c.is_alphanumeric()));
    out.len() > start && stands_for_itself(text)
}

/// The same without accents, in lower case.
pub fn bare_lower(text: &str, out: &mut String) -> bool {
    let mut plain = String::new();
    unaccented_lower_trimmed(text, &mut plain);
    let start = out.len();
    out.extend(plain.chars().filter(|c| c.is_alphanumeric()));
    out.len() > start && stands_for_itself(text)
}

/// Neither a number with a sign or point, nor a UUID.
fn stands_for_itself(text: &str) -> bool {
    let digits = text.trim().bytes().all(|b| b.is_ascii_digit());
    digits || number(text).is_none() && !is_uuid(text)
}

/// As a number.
pub fn numeric(text: &str, out: &mut String) -> bool {
    number(text).map(|number| out.push_str(&number.to_string())).is_some()
}

/// As a UUID.
pub fn uuid(text: &str, out: &mut String) -> bool {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    bytes_of(text)
        .map(|bytes| {
            out.extend(bytes.iter().flat_map(|b| [HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]).map(char::from));
        })
        .is_some()
}

/// Whether it is one.
pub fn is_uuid(text: &str) -> bool {
    bytes_of(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(form: Form, text: &str) -> Option<String> {
        let mut out = String::new();
        form(text, &mut out).then_some(out)
    }

    #[test]
    fn accents_and_strokes_go() {
        for (text, plain) in
            [("Zoë", "Zoe"), ("Zoe\u{308}", "Zoe"), ("Straße", "Strasse"), ("Łódź", "Lodz"), ("a", "a")]
        {
            assert_eq!(of(unaccented, text).as_deref(), Some(plain));
        }
        assert_eq!(of(unaccented_lower_trimmed, " ÉTÉ "), Some("ete".into()));
        assert_eq!(of(composed, "e\u{301}"), Some("é".into()));
    }

    #[test]
    fn zeros_at_the_start_go_but_for_the_last() {
        for (text, plain) in [("007", "7"), ("000", "0"), ("0A0", "A0"), ("", ""), ("70", "70")] {
            assert_eq!(of(without_zeros, text).as_deref(), Some(plain));
        }
    }

    #[test]
    fn punctuation_goes_but_not_from_numbers() {
        assert_eq!(of(bare, "AB-12.3 x"), Some("AB123x".into()));
        assert_eq!(of(bare_lower, "ÄB-12"), Some("ab12".into()));
        assert_eq!(of(bare, "12-34"), Some("1234".into()));
        assert_eq!(of(bare, "1234"), Some("1234".into()));
        for text in ["7.0", "-5", "1,000", "--", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] {
            assert_eq!(of(bare, text), None, "{text}");
        }
    }

    #[test]
    fn uuids_in_every_dress() {
        let plain = of(uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
        assert_eq!(plain.as_deref(), Some("a0eebc999c0b4ef8bb6d6bb9bd380a11"));
        assert_eq!(plain, of(uuid, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}"));
        assert_eq!(plain, of(uuid, "URN:UUID:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
        assert_eq!(of(uuid, "a0eebc99"), None);
        assert_eq!(of(uuid, "Zoë, Zoë, Zoë, Zoë, Zoë, Zoë, Zoë"), None);
    }
}
