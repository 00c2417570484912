//! The history of a table: who keeps it is one trigger function per installation, in the table's own
//! schema. Names begin with `trueup_history`.
//!
//! | name | what |
//! |---|---|
//! | `trueup_history` | the entries, with the columns that [`History`] tells of, and `installed` |
//! | `trueup_history_tables` | a row per table with triggers: what they were made for, and how far it was cleared; and a row per base that a table has had |
//! | `trueup_history_row` | the trigger for rows that are created, updated, deleted |
//! | `trueup_history_all` | the trigger for `TRUNCATE` |
//! | `trueup_history_TABLE_ID` | the function of both |
//!
//! The triggers are `ENABLE ALWAYS`: what replication writes are changes too. The function is
//! `SECURITY DEFINER`: whoever may write the table may not touch the history. Where it can't tell a
//! row's key (a column was renamed since), it writes an `all` entry rather than failing the write.
//! `own` are the rows that trueup's own statements write, but not what triggers and foreign keys do
//! in their wake: those are changes like any other.
//!
//! A mark's `installed` is made of three words: the installation, a fingerprint, and a horizon.
//! - The fingerprint changes with all that changes rows behind the triggers' backs: it covers the
//!   files of the table and its partitions (`TRUNCATE`, rewriting, partitions that come and go), the
//!   triggers' own rows in the catalog (`DISABLE TRIGGER`), and the server's history (a backup
//!   restored, a stand-by promoted). It also changes with what is harmless (`VACUUM FULL`): then the
//!   next run compares all rows once.
//! - The horizon is a transaction's number: whatever had a number of the history when it was read is
//!   older. Once all older transactions are over, numbers that are still missing will never come.

mod bases;
mod body;
mod clear;
mod install;
mod ranges;
mod read;
mod state;
mod tables;
mod triggers;
mod words;

use self::state::State;
pub(super) use self::triggers::installation;
use super::super::{Changes, ChangesRead, Clock, EndpointError, History, HistoryMark, HistoryStatus, Installed};
use super::super::{HISTORY_TABLE, ServerAddress};
use super::connect::{DEFAULT_SCHEMA, Session};
use super::quote::{literal, qualified};
use crate::table::Column;
use tokio_postgres::SimpleQueryMessage;

/// The trigger for rows.
pub(super) const ROW_TRIGGER: &str = "trueup_history_row";
/// The trigger for `TRUNCATE`.
const ALL_TRIGGER: &str = "trueup_history_all";

/// How long to wait for a lock: whoever waits for the table's lock has all writers wait behind them.
const LOCK_TIMEOUT: &str = "10s";

/// The history of the table at an address.
pub(super) struct PostgresHistory {
    pub address: ServerAddress,
}

impl PostgresHistory {
    fn reading<T>(
        &self,
        work: impl FnOnce(&Place<'_>, &Session) -> Result<T, EndpointError>,
    ) -> Result<T, EndpointError> {
        let session = Session::open(&self.address, None)?;
        let done = work(&Place::new(&self.address), &session);
        if done.is_ok() {
            session.close();
        }
        // Else it is dropped: a stream that broke off is not waited for.
        done
    }

    fn writing<T>(
        &self,
        level: &str,
        work: impl FnOnce(&Place<'_>, &Session) -> Result<T, EndpointError>,
    ) -> Result<T, EndpointError> {
        let session = Session::idle(&self.address)?;
        let place = Place::new(&self.address);
        let begin = format!(
            "BEGIN ISOLATION LEVEL {level} READ WRITE; SET LOCAL client_encoding = '{}';
             SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL TimeZone = 'UTC'; SET LOCAL search_path = pg_catalog;
             SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = {}",
            session.server().client_encoding(),
            literal(LOCK_TIMEOUT)
        );
        session.execute("beginning a transaction", &begin)?;
        let done = work(&place, &session).and_then(|done| session.execute("committing", "COMMIT").map(|()| done));
        match &done {
            Ok(_) => session.close(),
            Err(_) => session.abandon(),
        }
        done
    }
}

impl History for PostgresHistory {
    fn install(&self, key: &[String]) -> Result<Installed, EndpointError> {
        self.writing("READ COMMITTED", |place, session| install::install(place, session, key))
    }

    fn status(&self) -> Result<Option<HistoryStatus>, EndpointError> {
        self.reading(|place, session| State::read(place, session)?.status(place, session))
    }

    fn clear(&self, through: Option<&HistoryMark>) -> Result<u64, EndpointError> {
        self.writing("REPEATABLE READ", |place, session| clear::clear(place, session, through))
    }

    fn remove(&self) -> Result<bool, EndpointError> {
        self.writing("READ COMMITTED", install::remove)
    }

    fn bases(&self) -> Result<Vec<String>, EndpointError> {
        self.reading(bases::bases)
    }

    fn remember(&self, base: &str) -> Result<(), EndpointError> {
        self.writing("READ COMMITTED", |place, session| bases::remember(place, session, base))
    }

    fn forget(&self, base: &str) -> Result<(), EndpointError> {
        self.writing("READ COMMITTED", |place, session| bases::forget(place, session, base))
    }

    fn mark(&self) -> Result<Option<HistoryMark>, EndpointError> {
        self.reading(read::mark)
    }

    fn changes(
        &self,
        since: Option<&HistoryMark>,
        key: &[Column],
        take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
    ) -> Result<ChangesRead, EndpointError> {
        self.reading(|place, session| read::changes(place, session, since, key, take))
    }
}

/// Where a history is, and how to speak of it.
struct Place<'a> {
    address: &'a ServerAddress,
    schema: &'a str,
}

impl<'a> Place<'a> {
    fn new(address: &'a ServerAddress) -> Self {
        Self { address, schema: address.schema.as_deref().unwrap_or(DEFAULT_SCHEMA) }
    }

    /// The table itself, as SQL.
    fn table(&self) -> String {
        qualified(self.schema, &self.address.table)
    }

    /// The table of the entries, as SQL.
    fn entries(&self) -> String {
        qualified(self.schema, HISTORY_TABLE)
    }

    /// The table of the installations, as SQL.
    fn tables(&self) -> String {
        qualified(self.schema, tables::TABLES)
    }

    /// A name in this schema, for a person.
    fn spoken(&self, name: &str) -> String {
        format!("`{}.{name}`", self.schema)
    }

    /// An error of our own.
    fn error(&self, doing: &str, why: impl Into<String>) -> EndpointError {
        EndpointError::Query { address: self.address.shown.clone(), doing: doing.to_owned(), why: why.into() }
    }
}

/// The server's clock against this machine's. A simple query is one round trip.
pub(super) fn clock(address: &ServerAddress) -> Result<Clock, EndpointError> {
    let doing = "asking for the server's time";
    let session = Session::idle(address)?;
    let sql = format!("SELECT {}", micros("pg_catalog.clock_timestamp()"));
    let measured = Clock::measure(|| {
        let answer = session.run(session.client().simple_query(&sql)).map_err(|e| session.query_error(doing, &e))?;
        let time = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        time.ok_or_else(|| Place::new(address).error(doing, "the server gives no time"))
    });
    session.close();
    measured
}

/// Microseconds since 1970, UTC, of an expression that is a timestamptz.
fn micros(expression: &str) -> String {
    format!("(pg_catalog.date_part('epoch', {expression}) * 1000000)::pg_catalog.int8")
}

/// The function of an installation. Names have at most 63 bytes.
fn function_name(table: &str, id: &str) -> String {
    let most = 63 - HISTORY_TABLE.len() - 2 - id.len();
    let end = (0..=most.min(table.len())).rev().find(|end| table.is_char_boundary(*end)).unwrap_or(0);
    format!("{HISTORY_TABLE}_{}_{id}", &table[..end])
}

/// What says that a row is a trigger of a history.
pub(super) fn is_ours(column: &str) -> String {
    format!("{column} IN ({}, {})", literal(ROW_TRIGGER), literal(ALL_TRIGGER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_fit() {
        assert_eq!(function_name("t", "0123456789abcdef"), "trueup_history_t_0123456789abcdef");
        let long = function_name(&"ä".repeat(31), "0123456789abcdef");
        assert!(long.len() <= 63 && long.len() > 60, "{long}");
        assert!(long.ends_with("ä_0123456789abcdef"));
    }
}
