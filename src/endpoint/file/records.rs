//! Splits CSV text into records and fields; see the [folder's documentation](super) for what
//! counts as CSV. Streams: only one record need fit in memory.

use memchr::{memchr, memchr_iter, memchr3};
use std::borrow::Cow;
use std::io::{self, Read};

/// A longer record is refused; the likeliest reason is a quote that was never closed.
const MAX_RECORD: usize = 1 << 30;

/// Why no further record could be read.
#[derive(Debug)]
pub(super) enum RecordError {
    /// The system could not read on.
    Io(io::Error),
    /// This is not CSV.
    Malformed {
        /// The physical line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Where in its record a field is, without its quotes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    quoted: bool,
    /// Quotes inside are doubled.
    doubled: bool,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// As it is in the file, without its line end.
    pub(super) text: &'a str,
    /// Empty at the end of a file without one.
    pub(super) line_end: &'a [u8],
    /// Where in the file it ends, with its line end.
    pub(super) end: u64,
    spans: &'a [Span],
}

impl<'a> Record<'a> {
    /// How many fields it has; at least one.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// A field as it is in the file, with its quotes. There must be a field `at`.
    pub(super) fn raw(&self, at: usize) -> &'a str {
        let span = &self.spans[at];
        let quote = usize::from(span.quoted);
        &self.text[span.start - quote..span.end + quote]
    }

    /// A field's value; `None` is NULL. There must be a field `at`.
    pub(super) fn get(&self, at: usize) -> Option<Cow<'a, str>> {
        let span = &self.spans[at];
        if span.start == span.end && !span.quoted {
            return None;
        }
        let text = &self.text[span.start..span.end];
        Some(if span.doubled { Cow::Owned(text.replace("\"\"", "\"")) } else { Cow::Borrowed(text) })
    }
}

/// Reads records one after the other.
#[derive(Debug)]
pub(super) struct Records<R> {
    source: R,
    delimiter: u8,
    /// `start..end` is read and not yet handed out; the current record begins at `start`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    begun: bool,
    /// The line on which the current record starts, and the one behind its end.
    line: u64,
    next_line: u64,
    /// Length of the current record without and with its line end.
    length: usize,
    taken: usize,
    /// Where in the file the current record starts.
    offset: u64,
    spans: Vec<Span>,
}

impl<R: Read> Records<R> {
    /// Reads `source` through a buffer of this many bytes, which grows where a record needs more.
    pub(super) fn new(source: R, delimiter: u8, buffer: usize) -> Self {
        Self {
            source,
            delimiter,
            buffer: vec![0; buffer.max(1)],
            start: 0,
            end: 0,
            at_end: false,
            begun: false,
            line: 1,
            next_line: 1,
            length: 0,
            taken: 0,
            offset: 0,
            spans: Vec::new(),
        }
    }

    /// Goes to the next record. False at the end of the file.
    pub(super) fn advance(&mut self) -> Result<bool, RecordError> {
        self.start += self.taken;
        self.offset += self.taken as u64;
        self.line = self.next_line;
        self.taken = 0;
        self.spans.clear();
        if !self.begun {
            self.begin()?;
        }
        if self.byte(0)?.is_none() {
            return Ok(false);
        }
        (self.length, self.taken) = self.split()?;
        // Only quoted fields can hold line ends.
        let bytes = &self.buffer[self.start..self.start + self.length];
        let inside = self.spans.iter().filter(|span| span.quoted);
        let inside: usize = inside.map(|span| memchr_iter(b'\n', &bytes[span.start..span.end]).count()).sum();
        self.next_line += inside as u64 + 1;
        Ok(true)
    }

    /// What is read from.
    pub(super) fn source(&self) -> &R {
        &self.source
    }

    /// The physical line on which the current record starts, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many bytes the current record takes in the file, about.
    pub(super) fn bytes(&self) -> usize {
        self.length
    }

    /// How many fields the current record has.
    pub(super) fn fields(&self) -> usize {
        self.spans.len()
    }

    /// Whether the current record is an empty line.
    pub(super) fn is_blank(&self) -> bool {
        self.length == 0
    }

    /// The current record. Only after [`advance`](Self::advance) found one.
    pub(super) fn record(&self) -> Result<Record<'_>, RecordError> {
        let (text, line_end) = self.buffer[self.start..self.start + self.taken].split_at(self.length);
        match std::str::from_utf8(text) {
            Ok(text) => Ok(Record { text, line_end, end: self.offset + self.taken as u64, spans: &self.spans }),
            Err(error) => Err(self.malformed(error.valid_up_to(), "this is not UTF-8 text: convert the file to UTF-8")),
        }
    }

    /// Skips the byte order mark.
    fn begin(&mut self) -> Result<(), RecordError> {
        self.begun = true;
        match (self.byte(0)?, self.byte(1)?, self.byte(2)?) {
            (Some(0xEF), Some(0xBB), Some(0xBF)) => {
                self.start += 3;
                self.offset += 3;
            }
            (Some(0xFF), Some(0xFE), _) | (Some(0xFE), Some(0xFF), _) => {
                return Err(self.malformed(0, "this is UTF-16 text: convert the file to UTF-8"));
            }
            _ => {}
        }
        Ok(())
    }

    /// Finds the fields of the record at `start`. Its length without and with its line end.
    fn split(&mut self) -> Result<(usize, usize), RecordError> {
        let mut at = 0;
        loop {
            let stop = if self.byte(at)? == Some(b'"') { self.quoted(at)? } else { self.plain(at)? };
            match self.byte(stop)? {
                None => return Ok((stop, stop)),
                Some(b'\n') => return Ok((stop, stop + 1)),
                Some(b'\r') => match self.byte(stop + 1)? {
                    Some(b'\n') => return Ok((stop, stop + 2)),
                    // The file was cut between the two, and nothing follows.
                    None => return Ok((stop, stop + 1)),
                    Some(_) => {
                        let why = "a carriage return without a line feed: lines end in LF or CRLF, \
                                   and a field that holds one needs quotes";
                        return Err(self.malformed(stop, why));
                    }
                },
                Some(byte) if byte == self.delimiter => at = stop + 1,
                Some(_) => return Err(self.malformed(stop, "there is text after a field's closing quote")),
            }
        }
    }

    /// A field without quotes: up to the next delimiter or line end.
    fn plain(&mut self, at: usize) -> Result<usize, RecordError> {
        let delimiter = self.delimiter;
        let stop = self.find(at, |bytes| memchr3(delimiter, b'\n', b'\r', bytes))?;
        let end = stop.unwrap_or(self.end - self.start);
        self.spans.push(Span { start: at, end, quoted: false, doubled: false });
        Ok(end)
    }

    /// A field in quotes: up to behind the closing one.
    fn quoted(&mut self, open: usize) -> Result<usize, RecordError> {
        let mut doubled = false;
        let mut at = open + 1;
        loop {
            let Some(quote) = self.find(at, |bytes| memchr(b'"', bytes))? else {
                return Err(self.malformed(open, "a quote is opened here and never closed"));
            };
            if self.byte(quote + 1)? != Some(b'"') {
                self.spans.push(Span { start: open + 1, end: quote, quoted: true, doubled });
                return Ok(quote + 1);
            }
            doubled = true;
            at = quote + 2;
        }
    }

    /// The byte at this place of the record; `None` behind the end of the file.
    #[inline]
    fn byte(&mut self, at: usize) -> Result<Option<u8>, RecordError> {
        while self.start + at >= self.end {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer[self.start + at]))
    }

    /// The first place from `at` on that `search` finds; `None` if the file ends before.
    #[inline]
    fn find(&mut self, mut at: usize, search: impl Fn(&[u8]) -> Option<usize>) -> Result<Option<usize>, RecordError> {
        loop {
            let from = (self.start + at).min(self.end);
            if let Some(found) = search(&self.buffer[from..self.end]) {
                return Ok(Some(from + found - self.start));
            }
            at = self.end - self.start;
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads on. False at the end of the file.
    #[cold]
    fn fill(&mut self) -> Result<bool, RecordError> {
        if self.at_end {
            return Ok(false);
        }
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else if self.end >= MAX_RECORD {
                return Err(self.malformed(0, "more than 1 GiB without an end of the row: a quote may be left open"));
            } else {
                self.buffer.resize(self.end * 2, 0);
            }
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// An error at this place of the current record.
    fn malformed(&self, at: usize, why: &str) -> RecordError {
        let before = &self.buffer[self.start..self.start + at];
        RecordError::Malformed { line: self.line + memchr_iter(b'\n', before).count() as u64, why: why.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Row = Vec<Option<String>>;

    fn read(text: &[u8], buffer: usize) -> Result<Vec<(u64, Row)>, (u64, String)> {
        let mut records = Records::new(text, b',', buffer);
        let mut rows = Vec::new();
        let mut next = || -> Result<bool, RecordError> {
            let more = records.advance()?;
            if more {
                let record = records.record()?;
                let row = (0..record.len()).map(|at| record.get(at).map(Cow::into_owned)).collect();
                rows.push((records.line(), row));
            }
            Ok(more)
        };
        loop {
            match next() {
                Ok(true) => {}
                Ok(false) => return Ok(rows),
                Err(RecordError::Malformed { line, why }) => return Err((line, why)),
                Err(RecordError::Io(error)) => panic!("{error}"),
            }
        }
    }

    fn rows(text: &str) -> Vec<Row> {
        read(text.as_bytes(), 7).unwrap().into_iter().map(|(_, row)| row).collect()
    }

    fn row(fields: &[Option<&str>]) -> Row {
        fields.iter().map(|field| field.map(str::to_owned)).collect()
    }

    #[test]
    fn null_is_not_the_empty_string() {
        assert_eq!(rows("a,,\"\""), [row(&[Some("a"), None, Some("")])]);
        assert_eq!(rows(",\n"), [row(&[None, None])]);
    }

    #[test]
    fn every_line_end_and_none_at_the_end() {
        let expected = [row(&[Some("a"), Some("b")]), row(&[Some("c"), Some("d")]), row(&[Some("e"), Some("f")])];
        assert_eq!(rows("a,b\r\nc,d\ne,f"), expected);
        assert_eq!(rows("a,b\n\"c\",\"d\"\r\ne,f\r\n"), expected);
        assert_eq!(rows("\u{FEFF}a,b\nc,d\ne,\"f\"\r"), expected);
        assert_eq!(rows(""), [] as [Row; 0]);
        assert_eq!(rows("\u{FEFF}"), [] as [Row; 0]);
    }

    #[test]
    fn quotes_hold_anything() {
        assert_eq!(rows("\"a\"\"b\",\"c,\r\nd\",\"\"\"\"\n"), [row(&[Some("a\"b"), Some("c,\r\nd"), Some("\"")])]);
        assert_eq!(rows("6\" pipe,a\"\"b"), [row(&[Some("6\" pipe"), Some("a\"\"b")])]);
    }

    #[test]
    fn lines_are_the_physical_ones() {
        let lines: Vec<u64> =
            read(b"a\n\"b\n\n\"\nc\r\n\n\"\"\"\n\"\nd", 4).unwrap().into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2, 5, 6, 7, 9]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let cases: [(&[u8], u64, &str); 6] = [
            (b"a\n\"b\nc\",\"d\ne\n", 3, "never closed"),
            (b"a\n\"b\nc\"d\n", 3, "after a field's closing quote"),
            (b"a\n\"x\n\xFF\"\n", 3, "not UTF-8"),
            (b"a\rb\rc", 1, "carriage return"),
            (b"a\n\"b\"\rc", 2, "carriage return"),
            (b"\xFF\xFEa\0", 1, "UTF-16"),
        ];
        for (text, line, why) in cases {
            for buffer in [1, 2, 3, 64] {
                let error = read(text, buffer).unwrap_err();
                assert!(error.0 == line && error.1.contains(why), "{error:?} for {text:?}");
            }
        }
    }

    fn write(rows: &[Vec<(Option<String>, bool)>], crlf: bool, last: bool) -> String {
        let mut out = String::new();
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                out.push_str(if crlf { "\r\n" } else { "\n" });
            }
            for (at, (field, quote)) in row.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                match field {
                    None => {}
                    Some(text) if *quote || text.is_empty() || text.contains(['"', ',', '\n', '\r', '\u{FEFF}']) => {
                        out.push_str(&format!("\"{}\"", text.replace('"', "\"\"")));
                    }
                    Some(text) => out.push_str(text),
                }
            }
        }
        if last {
            out.push_str(if crlf { "\r\n" } else { "\n" });
        }
        out
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            table in prop::collection::vec(
                prop::collection::vec((prop::option::of("[ab,\"\r\n é\u{1F600}\u{FEFF}]{0,8}"), any::<bool>()), 2..5),
                1..6,
            ),
            crlf in any::<bool>(),
            last in any::<bool>(),
            buffer in 1usize..40,
        ) {
            let text = write(&table, crlf, last);
            let expected: Vec<Row> =
                table.iter().map(|row| row.iter().map(|(field, _)| field.clone()).collect()).collect();
            let got: Vec<Row> = read(text.as_bytes(), buffer).unwrap().into_iter().map(|(_, row)| row).collect();
            prop_assert_eq!(got, expected);
        }

        #[test]
        fn no_bytes_make_it_panic_and_the_buffer_does_not_matter(
            bytes in prop::collection::vec(prop::sample::select(b"a,\"\r\n\xC3\xA9\xFF".to_vec()), 0..40),
            buffer in 1usize..40,
        ) {
            prop_assert_eq!(read(&bytes, buffer), read(&bytes, 4096));
        }
    }
}
