//! Placeholder while the endpoint is being written.

use super::{Endpoint, EndpointError, ExportRequest, Exported, Sink};
use crate::table::TableInfo;
use std::path::PathBuf;

/// A table of an SQLite file.
pub struct Sqlite {
    path: PathBuf,
    table: String,
}

impl Sqlite {
    /// The table or view `table` of the database file `path`.
    pub fn new(path: PathBuf, table: String) -> Self {
        Self { path, table }
    }
}

impl Endpoint for Sqlite {
    fn describe(&self) -> Result<TableInfo, EndpointError> {
        Err(EndpointError::Unreadable { path: self.path.display().to_string(), why: self.table.clone() })
    }

    fn export(&self, _: &ExportRequest, _: &dyn Sink) -> Result<Exported, EndpointError> {
        Err(EndpointError::Stopped)
    }
}
