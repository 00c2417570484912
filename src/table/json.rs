//! JSON by meaning: key order and spacing don't count, and numbers are compared by their value
//! in all the digits that the database printed. A value becomes canonical bytes; two texts are
//! equal exactly when their bytes are.

use super::number::Number;

/// PostgreSQL and MySQL both refuse JSON nested deeper than this or shortly beyond; it also
/// bounds this parser's recursion.
const MAX_DEPTH: usize = 512;

/// The canonical bytes of a JSON text; `None` if it is not JSON.
pub fn canonical_json(text: &str) -> Option<Vec<u8>> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0, members: Vec::new() };
    let mut out = Vec::with_capacity(text.len() * 2);
    parser.value(0, &mut out)?;
    parser.space();
    (parser.at == parser.bytes.len()).then_some(out)
}

/// The elements of a JSON array, each as it is written; `None` if the text is none.
pub fn json_elements(text: &str) -> Option<Vec<&str>> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0, members: Vec::new() };
    let (mut out, mut scratch) = (Vec::new(), Vec::new());
    parser.eat(b'[').then_some(())?;
    if !parser.eat(b']') {
        loop {
            parser.space();
            let start = parser.at;
            scratch.clear();
            parser.value(1, &mut scratch)?;
            out.push(text.get(start..parser.at)?);
            if parser.eat(b']') {
                break;
            }
            parser.eat(b',').then_some(())?;
        }
    }
    parser.space();
    (parser.at == parser.bytes.len()).then_some(out)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the members of the objects under way begin in the output, innermost last.
    members: Vec<usize>,
}

impl Parser<'_> {
    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &[u8], tag: u8, out: &mut Vec<u8>) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            out.push(tag);
        })
    }

    fn value(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.bytes.get(self.at)? {
            b'n' => self.word(b"null", b'n', out),
            b't' => self.word(b"true", b't', out),
            b'f' => self.word(b"false", b'f', out),
            b'"' => self.string(out),
            b'[' => self.array(depth, out),
            b'{' => self.object(depth, out),
            _ => self.number(out),
        }
    }

    fn array(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        self.at += 1;
        out.push(b'[');
        if !self.eat(b']') {
            loop {
                self.value(depth + 1, out)?;
                if self.eat(b']') {
                    break;
                }
                self.eat(b',').then_some(())?;
            }
        }
        out.push(b']');
        Some(())
    }

    fn object(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        self.at += 1;
        out.push(b'{');
        let base = self.members.len();
        if !self.eat(b'}') {
            loop {
                self.space();
                (self.bytes.get(self.at) == Some(&b'"')).then_some(())?;
                self.members.push(out.len());
                self.string(out)?;
                self.eat(b':').then_some(())?;
                self.value(depth + 1, out)?;
                if self.eat(b'}') {
                    break;
                }
                self.eat(b',').then_some(())?;
            }
        }
        let starts = &self.members[base..];
        if !starts.is_sorted_by(|a, b| name(out, *a) < name(out, *b)) {
            sort_members(starts, out);
        }
        self.members.truncate(base);
        out.push(b'}');
        Some(())
    }

    fn number(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).ok()?;
        if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return None;
        }
        out.push(b'#');
        Number::parse(text)?.encode(out);
        Some(())
    }

    /// A string: its length, then its bytes.
    fn string(&mut self, out: &mut Vec<u8>) -> Option<()> {
        self.at += 1;
        let head = out.len();
        out.extend_from_slice(&[b'"', 0, 0, 0, 0]);
        loop {
            let rest = self.bytes.get(self.at..)?;
            let plain = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20))?;
            out.extend_from_slice(&rest[..plain]);
            self.at += plain + 1;
            match rest[plain] {
                b'"' => break,
                b'\\' => self.escape(out)?,
                _ => return None,
            }
        }
        let length = (out.len() - head - NAME) as u32;
        out[head + 1..head + NAME].copy_from_slice(&length.to_le_bytes());
        Some(())
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        text.push(match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'"' | b'\\' | b'/' => byte,
            b'u' => return self.unicode(text),
            _ => return None,
        });
        Some(())
    }

    fn unicode(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let mut code = self.hex()?;
        if (0xD800..0xDC00).contains(&code) {
            self.bytes.get(self.at..self.at + 2).filter(|b| *b == b"\\u")?;
            self.at += 2;
            let low = self.hex()?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
            code = 0x10000 + ((code - 0xD800) << 10) + low;
        }
        let mut buffer = [0; 4];
        text.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes());
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |sum, b| Some(sum * 16 + (*b as char).to_digit(16)?))
    }
}

/// Bytes before a string's own.
const NAME: usize = 5;

/// The name of the member that begins at `start`.
fn name(out: &[u8], start: usize) -> &[u8] {
    let mut length = [0; 4];
    length.copy_from_slice(&out[start + 1..start + NAME]);
    &out[start + NAME..start + NAME + u32::from_le_bytes(length) as usize]
}

/// Brings the members of the innermost object, which end where the output ends, into the order of
/// their names. The last of several with one name counts, as in jsonb and MySQL's JSON.
fn sort_members(starts: &[usize], out: &mut Vec<u8>) {
    let Some(first) = starts.first().copied() else { return };
    let ends = starts[1..].iter().copied().chain([out.len()]);
    let mut members: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    members.sort_by(|a, b| name(out, a.0).cmp(name(out, b.0)));
    let mut sorted = Vec::with_capacity(out.len() - first);
    for (at, (start, end)) in members.iter().enumerate() {
        let again = members.get(at + 1).is_some_and(|next| name(out, next.0) == name(out, *start));
        if !again {
            sorted.extend_from_slice(&out[*start..*end]);
        }
    }
    out.truncate(first);
    out.extend_from_slice(&sorted);
}

#[cfg(test)]
mod tests {
    use super::canonical_json;

    #[test]
    fn order_spacing_and_spelling_do_not_count() {
        for (a, b) in [
            (r#"{"a":1,"b":[true,null]}"#, r#" { "b" : [ true , null ], "a" : 1.0 } "#),
            (r#""\u00e9\n""#, "\"é\\n\""),
            (r#""\ud83d\ude00""#, "\"😀\""),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("1e2", "100"),
        ] {
            assert!(canonical_json(a).is_some(), "{a}");
            assert_eq!(canonical_json(a), canonical_json(b), "{a} against {b}");
        }
    }

    #[test]
    fn meaning_counts() {
        for (a, b) in [("[1,2]", "[2,1]"), ("[[1],2]", "[[1,2]]"), ("0.1", "0.10000000000000000001"), (r#""1""#, "1")] {
            assert_ne!(canonical_json(a), canonical_json(b), "{a} against {b}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "[1,]", "{a:1}", "\"\u{1}\"", "+1", "nul", "1 2", r#""\ud83d""#, &deep] {
            assert_eq!(canonical_json(text), None);
        }
    }
}
