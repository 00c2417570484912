//! The transactions of a session that writes, and what their errors mean.
//!
//! They are READ COMMITTED: each statement sees what is committed when it begins, and a row that
//! somebody else has locked is waited for and looked at again before it is written. What triggers
//! may depend on (the search path, the time zone) is left as the user's own sessions have it.

use super::super::{EndpointError, WriteError};
use super::connect::Session;
use super::failure::{Verdict, code, is_hidden, is_lost, meaning, words};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::{Error, SimpleQueryMessage};

/// A connection and where it is in its transactions.
pub(super) struct Transactions {
    /// Shared only with whoever takes it over in the end.
    pub session: Arc<Session>,
    pub shown: String,
    pub version: i32,
    pub lock_timeout: Option<Duration>,
    pub blame: Blame,
    /// What is set in each transaction beside the usual, as [`Session::reads`] says where nothing is
    /// written. Who writes has policies and time limits as everybody has: triggers may well have to do
    /// with other tables.
    pub settings: String,
    state: State,
    /// Why the connection broke, once it has.
    lost: Option<String>,
}

/// What an error is traced back to.
pub(super) struct Blame {
    /// The names of the table's columns.
    pub columns: Vec<String>,
    /// The indexes that hold the key, those of partitions too, if they find equal what we do.
    pub key_indexes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    None,
    Open,
    /// A statement failed: the server takes nothing but the end.
    Failed,
}

impl Transactions {
    pub(super) fn new(
        session: Session,
        shown: String,
        version: i32,
        lock_timeout: Option<Duration>,
        blame: Blame,
        settings: String,
    ) -> Self {
        let session = Arc::new(session);
        Self { session, shown, version, lock_timeout, blame, settings, state: State::None, lost: None }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state != State::None
    }

    /// Nothing but a rollback makes sense any more.
    pub(super) fn give_up(&mut self) {
        if self.state == State::Open {
            self.state = State::Failed;
        }
    }

    pub(super) fn begin(&mut self) -> Result<(), WriteError> {
        let doing = "beginning a transaction";
        if self.is_open() {
            return Err(self.endpoint(doing, "one is open already"));
        }
        let lock = match self.lock_timeout {
            // 0 would wait for ever.
            Some(limit) => format!("SET LOCAL lock_timeout = {};", limit.as_millis().clamp(1, i32::MAX as u128)),
            None => String::new(),
        };
        // Compiling a statement that runs once takes longer than it saves.
        let jit = if self.version >= 110_000 { "SET LOCAL jit = off;" } else { "" };
        let settings = &self.settings;
        let encoding = self.session.server().client_encoding();
        // Each value prints in one way only; what was printed is read as it was meant. What a history
        // writes down of this transaction is trueup's own doing.
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {settings} {lock} {jit}
             SET LOCAL client_encoding = '{encoding}';
             SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 3;
             SET LOCAL xmloption = 'content'; SET LOCAL trueup.origin = 'own';
             SET LOCAL idle_in_transaction_session_timeout = 0"
        );
        self.state = State::Open;
        self.execute(doing, &sql)
    }

    pub(super) fn commit(&mut self) -> Result<(), WriteError> {
        let doing = "committing";
        match self.state {
            State::None => Err(self.endpoint(doing, "no transaction is open")),
            // The server would roll back, and call that a success.
            State::Failed => {
                let _ = self.rollback();
                Err(self.endpoint(doing, "a statement of the transaction had failed"))
            }
            State::Open => {
                let done = self.execute(doing, "COMMIT");
                // Whatever came of it, the transaction is over.
                self.state = State::None;
                done
            }
        }
    }

    pub(super) fn rollback(&mut self) -> Result<(), WriteError> {
        if !self.is_open() {
            return Ok(());
        }
        self.state = State::None;
        self.execute("rolling back", "ROLLBACK")
    }

    pub(super) fn execute(&mut self, doing: &str, sql: &str) -> Result<(), WriteError> {
        let done = self.session.run(self.session.client().batch_execute(sql));
        done.map_err(|error| self.failed(doing, &error))
    }

    /// Runs a statement; gives the number it returns, or else of the rows that it wrote.
    pub(super) fn count(&mut self, doing: &str, sql: &str) -> Result<u64, WriteError> {
        let messages = self.session.run(self.session.client().simple_query(sql));
        let messages = messages.map_err(|error| self.failed(doing, &error))?;
        let returned = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        let written = || {
            messages.iter().find_map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                _ => None,
            })
        };
        returned.or_else(written).ok_or_else(|| self.endpoint(doing, "the server does not say how many rows"))
    }

    /// An error of our own.
    pub(super) fn endpoint(&self, doing: &str, why: impl Into<String>) -> WriteError {
        let (address, doing) = (self.shown.clone(), doing.to_owned());
        WriteError::Endpoint(EndpointError::Query { address, doing, why: why.into() })
    }

    /// What a failed statement means.
    pub(super) fn failed(&mut self, doing: &str, error: &Error) -> WriteError {
        self.give_up();
        if is_lost(error) {
            // It can be asked once.
            if self.lost.is_none() {
                let own = Arc::get_mut(&mut self.session);
                self.lost = Some(own.map_or_else(|| words(error), |session| session.why_lost(error)));
            }
            let why = format!("the connection broke: {}", self.lost.as_deref().unwrap_or_default());
            return self.endpoint(doing, why);
        }
        let (address, doing, mut why) = (self.shown.clone(), doing.to_owned(), words(error));
        let constraint = error.as_db_error().and_then(|e| e.constraint());
        if let Some(name) = constraint.filter(|name| !why.contains(*name)) {
            why.push_str(&format!(" (constraint `{name}`)"));
        }
        if let Some(column) = self.blame.column(error) {
            why = format!("column `{column}`: {why}");
        }
        let code = code(error).unwrap_or_default();
        let on_key = constraint.is_some_and(|name| self.blame.key_indexes.iter().any(|index| index == name));
        match meaning(error) {
            Verdict::Conflict => WriteError::Conflict { address, doing, why },
            // A row with this key came into being after the statement had begun.
            Verdict::Refused if code == "23505" && on_key => WriteError::Taken { address, doing, why },
            Verdict::Refused => WriteError::Refused { address, doing, why },
            Verdict::Locked => WriteError::Locked { address, doing, why },
            Verdict::Broken if is_hidden(error) => WriteError::Endpoint(EndpointError::HiddenRows { address, why }),
            Verdict::Broken => WriteError::Endpoint(EndpointError::Query { address, doing, why }),
        }
    }
}

impl Drop for Transactions {
    fn drop(&mut self) {
        if self.is_open() {
            self.session.abandon();
        }
    }
}

impl Blame {
    /// The column that a COPY into the stage stumbled over.
    fn column(&self, error: &Error) -> Option<&str> {
        self.column_in(error.as_db_error()?.where_()?)
    }

    /// From the server's context, as in `COPY trueup_steps_1_0, line 2, column b3: "x"`.
    fn column_in(&self, context: &str) -> Option<&str> {
        let staged = context.strip_prefix("COPY trueup_steps_")?.split_once(", column ")?.1;
        let digits: String = staged.chars().skip(1).take_while(char::is_ascii_digit).collect();
        self.columns.get(digits.parse::<usize>().ok()?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_value_is_traced_to_its_column() {
        let blame = Blame { columns: vec!["id".to_owned(), "name".to_owned()], key_indexes: Vec::new() };
        assert_eq!(blame.column_in("COPY trueup_steps_12_0, line 2, column a1: \"x, column b0\""), Some("name"));
        assert_eq!(blame.column_in("COPY trueup_steps_12_0_after, line 2, column b0: null input"), Some("id"));
        assert_eq!(blame.column_in("COPY trueup_steps_12_0, line 2, column n: \"x\""), None);
        assert_eq!(blame.column_in("COPY other, line 2, column a1"), None);
    }
}
