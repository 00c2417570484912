//! What is written down about histories themselves: rows of the history's table with an empty
//! `table_name`, whose `row_key` is JSON.
//!
//! | `action` | what | `changed_at` |
//! |---|---|---|
//! | `install` | an installation, of which entries behind this row are; without `made`, one that was not finished | when it was finished |
//! | `clear` | how far a table's entries were forgotten | from when on the others tell of everything |
//! | `base` | a base of a two-way sync that a table has had | when it was written |
//! | `mark` | what tells whether a transaction of trueup's own was committed (see `marks.rs`) | when |
//! | `guard` | a mark of all tables: what it has seen may be deleted, and is not missed then | when it was written |
//!
//! There is one guard at most, with a number larger than any that was deleted: InnoDB of MySQL before 8.0 and MariaDB before 10.2.4 begins to count, when the server starts, behind
//! the largest number that is there.
use super::describe::{self, text};
use super::failure::{self, words};
use super::history_trigger::literal;
use super::sql::qualified;
use crate::endpoint::{EndpointError, HISTORY_TABLE, HistoryMark, ServerAddress};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Row};
use serde::{Deserialize, Serialize};

/// `ER_NO_SUCH_TABLE`.
const NO_TABLE: u16 = 1146;
/// The version of these notes and of how keys are written.
pub const VERSION: u32 = 1;

/// The columns of the history's table.
pub const COLUMNS: [&str; 6] = ["seq", "table_name", "action", "row_key", "changed_at", "own"];

/// Microseconds since 1970 of a column.
pub fn micros(column: &str) -> String {
    format!("TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', {column})")
}

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// The table.
    pub table: String,
    /// Of the format.
    pub version: u32,
    /// What tells it from others.
    pub id: String,
    /// The columns that rows are known by.
    pub key: Vec<String>,
    /// When the server made each of the triggers; `None` as long as they are not all there.
    pub made: Option<Vec<String>>,
}

/// A clearing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clear {
    /// The table.
    pub table: String,
    /// What was seen of the history, and forgotten.
    pub mark: HistoryMark,
    /// The largest number that was forgotten.
    pub last: u64,
}

/// A base that a table has had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The table.
    pub table: String,
    /// The base's name.
    pub base: String,
}

/// A note with the number of its row and the time there.
#[derive(Clone, Debug)]
pub struct Noted<T> {
    /// The row's number.
    pub seq: u64,
    /// The row's time.
    pub time: i64,
    /// The note.
    pub note: T,
}

/// All notes about one table.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Its installation.
    pub install: Option<Noted<Install>>,
    /// How far it was cleared since.
    pub clear: Option<Noted<Clear>>,
    /// The guard's mark: numbers that it has seen belong to no open transaction, of whichever table.
    pub settled: HistoryMark,
    /// How many other tables have a history here.
    pub others: usize,
    /// The numbers of the notes about the table's installation and clearing.
    pub rows: Vec<u64>,
    /// The bases that the table has had, and the numbers of their notes.
    pub bases: Vec<(u64, String)>,
}

impl Book {
    /// Reads it; `None` if there is no history's table.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn read(conn: &mut Conn, address: &ServerAddress, name: &Name) -> Result<Option<Self>, EndpointError> {
        let sql = format!(
            "SELECT seq, action, row_key, {} FROM {} WHERE table_name = '' AND action <> 'mark' ORDER BY seq",
            micros("changed_at"),
            name.history()
        );
        let rows: Vec<Row> = match conn.query(sql) {
            Ok(rows) => rows,
            Err(error) if failure::code(&error) == Some(NO_TABLE) => return Ok(None),
            Err(error) => return Err(denied(address, "reading the history", &error, &name.right("SELECT"))),
        };
        let mut book = Self::default();
        for row in &rows {
            let cell = |at| text(row, at).unwrap_or_default();
            let (seq, time) = (describe::number(row, 0).unwrap_or(0), cell(3).parse().unwrap_or(0));
            let strange = |error: serde_json::Error| {
                failure::query(address, "reading the history", format!("row {seq} of {HISTORY_TABLE}: {error}"))
            };
            match cell(1).as_str() {
                "install" => {
                    let note: Install = serde_json::from_str(&cell(2)).map_err(strange)?;
                    if note.table == name.table {
                        book.rows.push(seq);
                        book.install = Some(Noted { seq, time, note });
                    } else {
                        book.others += 1;
                    }
                }
                "clear" => {
                    let note: Clear = serde_json::from_str(&cell(2)).map_err(strange)?;
                    if note.table == name.table {
                        book.rows.push(seq);
                        book.clear = Some(Noted { seq, time, note });
                    }
                }
                "base" => {
                    let note: Known = serde_json::from_str(&cell(2)).map_err(strange)?;
                    if note.table == name.table {
                        book.bases.push((seq, note.base));
                    }
                }
                "guard" => book.settled = serde_json::from_str(&cell(2)).map_err(strange)?,
                _ => {}
            }
        }
        let begun = book.install.as_ref().map_or(0, |install| install.seq);
        book.clear = book.clear.filter(|clear| clear.seq > begun);
        Ok(Some(book))
    }

    /// The installation, if it was finished.
    pub fn finished(&self) -> Option<&Noted<Install>> {
        self.install.as_ref().filter(|install| install.note.made.is_some())
    }

    /// Where the entries begin that the history still has.
    pub fn begin(&self) -> HistoryMark {
        let begun = self.install.as_ref().map_or(0, |install| install.seq);
        match &self.clear {
            Some(clear) if clear.note.mark.seq > begun => clear.note.mark.clone(),
            _ => HistoryMark { seq: begun, ..HistoryMark::default() },
        }
    }

    /// From when on it tells of every change.
    pub fn covers_from(&self) -> i64 {
        let times = [self.install.as_ref().map(|note| note.time), self.clear.as_ref().map(|note| note.time)];
        times.into_iter().flatten().max().unwrap_or(0)
    }

    /// Whether an entry may have been forgotten that this mark has not seen.
    pub fn forgot_since(&self, mark: &HistoryMark) -> bool {
        let Some(clear) = &self.clear else { return false };
        let Clear { mark: cleared, last, .. } = &clear.note;
        let lost = |(first, end, _): &(u64, u64, i64)| {
            let end = (*end).min(*last);
            // A gap of the mark is safe as far as it was one when it was cleared.
            *first <= end && !cleared.gaps.iter().any(|gap| gap.0 <= *first && end <= gap.1)
        };
        mark.seq < *last || mark.gaps.iter().any(lost)
    }
}

/// A table, and what its history's statements need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The database.
    pub schema: String,
    /// The table.
    pub table: String,
}

impl Name {
    /// The history's table in statements.
    pub fn history(&self) -> String {
        qualified(&self.schema, HISTORY_TABLE)
    }

    /// The table in statements.
    pub fn qualified(&self) -> String {
        qualified(&self.schema, &self.table)
    }

    /// A right on the history's table, in words.
    pub fn right(&self, right: &str) -> String {
        format!("{right} on {}", self.history())
    }

    /// The statement that writes a note.
    pub fn note(&self, action: &str, note: &str, time: &str) -> String {
        format!(
            "INSERT INTO {} (table_name, action, row_key, changed_at, own) VALUES ('', '{action}', {}, {time}, 0)",
            self.history(),
            literal(note)
        )
    }
}

/// An error of the server; for a missing right, a sentence that names it.
pub fn denied(address: &ServerAddress, doing: &str, error: &Error, right: &str) -> EndpointError {
    let said = words(error);
    let why = match failure::code(error) {
        // Access to a database, a table, a column, a routine; a right on the whole server.
        Some(1044 | 1045 | 1142 | 1143 | 1227 | 1370) => format!("the user lacks the right {right}: {said}"),
        Some(1419) => format!(
            "the server keeps a binary log, where making triggers takes the right SUPER for the user, or the setting \
             log_bin_trust_function_creators = ON for the server: {said}"
        ),
        Some(1205) => format!("other sessions hold the table for too long: {said}"),
        _ => said,
    };
    failure::query(address, doing, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Address;
    use mysql::error::MySqlError;

    fn cleared(seq: u64, gaps: &[(u64, u64)], last: u64) -> Book {
        let mark = mark(seq, gaps);
        let clear = Clear { table: "t".into(), mark, last };
        Book { clear: Some(Noted { seq: 100, time: 5, note: clear }), ..Book::default() }
    }

    fn mark(seq: u64, gaps: &[(u64, u64)]) -> HistoryMark {
        let gaps = gaps.iter().map(|(first, last)| (*first, *last, 0)).collect();
        HistoryMark { seq, gaps, ..HistoryMark::default() }
    }

    #[test]
    fn what_a_mark_has_not_seen_must_still_be_there() {
        let book = cleared(20, &[(5, 7)], 18);
        assert!(!book.forgot_since(&mark(20, &[(5, 7)])));
        assert!(!book.forgot_since(&mark(18, &[(6, 6), (19, 19)])));
        assert!(book.forgot_since(&mark(17, &[])));
        assert!(book.forgot_since(&mark(30, &[(4, 5)])));
        assert!(book.forgot_since(&mark(30, &[(18, 22)])));
        assert!(!Book::default().forgot_since(&mark(0, &[(1, 9)])));
        assert_eq!(book.begin(), mark(20, &[(5, 7)]));
        assert_eq!(book.covers_from(), 5);
    }

    #[test]
    fn a_missing_right_is_named() {
        let Ok(Address::Mysql(address)) = Address::parse("mysql://u@h/d#t", &|_| None) else { panic!("no address") };
        let said = |code| {
            let error = MySqlError { state: "42000".into(), message: "said".into(), code };
            denied(&address, "installing", &Error::MySqlError(error), "TRIGGER on `d`.`t`").to_string()
        };
        assert!(said(1142).contains("the user lacks the right TRIGGER on `d`.`t`: said"), "{}", said(1142));
        assert!(said(1419).contains("SUPER") && said(1419).contains("log_bin_trust_function_creators"));
        assert!(!said(1064).contains("right"));
    }
}
