//! Entries of a history on their way to whoever asked for them.

use super::history_keys::read;
use super::values::push;
use crate::endpoint::carried::{CARRIED, Carried};
use crate::endpoint::{Action, Changes, ExportBatch};
use crate::table::{Column, PortableBuilder, parse_timestamp};
use arrow::datatypes::{Field, Schema, SchemaRef};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::sync::Arc;

/// Entries on their way.
pub(super) struct Reading<'a> {
    key: &'a [Column],
    /// For each column, its place in what was written down.
    places: Vec<usize>,
    schema: SchemaRef,
    builders: Vec<PortableBuilder>,
    actions: Vec<Action>,
    times: Vec<i64>,
    own: Vec<bool>,
    carried: Vec<(usize, Carried)>,
}

impl<'a> Reading<'a> {
    /// Of keys over these columns, whose places in what was written down are these.
    pub(super) fn new(key: &'a [Column], places: Vec<usize>) -> Self {
        let field = |column: &Column| Field::new(&column.name, column.ty.arrow(), true);
        Self {
            key,
            places,
            schema: Arc::new(Schema::new(key.iter().map(field).collect::<Vec<_>>())),
            builders: key.iter().map(|column| PortableBuilder::new(&column.ty)).collect(),
            actions: Vec::new(),
            times: Vec::new(),
            own: Vec::new(),
            carried: Vec::new(),
        }
    }

    /// How many are waiting.
    pub(super) fn len(&self) -> usize {
        self.actions.len() + self.carried.len()
    }

    /// Takes one; false if it can't be read.
    pub(super) fn entry(&mut self, connection: &Connection, row: &Row<'_>) -> rusqlite::Result<bool> {
        let text = |at: usize| row.get_ref(at).map(|value| if let ValueRef::Text(text) = value { text } else { &[] });
        let action = Action::ALL.into_iter().find(|action| action.word().as_bytes() == text(1).unwrap_or_default());
        let time = std::str::from_utf8(text(4)?).ok().and_then(parse_timestamp);
        if let (true, Some((since, _))) = (text(1)? == CARRIED.as_bytes(), time) {
            self.carried.push((self.actions.len(), Carried::read(since, &String::from_utf8_lossy(text(2)?))));
            return Ok(true);
        }
        let (Some(action), Some((time, _)), Some(values)) = (action, time, read(connection, text(2)?, text(3)?)?)
        else {
            return Ok(false);
        };
        if self.places.iter().any(|place| *place >= values.len()) {
            return Ok(false);
        }
        for ((builder, column), place) in self.builders.iter_mut().zip(self.key).zip(&self.places) {
            push(builder, &column.ty, values[*place].as_ref());
        }
        self.actions.push(action);
        self.times.push(time);
        self.own.push(row.get(5)?);
        Ok(true)
    }

    /// Those taken so far.
    pub(super) fn finish(&mut self) -> Result<Changes, arrow::error::ArrowError> {
        let columns = self.builders.iter_mut().map(PortableBuilder::finish).collect();
        Ok(Changes {
            keys: ExportBatch::new(&self.schema, columns)?,
            actions: std::mem::take(&mut self.actions),
            times: std::mem::take(&mut self.times),
            own: std::mem::take(&mut self.own),
            carried: std::mem::take(&mut self.carried),
        })
    }
}
