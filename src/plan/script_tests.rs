//! Scripts as text, and as SQLite runs them.

use super::*;
use crate::endpoint::{ExportBatch, Holds, StepBatch, Target, TargetColumn};
use crate::plan::limits::tests::plan;
use crate::plan::{Footprint, order};
use crate::table::{Column, PortableBuilder, PortableType, fingerprint};
use arrow::datatypes::{Field, Schema};
use proptest::prelude::*;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// SQLite's, as far as these tests need it.
struct Lite;

impl Dialect for Lite {
    fn client(&self) -> &'static str {
        "sqlite3"
    }

    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn literal(&self, value: Option<&str>, column: &Column) -> String {
        match (value, &column.ty) {
            (None, _) => "NULL".to_owned(),
            (Some(value), PortableType::Integer) => value.to_owned(),
            (Some(value), _) => format!("'{}'", value.replace('\'', "''")),
        }
    }

    fn is(&self, column: &Column, constant: &str) -> String {
        format!("{} IS {constant}", self.identifier(&column.name))
    }

    fn key_is(&self, column: &Column, constant: &str) -> String {
        format!("{} = {constant}", self.identifier(&column.name))
    }

    fn no_table(&self) -> &'static str {
        ""
    }

    fn prologue(&self) -> String {
        "BEGIN IMMEDIATE;\n".to_owned()
    }

    fn next_transaction(&self) -> String {
        "COMMIT;\nBEGIN IMMEDIATE;\n".to_owned()
    }

    fn epilogue(&self) -> String {
        "COMMIT;\n".to_owned()
    }
}

/// Where nothing is as in SQLite.
struct Strange;

impl Dialect for Strange {
    fn client(&self) -> &'static str {
        "strange"
    }

    fn identifier(&self, name: &str) -> String {
        format!("[{name}]")
    }

    fn literal(&self, value: Option<&str>, _: &Column) -> String {
        value.map_or_else(|| "none".to_owned(), |value| format!("<{value}>"))
    }

    fn is(&self, column: &Column, constant: &str) -> String {
        format!("same([{}], {constant})", column.name)
    }

    fn key_is(&self, column: &Column, constant: &str) -> String {
        format!("[{}] == {constant}", column.name)
    }

    fn no_table(&self) -> &'static str {
        " FROM VOID"
    }

    fn overriding(&self) -> &'static str {
        " OVERRIDING"
    }

    fn advance_counter(&self, table: &str, column: &Column) -> Option<String> {
        Some(format!("ADVANCE {table} [{}];", column.name))
    }

    fn prologue(&self) -> String {
        "OPEN".to_owned()
    }

    fn next_transaction(&self) -> String {
        "NEXT".to_owned()
    }

    fn epilogue(&self) -> String {
        "CLOSE".to_owned()
    }
}

const CREATE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note TEXT)";

fn columns() -> Vec<Column> {
    [("id", PortableType::Integer), ("code", PortableType::Text), ("note", PortableType::Text)]
        .map(|(name, ty)| Column::new(name, ty, ""))
        .to_vec()
}

type Row<'a> = [Option<&'a str>; 3];

fn batch(rows: &[Row<'_>]) -> ExportBatch {
    let columns = columns();
    let fields: Vec<Field> = columns.iter().map(|column| Field::new(&column.name, column.ty.arrow(), true)).collect();
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
    ExportBatch::new(&Arc::new(Schema::new(fields)), built.collect()).unwrap()
}

fn creates(first: u64, rows: &[Row<'_>]) -> Chunk {
    let after = Some(batch(rows));
    let steps =
        StepBatch { action: Action::Create, before: None, after, guard: vec![], set: vec![0, 1, 2], park: vec![] };
    Chunk {
        first,
        found_by: FoundBy::Key,
        steps,
        changed: vec![Vec::new(); rows.len()],
        together: Vec::new(),
        times: Vec::new(),
    }
}

fn deletes(first: u64, rows: &[Row<'_>]) -> Chunk {
    let before = Some(batch(rows));
    let steps =
        StepBatch { action: Action::Delete, before, after: None, guard: vec![0, 1, 2], set: vec![], park: vec![] };
    Chunk {
        first,
        found_by: FoundBy::Key,
        steps,
        changed: vec![Vec::new(); rows.len()],
        together: Vec::new(),
        times: Vec::new(),
    }
}

fn updates(first: u64, rows: &[(Row<'_>, Row<'_>)], park: &[usize]) -> Chunk {
    let (before, after): (Vec<Row<'_>>, Vec<Row<'_>>) = rows.iter().copied().unzip();
    let changed: Vec<Vec<usize>> =
        rows.iter().map(|(before, after)| (0..3).filter(|at| before[*at] != after[*at]).collect()).collect();
    let mut set: Vec<usize> = changed.iter().flatten().copied().collect();
    set.sort_unstable();
    set.dedup();
    let steps = StepBatch {
        action: Action::Update,
        before: Some(batch(&before)),
        after: Some(batch(&after)),
        guard: vec![0, 1, 2],
        set,
        park: park.to_vec(),
    };
    Chunk { first, found_by: FoundBy::Key, steps, changed, together: Vec::new(), times: Vec::new() }
}

fn target(nullable: bool, holds: Holds) -> Target {
    let column = |name: &str| TargetColumn { name: name.to_owned(), nullable, ..TargetColumn::default() };
    let id = TargetColumn { counter: true, ..column("id") };
    Target { columns: vec![id, TargetColumn { holds, ..column("code") }, column("note")], ..Target::default() }
}

fn written(dialect: &dyn Dialect, target: Option<&Target>, chunks: Vec<Chunk>) -> String {
    let (columns, mut out) = (columns(), Vec::new());
    let table = ScriptTable { name: "t", columns: &columns, key: &[0], whole: false, target, stored: false, dialect };
    script(&mut out, chunks.into_iter().map(Ok::<_, io::Error>), [&table, &table], |e| e).unwrap();
    String::from_utf8(out).unwrap()
}

fn rows(connection: &Connection) -> Vec<String> {
    let sql = "SELECT id || ' ' || coalesce(code, 'NULL') || ' ' || coalesce(note, 'NULL') FROM t ORDER BY id";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// A table with these rows.
fn lite(create: &str, values: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("{create}; INSERT INTO t VALUES {values};")).unwrap();
    connection
}

/// Runs a script; whether it changed the table itself.
fn run(connection: &Connection, script: &str) -> bool {
    let before = rows(connection);
    connection.execute_batch(script).unwrap();
    before != rows(connection)
}

#[test]
fn each_step_is_a_guarded_statement() {
    let text = written(
        &Strange,
        Some(&target(true, Holds::default())),
        vec![
            deletes(0, &[[Some("1"), Some("a"), None]]),
            updates(1, &[([Some("2"), Some("b"), Some("x")], [Some("2"), Some("b"), Some("y")])], &[]),
            creates(2, &[[Some("3"), None, Some("it's")]]),
        ],
    );
    assert_eq!(
        text,
        "
OPEN

-- delete: steps 0 to 0
DELETE FROM t WHERE [id] == <1> AND same([code], <a>) AND same([note], none);

-- update: steps 1 to 1
UPDATE t SET [note] = <y> WHERE [id] == <2> AND same([code], <b>) AND same([note], <x>);

-- create: steps 2 to 2
INSERT INTO t ([id], [code], [note]) OVERRIDING SELECT <3>, none, <it's> FROM VOID WHERE NOT EXISTS \
(SELECT 1 FROM t WHERE [id] == <3>);

ADVANCE t [id];

CLOSE
"
    );
}

#[test]
fn a_column_that_updates_touch_by_themselves_is_kept_unless_it_changes() {
    let target = Target { touched: vec!["note".into()], ..target(true, Holds::default()) };
    let row = |code, note| [Some("2"), Some(code), Some(note)];
    let one = |after| vec![updates(0, &[(row("b", "x"), after)], &[])];
    let text = written(&Strange, Some(&target), one(row("c", "x")));
    assert!(text.contains("UPDATE t SET [code] = <c>, [note] = [note] WHERE"), "{text}");
    let text = written(&Strange, Some(&target), one(row("c", "y")));
    assert!(text.contains("UPDATE t SET [code] = <c>, [note] = <y> WHERE"), "{text}");
}

#[test]
fn a_text_key_is_looked_up_by_the_index_and_compared_byte_for_byte() {
    let (columns, mut out) = (columns(), Vec::new());
    let table = ScriptTable {
        name: "t",
        columns: &columns,
        key: &[1],
        whole: false,
        target: None,
        stored: false,
        dialect: &Strange,
    };
    let chunks = vec![Ok::<_, io::Error>(deletes(0, &[[Some("1"), Some("a"), None]]))];
    script(&mut out, chunks.into_iter(), [&table, &table], |e| e).unwrap();
    let text = String::from_utf8(out).unwrap();
    let condition = "[code] == <a> AND same([id], <1>) AND same([code], <a>) AND same([note], none);";
    assert!(text.contains(condition), "{text}");
}

#[test]
fn a_thousand_steps_are_a_transaction() {
    let rows = |count| vec![[Some("1"), None, None]; count];
    let sizes = [600, 400, 1, 1500, 10];
    let mut first = 0;
    let chunks = sizes.map(|size| {
        first += size as u64;
        deletes(first - size as u64, &rows(size))
    });
    let text = written(&Strange, None, chunks.to_vec());
    let marks: Vec<&str> =
        text.lines().filter(|line| line.starts_with("--") || line.chars().all(char::is_uppercase)).collect();
    assert_eq!(
        marks.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>(),
        [
            "OPEN",
            "-- delete: steps 0 to 599",
            "-- delete: steps 600 to 999",
            "NEXT",
            "-- delete: steps 1000 to 1000",
            "NEXT",
            "-- delete: steps 1001 to 2500",
            "NEXT",
            "-- delete: steps 2501 to 2510",
            "CLOSE"
        ]
    );
}

#[test]
fn no_steps_are_no_transaction() {
    assert_eq!(written(&Strange, None, Vec::new()), "");
}

#[test]
fn only_rows_that_are_as_planned_are_written_and_only_once() {
    let script = written(
        &Lite,
        None,
        vec![
            deletes(0, &[[Some("1"), Some("a"), None], [Some("2"), Some("b"), None]]),
            updates(
                2,
                &[
                    ([Some("3"), Some("c"), Some("x")], [Some("3"), Some("c"), Some("it's; --")]),
                    ([Some("4"), Some("d"), Some("x")], [Some("4"), Some("d"), None]),
                ],
                &[],
            ),
            creates(4, &[[Some("5"), Some("e"), None], [Some("6"), Some("f"), None]]),
        ],
    );
    // 2 has a note by now, 4 another one, and 6 is there.
    let table = lite(CREATE, "(1, 'a', NULL), (2, 'b', 'new'), (3, 'c', 'x'), (4, 'd', 'new'), (6, 'g', 'new')");
    let end = ["2 b new", "3 c it's; --", "4 d new", "5 e NULL", "6 g new"];
    assert!(run(&table, &script));
    assert_eq!(rows(&table), end);
    assert!(!run(&table, &script));
    assert_eq!(rows(&table), end);
}

fn swap() -> Chunk {
    updates(
        7,
        &[
            ([Some("1"), Some("a"), None], [Some("1"), Some("b"), Some("was a")]),
            ([Some("2"), Some("b"), None], [Some("2"), Some("a"), None]),
        ],
        &[1],
    )
}

#[test]
fn a_swap_parks_its_values() {
    let text = written(&Lite, Some(&target(true, Holds::default())), vec![swap()]);
    assert_eq!(
        text,
        r#"
BEGIN IMMEDIATE;

-- update: steps 7 to 8
-- Steps whose rows have changed, of the group under way.
CREATE TEMPORARY TABLE IF NOT EXISTS trueup_moved (step BIGINT NOT NULL);
-- Refuses what is put into it, and so ends a script that would leave a row unfinished.
CREATE TEMPORARY TABLE IF NOT EXISTS trueup_refused (step BIGINT NOT NULL);

-- Steps 7 and 8: these hand unique values to each other,
-- so they are written together, or not at all if one of their rows has changed.
DELETE FROM trueup_moved;
INSERT INTO trueup_moved SELECT 7 WHERE NOT EXISTS (SELECT 1 FROM t WHERE "id" = 1 AND "code" IS 'a' AND "note" IS NULL);
INSERT INTO trueup_moved SELECT 8 WHERE NOT EXISTS (SELECT 1 FROM t WHERE "id" = 2 AND "code" IS 'b' AND "note" IS NULL);
UPDATE t SET "code" = NULL WHERE "id" = 1 AND "code" IS 'a' AND "note" IS NULL AND NOT EXISTS (SELECT 1 FROM trueup_moved);
UPDATE t SET "code" = NULL WHERE "id" = 2 AND "code" IS 'b' AND "note" IS NULL AND NOT EXISTS (SELECT 1 FROM trueup_moved);
UPDATE t SET "code" = 'b', "note" = 'was a' WHERE "id" = 1 AND "code" IS NULL AND NOT EXISTS (SELECT 1 FROM trueup_moved);
UPDATE t SET "code" = 'a' WHERE "id" = 2 AND "code" IS NULL AND NOT EXISTS (SELECT 1 FROM trueup_moved);
INSERT INTO trueup_refused SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM trueup_moved) AND NOT EXISTS (SELECT 1 FROM t WHERE "id" = 1 AND "code" IS 'b');
INSERT INTO trueup_refused SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM trueup_moved) AND NOT EXISTS (SELECT 1 FROM t WHERE "id" = 2 AND "code" IS 'a');

COMMIT;
"#
    );
}

#[test]
fn a_group_is_written_all_or_not_at_all() {
    let chain = updates(
        0,
        &[
            ([Some("1"), Some("a"), None], [Some("1"), Some("b"), None]),
            ([Some("2"), Some("b"), None], [Some("2"), Some("c"), None]),
            ([Some("3"), Some("x"), None], [Some("3"), Some("y"), None]),
            ([Some("4"), Some("y"), None], [Some("4"), Some("x"), None]),
        ],
        &[1],
    );
    let strict = "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, note TEXT)";
    for (create, nullable) in [(CREATE, true), (strict, false)] {
        let holds = Holds { chars: Some(5), ..Holds::default() };
        let script = written(&Lite, Some(&target(nullable, holds)), vec![chain.clone()]);
        let table = lite(create, "(1, 'a', NULL), (2, 'b', NULL), (3, 'x', NULL), (4, 'y', NULL)");
        assert!(run(&table, &script));
        assert_eq!(rows(&table), ["1 b NULL", "2 c NULL", "3 y NULL", "4 x NULL"]);
        assert!(!run(&table, &script));
        // 2 has changed: 1 can't have its value, and stays. The other group is written.
        let table = lite(create, "(1, 'a', NULL), (2, 'b', 'new'), (3, 'x', NULL), (4, 'y', NULL)");
        run(&table, &script);
        assert_eq!(rows(&table), ["1 a NULL", "2 b new", "3 y NULL", "4 x NULL"]);
    }
}

#[test]
fn a_group_is_found_in_any_order_of_its_steps() {
    let row = |id, code| [Some(id), Some(code), None];
    let steps = [(row("1", "a"), row("1", "b")), (row("2", "c"), row("2", "d")), (row("3", "b"), row("3", "c"))];
    let script = written(&Lite, Some(&target(true, Holds::default())), vec![updates(0, &steps, &[1])]);
    let table = lite(CREATE, "(1, 'a', NULL), (2, 'c', NULL), (3, 'b', NULL)");
    assert!(run(&table, &script));
    assert_eq!(rows(&table), ["1 b NULL", "2 d NULL", "3 c NULL"]);
}

#[test]
fn a_value_set_to_null_meanwhile_is_not_taken_for_parked() {
    let script = written(&Lite, Some(&target(true, Holds::default())), vec![swap()]);
    let table = lite(CREATE, "(1, NULL, NULL), (2, 'b', NULL)");
    assert!(!run(&table, &script));
}

#[test]
fn a_database_that_changes_other_columns_by_itself_is_no_obstacle() {
    let script = written(&Lite, Some(&target(true, Holds::default())), vec![swap()]);
    let table = lite(CREATE, "(1, 'a', NULL), (2, 'b', NULL)");
    let trigger = "CREATE TRIGGER touch AFTER UPDATE OF code ON t WHEN NEW.note IS NULL BEGIN
                   UPDATE t SET note = 'touched' WHERE id = NEW.id; END";
    table.execute_batch(trigger).unwrap();
    run(&table, &script);
    assert_eq!(rows(&table), ["1 b was a", "2 a touched"]);
}

#[test]
fn a_row_that_would_stay_parked_ends_the_script() {
    let script = written(&Lite, Some(&target(true, Holds::default())), vec![swap()]);
    let table = lite(CREATE, "(1, 'a', NULL), (2, 'b', NULL)");
    let trigger = "CREATE TRIGGER fill AFTER UPDATE OF code ON t WHEN NEW.code IS NULL BEGIN
                   UPDATE t SET code = 'made up ' || NEW.id WHERE id = NEW.id; END";
    table.execute_batch(trigger).unwrap();
    assert!(table.execute_batch(&script).unwrap_err().to_string().contains("trueup_refused"));
    table.execute_batch("ROLLBACK").unwrap();
    assert_eq!(rows(&table), ["1 a NULL", "2 b NULL"]);
}

#[test]
fn what_nothing_can_stand_in_for_is_said() {
    let holds = Holds { labels: Some(vec!["a".into(), "b".into()]), ..Holds::default() };
    let text = written(&Lite, Some(&target(false, holds)), vec![swap()]);
    assert!(text.contains("They are not in this script.") && !text.contains("UPDATE"), "{text}");
}

#[test]
fn comments_end_with_their_line() {
    let mut out = Vec::new();
    comment(&mut out, "a\nDROP TABLE t;\r\u{2028}b\u{85}").unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "-- a DROP TABLE t;  b\n");
}

#[test]
fn the_header_says_what_it_is_and_how_to_run_it() {
    let mut file = plan(1000, 2, 1, None, None);
    file.written_by = "trueup 1.2.3".to_owned();
    file.made_at = "2026-01-02T03:04:05Z".to_owned();
    file.sides[0].address = "a.csv".to_owned();
    file.sides[1].address = "sqlite:b.db#t".to_owned();
    file.sides[1].filter = Some("x > 0\nDELETE FROM t".to_owned());
    for side in &mut file.sides {
        side.exported_at = "2026-01-02T03:04:00Z".to_owned();
    }
    let mut out = Vec::new();
    header(&mut out, &file, 1, Some(("sqlite3", "\"t\""))).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "-- trueup 1.2.3: plan of 2026-01-02T03:04:05Z, left-to-right
--   left: a.csv (7 rows, read 2026-01-02T03:04:00Z)
--   right: sqlite:b.db#t, where x > 0 DELETE FROM t (1000 rows, read 2026-01-02T03:04:00Z)
-- This script writes to the right table, \"t\": 2 creates, 0 updates, 1 delete.
-- To run it: sqlite3 DATABASE < right.sql
-- Each statement only touches a row that is still as it was when the plan was made,
-- and creates a row only where there is none of its key. So the script may be run again:
-- the second time it does nothing.
"
    );
}

#[test]
fn a_side_without_steps_has_a_comment_only() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan { folder: folder.path().to_owned(), file: plan(10, 0, 0, None, None) };
    write_script(&plan, 0, &Lite, "t").unwrap();
    write_empty_script(&plan, 1).unwrap();
    for (side, name) in ["left", "right"].into_iter().enumerate() {
        let text = std::fs::read_to_string(folder.path().join(SCRIPTS[side])).unwrap();
        assert!(text.lines().all(|line| line.starts_with("--")), "{text}");
        assert!(text.ends_with(&format!("-- There is nothing to write to the {name} table.\n")), "{text}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary files stay");
}

/// By id: code and note.
type Table = BTreeMap<u8, (Option<u8>, Option<u8>)>;

fn tables() -> impl Strategy<Value = Table> {
    let row = (prop::option::weighted(0.9, 0u8..8), prop::option::of(0u8..3));
    prop::collection::btree_map(0u8..10, row, 0..9).prop_map(|rows| {
        let mut used = BTreeSet::new();
        let row = |(id, (code, note)): (u8, (Option<u8>, Option<u8>))| (id, (code.filter(|c| used.insert(*c)), note));
        rows.into_iter().map(row).collect()
    })
}

fn text(id: u8, (code, note): (Option<u8>, Option<u8>)) -> [Option<String>; 3] {
    [Some(id.to_string()), code.map(|code| format!("c{code}")), note.map(|note| format!("n'{note}"))]
}

/// The chunks from one table to another, in order, cut as a plan's are.
fn chunks(from: &Table, to: &Table) -> Vec<Chunk> {
    let ids: BTreeSet<u8> = from.keys().chain(to.keys()).copied().filter(|id| from.get(id) != to.get(id)).collect();
    let ids: Vec<u8> = ids.into_iter().collect();
    let mark = |row: Option<&(Option<u8>, Option<u8>)>| row.and_then(|row| row.0).map(|code| fingerprint(&[code]));
    let footprint = |id: &u8| {
        let (before, after) = (from.get(id), to.get(id));
        let action = match (before, after) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            _ => Action::Update,
        };
        let moves = mark(before) != mark(after);
        let (gives, takes) = (mark(before).filter(|_| moves), mark(after).filter(|_| moves));
        Footprint {
            action,
            gives: vec![gives],
            takes: vec![takes],
            is: vec![],
            needs_before: vec![],
            needs_after: vec![],
        }
    };
    let footprints: Vec<Footprint> = ids.iter().map(footprint).collect();
    let order = order(&footprints);
    let places: Vec<usize> = (0..ids.len()).collect();
    let kind = |place: &usize| (footprints[order.steps[*place]].action, order.together[*place] > 0);
    let row = |table: &Table, place: &usize| {
        let id = ids[order.steps[*place]];
        text(id, table[&id])
    };
    places
        .chunk_by(|a, b| kind(a) == kind(b))
        .map(|run| {
            let first = run[0] as u64;
            let rows = |table: &Table| run.iter().map(|place| row(table, place)).collect::<Vec<_>>();
            fn plain(row: &[Option<String>; 3]) -> Row<'_> {
                [row[0].as_deref(), row[1].as_deref(), row[2].as_deref()]
            }
            match kind(&run[0]) {
                (Action::Create, _) => creates(first, &rows(to).iter().map(plain).collect::<Vec<_>>()),
                (Action::Delete, _) => deletes(first, &rows(from).iter().map(plain).collect::<Vec<_>>()),
                (Action::Update, together) => {
                    let (before, after) = (rows(from), rows(to));
                    let pairs: Vec<_> = before.iter().map(plain).zip(after.iter().map(plain)).collect();
                    updates(first, &pairs, if together { &[1] } else { &[] })
                }
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn scripts_lead_from_any_table_to_any_other(from in tables(), to in tables(), strict in any::<bool>()) {
        // Where NULL is not allowed, placeholders stand in.
        let full = |table: Table| table.into_iter().filter(|(_, row)| !strict || row.0.is_some()).collect::<Table>();
        let (from, to) = (full(from), full(to));
        let create = if strict { CREATE.replace("UNIQUE", "NOT NULL UNIQUE") } else { CREATE.to_owned() };
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&create).unwrap();
        for (id, row) in &from {
            connection.execute("INSERT INTO t VALUES (?, ?, ?)", text(*id, *row)).unwrap();
        }
        let script = written(&Lite, Some(&target(!strict, Holds::default())), chunks(&from, &to));
        run(&connection, &script);
        let print = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
        let expected: Vec<String> =
            to.iter().map(|(id, row)| text(*id, *row).each_ref().map(print).join(" ")).collect();
        prop_assert_eq!(rows(&connection), expected);
        prop_assert!(!run(&connection, &script), "the second run changes something");
    }
}

#[test]
fn keys_are_swapped_freed_and_taken_by_rows_that_are_found_by_their_identity() {
    let row = |id, code, note| [Some(id), Some(code), Some(note)];
    let by_identity = |chunk: Chunk| Chunk { found_by: FoundBy::Identity, ..chunk };
    let (columns, target, mut out) = (columns(), target(false, Holds::default()), Vec::new());
    let by_key = ScriptTable {
        name: "t",
        columns: &columns,
        key: &[1],
        whole: false,
        target: Some(&target),
        stored: false,
        dialect: &Lite,
    };
    let chunks = vec![
        by_identity(deletes(0, &[row("1", "a", "goes")])),
        // 2 takes what 1 had, 3 and 4 swap, 5 hands its key on to 6.
        by_identity(updates(1, &[(row("2", "b", ""), row("2", "a", ""))], &[])),
        by_identity(updates(
            2,
            &[
                (row("3", "c", ""), row("3", "d", "swapped")),
                (row("4", "d", ""), row("4", "c", "")),
                (row("5", "e", ""), row("5", "f", "")),
                (row("6", "f", ""), row("6", "g", "")),
            ],
            &[1],
        )),
        updates(6, &[(row("7", "h", ""), row("7", "h", "only a note"))], &[]),
        creates(7, &[row("8", "b", "new"), row("9", "e", "new")]),
    ];
    let by_id = ScriptTable { key: &[0], ..by_key };
    script(&mut out, chunks.into_iter().map(Ok::<_, io::Error>), [&by_key, &by_id], |e| e).unwrap();
    let text = String::from_utf8(out).unwrap();
    let table = lite(
        CREATE,
        "(1, 'a', 'goes'), (2, 'b', ''), (3, 'c', ''), (4, 'd', ''), (5, 'e', ''), (6, 'f', ''), (7, 'h', '')",
    );
    let end = ["2 a ", "3 d swapped", "4 c ", "5 f ", "6 g ", "7 h only a note", "8 b new", "9 e new"];
    for changes in [true, false] {
        assert_eq!(run(&table, &text), changes, "{text}");
        assert_eq!(rows(&table), end);
    }
}
