//! Text on its way to a terminal, and JSON on its way anywhere: names, values and servers' words are
//! data, and data must not redraw the screen, turn the direction of a line, or hide in it.

use crate::table::is_odd;

/// A text as it may reach a terminal: what can't be seen, or would move what is seen, as escapes
/// (`\u{1b}`). Line ends stay, and with `painted` the colours of our own.
pub fn safe(text: &str, painted: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let own = if painted { colour(rest) } else { 0 };
        if own > 0 {
            out.push_str(&rest[..own]);
            rest = &rest[own..];
            continue;
        }
        match c {
            '\n' => out.push(c),
            c if c.is_control() => out.extend(c.escape_default()),
            c if is_odd(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The same of what is one line, or part of one: a line end in it begins no line of its own.
pub fn safe_line(text: &str, indent: usize) -> String {
    safe(text.trim_end(), false).replace('\n', &format!("\n{}", " ".repeat(indent)))
}

/// JSON with the same characters as JSON's own escapes. They mean the same, and stand in strings only.
pub fn safe_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // All that JSON has between its values.
            '\n' => out.push(c),
            c if is_odd(c) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")))
            }
            c => out.push(c),
        }
    }
    out
}

/// The length of the colour that a text begins with: bold, dim, one of the sixteen, or none again. Nothing
/// that hides, blinks or moves.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return 0 };
    let Some(end) = rest.bytes().take(8).position(|b| b == b'm') else { return 0 };
    let codes: Option<Vec<u8>> = rest[..end].split(';').map(|code| code.parse().ok()).collect();
    let known = match codes.as_deref() {
        Some([38, 5, 0..16]) => true,
        Some(codes) => codes.iter().all(|code| matches!(code, 0 | 1 | 2 | 22 | 31..=37 | 39)),
        None => false,
    };
    if known { end + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_terminal() {
        let bad = "a\u{1b}[2Jb\r\u{8}\u{7}\u{9b}31m\u{202e}x\u{200b}\u{2066}\u{7f}\n";
        let shown = safe(bad, true);
        assert_eq!(shown, "a\\u{1b}[2Jb\\r\\u{8}\\u{7}\\u{9b}31m\\u{202e}x\\u{200b}\\u{2066}\\u{7f}\n");
        assert_eq!(safe(bad, false), shown);
        let own = "\u{1b}[1;32mä\u{1b}[0m\u{1b}[38;5;11m€";
        assert_eq!(safe(own, true), own);
        assert!(!safe(own, false).contains('\u{1b}'));
        for hidden in ["\u{1b}[8mx", "\u{1b}[1;8mx", "\u{1b}[38;5;300mx", "\u{1b}[é", "\u{1b}", "\u{1b}]0;t\u{7}"] {
            assert!(!safe(hidden, true).contains('\u{1b}'), "{hidden:?}");
        }
        assert_eq!(safe_line("a\nerror: b\n", 2), "a\n  error: b");
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({"a\u{202e}": "\u{7f}\u{9b}\t\n\u{e0041}\u{feff}é", "b": [1, null]});
        for text in [value.to_string(), format!("{value:#}")] {
            let safe = safe_json(&text);
            assert!(!safe.chars().any(|c| c != '\n' && is_odd(c)), "{safe}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
