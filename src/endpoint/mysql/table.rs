//! The endpoint itself: a table behind an address.

use super::connect::Server;
use super::{describe, export};
use crate::endpoint::{Endpoint, EndpointError, ExportRequest, Exported, ServerAddress, Sink};
use crate::table::TableInfo;

/// A table of a MySQL or MariaDB server.
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
        let server = Server::reach(&self.address)?;
        let mut conn = server.connect()?;
        let found = describe::find(&mut conn, &self.address)?;
        describe::info(&mut conn, &self.address, &found)
    }

    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
        export::export(&Server::reach(&self.address)?, request, sink)
    }
}
