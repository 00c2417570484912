//! Counts, then runs the streams, and ends all of them when one fails.

use super::connect::Server;
use super::describe::{self, Found, text};
use super::failure::{self, words};
use super::identity::Identity;
use super::native::{NativeColumn, Wire};
use super::snapshot::{self, Snapshot};
use super::sql::{qualified, select};
use super::stream;
use crate::endpoint::{EndpointError, ExportRequest, Exported, ServerAddress, Sink};
use crate::table::PortableType;
use arrow::datatypes::{Field, Schema, SchemaRef};
use mysql::prelude::Queryable;
use mysql::{Conn, Row};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often to ask whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// `ER_NO_SUCH_THREAD`: it has ended by itself.
const NO_SUCH_THREAD: u16 = 1094;

/// What all streams of an export have in common.
pub struct Shared<'a> {
    /// The table's address.
    pub address: &'a ServerAddress,
    /// Of the batches.
    pub schema: SchemaRef,
    /// Of the columns, as requested.
    pub types: Vec<PortableType>,
    /// Of the columns, as they arrive.
    pub wires: Vec<Wire>,
    /// Takes the batches.
    pub sink: &'a dyn Sink,
    /// Set with the first error.
    pub stop: AtomicBool,
    /// Rows delivered.
    pub rows: AtomicU64,
    /// The streams' connections, by the server's numbers for them; `None` where the connection of
    /// [`Control`] leads to another server.
    ids: Vec<Option<u64>>,
    control: Mutex<Control>,
    first_error: Mutex<Option<EndpointError>>,
}

/// A connection of its own, to end the streams with.
struct Control {
    conn: Conn,
    /// Once it was tried: whether the server has ended them all.
    ended: Option<bool>,
}

impl Shared<'_> {
    /// Ends the export for this reason, unless it has ended already. Says whether the server has
    /// ended the streams, so that nothing more comes.
    pub fn abort(&self, error: EndpointError) -> bool {
        locked(&self.first_error).get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
        let mut control = locked(&self.control);
        if let Some(ended) = control.ended {
            return ended;
        }
        let mut ended = self.ids.iter().all(Option::is_some);
        for id in self.ids.iter().flatten() {
            match control.conn.query_drop(format!("KILL CONNECTION {id}")) {
                Ok(()) => {}
                Err(error) if failure::code(&error) == Some(NO_SUCH_THREAD) => {}
                Err(error) => {
                    tracing::debug!("{}: connection {id} could not be ended: {}", self.address.shown, words(&error));
                    ended = false;
                }
            }
        }
        control.ended = Some(ended);
        ended
    }
}

/// Streams the requested rows.
///
/// # Errors
/// See [`Endpoint::export`](crate::endpoint::Endpoint::export).
pub fn export(server: &Server<'_>, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
    let address = server.address;
    let mut control = server.connect()?;
    let found = describe::find(&mut control, address)?;
    let columns = choose(address, &found, request)?;
    let filter = request.filter.as_deref();
    let table = qualified(&found.schema, &found.table);
    let what: Vec<String> = columns.iter().map(|column| column.projection()).collect();
    let what = what.join(", ");

    let Snapshot { mut streams, key, consistency } = snapshot::open(server, &found, filter, request.streams.max(1))?;
    let asking = |error| failure::query(address, "starting a transaction", words(&error));
    let home = Identity::of(&mut control).map_err(asking)?.server;
    let mut ids = Vec::with_capacity(streams.len());
    for (conn, _) in &mut streams {
        let there = Identity::of(conn).map_err(asking)?;
        ids.push(there.id.filter(|_| there.server == home));
    }
    let fields: Vec<Field> = request.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    let shared = Shared {
        address,
        schema: Arc::new(Schema::new(fields)),
        types: request.columns.iter().map(|column| column.ty.clone()).collect(),
        wires: columns.iter().map(|column| column.wire()).collect(),
        sink,
        stop: AtomicBool::new(false),
        rows: AtomicU64::new(0),
        ids,
        control: Mutex::new(Control { conn: control, ended: None }),
        first_error: Mutex::new(None),
    };
    let counted = watched(&shared, || {
        let Some((first, _)) = streams.first_mut() else {
            shared.abort(failure::connect(address, "no connection was opened"));
            return None;
        };
        // Counted in one piece, over all ranges, so that a gap between them would show.
        let counted = match count(first, &select("COUNT(*)", &table, filter, None)) {
            Ok(counted) => counted,
            Err(why) => {
                shared.abort(failure::query(address, "counting the rows", why));
                return None;
            }
        };
        sink.expect(counted);
        std::thread::scope(|scope| {
            for (conn, range) in streams {
                let sql = select(&what, &table, filter, key.as_deref().map(|key| (key, range)));
                let shared = &shared;
                scope.spawn(move || {
                    if let Err(error) = stream::read(conn, &sql, shared) {
                        shared.abort(error);
                    }
                });
            }
        });
        Some(counted)
    });
    match shared.first_error.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(Exported { rows: shared.rows.into_inner(), counted, consistency }),
    }
}

/// Does the work, and has the server end it as soon as the sink wants no more: a count, or a
/// stream that has not begun, gives no batch to stop at.
fn watched<T>(shared: &Shared<'_>, work: impl FnOnce() -> T) -> T {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(LOOK_EVERY) {
                if shared.sink.stopped() {
                    shared.abort(EndpointError::Stopped);
                    break;
                }
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// The table's columns that are asked for, in that order.
fn choose<'a>(
    address: &ServerAddress,
    found: &'a Found,
    request: &ExportRequest,
) -> Result<Vec<&'a NativeColumn>, EndpointError> {
    if request.columns.is_empty() {
        return Err(failure::query(address, "reading the rows", "no column was asked for"));
    }
    let find = |name: &str| {
        found.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            failure::query(address, "reading the rows", format!("the table has no column `{name}` (any more)"))
        })
    };
    request.columns.iter().map(|column| find(&column.name)).collect()
}

/// Counts by a prepared statement, like the one that will read: both take the filter alike.
fn count(conn: &mut super::connect::Pooled, sql: &str) -> Result<u64, String> {
    let statement = stream::prepare(conn, sql)?;
    let row: Option<Row> = conn.exec_first(&statement, ()).map_err(|error| words(&error))?;
    row.and_then(|row| text(&row, 0)?.parse().ok()).ok_or_else(|| "the server gave no count".to_owned())
}

/// What a lock guards here stays whole, also where a thread has died holding it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
