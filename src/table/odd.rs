//! Characters that can't be seen, or that move others.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::is_nfc;

/// Whether a character can't be seen or told from a blank, or turns the direction of the text around it.
pub fn is_odd(c: char) -> bool {
    c.is_control() || c != ' ' && c.is_whitespace() || is_invisible(c)
}

/// What Unicode calls format characters and those to be ignored by default, what is left blank, and
/// what has no meaning yet or never.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{110bd}' | '\u{110cd}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// What must not redraw the terminal, or can't be seen, as escapes: for names and sentences.
pub fn visible(text: &str) -> String {
    let apart = !is_nfc(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => out.extend(c.escape_default()),
            c if is_odd(c) || apart && is_combining_mark(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::is_odd;

    #[test]
    fn letters_and_signs_are_not_odd() {
        assert!(!" abcäöüé€東京אبक्षि🙂–…\u{fffd}".chars().any(is_odd));
        for c in ['\0', '\t', '\u{a0}', '\u{2003}', '\u{3000}', '\u{200d}', '\u{202e}', '\u{feff}', '\u{e0041}'] {
            assert!(is_odd(c), "{c:?}");
        }
    }
}
