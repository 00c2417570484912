//! UUIDs in all their forms.

use crate::table::parse_uuid;

/// The UUID that a text is: with or without hyphens, braces or `urn:uuid:`, in any case, or as 16 bytes
/// that are printed.
pub fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let rest = match text.get(..9) {
        Some(urn) if urn.eq_ignore_ascii_case("urn:uuid:") => &text[9..],
        _ => text.strip_prefix("\\x").filter(|digits| digits.len() == 32).unwrap_or(text),
    };
    // Shorter or longer ones need not be looked at.
    if (32..=41).contains(&rest.len()) { parse_uuid(rest) } else { None }
}
