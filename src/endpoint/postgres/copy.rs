//! The frame of `COPY … (FORMAT binary)` (PostgreSQL's manual, COPY, "Binary Format"): a
//! signature, rows of a count and that many cells with their lengths, and an end mark.
//!
//! Servers send one row a message, but do not promise to; a row may span messages.

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// What the server sent is no binary COPY.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub String);

/// Takes a stream of messages apart.
#[derive(Debug)]
pub(super) struct Frames {
    columns: usize,
    begun: bool,
    ended: bool,
    /// The start of a row whose rest is still to come.
    rest: Vec<u8>,
}

impl Frames {
    /// For rows of this many columns.
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, begun: false, ended: false, rest: Vec::new() }
    }

    /// Whether the end mark came: without it, rows are missing.
    pub(super) fn ended(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// Takes a message; gives each row that is whole by now to `row`.
    pub(super) fn feed<E: From<Malformed>>(
        &mut self,
        message: &[u8],
        mut row: impl FnMut(Cells<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.rest.is_empty() {
            let used = self.take(message, &mut row)?;
            self.rest.extend_from_slice(&message[used..]);
        } else {
            let mut all = std::mem::take(&mut self.rest);
            all.extend_from_slice(message);
            let used = self.take(&all, &mut row)?;
            all.drain(..used);
            self.rest = all;
        }
        Ok(())
    }

    /// How many bytes were used.
    fn take<E: From<Malformed>>(
        &mut self,
        bytes: &[u8],
        row: &mut impl FnMut(Cells<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut left = bytes;
        if !self.begun {
            match header(left)? {
                Some(rest) => left = rest,
                None => return Ok(0),
            }
            self.begun = true;
        }
        while !left.is_empty() {
            if self.ended {
                return Err(Malformed("there is more behind the end mark".to_owned()).into());
            }
            let Some((count, cells)) = left.split_first_chunk() else { break };
            let count = i16::from_be_bytes(*count);
            if count == -1 {
                self.ended = true;
                left = cells;
                continue;
            }
            if usize::try_from(count) != Ok(self.columns) {
                return Err(Malformed(format!("a row has {count} values, {} were asked for", self.columns)).into());
            }
            let Some(length) = length(cells, self.columns)? else { break };
            let (cells, rest) = cells.split_at(length);
            row(Cells { left: cells })?;
            left = rest;
        }
        Ok(bytes.len() - left.len())
    }
}

/// What follows the header, once all of it is there.
fn header(bytes: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let known = bytes.len().min(SIGNATURE.len());
    if bytes[..known] != SIGNATURE[..known] {
        return Err(Malformed("the stream does not begin with the signature of a binary COPY".to_owned()));
    }
    let Some((head, rest)) = bytes.split_first_chunk::<19>() else { return Ok(None) };
    let [.., a, b, c, d, e, f, g, h] = *head;
    // The upper half of the flags changes the format.
    if a != 0 || b != 0 {
        return Err(Malformed(format!("unknown flags {:#010x}", u32::from_be_bytes([a, b, c, d]))));
    }
    Ok(rest.get(u32::from_be_bytes([e, f, g, h]) as usize..))
}

/// How long the cells of a row are together; `None` if they are not all there yet.
fn length(bytes: &[u8], columns: usize) -> Result<Option<usize>, Malformed> {
    let mut at = 0;
    for _ in 0..columns {
        let Some(Some((size, _))) = bytes.get(at..).map(<[u8]>::split_first_chunk::<4>) else { return Ok(None) };
        at += 4;
        match i32::from_be_bytes(*size) {
            -1 => {}
            size => at += usize::try_from(size).map_err(|_| Malformed(format!("a value's length is {size}")))?,
        }
    }
    Ok((at <= bytes.len()).then_some(at))
}

/// The cells of a row, in order; `None` is NULL.
pub(super) struct Cells<'a> {
    left: &'a [u8],
}

impl<'a> Iterator for Cells<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (size, rest) = self.left.split_first_chunk()?;
        // Whole rows only get here: no length but -1 is negative.
        match usize::try_from(i32::from_be_bytes(*size)) {
            Ok(size) => {
                let (cell, rest) = rest.split_at_checked(size)?;
                self.left = rest;
                Some(Some(cell))
            }
            Err(_) => {
                self.left = rest;
                Some(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend([0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend([0, 2, 0, 0, 0, 3, b'a', b'b', b'c', 0xff, 0xff, 0xff, 0xff]);
        out.extend([0, 2, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
        out.extend([0xff, 0xff]);
        out
    }

    type Rows = Vec<Vec<Option<Vec<u8>>>>;

    fn rows(columns: usize, messages: &[&[u8]]) -> Result<(Rows, bool), Malformed> {
        let mut frames = Frames::new(columns);
        let mut out = Vec::new();
        for message in messages {
            frames.feed(message, |cells| {
                out.push(cells.map(|cell| cell.map(<[u8]>::to_vec)).collect());
                Ok::<_, Malformed>(())
            })?;
        }
        Ok((out, frames.ended()))
    }

    #[test]
    fn rows_may_be_cut_anywhere() {
        let all = stream();
        let expected = vec![vec![Some(b"abc".to_vec()), None], vec![Some(Vec::new()), Some(b"x".to_vec())]];
        for cut in 0..=all.len() {
            assert_eq!(rows(2, &[&all[..cut], &all[cut..]]), Ok((expected.clone(), true)), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(rows(2, &bytes), Ok((expected, true)));
    }

    #[test]
    fn without_its_end_a_stream_is_not_whole() {
        let all = stream();
        for cut in 0..all.len() {
            assert!(!rows(2, &[&all[..cut]]).unwrap().1, "cut at {cut}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let all = stream();
        assert!(rows(3, &[&all]).is_err());
        assert!(rows(2, &[b"PGCOPX"]).is_err());
        let mut more = all.clone();
        more.push(0);
        assert!(rows(2, &[&more]).is_err());
        let mut negative = all;
        negative[21] = 0xfe;
        assert!(rows(2, &[&negative]).is_err());
    }
}
