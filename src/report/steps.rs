//! Steps as a table: one line per cell, in columns whose widths are chosen once, so that a long
//! table can be printed piece by piece.

use super::pair::{Pair, value};
use super::step::{SIDES, ShownCell, ShownStep};
use super::style::Style;
use super::values::{print_key, shorten, visible};
use crate::endpoint::Action;
use comfy_table::{Cell, Color, ColumnConstraint, Table, Width};

/// Characters that a key or a column's name gets at most.
const NAME: usize = 24;

/// A table of steps with fixed widths.
#[derive(Clone, Debug)]
pub struct StepTable {
    style: Style,
    /// Whether steps of both sides are shown.
    sides: bool,
    key: usize,
    column: usize,
    value: usize,
    /// Cells of a step that are shown; the others are counted.
    most: usize,
}

impl StepTable {
    /// With widths that suit these steps, which may be a few of many. Without `all`, only the
    /// first `most` cells of each step are shown.
    pub fn new(steps: &[ShownStep], both_sides: bool, most: usize, style: Style) -> Self {
        let longest =
            |lengths: &mut dyn Iterator<Item = usize>, least: usize| lengths.max().unwrap_or(0).clamp(least, NAME);
        let key = longest(&mut steps.iter().map(|step| print_key(&step.key).chars().count()), "key".len());
        let mut names = steps.iter().flat_map(|step| step.cells.iter().map(|cell| cell.column.chars().count()));
        let column = longest(&mut names, if most == usize::MAX { "column" } else { "and 99 more" }.len());
        let widths = [Some(6), both_sides.then_some(5), Some(key), Some(column)];
        // A space on both sides of each column, and one between two of them.
        let taken: usize = widths.into_iter().flatten().map(|width| width + 3).sum();
        let value = (usize::from(style.width).saturating_sub(taken + 5) / 2).max(12);
        Self { style, sides: both_sides, key, column, value, most }
    }

    fn table(&self) -> Table {
        let mut table = self.style.table();
        table.set_width(u16::MAX);
        table
    }

    fn fixed(&self, mut table: Table) -> String {
        let side = self.sides.then_some(5);
        let widths = [Some(6), side, Some(self.key), Some(self.column), Some(self.value), Some(self.value)];
        let widths = widths.into_iter().flatten();
        table.set_constraints(widths.map(|width| ColumnConstraint::Absolute(Width::Fixed(width as u16 + 2))));
        table.trim_fmt()
    }

    /// The names of the columns, and the line below them.
    pub fn header(&self) -> String {
        self.header_for(["before", "after"])
    }

    /// The same with other words for the two values.
    pub(super) fn header_for(&self, values: [&str; 2]) -> String {
        let mut table = self.table();
        let side = self.sides.then_some("side");
        table.set_header(["action"].into_iter().chain(side).chain(["key", "column"]).chain(values));
        format!("{}\n", self.fixed(table))
    }

    /// Lines for these steps.
    pub fn lines(&self, steps: &[ShownStep]) -> String {
        if steps.is_empty() {
            return String::new();
        }
        let mut table = self.table();
        for step in steps {
            self.step(step, &mut table);
        }
        format!("{}\n", self.fixed(table))
    }

    fn step(&self, step: &ShownStep, table: &mut Table) {
        let color = match step.action {
            Action::Create => Color::Green,
            Action::Update => Color::Yellow,
            Action::Delete => Color::Red,
        };
        let side = |text: &str| self.sides.then(|| Cell::new(text));
        let mut lead: Vec<Cell> = vec![Cell::new(step.action.word()).fg(color)];
        lead.extend(side(SIDES[step.side]));
        lead.push(Cell::new(shorten(&print_key(&step.key), self.key)));
        // What a row that comes or goes does not have is no news.
        let worth: Vec<_> = step
            .cells
            .iter()
            .filter(|cell| step.action == Action::Update || cell.before.iter().chain(&cell.after).any(Option::is_some))
            .collect();
        for cell in worth.iter().take(self.most) {
            let [before, after] = self.values(cell);
            let mut row = std::mem::take(&mut lead);
            if row.is_empty() {
                row.push(Cell::new(""));
                row.extend(side(""));
                row.push(Cell::new(""));
            }
            row.extend([Cell::new(shorten(&visible(&cell.column), self.column)), before, after]);
            table.add_row(row);
        }
        if !lead.is_empty() {
            table.add_row(lead);
        }
        if worth.len() > self.most {
            let mut row = vec![Cell::new("")];
            row.extend(side(""));
            row.extend([Cell::new(""), Cell::new(format!("and {} more", worth.len() - self.most))]);
            table.add_row(row);
        }
    }

    fn values(&self, cell: &ShownCell) -> [Cell; 2] {
        if cell.column.is_empty() {
            // A whole row, in our own words.
            let text = |text: &Option<Option<String>>| text.clone().flatten().unwrap_or_default();
            return [&cell.before, &cell.after].map(|words| Cell::new(shorten(&visible(&text(words)), self.value)));
        }
        match [&cell.before, &cell.after].map(Option::as_ref) {
            [Some(before), Some(after)] => {
                Pair { texts: [before.as_deref(), after.as_deref()], lengths: cell.lengths, kinds: cell.kinds }
                    .cells(self.value)
            }
            one => one.map(|text| text.map_or(Cell::new(""), |text| value(text.as_deref(), self.value))),
        }
    }
}
