//! The table that is written: its layout, the forms of its values, and how it is named in SQL.

use super::affinity::Affinity;
use super::connect::{Sqlite, quoted};
use super::failure;
use super::form::{Form, forms};
use super::hint::from_text;
use super::layout::{Identity, Layout};
use super::stored::Stored;
use super::taking::Taking;
use super::unique::unique_collations;
use crate::endpoint::rows::{Canon, View};
use crate::endpoint::{EndpointError, ExportBatch, WriteError, WriteTable};
use crate::table::Column;
use rusqlite::Connection;

/// The table that is written.
pub(super) struct Shape {
    pub(super) sqlite: Sqlite,
    /// As it is named in SQL.
    pub(super) table: String,
    /// In the order of [`WriteTable::columns`].
    pub(super) columns: Vec<Column>,
    /// Positions of the key's columns.
    pub(super) key: Vec<usize>,
    /// Per column, that of values from elsewhere.
    pub(super) forms: Vec<Form>,
    /// Per column, that of values which come from SQLite.
    plain: Vec<Form>,
    /// Per column, how it takes values.
    takings: Vec<Taking>,
    /// Whether what is written comes from SQLite.
    as_stored: bool,
    pub(super) layout: Layout,
    pub(super) canon: Canon,
    /// Of the unique index on the key, if there is one.
    pub(super) collations: Option<Vec<String>>,
    /// Whether keys have to be searched for in the whole table.
    pub(super) scans: bool,
    /// Whether nothing identifies a row, and all that is known of it finds it.
    pub(super) whole: bool,
}

impl Shape {
    /// Looks at the table.
    pub(super) fn read(
        sqlite: &Sqlite,
        connection: &Connection,
        table: &WriteTable,
        as_stored: bool,
    ) -> Result<Self, EndpointError> {
        let failed = |error| sqlite.failed("describing the table", &error);
        let layout = Layout::read(connection, sqlite.table()).map_err(failed)?;
        let layout = layout.ok_or_else(|| sqlite.no_table(connection))?;
        if layout.identity.is_empty() {
            let why = "nothing says which of its rows is which".to_owned();
            return Err(EndpointError::Query { address: sqlite.shown(), doing: "writing".to_owned(), why });
        }
        let takings: Vec<Taking> = table.columns.iter().map(|column| Taking::of(&layout, column)).collect();
        let affinities: Vec<Affinity> = takings.iter().map(|taking| taking.affinity).collect();
        let forms = forms(connection, &sqlite.quoted_table(), &table.columns, &affinities).map_err(failed)?;
        let key: Vec<&str> = table.key.iter().map(|at| table.columns[*at].name.as_str()).collect();
        Ok(Self {
            table: format!("main.{}", sqlite.quoted_table()),
            columns: table.columns.clone(),
            key: table.key.clone(),
            // No index finds NULL as a value.
            scans: table.whole || table.key.iter().any(|at| !forms[*at].uniform),
            whole: table.whole,
            collations: match table.whole {
                true => None,
                false => unique_collations(connection, sqlite.table(), &key).map_err(failed)?,
            },
            canon: Canon::new(&table.columns),
            sqlite: sqlite.clone(),
            plain: table.columns.iter().zip(&affinities).map(|(column, own)| Form::first(&column.ty, *own)).collect(),
            as_stored,
            takings,
            forms,
            layout,
        })
    }

    /// A batch over all columns.
    pub(super) fn view<'a>(&self, batch: &'a ExportBatch) -> Result<View<'a>, WriteError> {
        View::new(batch, &self.columns).ok_or_else(|| self.unexpected(&"the steps have other columns than the table"))
    }

    /// Whether writing the same value again might change how it is stored.
    pub(super) fn varies(&self, column: usize) -> bool {
        Form::varies(&self.columns[column].ty, self.takings[column].affinity)
    }

    /// The value to write for a cell: as it was stored where it comes from, if that is known and still
    /// means the same here.
    pub(super) fn written(&self, view: &View<'_>, row: usize, column: usize) -> Stored {
        if let Some(stored) = self.as_it_was(view, row, column) {
            return stored;
        }
        let (cells, other) = (&view.cells[column], view.batch.other(row, column));
        let form = if self.as_stored { &self.plain[column] } else { &self.forms[column] };
        form.store(cells, row, other)
    }

    /// What is said to be stored for a cell, where that is not plain and still means the same here.
    fn as_it_was(&self, view: &View<'_>, row: usize, column: usize) -> Option<Stored> {
        let stored = view.batch.stored(row, column).and_then(from_text)?;
        let (cells, other) = (&view.cells[column], view.batch.other(row, column));
        self.takings[column].means(&stored, cells, row, other).then_some(stored)
    }

    /// Whether a step's key is stored in another way than the values of its columns are, so that no
    /// index finds it by [`store`](Self::store).
    pub(super) fn has_odd_key(&self, view: &View<'_>, row: usize) -> bool {
        let odd = |at: &usize| {
            self.as_it_was(view, row, *at).is_some_and(|as_it_was| as_it_was != self.store(view, row, *at))
        };
        self.key.iter().any(odd)
    }

    /// The value to store for a cell of a row that is searched for.
    pub(super) fn store(&self, view: &View<'_>, row: usize, column: usize) -> Stored {
        self.forms[column].store(&view.cells[column], row, view.batch.other(row, column))
    }

    /// Whether the database computes it.
    pub(super) fn is_generated(&self, column: usize) -> bool {
        let column = &self.columns[column];
        column.generated || self.layout.column(&column.name).is_some_and(|column| column.generated)
    }

    /// What says which row it is, then all columns.
    pub(super) fn selected(&self) -> String {
        let identity = self.layout.identity.iter().map(|part| format!("t.{}", part.sql));
        let columns = (0..self.columns.len()).map(|at| format!("t.{}", self.column(at)));
        identity.chain(columns).collect::<Vec<_>>().join(", ")
    }

    /// How many values [`selected`](Self::selected) are.
    pub(super) fn width(&self) -> usize {
        self.layout.identity.len() + self.columns.len()
    }

    /// Says of a row `t` that it is that of a step `l`.
    pub(super) fn is_row_of_step(&self) -> String {
        let part = |(at, part): (usize, &Identity)| format!("t.{} = l.i{at}", part.sql);
        self.layout.identity.iter().enumerate().map(part).collect::<Vec<_>>().join(" AND ")
    }

    /// The error for a statement that failed.
    pub(super) fn failed(&self, doing: &str, error: &rusqlite::Error) -> WriteError {
        failure::write(&self.sqlite.shown(), doing, error)
    }

    /// The error of a statement that was understood.
    pub(super) fn failed_to_run(&self, doing: &str, error: &rusqlite::Error) -> WriteError {
        failure::run(&self.sqlite.shown(), doing, error)
    }

    /// The error for what should not be.
    pub(super) fn unexpected(&self, why: &dyn std::fmt::Display) -> WriteError {
        let (address, doing) = (self.sqlite.shown(), "writing".to_owned());
        EndpointError::Query { address, doing, why: why.to_string() }.into()
    }

    /// A column as it is named in SQL.
    pub(super) fn column(&self, at: usize) -> String {
        quoted(&self.columns[at].name)
    }
}
