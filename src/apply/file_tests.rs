use super::super::stored::{Stored, StoredFile};
use super::*;
use crate::endpoint::{StepBatch, WriteTable};
use crate::table::{Cells, Column, PortableBuilder, PortableType};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

type Row = [Option<&'static str>; 3];

fn table() -> WriteTable {
    let column = |name: &str, ty| Column::new(name, ty, "");
    let columns = vec![
        column("id", PortableType::Integer),
        column("name", PortableType::Text),
        column("at", PortableType::Timestamp { precision: 6 }),
    ];
    WriteTable { columns, key: vec![0], whole: false }
}

fn batch(rows: &[Row]) -> ExportBatch {
    let columns = table().columns;
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

/// Steps from 100 on for deletes, 200 for updates, 300 for creates.
fn works(deletes: &[Row], updates: &[(Row, Row)], creates: &[Row]) -> Vec<Work> {
    let work =
        |first: u64, action, before: Option<Vec<Row>>, after: Option<Vec<Row>>, guard: Vec<usize>, set: Vec<usize>| {
            let count = before.as_ref().or(after.as_ref()).map_or(0, Vec::len);
            let [before, after] = [before, after].map(|rows| rows.map(|rows| batch(&rows)));
            Work {
                numbers: (first..first + count as u64).collect(),
                found_by: crate::plan::FoundBy::Key,
                steps: StepBatch { action, before, after, guard, set, park: vec![] },
                changed: vec![if action == Action::Update { vec![1, 2] } else { vec![] }; count],
                together: vec![],
                times: vec![],
            }
        };
    let (before, after): (Vec<Row>, Vec<Row>) = updates.iter().copied().unzip();
    let works = vec![
        work(100, Action::Delete, Some(deletes.to_vec()), None, vec![0, 1, 2], vec![]),
        work(200, Action::Update, Some(before), Some(after), vec![0, 1, 2], vec![1, 2]),
        work(300, Action::Create, None, Some(creates.to_vec()), vec![], vec![0, 1, 2]),
    ];
    works.into_iter().filter(|work| !work.is_empty()).collect()
}

struct Ran {
    outcome: Result<FileOutcome, ApplyError>,
    refused: Vec<Refusal>,
    committed: Option<StepSet>,
    kept: Kept,
}

/// The rows that were kept, as they print.
#[derive(Default)]
struct Kept(BTreeMap<u64, Vec<Option<String>>>);

impl Keep for Kept {
    fn keep(&mut self, stored: Option<&Stored>, _: &str) -> Result<StoredFile, ApplyError> {
        let Some(Stored { steps, rows }) = stored else { return Ok(StoredFile::default()) };
        let codec = Codec::new(&table());
        let rows = codec.rows(rows)?;
        assert_eq!(rows.len(), steps.len());
        let print = |row: usize| (0..3).map(|column| rows.print(row, column)).collect();
        self.0.extend(steps.iter().enumerate().map(|(row, step)| (*step, print(row))));
        Ok(StoredFile::default())
    }
}

fn run(path: &Path, works: &[Work]) -> Ran {
    run_with(path, works, &mut |_| Ok(String::new()))
}

fn run_with(path: &Path, works: &[Work], commit: &mut dyn FnMut(&StepSet) -> Result<String, ApplyError>) -> Ran {
    let kind = if path.extension().is_some_and(|e| e == "csv") { Kind::Csv(b',') } else { Kind::Parquet };
    let codec = Codec::new(&table());
    let (mut refused, mut committed, mut kept) = (Vec::new(), None, Kept::default());
    let file = File { kind, side: 1, codec: &codec, interrupt: &Interrupt::default() };
    let outcome = file.write(
        path,
        works,
        &mut |refusal| {
            refused.push(refusal);
            Ok(())
        },
        &mut |steps| {
            committed = Some(steps.clone());
            commit(steps)
        },
        (Some(&mut kept), ""),
    );
    Ran { outcome, refused, committed, kept }
}

fn back(works: &[Work]) -> Vec<Work> {
    works.iter().rev().map(|work| work.inverse(&[0, 1, 2]).unwrap()).collect()
}

const ROWS: [Row; 4] = [
    [Some("1"), Some("a"), Some("2024-01-01 00:00:00")],
    [Some("2"), None, None],
    [Some("3"), Some(""), Some("2024-01-03 12:30:00.5")],
    [Some("4"), Some("x,\"y\"\r\nz"), None],
];
const CSV: &str =
    "id,name,at\r\n1,a,2024-01-01T00:00:00.000\r\n2,,\r\n3,\"\",2024-01-03T12:30:00.500\r\n4,\"x,\"\"y\"\"\r\nz\",\r\n";

fn files() -> (tempfile::TempDir, [PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["t.csv", "t.parquet"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], CSV).unwrap();
    let rows = batch(&ROWS).rows;
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&paths[1]).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    (folder, paths)
}

fn read(path: &Path) -> Vec<Vec<Option<String>>> {
    let codec = Codec::new(&table());
    let kind = if path.extension().is_some_and(|e| e == "csv") { Kind::Csv(b',') } else { Kind::Parquet };
    let file = File { kind, side: 0, codec: &codec, interrupt: &Interrupt::default() };
    let mut out = Vec::new();
    file.each(path, &mut |batch| {
        let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
        out.extend((0..batch.rows.num_rows()).map(|row| cells.iter().map(|c| c.print(row)).collect()));
        Ok(())
    })
    .unwrap();
    out
}

const NEW: Row = [Some("9"), Some("new"), Some("2025-05-05 05:05:05")];
const CHANGED: Row = [Some("3"), Some("b"), None];

#[test]
fn steps_are_applied_once_and_taken_back() {
    let (_folder, paths) = files();
    let works = works(&[ROWS[3]], &[(ROWS[2], CHANGED)], &[NEW]);
    for path in &paths {
        let before = read(path);
        let ran = run(path, &works);
        let outcome = ran.outcome.unwrap();
        assert_eq!((outcome.counts.create, outcome.counts.update, outcome.counts.delete), (1, 1, 1));
        assert_eq!(ran.committed.as_ref(), Some(&outcome.written));
        assert_eq!(outcome.written, [100, 200, 300].into_iter().collect());
        let expected = [ROWS[0], ROWS[1], CHANGED, NEW].map(|row| row.map(|text| text.map(str::to_owned)).to_vec());
        assert_eq!(read(path), expected);
        let kept = BTreeMap::from([(200, expected[2].clone()), (300, expected[3].clone())]);
        assert_eq!(ran.kept.0, kept);

        let bytes = std::fs::read(path).unwrap();
        let again = run(path, &works);
        assert_eq!(again.outcome.unwrap().already.len(), 3);
        assert_eq!(again.kept.0, kept);
        assert!(again.committed.is_none());
        assert_eq!(std::fs::read(path).unwrap(), bytes);

        let outcome = run(path, &back(&works)).outcome.unwrap();
        assert_eq!((outcome.counts.create, outcome.counts.update, outcome.counts.delete), (1, 1, 1));
        assert_eq!(read(path), before);
    }
    // The deleted row was the last one, so it is back in its place, and every byte is.
    assert_eq!(std::fs::read_to_string(&paths[0]).unwrap(), CSV);
}

#[test]
fn moved_rows_are_refused_and_the_rest_goes_on() {
    let (_folder, [path, _]) = files();
    let moved = CSV.replace("1,a,", "1,A,").replace("2,,\r\n", "2,,\r\n9,other,\r\n4,twice,\r\n");
    std::fs::write(&path, &moved).unwrap();
    let works = works(&[ROWS[0], ROWS[3]], &[(ROWS[2], CHANGED)], &[NEW]);
    let ran = run(&path, &works);
    let outcome = ran.outcome.unwrap();
    assert_eq!((outcome.counts.total(), outcome.counts.update), (1, 1));
    let why: Vec<_> = ran.refused.iter().map(|r| (r.step, r.why.as_str())).collect();
    assert_eq!(
        why,
        [
            (100, "the row has changed: `name`"),
            (101, "its key is no longer unique"),
            (300, "there is another row with its key")
        ]
    );
    assert_eq!(ran.refused[2].found.as_deref(), Some("{\"id\": \"9\", \"name\": \"other\", \"at\": null}"));
    let expected = moved.replace("3,\"\",2024-01-03T12:30:00.500", "3,b,");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn without_its_commit_the_old_file_stays() {
    let (folder, paths) = files();
    let works = works(&[ROWS[3]], &[], &[NEW]);
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        let failed = run_with(path, &works, &mut |_| Err(ApplyError::Interrupted));
        assert!(matches!(failed.outcome, Err(ApplyError::Interrupted)));
        // Rows are kept only once the journal tells of them.
        assert!(failed.kept.0.is_empty());
        assert_eq!(std::fs::read(path).unwrap(), bytes);
        // Somebody writes right before the rename.
        let write = |_: &StepSet| {
            let mut more = bytes.clone();
            more.extend_from_slice(b" ");
            std::fs::write(path, more).unwrap();
            Ok(String::new())
        };
        assert!(run_with(path, &works, &mut { write }).outcome.is_err());
        assert_eq!(std::fs::read(path).unwrap().len(), bytes.len() + 1);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
