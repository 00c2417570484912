//! How a CSV file is written, learnt from all of it.

use super::csv::Csv;
use super::csv_bytes::ByteForm;
use crate::endpoint::EndpointError;
use crate::endpoint::spelling::{Speller, Spelling};
use crate::table::{Cells, Column, PortableBuilder};
use std::collections::BTreeSet;

/// Rows looked at together.
const BLOCK: usize = 1_024;

/// The way in which a CSV file is written.
#[derive(Clone, Debug)]
pub(super) struct Style {
    /// Between two fields.
    pub(super) delimiter: char,
    /// The commonest line end.
    pub(super) line_end: Vec<u8>,
    /// Per field of the header.
    pub(super) fields: Vec<FieldStyle>,
}

/// The way in which the values of one column are written.
#[derive(Clone, Debug)]
pub(super) struct FieldStyle {
    /// Whether all values are in quotes, not only those that need them.
    quoted: bool,
    /// How they are written, if they are bytes.
    bytes: Option<ByteForm>,
    spelling: Spelling,
}

impl Style {
    /// Reads a file. `columns` are, per field of the header, the table's columns; the spelling is
    /// only learnt of those whose positions are in `wanted`.
    pub(super) fn learn(csv: &Csv, columns: &[Column], wanted: &BTreeSet<usize>) -> Result<Self, EndpointError> {
        let mut table = csv.open()?;
        let header = table.header.clone();
        let mut ends = [0u64; 2];
        let mut see_end = |end: &[u8]| match end {
            b"\n" => ends[0] += 1,
            b"\r\n" => ends[1] += 1,
            _ => {}
        };
        see_end(table.records.record().map(|record| record.line_end.to_vec()).unwrap_or_default().as_slice());
        let place = |name: &String| columns.iter().position(|column| column.name == *name);
        let mut learners: Vec<Learner> = header
            .iter()
            .map(|name| Learner::new(place(name).filter(|at| wanted.contains(at)).map(|at| &columns[at])))
            .collect();
        table.each_row(|record, _| {
            see_end(record.line_end);
            for (at, learner) in learners.iter_mut().enumerate() {
                if let Some(text) = record.get(at) {
                    learner.see(&text, record.raw(at).starts_with('"'));
                }
            }
            Ok(())
        })?;
        table.check_unchanged()?;
        Ok(Self {
            delimiter: table.delimiter.into(),
            line_end: if ends[1] > ends[0] { b"\r\n".to_vec() } else { b"\n".to_vec() },
            fields: learners.into_iter().map(Learner::finish).collect(),
        })
    }

    /// Appends a field with this value; `None` is NULL.
    pub(super) fn write(&self, field: usize, value: Option<&str>, out: &mut String) {
        let Some(text) = value else { return };
        let special = |c: char| matches!(c, '"' | '\n' | '\r' | '\u{FEFF}') || c == self.delimiter;
        if !text.is_empty() && !self.fields[field].quoted && !text.contains(special) {
            return out.push_str(text);
        }
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    }
}

impl FieldStyle {
    /// A cell as it is spelled in this column.
    pub(super) fn spell(&self, cells: &Cells, row: usize) -> Option<String> {
        match (self.bytes, cells) {
            (Some(form), Cells::Bytes(values)) if !cells.is_null(row) => form.write(values.value(row)),
            _ => self.spelling.spell(cells, row),
        }
    }
}

/// Learns the style of one column.
struct Learner {
    values: u64,
    in_quotes: u64,
    bytes: Option<ByteForm>,
    spelling: Option<(Speller, PortableBuilder, Vec<String>)>,
}

impl Learner {
    fn new(column: Option<&Column>) -> Self {
        let spelling = column.map(|column| (Speller::new(&column.ty), PortableBuilder::new(&column.ty), Vec::new()));
        Self { values: 0, in_quotes: 0, bytes: column.and_then(ByteForm::of), spelling }
    }

    fn see(&mut self, text: &str, in_quotes: bool) {
        self.values += 1;
        self.in_quotes += u64::from(in_quotes);
        if let Some((_, builder, texts)) = &mut self.spelling {
            builder.parse(text);
            texts.push(text.to_owned());
            if texts.len() >= BLOCK {
                self.look();
            }
        }
    }

    fn look(&mut self) {
        let Some((speller, builder, texts)) = &mut self.spelling else { return };
        let (array, _) = builder.finish();
        if let Some(cells) = Cells::new(&array) {
            // What is no value of the type stays as it is.
            for (row, text) in texts.iter().enumerate().filter(|(row, _)| !cells.is_null(*row)) {
                speller.see(&cells, row, text);
            }
        }
        texts.clear();
    }

    fn finish(mut self) -> FieldStyle {
        self.look();
        FieldStyle {
            quoted: self.values > 0 && self.in_quotes == self.values,
            bytes: self.bytes,
            spelling: self.spelling.map_or(Spelling::Plain, |(speller, ..)| speller.best().0),
        }
    }
}
