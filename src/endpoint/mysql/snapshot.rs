//! Transactions that all see the table at one moment.
//!
//! MySQL has no handle to share a snapshot. One transaction started `WITH CONSISTENT SNAPSHOT` is
//! of one moment; several are if the table is locked against writes while they start. Where that
//! lock can't be had at once, one transaction it is.

use super::connect::{Pooled, Server};
use super::describe::{Found, text};
use super::failure::{self, words};
use super::identity::Identity;
use super::sql::{Range, qualified, quote, split};
use crate::endpoint::EndpointError;
use mysql::prelude::Queryable;
use mysql::{Error, Row};

/// Below this many rows, a second stream costs more than it brings.
const ROWS_PER_STREAM: u64 = 50_000;
/// Servers seldom have room for more connections of one user.
const MOST_STREAMS: usize = 16;
const START: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Open transactions of one moment, one per stream.
pub struct Snapshot {
    /// Each with the range of [`key`](Self::key) that it is to read.
    pub streams: Vec<(Pooled, Range)>,
    /// The column that ranges are of; `None` with a single stream.
    pub key: Option<String>,
    /// In words: how the rows are known to be of one moment.
    pub consistency: String,
}

/// Opens up to `wanted` transactions.
///
/// # Errors
/// If not even one can be opened.
pub fn open(
    server: &Server<'_>,
    found: &Found,
    filter: Option<&str>,
    wanted: usize,
) -> Result<Snapshot, EndpointError> {
    if let Some(key) = key_to_split(found, filter) {
        let rows = found.estimated_rows.unwrap_or(0);
        let count = wanted.min(MOST_STREAMS).min(usize::try_from(rows / ROWS_PER_STREAM).unwrap_or(usize::MAX));
        if count > 1 {
            match several(server, found, key, count) {
                Ok(Some(snapshot)) => return Ok(snapshot),
                Ok(None) => tracing::debug!("{}: one stream: this server is too old for more", server.address.shown),
                // No right to lock, someone writing for long, no connection left: one stream does it, too.
                Err(why) => tracing::debug!("{}: one stream, as no lock could be had: {why}", server.address.shown),
            }
        }
    }
    let failed = |error: Error| failure::query(server.address, "starting a transaction", words(&error));
    let mut conns = server.pool(1)?;
    conns.iter_mut().try_for_each(|conn| conn.query_drop(START)).map_err(failed)?;
    let all = Range { from: None, to: None };
    let streams = conns.into_iter().map(|conn| (conn, all)).collect();
    Ok(Snapshot { streams, key: None, consistency: consistency(found.engine.as_deref()) })
}

/// The integer column at the head of the primary key, if splitting by it keeps the moment.
fn key_to_split<'a>(found: &'a Found, filter: Option<&str>) -> Option<&'a str> {
    // A condition that looks into other tables would see each of them unlocked.
    let looks_elsewhere = filter.is_some_and(|filter| {
        let filter = filter.to_ascii_lowercase();
        filter.contains("select") || filter.contains("table")
    });
    if looks_elsewhere || !found.engine.as_deref().is_some_and(|engine| engine.eq_ignore_ascii_case("innodb")) {
        return None;
    }
    let key = found.primary_key.first()?;
    found.columns.iter().any(|column| column.name == *key && column.is_integer()).then_some(key)
}

/// What a single transaction's snapshot is worth with this engine.
fn consistency(engine: Option<&str>) -> String {
    match engine {
        Some(engine) if ["innodb", "rocksdb", "tokudb"].contains(&engine.to_ascii_lowercase().as_str()) => {
            "one transaction with a consistent snapshot".to_owned()
        }
        Some(engine) => format!("none: engine {engine} has no snapshots"),
        None => "one transaction with a consistent snapshot, as far as the engines below the view have one".to_owned(),
    }
}

/// Opens `count` transactions under a lock that is held for as long as that takes. `None` if the
/// server is one whose lock can't be relied on.
fn several(server: &Server<'_>, found: &Found, key: &str, count: usize) -> Result<Option<Snapshot>, String> {
    let said = |error: Error| words(&error);
    let table = qualified(&found.schema, &found.table);
    // Everything slow comes before the lock.
    let mut conns = server.pool(count).map_err(|error| error.to_string())?;
    let mut locker = server.connect().map_err(|error| error.to_string())?;
    let version: Option<Row> = locker.query_first("SELECT version()").map_err(said)?;
    if !cascades_are_locked(&version.and_then(|row| text(&row, 0)).unwrap_or_default()) {
        return Ok(None);
    }
    // The lock holds on one server only.
    let home = Identity::of(&mut locker).map_err(said)?.server;
    for conn in &mut conns {
        if Identity::of(conn).map_err(said)?.server != home {
            return Err("this address leads to several servers".to_owned());
        }
    }
    locker.query_drop("SET SESSION TRANSACTION READ WRITE").map_err(said)?;
    locker.query_drop("SET SESSION lock_wait_timeout = 2").map_err(said)?;
    locker.query_drop(format!("FLUSH NO_WRITE_TO_BINLOG TABLES {table} WITH READ LOCK")).map_err(said)?;
    let started = conns.iter_mut().try_for_each(|conn| {
        conn.query_drop(START)?;
        // Touching the table keeps its definition from changing until this transaction ends.
        conn.query_drop(format!("SELECT 1 FROM {table} LIMIT 1"))
    });
    // Closing the connection unlocks, too, should this fail.
    let unlocked = locker.query_drop("UNLOCK TABLES");
    drop(locker);
    started.and(unlocked).map_err(said)?;

    let Some(first) = conns.first_mut() else { return Err("no connection".to_owned()) };
    let column = quote(key);
    let ends: Option<Row> =
        first.query_first(format!("SELECT MIN({column}), MAX({column}) FROM {table}")).map_err(said)?;
    let end = |at| ends.as_ref().and_then(|row| text(row, at)?.parse::<i128>().ok()).unwrap_or(0);
    let ranges = split(end(0), end(1), count);
    let consistency = match ranges.len() {
        1 => consistency(found.engine.as_deref()),
        n => format!("{n} transactions with consistent snapshots, started under one read lock"),
    };
    let streams = conns.into_iter().zip(ranges).collect();
    Ok(Some(Snapshot { streams, key: Some(key.to_owned()), consistency }))
}

/// Before MySQL 8 and MariaDB 10.4, a foreign key's cascade writes to a table without minding
/// locks on it.
fn cascades_are_locked(version: &str) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
    let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version.to_ascii_lowercase().contains("mariadb") { number >= (10, 4) } else { number >= (8, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::mysql::native::NativeColumn;

    fn found(engine: &str, data_type: &str) -> Found {
        let id = NativeColumn { name: "id".into(), data_type: data_type.into(), ..NativeColumn::default() };
        Found {
            schema: "d".into(),
            table: "t".into(),
            engine: Some(engine.into()),
            columns: vec![id],
            primary_key: vec!["id".into(), "b".into()],
            estimated_rows: None,
        }
    }

    #[test]
    fn only_what_keeps_the_moment_is_split() {
        assert_eq!(key_to_split(&found("InnoDB", "bigint"), Some("a > 1")), Some("id"));
        assert_eq!(key_to_split(&found("InnoDB", "varchar"), None), None);
        assert_eq!(key_to_split(&found("Aria", "int"), None), None);
        assert_eq!(key_to_split(&found("InnoDB", "int"), Some("a IN (SELECT b FROM c)")), None);
    }

    #[test]
    fn the_moment_is_not_promised_where_there_is_none() {
        assert_eq!(consistency(Some("Aria")), "none: engine Aria has no snapshots");
        assert_eq!(consistency(Some("InnoDB")), "one transaction with a consistent snapshot");
    }

    #[test]
    fn old_servers_are_told_apart() {
        assert!(cascades_are_locked("8.0.36"));
        assert!(!cascades_are_locked("5.7.44-log"));
        assert!(cascades_are_locked("10.11.19-MariaDB-0+deb12u1"));
        assert!(!cascades_are_locked("5.5.5-10.3.39-MariaDB"));
    }
}
