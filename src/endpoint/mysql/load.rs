//! Steps on their way into the temporary table: as a file of `LOAD DATA LOCAL`, which the server
//! reads fastest, or as statements where it takes no such files.

use super::carry::Form;
use super::shape::{Place, Shape, Slot};
use super::sql::quote;
use crate::endpoint::{ExportBatch, StepBatch};
use crate::table::Cells;

/// Some bytes per statement are enough to amortize its work.
const STATEMENT: usize = 1024 * 1024;

/// A batch as the temporary table takes it.
pub struct Loading<'a> {
    place: &'a Place,
    shape: &'a Shape,
    before: Option<Side<'a>>,
    after: Option<Side<'a>>,
    rows: usize,
    /// Per step, which level it is written with; empty if there is only one.
    levels: &'a [u32],
}

/// The rows before or after.
struct Side<'a> {
    batch: &'a ExportBatch,
    cells: Vec<Cells>,
}

impl<'a> Side<'a> {
    fn new(batch: &'a ExportBatch) -> Result<Self, String> {
        let cells = batch.rows.columns().iter().map(Cells::new).collect::<Option<Vec<_>>>();
        Ok(Self { batch, cells: cells.ok_or("a column of the steps has a type that is none of a table's")? })
    }

    /// The text of a value that its column's type can't hold.
    fn other(&self, row: usize, column: usize) -> Option<&str> {
        self.batch.other(row, column)
    }
}

impl<'a> Loading<'a> {
    /// Of a batch.
    ///
    /// # Errors
    /// In words, if the batch is not made of the table's columns.
    pub fn new(place: &'a Place, shape: &'a Shape, steps: &'a StepBatch, levels: &'a [u32]) -> Result<Self, String> {
        let side = |batch: &'a Option<ExportBatch>| batch.as_ref().map(Side::new).transpose();
        let (before, after) = (side(&steps.before)?, side(&steps.after)?);
        for side in [&before, &after].into_iter().flatten() {
            if side.cells.len() != place.columns.len() {
                return Err("the steps have other columns than the table".to_owned());
            }
        }
        Ok(Self { place, shape, before, after, rows: steps.len(), levels })
    }

    /// The statement that reads [`file`](Self::file).
    pub fn statement(&self) -> String {
        let (mut names, mut sets) = (String::new(), Vec::new());
        for slot in &self.shape.slots {
            names.push_str(", ");
            let carried = &self.place.columns[slot.column];
            if slot.form == Form::Printed || carried.is_taken_as_sent() {
                names.push_str(&quote(&slot.name));
            } else {
                let variable = format!("@{}", slot.name);
                names.push_str(&variable);
                sets.push(format!("{} = {}", quote(&slot.name), carried.made_of(&variable)));
            }
        }
        let sets = if sets.is_empty() { String::new() } else { format!(" SET {}", sets.join(", ")) };
        // As bytes: what is text is said by the columns and expressions.
        format!(
            "LOAD DATA LOCAL INFILE 'steps' INTO TABLE {} CHARACTER SET binary \
             FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (n, level{names}){sets}",
            self.place.steps
        )
    }

    /// The steps as that file.
    ///
    /// # Errors
    /// In words, if a column can't hold a value.
    pub fn file(&self) -> Result<Vec<u8>, String> {
        let mut file = Vec::new();
        self.each(|number, level, values| {
            file.extend_from_slice(format!("{number}\t{level}").as_bytes());
            for (is, bytes) in values {
                file.push(b'\t');
                if *is {
                    escape(bytes, &mut file);
                } else {
                    file.extend_from_slice(b"\\N");
                }
            }
            file.push(b'\n');
        })?;
        Ok(file)
    }

    /// The steps as statements, none longer than `most` bytes if it can be helped.
    ///
    /// # Errors
    /// In words, if a column can't hold a value.
    pub fn statements(&self, most: usize) -> Result<Vec<String>, String> {
        let names: Vec<String> = self.shape.slots.iter().map(|slot| quote(&slot.name)).collect();
        let head = format!("INSERT INTO {} (n, level, {}) VALUES ", self.place.steps, names.join(", "));
        let most = most.min(STATEMENT);
        let (mut statements, mut statement) = (Vec::new(), String::new());
        self.each(|number, level, values| {
            let mut row = format!("({number}, {level}");
            for (slot, (is, bytes)) in self.shape.slots.iter().zip(values) {
                row.push_str(", ");
                row.push_str(&self.value(slot, is.then_some(bytes)));
            }
            row.push(')');
            if !statement.is_empty() && statement.len() + row.len() + 2 > most {
                statements.push(std::mem::take(&mut statement));
            }
            statement.push_str(if statement.is_empty() { &head } else { ", " });
            statement.push_str(&row);
        })?;
        if !statement.is_empty() {
            statements.push(statement);
        }
        Ok(statements)
    }

    fn value(&self, slot: &Slot, bytes: Option<&Vec<u8>>) -> String {
        let Some(bytes) = bytes else { return "NULL".to_owned() };
        let constant = match std::str::from_utf8(bytes) {
            Ok(text) => format!("_binary{}", literal(text)),
            Err(_) => hex(bytes),
        };
        match slot.form {
            Form::Printed => constant,
            _ => self.place.columns[slot.column].made_of(&constant),
        }
    }

    /// Hands out the steps one by one: number, level, and per slot whether it is a value and which.
    fn each(&self, mut take: impl FnMut(usize, u32, &[(bool, Vec<u8>)])) -> Result<(), String> {
        let mut values: Vec<(bool, Vec<u8>)> = vec![(false, Vec::new()); self.shape.slots.len()];
        let mut scratch = String::new();
        for row in 0..self.rows {
            for (slot, (is, bytes)) in self.shape.slots.iter().zip(&mut values) {
                let side = if slot.after { &self.after } else { &self.before };
                let side = side.as_ref().ok_or("the steps lack their rows before or after")?;
                let carried = &self.place.columns[slot.column];
                *is = carried
                    .send(&side.cells[slot.column], row, side.other(row, slot.column), slot.form, &mut scratch, bytes)
                    .map_err(|why| format!("{}column `{}`: {why}", self.named(row), carried.native.name))?;
            }
            take(row, self.levels.get(row).copied().unwrap_or(0), &values);
        }
        Ok(())
    }

    /// A row's key, for an error about it.
    fn named(&self, row: usize) -> String {
        let keys = self.shape.slots.iter().filter(|slot| slot.name.starts_with('k'));
        let mut words = Vec::new();
        for slot in keys {
            let side = if slot.after { &self.after } else { &self.before };
            let cell = side.as_ref().and_then(|side| side.cells[slot.column].print(row));
            words.push(format!("{} {}", self.place.columns[slot.column].native.name, cell.unwrap_or_default()));
        }
        format!("row {}, ", words.join(", "))
    }
}

/// A field as `LOAD DATA` reads it back.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0 => out.extend_from_slice(b"\\0"),
            other => out.push(other),
        }
    }
}

/// Text as a constant, for a session in which a backslash escapes.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{1a}' => out.push_str("\\Z"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

/// Bytes as a constant.
pub fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", &crate::table::print_bytes(bytes)[2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_constants_are_escaped() {
        let mut out = Vec::new();
        escape(b"a\\b\tc\nd\0e'\xff", &mut out);
        assert_eq!(out, b"a\\\\b\\tc\\nd\\0e'\xff");
        assert_eq!(literal("it's \\ \n\0"), "'it''s \\\\ \\n\\0'");
        assert_eq!(hex(&[0, 255]), "x'00ff'");
        assert_eq!(hex(&[]), "x''");
    }
}
