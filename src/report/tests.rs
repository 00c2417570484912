//! What a plan and its results look like at 80 columns.

use super::*;
use crate::apply::{Cause, Refusal, SideOutcome, Unverified};
use crate::audit::{Softening, Summary, Verdict};
use crate::endpoint::{Action, Clock, ExportBatch, OnDelete, StepBatch, Target};
use crate::job::{ApplyRun, SyncRun};
use crate::plan::{
    ActionCounts, Cascade, ChangedColumn, Chunk, Conflict, Direction, FoundBy, LeftOut, Limit, Limits, Merge, Plan,
    PlanFile, PlanSide, Reason, Rules, SideWrites, TwoWayFile, Winner,
};
use crate::table::{AlignOptions, Alignment, Column, KeyChoice, PortableBuilder, PortableType, Softener, TableInfo};
use arrow::datatypes::{Field, Schema};
use std::path::Path;
use std::sync::Arc;

const STYLE: Style = Style { width: 80, color: false };

fn airports() -> TableInfo {
    let columns = [
        ("icao", PortableType::Text, "text"),
        ("name", PortableType::Text, "text"),
        ("city", PortableType::Text, "text"),
        ("elevation", PortableType::Integer, "integer"),
    ];
    TableInfo {
        columns: columns.into_iter().map(|(name, ty, native)| Column::new(name, ty, native)).collect(),
        primary_key: vec!["icao".to_owned()],
        ..TableInfo::default()
    }
}

/// A comparison in which all was equal.
fn agreement() -> Summary {
    Summary { rows: [1899, 1899], in_both: 1899, equal: 1899, columns: 4, null_keys_equal: true, ..Summary::default() }
}

/// A plan for the right table.
fn plan(counts: ActionCounts) -> PlanFile {
    let side = |address: &str, rows, written: bool| PlanSide {
        address: address.to_owned(),
        filter: None,
        exported_at: "2026-09-01T10:00:00Z".to_owned(),
        rows,
        table: airports(),
        target: written.then(Target::default),
        writes: written.then(|| SideWrites {
            key: vec![0],
            guard: vec![0, 1, 2, 3],
            create: vec![0, 1, 2, 3],
            identity: Vec::new(),
        }),
        counts: if written { counts } else { ActionCounts::default() },
    };
    PlanFile {
        version: 1,
        written_by: "trueup".to_owned(),
        made_at: "2026-09-01T10:00:01Z".to_owned(),
        made_in: String::new(),
        direction: Direction::LeftToRight,
        sides: [side("airports.csv", 1888, false), side("postgres://trueup@db/travel#public.airports", 1899, true)],
        alignment: Alignment::new(&airports(), &airports(), &AlignOptions::default()).unwrap(),
        key: vec![0],
        key_chosen: KeyChoice::PrimaryKey,
        found: Summary { verdict: Verdict::Differ, ..agreement() },
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
        two_way: None,
        parts: Vec::new(),
        checksum: String::new(),
    }
}

/// Rows of [`airports`]; `None` is NULL.
fn rows(rows: &[[Option<&str>; 4]]) -> ExportBatch {
    let columns = airports().columns;
    let built = columns.iter().enumerate().map(|(at, column)| {
        let mut builder = PortableBuilder::new(&column.ty);
        for row in rows {
            match row[at] {
                Some(text) => builder.parse(text),
                None => builder.null(),
            }
        }
        builder.finish()
    });
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    ExportBatch::new(&Arc::new(Schema::new(fields)), built.collect()).unwrap()
}

fn shown(
    action: Action,
    before: Option<ExportBatch>,
    after: Option<ExportBatch>,
    changed: &[&[usize]],
) -> Vec<ShownStep> {
    let steps = StepBatch { action, before, after, guard: vec![], set: vec![], park: vec![] };
    let chunk = Chunk {
        first: 7,
        found_by: FoundBy::Key,
        steps,
        changed: changed.iter().map(|columns| columns.to_vec()).collect(),
        together: Vec::new(),
        times: Vec::new(),
    };
    let file = plan(ActionCounts::default());
    (0..chunk.steps.len()).map(|row| shown_step(&file, 1, &chunk, row)).collect()
}

fn samples() -> Vec<ShownStep> {
    let long = "The airport of the town that once was the capital of the northern province";
    let before = rows(&[
        [Some("BIBD"), Some("Bildudalur Airport"), Some("Bildudalur"), Some("18")],
        [Some("BIBL"), Some(long), Some(""), None],
    ]);
    let other = long.replace("once", "never");
    let after = rows(&[
        [Some("BIBD"), Some("Bíldudalur Airport"), Some("Bíldudalur"), Some("18")],
        [Some("BIBL"), Some(&other), Some("Blönduós"), Some("131")],
    ]);
    let delete = rows(&[[Some("BIPA"), Some("Patreksfjordur\u{1b}[2J"), Some("Patreksfjordur"), None]]);
    let create = rows(&[[Some("EDGY"), Some("Gymnich"), None, Some("98")]]);
    let mut all = shown(Action::Delete, Some(delete), None, &[&[]]);
    all.extend(shown(Action::Update, Some(before), Some(after), &[&[1, 2], &[1, 2, 3]]));
    all.extend(shown(Action::Create, None, Some(create), &[&[]]));
    all
}

fn fits(text: &str) -> &str {
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
    text
}

#[test]
fn a_plan_with_steps() {
    let mut file = plan(ActionCounts { create: 4, update: 59, delete: 15 });
    let column = |name: &str, changed| ChangedColumn { left: name.to_owned(), right: name.to_owned(), changed };
    file.changed_columns = vec![column("name", 26), column("city", 31), column("elevation", 0)];
    insta::assert_snapshot!(fits(&plan_text(&file, Some(Path::new(".trueup/1")), &samples(), &Reasons::NONE, STYLE)));
}

#[test]
fn a_plan_with_much_to_know() {
    let mut file = plan(ActionCounts { create: 0, update: 1, delete: 1500 });
    file.direction = Direction::RightToLeft;
    file.sides.swap(0, 1);
    file.sides[0].filter = Some("country = 'IS'".to_owned());
    file.misfits = 12;
    let out = |what: &str, why: &str, rows, samples: &[&str]| LeftOut {
        side: "left".to_owned(),
        what: what.to_owned(),
        why: why.to_owned(),
        rows,
        samples: samples.iter().map(|key| vec![(*key).to_owned()]).collect(),
    };
    file.left_out = vec![
        out("column `elevation`", "the database computes it", None, &[]),
        out("rows whose key is NULL", "NULL matches nothing", Some(1), &[]),
        out(
            "12 creates whose value for column `city` does not fit",
            "column `city` is varchar(8); row BIBD: it has 10 characters",
            Some(12),
            &["BIBD", "BIBL", "BIPA", "X"],
        ),
    ];
    file.cascades = vec![Cascade {
        side: "left".to_owned(),
        name: "bookings_airport_fkey".to_owned(),
        table: "public.bookings".to_owned(),
        on_delete: OnDelete::Cascade,
        rows: 12_000,
    }];
    let trigger = "writing sets off the trigger `history` of the left table: what it may do is not in this plan";
    file.warnings = vec![trigger.to_owned(), trigger.to_owned()];
    file.limits.max_deletes = Some(Limit::Percent(10.0));
    insta::assert_snapshot!(fits(&plan_text(&file, Some(Path::new("plans/tonight")), &[], &Reasons::NONE, STYLE)));
}

#[test]
fn a_plan_without_steps() {
    let mut file = plan(ActionCounts::default());
    let text = |file: &PlanFile| plan_text(file, Some(Path::new("p")), &[], &Reasons::NONE, STYLE);
    file.found = agreement();
    let agrees = "\nNothing to do. The tables agree: 1,899 keys are equal in all 4 columns.\n";
    assert!(text(&file).ends_with(agrees), "{}", text(&file));
    file.found = Summary { verdict: Verdict::Columns, unpaired: [vec![], vec!["zone".to_owned()]], ..agreement() };
    let lacks = "\nNothing to do. 1,899 keys are equal in 4 of 5 columns; `zone` is only on the right.\n";
    assert!(joined(&text(&file)).ends_with(lacks.trim()), "{}", text(&file));
    file.found = Summary { verdict: Verdict::Differ, equal: 1897, ambiguous: 2, ..agreement() };
    assert!(text(&file).contains("\nNothing to write to the right table. 1,899 keys are on both"), "{}", text(&file));
}

#[test]
fn what_rules_make_equal_is_left_as_it_is() {
    let mut file = plan(ActionCounts { create: 1, update: 0, delete: 0 });
    let softening = |left: &str, right: &str, rule: &str, asked, rows| Softening {
        left: left.to_owned(),
        right: right.to_owned(),
        softener: Softener { by: rule.to_owned(), rule: rule.to_owned(), asked, coarser: (!asked).then_some(1) },
        rows,
    };
    file.found.softened = vec![
        softening("name", "name", "trim", true, 1),
        softening("seen", "seen_at", "precision:s", false, 1850),
        softening("city", "city", "ignore-case", true, 0),
    ];
    file.found.exact = false;
    insta::assert_snapshot!(fits(&plan_text(&file, None, &[], &Reasons::NONE, STYLE)));
    let json = plan_json(&file, Path::new("p"));
    assert_eq!((&json["softened"][1]["right"], &json["exact"]), (&"seen_at".into(), &false.into()));
}

#[test]
fn a_password_that_a_plan_lacks_is_asked_for() {
    let mut file = plan(ActionCounts { create: 1, update: 0, delete: 0 });
    file.variables = vec!["PGPASSWORD".to_owned()];
    let text = plan_text(&file, Some(Path::new("tonight's plan")), &[], &Reasons::NONE, STYLE);
    assert!(text.contains("\n  trueup show 'tonight'\\''s plan'\n"), "{text}");
    assert!(text.contains("\n  PGPASSWORD=… trueup apply 'tonight'\\''s plan'\nThe plan keeps no password"), "{text}");
    let applied = apply_text(&applied(), &file, Path::new("p"), &[], Carried::Applied, STYLE);
    assert!(applied.ends_with("\n  PGPASSWORD=… trueup undo p\n"), "{applied}");
}

#[test]
fn steps_as_a_table() {
    let steps = samples();
    let table = StepTable::new(&steps, false, usize::MAX, STYLE);
    // Piece by piece is the same as all at once.
    let pieces: String = steps.chunks(1).map(|step| table.lines(step)).collect();
    assert_eq!(pieces, table.lines(&steps));
    insta::assert_snapshot!(fits(&format!("{}{pieces}", table.header())));
    let both = StepTable::new(&steps, true, 2, STYLE);
    insta::assert_snapshot!(fits(&format!("{}{}", both.header(), both.lines(&steps))));
}

#[test]
fn steps_for_scripts() {
    let steps: Vec<serde_json::Value> = samples().iter().map(|step| step_json(step, &["icao".to_owned()])).collect();
    insta::assert_snapshot!(format!("{:#}", serde_json::Value::from(steps)));
}

#[test]
fn a_plan_for_scripts() {
    let mut file = plan(ActionCounts { create: 4, update: 59, delete: 15 });
    file.limits = Limits { max_changes: Some(Limit::Rows(100)), max_deletes: Some(Limit::Percent(2.5)) };
    insta::assert_snapshot!(format!("{:#}", plan_json(&file, Path::new(".trueup/1"))));
}

fn applied() -> ApplyRun {
    let written = ActionCounts { create: 4, update: 59, delete: 15 };
    ApplyRun {
        sides: [SideOutcome::default(), SideOutcome { written, ..SideOutcome::default() }],
        ..ApplyRun::default()
    }
}

fn refusal(action: Action, key: &str, why: &str, planned: Option<&str>, found: Option<&str>) -> Refusal {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let key = format!("{{\"icao\":\"{key}\"}}");
    Refusal {
        side: 1,
        action,
        step: 1,
        key,
        cause: Cause::Moved,
        why: why.to_owned(),
        planned: text(planned),
        found: text(found),
    }
}

#[test]
fn all_is_applied() {
    let file = plan(ActionCounts { create: 4, update: 59, delete: 15 });
    let text = apply_text(&applied(), &file, Path::new(".trueup/1"), &[], Carried::Applied, STYLE);
    insta::assert_snapshot!(fits(&text));
}

#[test]
fn some_is_refused() {
    let mut file = plan(ActionCounts { create: 5, update: 61, delete: 16 });
    file.misfits = 1;
    let mut run = applied();
    run.sides[1] = SideOutcome { already: 1, refused: 5, rejected: 2, unverified: 1, ..run.sides[1] };
    run.refused_file = Some(Path::new(".trueup/1/refused.parquet").to_owned());
    run.warnings = vec!["the table is gone".to_owned()];
    run.unverified = vec![Unverified {
        side: 1,
        action: Action::Update,
        step: 9,
        key: "{\"icao\":\"BIBV\"}".to_owned(),
        column: Some("city".to_owned()),
        planned: Some("Breiðdalsvík".to_owned()),
        found: None,
    }];
    let refusals = [
        refusal(
            Action::Update,
            "BIBD",
            "the row has changed: city",
            Some("{\"icao\":\"BIBD\",\"name\":\"Bíldudalur\",\"city\":\"Bíldudalur\"}"),
            Some("{\"icao\":\"BIBD\",\"name\":\"Bíldudalur\",\"city\":\"Reykjavík\"}"),
        ),
        refusal(Action::Update, "BIBL", "the row is gone", Some("{\"icao\":\"BIBL\"}"), None),
        refusal(Action::Delete, "BIPA", "the row has changed: name", None, Some("{\"icao\":\"BIPA\"}")),
    ];
    let said = "new row for relation \"airports\" violates check constraint \"airports_elevation_check\" \
                (Failing row contains (BIEG, Egilsstaðir, -76))";
    let rejected = ["BIEG", "BIFM"]
        .map(|key| Refusal { cause: Cause::Rejected, ..refusal(Action::Create, key, said, Some("{}"), None) });
    let refusals = [refusals.to_vec(), rejected.to_vec()].concat();
    let text = apply_text(&run, &file, Path::new(".trueup/1"), &refusals, Carried::Applied, STYLE);
    insta::assert_snapshot!(fits(&text));
    insta::assert_snapshot!(format!("{:#}", apply_json(&run)));
}

#[test]
fn all_is_undone() {
    let file = plan(ActionCounts { create: 15, update: 59, delete: 4 });
    let text = apply_text(&applied(), &file, Path::new(".trueup/1"), &[], Carried::Undone, STYLE);
    insta::assert_snapshot!(fits(&text));
}

/// A plan for both tables, made from a base.
fn two_way_plan(left: ActionCounts, right: ActionCounts) -> PlanFile {
    let mut file = plan(right);
    file.direction = Direction::Both;
    file.sides[0].target = Some(Target::default());
    file.sides[0].writes = file.sides[1].writes.clone();
    file.sides[0].counts = left;
    file.sides[1].table.columns[2].name = "town".to_owned();
    let options = AlignOptions { map: vec![("city".to_owned(), "town".to_owned())], ..AlignOptions::default() };
    file.alignment = Alignment::new(&airports(), &file.sides[1].table, &options).unwrap();
    file.two_way = Some(TwoWayFile {
        rules: Rules {
            winner: Winner::NewestColumn { left: "updated_at".to_owned(), right: "changed".to_owned() },
            window: 30_000_000,
            ..Rules::default()
        },
        state: "state".to_owned(),
        base: Some("b1".to_owned()),
        base_at: Some("2026-11-22T21:00:59.5Z".to_owned()),
        clocks: [Some(Clock::default()), Some(Clock { ahead: -2_500_000, error: 100 })],
        kept: 12,
        ..TwoWayFile::default()
    });
    file
}

#[test]
fn a_plan_for_both_tables() {
    let left = ActionCounts { create: 4, update: 59, delete: 0 };
    let mut file = two_way_plan(left, ActionCounts { create: 0, update: 1, delete: 1200 });
    file.conflicts = 3;
    file.undecided = 1;
    file.changed_columns = vec![ChangedColumn { left: "city".to_owned(), right: "town".to_owned(), changed: 60 }];
    insta::assert_snapshot!(fits(&plan_text(&file, Some(Path::new(".trueup/1")), &samples(), &Reasons::NONE, STYLE)));
    insta::assert_snapshot!(format!("{:#}", plan_json(&file, Path::new(".trueup/1"))));
}

#[test]
fn a_first_run_of_both_tables() {
    let mut file = two_way_plan(ActionCounts { create: 1, update: 0, delete: 0 }, ActionCounts::default());
    file.two_way = Some(TwoWayFile {
        note: Some("there is no base of an earlier sync: this is a first run, and nothing is deleted".to_owned()),
        rules: Rules { merge: Merge::Row, ..Rules::default() },
        ..TwoWayFile::default()
    });
    insta::assert_snapshot!(fits(&plan_text(&file, Some(Path::new("p")), &[], &Reasons::NONE, STYLE)));
    assert_eq!(plan_json(&file, Path::new("p"))["two_way"]["skew_ms"], serde_json::Value::Null);
}

#[test]
fn nothing_to_do_for_both_tables() {
    let mut file = two_way_plan(ActionCounts::default(), ActionCounts::default());
    let text = |file: &PlanFile| plan_text(file, Some(Path::new("p")), &[], &Reasons::NONE, STYLE);
    let differ = "1,899 keys are on both sides: 1,899 equal in all 4 columns, 0 changed.\n";
    let kept = format!("Nothing to do but for 12 rows kept different. {differ}");
    assert!(joined(&text(&file)).ends_with(&joined(&kept)), "{}", text(&file));
    file.conflicts = 1;
    assert!(text(&file).contains("Nothing to write to either table. 1,899"), "{}", text(&file));
    assert!(text(&file).contains("trueup show p --conflicts"), "{}", text(&file));
    file.conflicts = 0;
    file.two_way.as_mut().unwrap().kept = 0;
    file.found = agreement();
    let agree = "Nothing to do. The tables agree: 1,899 keys are equal in all 4 columns.\n";
    assert!(text(&file).ends_with(agree), "{}", text(&file));
    file.found = file.found.clone().partial();
    let partial = "Nothing to do. The tables agree, by what their histories tell of.\n";
    assert!(text(&file).ends_with(partial), "{}", text(&file));
}

/// A text on one line.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn row(values: [Option<&str>; 4]) -> Option<Vec<Option<String>>> {
    Some(values.map(|value| value.map(str::to_owned)).to_vec())
}

fn conflicts() -> Vec<Conflict> {
    let at = |text: &str| Some(crate::table::parse_timestamp(text)?.0);
    let one = |number, reason: Reason, key: &str, changed: &[&str], rows, times| Conflict {
        number,
        reason: reason.word().to_owned(),
        key: vec![Some(key.to_owned())],
        colliding: Vec::new(),
        changed: changed.iter().map(|name| (*name).to_owned()).collect(),
        rows,
        times,
    };
    let long = "The airport of the town that once was the capital of the northern province";
    let other = long.replace("once", "never");
    vec![
        one(
            0,
            Reason::BothChanged,
            "BIBD",
            &["name", "city"],
            [
                row([Some("BIBD"), Some("Bíldudalur Airport"), Some(""), Some("18")]),
                row([Some("BIBD"), Some("Bildudalur"), None, Some("18")]),
                row([Some("BIBD"), Some("Bildudalur Airport"), Some("Bildudalur"), Some("18")]),
            ],
            [at("2026-11-22 20:00:01.5"), at("2026-11-22 20:12")],
        ),
        one(
            1,
            Reason::DeletedAndChanged,
            "BIBL",
            &["elevation"],
            [None, row([Some("BIBL"), None, None, Some("131")]), row([Some("BIBL"), None, None, Some("13")])],
            [None; 2],
        ),
        one(
            2,
            Reason::NoBase,
            "EDGY",
            &["name"],
            [row([Some("EDGY"), Some(long), None, None]), row([Some("EDGY"), Some(&other), None, None]), None],
            [None; 2],
        ),
        one(
            3,
            Reason::TooClose,
            "BIPA",
            &[],
            [row([Some("BIPA"), None, None, None]), None, row([Some("BIPA"), None, None, None])],
            [at("2026-11-22 20:00:01"), at("2026-11-22 20:00:02")],
        ),
        one(
            4,
            Reason::NoTime,
            "BIPX",
            &["elevation"],
            [
                row([Some("BIPX"), None, None, Some("1")]),
                row([Some("BIPX"), None, None, Some("2")]),
                row([Some("BIPX"), None, None, Some("1\u{1b}[2J")]),
            ],
            [None, at("2026-11-22 20:00:02")],
        ),
    ]
}

#[test]
fn conflicts_as_a_table() {
    let file = two_way_plan(ActionCounts::default(), ActionCounts::default());
    let conflicts = conflicts();
    let table = ConflictTable::new(&conflicts, &file, STYLE);
    // Piece by piece is the same as all at once.
    let pieces: String = conflicts.chunks(1).map(|one| table.lines(one)).collect();
    assert_eq!(pieces, table.lines(&conflicts));
    insta::assert_snapshot!(fits(&format!("{}{pieces}", table.header())));
    let wide = ConflictTable::new(&conflicts, &file, Style { width: 120, color: false });
    let text = format!("{}{}", wide.header(), wide.lines(&conflicts));
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn conflicts_for_scripts() {
    let file = two_way_plan(ActionCounts::default(), ActionCounts::default());
    let all: Vec<serde_json::Value> = conflicts()[..2].iter().map(|one| conflict_json(one, &file)).collect();
    insta::assert_snapshot!(format!("{:#}", serde_json::Value::from(all)));
}

#[test]
fn times_that_could_not_decide_are_told() {
    let mut file = two_way_plan(ActionCounts::default(), ActionCounts::default());
    let told = |file: &PlanFile, one: &Conflict| conflict_json(one, file)["text"].as_str().unwrap().to_owned();
    let mut close = Conflict { reason: Reason::TooClose.word().to_owned(), ..conflicts().swap_remove(0) };
    assert_eq!(told(&file, &close), "both changed within 30 s of each other");
    close.times[1] = close.times[0];
    assert_eq!(told(&file, &close), "both changed at the same time");
    let mut unknown = conflicts().swap_remove(4);
    assert!(told(&file, &unknown).ends_with("; the left `updated_at` does not tell when"));
    unknown.times.swap(0, 1);
    assert!(told(&file, &unknown).ends_with("; the right `changed` does not tell when"));
    file.two_way.as_mut().unwrap().rules.winner = Winner::NewestHistory;
    assert!(told(&file, &unknown).ends_with("; the right history does not tell when"));
    unknown.times = [None; 2];
    assert!(told(&file, &unknown).ends_with("; neither history tells when"));
    unknown.reason = "the moon".to_owned();
    assert_eq!(told(&file, &unknown), "the moon");
}

#[test]
fn a_sync_of_both_tables() {
    let counts = ActionCounts { create: 0, update: 2, delete: 0 };
    let file = two_way_plan(counts, counts);
    let outcome = SideOutcome { written: counts, ..SideOutcome::default() };
    let apply = ApplyRun { sides: [outcome, outcome], ..ApplyRun::default() };
    let mut after = two_way_plan(ActionCounts::default(), ActionCounts::default());
    let mut run = SyncRun {
        plan: Plan { folder: Path::new(".trueup/1").to_owned(), file },
        apply,
        agree: false,
        after: Some(after.clone()),
    };
    assert!(sync_is_done(&run));
    let text = joined(&sync_text(&run, &[], STYLE));
    assert!(text.contains("Compared again: all agrees, but for what was kept different. 1,899 keys"), "{text}");
    after.conflicts = 2;
    run.after = Some(after);
    assert!(!sync_is_done(&run));
    insta::assert_snapshot!(fits(&sync_text(&run, &[], STYLE)));
    let json = sync_json(&run);
    assert_eq!((&json["conflicts"], &json["two_way"]["first_run"]), (&2.into(), &false.into()));
}
