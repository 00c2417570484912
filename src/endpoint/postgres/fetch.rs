//! The rows of the loaded keys, decoded as an export's are.

use super::super::{EndpointError, ExportBatch};
use super::connect::Session;
use super::copy::{Frames, Malformed};
use super::decode::{BadCell, Columns};
use super::kind::Kind;
use crate::table::Column;
use arrow::datatypes::{Field, Schema};
use futures::StreamExt;
use std::pin::pin;
use std::sync::Arc;
use tokio_postgres::Error;

/// Why rows could not be read.
pub(super) enum Unread {
    Driver(Error),
    Endpoint(EndpointError),
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

/// Reads all rows of a COPY.
pub(super) fn fetch<'a>(
    session: &Session,
    shown: &str,
    sql: &str,
    columns: &[Column],
    kinds: impl Iterator<Item = &'a Kind>,
) -> Result<ExportBatch, Unread> {
    let protocol = |column: &str, why: String| {
        let (address, column) = (shown.to_owned(), column.to_owned());
        Unread::Endpoint(EndpointError::Protocol { address, column, why })
    };
    let mut rows = Columns::new(kinds.map(|kind| kind.wire).zip(columns.iter().cloned()));
    let mut frames = Frames::new(columns.len());
    let read = session.run(async {
        let mut stream = pin!(session.client().copy_out(sql).await.map_err(Trouble::Driver)?);
        while let Some(message) = stream.next().await {
            let message = message.map_err(Trouble::Driver)?;
            frames.feed(message.as_ref(), |cells| rows.row(cells).map_err(Trouble::Cell))?;
        }
        Ok(())
    });
    match read {
        Ok(()) if frames.ended() => {}
        Ok(()) => return Err(protocol("*", "the rows ended without their end mark".to_owned())),
        Err(Trouble::Driver(error)) => return Err(Unread::Driver(error)),
        Err(Trouble::Frame(Malformed(why))) => return Err(protocol("*", why)),
        Err(Trouble::Cell(BadCell { column, why })) => {
            return Err(protocol(columns.get(column).map_or("*", |column| &column.name), why));
        }
    }
    let fields: Vec<_> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    ExportBatch::new(&Arc::new(Schema::new(fields)), rows.finish()).map_err(|e| protocol("*", e.to_string()))
}
