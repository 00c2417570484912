//! Finds the rows that steps mean: by index where there is one, and then byte for byte.

use super::connect::quoted;
use super::hint::Hints;
use super::load::{Loaded, STEPS};
use super::shape::Shape;
use super::stored::Stored;
use super::values::push;
use crate::endpoint::rows::{Canon, View};
use crate::endpoint::{ExportBatch, WriteError};
use crate::table::PortableBuilder;
use arrow::datatypes::{Field, Schema, SchemaRef};
use rusqlite::{Connection, Row, params_from_iter};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows handed over at once.
const BLOCK: usize = 4_096;

/// Some rows of the table, and the steps that mean them.
pub(super) struct Found {
    /// Per row, the step.
    pub(super) steps: Vec<usize>,
    /// Per row, what says which it is.
    pub(super) identities: Vec<Vec<Stored>>,
    /// The rows, over all columns.
    pub(super) rows: ExportBatch,
}

/// What is done with the rows found.
type Take<'a> = dyn FnMut(Found) -> Result<(), WriteError> + 'a;

/// Finds the rows of the loaded steps; with `strangers`, also those whose keys are the same only
/// to a unique index.
pub(super) fn find(
    connection: &Connection,
    shape: &Shape,
    loaded: &Loaded,
    strangers: bool,
    take: &mut Take<'_>,
) -> Result<(), WriteError> {
    let mut search = Search { shape, keys: Reader::new(shape, &loaded.sought), block: Block::new(shape), take };
    if shape.scans || loaded.odd_keys {
        search.scan(connection, loaded)
    } else {
        search.look_up(connection, loaded, strangers)
    }
}

struct Search<'a, 'b> {
    shape: &'a Shape,
    keys: Reader,
    block: Block,
    take: &'b mut Take<'b>,
}

impl Search<'_, '_> {
    /// By an index on the key's columns, if the table has one.
    fn look_up(&mut self, connection: &Connection, loaded: &Loaded, strangers: bool) -> Result<(), WriteError> {
        let shape = self.shape;
        let failed = |error| shape.failed("reading rows", &error);
        let condition = |(place, at): (usize, &usize)| {
            let collation = shape.collations.as_ref().map(|all| format!(" COLLATE {}", quoted(&all[place])));
            format!("t.{}{} = l.k{at}", shape.column(*at), collation.unwrap_or_default())
        };
        let conditions: Vec<String> = shape.key.iter().enumerate().map(condition).collect();
        // CROSS, so that the steps are gone through and the table is looked up.
        let sql = format!(
            "SELECT {}, l.step FROM {STEPS} AS l CROSS JOIN {} AS t WHERE {}",
            shape.selected(),
            shape.table,
            conditions.join(" AND ")
        );
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let step = row.get::<_, usize>(shape.width()).map_err(failed)?;
            let key = self.keys.key(shape, row, shape.layout.identity.len())?;
            let exact = loaded.keys.get(step).is_some_and(|wanted| *wanted == key);
            if exact || strangers {
                self.block.push(shape, row, step)?;
                self.hand_over(BLOCK)?;
            }
        }
        self.hand_over(1)
    }

    /// Through the whole table: where one key may be stored in several forms, no index knows.
    fn scan(&mut self, connection: &Connection, loaded: &Loaded) -> Result<(), WriteError> {
        let shape = self.shape;
        let failed = |error| shape.failed("reading rows", &error);
        let wanted: HashMap<&[u8], usize> =
            loaded.keys.iter().enumerate().map(|(step, key)| (key.as_slice(), step)).collect();
        let identity: Vec<String> = shape.layout.identity.iter().map(|part| format!("t.{}", part.sql)).collect();
        let keys: Vec<String> = loaded.sought.iter().map(|at| format!("t.{}", shape.column(*at))).collect();
        let sql = format!("SELECT {}, {} FROM {} AS t", identity.join(", "), keys.join(", "), shape.table);
        let mut places: Vec<(usize, Vec<Stored>)> = Vec::new();
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let key = self.keys.row(shape, row, identity.len(), |place| place)?;
            if let Some(step) = wanted.get(key.as_slice()) {
                places.push((*step, identity_of(shape, row).map_err(failed)?));
            }
        }
        let conditions: Vec<String> = identity.iter().map(|part| format!("{part} = ?")).collect();
        let sql = format!("SELECT {} FROM {} AS t WHERE {}", shape.selected(), shape.table, conditions.join(" AND "));
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        for (step, place) in places {
            let mut rows = statement.query(params_from_iter(&place)).map_err(failed)?;
            // Outside of a transaction it may be gone by now.
            if let Some(row) = rows.next().map_err(failed)? {
                self.block.push(shape, row, step)?;
            }
            drop(rows);
            self.hand_over(BLOCK)?;
        }
        self.hand_over(1)
    }

    fn hand_over(&mut self, least: usize) -> Result<(), WriteError> {
        if self.block.steps.len() < least {
            return Ok(());
        }
        (self.take)(self.block.finish(self.shape)?)
    }
}

fn identity_of(shape: &Shape, row: &Row<'_>) -> rusqlite::Result<Vec<Stored>> {
    (0..shape.layout.identity.len()).map(|at| Ok(Stored::of(row.get_ref(at)?))).collect()
}

/// Rows on their way.
struct Block {
    reader: Reader,
    steps: Vec<usize>,
    identities: Vec<Vec<Stored>>,
}

impl Block {
    fn new(shape: &Shape) -> Self {
        let all: Vec<usize> = (0..shape.columns.len()).collect();
        Self { reader: Reader::new(shape, &all), steps: Vec::new(), identities: Vec::new() }
    }

    fn push(&mut self, shape: &Shape, row: &Row<'_>, step: usize) -> Result<(), WriteError> {
        let failed = |error| shape.failed("reading rows", &error);
        let first = shape.layout.identity.len();
        self.identities.push(identity_of(shape, row).map_err(failed)?);
        self.reader.push(shape, row, |at| first + at).map_err(failed)?;
        self.steps.push(step);
        Ok(())
    }

    fn finish(&mut self, shape: &Shape) -> Result<Found, WriteError> {
        Ok(Found {
            rows: self.reader.finish(shape)?,
            steps: std::mem::take(&mut self.steps),
            identities: std::mem::take(&mut self.identities),
        })
    }
}

/// Reads some of the columns.
struct Reader {
    columns: Vec<usize>,
    canon: Canon,
    schema: SchemaRef,
    builders: Vec<PortableBuilder>,
    hints: Vec<Hints>,
    rows: u32,
    /// How values are stored: row, column, and how.
    stored: Vec<(u32, u32, String)>,
}

impl Reader {
    fn new(shape: &Shape, columns: &[usize]) -> Self {
        let of = |at: &usize| &shape.columns[*at];
        let fields: Vec<Field> = columns.iter().map(of).map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
        let own: Vec<_> = columns.iter().map(|at| of(at).clone()).collect();
        Self {
            canon: Canon::new(&own),
            columns: columns.to_vec(),
            schema: Arc::new(Schema::new(fields)),
            builders: columns.iter().map(of).map(|c| PortableBuilder::new(&c.ty)).collect(),
            hints: columns.iter().map(of).map(|c| Hints::new(&c.ty)).collect(),
            rows: 0,
            stored: Vec::new(),
        }
    }

    fn push(&mut self, shape: &Shape, row: &Row<'_>, place: impl Fn(usize) -> usize) -> rusqlite::Result<()> {
        for (nth, (builder, at)) in self.builders.iter_mut().zip(&self.columns).enumerate() {
            let value = row.get_ref(place(nth))?;
            push(builder, &shape.columns[*at].ty, value);
            if let Some(stored) = self.hints[nth].of(value) {
                self.stored.push((self.rows, nth as u32, stored));
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self, shape: &Shape) -> Result<ExportBatch, WriteError> {
        let columns = self.builders.iter_mut().map(PortableBuilder::finish).collect();
        self.rows = 0;
        let batch = ExportBatch::new(&self.schema, columns).map_err(|error| shape.unexpected(&error))?;
        Ok(batch.with_stored(std::mem::take(&mut self.stored)))
    }

    /// The canonical key of a row that holds all columns from `first` on.
    fn key(&mut self, shape: &Shape, row: &Row<'_>, first: usize) -> Result<Vec<u8>, WriteError> {
        let columns = self.columns.clone();
        self.row(shape, row, first, |place| columns[place])
    }

    /// The canonical bytes of these columns in a row that has them at these places behind `first`.
    fn row(
        &mut self,
        shape: &Shape,
        row: &Row<'_>,
        first: usize,
        place: impl Fn(usize) -> usize,
    ) -> Result<Vec<u8>, WriteError> {
        self.push(shape, row, |nth| first + place(nth)).map_err(|error| shape.failed("reading rows", &error))?;
        let batch = self.finish(shape)?;
        let columns: Vec<_> = self.columns.iter().map(|at| shape.columns[*at].clone()).collect();
        let view = View::new(&batch, &columns).ok_or_else(|| shape.unexpected(&"other columns"))?;
        let all: Vec<usize> = (0..columns.len()).collect();
        Ok(self.canon.bytes(&view, 0, &all))
    }
}
