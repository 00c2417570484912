//! Conflicts as a person reads them, and what is said of the wrong words around them.

use crate::support::Workdir;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use serde_json::json;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use trueup::endpoint::ExportBatch;
use trueup::plan::{
    ConflictRows, ConflictsWriter, Direction, LINKS, NEXT, PAIRS, Plan, Reason, Rules, TwoWayFile, Winner,
};

/// A row of `number,part,note`; `None` is one that is not there.
type Row = Option<(i64, &'static str, &'static str)>;

fn rows(rows: &[Row]) -> ExportBatch {
    let numbers: Int64Array = rows.iter().map(|row| row.map(|row| row.0)).collect();
    let parts: StringArray = rows.iter().map(|row| row.map(|row| row.1)).collect();
    let notes: StringArray = rows.iter().map(|row| row.map(|row| row.2)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("number", Arc::new(numbers)), ("part", Arc::new(parts)), ("note", Arc::new(notes))];
    ExportBatch { rows: RecordBatch::try_from_iter(columns).unwrap(), others: Vec::new() }
}

/// A plan for one table, without steps.
fn one_way(dir: &Workdir) -> String {
    let text = "number,part,note\n1,a,x\n2,b,y\n";
    let (left, right) = (dir.write("l.csv", text), dir.write("r.csv", text));
    dir.plan(&left, &right, "plan", &["--key", "number", "--key", "part"]).json(0);
    dir.file("plan")
}

/// One for both, with two conflicts.
fn with_conflicts(dir: &Workdir) -> String {
    let folder = one_way(dir);
    let mut plan = Plan::open(Path::new(&folder)).unwrap();
    let tables = [&plan.file.sides[0].table, &plan.file.sides[1].table];
    let mut writer = ConflictsWriter::create(&plan.folder, tables, &plan.file.alignment, &plan.file.key).unwrap();
    let conflicts = ConflictRows {
        reasons: vec![Reason::BothChanged, Reason::DeletedAndChanged],
        changed: vec![vec!["note".to_owned()]; 2],
        colliding: vec![vec!["note".to_owned()]; 2],
        rows: [
            rows(&[Some((1, "a", "left")), Some((2, "b", "kept"))]),
            rows(&[Some((1, "a", "right")), None]),
            rows(&[Some((1, "a", "both")), Some((2, "b", "both"))]),
        ],
        here: vec![[true; 3], [true, false, true]],
        times: vec![[Some(1_795_377_600_000_000), None], [None; 2]],
    };
    writer.write(&conflicts).unwrap();
    plan.file.conflicts = writer.finish().unwrap();
    plan.file.direction = Direction::Both;
    plan.file.two_way = Some(TwoWayFile {
        base: Some("b".to_owned()),
        rules: Rules { winner: Winner::None, ..Rules::default() },
        ..TwoWayFile::default()
    });
    // What the next base is made of has to be there; nobody looks into it here.
    for name in [PAIRS, LINKS, NEXT, "left/manifest.json", "right/manifest.json"] {
        let path = plan.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::options().append(true).create(true).open(path).unwrap();
    }
    plan.finish().unwrap();
    folder
}

#[test]
fn conflicts_are_shown() {
    let dir = Workdir::new();
    let plan = with_conflicts(&dir);
    let run = dir.trueup(["show", &plan, "--conflicts"]);
    assert_eq!(run.code, Some(0), "{run}");
    for words in [
        " (1, a)   note     left",
        "both sides changed it to different values",
        "left 2026-11-22 20:00:00 UTC",
        "deleted on the right, changed on the left",
        "\n2 conflicts\n",
        "--take left|right|newest",
    ] {
        assert!(run.stdout.contains(words), "`{words}` is missing: {run}");
    }
    let all = dir.trueup(["show", &plan, "--conflicts", "--format", "json"]).json(0);
    assert_eq!((&all["shown"], &all["conflicts"]), (&json!(2), &json!(2)));
    let second = json!({
        "conflict": 1,
        "key": {"number": "2", "part": "b"},
        "reason": "deleted and changed",
        "text": "deleted on the right, changed on the left",
        "columns": ["note"],
        "colliding": ["note"],
        "left": {"number": "2", "part": "b", "note": "kept"},
        "right": null,
        "base": {"number": "2", "part": "b", "note": "both"},
        "left_time": null,
        "right_time": null,
    });
    assert_eq!(all["conflicts_list"][1], second);
    // A number as it may be typed.
    let one = dir.trueup(["show", &plan, "--conflicts", "--key", "02,b", "--format", "json"]).json(0);
    assert_eq!(one["conflicts_list"], json!([second]));
    let one = dir.trueup(["show", &plan, "--conflicts", "--limit", "1", "--format", "json"]).json(0);
    assert_eq!(one["conflicts_list"], json!([all["conflicts_list"][0]]));
    let some = dir.trueup(["show", &plan, "--conflicts", "--limit", "1"]);
    assert!(some.stdout.contains("\n1 of 2 conflicts\n"), "{some}");
    let none = dir.trueup(["show", &plan, "--conflicts", "--key", "7,b"]);
    assert_eq!(none.stdout, "None of the 2 conflicts is like that.\n", "{none}");
}

#[test]
fn a_plan_for_one_table_has_no_conflicts() {
    let dir = Workdir::new();
    let plan = one_way(&dir);
    let run = dir.trueup(["show", &plan, "--conflicts"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "The plan has no conflicts.\n"), "{run}");
    let none = dir.trueup(["show", &plan, "--conflicts", "--format", "json"]).json(0);
    assert_eq!(none["conflicts_list"], json!([]));
    dir.trueup(["resolve", &plan, "--all", "--take", "left"]).fails_with(&["no conflicts", "left-to-right", "apply"]);
}

#[test]
fn wrong_words_around_conflicts_are_told() {
    let dir = Workdir::new();
    let plan = with_conflicts(&dir);
    let resolve = |args: &[&str]| dir.trueup(["resolve", plan.as_str()].into_iter().chain(args.iter().copied()));
    resolve(&["--all"]).fails_with(&["whose version", "why:", "--take left"]);
    resolve(&["--take", "left"]).fails_with(&["which conflicts", "why:", "--conflicts"]);
    resolve(&["--take", "left", "--all", "--key", "1,a"]).fails_with(&["--key and --all", "why:", "do:"]);
    resolve(&["--take", "left", "--key", "1"]).fails_with(&["`1` is no key", "number and part", "2 values"]);
    let (left, right) = (dir.file("l.csv"), dir.file("r.csv"));
    let planned = |args: &[&str]| dir.plan(&left, &right, "other", args);
    planned(&["--winner", "left"]).fails_with(&["--winner does nothing", "left-to-right", "leave it out"]);
    planned(&["--full", "--merge", "row", "--direction", "right-to-left"]).fails_with(&[
        "--merge, --full do nothing",
        "right-to-left",
        "--direction both",
    ]);
    planned(&["--winner", "oldest", "--direction", "both"]).fails_with(&["`oldest` is no winner", "newest:column"]);
    planned(&["--conflict-window", "30", "--direction", "both"]).fails_with(&["`30` is no length of time"]);
    // In a job file they wait for the day when both are written.
    let job = dir.write("job.toml", format!("left = '{left}'\nright = '{right}'\nkey = ['number']\nwinner = 'left'\n"));
    let run = dir.trueup(["plan", &job, "--out", "third"]);
    assert_eq!(run.code, Some(0), "{run}");
}
