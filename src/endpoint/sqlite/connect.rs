//! Opening a database file, and saying what went wrong with it.

use super::history_state::TABLES;
use crate::endpoint::{
    Clock, Dialect, Endpoint, EndpointError, ExportRequest, Exported, History, Sink, Target, WriteOptions, WriteTable,
    Writer,
};
use crate::table::{TableInfo, nearest};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for a program that is writing.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A table of an SQLite file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: PathBuf,
    table: String,
}

impl Sqlite {
    /// The table or view `table` of the database file `path`.
    pub fn new(path: PathBuf, table: String) -> Self {
        Self { path, table }
    }

    /// A connection of its own, in a transaction that sees one moment from its first read on.
    pub(super) fn connect(&self) -> Result<Connection, EndpointError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY, PATIENCE)?;
        let begin = || {
            connection.execute_batch("BEGIN DEFERRED")?;
            // The first read, which takes the snapshot and finds out if this is a database.
            connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))
        };
        begin().map_err(|error| self.failed("opening", &error))?;
        Ok(connection)
    }

    /// A connection to the file, which must be there.
    pub(super) fn open(&self, access: OpenFlags, patience: Duration) -> Result<Connection, EndpointError> {
        // Asked first, because SQLite has the same few words for all that can be wrong here.
        let about = std::fs::metadata(&self.path).map_err(|error| self.unreadable(error.to_string()))?;
        if about.is_dir() {
            return Err(self.unreadable("it is a folder, not a database file"));
        }
        // Absolute, so that no name means anything else to SQLite, as `:memory:` would.
        let path = std::path::absolute(&self.path).map_err(|error| self.unreadable(error.to_string()))?;
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| self.failed("opening", &error))?;
        connection.busy_timeout(patience).map_err(|error| self.failed("opening", &error))?;
        Ok(connection)
    }

    /// The table as it is named in SQL.
    pub(super) fn quoted_table(&self) -> String {
        quoted(&self.table)
    }

    /// The table as it was given.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// The database file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The address as it may be shown.
    pub(super) fn shown(&self) -> String {
        format!("sqlite:{}#{}", self.path.display(), self.table)
    }

    /// The error for a statement that failed.
    pub(super) fn failed(&self, doing: &str, error: &rusqlite::Error) -> EndpointError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => self.unreadable("it is no SQLite database, or it is encrypted"),
            Some(ErrorCode::ReadOnly) if interrupted(error) => self.unreadable(format!(
                "a write to it was interrupted, and reading alone cannot undo that: open it once with \
                 a program that may write to it ({})",
                message(error)
            )),
            Some(ErrorCode::ReadOnly) => self.unreadable(format!(
                "a database in WAL mode can be read only where its folder may be written to ({})",
                message(error)
            )),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => self.unreadable(message(error)),
            _ => EndpointError::Query { address: self.shown(), doing: doing.to_owned(), why: message(error) },
        }
    }

    /// The error for a table that is not there.
    pub(super) fn no_table(&self, connection: &Connection) -> EndpointError {
        let names = || {
            let sql = "SELECT name FROM main.sqlite_schema \
                       WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
            let mut statement = connection.prepare(sql)?;
            let names = statement.query_map([], |row| row.get(0))?;
            let mut names = names.collect::<rusqlite::Result<Vec<String>>>()?;
            names.retain(|name| !TABLES.contains(&name.as_str()));
            Ok::<_, rusqlite::Error>(names)
        };
        EndpointError::NoTable {
            address: format!("sqlite:{}", self.path.display()),
            table: self.table.clone(),
            suggestion: nearest(&self.table, &names().unwrap_or_default()),
        }
    }

    fn unreadable(&self, why: impl Into<String>) -> EndpointError {
        EndpointError::Unreadable { path: self.path.display().to_string(), why: why.into() }
    }
}

impl Endpoint for Sqlite {
    fn describe(&self) -> Result<TableInfo, EndpointError> {
        super::describe::describe(self)
    }

    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
        super::export::export(self, request, sink)
    }

    fn target(&self) -> Result<Option<Target>, EndpointError> {
        super::target::target(self).map(Some)
    }

    fn recover(&self) -> Result<(), EndpointError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE, PATIENCE)?;
        let read = connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()));
        read.map_err(|error| self.failed("taking back what broke off", &error))
    }

    fn writer(&self, table: &WriteTable, options: &WriteOptions) -> Result<Option<Box<dyn Writer>>, EndpointError> {
        Ok(Some(Box::new(super::writer::SqliteWriter::open(self, table, options)?)))
    }

    fn altered(&self) -> Result<Option<String>, EndpointError> {
        let connection = self.connect()?;
        let tell = || -> rusqlite::Result<String> {
            // No column can go as long as the triggers of a history name it.
            if let Some(installed) = super::history::installation(&connection, self.table())? {
                return Ok(format!("history {installed}"));
            }
            let version: i64 = connection.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
            Ok(format!("schema {version}"))
        };
        tell().map(Some).map_err(|error| self.failed("asking for the version of the tables", &error))
    }

    fn clock(&self) -> Result<Option<Clock>, EndpointError> {
        // It is this machine's own.
        Ok(Some(Clock::default()))
    }

    fn history(&self) -> Option<Box<dyn History>> {
        Some(Box::new(super::history::SqliteHistory::new(self.clone())))
    }

    fn dialect(&self) -> Option<(Box<dyn Dialect>, String)> {
        Some((Box::new(super::script::Script::of(self)), self.quoted_table()))
    }
}

/// An identifier in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether the file needs to be written to before it can be read.
fn interrupted(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY))
}

/// SQLite's own words.
pub(super) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, words) => {
            let words = words.clone().unwrap_or_else(|| code.to_string());
            if code.code == ErrorCode::DatabaseBusy { format!("another program is writing ({words})") } else { words }
        }
        // Its own form repeats the whole statement.
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
