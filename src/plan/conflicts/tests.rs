use super::layout::ConflictLayout;
use super::*;
use crate::audit::Summary;
use crate::endpoint::ExportBatch;
use crate::plan::folder::TWO_WAY;
use crate::plan::{
    ActionCounts, Direction, Limits, Plan, PlanFile, PlanSide, Reason, SCRIPTS, TwoWayFile, means, steps,
};
use crate::table::{AlignOptions, Alignment, Column, Key, KeyChoice, PortableBuilder, PortableType as T, TableInfo};
use arrow::datatypes::{Field, Schema};
use std::path::Path;
use std::sync::Arc;

fn table(columns: &[(&str, T)]) -> TableInfo {
    let columns = columns.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect();
    TableInfo { columns, ..TableInfo::default() }
}

fn tables() -> [TableInfo; 2] {
    [
        table(&[("id", T::Integer), ("day", T::Date), ("note", T::Text)]),
        table(&[("text", T::Text), ("ID", T::Text), ("day", T::Date)]),
    ]
}

fn file() -> PlanFile {
    let tables = tables();
    let options = AlignOptions { map: vec![("note".into(), "text".into())], ..AlignOptions::default() };
    let alignment = Alignment::new(&tables[0], &tables[1], &options).unwrap();
    let key = Key { pairs: vec![alignment.position("id").unwrap()], chosen: KeyChoice::Given };
    PlanFile {
        version: 1,
        written_by: "test".into(),
        made_at: "2026-01-01T00:00:00Z".into(),
        made_in: String::new(),
        direction: Direction::Both,
        sides: tables.map(|table| PlanSide {
            address: "sqlite:a.db#t".into(),
            filter: None,
            exported_at: "2026-01-01T00:00:00Z".into(),
            rows: 3,
            table,
            target: None,
            writes: None,
            counts: ActionCounts::default(),
        }),
        alignment,
        key: key.pairs,
        key_chosen: KeyChoice::Given,
        found: Summary::default(),
        conflicts: 0,
        undecided: 0,
        ambiguous: 0,
        null_keys: 0,
        misfits: 0,
        changed_columns: Vec::new(),
        left_out: Vec::new(),
        cascades: Vec::new(),
        allow_cascade: false,
        warnings: Vec::new(),
        limits: Limits::default(),
        variables: Vec::new(),
        reading: Default::default(),
        two_way: Some(TwoWayFile::default()),
        parts: Vec::new(),
        checksum: String::new(),
    }
}

/// Rows of a table; `None` is NULL, and what a type can't hold stands beside it.
fn rows(table: &TableInfo, rows: &[[Option<&str>; 3]]) -> ExportBatch {
    let built = table.columns.iter().enumerate().map(|(at, column)| {
        let mut builder = PortableBuilder::new(&column.ty);
        for row in rows {
            match row[at] {
                Some(text) => builder.parse(text),
                None => builder.null(),
            }
        }
        builder.finish()
    });
    let fields: Vec<Field> = table.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    ExportBatch::new(&Arc::new(Schema::new(fields)), built.collect()).unwrap()
}

fn some() -> ConflictRows {
    let [left, right] = tables();
    let none = [None; 3];
    ConflictRows {
        reasons: vec![Reason::BothChanged, Reason::DeletedAndChanged, Reason::NoBase, Reason::TooClose],
        changed: vec![vec!["day".into(), "note".into()], vec!["note".into()], vec![], vec!["id".into()]],
        colliding: vec![vec!["note".into()], vec![], vec![], vec![]],
        rows: [
            rows(&left, &[[Some("7"), Some("0000-00-00"), None], none, [Some("9"), None, Some("x")], none]),
            rows(
                &right,
                &[[Some("a"), Some("007"), None], [Some("b"), Some("08"), None], none, [None, Some("?"), None]],
            ),
            rows(&left, &[[Some("7"), Some("2026-11-22"), Some("")], [Some("8"), None, None], none, none]),
        ],
        here: vec![[true; 3], [false, true, true], [true, false, false], [false, true, false]],
        times: vec![[Some(1), None], [None, Some(-1)], [None, None], [Some(i64::MAX), Some(0)]],
    }
}

fn texts(row: [Option<&str>; 3]) -> Option<Vec<Option<String>>> {
    Some(row.map(|text| text.map(str::to_owned)).to_vec())
}

fn written(folder: &Path, conflicts: &[ConflictRows]) -> Plan {
    let file = file();
    steps::StepsWriter::create(folder, steps::Layout::of(&file)).unwrap().finish().unwrap();
    ["left", "right"].iter().for_each(|side| std::fs::create_dir(folder.join(side)).unwrap());
    SCRIPTS.iter().chain(&TWO_WAY).for_each(|name| std::fs::write(folder.join(name), "").unwrap());
    let tables = [&file.sides[0].table, &file.sides[1].table];
    let mut writer = ConflictsWriter::create(folder, tables, &file.alignment, &file.key).unwrap();
    conflicts.iter().for_each(|rows| writer.write(rows).unwrap());
    assert_eq!(writer.finish().unwrap(), conflicts.iter().map(|rows| rows.len() as u64).sum::<u64>());
    let mut plan = Plan { folder: folder.to_owned(), file };
    plan.finish().unwrap();
    Plan::open(folder).unwrap()
}

#[test]
fn conflicts_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let plan = written(folder.path(), &[some(), some()]);
    let conflicts: Vec<Conflict> = plan.conflicts().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(conflicts.iter().map(|one| one.number).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    let expected = |number, key: &str, changed: &[&str], reason: Reason, rows, times| Conflict {
        number,
        reason: reason.word().to_owned(),
        key: vec![Some(key.to_owned())],
        changed: changed.iter().map(|name| (*name).to_owned()).collect(),
        colliding: if number % 4 == 0 { vec!["note".to_owned()] } else { Vec::new() },
        rows,
        times,
    };
    let all = [
        expected(
            4,
            "7",
            &["day", "note"],
            Reason::BothChanged,
            [
                texts([Some("7"), Some("0000-00-00"), None]),
                texts([Some("a"), Some("007"), None]),
                texts([Some("7"), Some("2026-11-22"), Some("")]),
            ],
            [Some(1), None],
        ),
        // The right key is a left one: a number.
        expected(
            5,
            "8",
            &["note"],
            Reason::DeletedAndChanged,
            [None, texts([Some("b"), Some("08"), None]), texts([Some("8"), None, None])],
            [None, Some(-1)],
        ),
        expected(6, "9", &[], Reason::NoBase, [texts([Some("9"), None, Some("x")]), None, None], [None; 2]),
        // No number can be made of it: it stays what it is.
        expected(
            7,
            "?",
            &["id"],
            Reason::TooClose,
            [None, texts([None, Some("?"), None]), None],
            [Some(i64::MAX), Some(0)],
        ),
    ];
    assert_eq!(conflicts[4..], all);
    assert_eq!(conflicts[0].why(), Some(Reason::BothChanged));
    assert!(means(&plan.file, &["0008".to_owned()], &conflicts[5].key));
    assert!(!means(&plan.file, &["0009".to_owned()], &conflicts[5].key));
}

#[test]
fn a_plan_without_conflicts_has_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let plan = written(folder.path(), &[]);
    assert_eq!(plan.conflicts().unwrap().count(), 0);
    // One that the planner did not write, and one of an earlier version.
    let path = folder.path().join(CONFLICTS);
    std::fs::remove_file(&path).unwrap();
    let mut plan = Plan { folder: folder.path().to_owned(), file: file() };
    plan.finish().unwrap();
    assert_eq!(Plan::open(folder.path()).unwrap().conflicts().unwrap().count(), 0);
    let schema = ConflictLayout::of(&plan.file).schema();
    let fewer = Arc::new(Schema::new(schema.fields()[..4].to_vec()));
    parquet::arrow::ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), fewer, None).unwrap().close().unwrap();
    assert_eq!(plan.conflicts().unwrap().count(), 0);
}

#[test]
fn rows_of_other_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = file();
    let tables = [&file.sides[1].table, &file.sides[0].table];
    let mut writer = ConflictsWriter::create(folder.path(), tables, &file.alignment, &file.key).unwrap();
    assert!(writer.write(&some()).is_err());
    let mut fewer = some();
    fewer.here.pop();
    let tables = [&file.sides[0].table, &file.sides[1].table];
    let mut writer = ConflictsWriter::create(folder.path(), tables, &file.alignment, &file.key).unwrap();
    assert!(writer.write(&fewer).is_err());
}
