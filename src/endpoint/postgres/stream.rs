//! One stream of rows: a COPY decoded to batches.
//!
//! The connection is driven by the thread that decodes, so no row changes threads on its way;
//! the sink, which may wait, is called outside of the runtime.

use super::super::{EndpointError, ExportBatch, Sink, Turn};
use super::connect::Session;
use super::copy::{Frames, Malformed};
use super::decode::{BadCell, Columns};
use super::failure::{failed, is_lost};
use super::halt::Halt;
use super::kind::Wire;
use crate::table::Column;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::{Stream, abortable};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Error;

/// What all streams of an export share.
pub(super) struct Shared<'a> {
    pub shown: &'a str,
    pub columns: &'a [Column],
    pub wires: &'a [Wire],
    pub schema: SchemaRef,
    pub sink: &'a dyn Sink,
    pub halt: &'a Halt,
    /// Rows handed to the sink.
    pub rows: AtomicU64,
}

impl Shared<'_> {
    /// Empty columns of the requested types.
    pub(super) fn columns(&self) -> Columns {
        Columns::new(self.wires.iter().copied().zip(self.columns.iter().cloned()))
    }

    /// Runs one COPY to its end. Rows that fill no batch stay in `columns`. Ends early, without
    /// an error of its own, when another stream has failed.
    pub(super) fn copy(&self, session: &mut Session, sql: &str, columns: &mut Columns) -> Result<(), EndpointError> {
        let begun = session.run(session.client().copy_out(sql));
        let (stream, handle) = match begun {
            Ok(stream) => abortable(stream),
            Err(e) => return Err(self.broken(session, &e)),
        };
        self.halt.watch(handle);
        let mut stream = pin!(stream);
        let mut frames = Frames::new(self.columns.len());
        loop {
            match session.run(fill(stream.as_mut(), &mut frames, columns)) {
                Ok(true) => self.flush(columns)?,
                Ok(false) => break,
                Err(Trouble::Driver(e)) => return Err(self.broken(session, &e)),
                Err(Trouble::Cell(BadCell { column, why })) => {
                    let column = self.columns.get(column).map_or_else(String::new, |column| column.name.clone());
                    return Err(EndpointError::Protocol { address: self.shown.to_owned(), column, why });
                }
                Err(Trouble::Frame(Malformed(why))) => return Err(self.lost(why)),
            }
        }
        if frames.ended() || self.halt.is_set() {
            Ok(())
        } else {
            Err(self.lost("the stream ended without its end mark".to_owned()))
        }
    }

    /// Hands over what is in the columns.
    pub(super) fn flush(&self, columns: &mut Columns) -> Result<(), EndpointError> {
        let rows = columns.rows();
        if rows == 0 {
            return Ok(());
        }
        let batch = ExportBatch::new(&self.schema, columns.finish())
            .map_err(|e| self.lost(format!("a batch could not be put together: {e}")))?;
        self.sink.send(batch)?;
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        Ok(())
    }

    fn lost(&self, why: String) -> EndpointError {
        EndpointError::Lost { address: self.shown.to_owned(), rows: self.rows.load(Ordering::Relaxed), why }
    }

    fn broken(&self, session: &mut Session, error: &Error) -> EndpointError {
        if is_lost(error) { self.lost(session.why_lost(error)) } else { failed(self.shown, "reading the rows", error) }
    }
}

enum Trouble {
    Driver(Error),
    Frame(Malformed),
    Cell(BadCell),
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Frame(malformed)
    }
}

/// Reads rows until there are enough for a batch; false at the end of the stream.
async fn fill<B: AsRef<[u8]>>(
    mut stream: std::pin::Pin<&mut impl Stream<Item = Result<B, Error>>>,
    frames: &mut Frames,
    columns: &mut Columns,
) -> Result<bool, Trouble> {
    let mut bytes = 0;
    while columns.rows() < ExportBatch::ROWS && bytes < ExportBatch::BYTES {
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(e)) => return Err(Trouble::Driver(e)),
            None => return Ok(false),
        };
        bytes += message.as_ref().len();
        let _turn = Turn::for_bytes(message.as_ref().len());
        frames.feed(message.as_ref(), |cells| columns.row(cells).map_err(Trouble::Cell))?;
    }
    Ok(true)
}
