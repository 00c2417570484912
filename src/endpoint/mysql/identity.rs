//! Which server a connection leads to, and its number there. Behind one name there may be several
//! servers: a lock on one says nothing about the others, and a number there is someone else's.

use super::describe::text;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Row};

/// A connection, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What tells the server from others.
    pub server: String,
    /// Its number for the connection; `None` if it gave none.
    pub id: Option<u64>,
}

impl Identity {
    /// Asks for it.
    ///
    /// # Errors
    /// If the server can't be asked.
    pub fn of(conn: &mut Conn) -> Result<Self, Error> {
        let row: Option<Row> = conn.query_first(
            "SELECT CONCAT_WS(' ', @@hostname, @@port, @@server_id, @@datadir, @@socket), CONNECTION_ID()",
        )?;
        let cell = |at| row.as_ref().and_then(|row| text(row, at));
        Ok(Self { server: cell(0).unwrap_or_default(), id: cell(1).and_then(|id| id.parse().ok()) })
    }
}
