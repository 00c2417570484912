//! Rows to batches: one builder per requested column, sent on whenever enough has come together.

use super::{EndpointError, ExportBatch, Sink};
use crate::table::{Column, PortableBuilder};
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::sync::Arc;

/// Collects the rows of one stream and hands them to the sink in batches.
pub(super) struct Batches<'a> {
    schema: SchemaRef,
    builders: Vec<PortableBuilder>,
    sink: &'a dyn Sink,
    /// How values of rows that wait are stored, by row and column.
    stored: Vec<(u32, u32, String)>,
    waiting: usize,
    bytes: usize,
    sent: u64,
}

impl<'a> Batches<'a> {
    /// For rows of these columns.
    pub(super) fn new(columns: &[Column], sink: &'a dyn Sink) -> Self {
        let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            builders: columns.iter().map(|c| PortableBuilder::new(&c.ty)).collect(),
            sink,
            stored: Vec::new(),
            waiting: 0,
            bytes: 0,
            sent: 0,
        }
    }

    /// The builders, in the order of the columns: every one takes one cell of the row.
    pub(super) fn builders(&mut self) -> &mut [PortableBuilder] {
        &mut self.builders
    }

    /// Says how the value that the row under way has in this column is stored.
    pub(super) fn stored(&mut self, column: usize, stored: String) {
        self.stored.push((self.waiting as u32, column as u32, stored));
    }

    /// Ends a row whose values came to about this many bytes.
    pub(super) fn end_row(&mut self, bytes: usize) -> Result<(), EndpointError> {
        self.waiting += 1;
        self.bytes += bytes;
        if self.waiting >= ExportBatch::ROWS || self.bytes >= ExportBatch::BYTES { self.send() } else { Ok(()) }
    }

    /// The rows ended so far, sent or not.
    pub(super) fn rows(&self) -> u64 {
        self.sent + self.waiting as u64
    }

    /// Sends what is left. How many rows were sent in all.
    pub(super) fn finish(mut self) -> Result<u64, EndpointError> {
        if self.waiting > 0 {
            self.send()?;
        }
        Ok(self.sent)
    }

    fn send(&mut self) -> Result<(), EndpointError> {
        let columns = self.builders.iter_mut().map(PortableBuilder::finish).collect();
        let batch = ExportBatch::new(&self.schema, columns).map_err(|error| EndpointError::Protocol {
            address: String::from("the export"),
            column: String::from("*"),
            why: error.to_string(),
        })?;
        self.sink.send(batch.with_stored(std::mem::take(&mut self.stored)))?;
        self.sent += self.waiting as u64;
        (self.waiting, self.bytes) = (0, 0);
        Ok(())
    }
}
