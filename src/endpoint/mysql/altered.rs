//! When a table was last altered, as far as the server tells: to the second.

use super::connect::Server;
use super::describe::{ask, find, is_of, text};
use super::session::Purpose;
use crate::endpoint::{EndpointError, ServerAddress};
use mysql::prelude::Queryable;
use std::time::{Duration, Instant};

/// How long a second may take to be over.
const PATIENCE: Duration = Duration::from_secs(3);

/// See [`Endpoint::altered`](crate::endpoint::Endpoint::altered). A later change must not have the same
/// second: where it is not over, that is waited for.
pub(super) fn altered(address: &ServerAddress) -> Result<Option<String>, EndpointError> {
    let mut conn = Server::reach(address, Purpose::Read)?.connect()?;
    let found = find(&mut conn, address)?;
    // MySQL 8 remembers old answers for a day; MariaDB does not know the setting.
    let _ = conn.query_drop("SET SESSION information_schema_stats_expiry = 0");
    let begun = Instant::now();
    loop {
        let sql = "SELECT table_schema, table_name, CAST(create_time AS CHAR), create_time < NOW() \
                   FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
        let rows = ask(&mut conn, address, sql, (&found.schema, &found.table))?;
        let Some(row) = rows.iter().find(|row| is_of(row, &found)) else { return Ok(None) };
        let over = text(row, 3).as_deref() != Some("0");
        if over || begun.elapsed() > PATIENCE {
            return Ok(text(row, 2));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
