//! Addresses of CSV files.

use super::escape::decode;
use super::show::certain;
use super::{AddressError, CsvAddress};

/// What follows `csv:` in `csv:PATH?delimiter=;`.
pub(super) fn csv(text: &str) -> Result<CsvAddress, AddressError> {
    let invalid = |why: String| AddressError::Invalid { shown: certain(&format!("csv:{text}")), why };
    // A name may have a question mark in it.
    let (path, options) = match text.rsplit_once('?') {
        Some((path, options)) if options.contains('=') => (path, options),
        _ => (text, ""),
    };
    if path.is_empty() {
        return Err(invalid("it names no file".to_owned()));
    }
    let mut out = CsvAddress { path: path.into(), delimiter: None };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("delimiter", value)) => {
                let byte = delimiter(&decode(value));
                let shown = certain(value);
                let why = || format!("`{shown}` is no delimiter: write one character, as `;`, or `tab`");
                out.delimiter = Some(byte.ok_or_else(|| invalid(why()))?);
            }
            _ => {
                let name = option.split('=').next().unwrap_or_default();
                // Of what is not even a name nobody knows what it is.
                let name = if name.bytes().all(|b| b.is_ascii_lowercase()) { name } else { "…" };
                return Err(invalid(format!("`{name}` is no option of it: there is only `delimiter`")));
            }
        }
    }
    Ok(out)
}

fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Some(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Some(*byte),
        _ => None,
    }
}

/// A delimiter as it is written in an address.
pub fn delimiter_name(byte: u8) -> String {
    match byte {
        b'\t' => "tab".to_owned(),
        b'&' | b'%' | b'#' | b'?' | b' ' => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    }
}
