use super::super::file::{ActionCounts, Direction, Limit, Limits, PlanSide};
use super::super::steps::StepsWriter;
use super::*;
use crate::endpoint::{Holds, Target, TargetColumn};
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
        direction: Direction::LeftToRight,
        alignment: Alignment::new(&table, &table, &AlignOptions::default()).unwrap(),
        sides: [side(None), side(Some(target))],
        key: vec![0],
        key_chosen: KeyChoice::Given,
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
    fails(&edit(PLAN, "\"version\": 1", "\"version\": 2"), "format version 2; this program knows version 1");
    fails(&edit(PLAN, "\"version\": 1", "\"version\": \"1\""), "damaged");
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
