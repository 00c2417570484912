//! The history of a MySQL or MariaDB table: three triggers that write to `trueup_history` in the
//! table's own database.
//!
//! | file | what |
//! |---|---|
//! | `history_trigger` | what the triggers do |
//! | `history_book` | the notes about histories in the same table |
//! | `history_fit` | whether triggers and table still fit |
//! | `history_install` | making and removing |
//! | `history_forget` | clearing |
//! | `history_bases` | which bases of two-way syncs the table has had |
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
use super::history_book::micros;
use super::history_forget::clear;
use super::history_install::Work;
use super::history_read::View;
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

    fn bases(&self) -> Result<Vec<String>, EndpointError> {
        View::open(&self.0)?.map_or_else(|| Ok(Vec::new()), |view| Ok(view.bases()))
    }

    fn remember(&self, base: &str) -> Result<(), EndpointError> {
        Work::open(&self.0, "writing down a base in the history")?.remember(base)
    }

    fn forget(&self, base: &str) -> Result<(), EndpointError> {
        Work::open(&self.0, "forgetting a base in the history")?.forget_base(base)
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
