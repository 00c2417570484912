use crate::apply::run_script;
use crate::support::{Kind, Place, Table, Type, assert_identities, steps};
use serde_json::json;

/// Lines of a log: a level, a text and a number, any of which may be missing (`-`), so many times.
fn log(lines: &[(&str, &str, &str, usize)]) -> Table {
    let cell = |text: &str| (text != "-").then(|| text.to_owned());
    let row = |(level, text, number, _): &(&str, &str, &str, usize)| vec![cell(level), cell(text), cell(number)];
    Table {
        columns: vec![("level", Type::Text), ("text", Type::Text), ("number", Type::Decimal)],
        primary_key: 0,
        rows: lines.iter().flat_map(|line| vec![row(line); line.3]).collect(),
    }
}

fn source() -> Table {
    log(&[
        ("info", "started", "1.00", 1),
        ("info", "it's -- odd", "-", 2),
        ("warn", "-", "2.50", 3),
        ("-", "-", "-", 2),
        ("info", "same", "7.00", 2),
        ("info", "often", "8.00", 5),
    ])
}

fn target() -> Table {
    log(&[
        ("info", "started", "1.00", 1),
        ("info", "same", "7.00", 2),
        ("info", "often", "8.00", 3),
        ("error", "gone", "-", 1),
        ("error", "-", "9.25", 4),
        ("info", "-", "-", 2),
    ])
}

/// Creates and deletes that make the target the source, but for the copies of what both have.
const STEPS: [i64; 3] = [7, 0, 7];
const TARGETS: [Kind; 4] = [Kind::Sqlite, Kind::Postgres, Kind::Mysql, Kind::Csv];

#[test]
fn a_log_is_compared_as_a_multiset_of_rows() {
    for kind in Kind::ALL {
        let mut place = Place::new();
        let (left, right) = (place.store(kind, &source()), place.store(Kind::Csv, &target()));
        let json = place.dir.audit(&left, &right, &[]).json(1);
        assert_identities(&json);
        assert_eq!((&json["key"]["chosen"], &json["key"]["declared"]), (&json!("whole row"), &json!(null)));
        assert_eq!(json["keys"], json!({"in_both": 3, "only_left": 3, "only_right": 3, "ambiguous": 1}), "{kind:?}");
        assert_eq!(json["rows"], json!({"equal": 2, "changed": 0}));
        for side in ["left", "right"] {
            assert_eq!((&json[side]["distinct_keys"], &json[side]["null_keys"]), (&json!(6), &json!(0)));
        }
        assert_eq!(json["columns"].as_array().unwrap().len(), 3);
        let same = place.store(Kind::Parquet, &source());
        let json = place.dir.audit(&left, &same, &[]).json(0);
        assert_eq!((&json["agree"], &json["key"]["chosen"]), (&json!(true), &json!("whole row")), "{kind:?}");
    }
}

#[test]
fn a_plan_is_applied_applied_again_and_undone() {
    for kind in TARGETS {
        let mut place = Place::new();
        let (left, right) = (place.store(Kind::Parquet, &source()), place.store(kind, &target()));
        let before = place.contents(kind, &right);
        let plan = place.dir.plan(&left, &right, "plan", &[]).json(1);
        assert_eq!((steps(&plan, "right"), &plan["ambiguous"]), (STEPS, &json!(1)), "{kind:?}");
        let shown = place.dir.trueup(["show", "plan", "--summary"]);
        let said = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("nothing is updated") && said.contains("surplus copies are left alone"), "{shown}");

        let applied = place.dir.apply("plan", &[]).json(0);
        assert_eq!((steps(&applied, "right"), &applied["refused"]), (STEPS, &json!(0)), "{kind:?}");
        let audit = place.dir.audit(&left, &right, &[]).json(1);
        assert_eq!(audit["keys"], json!({"in_both": 6, "only_left": 0, "only_right": 0, "ambiguous": 1}), "{kind:?}");
        assert_eq!(steps(&place.dir.plan(&left, &right, "next", &[]).json(0), "right"), [0; 3], "{kind:?}");

        let after = place.contents(kind, &right);
        let again = place.dir.apply("plan", &[]).json(0);
        assert_eq!((steps(&again, "right"), &again["already"]), ([0; 3], &json!(14)), "{kind:?}");
        assert_eq!(place.contents(kind, &right), after, "{kind:?}");

        place.dir.undo("plan", &[]).json(0);
        assert_eq!(place.contents(kind, &right), before, "{kind:?}");
    }
}

#[test]
fn rows_of_which_there_are_more_or_fewer_meanwhile_are_refused() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mysql] {
        let mut place = Place::new();
        let (left, right) = (place.store(Kind::Parquet, &source()), place.store(kind, &target()));
        place.dir.plan(&left, &right, "plan", &[]).json(1);
        let mut script = String::from("INSERT INTO {t} VALUES ('info', 'it''s -- odd', NULL), ('error', NULL, 9.25);");
        if kind == Kind::Mysql {
            script = script.replace("''s", "\\'s");
        }
        place.execute(kind, &right, &script);
        place.execute(kind, &right, "DELETE FROM {t} WHERE level = 'info' AND text IS NULL");
        let run = place.dir.apply("plan", &[]).json(1);
        // Of two to create one is there, of four to delete there are five, and two are gone already.
        assert_eq!((&run["refused"], &run["already"]), (&json!(6), &json!(2)), "{kind:?}: {run:#}");
        assert_eq!(steps(&run, "right"), [5, 0, 1], "{kind:?}");
        let left_over = place.dir.audit(&left, &right, &[]).json(1);
        assert_eq!(
            left_over["keys"],
            json!({"in_both": 6, "only_left": 0, "only_right": 1, "ambiguous": 2}),
            "{kind:?}"
        );
        place.dir.undo("plan", &[]).json(0);
    }
}

#[test]
fn columns_that_only_the_target_has_guard_deletes_and_come_back() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mysql] {
        let mut place = Place::new();
        let mut wider = target();
        wider.columns.push(("seen", Type::Integer));
        wider.rows.iter_mut().enumerate().for_each(|(at, row)| row.push(Some((at / 2).to_string())));
        let (left, right) = (place.store(Kind::Csv, &source()), place.store(kind, &wider));
        let before = place.contents(kind, &right);
        let options = ["--columns", "level,text,number"];
        assert_eq!(steps(&place.dir.plan(&left, &right, "plan", &options).json(1), "right"), STEPS, "{kind:?}");
        assert_eq!(steps(&place.dir.apply("plan", &[]).json(0), "right"), STEPS, "{kind:?}");
        place.dir.undo("plan", &[]).json(0);
        assert_eq!(place.contents(kind, &right), before, "{kind:?}");
        // Somebody changes one of the copies where the source sees nothing.
        place.execute(kind, &right, "UPDATE {t} SET seen = 77 WHERE number = 9.25 AND seen = 4");
        place.dir.plan(&left, &right, "stale", &options).json(1);
        place.execute(kind, &right, "UPDATE {t} SET seen = 78 WHERE seen = 77");
        let run = place.dir.apply("stale", &[]).json(1);
        assert_eq!((steps(&run, "right"), &run["refused"]), ([7, 0, 3], &json!(4)), "{kind:?}");
    }
}

#[test]
fn the_script_does_the_same() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mysql] {
        let mut place = Place::new();
        let left = place.store(Kind::Parquet, &source());
        let [by_script, by_apply] = [(); 2].map(|()| place.store(kind, &target()));
        place.dir.plan(&left, &by_script, "script", &[]).json(1);
        place.dir.plan(&left, &by_apply, "apply", &[]).json(1);
        let script = place.dir.file("script/right.sql");
        run_script(&mut place, kind, &script);
        place.dir.apply("apply", &[]).json(0);
        assert_eq!(place.contents(kind, &by_script), place.contents(kind, &by_apply), "{kind:?}");
        run_script(&mut place, kind, &script);
        assert_eq!(place.contents(kind, &by_script), place.contents(kind, &by_apply), "{kind:?}: twice");
    }
}

#[test]
fn many_copies_and_many_chunks() {
    for kind in TARGETS {
        let mut place = Place::new();
        let lines = |first: usize| -> Vec<(String, usize)> {
            (first..first + 90).map(|n| (format!("{n}"), n % 4 + 1)).collect()
        };
        let table = |lines: &[(String, usize)]| {
            let lines: Vec<_> = lines.iter().map(|(text, copies)| ("-", text.as_str(), "-", *copies)).collect();
            log(&lines)
        };
        let (left, right) = (place.store(Kind::Csv, &table(&lines(40))), place.store(kind, &table(&lines(0))));
        place.dir.plan(&left, &right, "plan", &[]).json(1);
        place.dir.apply("plan", if kind == Kind::Csv { &[] } else { &["--chunk", "7"] }).json(0);
        assert_eq!(place.dir.audit(&left, &right, &[]).json(0)["agree"], true, "{kind:?}");
    }
}

#[test]
fn a_plan_for_both_tables_needs_a_key() {
    let mut place = Place::new();
    let (left, right) = (place.store(Kind::Sqlite, &source()), place.store(Kind::Sqlite, &target()));
    let run = place.dir.trueup(["plan", &left, &right, "--direction", "both", "--state", "state"]);
    run.fails_with(&["nothing identifies a row", "--key"]);
}

#[test]
fn a_tolerance_pairs_no_rows_and_that_is_said() {
    let mut place = Place::new();
    let left = place.store(Kind::Csv, &source());
    let json = place.dir.audit(&left, &left, &["--compare", "number=tolerance:0.1"]).json(0);
    let warned = |warning: &serde_json::Value| warning.as_str().unwrap().contains("a tolerance can't pair whole rows");
    assert!(json["warnings"].as_array().unwrap().iter().any(warned), "{json:#}");
}
