//! How the columns of a written table take part in its steps.

use super::convert::Converter;
use super::file::SideWrites;
use crate::endpoint::{Holds, Target};
use crate::snapshot::Recipe;
use crate::table::{Alignment, Column, Key, TableInfo};

/// A pair of columns as a one-way plan sees it: where its source and its written column are.
#[derive(Clone, Debug)]
pub struct Link {
    /// The pair's position in the alignment.
    pub pair: usize,
    /// The column's position in the source's table.
    pub source: usize,
    /// The column's position in the written table.
    pub written: usize,
    /// Whether the database computes the written column.
    pub computed: bool,
    /// From the source's type to the written one.
    pub converter: Converter,
}

/// How the columns of the written table take part.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The side that is written.
    pub side: usize,
    /// The key's pairs, in key order.
    pub key: Vec<Link>,
    /// The compared pairs, in the order of the fingerprint.
    pub compared: Vec<Link>,
    /// As `plan.json` tells it.
    pub writes: SideWrites,
    /// Columns that new rows need and that no create can give: with them no row can be created.
    pub unfillable: Vec<(String, &'static str)>,
    columns: Vec<WrittenColumn>,
}

#[derive(Clone, Debug)]
struct WrittenColumn {
    column: Column,
    nullable: bool,
    holds: Option<Holds>,
}

/// The primary key's columns, if it is another key than the job's.
fn identity(table: &TableInfo, key: &[Link]) -> Vec<usize> {
    let mut columns: Vec<usize> = table.primary_key.iter().filter_map(|name| table.position(name)).collect();
    columns.sort_unstable();
    let mut key: Vec<usize> = key.iter().map(|link| link.written).collect();
    key.sort_unstable();
    if columns == key { Vec::new() } else { columns }
}

impl Shape {
    /// Of the tables of both sides, as they were exported, and what the written one asks for.
    pub fn new(
        side: usize,
        tables: [&TableInfo; 2],
        target: Option<&Target>,
        alignment: &Alignment,
        key: &Key,
    ) -> Self {
        let table = tables[side];
        let demands = |column: &Column| target.and_then(|target| target.column(&column.name));
        let computed = |column: &Column| demands(column).map_or(column.generated, |demands| demands.computed);
        let links = |pairs: &[usize]| -> Vec<Link> {
            pairs
                .iter()
                .filter_map(|at| {
                    let pair = &alignment.pairs[*at];
                    let names = [&pair.left.name, &pair.right.name];
                    let written = table.position(names[side])?;
                    let source = tables[1 - side].position(names[1 - side])?;
                    let (from, to) = (&tables[1 - side].columns[source], &table.columns[written]);
                    let labels = demands(to).filter(|demands| demands.holds.combined);
                    let labels = labels.and_then(|demands| demands.holds.labels.clone()).unwrap_or_default();
                    let converter = Converter::new(pair, from, to, alignment.zone.as_deref()).with_labels(labels);
                    Some(Link { pair: *at, source, written, computed: computed(to), converter })
                })
                .collect()
        };
        // Of whole rows all compared columns are the key.
        let compared = if key.is_whole_row() { Vec::new() } else { Recipe::order(alignment, key) };
        let (key, compared) = (links(&key.pairs), links(&compared));
        let positions = |links: &[Link], also: &[Link]| {
            let all = links.iter().chain(also).filter(|link| !link.computed);
            let mut positions: Vec<usize> = all.map(|link| link.written).collect();
            positions.sort_unstable();
            positions
        };
        let writes = SideWrites {
            key: key.iter().map(|link| link.written).collect(),
            guard: {
                let mut guard = positions(&compared, &[]);
                guard.extend(key.iter().map(|link| link.written));
                guard.sort_unstable();
                guard
            },
            create: positions(&key, &compared),
            identity: identity(table, &key),
        };
        let mut unfillable: Vec<(String, &'static str)> = key
            .iter()
            .filter(|link| link.computed)
            .map(|link| (table.columns[link.written].name.clone(), "the database computes it, and it is in the key"))
            .collect();
        for (at, column) in table.columns.iter().enumerate() {
            let Some(demands) = demands(column) else { continue };
            if !demands.nullable && !demands.optional && !demands.computed && !writes.create.contains(&at) {
                let ignored = alignment.pairs.iter().any(|pair| {
                    let name = if side == 0 { &pair.left.name } else { &pair.right.name };
                    *name == column.name
                });
                let why = if ignored {
                    "it is NOT NULL and has no default, and the job leaves it out"
                } else {
                    "it is NOT NULL and has no default, and the source has no such column"
                };
                unfillable.push((column.name.clone(), why));
            }
        }
        let columns = table
            .columns
            .iter()
            .map(|column| WrittenColumn {
                column: column.clone(),
                nullable: demands(column).is_none_or(|demands| demands.nullable),
                holds: demands(column).map(|demands| demands.holds.clone()),
            })
            .collect();
        Self { side, key, compared, writes, unfillable, columns }
    }

    /// The written column at this position.
    pub fn column(&self, written: usize) -> &Column {
        &self.columns[written].column
    }

    /// How many columns the written table has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Whether the written column takes NULL, as far as is known.
    pub fn nullable(&self, written: usize) -> bool {
        self.columns[written].nullable
    }

    /// What the written column can hold, if it is a database's.
    pub fn holds(&self, written: usize) -> Option<&Holds> {
        self.columns[written].holds.as_ref()
    }
}
