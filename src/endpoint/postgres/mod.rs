//! PostgreSQL, over its own protocol: the catalog describes a table, and a binary COPY, decoded
//! straight into columns, exports it.

mod connect;
mod copy;
mod decode;
mod describe;
mod export;
mod failure;
mod halt;
mod kind;
mod numeric;
mod parameters;
mod pgpass;
mod quote;
mod split;
mod stream;
mod tls;

use super::{Endpoint, EndpointError, ExportRequest, Exported, ServerAddress, Sink};
use crate::table::TableInfo;

/// A table, view, materialized view or foreign table of a PostgreSQL database.
pub struct Postgres {
    address: ServerAddress,
}

impl Postgres {
    /// The table behind an address.
    pub fn new(address: ServerAddress) -> Self {
        Self { address }
    }
}

impl Endpoint for Postgres {
    fn describe(&self) -> Result<TableInfo, EndpointError> {
        let session = connect::Session::open(&self.address, None)?;
        let relation = describe::Relation::find(&session, &self.address);
        session.close();
        Ok(relation?.info)
    }

    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
        export::export(&self.address, request, sink)
    }
}
