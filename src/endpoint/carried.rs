//! When the changes were made that trueup carries from one table to another: entries of a history that
//! come after those of the rows that it wrote, in the same transaction. Without one, nobody knows when
//! such a change was made: the entry of the row only says when it was carried.
//!
//! Their `action` is `carried`, and their `changed_at` is when the transaction began. `row_key` is an object:
//!
//! | name | what |
//! |---|---|
//! | `version` | of this format; of another one nothing is known |
//! | `rows` | pairs: the fingerprint of the row's identity in 32 hexadecimal digits, and when its change was made, in microseconds since 1970, UTC, by the clock of the server that has the history |

use crate::table::Fingerprint;
use serde::{Deserialize, Serialize};

/// The `action` of such an entry.
pub(super) const CARRIED: &str = "carried";

const VERSION: u32 = 1;
/// Rows in an entry. Where the same change reaches many rows, they are many entries.
const ROWS: usize = 1_000;

/// When changes were made that trueup itself wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// When the transaction began that wrote them, by the server's clock: changes of trueup's own that
    /// are older are others.
    pub since: i64,
    /// By the row's identity, in microseconds since 1970, UTC, by the server's clock.
    pub times: Vec<(Fingerprint, i64)>,
}

#[derive(Serialize, Deserialize)]
struct Note {
    version: u32,
    rows: Vec<(String, i64)>,
}

impl Carried {
    /// Reads an entry's `row_key`.
    pub(super) fn read(since: i64, text: &str) -> Self {
        let note = serde_json::from_str::<Note>(text).ok().filter(|note| note.version == VERSION);
        let rows = note.map_or_else(Vec::new, |note| note.rows);
        let print = |digits: &str| {
            let print = u128::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 32)?;
            Some(Fingerprint { high: (print >> 64) as u64, low: print as u64 })
        };
        Self { since, times: rows.iter().filter_map(|(digits, time)| Some((print(digits)?, *time))).collect() }
    }
}

/// What is to be written of these rows into `row_key`, an entry each.
pub(super) fn notes(times: &[(Fingerprint, i64)]) -> impl Iterator<Item = String> + '_ {
    times.chunks(ROWS).map(|rows| {
        let row = |(print, time): &(Fingerprint, i64)| (format!("{:016x}{:016x}", print.high, print.low), *time);
        let note = Note { version: VERSION, rows: rows.iter().map(row).collect() };
        serde_json::to_string(&note).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_back_from_as_many_entries_as_needed() {
        let times: Vec<(Fingerprint, i64)> = (0..2_500).map(|at| (Fingerprint { high: at, low: !at }, -5)).collect();
        let all: Vec<String> = notes(&times).collect();
        assert_eq!(all.len(), 3);
        let read = all.iter().flat_map(|text| Carried::read(7, text).times);
        assert_eq!(read.collect::<Vec<_>>(), times);
        assert_eq!(notes(&[]).count(), 0);
    }

    #[test]
    fn what_is_no_such_entry_tells_nothing() {
        for text in ["", "[]", r#"["17"]"#, r#"{"version": 2, "rows": []}"#, r#"{"version": 1, "rows": [["zz", 5]]}"#] {
            assert_eq!(Carried::read(7, text), Carried { since: 7, times: vec![] }, "{text}");
        }
    }
}
