//! Single statements of a script.

use crate::endpoint::{Dialect, ExportBatch, Target};
use crate::table::{Cells, Column, PortableType};
use std::collections::HashMap;
use std::io;

/// The table that a script writes to.
#[derive(Clone, Copy)]
pub(super) struct ScriptTable<'a> {
    /// Its name, as the dialect writes it.
    pub(super) name: &'a str,
    /// All of its columns.
    pub(super) columns: &'a [Column],
    /// The positions of the columns that find a row.
    pub(super) key: &'a [usize],
    /// Whether nothing identifies a row: then these are all that is known of it, and NULL is a value.
    pub(super) whole: bool,
    /// What it asks for, if that is known.
    pub(super) target: Option<&'a Target>,
    /// Whether what is written comes from a table of the same system.
    pub(super) stored: bool,
    /// How SQL is written there.
    pub(super) dialect: &'a dyn Dialect,
}

/// Rows before or after their steps, as they are printed.
pub(super) struct Rows<'a> {
    columns: Vec<Cells>,
    batch: &'a ExportBatch,
    /// Whether they come from a table of the system that is written.
    stored: bool,
}

impl<'a> Rows<'a> {
    /// `stored`: whether they come from a table of the system that is written.
    pub(super) fn new(batch: &'a ExportBatch, stored: bool) -> io::Result<Self> {
        let columns = batch.rows.columns().iter().map(Cells::new).collect::<Option<_>>();
        let columns = columns.ok_or_else(|| io::Error::other("a column is of no portable type"))?;
        Ok(Self { columns, batch, stored })
    }

    /// The first of each of these rows that are the same in these columns, and how many they are.
    pub(super) fn copies(&self, rows: usize, columns: &[usize]) -> Vec<(usize, usize)> {
        let mut places: HashMap<Vec<Option<String>>, usize> = HashMap::new();
        let mut out: Vec<(usize, usize)> = Vec::new();
        for row in 0..rows {
            let values = columns.iter().map(|column| self.print(row, *column)).collect();
            let place = *places.entry(values).or_insert(out.len());
            match out.get_mut(place) {
                Some((_, copies)) => *copies += 1,
                None => out.push((row, 1)),
            }
        }
        out
    }

    /// A cell as printed; `None` is NULL.
    pub(super) fn print(&self, row: usize, column: usize) -> Option<String> {
        match self.batch.other(row, column) {
            Some(text) => Some(text.to_owned()),
            None => self.columns[column].print(row),
        }
    }
}

impl ScriptTable<'_> {
    fn constant(&self, rows: &Rows<'_>, row: usize, column: usize) -> String {
        let (value, own) = (rows.print(row, column), &self.columns[column]);
        match rows.stored {
            true => self.dialect.stored(value.as_deref(), rows.batch.stored(row, column), own),
            false => self.dialect.literal(value.as_deref(), own),
        }
    }

    /// `"a", "b"`.
    fn names(&self, columns: &[usize]) -> String {
        let names = columns.iter().map(|at| self.dialect.identifier(&self.columns[*at].name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The conditions that find a row by its key.
    fn by_key(&self, rows: &Rows<'_>, row: usize) -> Vec<String> {
        let key = self.key.iter();
        key.map(|at| self.dialect.key_is(&self.columns[*at], &self.constant(rows, row, *at))).collect()
    }

    /// The conditions that these columns are as in a row.
    fn are(&self, rows: &Rows<'_>, row: usize, columns: &[usize]) -> Vec<String> {
        let columns = columns.iter();
        columns.map(|at| self.dialect.is(&self.columns[*at], &self.constant(rows, row, *at))).collect()
    }

    /// The key columns that an index may find by a collation, under which other values are equal too.
    fn inexact_key(&self) -> Vec<usize> {
        let exact =
            |ty: &PortableType| matches!(ty, PortableType::Boolean | PortableType::Integer | PortableType::Unsigned);
        self.key.iter().copied().filter(|at| !exact(&self.columns[*at].ty)).collect()
    }

    /// The condition that a row has the key of this one and these columns as here.
    pub(super) fn has(&self, rows: &Rows<'_>, row: usize, columns: &[usize]) -> String {
        let mut all = self.inexact_key();
        all.extend(columns.iter().copied().filter(|at| !self.key.contains(at)));
        all.sort_unstable();
        let mut conditions = self.by_key(rows, row);
        conditions.extend(self.are(rows, row, &all));
        conditions.join(" AND ")
    }

    /// Adds a row if there is none of its key.
    pub(super) fn insert(&self, after: &Rows<'_>, row: usize, set: &[usize]) -> String {
        let constants: Vec<String> = set.iter().map(|at| self.constant(after, row, *at)).collect();
        format!(
            "INSERT{or_refuse} INTO {name} ({columns}){overriding} SELECT {constants}{nothing} \
             WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {key});",
            name = self.name,
            columns = self.names(set),
            or_refuse = self.dialect.or_refuse(),
            overriding = self.dialect.overriding(),
            constants = constants.join(", "),
            nothing = self.dialect.no_table(),
            key = self.by_key(after, row).join(" AND "),
        )
    }

    /// Sets columns of the row that meets the condition.
    pub(super) fn update(&self, after: &Rows<'_>, row: usize, set: &[usize], condition: &str) -> String {
        let constants: Vec<String> = set.iter().map(|at| self.constant(after, row, *at)).collect();
        self.set(set, &constants, condition)
    }

    /// Sets columns to these constants. Those that every update sets by itself are set to what they
    /// are.
    pub(super) fn set(&self, columns: &[usize], constants: &[String], condition: &str) -> String {
        let name = |at: &usize| self.dialect.identifier(&self.columns[*at].name);
        let pairs = columns.iter().zip(constants).map(|(at, value)| format!("{} = {value}", name(at)));
        let touched = self.target.map_or(&[][..], |target| &target.touched);
        let is_kept = |at: &usize| touched.contains(&self.columns[*at].name) && !columns.contains(at);
        let kept = (0..self.columns.len()).filter(is_kept).map(|at| format!("{0} = {0}", name(&at)));
        let pairs = pairs.chain(kept);
        let (or_refuse, set) = (self.dialect.or_refuse(), pairs.collect::<Vec<_>>().join(", "));
        format!("UPDATE{or_refuse} {} SET {set} WHERE {condition};", self.name)
    }

    /// Adds so many copies of a row if there is none.
    pub(super) fn insert_copies(&self, after: &Rows<'_>, row: usize, set: &[usize], copies: usize) -> String {
        let constants: Vec<String> = set.iter().map(|at| self.constant(after, row, *at)).collect();
        let from = match copies {
            1 => self.dialect.no_table().to_owned(),
            _ => {
                let numbers: Vec<String> = (2..=copies).map(|number| format!(" UNION ALL SELECT {number}")).collect();
                format!(" FROM (SELECT 1 AS number{}) AS copies", numbers.concat())
            }
        };
        format!(
            "INSERT{or_refuse} INTO {name} ({columns}){overriding} SELECT {constants}{from} \
             WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {same});",
            name = self.name,
            columns = self.names(set),
            or_refuse = self.dialect.or_refuse(),
            overriding = self.dialect.overriding(),
            constants = constants.join(", "),
            same = self.are(after, row, self.key).join(" AND "),
        )
    }

    /// Removes all copies of a row if there are so many.
    pub(super) fn delete_copies(&self, before: &Rows<'_>, row: usize, guard: &[usize], copies: usize) -> String {
        let same = self.are(before, row, guard).join(" AND ");
        format!(
            "DELETE FROM {name} WHERE {same} AND \
             (SELECT number FROM (SELECT count(*) AS number FROM {name} WHERE {same}) AS copies) = {copies};",
            name = self.name,
        )
    }

    /// Removes a row that is as it was.
    pub(super) fn delete(&self, before: &Rows<'_>, row: usize, guard: &[usize]) -> String {
        format!("DELETE FROM {} WHERE {};", self.name, self.has(before, row, guard))
    }
}
