//! PostgreSQL, over its own protocol: the catalog describes a table, and a binary COPY, decoded
//! straight into columns, exports it. A COPY into a temporary table and one statement that joins it
//! write it.

mod attributes;
mod bounds;
mod carried;
mod connect;
mod copy;
mod counters;
mod decode;
mod describe;
mod dialect;
mod export;
mod failure;
mod fetch;
mod halt;
mod history;
mod holds;
mod kind;
mod marks;
mod numeric;
mod parameters;
mod park;
mod pgpass;
mod pool;
mod quote;
mod split;
mod stage;
mod statements;
mod stream;
mod target;
mod text;
mod tls;
mod transaction;
mod write;

#[cfg(test)]
pub(super) use kind::catalog;

use super::{
    Clock, Dialect, Endpoint, EndpointError, ExportRequest, Exported, History, ServerAddress, Sink, Target,
    WriteOptions, WriteTable, Writer,
};
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
        let found = describe::Relation::find(&session, &self.address).and_then(|relation| {
            let mut info = relation.info;
            info.restricted |= bounds::hides_rows(&session, &self.address)?;
            info.notes.extend(bounds::raised_limits(&session, &self.address)?);
            Ok(info)
        });
        session.close();
        found
    }

    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
        export::export(&self.address, request, sink)
    }

    fn target(&self) -> Result<Option<Target>, EndpointError> {
        let session = connect::Session::open(&self.address, None)?;
        let target = target::target(&session, &self.address);
        session.close();
        target.map(Some)
    }

    fn writer(&self, table: &WriteTable, options: &WriteOptions) -> Result<Option<Box<dyn Writer>>, EndpointError> {
        Ok(Some(Box::new(write::PostgresWriter::open(&self.address, table, options)?)))
    }

    fn clock(&self) -> Result<Option<Clock>, EndpointError> {
        history::clock(&self.address).map(Some)
    }

    fn history(&self) -> Option<Box<dyn History>> {
        Some(Box::new(history::PostgresHistory { address: self.address.clone() }))
    }

    fn dialect(&self) -> Option<(Box<dyn Dialect>, String)> {
        let schema = self.address.schema.as_deref().unwrap_or(connect::DEFAULT_SCHEMA);
        Some((Box::new(dialect::PostgresDialect), quote::qualified(schema, &self.address.table)))
    }
}
