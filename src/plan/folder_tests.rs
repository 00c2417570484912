use super::super::file::{ActionCounts, Limit, Limits, PlanSide};
use super::super::steps::{StepRows, StepsWriter};
use super::*;
use crate::audit::Summary;
use crate::endpoint::{Action, ExportBatch, Holds, Target, TargetColumn};
use crate::table::{AlignOptions, Alignment, Column, KeyChoice, PortableType, TableInfo};

fn file() -> PlanFile {
    let table = TableInfo {
        columns: vec![Column::new("id", PortableType::Integer, "int"), Column::new("é\"x", PortableType::Text, "text")],
        ..TableInfo::default()
    };
    let holds = Holds { range: Some((i128::from(i64::MIN), i128::from(u64::MAX))), ..Holds::default() };
    let target = Target {
        columns: vec![TargetColumn { name: "id".into(), holds, ..TargetColumn::default() }],
        ..Target::default()
    };
    let side = |target: Option<Target>| PlanSide {
        address: "sqlite:a.db#t".into(),
        filter: None,
        exported_at: "2026-01-01T00:00:00Z".into(),
        rows: 3,
        table: table.clone(),
        target,
        writes: None,
        counts: ActionCounts::default(),
    };
    PlanFile {
        version: VERSION,
        written_by: "test".into(),
        made_at: "2026-01-01T00:00:00Z".into(),
        made_in: String::new(),
        direction: Direction::LeftToRight,
        alignment: Alignment::new(&table, &table, &AlignOptions::default()).unwrap(),
        sides: [side(None), side(Some(target))],
        key: vec![0],
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
        warnings: vec!["\"checksum\": \"\"".into()],
        limits: Limits { max_changes: Some(Limit::Percent(0.1 + 0.2)), max_deletes: Some(Limit::Rows(u64::MAX)) },
        variables: Vec::new(),
        reading: Default::default(),
        two_way: None,
        parts: Vec::new(),
        checksum: String::new(),
    }
}

fn written(folder: &Path) -> Plan {
    let file = file();
    StepsWriter::create(folder, Layout::of(&file)).unwrap().finish().unwrap();
    SCRIPTS.iter().for_each(|name| std::fs::write(folder.join(name), "-- nothing\n").unwrap());
    let mut plan = Plan { folder: folder.to_owned(), file };
    plan.finish().unwrap();
    plan
}

#[test]
fn an_empty_plan_is_opened_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let plan = written(folder.path());
    let opened = Plan::open(folder.path()).unwrap();
    assert_eq!(opened.file, plan.file);
    assert_eq!(opened.chunks(1, 10).unwrap().count(), 0);
    assert_eq!(opened.chunks(0, 10).unwrap().count(), 0);
    assert_eq!(opened.batches(None).unwrap().count(), 0);
    assert!(opened.write_table(1).is_none());
}

#[test]
fn damage_is_noticed_and_named() {
    let fails = |damage: &dyn Fn(&Path), with: &str| {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        damage(folder.path());
        let error = Plan::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(with), "{error}");
    };
    let edit = |name: &'static str, from: &'static str, to: &'static str| {
        move |folder: &Path| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            assert!(text.contains(from));
            std::fs::write(folder.join(name), text.replacen(from, to, 1)).unwrap();
        }
    };
    fails(&|folder| std::fs::remove_file(folder.join(PLAN)).unwrap(), "is no plan");
    fails(&edit(PLAN, "\"version\": 5", "\"version\": 6"), "format version 6; this program knows version 5");
    fails(&edit(PLAN, "\"version\": 5", "\"version\": \"5\""), "damaged");
    fails(&edit(PLAN, "sqlite:a.db#t", "sqlite:b.db#t"), "checksum");
    fails(&edit(PLAN, "\"misfits\": 0", "\"misfits\": 1"), "checksum");
    fails(&edit("right.sql", "nothing", "NOTHING"), "right.sql is damaged: its content");
    fails(&edit("left.sql", "nothing", "nothing at all"), "left.sql is damaged: it has");
    fails(&|folder| std::fs::remove_file(folder.join(CONFLICTS)).unwrap(), "conflicts.parquet is missing");
    fails(&|folder| std::fs::write(folder.join(STEPS), "").unwrap(), "steps.parquet is damaged");
    let cut = |folder: &Path| {
        let text = std::fs::read_to_string(folder.join(PLAN)).unwrap();
        std::fs::write(folder.join(PLAN), &text[..text.len() / 2]).unwrap();
    };
    fails(&cut, "plan.json is damaged");
}

#[test]
fn steps_are_read_backwards_without_tearing_apart_what_goes_together() {
    use arrow::array::{Int64Array, StringArray};
    let rows = |ids: std::ops::Range<i64>| {
        let texts: Vec<String> = ids.clone().map(|id| id.to_string()).collect();
        let columns: Vec<arrow::array::ArrayRef> =
            vec![std::sync::Arc::new(Int64Array::from_iter_values(ids)), std::sync::Arc::new(StringArray::from(texts))];
        let batch = RecordBatch::try_from_iter(["id", "x"].into_iter().zip(columns)).unwrap();
        Some(ExportBatch { rows: batch, others: Vec::new() })
    };
    // 7 deletes, then updates alone and in groups of 1 to 5 steps, then 5 creates.
    let together: Vec<u32> = [0, 0, 1, 2, 2, 2, 2, 2, 3, 3, 0, 4, 4, 0].into();
    let some = |action, ids: std::ops::Range<i64>, together: &[u32]| StepRows {
        action,
        reason: "changed",
        before: rows(ids.clone()).filter(|_| action != Action::Create),
        after: rows(ids).filter(|_| action != Action::Delete),
        changed: vec![if action == Action::Update { vec![1] } else { Vec::new() }; together.len()],
        together: together.to_vec(),
        times: Vec::new(),
    };
    let folder = tempfile::tempdir().unwrap();
    let mut file = file();
    file.sides[1].counts = ActionCounts { delete: 7, update: together.len() as u64, create: 5 };
    let mut writer = StepsWriter::create(folder.path(), Layout::of(&file)).unwrap();
    writer.write(1, &some(Action::Delete, 0..7, &[0; 7])).unwrap();
    writer.write(1, &some(Action::Update, 7..7 + together.len() as i64, &together)).unwrap();
    writer.write(1, &some(Action::Create, 90..95, &[0; 5])).unwrap();
    writer.finish().unwrap();
    let plan = Plan { folder: folder.path().to_owned(), file };
    for (rows, window) in (1..8).flat_map(|rows| [1, 2, 3, 5, 100].map(|window| (rows, window))) {
        let mut end = 7 + together.len() + 5;
        for chunk in plan.windows_back(1, rows, window).unwrap() {
            let chunk = chunk.unwrap();
            let first = chunk.first as usize;
            assert_eq!(first + chunk.steps.len(), end, "{rows} rows, windows of {window}");
            end = first;
            let id =
                |at: usize| chunk.steps.rows().rows.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(at);
            assert_eq!(id(0), if first < 21 { first as i64 } else { 90 + first as i64 - 21 });
            if chunk.steps.action == Action::Update && first > 7 {
                let (last, here) = (together[first - 8], together[first - 7]);
                assert!(here == 0 || here != last, "group {here} is torn apart");
            }
        }
        assert_eq!(end, 0);
    }
    assert_eq!(plan.chunks_back(1, 3).unwrap().count(), plan.windows_back(1, 3, 100).unwrap().count());
    assert_eq!(plan.chunks_back(0, 3).unwrap().count(), 0);
}
