use super::*;
use crate::compare::{CompareOptions, Side, compare_all};
use crate::endpoint::file::Csv;
use crate::endpoint::{ExportRequest, Holds, Reference, TargetColumn, UniqueIndex};
use crate::plan::{Chunk, Plan, SCRIPTS};
use crate::snapshot::{FreezeOptions, Recipe, Silent, freeze};
use crate::table::{AlignOptions, Cells, Column, PortableType as T, TableInfo};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// A table: its columns, and its rows as CSV.
#[derive(Clone)]
struct Given {
    columns: Vec<(&'static str, T)>,
    rows: String,
    target: Option<Target>,
    unique: Vec<Vec<String>>,
}

fn given(columns: &[(&'static str, T)], rows: &[&str]) -> Given {
    Given { columns: columns.to_vec(), rows: rows.join("\n"), target: None, unique: Vec::new() }
}

impl Given {
    fn info(&self) -> TableInfo {
        let columns = self.columns.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect();
        TableInfo { columns, unique: self.unique.clone(), ..TableInfo::default() }
    }

    fn freeze(&self, folder: &Path, name: &str, recipe: &Recipe) -> Snapshot {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let path = folder.join(format!("{name}.csv"));
        std::fs::write(&path, format!("{}\n{}", names.join(","), self.rows)).unwrap();
        let info = self.info();
        let request = ExportRequest { columns: info.columns.clone(), filter: None, streams: 1 };
        let options = FreezeOptions {
            address: name.to_owned(),
            recipe: Some(recipe),
            filter: None,
            filter_text: None,
            interrupt: Interrupt::default(),
            progress: &Silent,
        };
        let folder = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        freeze(&Csv::new(path, None), &info, &request, options, &folder).unwrap()
    }
}

struct Wanted {
    direction: Direction,
    actions: Vec<Action>,
    options: AlignOptions,
}

impl Default for Wanted {
    fn default() -> Self {
        let options = AlignOptions { key: vec![("id".into(), "id".into())], ..AlignOptions::default() };
        Self { direction: Direction::LeftToRight, actions: Action::ALL.to_vec(), options }
    }
}

fn planned(left: &Given, right: &Given, wanted: &Wanted) -> (TempDir, Plan) {
    let folder = tempfile::tempdir().unwrap();
    let infos = [left.info(), right.info()];
    let alignment = Alignment::new(&infos[0], &infos[1], &wanted.options).unwrap();
    let key = alignment.declared_key(&infos[0], &infos[1], &wanted.options.key).unwrap().unwrap();
    let recipes = Recipe::of(&alignment, &key);
    let frozen = [left.freeze(folder.path(), "left", &recipes[0]), right.freeze(folder.path(), "right", &recipes[1])];
    let options = CompareOptions { memory: 1 << 26, samples: 5, interrupt: Interrupt::default(), progress: &Silent };
    let side = |at: usize| Side { parts: &frozen[at].parts, index: frozen[at].index.as_ref().unwrap() };
    let (comparison, differences) = compare_all(side(0), side(1), &alignment, &key, &options).unwrap();
    let audit = Audit::new(
        [&frozen[0], &frozen[1]],
        ["left".into(), "right".into()],
        [None, None],
        &alignment,
        &key,
        String::new(),
        comparison,
    );
    let table = |at: usize, target: &Option<Target>| PlanTable {
        address: ["left.csv", "right.csv"][at].into(),
        filter: None,
        snapshot: &frozen[at],
        target: target.clone(),
        takes_others: false,
    };
    let input = PlanInput {
        direction: wanted.direction,
        tables: [table(0, &left.target), table(1, &right.target)],
        alignment: &alignment,
        key: &key,
        audit: &audit,
        differences: &differences,
        actions: &wanted.actions,
        limits: Limits::default(),
        allow_cascade: false,
        interrupt: Interrupt::default(),
        progress: &Silent,
    };
    let place = folder.path().join("plan");
    std::fs::create_dir(&place).unwrap();
    let file = plan_one_way(&input, None, &place).unwrap();
    let mut plan = Plan { folder: place, file };
    SCRIPTS.iter().for_each(|name| std::fs::write(plan.folder.join(name), "").unwrap());
    plan.finish().unwrap();
    (folder, Plan::open(&plan.folder).unwrap())
}

fn chunks(plan: &Plan, side: usize, rows: usize) -> Vec<Chunk> {
    plan.chunks(side, rows).unwrap().collect::<Result<_, _>>().unwrap()
}

fn cell(batch: &crate::endpoint::ExportBatch, row: usize, column: usize) -> String {
    let other = batch.other(row, column);
    let printed = Cells::new(batch.rows.column(column)).unwrap().print(row);
    other.map(|text| format!("?{text}")).or(printed).unwrap_or_else(|| "NULL".into())
}

/// The steps of a side, one line each: `delete 1,a`, `update 1,a>1,b (name)`, `create 1,b`.
fn lines(plan: &Plan, side: usize) -> Vec<String> {
    let mut out = Vec::new();
    for chunk in chunks(plan, side, 3) {
        let width = plan.file.sides[side].table.columns.len();
        for row in 0..chunk.steps.len() {
            let print = |batch: &crate::endpoint::ExportBatch| {
                (0..width).map(|column| cell(batch, row, column)).collect::<Vec<_>>().join(",")
            };
            let rows: Vec<String> =
                [&chunk.steps.before, &chunk.steps.after].into_iter().flatten().map(print).collect();
            let names: Vec<&str> =
                chunk.changed[row].iter().map(|at| plan.file.sides[side].table.columns[*at].name.as_str()).collect();
            let changed = if names.is_empty() { String::new() } else { format!(" ({})", names.join(",")) };
            out.push(format!("{} {}{changed}", chunk.steps.action, rows.join(">")));
        }
    }
    out
}

fn left_out(plan: &Plan) -> Vec<String> {
    let entry = |out: &crate::plan::LeftOut| {
        let rows = out.rows.map(|rows| format!("{rows} ")).unwrap_or_default();
        let samples: Vec<String> = out.samples.iter().map(|key| key.join("/")).collect();
        format!("{}: {rows}{}: {} [{}]", out.side, out.what, out.why, samples.join(" "))
    };
    plan.file.left_out.iter().map(entry).collect()
}

const NAMES: [(&str, T); 2] = [("id", T::Integer), ("name", T::Text)];

#[test]
fn what_differs_becomes_steps() {
    let left = given(&NAMES, &["1,same", "2,new", "3,only left", "4,"]);
    let right = given(&NAMES, &["1,same", "2,old", "4,x", "5,only right"]);
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    let expected =
        ["delete 5,only right", "update 2,old>2,new (name)", "update 4,x>4,NULL (name)", "create 3,only left"];
    assert_eq!(lines(&plan, 1), expected);
    assert_eq!(lines(&plan, 0), Vec::<String>::new());
    let counts = plan.file.sides[1].counts;
    assert_eq!((counts.create, counts.update, counts.delete), (1, 2, 1));
    assert_eq!(plan.file.sides[0].counts.total(), 0);
    assert_eq!(plan.file.changed_columns.iter().map(|c| c.changed).collect::<Vec<_>>(), [2]);
    assert_eq!(left_out(&plan), Vec::<String>::new());

    let mirrored = Wanted { direction: Direction::RightToLeft, ..Wanted::default() };
    let (_folder, mirror) = planned(&right, &left, &mirrored);
    assert_eq!(lines(&mirror, 0), expected);
    assert_eq!(lines(&mirror, 1), Vec::<String>::new());
}

#[test]
fn nobody_guesses_which_row_is_meant() {
    let left = given(&NAMES, &["1,a", "1,b", "2,x", "2,y", ",null", "3,p", "3,p"]);
    let right = given(&NAMES, &["1,a", "4,q", "4,r", "5,z", "3,p", "3,p"]);
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(lines(&plan, 1), ["delete 5,z"]);
    assert_eq!((plan.file.ambiguous, plan.file.null_keys), (3, 1));
    let expected = [
        "both: 1 keys on both sides that are not unique and differ: which row is meant, nobody can say [1]",
        "left: 1 keys on the left only that are not unique: which row is meant, nobody can say [2]",
        "left: 1 rows whose key is NULL: NULL matches nothing [NULL]",
        "right: 1 keys on the right only that are not unique: which row is meant, nobody can say [4]",
    ];
    assert_eq!(left_out(&plan), expected);
}

#[test]
fn actions_are_switched_off() {
    let left = given(&NAMES, &["1,new", "2,only left"]);
    let right = given(&NAMES, &["1,old", "3,only right", "4,only right"]);
    let wanted = Wanted { actions: vec![Action::Update], ..Wanted::default() };
    let (_folder, plan) = planned(&left, &right, &wanted);
    assert_eq!(lines(&plan, 1), ["update 1,old>1,new (name)"]);
    assert_eq!(
        left_out(&plan),
        ["right: 1 creates: they are switched off [2]", "right: 2 deletes: they are switched off [3 4]"]
    );
}

fn column(name: &str, nullable: bool, optional: bool, holds: Holds) -> TargetColumn {
    TargetColumn { name: name.into(), nullable, optional, holds, ..TargetColumn::default() }
}

fn short_names() -> Target {
    let holds = Holds { chars: Some(3), ..Holds::default() };
    Target {
        columns: vec![column("id", false, false, Holds::default()), column("name", false, false, holds)],
        ..Target::default()
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    let left = given(&NAMES, &["1,toolong", "2,", "3,ok", "4,longer", "5,yes"]);
    let right = Given { target: Some(short_names()), ..given(&NAMES, &["1,a", "2,b", "3,c"]) };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(lines(&plan, 1), ["update 3,c>3,ok (name)", "create 5,yes"]);
    assert_eq!(plan.file.misfits, 3);
    let out = left_out(&plan);
    assert_eq!(out.len(), 2, "{out:?}");
    assert!(
        out[0].starts_with("right: 1 creates whose value for column `name` can't be written")
            && out[0].ends_with("[4]"),
        "{out:?}"
    );
    assert!(
        out[1].starts_with("right: 2 updates whose value for column `name` can't be written")
            && out[1].ends_with("[1 2]"),
        "{out:?}"
    );
}

#[test]
fn values_are_written_in_the_target_s_types() {
    let left = given(
        &[("id", T::Text), ("at", T::Timestamp { precision: 6 }), ("n", T::Float64), ("d", T::Text)],
        &["1,2024-01-01 10:00:00.123456,1.5,2024-02-30", "2,2024-01-01 10:00:00,1.25,2024-02-28", "3,,0.5,2024-03-01"],
    );
    let decimal = T::Decimal { precision: Some(4), scale: 1 };
    let right = given(
        &[("n", decimal), ("at", T::Timestamp { precision: 0 }), ("id", T::Integer), ("d", T::Date)],
        &["7.0,2024-01-01 10:00:01,1,2024-01-01", "1.2,2024-01-01 10:00:00,2,2024-02-28"],
    );
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    // The first has a day that does not exist, the second a digit too many.
    assert_eq!(lines(&plan, 1), ["create 0.5,NULL,3,2024-03-01"]);
    assert_eq!(plan.file.misfits, 2);
    let options = AlignOptions { ignore: vec!["d".into()], ..Wanted::default().options };
    let (_folder, plan) = planned(&left, &right, &Wanted { options, ..Wanted::default() });
    let expected = [
        "update 7.0,2024-01-01 10:00:01,1,2024-01-01>1.5,2024-01-01 10:00:00,1,2024-01-01 (n,at)",
        "create 0.5,NULL,3,NULL",
    ];
    assert_eq!(lines(&plan, 1), expected);
    let chunks = chunks(&plan, 1, 10);
    assert_eq!((chunks[0].steps.set.clone(), chunks[0].steps.guard.clone()), (vec![0, 1], vec![0, 1, 2]));
    assert_eq!(chunks[1].steps.set, [0, 1, 2]);
    assert!(left_out(&plan).iter().any(|line| line.starts_with("both: column `d`: the job leaves it out")));
}

#[test]
fn columns_of_one_side_are_left_alone() {
    let left = given(&[("id", T::Integer), ("name", T::Text), ("mine", T::Text)], &["1,new,m", "2,only,m"]);
    let right = given(&[("theirs", T::Text), ("id", T::Integer), ("name", T::Text)], &["t,1,old"]);
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(lines(&plan, 1), ["update t,1,old>t,1,new (name)", "create NULL,2,only"]);
    let out = left_out(&plan).join("\n");
    assert!(out.contains("left: column `mine`") && out.contains("right: column `theirs`"), "{out}");

    // Without a default for it no row can be created: said once, and nothing else is.
    let mut target = short_names();
    target.columns.insert(0, column("theirs", false, false, Holds::default()));
    let right = Given { target: Some(target.clone()), ..right };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(lines(&plan, 1), ["update t,1,old>t,1,new (name)"]);
    assert_eq!(plan.file.misfits, 1);
    let out = left_out(&plan);
    assert!(out[0].contains("1 creates, for want of a value for column `theirs`: it is NOT NULL"), "{out:?}");
    assert!(out[0].ends_with("[2]"), "{out:?}");

    target.columns[0].optional = true;
    let right = Given { target: Some(target), ..right };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!((plan.file.misfits, plan.file.sides[1].counts.create), (1, 0), "`only` is too long");
}

#[test]
fn computed_columns_are_never_written() {
    let columns = [("id", T::Integer), ("name", T::Text), ("size", T::Integer)];
    let left = given(&columns, &["1,new,3", "2,same,5", "3,add,3"]);
    let mut target = Target {
        columns: ["id", "name", "size"].map(|name| column(name, true, true, Holds::default())).to_vec(),
        ..Target::default()
    };
    target.columns[2].computed = true;
    let right = Given { target: Some(target), ..given(&columns, &["1,old,4", "2,same,4"]) };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(lines(&plan, 1), ["update 1,old,4>1,new,4 (name)", "create 3,add,NULL"]);
    let chunk = &chunks(&plan, 1, 10)[0];
    assert_eq!((chunk.steps.set.clone(), chunk.steps.guard.clone()), (vec![1], vec![0, 1]));
    let out = left_out(&plan).join("\n");
    assert!(out.contains("right: 1 updates in which only columns differ that the database computes"), "{out}");
    assert!(out.contains("right: column `size`: the database computes it"), "{out}");
}

fn unique_names() -> Target {
    let index = |columns: &[&str]| UniqueIndex {
        name: columns.join("_"),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
    };
    Target {
        columns: ["id", "name"].map(|name| column(name, true, true, Holds::default())).to_vec(),
        unique: vec![index(&["id"]), index(&["name"])],
        ..Target::default()
    }
}

#[test]
fn swapped_values_go_together() {
    let left = given(&NAMES, &["1,b", "2,a", "3,x", "4,new", "6,c"]);
    let right = Given { target: Some(unique_names()), ..given(&NAMES, &["1,a", "2,b", "3,y", "5,x", "6,C"]) };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    let all = lines(&plan, 1);
    assert_eq!(all[0], "delete 5,x");
    assert_eq!(all[all.len() - 1], "create 4,new");
    assert_eq!(all.len(), 6);
    let parked: Vec<Chunk> = chunks(&plan, 1, 1).into_iter().filter(|chunk| !chunk.steps.park.is_empty()).collect();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].steps.len(), parked[0].steps.park.clone()), (2, vec![1]));
}

#[test]
fn values_that_others_keep_are_not_taken() {
    let target = Target { columns: short_names().columns, ..unique_names() };
    // 1 wants what 2 has, and 2 can't change; 3 wants what 1 then keeps; 4 what nobody gives; 5 and
    // 6 want the same; 7 takes what 8 gives up by going.
    let left = given(&NAMES, &["1,b", "2,toolong", "3,a", "4,eq", "5,x", "6,x", "7,h", "9,eq"]);
    let unique = vec![vec!["name".to_owned()]];
    let right = given(&NAMES, &["1,a", "2,b", "3,c", "8,h", "9,eq"]);
    let right = Given { target: Some(target), unique, ..right };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(lines(&plan, 1), ["delete 8,h", "create 5,x", "create 7,h"]);
    assert_eq!(plan.file.misfits, 5);
    let out = left_out(&plan).join("\n");
    assert!(out.contains("row 1: row 2 has this unique value, and keeps it"), "{out}");
    assert!(out.contains("row 4: row 9 has this unique value, and keeps it"), "{out}");

    // An index that is not for all rows says nothing.
    let right = Given { unique: Vec::new(), ..right };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    assert_eq!(plan.file.misfits, 1);
}

#[test]
fn parents_come_first_and_leave_last() {
    let columns = [("id", T::Integer), ("boss", T::Integer)];
    let target = Target {
        columns: ["id", "boss"].map(|name| column(name, true, true, Holds::default())).to_vec(),
        references: vec![Reference {
            name: "boss".into(),
            columns: vec!["boss".into()],
            table: "t".into(),
            to: vec!["id".into()],
            to_itself: true,
        }],
        ..Target::default()
    };
    let left = given(&columns, &["1,2", "2,3", "3,", "9,1"]);
    let right = Given { target: Some(target), ..given(&columns, &["7,", "8,7", "6,8", "9,6"]) };
    let (_folder, plan) = planned(&left, &right, &Wanted::default());
    let all = lines(&plan, 1);
    let at = |line: &str| all.iter().position(|other| other == line).unwrap_or_else(|| panic!("{line} in {all:?}"));
    assert!(at("create 3,NULL") < at("create 2,3") && at("create 2,3") < at("create 1,2"));
    assert!(at("create 1,2") < at("update 9,6>9,1 (boss)"));
    assert!(at("update 9,6>9,1 (boss)") < at("delete 6,8"));
    assert!(at("delete 6,8") < at("delete 8,7") && at("delete 8,7") < at("delete 7,NULL"));
}

/// What the target is after the steps.
fn applied(right: &BTreeMap<i64, Option<i64>>, plan: &Plan) -> BTreeMap<String, Vec<String>> {
    let row =
        |id: &i64, value: &Option<i64>| vec![id.to_string(), value.map_or_else(|| "NULL".into(), |v| v.to_string())];
    let mut rows: BTreeMap<String, Vec<String>> = right.iter().map(|(id, v)| (id.to_string(), row(id, v))).collect();
    for chunk in chunks(plan, 1, 7) {
        for at in 0..chunk.steps.len() {
            let print = |batch: &crate::endpoint::ExportBatch| vec![cell(batch, at, 0), cell(batch, at, 1)];
            if let Some(before) = &chunk.steps.before {
                let before = print(before);
                assert_eq!(rows.remove(&before[0]), Some(before), "a step finds its row");
            }
            if let Some(after) = &chunk.steps.after {
                let after = print(after);
                assert_eq!(rows.insert(after[0].clone(), after), None, "a step's row is not there yet");
            }
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Steps make the target what the source is, whatever the order that unique values ask for, and
    /// the plan after that is empty.
    #[test]
    fn steps_make_the_target_the_source(
        left in prop::collection::btree_map(0i64..40, prop::option::of(0i64..60), 0..30),
        right in prop::collection::btree_map(0i64..40, prop::option::of(0i64..60), 0..30),
        unique in any::<bool>(),
        sure in any::<bool>(),
    ) {
        // A unique column has no value twice.
        let once = |table: &BTreeMap<i64, Option<i64>>| -> BTreeMap<i64, Option<i64>> {
            let mut seen = std::collections::BTreeSet::new();
            table.iter().map(|(id, value)| (*id, value.filter(|v| !unique || seen.insert(*v)))).collect()
        };
        let (left, right) = (once(&left), once(&right));
        let columns = [("id", T::Integer), ("name", T::Integer)];
        let rows = |table: &BTreeMap<i64, Option<i64>>| -> Vec<String> {
            table.iter().map(|(id, value)| format!("{id},{}", value.map_or_else(String::new, |v| v.to_string()))).collect()
        };
        let table = |of: &BTreeMap<i64, Option<i64>>| {
            let rows = rows(of);
            given(&columns, &rows.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let target = unique.then(unique_names);
        let unique = if sure { vec![vec!["name".to_owned()]] } else { Vec::new() };
        let written = Given { target, unique, ..table(&right) };
        let (_folder, plan) = planned(&table(&left), &written, &Wanted::default());
        prop_assert_eq!(plan.file.misfits, 0);
        let (_same, empty) = planned(&table(&left), &table(&left), &Wanted::default());
        prop_assert_eq!(empty.file.sides[1].counts.total(), 0);
        let source = applied(&left, &empty);
        prop_assert_eq!(applied(&right, &plan), source);
    }
}
