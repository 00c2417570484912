//! Lines that nobody changes unseen: each JSON object has a checksum as its last field, `sum`, of itself
//! and of the checksum of the line before. So none can be changed, taken out or moved; that lines are
//! missing at the end is not seen by them alone.

use crate::snapshot::bytes_hash;

/// What stands before the checksum.
const FIELD: &str = ",\"sum\":\"";
/// What stands after it.
const END: &str = "\"}";
/// Hexadecimal digits of the checksum.
const DIGITS: usize = 16;

/// The checksums of lines so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    last: String,
}

impl Chain {
    /// A JSON object with fields, with its checksum and a line break: the next line.
    pub(super) fn seal(&mut self, object: &str) -> String {
        let fields = object.strip_suffix('}').unwrap_or(object);
        self.last = self.sum(fields);
        format!("{fields}{FIELD}{}{END}\n", self.last)
    }

    /// Whether this is the next line as it was written, with its line break. Only then it is taken in.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        let whole = || {
            let object = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.strip_suffix(END)?;
            let (before, sum) = object.split_at_checked(object.len().checked_sub(DIGITS)?)?;
            let fields = before.strip_suffix(FIELD)?;
            (self.sum(fields) == sum).then(|| sum.to_owned())
        };
        match whole() {
            Some(sum) => {
                self.last = sum;
                true
            }
            None => false,
        }
    }

    /// The checksum of the last line; empty before the first.
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    fn sum(&self, fields: &str) -> String {
        let mut sum = bytes_hash(format!("{}{fields}", self.last).as_bytes());
        sum.truncate(DIGITS);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_as_they_were_written_and_in_order() {
        let mut chain = Chain::default();
        let lines = ["{\"a\":1}", "{\"b\":\"é\"}", "{\"a\":1}"].map(|object| chain.seal(object));
        assert_ne!(lines[0], lines[2]);
        serde_json::from_str::<serde_json::Value>(&lines[1]).unwrap();
        let taken = |order: &[usize]| {
            let mut chain = Chain::default();
            order.iter().take_while(|at| chain.take(lines[**at].as_bytes())).count()
        };
        assert_eq!(taken(&[0, 1, 2]), 3);
        assert_eq!([taken(&[1]), taken(&[0, 2]), taken(&[0, 0]), taken(&[2])], [0, 1, 1, 0]);
        for line in ["", "\n", "{}\n", "\"}\n", ",\"sum\":\"\"}\n"] {
            assert!(!Chain::default().take(line.as_bytes()), "{line}");
        }
    }
}
