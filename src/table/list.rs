//! Lists, whichever way they are written: PostgreSQL's array literal, a JSON array, words between
//! commas. Elements are told apart by their quoting, never by how they look.

use super::json::json_elements;
use std::borrow::Cow;

/// One element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// NULL.
    Null,
    /// A list of its own.
    List(Vec<Element<'a>>),
    /// Text without its quoting: an element of an array, a string of JSON.
    Text(Cow<'a, str>),
    /// JSON that is no string: a number, a truth, an object, as it is written.
    Json(&'a str),
}

/// The elements of PostgreSQL's array literal, and the bounds in front of it if it has some
/// (`[2:3]={1,2}`; the manual, "Array Input and Output Syntax"). `None` if it is none.
pub fn array_literal(text: &str) -> Option<(&str, Vec<Element<'_>>)> {
    let (bounds, body) = match text.strip_prefix('[') {
        Some(_) => text.split_once('=').filter(|(bounds, _)| are_bounds(bounds))?,
        None => ("", text),
    };
    let mut literal = Literal { text: body, at: 0 };
    let elements = literal.list(0)?;
    (literal.at == body.len()).then_some((bounds, elements))
}

fn are_bounds(text: &str) -> bool {
    text.ends_with(']') && text.bytes().all(|b| matches!(b, b'[' | b']' | b':' | b'-' | b'0'..=b'9'))
}

/// PostgreSQL's arrays have at most six dimensions (MAXDIM).
const MAX_DEPTH: usize = 6;

struct Literal<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Literal<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Element<'a>>> {
        if depth >= MAX_DEPTH || self.peek()? != b'{' {
            return None;
        }
        self.at += 1;
        let mut out = Vec::new();
        self.blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(out);
        }
        loop {
            self.blanks();
            out.push(match self.peek()? {
                b'{' => Element::List(self.list(depth + 1)?),
                b'"' => self.quoted()?,
                _ => self.plain()?,
            });
            self.blanks();
            let end = self.peek()?;
            self.at += 1;
            match end {
                b',' => {}
                b'}' => return Some(out),
                _ => return None,
            }
        }
    }

    fn quoted(&mut self) -> Option<Element<'a>> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.find(['"', '\\'])?;
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Some(Element::Text(out.into()));
            }
            let escaped = self.text[self.at..].chars().next()?;
            out.push(escaped);
            self.at += escaped.len_utf8();
        }
    }

    fn plain(&mut self) -> Option<Element<'a>> {
        let rest = &self.text[self.at..];
        let stop = rest.find([',', '}', '{', '"', '\\'])?;
        if matches!(rest.as_bytes()[stop], b'{' | b'"' | b'\\') {
            return None;
        }
        self.at += stop;
        let word = rest[..stop].trim_end_matches(|c: char| c.is_ascii_whitespace());
        match word {
            "" => None,
            word if word.eq_ignore_ascii_case("null") => Some(Element::Null),
            word => Some(Element::Text(word.into())),
        }
    }
}

/// The elements of a JSON array; `None` if the text is none.
pub fn json_array(text: &str) -> Option<Vec<Element<'_>>> {
    json_elements(text)?.into_iter().map(json_element).collect()
}

fn json_element(raw: &str) -> Option<Element<'_>> {
    Some(match raw.as_bytes().first()? {
        b'n' => Element::Null,
        b'[' => Element::List(json_array(raw)?),
        b'"' => Element::Text(serde_json::from_str::<String>(raw).ok()?.into()),
        _ => Element::Json(raw),
    })
}

/// The words of a set: what is between commas; none in an empty text.
pub fn set_words(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split(',').collect() }
}

/// Writes PostgreSQL's array literal; `leaf` appends the text of an element that is no list.
///
/// # Errors
/// As `leaf`.
pub fn write_literal<E>(
    elements: &[Element<'_>],
    leaf: &dyn Fn(&Element<'_>) -> Result<String, E>,
) -> Result<String, E> {
    let mut out = String::from("{");
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match element {
            Element::Null => out.push_str("NULL"),
            Element::List(inner) => out.push_str(&write_literal(inner, leaf)?),
            other => push_quoted(&leaf(other)?, &mut out),
        }
    }
    out.push('}');
    Ok(out)
}

/// As PostgreSQL does: in quotes only what would be read as something else without.
fn push_quoted(text: &str, out: &mut String) {
    let odd = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace();
    if text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(odd) {
        out.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// Writes a JSON array; `leaf` appends the JSON of an element that is no list.
///
/// # Errors
/// As `leaf`.
pub fn write_json<E>(elements: &[Element<'_>], leaf: &dyn Fn(&Element<'_>) -> Result<String, E>) -> Result<String, E> {
    let mut out = String::from("[");
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match element {
            Element::Null => out.push_str("null"),
            Element::List(inner) => out.push_str(&write_json(inner, leaf)?),
            other => out.push_str(&leaf(other)?),
        }
    }
    out.push(']');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Element<'_> {
        Element::Text(text.into())
    }

    #[test]
    fn array_literals_are_read() {
        let read = |text| array_literal(text).map(|(_, elements)| elements);
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read("{1, 2 ,NULL}"), Some(vec![text("1"), text("2"), Element::Null]));
        assert_eq!(
            read(r#"{"a, b","NULL","x\"y\\z",""}"#),
            Some(vec![text("a, b"), text("NULL"), text("x\"y\\z"), text("")])
        );
        assert_eq!(read("{{1},{2}}"), Some(vec![Element::List(vec![text("1")]), Element::List(vec![text("2")])]));
        assert_eq!(array_literal("[2:3]={7,8}"), Some(("[2:3]", vec![text("7"), text("8")])));
        for broken in ["", "{", "{1", "{1}}", "{a,}", "{a\"b}", "1,2", "[1,2]", "{1}x", r#"{"a}"#] {
            assert_eq!(array_literal(broken), None, "{broken}");
        }
    }

    #[test]
    fn json_arrays_are_read() {
        assert_eq!(json_array("[]"), Some(vec![]));
        assert_eq!(
            json_array(r#" [1, "a, b", null, "null", [true], {"k": 1}] "#),
            Some(vec![
                Element::Json("1"),
                text("a, b"),
                Element::Null,
                text("null"),
                Element::List(vec![Element::Json("true")]),
                Element::Json("{\"k\": 1}")
            ])
        );
        for other in ["{}", "1", "[1,]", "", "{1}"] {
            assert_eq!(json_array(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let elements =
            vec![text("a b"), Element::Null, text("null"), text(""), Element::List(vec![text("\\\"")]), text("x")];
        let leaf = |element: &Element<'_>| match element {
            Element::Text(text) => Ok::<_, ()>(text.to_string()),
            _ => Err(()),
        };
        let literal = write_literal(&elements, &leaf).unwrap();
        assert_eq!(literal, r#"{"a b",NULL,"null","",{"\\\""},x}"#);
        assert_eq!(array_literal(&literal).unwrap().1, elements);
        let json = |element: &Element<'_>| leaf(element).map(|text| serde_json::Value::from(text).to_string());
        assert_eq!(json_array(&write_json(&elements, &json).unwrap()).unwrap(), elements);
    }
}
