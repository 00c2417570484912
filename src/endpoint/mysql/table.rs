//! The endpoint itself: a table behind an address.

use super::connect::Server;
use super::dialect::MysqlDialect;
use super::history::{self, MysqlHistory};
use super::session::Purpose;
use super::sql::qualified;
use super::write::MysqlWriter;
use super::{altered, describe, export, rights, target};
use crate::endpoint::{
    Clock, Dialect, Endpoint, EndpointError, ExportRequest, Exported, History, ServerAddress, Sink, Target,
    WriteOptions, WriteTable, Writer,
};
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
        let server = Server::reach(&self.address, Purpose::Read)?;
        let mut conn = server.connect()?;
        let found = describe::find(&mut conn, &self.address)?;
        let mut info = describe::info(&mut conn, &self.address, &found)?;
        info.notes.extend(server.raised.iter().cloned());
        if let Some(why) = rights::hidden_columns(&mut conn, &found) {
            // The server shows those that may be written, though not read.
            let denied: Vec<String> = found.columns.iter().filter(|c| c.denied).map(|c| c.name.clone()).collect();
            if denied.is_empty() {
                let note = "this user may not see all of its columns, and those hidden are not compared";
                info.notes.push(format!("{note}: {why}"));
            }
            info.denied = Some(denied);
        }
        Ok(info)
    }

    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
        export::export(&Server::reach(&self.address, Purpose::Read)?, request, sink)
    }

    fn target(&self) -> Result<Option<Target>, EndpointError> {
        let server = Server::reach(&self.address, Purpose::Read)?;
        let mut conn = server.connect()?;
        let found = describe::find(&mut conn, &self.address)?;
        target::target(&mut conn, &self.address, &found).map(Some)
    }

    fn writer(&self, table: &WriteTable, options: &WriteOptions) -> Result<Option<Box<dyn Writer>>, EndpointError> {
        Ok(Some(Box::new(MysqlWriter::open(&self.address, table, options)?)))
    }

    fn altered(&self) -> Result<Option<String>, EndpointError> {
        altered::altered(&self.address)
    }

    fn clock(&self) -> Result<Option<Clock>, EndpointError> {
        history::clock(&self.address).map(Some)
    }

    fn history(&self) -> Option<Box<dyn History>> {
        Some(Box::new(MysqlHistory(self.address.clone())))
    }

    fn dialect(&self) -> Option<(Box<dyn Dialect>, String)> {
        Some((Box::new(MysqlDialect), qualified(&self.address.database, &self.address.table)))
    }
}
