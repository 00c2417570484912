//! Names of columns as somebody types them: `a`, `a=b` for one that differs per side, `a,b` for two. A name
//! with `,` or `=` in it stands in double quotes, as in `"a,b"`; a double quote in such a name is doubled.

use std::borrow::Cow;
use thiserror::Error;

/// Why names were not understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// A quote is open at the end.
    #[error("`{0}` has a quoted name that does not end: \" is missing")]
    Open(String),
    /// Something stands behind a quoted name.
    #[error("`{0}` has something between a quoted name and the next `,` or `=`")]
    Behind(String),
    /// Nothing where a name should be.
    #[error("`{0}` has an empty name in it")]
    Empty(String),
    /// No name of the right column where one is needed.
    #[error("`{0}` is no column mapping (LEFT=RIGHT)")]
    NoPair(String),
    /// More than two names for one column.
    #[error("`{0}` has more than one `=` between commas: a name with `=` in it is written as '\"a=b\"'")]
    ThreeNames(String),
}

/// What stands between names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Comma,
    Equals,
    End,
}

/// The names of a text, one after the other.
struct Typed<'a> {
    all: &'a str,
    rest: &'a str,
    /// Whether `=` ends a name too.
    pairs: bool,
}

impl<'a> Typed<'a> {
    fn new(all: &'a str, pairs: bool) -> Self {
        Self { all, rest: all, pairs }
    }

    fn failed<T>(&self, error: fn(String) -> NameError) -> Result<T, NameError> {
        Err(error(self.all.to_owned()))
    }

    /// The next name and what ends it.
    fn next(&mut self) -> Result<(String, Stop), NameError> {
        let text = self.rest.trim_start();
        let (name, behind) = match text.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted)?,
            None => {
                let end = text.find(|c| c == ',' || self.pairs && c == '=').unwrap_or(text.len());
                (text[..end].trim_end().to_owned(), &text[end..])
            }
        };
        if name.is_empty() {
            return self.failed(NameError::Empty);
        }
        let behind = behind.trim_start();
        let stop = match behind.chars().next() {
            None => Stop::End,
            Some(',') => Stop::Comma,
            Some('=') if self.pairs => Stop::Equals,
            Some(_) => return self.failed(NameError::Behind),
        };
        self.rest = behind.get(1..).unwrap_or_default();
        Ok((name, stop))
    }

    /// A name whose opening quote is behind us, and what follows it.
    fn quoted(&self, text: &'a str) -> Result<(String, &'a str), NameError> {
        let mut name = String::new();
        let mut rest = text;
        loop {
            let Some((part, behind)) = rest.split_once('"') else { return self.failed(NameError::Open) };
            name.push_str(part);
            match behind.strip_prefix('"') {
                Some(more) => {
                    name.push('"');
                    rest = more;
                }
                None => return Ok((name, behind)),
            }
        }
    }
}

/// The names of a list, as in `a,"b,c"`.
///
/// # Errors
/// If a name is empty, or its quotes do not close.
pub fn typed_names(text: &str) -> Result<Vec<String>, NameError> {
    let mut typed = Typed::new(text, false);
    let mut out = Vec::new();
    loop {
        let (name, stop) = typed.next()?;
        out.push(name);
        if stop == Stop::End {
            return Ok(out);
        }
    }
}

/// The columns of a list of which each may have another name on the right, as in `a,b=c`.
///
/// # Errors
/// As [`typed_names`].
pub fn typed_pairs(text: &str) -> Result<Vec<(String, String)>, NameError> {
    pairs(text, |name| Ok(name.to_owned()))
}

/// The columns of a list of which each has another name on the right.
///
/// # Errors
/// As [`typed_names`], and if a right name is missing.
pub fn typed_maps(text: &str) -> Result<Vec<(String, String)>, NameError> {
    pairs(text, |_| Err(NameError::NoPair(text.to_owned())))
}

fn pairs(text: &str, alone: impl Fn(&str) -> Result<String, NameError>) -> Result<Vec<(String, String)>, NameError> {
    let mut typed = Typed::new(text, true);
    let mut out = Vec::new();
    loop {
        let (left, mut stop) = typed.next()?;
        let right = match stop {
            Stop::Equals => {
                let (right, next) = typed.next()?;
                stop = next;
                right
            }
            Stop::Comma | Stop::End => alone(&left)?,
        };
        out.push((left, right));
        match stop {
            Stop::Comma => {}
            Stop::End => return Ok(out),
            Stop::Equals => return typed.failed(NameError::ThreeNames),
        }
    }
}

/// A column and what is said of it behind the first `=` that no quotes hold, as in `"a=b"=trim`; `None`
/// if either is missing.
pub fn typed_rule(text: &str) -> Option<(String, String)> {
    let mut typed = Typed::new(text, true);
    // A comma ends no name here: it stands between rules.
    if !text.trim_start().starts_with('"') {
        let (column, rules) = text.split_once('=')?;
        let (column, rules) = (column.trim(), rules.trim());
        return (!column.is_empty() && !rules.is_empty()).then(|| (column.to_owned(), rules.to_owned()));
    }
    match typed.next() {
        Ok((column, Stop::Equals)) if !typed.rest.trim().is_empty() => Some((column, typed.rest.trim().to_owned())),
        _ => None,
    }
}

/// A single name, in quotes or without.
///
/// # Errors
/// If it is empty, or its quotes do not close.
pub fn typed_name(text: &str) -> Result<String, NameError> {
    if !text.trim_start().starts_with('"') {
        return Ok(text.to_owned());
    }
    let mut typed = Typed::new(text, false);
    match typed.next()? {
        (name, Stop::End) => Ok(name),
        _ => typed.failed(NameError::Behind),
    }
}

/// A name as it has to be typed.
pub fn spelled(name: &str) -> Cow<'_, str> {
    match name.contains([',', '=']) || name.starts_with('"') || name.trim() != name {
        true => Cow::Owned(format!("\"{}\"", name.replace('"', "\"\""))),
        false => Cow::Borrowed(name),
    }
}

/// The same for a shell, which takes double quotes away.
pub fn spelled_for_shell(name: &str) -> Cow<'_, str> {
    match spelled(name) {
        Cow::Owned(quoted) => Cow::Owned(format!("'{}'", quoted.replace('\'', "'\\''"))),
        plain => plain,
    }
}

/// A pair of names as it has to be typed.
pub fn spelled_pair(left: &str, right: &str) -> String {
    if left == right { spelled(left).into_owned() } else { format!("{}={}", spelled(left), spelled(right)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(l, r)| ((*l).to_owned(), (*r).to_owned())).collect()
    }

    #[test]
    fn lists_are_read() {
        for (text, read) in [
            ("a", names(&["a"])),
            ("a, b c ,d", names(&["a", "b c", "d"])),
            ("\"a,b\"", names(&["a,b"])),
            ("x,\"a,b\" ,\"c=d\"", names(&["x", "a,b", "c=d"])),
            ("\"say \"\"hi\"\"\"", names(&["say \"hi\""])),
            ("c=d", names(&["c=d"])),
            ("a\"b", names(&["a\"b"])),
            ("\" a \"", names(&[" a "])),
        ] {
            assert_eq!(typed_names(text), Ok(read), "{text}");
        }
        for text in ["", "a,", ",a", "\"a", "\"a\"b", "\"\""] {
            assert!(typed_names(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_are_read() {
        assert_eq!(typed_pairs("a,b"), Ok(pairs(&[("a", "a"), ("b", "b")])));
        assert_eq!(typed_pairs("a=b"), Ok(pairs(&[("a", "b")])));
        assert_eq!(typed_pairs("\"a,b\""), Ok(pairs(&[("a,b", "a,b")])));
        assert_eq!(typed_pairs("\"c=d\"=e , x"), Ok(pairs(&[("c=d", "e"), ("x", "x")])));
        assert_eq!(typed_maps("a=\"b=c\",d=e"), Ok(pairs(&[("a", "b=c"), ("d", "e")])));
        for text in ["a=b=c", "a=", "=a", "\"a\"=\"b"] {
            assert!(typed_pairs(text).is_err(), "{text}");
        }
        assert!(typed_maps("a").is_err());
    }

    #[test]
    fn rules_are_read() {
        let read = |text: &str| typed_rule(text).map(|(column, rules)| format!("{column}|{rules}"));
        assert_eq!(read("a=trim,ignore-case").as_deref(), Some("a|trim,ignore-case"));
        assert_eq!(read("\"a=b\"=trim").as_deref(), Some("a=b|trim"));
        assert_eq!(read("\"a,b\" = trim").as_deref(), Some("a,b|trim"));
        assert_eq!(read("a,b=trim").as_deref(), Some("a,b|trim"));
        for text in ["a", "a=", "=trim", "\"a=b\"", "\"a=b=trim"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_spelled_is_read_again() {
        for name in ["a", "a,b", "c=d", "\"q\"", "a\"b", " x ", "it's, you"] {
            assert_eq!(typed_names(&spelled(name)), Ok(names(&[name])), "{name}");
            assert_eq!(typed_pairs(&spelled_pair(name, "b=c")), Ok(pairs(&[(name, "b=c")])), "{name}");
            assert_eq!(typed_name(&spelled(name)).as_deref(), Ok(name));
        }
        assert_eq!(spelled_for_shell("a,b"), "'\"a,b\"'");
        assert_eq!(spelled_for_shell("it's, you"), "'\"it'\\''s, you\"'");
        assert_eq!(spelled_for_shell("plain name"), "plain name");
    }
}
