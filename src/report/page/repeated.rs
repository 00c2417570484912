//! The tables of rows that no pair stands for: duplicates, and rows without a key.

use super::build::PageError;
use super::model::{Cell, ColumnKind, PageColumn, PageTable, Values};
use super::rows::{CHUNK, RowTables};
use crate::audit::thousands;
use crate::compare::View;
use crate::report::values::pair_name;
use crate::table::Pair;

/// A column to read of both sides.
struct Wanted<'a> {
    pair: &'a Pair,
    key: bool,
}

impl RowTables<'_> {
    /// The paired columns, those of the key first.
    fn wanted(&self) -> Vec<Wanted<'_>> {
        let key = &self.kept.file.key;
        let pairs = &self.kept.alignment().pairs;
        let keys = key.iter().filter_map(|at| pairs.get(*at)).map(|pair| Wanted { pair, key: true });
        let others = pairs.iter().enumerate().filter(|(at, _)| !key.contains(at));
        keys.chain(others.map(|(_, pair)| Wanted { pair, key: false })).collect()
    }

    /// The paired columns of rows of either side, in the order given.
    fn both(&self, rows: &[(usize, u64)]) -> Result<Vec<PageColumn>, PageError> {
        let wanted = self.wanted();
        let mut cells: Vec<Vec<Cell>> = vec![vec![Cell::Nothing; rows.len()]; wanted.len()];
        for side in [0, 1] {
            let name = |wanted: &Wanted<'_>| {
                if side == 0 { wanted.pair.left.name.clone() } else { wanted.pair.right.name.clone() }
            };
            let parts = &self.kept.parts[side];
            let places: Vec<usize> = wanted.iter().filter_map(|wanted| parts.position(&name(wanted))).collect();
            // Rows are read in the order of the table, and put where they belong.
            let mut own: Vec<(u64, usize)> =
                rows.iter().enumerate().filter(|(_, row)| row.0 == side).map(|(at, row)| (row.1, at)).collect();
            own.sort_unstable();
            for chunk in own.chunks(CHUNK) {
                self.check()?;
                let positions: Vec<u64> = chunk.iter().map(|(row, _)| *row).collect();
                let view = View::new(parts.fetch(&places, &positions)?);
                for (column, (cells, wanted)) in cells.iter_mut().zip(&wanted).enumerate() {
                    for (row, (_, at)) in chunk.iter().enumerate() {
                        cells[*at] = self.mask.cell(side, &name(wanted), Cell::in_view(&view, row, column));
                    }
                }
            }
        }
        let columns = wanted.iter().zip(cells).map(|(wanted, cells)| PageColumn {
            name: pair_name(&wanted.pair.left.name, &wanted.pair.right.name),
            key: wanted.key,
            values: Values::Cells(self.pair_kind(wanted.pair), cells),
        });
        Ok(columns.collect())
    }

    /// The rows of keys that are not unique.
    pub(super) fn duplicates(&self) -> Result<Option<PageTable>, PageError> {
        let groups = &self.kept.repeated.groups;
        if groups.is_empty() {
            return Ok(None);
        }
        let size = |group: &[Vec<u64>; 2]| group[0].len() + group[1].len();
        let (mut rows, mut counts, mut shown) = (Vec::new(), [Vec::new(), Vec::new()], 0);
        for group in groups {
            // A key's rows are together, or not on the page.
            if !rows.is_empty() && rows.len() + size(group) > self.most {
                break;
            }
            shown += 1;
            for (side, own) in group.iter().enumerate() {
                for row in own.iter().take(self.most) {
                    rows.push((side, *row));
                    for (counts, own) in counts.iter_mut().zip(group) {
                        counts.push(Cell::Text(own.len().to_string()));
                    }
                }
            }
        }
        let mut columns = self.both(&rows)?;
        let keys = columns.iter().take_while(|column| column.key).count();
        let sides = rows.iter().map(|(side, _)| Cell::Text(["left", "right"][*side].to_owned())).collect();
        let [left, right] = counts;
        let plain = |name: &str, kind, cells| PageColumn {
            name: name.to_owned(),
            key: false,
            values: Values::Cells(kind, cells),
        };
        let lead = [
            plain("side", ColumnKind::Word, sides),
            plain("rows left", ColumnKind::Number, left),
            plain("rows right", ColumnKind::Number, right),
        ];
        columns.splice(keys..keys, lead);
        let total: u64 = groups.iter().map(|group| size(group) as u64).sum();
        Ok(Some(PageTable {
            id: "duplicates",
            title: "Duplicates".to_owned(),
            unit: ["row", "rows"],
            total,
            lead: format!(
                "All rows of the {} keys that several rows of a side have, with how many rows each side has of the key.",
                thousands(groups.len() as u64)
            ),
            left_out: self.left_out(shown, groups.len() as u64, "keys"),
            command: None,
            filters: vec![(keys, "Side")],
            rows: rows.len(),
            columns,
        }))
    }

    /// The rows with NULL in the key.
    pub(super) fn without_key(&self) -> Result<Option<PageTable>, PageError> {
        let all = &self.kept.repeated.null_keys;
        let total = all[0].len() + all[1].len();
        if total == 0 {
            return Ok(None);
        }
        let of = |side: usize| all[side].iter().map(move |row| (side, *row));
        let rows: Vec<(usize, u64)> = of(0).chain(of(1)).take(self.most).collect();
        let mut columns = self.both(&rows)?;
        let sides = rows.iter().map(|(side, _)| Cell::Text(["left", "right"][*side].to_owned())).collect();
        let side = PageColumn { name: "side".to_owned(), key: false, values: Values::Cells(ColumnKind::Word, sides) };
        columns.insert(0, side);
        Ok(Some(PageTable {
            id: "null-keys",
            title: "Without a key".to_owned(),
            unit: ["row", "rows"],
            total: total as u64,
            lead: "Rows with NULL in the key, which nothing can be matched with.".to_owned(),
            left_out: self.left_out(rows.len(), total as u64, "rows"),
            command: None,
            filters: vec![(0, "Side")],
            rows: rows.len(),
            columns,
        }))
    }
}
