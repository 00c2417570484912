//! Writing to a table: steps come in chunks, each of one action, and a row is only written while it
//! is still as its step found it.
//!
//! A chunk goes: [`begin`](Writer::begin), [`load`](Writer::load), [`write`](Writer::write),
//! [`commit`](Writer::commit). If `write` wrote fewer rows than were loaded, some have moved: the
//! caller rolls back, begins again, loads, [`fetch`](Writer::fetch)es the rows under lock to see
//! which, and loads and writes the others.

use super::{EndpointError, ExportBatch};
use crate::table::{Column, Fingerprint};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// What a step does to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The row is added.
    Create,
    /// The row's values change.
    Update,
    /// The row goes.
    Delete,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The action that takes it back.
    pub fn inverse(self) -> Self {
        match self {
            Self::Create => Self::Delete,
            Self::Update => Self::Update,
            Self::Delete => Self::Create,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The table that is written, and how its columns take part. All positions are positions in
/// `columns`, which are all of the table's columns in its own order.
#[derive(Clone, Debug)]
pub struct WriteTable {
    /// Every column of the table, in the portable type that `before` and `after` have.
    pub columns: Vec<Column>,
    /// The columns of the unique key.
    pub key: Vec<usize>,
    /// Whether there is none, and `key` is what is known of a row: NULL is a value in it then, and
    /// several rows may have the same. Rows are only created and deleted.
    pub whole: bool,
}

/// Steps of one action, to be written together. Key values are never NULL, but for whole rows.
///
/// Of deletes of whole rows, each row is loaded once, however many copies of it there are; all of
/// them are deleted. Of creates every copy is loaded.
#[derive(Clone, Debug)]
pub struct StepBatch {
    /// What they do.
    pub action: Action,
    /// The rows as they are to be found, over all columns of [`WriteTable::columns`]; `None` for
    /// creates.
    pub before: Option<ExportBatch>,
    /// The rows as they are to become, over all columns; `None` for deletes.
    pub after: Option<ExportBatch>,
    /// The columns that must still be as in `before` for an update or delete. For a delete these
    /// are all columns.
    pub guard: Vec<usize>,
    /// The columns to set from `after`: for an update those that change in any of its rows, never
    /// the key's.
    pub set: Vec<usize>,
    /// Unique columns, all among `set`, that hand values from row to row within this batch. They
    /// are first set to values that nobody has, in the same transaction.
    pub park: Vec<usize>,
}

impl StepBatch {
    /// How many steps.
    pub fn len(&self) -> usize {
        self.rows().rows.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows whose key columns say which rows are meant.
    pub fn rows(&self) -> &ExportBatch {
        match (&self.before, &self.after) {
            (Some(before), _) => before,
            (None, Some(after)) => after,
            (None, None) => unreachable!("a step has a row before or after it"),
        }
    }
}

/// How to write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// How long to wait for a row that someone else has locked; the database's own default if
    /// `None`.
    pub lock_timeout: Option<Duration>,
    /// Only look: the table itself can't be written in this session.
    pub read_only: bool,
    /// Whether what is written comes from a table of the same system, and is to be stored as it was
    /// there, where that is more than its value says.
    pub as_stored: bool,
}

/// Why writing failed. The transaction under way is lost in every case: roll back.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Someone else was in the way (a deadlock, a serialization failure). The same may well succeed when tried again.
    #[error("{address}: {doing} met another session: {why}")]
    Conflict {
        /// Masked.
        address: String,
        /// What was being done, as in "updating rows".
        doing: String,
        /// In the server's words.
        why: String,
    },
    /// A row with the key of one to be created came into being meanwhile, it seems. The same may well
    /// succeed when tried again; if it does not, the row is not acceptable.
    #[error("{address}: {doing} was refused: {why}")]
    Taken {
        /// Masked.
        address: String,
        /// What was being done.
        doing: String,
        /// In the server's words.
        why: String,
    },
    /// A lock could not be had in time.
    #[error("{address}: {doing} waited too long for a lock: {why}")]
    Locked {
        /// Masked.
        address: String,
        /// What was being done.
        doing: String,
        /// In the server's words.
        why: String,
    },
    /// The database does not accept one of the rows: a constraint, a value that does not fit, a
    /// trigger that raised an error.
    #[error("{address}: {doing} was refused: {why}")]
    Refused {
        /// Masked.
        address: String,
        /// What was being done.
        doing: String,
        /// In the server's words.
        why: String,
    },
    /// Anything else: a lost connection, a missing right.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// A create whose key the table takes for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Its position among the loaded ones.
    pub step: usize,
    /// The key of the row that has it, as printed; `None` if it is that of another create before it.
    pub row: Option<Vec<String>>,
}

/// One session that writes to one table. Dropping it rolls back and closes the session.
pub trait Writer: Send {
    /// Begins a transaction.
    ///
    /// # Errors
    /// If the connection is lost.
    fn begin(&mut self) -> Result<(), WriteError>;

    /// Commits it.
    ///
    /// # Errors
    /// If the connection is lost (nobody knows then whether it was committed), or a deferred
    /// constraint refuses.
    fn commit(&mut self) -> Result<(), WriteError>;

    /// Notes in the table's history, if it has one that the user may write to, when the changes were made
    /// that this transaction has written: by the row's identity (its primary key, or else the unique key),
    /// in microseconds since 1970, UTC, by the server's clock.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn note_times(&mut self, _times: &[(Fingerprint, i64)]) -> Result<(), WriteError> {
        Ok(())
    }

    /// Has constraints that can be checked at the end of the transaction, rather than with each statement,
    /// checked then. Whether there may be such.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn defer(&mut self) -> Result<bool, WriteError> {
        Ok(false)
    }

    /// Leaves in the transaction, right before it is committed, what tells afterwards whether it was:
    /// what [`committed`](Self::committed) is to be asked then. `None` where nothing can be left.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn leave_mark(&mut self) -> Result<Option<String>, WriteError> {
        Ok(None)
    }

    /// Whether the transaction of this mark was committed; `None` if nobody can tell any more.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] while it is still open; else as [`WriteError`] says.
    fn committed(&mut self, _mark: &str) -> Result<Option<bool>, WriteError> {
        Ok(None)
    }

    /// Rolls it back; without one, does nothing.
    ///
    /// # Errors
    /// If the connection is lost: the database rolls back then by itself.
    fn rollback(&mut self) -> Result<(), WriteError>;

    /// Leaves: a connection that can be used again is kept for the next one who needs it. Whoever does
    /// not say so has it closed.
    fn leave(self: Box<Self>) {}

    /// Loads steps in bulk into a temporary table of this session, in place of those loaded
    /// before. Works inside and outside of a transaction.
    ///
    /// # Errors
    /// If a value does not fit its column's type.
    fn load(&mut self, steps: &StepBatch) -> Result<(), WriteError>;

    /// Writes the loaded steps, in one statement (one more where columns are parked). Updates and
    /// deletes only touch rows that still are, byte for byte, as `before` says in the guarded
    /// columns; creates only add rows whose key is not there. How many rows were written.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn write(&mut self) -> Result<u64, WriteError>;

    /// The rows of the table that have the keys of the loaded steps, over all columns of
    /// [`WriteTable::columns`], in no particular order; with `lock`, locked until the transaction
    /// ends.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn fetch(&mut self, lock: bool) -> Result<ExportBatch, WriteError>;

    /// How many rows of each [`Dependent`](super::Dependent) point to the rows that the loaded
    /// deletes would remove. Of a foreign key of the table to itself, also those that are among the
    /// loaded ones: the caller takes them off.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn count_dependents(&mut self, dependents: &[super::Dependent]) -> Result<Vec<u64>, WriteError>;

    /// Which of the loaded creates have a key that the table takes for another one, although that is not
    /// the same byte for byte: by its collation.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn alike(&mut self) -> Result<Vec<Alike>, WriteError>;

    /// The positions of the loaded creates that refer by a foreign key, whose columns are all among those
    /// to be set, to rows that are not there.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn orphans(&mut self, reference: &super::Reference) -> Result<Vec<usize>, WriteError>;

    /// Moves the counters of identity, serial and AUTO_INCREMENT columns past the largest value in
    /// the table that they may give; never backwards, out of their range or off their steps. What a
    /// person should know of those that can't be moved.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    fn advance_counters(&mut self) -> Result<Vec<String>, WriteError>;
}
