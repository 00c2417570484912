//! Conflicts as a table: one line per column that it is about, with both versions and the base, and
//! below them why no rule decided.

use super::pair::{Pair, kind, value};
use super::step::key_names;
use super::style::Style;
use super::values::{print_key, shorten, visible};
use crate::plan::{Conflict, PlanFile, Reason, Winner, spoken};
use crate::table::print_timestamp;
use comfy_table::{Attribute, Cell, ColumnConstraint, Table, Width};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Characters that a key or a column's name gets at most.
const NAME: usize = 20;

/// A table of conflicts with fixed widths, so that it can be printed piece by piece.
#[derive(Clone, Debug)]
pub struct ConflictTable<'a> {
    file: &'a PlanFile,
    style: Style,
    key: usize,
    column: usize,
    value: usize,
}

impl<'a> ConflictTable<'a> {
    /// With widths that suit these conflicts, which may be a few of many.
    pub fn new(conflicts: &[Conflict], file: &'a PlanFile, style: Style) -> Self {
        let longest = |lengths: &mut dyn Iterator<Item = usize>, least: usize| {
            lengths.max().unwrap_or(0).clamp(least, if style.width < 100 { NAME * 3 / 5 } else { NAME })
        };
        let key = longest(&mut conflicts.iter().map(|one| key_text(one).chars().count()), "key".len());
        let mut names = conflicts
            .iter()
            .flat_map(|one| one.changed.iter().map(|name| name.chars().count() + if is_part(one) { 2 } else { 0 }));
        let column = longest(&mut names, "column".len());
        // A space on both sides of each column, and one between two of them.
        let taken = key + column + 2 * 3;
        let value = (usize::from(style.width).saturating_sub(taken + 3 * 3 - 1) / 3).max(9);
        Self { file, style, key, column, value }
    }

    fn table(&self) -> Table {
        let mut table = self.style.table();
        table.set_width(u16::MAX);
        table
    }

    fn fixed(&self, mut table: Table) -> String {
        let widths = [self.key, self.column, self.value, self.value, self.value];
        table.set_constraints(widths.map(|width| ColumnConstraint::Absolute(Width::Fixed(width as u16 + 2))));
        table.trim_fmt()
    }

    /// The names of the columns, and the line below them.
    pub fn header(&self) -> String {
        let mut table = self.table();
        table.set_header(["key", "column", "left", "right", "base"]);
        format!("{}\n", self.fixed(table))
    }

    /// Lines for these conflicts.
    pub fn lines(&self, conflicts: &[Conflict]) -> String {
        conflicts.iter().map(|conflict| self.one(conflict)).collect()
    }

    fn one(&self, conflict: &Conflict) -> String {
        let mut table = self.table();
        let mut key = Some(shorten(&key_text(conflict), self.key));
        // Where all of them collide, there is nothing to tell apart.
        let marked = is_part(conflict);
        for name in &conflict.changed {
            let mut row = vec![Cell::new(key.take().unwrap_or_default())];
            let mark = if marked && conflict.colliding.contains(name) { "* " } else { "" };
            row.push(Cell::new(shorten(&format!("{mark}{}", visible(name)), self.column)));
            row.extend(self.values(conflict, name));
            table.add_row(row);
        }
        if let Some(key) = key {
            let mut row = vec![Cell::new(key), Cell::new("")];
            row.extend(conflict.rows.iter().enumerate().map(|(version, here)| match here {
                Some(_) => Cell::new(""),
                None => absent(conflict, version),
            }));
            table.add_row(row);
        }
        let lead = " ".repeat(self.key + 4);
        let mut out = format!("{}\n{}\n", self.fixed(table), self.style.wrap(&lead, &why(conflict, self.file)));
        if let Some(times) = times(conflict) {
            out.push_str(&format!("{}\n", self.style.wrap(&lead, &times)));
        }
        out
    }

    /// The three versions of a column.
    fn values(&self, conflict: &Conflict, name: &str) -> [Cell; 3] {
        let values: [Option<&Option<String>>; 3] = [0, 1, 2].map(|version| {
            let at = place(self.file, version, name)?;
            conflict.rows[version].as_ref()?.get(at)
        });
        let mut cells = [0, 1, 2].map(|version: usize| match values[version] {
            _ if conflict.rows[version].is_none() => absent(conflict, version),
            None => Cell::new(""),
            Some(text) => value(text.as_deref(), self.value),
        });
        // Beside each other, so that what differs can be seen.
        if let [Some(left), Some(right), base] = values
            && conflict.rows[0].is_some()
            && conflict.rows[1].is_some()
        {
            let pair = self.file.alignment.pairs.iter().find(|pair| pair.left.name == name);
            let kinds = pair.map_or(["value"; 2], |pair| [kind(&pair.left.ty, false), kind(&pair.right.ty, false)]);
            let both = || Pair::of([left.as_deref(), right.as_deref()], kinds).cells(self.value);
            // Where the base is one of them, it is shown in the same way.
            match base.filter(|_| left != right) {
                Some(base) if base == left => [cells[2], _] = both(),
                Some(base) if base == right => [_, cells[2]] = both(),
                _ => {}
            }
            [cells[0], cells[1]] = both();
        }
        cells
    }
}

fn absent(conflict: &Conflict, version: usize) -> Cell {
    let text = match version {
        2 => "(none)",
        _ if conflict.rows[2].is_some() => "(deleted)",
        _ => "(no row)",
    };
    Cell::new(text).add_attribute(Attribute::Dim)
}

/// The position of a column, by its left name, in a version of the row.
fn place(file: &PlanFile, version: usize, name: &str) -> Option<usize> {
    if version != 1 {
        return file.sides[0].table.position(name);
    }
    let pair = file.alignment.pairs.iter().find(|pair| pair.left.name == name)?;
    file.sides[1].table.position(&pair.right.name)
}

fn key_text(conflict: &Conflict) -> String {
    let values: Vec<String> =
        conflict.key.iter().map(|value| value.clone().unwrap_or_else(|| "NULL".to_owned())).collect();
    print_key(&values)
}

/// Whether only some of the columns that differ collide; the others were changed on one side.
fn is_part(conflict: &Conflict) -> bool {
    !conflict.colliding.is_empty() && conflict.colliding.len() < conflict.changed.len()
}

/// Why no rule decided, as a sentence.
fn why(conflict: &Conflict, file: &PlanFile) -> String {
    let rules = file.two_way.as_ref().map(|two_way| &two_way.rules);
    let [left, right, base] = &conflict.rows;
    let deleted = match (left, right) {
        (None, _) => Some("deleted on the left, changed on the right"),
        (_, None) => Some("deleted on the right, changed on the left"),
        _ => None,
    };
    let what = match (deleted, base) {
        (Some(deleted), _) => deleted,
        (None, Some(_)) if is_part(conflict) => "both sides changed what is marked * to different values",
        (None, Some(_)) => "both sides changed it to different values",
        (None, None) => "they differ, and there is no base to tell who changed",
    };
    match conflict.why() {
        Some(Reason::TooClose) => {
            let window = rules.map_or(0, |rules| rules.window);
            let equal = conflict.times[0] == conflict.times[1] || window == 0;
            let when =
                if equal { "at the same time".to_owned() } else { format!("within {} of each other", spoken(window)) };
            match deleted {
                Some(deleted) => format!("{deleted}, {when}"),
                None => format!("both changed {when}"),
            }
        }
        Some(Reason::NoTime) => format!("{what}; {}", no_time(conflict, rules.map(|rules| &rules.winner))),
        Some(Reason::Unclear) => {
            "they differ, and nobody can tell what of it an interrupted run has written: no rule decides".to_owned()
        }
        Some(Reason::NoBase | Reason::BothChanged | Reason::DeletedAndChanged) => what.to_owned(),
        None => conflict.reason.clone(),
    }
}

/// Whose time is missing.
fn no_time(conflict: &Conflict, winner: Option<&Winner>) -> String {
    let teller = |side: usize| match winner {
        Some(Winner::NewestHistory) => ["the left history", "the right history"][side].to_owned(),
        Some(Winner::NewestColumn { left, right }) => {
            format!("the {} `{}`", ["left", "right"][side], visible([left, right][side]))
        }
        _ => ["the left side", "the right side"][side].to_owned(),
    };
    match conflict.times {
        [None, None] if matches!(winner, Some(Winner::NewestHistory)) => "neither history tells when".to_owned(),
        [None, None] => "nothing tells when".to_owned(),
        [None, _] => format!("{} does not tell when", teller(0)),
        _ => format!("{} does not tell when", teller(1)),
    }
}

/// Both times, as far as they are known.
fn times(conflict: &Conflict) -> Option<String> {
    let time = |side: usize| {
        let text = print_timestamp(conflict.times[side]?, false);
        Some(format!("{} {text} UTC", ["left", "right"][side]))
    };
    match (time(0), time(1)) {
        (Some(left), Some(right)) => Some(format!("{left}, {right}")),
        (left, right) => left.or(right),
    }
}

/// A conflict as JSON: values as trueup prints them, and null.
pub fn conflict_json(conflict: &Conflict, file: &PlanFile) -> Value {
    let object = |names: &[String], values: &[Option<String>]| -> Map<String, Value> {
        names.iter().zip(values).map(|(name, value)| (name.clone(), json!(value))).collect()
    };
    let names = |side: usize| -> Vec<String> {
        file.sides[side].table.columns.iter().map(|column| column.name.clone()).collect()
    };
    let row = |version: usize| {
        conflict.rows[version].as_ref().map(|values| object(&names(usize::from(version == 1)), values))
    };
    let time = |side: usize| conflict.times[side].map(|time| print_timestamp(time, true));
    json!({
        "conflict": conflict.number,
        "key": object(&key_names(file, 0), &conflict.key),
        "reason": conflict.reason,
        "text": why(conflict, file),
        "columns": conflict.changed,
        "colliding": conflict.colliding,
        "left": row(0),
        "right": row(1),
        "base": row(2),
        "left_time": time(0),
        "right_time": time(1),
    })
}

/// The commands that decide conflicts.
pub fn how_to_resolve(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Decide them, one by one or all at once:\n  \
         trueup resolve {folder} --key KEY --take left|right|newest\n  \
         trueup resolve {folder} --all --take left|right|newest\n"
    )
}
