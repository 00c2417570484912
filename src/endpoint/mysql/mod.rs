//! Placeholder while the endpoint is being written.

use super::{Endpoint, EndpointError, ExportRequest, Exported, ServerAddress, Sink};
use crate::table::TableInfo;

/// A table of this system.
pub struct Mysql {
    address: ServerAddress,
}

impl Mysql {
    /// The table behind an address.
    pub fn new(address: ServerAddress) -> Self {
        Self { address }
    }
}

impl Endpoint for Mysql {
    fn describe(&self) -> Result<TableInfo, EndpointError> {
        Err(EndpointError::Connect { address: self.address.shown.clone(), why: "not there yet".into() })
    }

    fn export(&self, _: &ExportRequest, _: &dyn Sink) -> Result<Exported, EndpointError> {
        Err(EndpointError::Stopped)
    }
}
