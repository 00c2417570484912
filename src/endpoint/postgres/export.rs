//! A whole table at one moment: one snapshot, counted and streamed.
//!
//! The count runs in the same snapshot. If it is quick, it is told before the first batch; a
//! long one (a big table, a slow filter) goes on beside the streams instead of before them.

use super::super::{EndpointError, ExportRequest, Exported, ServerAddress, Sink};
use super::connect::{DEFAULT_SCHEMA, Session};
use super::describe::Relation;
use super::failure::{failed, is_lost};
use super::halt::Halt;
use super::kind::Wire;
use super::quote::{identifier, qualified};
use super::split;
use super::stream::Shared;
use arrow::datatypes::{Field, Schema};
use futures::future::abortable;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long the streams wait for the count: a table that takes longer to count takes a long time
/// to export.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often to ask the sink whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Streams the table to the sink.
pub(super) fn export(
    address: &ServerAddress,
    request: &ExportRequest,
    sink: &dyn Sink,
) -> Result<Exported, EndpointError> {
    let session = Session::open(address, None)?;
    let name = qualified(address.schema.as_deref().unwrap_or(DEFAULT_SCHEMA), &address.table);
    lock(&session, &name)?;
    let relation = Relation::find(&session, address)?;
    let statements = Statements::new(address, &name, &relation, request)?;
    let ranges = split::ranges(&session, &relation, request.streams)?;
    let snapshot = if relation.local { share(&session)? } else { None };

    let halt = Halt::default();
    let fields: Vec<_> = request.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    let shared = Shared {
        shown: &address.shown,
        columns: &request.columns,
        wires: &statements.wires,
        schema: Arc::new(Schema::new(fields)),
        sink,
        halt: &halt,
        rows: AtomicU64::new(0),
    };
    let queue = Queue { statements: &statements, ranges: &ranges, next: AtomicUsize::new(0) };
    // Without a shared snapshot, a second connection would see another moment.
    let streams = if snapshot.is_some() { request.streams.clamp(1, ranges.len()) } else { 1 };
    // Another thread's panic becomes this one's when the scope ends.
    let (session, counted, connections) = std::thread::scope(|scope| {
        let (done, is_done) = mpsc::channel();
        let (halt, shared, queue) = (&halt, &shared, &queue);
        // A count, or a stream that has not begun, gives no batch to stop at.
        let (_over, is_over) = mpsc::channel::<()>();
        scope.spawn(move || {
            while is_over.recv_timeout(LOOK_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                if sink.stopped() {
                    halt.fail(EndpointError::Stopped);
                    break;
                }
            }
        });
        let count = &statements.count;
        let counter = scope.spawn(move || {
            let mut session = session;
            let counted = counted(&mut session, count, shared);
            let _ = done.send(());
            (session, counted)
        });
        let helper = |_| snapshot.as_deref().map(|id| scope.spawn(move || help(address, id, shared, queue)));
        let quick = match &snapshot {
            Some(_) => is_done.recv_timeout(PATIENCE) != Err(mpsc::RecvTimeoutError::Timeout),
            None => is_done.recv().is_ok(),
        };
        if !quick {
            let helpers: Vec<_> = (0..streams).filter_map(helper).collect();
            join(helpers);
            let (session, counted) = join(vec![counter]).remove(0);
            return (session, counted, streams + 1);
        }
        let (mut session, counted) = join(vec![counter]).remove(0);
        if let Some(rows) = counted {
            sink.expect(rows);
            let helpers: Vec<_> = (1..streams).filter_map(helper).collect();
            if let Err(e) = work(&mut session, shared, queue) {
                halt.fail(e);
            }
            join(helpers);
        }
        (session, counted, streams)
    });
    let rows = shared.rows.load(Ordering::Relaxed);
    // Only now may the snapshot and the lock go.
    if halt.is_set() {
        session.cancel()
    } else {
        session.close()
    }
    halt.into_result()?;
    let consistency = match connections {
        1 => "one snapshot (REPEATABLE READ) on one connection".to_owned(),
        n => format!("one snapshot (REPEATABLE READ) shared by {n} connections"),
    };
    Ok(Exported { rows, counted, consistency })
}

/// Waits for all of them; a panic goes on here.
fn join<T>(threads: Vec<std::thread::ScopedJoinHandle<'_, T>>) -> Vec<T> {
    threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
}

/// Takes the lock that any reader takes, before the snapshot: a table emptied or rewritten in
/// between would show neither its old rows nor its new ones. Where only some columns may be read,
/// or for what can't be locked, the first query takes it.
fn lock(session: &Session, name: &str) -> Result<(), EndpointError> {
    let doing = "locking the table against changes of its shape";
    let locked = session
        .execute(doing, &format!("SAVEPOINT lock; LOCK TABLE {name} IN ACCESS SHARE MODE; RELEASE SAVEPOINT lock"));
    match locked {
        Ok(()) => Ok(()),
        Err(_) => session.execute(doing, "ROLLBACK TO SAVEPOINT lock; RELEASE SAVEPOINT lock"),
    }
}

/// A name under which other connections can have this session's snapshot; a stand-by has none.
fn share(session: &Session) -> Result<Option<String>, EndpointError> {
    let doing = "sharing the snapshot";
    let sql = "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_export_snapshot() END";
    match session.query(doing, sql, &[])?.first() {
        Some(row) => row.try_get(0).map_err(|e| session.query_error(doing, &e)),
        None => Ok(None),
    }
}

/// The SQL of one export.
struct Statements {
    count: String,
    select: String,
    filter: Option<String>,
    wires: Vec<Wire>,
}

impl Statements {
    fn new(
        address: &ServerAddress,
        name: &str,
        relation: &Relation,
        request: &ExportRequest,
    ) -> Result<Self, EndpointError> {
        let changed = |why| EndpointError::Query {
            address: address.shown.clone(),
            doing: "exporting".to_owned(),
            why: format!("the table changed its shape: {why}"),
        };
        let mut wires = Vec::with_capacity(request.columns.len());
        let mut list = Vec::with_capacity(request.columns.len());
        for column in &request.columns {
            let Some(at) = relation.info.position(&column.name) else {
                return Err(changed(format!("it has no column `{}`", column.name)));
            };
            let (kind, now) = (&relation.kinds[at], &relation.info.columns[at]);
            if kind.ty != column.ty {
                return Err(changed(format!("column `{}` was {}, is {}", column.name, column.native, now.native)));
            }
            wires.push(kind.wire);
            list.push(kind.asked.expression(&identifier(&column.name)));
        }
        // A comment at the end of the condition must not swallow the parenthesis.
        let filter = request.filter.as_ref().map(|filter| format!("({filter}\n)"));
        let condition = filter.as_ref().map(|f| format!(" WHERE {f}")).unwrap_or_default();
        Ok(Self {
            count: format!("SELECT pg_catalog.count(*) FROM {name}{condition}"),
            select: format!("SELECT {} FROM {name}", list.join(", ")),
            filter,
            wires,
        })
    }

    fn copy(&self, range: &Option<String>) -> String {
        let conditions: Vec<&str> = range.iter().chain(&self.filter).map(String::as_str).collect();
        let condition =
            if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        format!("COPY ({}{condition}) TO STDOUT (FORMAT binary)", self.select)
    }
}

/// The ranges still to be read.
struct Queue<'a> {
    statements: &'a Statements,
    ranges: &'a [Option<String>],
    next: AtomicUsize,
}

/// The rows there are, unless that failed or something else did.
fn counted(session: &mut Session, sql: &str, shared: &Shared<'_>) -> Option<u64> {
    let (counting, handle) = abortable(session.client().query_one(sql, &[]));
    shared.halt.watch(handle);
    let counted = session.run(counting).ok()?.and_then(|row| row.try_get::<_, i64>(0));
    match counted {
        Ok(rows) => u64::try_from(rows).ok(),
        Err(e) => {
            let doing = "counting the rows";
            shared.halt.fail(if is_lost(&e) {
                let (address, doing) = (shared.shown.to_owned(), doing.to_owned());
                EndpointError::Query { address, doing, why: session.why_lost(&e) }
            } else {
                failed(shared.shown, doing, &e)
            });
            None
        }
    }
}

/// Another connection that works in the same snapshot.
fn help(address: &ServerAddress, snapshot: &str, shared: &Shared<'_>, queue: &Queue<'_>) {
    let mut session = match Session::open(address, Some(snapshot)) {
        Ok(session) => session,
        Err(e) => return shared.halt.fail(e),
    };
    match work(&mut session, shared, queue) {
        Ok(()) if !shared.halt.is_set() => session.close(),
        Ok(()) => session.cancel(),
        Err(e) => {
            shared.halt.fail(e);
            session.cancel();
        }
    }
}

/// Reads ranges until none is left.
fn work(session: &mut Session, shared: &Shared<'_>, queue: &Queue<'_>) -> Result<(), EndpointError> {
    let mut columns = shared.columns();
    while !shared.halt.is_set() {
        let Some(range) = queue.ranges.get(queue.next.fetch_add(1, Ordering::Relaxed)) else {
            return shared.flush(&mut columns);
        };
        shared.copy(session, &queue.statements.copy(range), &mut columns)?;
    }
    Ok(())
}
