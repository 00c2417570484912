//! The tables of rows that differ, read from the snapshots.

use super::build::PageError;
use super::mask::Mask;
use super::model::{Cell, ColumnKind, PageColumn, PageTable, Values};
use crate::audit::thousands;
use crate::compare::{Judge, Verdict, View, briefs};
use crate::endpoint::Interrupt;
use crate::job::{DIFFERENCES, Kept};
use crate::report::pair::kind as value_kind;
use crate::report::values::pair_name;
use crate::snapshot::Recipe;
use crate::table::{Pair, PortableType};

/// Rows that are read at once.
pub(super) const CHUNK: usize = 16 * 1024;
/// Changed cells of a row that the limit on rows allows for, on average.
const CELLS: usize = 4;

/// Makes the tables of a run.
pub struct RowTables<'a> {
    /// The run.
    pub kept: &'a Kept,
    /// What is not to be seen.
    pub mask: &'a Mask,
    /// Rows of each table.
    pub most: usize,
    /// Set when the person interrupts.
    pub interrupt: &'a Interrupt,
}

impl RowTables<'_> {
    /// All that have rows.
    ///
    /// # Errors
    /// If rows can't be read.
    pub fn all(&self) -> Result<Vec<PageTable>, PageError> {
        let tables = [self.only(0)?, self.only(1)?, self.changed()?, self.duplicates()?, self.without_key()?];
        Ok(tables.into_iter().flatten().collect())
    }

    pub(super) fn check(&self) -> Result<(), PageError> {
        if self.interrupt.is_set() { Err(PageError::Interrupted) } else { Ok(()) }
    }

    fn key_pairs(&self) -> Vec<&Pair> {
        let pairs = &self.kept.alignment().pairs;
        self.kept.file.key.iter().filter_map(|at| pairs.get(*at)).collect()
    }

    /// What to say if only `shown` of `total` things are on the page.
    pub(super) fn left_out(&self, shown: usize, total: u64, what: &str) -> Option<String> {
        let missing = total.checked_sub(shown as u64).filter(|missing| *missing > 0)?;
        Some(format!(
            "This page has the first {} of {} {what}. The other {} are in {}: their positions in {DIFFERENCES}, and \
             the rows in the snapshots; `trueup report --rows {total}` puts all of them on a page.",
            thousands(shown as u64),
            thousands(total),
            thousands(missing),
            self.kept.folder.display(),
        ))
    }

    fn only(&self, side: usize) -> Result<Option<PageTable>, PageError> {
        let all = &self.kept.differences.only[side];
        if all.is_empty() {
            return Ok(None);
        }
        let rows = &all[..all.len().min(self.most)];
        let own = |pair: &Pair| if side == 0 { pair.left.name.clone() } else { pair.right.name.clone() };
        let key: Vec<String> = self.key_pairs().into_iter().map(own).collect();
        let parts = &self.kept.parts[side];
        let mut order: Vec<usize> = key.iter().filter_map(|name| parts.position(name)).collect();
        let keys = order.len();
        order.extend((0..parts.columns().len()).filter(|at| !key.contains(&parts.columns()[*at].name)));
        let mut cells: Vec<Vec<Cell>> = vec![Vec::with_capacity(rows.len()); order.len()];
        for chunk in rows.chunks(CHUNK) {
            self.check()?;
            let view = View::new(parts.fetch(&order, chunk)?);
            for (at, cells) in cells.iter_mut().enumerate() {
                let name = &parts.columns()[order[at]].name;
                cells.extend((0..chunk.len()).map(|row| self.mask.cell(side, name, Cell::in_view(&view, row, at))));
            }
        }
        let columns = cells.into_iter().enumerate().map(|(at, cells)| {
            let column = &parts.columns()[order[at]];
            let kind = if self.mask.hides(side, &column.name) { ColumnKind::Text } else { kind(&column.ty) };
            PageColumn { name: column.name.clone(), key: at < keys, values: Values::Cells(kind, cells) }
        });
        let which = ["left", "right"][side];
        let repeated = self.kept.file.audit.only[side].saturating_sub(all.len() as u64);
        let other = ["right", "left"][side];
        let lead = match repeated {
            0 => format!("Rows whose key is not on the {other} side."),
            1 => format!(
                "Rows whose key is not on the {other} side. Another such key has several rows: see the duplicates."
            ),
            _ => format!(
                "Rows whose key is not on the {other} side. Another {} such keys have several rows each: see the \
                 duplicates.",
                thousands(repeated)
            ),
        };
        Ok(Some(PageTable {
            id: ["left-only", "right-only"][side],
            title: format!("Only on the {which}"),
            unit: ["row", "rows"],
            total: all.len() as u64,
            lead,
            left_out: self.left_out(rows.len(), all.len() as u64, "rows"),
            command: None,
            columns: columns.collect(),
            rows: rows.len(),
            filters: Vec::new(),
        }))
    }

    fn changed(&self) -> Result<Option<PageTable>, PageError> {
        let all = &self.kept.differences.changed;
        if all.is_empty() {
            return Ok(None);
        }
        let (alignment, key) = (self.kept.alignment(), self.kept.key());
        let order = Recipe::order(alignment, &key);
        let pairs: Vec<&Pair> = order.iter().map(|at| &alignment.pairs[*at]).collect();
        let key_pairs = self.key_pairs();
        let places = |side: usize, pairs: &[&Pair]| -> Vec<usize> {
            let name = |pair: &&Pair| if side == 0 { pair.left.name.clone() } else { pair.right.name.clone() };
            pairs.iter().filter_map(|pair| self.kept.parts[side].position(&name(pair))).collect()
        };
        let projections = [places(0, &pairs), places(1, &pairs)];
        let key_places = places(0, &key_pairs);
        let judge = Judge::new(alignment, &key);
        let mut keys: Vec<Vec<Cell>> = vec![Vec::new(); key_places.len()];
        let (mut names, mut sides) = (Vec::new(), [Vec::new(), Vec::new()]);
        let mut buffers = [Vec::new(), Vec::new()];
        let (mut shown, most_cells) = (0, self.most.saturating_mul(CELLS));
        'rows: for chunk in all[..all.len().min(self.most)].chunks(CHUNK) {
            self.check()?;
            let left_rows: Vec<u64> = chunk.iter().map(|(left, _)| *left).collect();
            let mut right_rows: Vec<u64> = chunk.iter().map(|(_, right)| *right).collect();
            right_rows.sort_unstable();
            let left = View::new(self.kept.parts[0].fetch(&projections[0], &left_rows)?);
            let right = View::new(self.kept.parts[1].fetch(&projections[1], &right_rows)?);
            let key_view = View::new(self.kept.parts[0].fetch(&key_places, &left_rows)?);
            for (row, (_, right_row)) in chunk.iter().enumerate() {
                if names.len() >= most_cells {
                    break 'rows;
                }
                shown += 1;
                let partner = right_rows.partition_point(|other| other < right_row);
                for (at, pair) in pairs.iter().enumerate() {
                    let verdict = judge.verdict(at, [(&left, row), (&right, partner)], &mut buffers);
                    if verdict != Verdict::Different {
                        continue;
                    }
                    for ((column, key_pair), cells) in key_pairs.iter().enumerate().zip(&mut keys) {
                        let cell = Cell::in_view(&key_view, row, column);
                        cells.push(self.mask.cell(0, &key_pair.left.name, cell));
                    }
                    names.push(Cell::Text(pair_name(&pair.left.name, &pair.right.name)));
                    let both = briefs([(&left, row), (&right, partner)], at);
                    let kinds =
                        [value_kind(&pair.left.ty, both.foreign[0]), value_kind(&pair.right.ty, both.foreign[1])];
                    let [one, other] = Cell::both(&both, kinds);
                    sides[0].push(self.mask.cell(0, &pair.left.name, one));
                    sides[1].push(self.mask.cell(1, &pair.right.name, other));
                }
            }
        }
        let cells = names.len();
        let mut columns = self.key_columns(keys);
        let filter = columns.len();
        let [left, right] = sides;
        for (name, kind, cells) in
            [("column", ColumnKind::Word, names), ("left", ColumnKind::Left, left), ("right", ColumnKind::Right, right)]
        {
            columns.push(PageColumn { name: name.to_owned(), key: false, values: Values::Cells(kind, cells) });
        }
        let total: u64 = self.kept.file.audit.columns.iter().map(|column| column.changed).sum();
        Ok(Some(PageTable {
            id: "changed",
            title: "Changed".to_owned(),
            unit: ["cell", "cells"],
            total: all.len() as u64,
            lead: format!(
                "Rows with the same key on both sides that differ: {} rows with {} changed cells, one line a cell.",
                thousands(all.len() as u64),
                thousands(total)
            ),
            left_out: self.left_out(shown, all.len() as u64, "changed rows"),
            command: None,
            columns,
            rows: cells,
            filters: vec![(filter, "Changed column")],
        }))
    }

    fn key_columns(&self, keys: Vec<Vec<Cell>>) -> Vec<PageColumn> {
        let columns = self.key_pairs().into_iter().zip(keys).map(|(pair, cells)| PageColumn {
            name: pair_name(&pair.left.name, &pair.right.name),
            key: true,
            values: Values::Cells(self.pair_kind(pair), cells),
        });
        columns.collect()
    }

    pub(super) fn pair_kind(&self, pair: &Pair) -> ColumnKind {
        match [kind(&pair.left.ty), kind(&pair.right.ty)] {
            [ColumnKind::Number, ColumnKind::Number] if !self.mask.hides(0, &pair.left.name) => ColumnKind::Number,
            _ => ColumnKind::Text,
        }
    }
}

fn kind(ty: &PortableType) -> ColumnKind {
    match ty {
        PortableType::Integer
        | PortableType::Unsigned
        | PortableType::Decimal { .. }
        | PortableType::Float32
        | PortableType::Float64 => ColumnKind::Number,
        _ => ColumnKind::Text,
    }
}
