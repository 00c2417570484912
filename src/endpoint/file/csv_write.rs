//! Writes a CSV file anew. Rows and fields that stay are copied byte for byte.

use super::csv::Csv;
use super::csv_style::Style;
use super::draft::{Draft, Original, failed};
use super::edits::{Edits, NewRow};
use crate::endpoint::EndpointError;
use crate::endpoint::rows::View;
use crate::table::Column;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Writes what a CSV file with this between its fields becomes under these edits beside it. `columns`
/// are those of [`Edits::values`].
///
/// # Errors
/// If a file can't be read or written, or a value can't be written in CSV.
pub fn rewrite_csv(
    original: &Original,
    delimiter: u8,
    columns: &[Column],
    edits: &Edits,
) -> Result<Draft, EndpointError> {
    let csv = Csv::new(original.path().to_owned(), Some(delimiter));
    let style = Style::learn(&csv, columns, &edits.columns())?;
    let mut table = csv.open()?;
    let values = edits.values.iter().map(|batch| View::new(batch, columns)).collect::<Option<Vec<_>>>();
    let values =
        values.ok_or_else(|| failed(original.path(), "writing the new file", "its rows have other columns"))?;
    let place = |column: &Column| table.header.iter().position(|name| *name == column.name);
    let text =
        Text { path: original.path(), style: &style, columns, values, places: columns.iter().map(place).collect() };

    let (draft, out) = original.draft()?;
    let header = table.records.record().map_err(|_| csv.malformed(Some(1), "the header can't be read"))?;
    let start = header.end - (header.text.len() + header.line_end.len()) as u64;
    let mut lines = Lines { out, path: draft.path().to_owned(), line_end: style.line_end.clone(), pending: Vec::new() };
    if start > 0 {
        lines.bytes("\u{FEFF}".as_bytes())?;
    }
    lines.bytes(header.text.as_bytes())?;
    lines.pending = header.line_end.to_vec();
    let (mut last_end, mut behind) = (header.line_end.to_vec(), header.end);
    let (mut at, mut line, mut empty) = (0u64, String::new(), false);
    table.each_row(|record, _| {
        last_end = record.line_end.to_vec();
        behind = record.end;
        let row = at;
        at += 1;
        if edits.dropped.contains(&row) {
            return Ok(());
        }
        line.clear();
        match edits.changed.get(&row) {
            Some(new) => text.row(new, |field| Some(record.raw(field)), &mut line)?,
            None => line.push_str(record.text),
        }
        empty = line.is_empty();
        lines.row(&line, record.line_end)
    })?;
    table.check_unchanged()?;
    for new in &edits.added {
        line.clear();
        text.row(new, |_| None, &mut line)?;
        empty = line.is_empty();
        lines.row(&line, b"")?;
    }
    // As the file ended before; an empty line without an end would be no line.
    if !last_end.is_empty() || empty {
        lines.end()?;
    }
    // Empty lines at the end of the file.
    let mut file = File::open(original.path()).map_err(|error| failed(original.path(), "reading the file", error))?;
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(behind))
        .and_then(|_| file.read_to_end(&mut tail))
        .map_err(|error| failed(original.path(), "reading the file", error))?;
    lines.bytes(&tail)?;
    draft.finish(lines.out)?;
    Ok(draft)
}

/// Puts rows to text.
struct Text<'a> {
    path: &'a Path,
    style: &'a Style,
    columns: &'a [Column],
    values: Vec<View<'a>>,
    /// Per column, its field.
    places: Vec<Option<usize>>,
}

impl Text<'_> {
    /// Appends a row: its new values, and `old` ones for the other fields.
    fn row<'r>(
        &self,
        new: &NewRow,
        old: impl Fn(usize) -> Option<&'r str>,
        out: &mut String,
    ) -> Result<(), EndpointError> {
        for field in 0..self.style.fields.len() {
            if field > 0 {
                out.push(self.style.delimiter);
            }
            match new.columns.iter().find(|column| self.places[**column] == Some(field)) {
                Some(column) => self.value(new, *column, field, out)?,
                None => out.push_str(old(field).unwrap_or_default()),
            }
        }
        match new.columns.iter().find(|column| self.places[**column].is_none()) {
            Some(column) => Err(self.failed(*column, "the file has no such column")),
            None => Ok(()),
        }
    }

    fn value(&self, new: &NewRow, column: usize, field: usize, out: &mut String) -> Result<(), EndpointError> {
        let view = &self.values[new.batch];
        if let Some(other) = view.batch.other(new.row, column) {
            self.style.write(field, Some(other), out);
            return Ok(());
        }
        let text = self.style.fields[field].spell(&view.cells[column], new.row);
        if text.is_none() && !view.cells[column].is_null(new.row) {
            return Err(self.failed(column, "a value is no UTF-8 text, which CSV is made of"));
        }
        self.style.write(field, text.as_deref(), out);
        Ok(())
    }

    fn failed(&self, column: usize, why: &str) -> EndpointError {
        failed(self.path, "writing the new file", format!("column `{}`: {why}", self.columns[column].name))
    }
}

/// Lines on their way. A row's line end is only written once something follows.
struct Lines {
    out: BufWriter<File>,
    path: std::path::PathBuf,
    /// For rows that have none of their own.
    line_end: Vec<u8>,
    /// That of the last row.
    pending: Vec<u8>,
}

impl Lines {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), EndpointError> {
        self.out.write_all(bytes).map_err(|error| failed(&self.path, "writing the new file", error))
    }

    fn end(&mut self) -> Result<(), EndpointError> {
        let end = match self.pending.as_slice() {
            b"\n" | b"\r\n" => std::mem::take(&mut self.pending),
            _ => self.line_end.clone(),
        };
        self.bytes(&end)
    }

    fn row(&mut self, text: &str, line_end: &[u8]) -> Result<(), EndpointError> {
        self.end()?;
        self.pending = line_end.to_vec();
        self.bytes(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ExportBatch;
    use crate::table::{PortableBuilder, PortableType};
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    fn columns(types: &[(&str, PortableType)]) -> Vec<Column> {
        types.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "csv")).collect()
    }

    fn batch(columns: &[Column], rows: &[&[Option<&str>]]) -> ExportBatch {
        let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
        let column = |(at, column): (usize, &Column)| {
            let mut builder = PortableBuilder::new(&column.ty);
            rows.iter().for_each(|row| match row[at] {
                Some(text) => builder.parse(text),
                None => builder.null(),
            });
            builder.finish()
        };
        ExportBatch::new(&Arc::new(Schema::new(fields)), columns.iter().enumerate().map(column).collect()).unwrap()
    }

    fn new_row(row: usize, columns: &[usize]) -> NewRow {
        NewRow { batch: 0, row, columns: columns.to_vec() }
    }

    fn rewritten(name: &str, text: &str, columns: &[Column], edits: &Edits) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let original = Original::open(&path).unwrap();
        let delimiter = Csv::new(path.clone(), None).delimiter().unwrap();
        let draft = rewrite_csv(&original, delimiter, columns, edits).map_err(|error| error.to_string())?;
        draft.commit(&original).unwrap();
        Ok(std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn what_stays_is_copied_byte_for_byte() {
        let text = "\u{FEFF}id,\"name\",at\r\n1,\"a\nb\",2024-01-01T10:00:00\n\"2\",\"c\"\"d\",\r\n03,\"\",2024-01-02T00:00:00\n\n";
        let columns = columns(&[
            ("id", PortableType::Integer),
            ("name", PortableType::Text),
            ("at", PortableType::Timestamp { precision: 6 }),
        ]);
        assert_eq!(rewritten("t.csv", text, &columns, &Edits::default()).unwrap(), text);
        let values = batch(&columns, &[&[Some("9"), Some("n,\"x"), Some("2025-01-01")], &[Some("5"), None, None]]);
        let edits = Edits {
            values: vec![values],
            changed: [(1, new_row(0, &[1, 2]))].into(),
            dropped: [0].into(),
            added: vec![new_row(1, &[0, 1, 2]), new_row(0, &[0])],
        };
        // The names are all in quotes, so new ones are; times have a T; the empty line stays last.
        let expected = "\u{FEFF}id,\"name\",at\r\n\"2\",\"n,\"\"x\",2025-01-01T00:00:00\r\n03,\"\",2024-01-02T00:00:00\n5,,\n9,,\n\n";
        assert_eq!(rewritten("t.csv", text, &columns, &edits).unwrap(), expected);
    }

    #[test]
    fn a_file_ends_as_it_ended() {
        let columns = columns(&[("a", PortableType::Integer), ("b", PortableType::Text)]);
        let values = batch(&columns, &[&[Some("7"), Some("x")]]);
        let add = Edits { values: vec![values], added: vec![new_row(0, &[0, 1])], ..Edits::default() };
        for (text, expected) in [
            ("a,b\r\n1,2", "a,b\r\n1,2\r\n7,x"),
            ("a,b\r\n1,2\r\n", "a,b\r\n1,2\r\n7,x\r\n"),
            ("a,b", "a,b\n7,x"),
            ("a,b\n", "a,b\n7,x\n"),
            ("a,b\n1,2\n\r\n\n", "a,b\n1,2\n7,x\n\r\n\n"),
            ("a,b\n1,2\r", "a,b\n1,2\n7,x\n"),
        ] {
            let longer = rewritten("t.csv", text, &columns, &add).unwrap();
            assert_eq!(longer, expected, "{text:?}");
            let rows = text.matches(',').count() as u64 - 1;
            let drop = Edits { dropped: [rows].into(), ..Edits::default() };
            if !text.ends_with('\r') {
                assert_eq!(rewritten("t.csv", &longer, &columns, &drop).unwrap(), text);
            }
        }
        assert_eq!(rewritten("t.TSV", "a\tb\n", &columns, &add).unwrap(), "a\tb\n7\tx\n");
    }

    #[test]
    fn null_is_empty_and_empty_is_in_quotes() {
        let one = columns(&[("a", PortableType::Text)]);
        let values = batch(&one, &[&[None], &[Some("")], &[Some("\u{FEFF}")], &[Some("a\rb")]]);
        let added = (0..4).map(|row| new_row(row, &[0])).collect();
        let edits = Edits { values: vec![values.clone()], added, ..Edits::default() };
        assert_eq!(rewritten("t.csv", "a\nx", &one, &edits).unwrap(), "a\nx\n\n\"\"\n\"\u{FEFF}\"\n\"a\rb\"");
        // Without its end, an empty line would be none.
        let edits = Edits { values: vec![values], added: vec![new_row(0, &[0])], ..Edits::default() };
        assert_eq!(rewritten("t.csv", "a\nx", &one, &edits).unwrap(), "a\nx\n\n");
    }

    #[test]
    fn what_csv_cannot_hold_is_an_error() {
        let columns = columns(&[("a", PortableType::Bytes), ("gone", PortableType::Text)]);
        let mut builder = PortableBuilder::new(&PortableType::Bytes);
        builder.bytes(&[0xFF]);
        let mut values = batch(&columns, &[&[Some("x"), Some("y")]]);
        let mut arrays = values.rows.columns().to_vec();
        arrays[0] = builder.finish().0;
        values.rows = arrow::array::RecordBatch::try_new(values.rows.schema(), arrays).unwrap();
        let add = |columns: &[usize]| Edits {
            values: vec![values.clone()],
            added: vec![new_row(0, columns)],
            ..Edits::default()
        };
        assert!(
            rewritten("t.csv", "a\nx\n", &columns, &add(&[0])).unwrap_err().contains("column `a`: a value is no UTF-8")
        );
        assert!(rewritten("t.csv", "a\nx\n", &columns, &add(&[1])).unwrap_err().contains("no such column"));
    }
}
