//! What is between two fields of a CSV file, where nobody has said so: found where it can only be
//! one, else asked for. A file that is split at the wrong place would be a table of other columns.

use super::draft::failed;
use super::records::{RecordError, Records};
use crate::endpoint::{EndpointError, delimiter_name};
use std::fs::File;
use std::io::Read;
use std::path::Path;

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Bytes of a file that are looked at.
const LOOK: usize = 1 << 20;

/// How a file's records are split by one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Split {
    /// Fields of the header.
    header: usize,
    /// Whether all rows have as many.
    all: bool,
    /// Whether any row has as many.
    any: bool,
}

/// What is between two fields; `usual` where the file has but one column, whatever it is.
///
/// # Errors
/// If there are several that it can be, or the file can't be read.
pub(super) fn find_delimiter(path: &Path, usual: u8) -> Result<u8, EndpointError> {
    let file = File::open(path).map_err(|error| failed(path, "reading the file", error))?;
    let mut start = Vec::new();
    file.take(LOOK as u64).read_to_end(&mut start).map_err(|error| failed(path, "reading the file", error))?;
    choose(&start, start.len() < LOOK, usual).map_err(|candidates| {
        let names =
            candidates.iter().map(|byte| format!("`{}`", delimiter_name(*byte))).collect::<Vec<_>>().join(" or ");
        let shown = path.display();
        let first = delimiter_name(candidates.first().copied().unwrap_or(usual));
        EndpointError::Malformed {
            path: shown.to_string(),
            line: Some(1),
            why: format!(
                "its fields may be split at {names}, or not at all: say which, as in csv:{shown}?delimiter={first}"
            ),
        }
    })
}

/// The delimiter of a file that starts like this; if that is not plain, those that it can be.
fn choose(start: &[u8], whole: bool, usual: u8) -> Result<u8, Vec<u8>> {
    let splits: Vec<(u8, Split)> = CANDIDATES
        .into_iter()
        .map(|byte| (byte, split(start, whole, byte)))
        .filter(|(_, split)| split.header > 1)
        .collect();
    let which = |fits: fn(&Split) -> bool| -> Vec<u8> {
        splits.iter().filter(|(_, split)| fits(split)).map(|(byte, _)| *byte).collect()
    };
    let (all, any) = (which(|split| split.all), which(|split| split.any));
    match (all.as_slice(), any.as_slice(), splits.as_slice()) {
        ([only], ..) => Ok(*only),
        // No row but the header is split: a file of one column, or rows that lack fields.
        ([], [], []) => Ok(usual),
        // A row is not as it should be, which reading will say with its line.
        ([], [only], _) => Ok(*only),
        ([], [], [(only, _)]) if *only == usual => Ok(*only),
        ([], [], rest) => Err(rest.iter().map(|(byte, _)| *byte).collect()),
        ([], many, _) | (many, ..) => Err(many.to_vec()),
    }
}

fn split(start: &[u8], whole: bool, delimiter: u8) -> Split {
    let mut out = Split { header: 0, all: true, any: false };
    let mut records = Records::new(start, delimiter, start.len().max(1));
    let mut pending: Option<usize> = None;
    let see = |fields: usize, out: &mut Split| {
        if out.header == 0 {
            out.header = fields;
        } else {
            out.all &= fields == out.header;
            out.any |= fields == out.header;
        }
    };
    loop {
        let next = records.advance();
        // The last record of a file that goes on is not whole: it is only looked at once another one,
        // or what is left of it, follows.
        if (whole || !matches!(next, Ok(false)))
            && let Some(fields) = pending.take()
        {
            see(fields, &mut out);
        }
        match next {
            Ok(true) if records.is_blank() => {}
            Ok(true) => pending = Some(records.fields()),
            // Cut off, or no CSV if it is split here.
            Err(RecordError::Malformed { .. }) if !whole => break,
            Ok(false) => break,
            Err(_) => {
                out.all = false;
                break;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<u8, Vec<u8>> {
        choose(text.as_bytes(), true, b',')
    }

    #[test]
    fn found_where_it_can_only_be_one() {
        for (text, byte) in [
            ("id,name\n1,a\n", b','),
            ("id;name\n1;a\n", b';'),
            ("id\tname\n1\ta\n", b'\t'),
            ("id|name\n1|a\n", b'|'),
            ("id;amount\n1;1,50\n2;2\n", b';'),
            ("\"a;b\",c\n1,\"x;y\"\n", b','),
            ("\u{FEFF}id;name\r\n1;a\r\n\r\n", b';'),
            ("id;name", b';'),
            // One column, whatever its values are.
            ("name\nSmith; John\nx\n", b','),
            ("\"a,b\"\n1\n", b','),
            // Not all rows are whole: reading says so.
            ("id,name,x\n1,a\n2,b,c\n", b','),
            ("id;name;x\n1;a\n2;b;c\n", b';'),
            ("id,name\n1\n", b','),
        ] {
            assert_eq!(chosen(text), Ok(byte), "{text:?}");
        }
        assert_eq!(choose(b"id;name\n1;\"a", false, b','), Ok(b';'), "a file that goes on");
        assert_eq!(choose(b"a\tb,c\n1\t2,3\n", true, b'\t'), Err(vec![b',', b'\t']));
    }

    #[test]
    fn asked_for_where_it_may_be_several() {
        assert_eq!(chosen("id;name,first\n1;Smith,John\n"), Err(vec![b',', b';']));
        assert_eq!(chosen("a|b\n1\n2\n"), Err(vec![b'|']), "perhaps one column of that name");
    }
}
