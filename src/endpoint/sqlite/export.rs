//! Streams a table's rows in one read transaction.

use super::connect::{Sqlite, message, quoted};
use super::hint::Hints;
use super::values::{push, size};
use crate::endpoint::batches::Batches;
use crate::endpoint::{EndpointError, ExportRequest, Exported, Sink, Turn};

/// Exports the rows of one moment.
pub(super) fn export(sqlite: &Sqlite, request: &ExportRequest, sink: &dyn Sink) -> Result<Exported, EndpointError> {
    let connection = sqlite.connect()?;
    let table = sqlite.quoted_table();
    let filter = match &request.filter {
        // On lines of its own, so that a comment at its end cannot hide the parenthesis.
        Some(condition) => format!(" WHERE (\n{condition}\n)"),
        None => String::new(),
    };
    let from = format!("FROM main.{table}{filter}");

    let count = connection.query_row(&format!("SELECT count(*) {from}"), [], |row| row.get(0));
    let counted: u64 = count.map_err(|error| sqlite.failed("counting the rows", &error))?;
    sink.expect(counted);

    // With its table's name before it, an identifier that isn't there is an error; alone it
    // would be taken for a text in the wrong quotes.
    let names: Vec<String> = request.columns.iter().map(|c| format!("{table}.{}", quoted(&c.name))).collect();
    let statement = connection.prepare(&format!("SELECT {} {from}", names.join(", ")));
    let mut statement = statement.map_err(|error| sqlite.failed("reading the rows", &error))?;
    let mut rows = statement.query([]).map_err(|error| sqlite.failed("reading the rows", &error))?;

    let mut batches = Batches::new(&request.columns, sink);
    let mut hints: Vec<Hints> = request.columns.iter().map(|column| Hints::new(&column.ty)).collect();
    loop {
        let lost =
            |error: rusqlite::Error, rows| EndpointError::Lost { address: sqlite.shown(), rows, why: message(&error) };
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => return Err(lost(error, batches.rows())),
        };
        let mut bytes = 0;
        let mut turn = None;
        for (at, (builder, column)) in batches.builders().iter_mut().zip(&request.columns).enumerate() {
            let value = row.get_ref(at).map_err(|error| sqlite.failed("reading a row", &error))?;
            turn = turn.or_else(|| Turn::for_bytes(size(&value)));
            bytes += push(builder, &column.ty, value);
        }
        for (at, hints) in hints.iter_mut().enumerate() {
            let value = row.get_ref(at).map_err(|error| sqlite.failed("reading a row", &error))?;
            if let Some(stored) = hints.of(value) {
                bytes += stored.len();
                batches.stored(at, stored);
            }
        }
        drop(turn);
        batches.end_row(bytes)?;
    }
    let rows = batches.finish()?;
    Ok(Exported { rows, counted: Some(counted), consistency: "one read transaction".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Endpoint, ExportBatch, Stopped};
    use crate::table::{Cells, Column, PortableType};
    use rusqlite::Connection;
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;

    #[derive(Default)]
    struct Rows {
        expected: Mutex<Option<u64>>,
        rows: Mutex<Vec<Vec<Option<String>>>>,
        write_to: Option<PathBuf>,
        stop: bool,
    }

    impl Sink for Rows {
        fn expect(&self, rows: u64) {
            *self.expected.lock().unwrap() = Some(rows);
            if let Some(path) = &self.write_to {
                Connection::open(path).unwrap().execute_batch("DELETE FROM t WHERE a < 10").unwrap();
            }
        }

        fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
            if self.stop {
                return Err(Stopped);
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

    fn database(sql: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        (folder, path)
    }

    fn run(path: &Path, names: &[&str], filter: Option<&str>, sink: &Rows) -> Result<Exported, EndpointError> {
        let sqlite = Sqlite::new(path.to_owned(), "t".to_owned());
        let info = sqlite.describe()?;
        let columns = names.iter().map(|name| match info.position(name) {
            Some(at) => info.columns[at].clone(),
            None => Column::new(*name, PortableType::Text, "text"),
        });
        let request = ExportRequest { columns: columns.collect(), filter: filter.map(str::to_owned), streams: 4 };
        sqlite.export(&request, sink)
    }

    const MANY: &str = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)
        INSERT INTO t SELECT i, 'row ' || i FROM n;";

    #[test]
    fn rows_arrive_as_they_are() {
        let (_folder, path) = database(
            "CREATE TABLE t (a INT, \"b c\" TEXT, d BLOB, e);
             INSERT INTO t VALUES (1, 'x' || char(0) || 'y', x'00ff', 1), ('two', NULL, 'text', 'b'), (NULL, x'61', NULL, 2.5);",
        );
        let sink = Rows::default();
        let exported = run(&path, &["d", "a", "b c", "e"], None, &sink).unwrap();
        assert_eq!((exported.rows, exported.counted), (3, Some(3)));
        assert_eq!(*sink.expected.lock().unwrap(), Some(3));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            *sink.rows.lock().unwrap(),
            [
                [text("\\x00ff"), text("1"), text("x\0y"), text("1")],
                [text("\\x74657874"), text("other two"), None, text("b")],
                [None, None, text("other \\x61"), text("2.5")]
            ]
        );
    }

    #[test]
    fn batches_are_of_bounded_size_and_complete() {
        let (_folder, path) = database(MANY);
        let sink = Rows::default();
        let exported = run(&path, &["a", "b"], None, &sink).unwrap();
        assert_eq!((exported.rows, exported.counted), (70_000, Some(70_000)));
        let rows = sink.rows.lock().unwrap();
        assert_eq!(rows.len(), 70_000);
        assert_eq!(rows[69_999], [Some("70000".to_owned()), Some("row 70000".to_owned())]);
        let stopped = Rows { stop: true, ..Rows::default() };
        assert!(matches!(run(&path, &["a"], None, &stopped), Err(EndpointError::Stopped)));
    }

    #[test]
    fn the_filter_is_taken_as_one_condition() {
        let (_folder, path) = database(MANY);
        let count = |filter: &str| run(&path, &["a"], Some(filter), &Rows::default());
        assert_eq!(count("a = 1 OR t.b = 'row 2' -- two of them").unwrap().counted, Some(2));
        let EndpointError::Query { doing, why, .. } = count("nope = 1").unwrap_err() else { panic!() };
        assert_eq!((doing.as_str(), why.as_str()), ("counting the rows", "no such column: nope"));
        assert!(count("a = ?").is_err());
        assert!(count("a = 1) -- ").is_err());
        assert!(count("a = 1); SELECT (1").is_err());
    }

    #[test]
    fn a_column_that_is_gone_is_no_text() {
        let (_folder, path) = database(MANY);
        let error = run(&path, &["a", "gone"], None, &Rows::default()).unwrap_err();
        assert!(error.to_string().contains("no such column"), "{error}");
    }

    #[test]
    fn all_rows_are_of_one_moment() {
        let (_folder, path) = database(&format!("PRAGMA journal_mode = wal; {MANY}"));
        let sink = Rows { write_to: Some(path.clone()), ..Rows::default() };
        assert_eq!(run(&path, &["a"], None, &sink).unwrap().rows, 70_000);
        assert_eq!(run(&path, &["a"], None, &Rows::default()).unwrap().rows, 69_991);
    }

    #[test]
    fn a_damaged_page_is_an_error() {
        let (_folder, path) = database(MANY);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xAA);
        std::fs::write(&path, bytes).unwrap();
        let error = run(&path, &["a", "b"], None, &Rows::default()).unwrap_err().to_string();
        assert!(error.contains("malformed"), "{error}");
    }

    #[test]
    fn a_write_that_broke_off_is_said_to_have() {
        let (folder, path) = database(MANY);
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA cache_size = 2; BEGIN; UPDATE t SET b = b || '!'").unwrap();
        let left = folder.path().join("left.db");
        std::fs::copy(&path, &left).unwrap();
        std::fs::copy(folder.path().join("t.db-journal"), folder.path().join("left.db-journal")).unwrap();
        let error = run(&left, &["a"], None, &Rows::default()).unwrap_err().to_string();
        assert!(error.contains("was interrupted"), "{error}");
    }

    #[test]
    fn a_locked_database_is_said_to_be() {
        let (_folder, path) = database("CREATE TABLE t (a)");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let error = run(&path, &["a"], None, &Rows::default()).unwrap_err().to_string();
        assert!(error.contains("another program is writing"), "{error}");
    }
}
