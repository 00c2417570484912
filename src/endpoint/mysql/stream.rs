//! Reads one stream of rows into batches. ConnectorX fetches; the loop and the errors are ours.

use super::connect::Pooled;
use super::export::Shared;
use super::failure::{self, source_words, words};
use super::native::Wire;
use crate::endpoint::{EndpointError, ExportBatch, ServerAddress};
use crate::table::PortableBuilder;
use connectorx::sources::mysql::{
    BinaryProtocol, MySQLBinarySourceParser, MySQLSourceError, MySQLSourcePartition, MySQLTypeSystem,
};
use connectorx::sources::{PartitionParser, Produce, SourcePartition};
use connectorx::sql::CXQuery;
use mysql::consts::{ColumnFlags, ColumnType};
use mysql::prelude::Queryable;
use mysql::{Column, DriverError, Error, Params, Statement};
use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// Prepares a statement, and makes sure that the driver hands the text over as it is. It looks
/// for parameters like `:name`, gets lost in some quoted text, and would put a `?` there.
///
/// # Errors
/// In words.
pub fn prepare(conn: &mut Pooled, sql: &str) -> Result<Statement, String> {
    let statement = conn.prep(sql).map_err(|error| words(&error))?;
    // Nothing is sent: the driver refuses named parameters for a statement without names, and
    // misses them for one with names.
    match conn.exec_drop(&statement, Params::Named(HashMap::new())) {
        Err(Error::DriverError(DriverError::NamedParamsForPositionalQuery)) => Ok(statement),
        Err(Error::DriverError(DriverError::MissingNamedParameter(name))) => Err(format!(
            "the driver takes `:{name}` in the condition for a parameter: write it as CONCAT(':', '{name}')"
        )),
        Err(error) => Err(words(&error)),
        Ok(()) => Err("the driver could not say whether it changes the statement".to_owned()),
    }
}

/// Reads all rows of a statement and hands them to the sink.
///
/// # Errors
/// If the statement fails, the stream breaks, or the sink has stopped. The export is aborted
/// then, before the stream is dropped: dropping it would first read all the rest of it.
pub fn read(mut conn: Pooled, sql: &str, shared: &Shared<'_>) -> Result<(), EndpointError> {
    let failed = |why: String| failure::query(shared.address, "reading the rows", why);
    let statement = prepare(&mut conn, sql).map_err(failed)?;
    check(statement.columns(), shared)?;

    let schema: Vec<MySQLTypeSystem> = shared.wires.iter().map(|wire| wire.into()).collect();
    let mut partition = MySQLSourcePartition::<BinaryProtocol>::new(conn, &CXQuery::Naked(sql.to_owned()), &schema);
    let mut parser = partition.parser().map_err(|error| failed(source_words(&error)))?;
    let mut place = Place::default();
    let done = catch_unwind(AssertUnwindSafe(|| pump(&mut parser, shared, &mut place)))
        .unwrap_or_else(|panic| Err(shared.panicked(place, &*panic)));
    let Err(error) = done else { return Ok(()) };
    // After an error of its own, the parser reads no further.
    let over = matches!(error, EndpointError::Lost { .. });
    if !shared.abort(error) && !over {
        // The server would not end it. Better a connection that lives until the program ends
        // than to read gigabytes that nobody wants.
        std::mem::forget(parser);
        std::mem::forget(partition);
    }
    Err(EndpointError::Stopped)
}

/// Where the reading is, for an error that can't say it itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// The column whose cell is being read.
    column: Option<usize>,
}

impl Shared<'_> {
    /// A panic below us, as an error.
    fn panicked(&self, place: Place, panic: &(dyn Any + Send)) -> EndpointError {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let why = format!("the driver gave up on a value: {}", text.unwrap_or("it does not say why"));
        match place.column {
            Some(at) => self.strange(at, why),
            None => self.lost(why),
        }
    }

    /// A cell that makes no sense.
    fn strange(&self, at: usize, why: String) -> EndpointError {
        let column = self.schema.fields().get(at).map_or_else(String::new, |field| field.name().clone());
        EndpointError::Protocol { address: self.address.shown.clone(), column, why }
    }

    fn lost(&self, why: String) -> EndpointError {
        EndpointError::Lost { address: self.address.shown.clone(), rows: self.rows.load(Ordering::Relaxed), why }
    }
}

/// The columns must arrive in the types that they will be taken as.
fn check(columns: &[Column], shared: &Shared<'_>) -> Result<(), EndpointError> {
    if columns.len() != shared.wires.len() {
        return Err(failure::query(
            shared.address,
            "reading the rows",
            "the server sends other columns than asked for",
        ));
    }
    for ((column, wire), field) in columns.iter().zip(&shared.wires).zip(shared.schema.fields()) {
        if !wire.fits(column) {
            return Err(unexpected(shared.address, field.name(), column));
        }
    }
    Ok(())
}

fn unexpected(address: &ServerAddress, name: &str, column: &Column) -> EndpointError {
    EndpointError::Protocol {
        address: address.shown.clone(),
        column: name.to_owned(),
        why: format!("the server sends it as {:?}, which was not expected", column.column_type()),
    }
}

impl Wire {
    /// Whether a column of the result is of this type.
    fn fits(self, column: &Column) -> bool {
        use ColumnType as T;
        let ty = column.column_type();
        let small = matches!(
            ty,
            T::MYSQL_TYPE_TINY | T::MYSQL_TYPE_SHORT | T::MYSQL_TYPE_INT24 | T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_YEAR
        );
        let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
        match self {
            Self::Signed => small || ty == T::MYSQL_TYPE_LONGLONG && !unsigned,
            Self::Unsigned => (small || ty == T::MYSQL_TYPE_LONGLONG) && unsigned,
            Self::Float32 => ty == T::MYSQL_TYPE_FLOAT,
            Self::Float64 => ty == T::MYSQL_TYPE_DOUBLE,
            Self::Bytes => matches!(
                ty,
                T::MYSQL_TYPE_STRING
                    | T::MYSQL_TYPE_VAR_STRING
                    | T::MYSQL_TYPE_VARCHAR
                    | T::MYSQL_TYPE_TINY_BLOB
                    | T::MYSQL_TYPE_BLOB
                    | T::MYSQL_TYPE_MEDIUM_BLOB
                    | T::MYSQL_TYPE_LONG_BLOB
                    | T::MYSQL_TYPE_ENUM
                    | T::MYSQL_TYPE_SET
                    | T::MYSQL_TYPE_DECIMAL
                    | T::MYSQL_TYPE_NEWDECIMAL
                    | T::MYSQL_TYPE_JSON
            ),
        }
    }
}

impl From<&Wire> for MySQLTypeSystem {
    /// The parser only counts them.
    fn from(wire: &Wire) -> Self {
        match wire {
            Wire::Signed => Self::LongLong(true),
            Wire::Unsigned => Self::ULongLong(true),
            Wire::Float32 => Self::Float(true),
            Wire::Float64 => Self::Double(true),
            Wire::Bytes => Self::Blob(true),
        }
    }
}

fn pump(parser: &mut MySQLBinarySourceParser<'_>, shared: &Shared<'_>, place: &mut Place) -> Result<(), EndpointError> {
    let mut builders: Vec<PortableBuilder> = shared.types.iter().map(PortableBuilder::new).collect();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        if shared.stop.load(Ordering::Relaxed) {
            return Err(EndpointError::Stopped);
        }
        place.column = None;
        let (fetched, last) = parser.fetch_next().map_err(|error| shared.lost(source_words(&error)))?;
        for _ in 0..fetched {
            for (at, (builder, wire)) in builders.iter_mut().zip(&shared.wires).enumerate() {
                place.column = Some(at);
                bytes += cell(parser, *wire, builder).map_err(|error| shared.strange(at, source_words(&error)))?;
            }
            rows += 1;
            if rows >= ExportBatch::ROWS || bytes >= ExportBatch::BYTES {
                deliver(&mut builders, rows, shared)?;
                (rows, bytes) = (0, 0);
            }
        }
        if last {
            break;
        }
    }
    if rows > 0 {
        deliver(&mut builders, rows, shared)?;
    }
    Ok(())
}

/// Takes a cell off the wire; says how long it was.
fn cell(
    parser: &mut MySQLBinarySourceParser<'_>,
    wire: Wire,
    builder: &mut PortableBuilder,
) -> Result<usize, MySQLSourceError> {
    const NUMBER: usize = 8;
    match wire {
        Wire::Signed => match Produce::<Option<i64>>::produce(parser)? {
            Some(value) => builder.integer(value),
            None => builder.null(),
        },
        Wire::Unsigned => match Produce::<Option<u64>>::produce(parser)? {
            Some(value) => builder.unsigned(value),
            None => builder.null(),
        },
        Wire::Float32 => match Produce::<Option<f32>>::produce(parser)? {
            Some(value) => builder.float32(value),
            None => builder.null(),
        },
        Wire::Float64 => match Produce::<Option<f64>>::produce(parser)? {
            Some(value) => builder.float(value),
            None => builder.null(),
        },
        Wire::Bytes => match Produce::<Option<Vec<u8>>>::produce(parser)? {
            Some(value) => {
                builder.bytes(&value);
                return Ok(value.len());
            }
            None => builder.null(),
        },
    }
    Ok(NUMBER)
}

fn deliver(builders: &mut [PortableBuilder], rows: usize, shared: &Shared<'_>) -> Result<(), EndpointError> {
    let columns = builders.iter_mut().map(PortableBuilder::finish).collect();
    let batch = ExportBatch::new(&shared.schema, columns)
        .map_err(|error| failure::query(shared.address, "building a batch", error.to_string()))?;
    // After the first error nothing more is delivered.
    if shared.stop.load(Ordering::Relaxed) {
        return Err(EndpointError::Stopped);
    }
    shared.sink.send(batch)?;
    shared.rows.fetch_add(rows as u64, Ordering::Relaxed);
    Ok(())
}
