//! Words of servers, drivers and parsers that repeat what they were given: a login in them is taken out.

use super::super::secret::Secret;

const MASKED: &str = "***";

/// A text without the logins of addresses (`://user:password@`) and without what is set as a password
/// (`password=…`), and without this password wherever it stands by itself.
pub fn scrubbed(text: &str, password: Option<&Secret>) -> String {
    let out = without_settings(&without_logins(text));
    match password.map(Secret::expose) {
        Some(password) if !password.is_empty() => without(&out, password),
        _ => out,
    }
}

/// `://user:password@` anywhere. The last `@` before a space or quote ends it.
fn without_logins(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://").map(|at| at + 3) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`')).unwrap_or(rest.len());
        let login = rest[..end].rfind('@').and_then(|at| Some((rest[..at].find(':')?, at)));
        if let Some((colon, at)) = login {
            out.push_str(&rest[..colon + 1]);
            out.push_str(MASKED);
            rest = &rest[at..];
        }
    }
    out.push_str(rest);
    out
}

/// `password=…`, `password='…'` and the like of connection strings.
fn without_settings(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for name in lower.match_indices('=').filter_map(|(at, _)| {
        let name = lower[..at].trim_end();
        ["password", "passwd", "pwd"].iter().any(|known| name.ends_with(known)).then_some(at + 1)
    }) {
        if name < from {
            continue;
        }
        let value = &text[name..];
        let start = name + (value.len() - value.trim_start_matches(' ').len());
        let quote = text[start..].chars().next().filter(|c| matches!(c, '\'' | '"'));
        let end = match quote {
            Some(quote) => text[start + 1..].find(quote).map(|at| start + 1 + at + 1),
            None => text[start..].find(|c: char| c.is_whitespace() || "&#;,)'\"`".contains(c)).map(|at| start + at),
        };
        out.push_str(&text[from..start]);
        out.push_str(MASKED);
        from = end.unwrap_or(text.len());
    }
    out.push_str(&text[from..]);
    out
}

/// Without a password that stands by itself: a short one may well be part of a word.
fn without(text: &str, password: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(password) {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = letter(text[..at].chars().next_back()) || letter(text[at + password.len()..].chars().next());
        if password.chars().count() < 8 && inside {
            continue;
        }
        out.push_str(&text[from..at]);
        out.push_str(MASKED);
        from = at + password.len();
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_taken_out() {
        let table = [
            ("bad URL postgres://me:s3:c@r@h/d here", "bad URL postgres://me:***@h/d here"),
            ("see http://example.org:80/x", "see http://example.org:80/x"),
            (
                "could not connect: \"host=h password=s3cret user=u\"",
                "could not connect: \"host=h password=*** user=u\"",
            ),
            ("PASSWORD = 's3 cret' rest", "PASSWORD = *** rest"),
            ("a?pwd=x&b", "a?pwd=***&b"),
            ("the word hunter22 and xhunter22x", "the word *** and x***x"),
            ("no password was given", "no password was given"),
            ("password=", "password=***"),
        ];
        for (said, told) in table {
            assert_eq!(scrubbed(said, Some(&Secret::new("hunter22"))), told);
        }
        assert_eq!(scrubbed("a user and ab, x", Some(&Secret::new("a"))), "*** user and ab, x");
        assert_eq!(scrubbed("ünd password=ö://é:ü@", None), "ünd password=***");
    }
}
