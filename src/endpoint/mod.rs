//! Where tables live. One folder per system, each with the same few files; a database is added by
//! adding a folder and a line in [`open`].

mod address;
mod batches;
mod carried;
mod charset;
mod dialect;
pub mod disk;
mod error;
mod export;
pub mod file;
mod history;
mod large;
mod mysql;
mod poll;
mod postgres;
mod reading;
mod rows;
mod secret;
mod seen;
mod spelling;
mod sqlite;
mod target;
mod write;

pub(crate) use address::decode as percent_decoded;
pub use address::{Address, AddressError, CsvAddress, ServerAddress, delimiter_name, scrubbed};
pub use carried::Carried;
pub use charset::Charset;
pub use dialect::Dialect;
pub use error::EndpointError;
pub use export::{ExportBatch, ExportRequest, Exported, Interrupt, Other, Sink, Stopped};
use history::unlike_any_other;
pub use history::{Changes, ChangesRead, Clock, HISTORY_TABLE, History, HistoryMark, HistoryStatus, Installed, now};
pub use large::{LARGE, Turn};
pub use reading::Reading;
pub use secret::Secret;
pub use sqlite::{is_odd_text, plainly_stored, read_once_stored, storage_class};
pub use target::{Dependent, Holds, Lacking, OnDelete, Reference, Target, TargetColumn, UniqueIndex};
pub use write::{Action, Alike, StepBatch, WriteError, WriteOptions, WriteTable, Writer};

use crate::table::TableInfo;

/// A live table behind an address: it can describe and export itself.
///
/// Both calls are blocking and read-only, and may be made from any thread. They open connections
/// of their own and close them before they return, also when they fail.
pub trait Endpoint: Send + Sync {
    /// The table's columns, keys and estimated size.
    ///
    /// # Errors
    /// If the system can't be reached or has no such table; names it has that are alike are in
    /// the error.
    fn describe(&self) -> Result<TableInfo, EndpointError>;

    /// Streams the rows as they are at one moment, in batches of the requested columns, to `sink`.
    /// Batches may come from several threads and in any order. `sink.expect` is told the row
    /// count before the first batch wherever it is known.
    ///
    /// Exactly the rows of that moment are delivered, or an error is returned. The end of a
    /// stream is no proof: the caller compares what arrived with [`Exported::counted`].
    ///
    /// # Errors
    /// If the connection is lost, the table changes its shape, or the sink has stopped.
    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError>;

    /// What the table asks of those who write to it; `None` where only a new file can be written.
    /// Read-only.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    fn target(&self) -> Result<Option<Target>, EndpointError> {
        Ok(None)
    }

    /// Takes back a write that broke off, where the system leaves that to the next one who may write
    /// (SQLite does). The first thing that is done before writing, for until then the table can't
    /// even be read.
    ///
    /// # Errors
    /// If the system can't be reached.
    fn recover(&self) -> Result<(), EndpointError> {
        Ok(())
    }

    /// A session that writes to the table; `None` where only a new file can be written.
    ///
    /// # Errors
    /// If the system can't be reached.
    fn writer(&self, _: &WriteTable, _: &WriteOptions) -> Result<Option<Box<dyn Writer>>, EndpointError> {
        Ok(None)
    }

    /// How the system's clock stands against this machine's; `None` for files.
    ///
    /// # Errors
    /// If the system can't be reached.
    fn clock(&self) -> Result<Option<Clock>, EndpointError> {
        Ok(None)
    }

    /// What changes whenever the table's definition may have changed, asked so that any later change gives
    /// another; `None` where each column has a number of its own, or there is no definition.
    ///
    /// # Errors
    /// If the system can't be reached.
    fn altered(&self) -> Result<Option<String>, EndpointError> {
        Ok(None)
    }

    /// The table's history; `None` where the system can't keep one.
    fn history(&self) -> Option<Box<dyn History>> {
        None
    }

    /// How scripts for this system are written, and the table's name in them.
    fn dialect(&self) -> Option<(Box<dyn Dialect>, String)> {
        None
    }
}

/// Each database's types and what they are, for the documentation; `None` where the values decide.
#[cfg(test)]
pub(crate) fn type_catalog() -> Vec<(&'static str, &'static str, Option<crate::table::PortableType>)> {
    let postgres = postgres::catalog().into_iter().map(|(native, ty)| ("PostgreSQL", native, Some(ty)));
    let mysql = mysql::catalog().into_iter().map(|(native, ty)| ("MySQL, MariaDB", native, Some(ty)));
    let sqlite = sqlite::catalog().into_iter().map(|(native, ty)| ("SQLite", native, ty));
    postgres.chain(mysql).chain(sqlite).collect()
}

/// The live endpoint behind an address; `None` for a snapshot folder or Parquet files, which are
/// frozen already.
pub fn open(address: &Address) -> Option<Box<dyn Endpoint>> {
    match address {
        Address::Postgres(server) => Some(Box::new(postgres::Postgres::new(server.clone()))),
        Address::Mysql(server) => Some(Box::new(mysql::Mysql::new(server.clone()))),
        Address::Sqlite { path, table } => Some(Box::new(sqlite::Sqlite::new(path.clone(), table.clone()))),
        Address::Csv(csv) => Some(Box::new(file::Csv::new(csv.path.clone(), csv.delimiter))),
        Address::Parquet(_) | Address::Snapshot(_) => None,
    }
}

/// How scripts for the table behind an address are written, and the table's name in them: a
/// database's own way; for files PostgreSQL's, with the file's name.
pub fn dialect_of(address: &Address) -> Option<(Box<dyn Dialect>, String)> {
    let path = match address {
        Address::Postgres(_) | Address::Mysql(_) | Address::Sqlite { .. } => return open(address)?.dialect(),
        Address::Parquet(path) | Address::Snapshot(path) => path,
        Address::Csv(csv) => &csv.path,
    };
    let Ok(Address::Postgres(server)) = Address::parse("postgres://localhost/files#rows", &|_| None) else {
        return None;
    };
    let (dialect, _) = postgres::Postgres::new(server).dialect()?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let table = dialect.identifier(&name);
    Some((dialect, table))
}
