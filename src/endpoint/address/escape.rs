//! `%20` and `${NAME}` in addresses.

use super::AddressError;

/// Decodes `%20` and the like; what is no escape stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// The first `${NAME}` of a text: what is before it, the name, and what follows.
fn variable_in(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = text[from..].find("${")? + from;
        if let Some((name, tail)) = text[start + 2..].split_once('}')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return Some((&text[..start], name, tail));
        }
        from = start + 2;
    }
}

/// Replaces every `${NAME}`.
pub(super) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, AddressError> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, name, tail)) = variable_in(rest) {
        out.push_str(before);
        out.push_str(&variable(name).ok_or_else(|| AddressError::NoVariable(name.to_owned()))?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// The environment's variables that a text names.
pub(super) fn variables(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((_, name, tail)) = variable_in(rest) {
        out.push(name.to_owned());
        rest = tail;
    }
    out
}

/// Whether a text is nothing but names of environment variables.
pub(super) fn is_named(text: &str) -> bool {
    let mut rest = text;
    while let Some(("", _, tail)) = variable_in(rest) {
        rest = tail;
    }
    !text.is_empty() && rest.is_empty()
}
