//! A CSV file as an endpoint.

use super::csv_bytes::{ByteForm, native};
use super::csv_delimiter::find_delimiter;
use super::infer::Inference;
use super::records::{Record, RecordError, Records};
use crate::endpoint::batches::Batches;
use crate::endpoint::{Endpoint, EndpointError, ExportRequest, Exported, Sink, delimiter_name};
use crate::table::{Column, TableInfo};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Bytes per read: enough that the system calls do not count.
const BUFFER: usize = 1 << 20;

/// A CSV file.
#[derive(Debug)]
pub struct Csv {
    pub(super) path: PathBuf,
    /// What is between two fields, if somebody said so.
    delimiter: Option<u8>,
    /// How many rows the file had when it was described, and what it looked like then.
    counted: Mutex<Option<(Stamp, u64)>>,
}

/// What changes when a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

impl Csv {
    /// The table in the CSV file `path`; `delimiter` is what is between two fields, `None` to find out.
    pub fn new(path: PathBuf, delimiter: Option<u8>) -> Self {
        Self { path, delimiter, counted: Mutex::new(None) }
    }

    pub(super) fn open(&self) -> Result<Table<'_, File>, EndpointError> {
        let file = File::open(&self.path).map_err(|error| self.unreadable(error.to_string()))?;
        let about = file.metadata().map_err(|error| self.unreadable(error.to_string()))?;
        if about.is_dir() {
            return Err(self.unreadable("it is a folder, not a file".to_owned()));
        }
        if !about.is_file() {
            return Err(self.unreadable("it is no regular file, and a CSV file is read twice".to_owned()));
        }
        let delimiter = self.delimiter()?;
        let records = Records::new(file, delimiter, BUFFER);
        let mut table = Table {
            csv: self,
            stamp: Stamp::of(&about),
            records,
            delimiter,
            header: Vec::new(),
            blanks: false,
            rows: 0,
        };
        table.read_header()?;
        Ok(table)
    }

    /// What is between two fields.
    ///
    /// # Errors
    /// If nobody said so and the file does not tell, or it can't be read.
    pub fn delimiter(&self) -> Result<u8, EndpointError> {
        match self.delimiter {
            Some(delimiter) => Ok(delimiter),
            None => find_delimiter(&self.path, self.usual_delimiter()),
        }
    }

    /// What a file of this name has between two fields, unless it is plain that it has not.
    fn usual_delimiter(&self) -> u8 {
        let tabs = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
        if tabs { b'\t' } else { b',' }
    }

    fn unreadable(&self, why: String) -> EndpointError {
        EndpointError::Unreadable { path: self.path.display().to_string(), why }
    }

    pub(super) fn malformed(&self, line: Option<u64>, why: impl Into<String>) -> EndpointError {
        EndpointError::Malformed { path: self.path.display().to_string(), line, why: why.into() }
    }

    fn failed(&self, error: RecordError, rows: u64) -> EndpointError {
        match error {
            RecordError::Malformed { line, why } => self.malformed(Some(line), why),
            RecordError::Io(error) => {
                EndpointError::Lost { address: self.path.display().to_string(), rows, why: error.to_string() }
            }
        }
    }
}

impl Stamp {
    pub(super) fn of(about: &Metadata) -> Self {
        Self { size: about.len(), modified: about.modified().ok() }
    }
}

/// A file being read, behind its header.
pub(super) struct Table<'a, R> {
    csv: &'a Csv,
    stamp: Stamp,
    pub(super) records: Records<R>,
    pub(super) delimiter: u8,
    pub(super) header: Vec<String>,
    /// Whether there are blanks around names in the header.
    blanks: bool,
    rows: u64,
}

impl<R: Read> Table<'_, R> {
    fn read_header(&mut self) -> Result<(), EndpointError> {
        let csv = self.csv;
        if !self.records.advance().map_err(|error| csv.failed(error, 0))? {
            return Err(csv.malformed(None, "the file is empty: a header line is needed"));
        }
        if self.records.is_blank() {
            return Err(csv.malformed(Some(1), "the line is empty: a header line is needed"));
        }
        let record = self.records.record().map_err(|error| csv.failed(error, 0))?;
        let mut header: Vec<String> = Vec::with_capacity(record.len());
        for at in 0..record.len() {
            let written = record.get(at).unwrap_or_default();
            let name = written.trim().to_owned();
            self.blanks |= name.len() < written.len();
            if name.is_empty() {
                return Err(csv.malformed(Some(1), format!("column {} of the header has no name", at + 1)));
            }
            header.push(name);
        }
        let mut sorted: Vec<&String> = header.iter().collect();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(csv.malformed(Some(1), format!("the header has two columns named `{}`", twice[0])));
        }
        self.header = header;
        Ok(())
    }

    /// Hands every row to `take`, with about its size: a record with as many fields as the header.
    pub(super) fn each_row(
        &mut self,
        mut take: impl FnMut(Record<'_>, usize) -> Result<(), EndpointError>,
    ) -> Result<(), EndpointError> {
        let (csv, width) = (self.csv, self.header.len());
        // The line of the first of some empty lines, which are no rows if they are the last ones.
        let mut blank: Option<u64> = None;
        while self.records.advance().map_err(|error| csv.failed(error, self.rows))? {
            if width > 1 && self.records.is_blank() {
                blank = blank.or(Some(self.records.line()));
                continue;
            }
            if let Some(line) = blank {
                return Err(csv.malformed(Some(line), "an empty line between rows"));
            }
            let record = self.records.record().map_err(|error| csv.failed(error, self.rows))?;
            if record.len() != width {
                let fields = if record.len() == 1 { "field" } else { "fields" };
                let why = format!("{} {fields} where the header has {width}", record.len());
                return Err(csv.malformed(Some(self.records.line()), why));
            }
            take(record, self.records.bytes())?;
            self.rows += 1;
        }
        Ok(())
    }
}

impl Table<'_, File> {
    /// Fails if somebody wrote to the file while it was read.
    pub(super) fn check_unchanged(&self) -> Result<(), EndpointError> {
        let csv = self.csv;
        let about = self.records.source().metadata().map_err(|error| csv.unreadable(error.to_string()))?;
        if Stamp::of(&about) != self.stamp {
            return Err(csv.malformed(None, "the file changed while it was read"));
        }
        Ok(())
    }
}

impl Endpoint for Csv {
    /// Reads the whole file: a column's type is inferred from all of its values.
    fn describe(&self) -> Result<TableInfo, EndpointError> {
        let mut table = self.open()?;
        let mut inferences = vec![Inference::default(); table.header.len()];
        table.each_row(|record, _| {
            for (at, inference) in inferences.iter_mut().enumerate() {
                if let Some(value) = record.get(at) {
                    inference.see(&value);
                }
            }
            Ok(())
        })?;
        table.check_unchanged()?;
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some((table.stamp, table.rows));
        let column = |(name, inference): (&String, &Inference)| Column {
            declared: false,
            ..Column::new(name, inference.ty(), native(inference))
        };
        let mut notes = Vec::new();
        if self.delimiter.is_none() && table.delimiter != self.usual_delimiter() {
            notes.push(format!("its fields are taken to be split at `{}`", delimiter_name(table.delimiter)));
        }
        if table.blanks {
            notes.push("blanks around the names in its header don't count".to_owned());
        }
        Ok(TableInfo {
            columns: table.header.iter().zip(&inferences).map(column).collect(),
            estimated_rows: Some(table.rows),
            notes,
            ..TableInfo::default()
        })
    }

    fn export(&self, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
        let mut table = self.open()?;
        let mut places = Vec::with_capacity(request.columns.len());
        for column in &request.columns {
            let place = table.header.iter().position(|name| *name == column.name);
            let missing = || self.malformed(Some(1), format!("the header has no column `{}`", column.name));
            places.push(place.ok_or_else(missing)?);
        }
        let counted = *self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counted.filter(|(stamp, _)| *stamp == table.stamp).map(|(_, rows)| rows);
        if let Some(rows) = counted {
            sink.expect(rows);
        }
        let forms: Vec<Option<ByteForm>> = request.columns.iter().map(ByteForm::of).collect();
        let mut batches = Batches::new(&request.columns, sink);
        table.each_row(|record, bytes| {
            for ((builder, place), form) in batches.builders().iter_mut().zip(&places).zip(&forms) {
                match (record.get(*place), form) {
                    (None, _) => builder.null(),
                    (Some(value), None) => builder.parse(&value),
                    (Some(value), Some(form)) => match form.read(&value) {
                        Some(bytes) => builder.bytes(&bytes),
                        None => builder.other(value.into_owned()),
                    },
                }
            }
            batches.end_row(bytes)
        })?;
        table.check_unchanged()?;
        if counted.is_some_and(|rows| rows != table.rows) {
            return Err(self.malformed(None, "the file changed while it was read"));
        }
        let rows = batches.finish()?;
        Ok(Exported { rows, counted: None, consistency: "a file read once".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{ExportBatch, Stopped};
    use crate::table::{Cells, PortableType};
    use std::io::Write;
    use std::path::Path;

    #[derive(Default)]
    struct Rows {
        expected: Mutex<Option<u64>>,
        rows: Mutex<Vec<Vec<Option<String>>>>,
        then: Option<fn(&Path)>,
        path: PathBuf,
        stop: bool,
    }

    impl Sink for Rows {
        fn expect(&self, rows: u64) {
            *self.expected.lock().unwrap() = Some(rows);
        }

        fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
            if self.stop {
                return Err(Stopped);
            }
            if let Some(then) = self.then {
                then(&self.path);
            }
            let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
            for row in 0..batch.rows.num_rows() {
                let cell = |(at, cells): (usize, &Cells)| {
                    let other = batch.other(row, at);
                    other.map(|text| format!("other {text}")).or_else(|| cells.print(row))
                };
                self.rows.lock().unwrap().push(cells.iter().enumerate().map(cell).collect());
            }
            Ok(())
        }
    }

    fn file(name: &str, text: &[u8]) -> (tempfile::TempDir, Csv) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, Csv::new(path, None))
    }

    fn request(columns: Vec<Column>) -> ExportRequest {
        ExportRequest { columns, filter: None, streams: 1 }
    }

    fn why(text: &str) -> String {
        let (folder, csv) = file("t.csv", text.as_bytes());
        let error = csv.describe().unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn describes_and_exports_what_it_is_asked_for() {
        let (_folder, csv) = file("t.csv", b"id,name,at\n1,,2024-01-01\n2,\"\",\n3,\"a\"\"b\",2024-01-02\n\n\r\n");
        let info = csv.describe().unwrap();
        assert_eq!(info.estimated_rows, Some(3));
        let types: Vec<_> = info.columns.iter().map(|c| (c.name.as_str(), c.ty.clone(), c.declared)).collect();
        assert_eq!(
            types,
            [
                ("id", PortableType::Integer, false),
                ("name", PortableType::Text, false),
                ("at", PortableType::Date, false)
            ]
        );
        let sink = Rows::default();
        let exported = csv.export(&request(vec![info.columns[2].clone(), info.columns[1].clone()]), &sink).unwrap();
        assert_eq!((exported.rows, exported.counted), (3, None));
        assert_eq!(*sink.expected.lock().unwrap(), Some(3));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            *sink.rows.lock().unwrap(),
            [[text("2024-01-01"), None], [None, text("")], [text("2024-01-02"), text("a\"b")]]
        );
    }

    #[test]
    fn a_type_asked_for_keeps_what_does_not_fit() {
        let (_folder, csv) = file("t.TSV", b"a\tb\n007\tx,y\nseven\t\n");
        let columns =
            vec![Column::new("a", PortableType::Integer, "bigint"), Column::new("b", PortableType::Text, "text")];
        let sink = Rows::default();
        csv.export(&request(columns), &sink).unwrap();
        let rows = sink.rows.lock().unwrap();
        assert_eq!(rows[0], [Some("7".to_owned()), Some("x,y".to_owned())]);
        assert_eq!(rows[1], [Some("other seven".to_owned()), None]);
        assert_eq!(*sink.expected.lock().unwrap(), None);
    }

    #[test]
    fn an_empty_line_is_a_row_only_where_there_is_one_column() {
        let (_folder, csv) = file("t.csv", b"a\n1\n\n\"\"\n\n");
        let sink = Rows::default();
        csv.export(&request(vec![Column::new("a", PortableType::Text, "text")]), &sink).unwrap();
        assert_eq!(*sink.rows.lock().unwrap(), [[Some("1".to_owned())], [None], [Some(String::new())], [None]]);
        assert_eq!(why("a,b\n1,2\n\n\n3,4\n"), "t.csv, line 3: an empty line between rows");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert_eq!(why(""), "t.csv: the file is empty: a header line is needed");
        assert_eq!(why("\na\n"), "t.csv, line 1: the line is empty: a header line is needed");
        assert_eq!(why("a,,b\n"), "t.csv, line 1: column 2 of the header has no name");
        assert_eq!(why("a,b,a\n"), "t.csv, line 1: the header has two columns named `a`");
        assert_eq!(why("a,b\n\"1\n\",2\n3\n"), "t.csv, line 4: 1 field where the header has 2");
        assert_eq!(why("a,b\n1,\"2\n"), "t.csv, line 2: a quote is opened here and never closed");
        let (_folder, csv) = file("t.csv", b"a\n");
        assert_eq!(csv.describe().unwrap().estimated_rows, Some(0));
        let gone = csv.export(&request(vec![Column::new("b", PortableType::Text, "")]), &Rows::default());
        assert!(gone.unwrap_err().to_string().contains("no column `b`"));
        assert!(matches!(Csv::new("/nowhere/x.csv".into(), None).describe(), Err(EndpointError::Unreadable { .. })));
        let folder = tempfile::tempdir().unwrap();
        let error = Csv::new(folder.path().into(), None).describe().unwrap_err().to_string();
        assert!(error.contains("it is a folder"), "{error}");
    }

    #[test]
    fn a_file_that_grows_meanwhile_is_refused() {
        let text = format!("a\n{}", "1\n".repeat(ExportBatch::ROWS + 10));
        let (_folder, csv) = file("t.csv", text.as_bytes());
        let columns = csv.describe().unwrap().columns;
        let grow: fn(&Path) = |path| {
            std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"2\n").unwrap();
        };
        let sink = Rows { then: Some(grow), path: csv.path.clone(), ..Rows::default() };
        let error = csv.export(&request(columns.clone()), &sink).unwrap_err().to_string();
        assert!(error.contains("changed while it was read"), "{error}");
        let stopped = Rows { stop: true, ..Rows::default() };
        assert!(matches!(csv.export(&request(columns), &stopped), Err(EndpointError::Stopped)));
    }
}
