//! Placeholder while the endpoint is being written.

use super::{Endpoint, EndpointError, ExportRequest, Exported, Sink};
use crate::table::TableInfo;
use std::path::PathBuf;

/// A CSV file.
pub struct Csv {
    path: PathBuf,
}

impl Csv {
    /// The table in the CSV file `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Endpoint for Csv {
    fn describe(&self) -> Result<TableInfo, EndpointError> {
        Err(EndpointError::Unreadable { path: self.path.display().to_string(), why: String::new() })
    }

    fn export(&self, _: &ExportRequest, _: &dyn Sink) -> Result<Exported, EndpointError> {
        Err(EndpointError::Stopped)
    }
}
