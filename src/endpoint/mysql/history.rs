//! The history of a MySQL or MariaDB table: three triggers that write to `trueup_history` in the
//! table's own database.
//!
//! | file | what |
//! |---|---|
//! | `history_trigger` | what the triggers do |
//! | `history_book` | the notes about histories in the same table |
//! | `history_fit` | whether triggers and table still fit |
//! | `history_install` | making and removing |
//! | `history_read` | reading changes, with `history_keys` |
//!
//! `row_key` holds values as an export reads them, as text; bytes in hexadecimal digits. `changed_at`
//! is when the statement began that changed the row, by the server's clock (`UTC_TIMESTAMP`): it does
//! not depend on anybody's zone, and replicas have the same. A session that sets `timestamp` itself
//! writes down that time.
//!
//! What sets off no trigger is looked for: `TRUNCATE` and rebuilding give a table a new number in
//! InnoDB, which is part of a mark; who lacks the right PROCESS to see it has the rows counted
//! instead. Foreign keys that change rows of the table are refused.
//!
//! Numbers of `seq` go missing where a transaction is open or was rolled back, and where another
//! table's entries were forgotten; only the first kind is looked for again. Where a binary log is kept
//! by statement, the server warns of the triggers (`seq` is counted on each server by itself): rows or
//! a mixed log are what it should be.

use super::connect::Server;
use super::describe::text;
use super::failure::{self, words};
use super::history_book::{Clear, micros};
use super::history_install::Work;
use super::history_read::View;
use super::history_trigger::literal;
use super::session::Purpose;
use crate::endpoint::{
    Changes, ChangesRead, Clock, EndpointError, History, HistoryMark, HistoryStatus, Installed, ServerAddress,
};
use crate::table::Column;
use mysql::Row;
use mysql::prelude::Queryable;

/// How the server's clock stands. The session is new: nobody has set its time.
///
/// # Errors
/// If the server can't be reached.
pub fn clock(address: &ServerAddress) -> Result<Clock, EndpointError> {
    let failed = |why: String| failure::query(address, "asking for the time", why);
    let mut conn = Server::reach(address, Purpose::Read)?.connect()?;
    let sql = format!("SELECT {}", micros("UTC_TIMESTAMP(6)"));
    Clock::measure(|| {
        let row: Option<Row> = conn.query_first(&sql).map_err(|error| failed(words(&error)))?;
        let time = row.and_then(|row| text(&row, 0)?.parse().ok());
        time.ok_or_else(|| failed("the server gave no time".to_owned()))
    })
}

/// The history of a table.
pub struct MysqlHistory(pub ServerAddress);

impl History for MysqlHistory {
    fn install(&self, key: &[String]) -> Result<Installed, EndpointError> {
        Work::open(&self.0, "installing the history")?.install(key)
    }

    fn status(&self) -> Result<Option<HistoryStatus>, EndpointError> {
        View::open(&self.0)?.map(|mut view| view.status()).transpose()
    }

    fn clear(&self, through: Option<&HistoryMark>) -> Result<u64, EndpointError> {
        let mark = match through {
            Some(mark) => mark.clone(),
            None => match View::open(&self.0)? {
                Some(mut view) => view.end()?,
                None => return Ok(0),
            },
        };
        clear(&mut Work::open(&self.0, "clearing the history")?, mark)
    }

    fn remove(&self) -> Result<bool, EndpointError> {
        Work::open(&self.0, "removing the history")?.remove()
    }

    fn mark(&self) -> Result<Option<HistoryMark>, EndpointError> {
        match View::open(&self.0)? {
            Some(mut view) => view.mark(),
            None => Ok(None),
        }
    }

    fn changes(
        &self,
        since: Option<&HistoryMark>,
        key: &[Column],
        take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
    ) -> Result<ChangesRead, EndpointError> {
        match View::open(&self.0)? {
            Some(mut view) => view.changes(since, key, take),
            None => Ok(ChangesRead::Lacking("it is not installed".to_owned())),
        }
    }
}

/// Forgets what a mark has seen. That is noted first, so that nobody takes what is left for the whole.
fn clear(work: &mut Work<'_>, mark: HistoryMark) -> Result<u64, EndpointError> {
    let Some(book) = work.book()? else { return Ok(0) };
    let Some(install) = &book.install else { return Ok(0) };
    // A mark of another installation has seen nothing of this one.
    if mark.installed.split(' ').next() != Some(&install.note.id) {
        return Ok(0);
    }
    let mine = format!("table_name = {}", literal(&work.name.table));
    let before = book.begin();
    let mark = if mark.seq > before.seq {
        let sql = format!(
            "SELECT MAX(seq), CAST(MAX(changed_at) AS CHAR) FROM {} WHERE {mine} AND seq <= {}",
            work.name.history(),
            mark.seq
        );
        let rows = work.rows(&sql)?;
        let cell = |at| rows.first().and_then(|row| text(row, at));
        let (Some(last), Some(time)) = (cell(0).and_then(|seq| seq.parse().ok()), cell(1)) else { return Ok(0) };
        let note = Clear { table: work.name.table.clone(), mark: mark.clone(), last };
        let note = work.name.note("clear", &serde_json::to_string(&note).unwrap_or_default(), &literal(&time));
        let [insert, delete] = ["INSERT", "DELETE"].map(|right| work.name.right(right));
        let old: Vec<u64> = book.rows.iter().copied().filter(|seq| *seq != install.seq).collect();
        work.guard(&book.settled)?;
        work.run("START TRANSACTION", "")?;
        work.run(&note, &insert)?;
        work.forget(&old, &delete)?;
        work.run("COMMIT", "")?;
        mark
    } else {
        before
    };
    let kept = |seq: u64| mark.gaps.iter().any(|(first, last, _)| (*first..=*last).contains(&seq));
    work.forget_where(&format!("{mine} AND seq <= {}", mark.seq), &|seq| !kept(seq))
}
