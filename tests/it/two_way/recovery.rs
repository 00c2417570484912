//! A run breaks off after it has written one side, people go on, and then somebody runs something: what
//! the run had written is settled first, and nobody's later change is taken for an older one.

use super::pair::Pair;
use super::people::people;
use crate::support::{Kind, Run, Workdir, count};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What makes a run end early.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// The program is killed after the left table was written.
    Kill,
    /// Somebody holds the right row that is to be written.
    Lock,
}

/// A pair that agreed, and then has three changes for the left table and one for the right.
fn pair(kinds: [Kind; 2]) -> Pair {
    let table = people(1..=8);
    let mut pair = Pair::new(kinds, [&table, &table], &["--key", "id"]);
    assert_eq!(pair.sync(&[]).run.code, Some(0));
    pair
}

fn edit(pair: &mut Pair) {
    pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 5");
    pair.sql(1, "DELETE FROM {t} WHERE id = 6");
    pair.sql(1, "INSERT INTO {t} VALUES (20, 'new@example.org', 'new', 1, NULL)");
    pair.sql(0, "UPDATE {t} SET name = 'left' WHERE id = 8");
}

fn ids(pair: &mut Pair, side: usize) -> Vec<String> {
    let mut ids: Vec<String> = pair.cells()[side].iter().map(|row| row[0].clone().unwrap()).collect();
    ids.sort();
    ids
}

/// Waits until something holds of the tables.
#[track_caller]
fn until(pair: &mut Pair, holds: impl Fn(&mut Pair) -> bool) {
    let begun = Instant::now();
    while !holds(pair) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came to that: {:?}", pair.cells());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Holds the right row that is to be written; the tables must not be in one file.
fn hold_right(pair: &mut Pair) -> Option<rusqlite::Connection> {
    if pair.kinds[1] == Kind::Sqlite {
        assert_ne!(pair.kinds[0], Kind::Sqlite);
        let connection = pair.place.sqlite();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        return Some(connection);
    }
    pair.sql(1, "BEGIN");
    pair.sql(1, "UPDATE {t} SET qty = qty + 1 WHERE id = 8");
    None
}

fn let_go(pair: &mut Pair, held: Option<rusqlite::Connection>) {
    match held {
        Some(connection) => connection.execute_batch("ROLLBACK").unwrap(),
        None => pair.sql(1, "ROLLBACK"),
    }
}

/// A sync that writes the left table and then breaks off. Its plan's folder.
fn broken_sync(pair: &mut Pair, how: Break) -> String {
    let held = hold_right(pair);
    let timeout = if let Break::Lock = how { "300ms" } else { "60s" };
    let (folder, args) = pair.args("sync", &["--lock-timeout", timeout]);
    let running = pair.place.dir.start(&mut pair.place.dir.command(args));
    match how {
        Break::Kill => {
            // The creates come last.
            until(pair, |pair| ids(pair, 0).contains(&"20".to_owned()));
            std::thread::sleep(Duration::from_millis(500));
            assert!(running.kill(), "it was still running");
        }
        Break::Lock => {
            let run = running.wait();
            assert_eq!(run.code, Some(2), "{run}");
        }
    }
    let_go(pair, held);
    folder
}

/// A run that writes a first chunk of the left table and is killed in the pause behind it.
fn killed_after_a_chunk(pair: &mut Pair, mut command: Command, written: impl Fn(&mut Pair) -> bool) {
    command.args(["--chunk", "2", "--pause", "60s"]);
    let running = pair.place.dir.start(&mut command);
    until(pair, written);
    std::thread::sleep(Duration::from_millis(500));
    assert!(running.kill(), "it was still running");
}

/// After the break, on the left: a later edit of a row that the run wrote, one of its new rows goes, and
/// the one that it deleted is put back as it was.
fn go_on(pair: &mut Pair) {
    assert_eq!(pair.cell(0, ("id", "5"), "name").as_deref(), Some("right"), "the left table was written");
    pair.sql(0, "UPDATE {t} SET name = 'later' WHERE id = 5");
    pair.sql(0, "DELETE FROM {t} WHERE id = 20");
    pair.sql(0, "INSERT INTO {t} VALUES (6, 'p6@example.org', 'person 6', 60, '2024-01-01 00:00:00')");
}

#[track_caller]
fn assert_all_is_there(pair: &mut Pair) {
    pair.assert_agree();
    assert_eq!(pair.cell(1, ("id", "5"), "name").as_deref(), Some("later"));
    assert_eq!(pair.cell(1, ("id", "8"), "name").as_deref(), Some("left"));
    assert_eq!(ids(pair, 1), ["1", "2", "3", "4", "5", "6", "7", "8"]);
}

fn state(pair: &Pair, plan: &str) -> String {
    let json = pair.place.dir.trueup(["show", plan, "--summary", "--format", "json"]).json(0);
    json["state"].as_str().unwrap_or_else(|| panic!("{json:#}")).to_owned()
}

fn check(kinds: [Kind; 2], how: Break, history: bool) {
    for (at, winner) in ["none", "right", "left"].into_iter().enumerate() {
        let mut pair = pair(kinds);
        if history {
            pair.install_history();
            pair.sync(&[]);
        }
        edit(&mut pair);
        let folder = broken_sync(&mut pair, how);
        assert_eq!(state(&pair, &folder), "half applied");
        go_on(&mut pair);
        match at {
            0 => {
                // What plans settles as well, and the next apply has the plan's own base.
                let plan = pair.plan(&["--winner", winner]);
                let run = pair.place.dir.apply(&plan.folder, &[]);
                assert_eq!(run.code, Some(0), "{run}");
            }
            1 => {
                // The rest of the plan is written, and what stands is not looked at.
                let run = pair.place.dir.apply(&folder, &[]);
                assert_eq!(run.code, Some(0), "{run}");
                assert_eq!(state(&pair, &folder), "applied");
                assert_eq!(pair.cell(0, ("id", "5"), "name").as_deref(), Some("later"), "{run}");
                pair.sync(&["--winner", winner]);
            }
            _ => {
                let synced = pair.sync(&["--winner", winner]);
                assert_eq!(synced.run.code, Some(0), "{}", synced.run);
            }
        }
        assert_all_is_there(&mut pair);
        assert!(!pair.place.dir.path().join(&pair.state).join("pending.json").exists());
    }
}

/// Tables in one file, of which the first of two chunks is written.
fn check_one_file(history: bool) {
    let mut pair = pair([Kind::Sqlite, Kind::Sqlite]);
    if history {
        pair.install_history();
        pair.sync(&[]);
    }
    for id in [20, 21, 22, 23] {
        pair.sql(1, &format!("INSERT INTO {{t}} VALUES ({id}, 'n{id}@example.org', 'new', 1, NULL)"));
    }
    pair.sql(0, "UPDATE {t} SET name = 'left' WHERE id = 8");
    let (folder, args) = pair.args("sync", &[]);
    let command = pair.place.dir.command(args);
    killed_after_a_chunk(&mut pair, command, |pair| ids(pair, 0).contains(&"20".to_owned()));
    assert_eq!(state(&pair, &folder), "half applied");
    assert!(!ids(&mut pair, 0).contains(&"22".to_owned()));
    pair.sql(0, "DELETE FROM {t} WHERE id = 20");
    pair.sql(0, "UPDATE {t} SET name = 'later' WHERE id = 21");
    let synced = pair.sync(&["--winner", "right"]);
    assert_eq!(synced.run.code, Some(0), "{}", synced.run);
    pair.assert_agree();
    assert_eq!(ids(&mut pair, 0), ["1", "2", "21", "22", "23", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(pair.cell(1, ("id", "21"), "name").as_deref(), Some("later"));
    assert_eq!(pair.cell(1, ("id", "8"), "name").as_deref(), Some("left"));
}

#[test]
fn killed_between_two_chunks() {
    check_one_file(false);
}

#[test]
fn killed_between_two_chunks_with_history() {
    check_one_file(true);
}

#[test]
fn killed_between_postgres_and_mysql() {
    check([Kind::Postgres, Kind::Mysql], Break::Kill, false);
}

#[test]
fn killed_between_mysql_and_postgres_with_history() {
    check([Kind::Mysql, Kind::Postgres], Break::Kill, true);
}

#[test]
fn a_lock_between_sqlite_and_postgres() {
    check([Kind::Sqlite, Kind::Postgres], Break::Lock, false);
}

#[test]
fn a_lock_between_postgres_and_mysql() {
    check([Kind::Postgres, Kind::Mysql], Break::Lock, false);
}

/// Rewrites a journal as it would be if the program had been killed before it wrote its last lines.
pub fn forget_the_end(dir: &Workdir, folder: &str, side: &str) {
    let path = dir.path().join(folder).join(format!("journal-{side}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    while !lines.last().unwrap().contains("\"intent\"") {
        lines.pop();
    }
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn it_is_certain_whether_a_commit_took_place() {
    // PostgreSQL itself knows; of the others, a history's table.
    commit_took_place([Kind::Postgres, Kind::Sqlite], false);
    commit_took_place([Kind::Mysql, Kind::Sqlite], true);
    commit_took_place([Kind::Sqlite, Kind::Postgres], true);
}

fn commit_took_place(kinds: [Kind; 2], history: bool) {
    let mut pair = pair(kinds);
    if history {
        pair.install_history();
        pair.sync(&[]);
    }
    pair.sql(1, "INSERT INTO {t} VALUES (20, 'new@example.org', 'new', 1, NULL)");
    pair.sql(0, "UPDATE {t} SET name = 'left' WHERE id = 8");
    let folder = broken_sync(&mut pair, Break::Kill);
    forget_the_end(&pair.place.dir, &folder, "left");
    // The new row looks as if it had never been written.
    pair.sql(0, "DELETE FROM {t} WHERE id = 20");
    let synced = pair.sync(&[]);
    assert_eq!(synced.run.code, Some(0), "{}", synced.run);
    pair.assert_agree();
    assert!(!ids(&mut pair, 1).contains(&"20".to_owned()), "the row that somebody deleted is back");
}

#[test]
fn rows_tell_where_nothing_else_does() {
    for kinds in [[Kind::Sqlite, Kind::Postgres], [Kind::Mysql, Kind::Sqlite]] {
        // As it was to become: written.
        let mut pair = pair(kinds);
        edit(&mut pair);
        let folder = broken_sync(&mut pair, Break::Kill);
        forget_the_end(&pair.place.dir, &folder, "left");
        let synced = pair.sync(&[]);
        assert_eq!(synced.run.code, Some(0), "{}", synced.run);
        pair.assert_agree();

        // Neither as before nor as planned: nobody knows, and nothing of it is lost.
        pair.sql(1, "INSERT INTO {t} VALUES (20 + 1, 'newer@example.org', 'new', 1, NULL)");
        pair.sql(1, "DELETE FROM {t} WHERE id = 20");
        pair.sql(0, "UPDATE {t} SET name = 'again' WHERE id = 8");
        let held = hold_right(&mut pair);
        let (folder, args) = pair.args("sync", &["--lock-timeout", "60s"]);
        let running = pair.place.dir.start(&mut pair.place.dir.command(args));
        until(&mut pair, |pair| ids(pair, 0).contains(&"21".to_owned()));
        std::thread::sleep(Duration::from_millis(500));
        assert!(running.kill());
        let_go(&mut pair, held);
        forget_the_end(&pair.place.dir, &folder, "left");
        pair.sql(0, "UPDATE {t} SET qty = 77 WHERE id = 21");
        let synced = pair.sync(&[]);
        assert_eq!((synced.run.code, count(&synced.json, "/conflicts")), (Some(1), 1), "{}", synced.run);
        assert_eq!(pair.cell(0, ("id", "21"), "qty").as_deref(), Some("77"), "{kinds:?}");
        assert_eq!(pair.cell(1, ("id", "21"), "qty").as_deref(), Some("1"), "{kinds:?}");
        assert_eq!(pair.cell(1, ("id", "8"), "name").as_deref(), Some("again"), "{kinds:?}");
    }
}

#[test]
fn a_chunk_whose_rows_disagree_is_a_conflict() {
    let mut pair = pair([Kind::Sqlite, Kind::Sqlite]);
    pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id IN (3, 4, 5, 6)");
    let (folder, args) = pair.args("sync", &[]);
    let command = pair.place.dir.command(args);
    killed_after_a_chunk(&mut pair, command, |pair| pair.cell(0, ("id", "3"), "name").as_deref() == Some("right"));
    forget_the_end(&pair.place.dir, &folder, "left");
    // One of the two as it was before: nobody can tell whether the other was written.
    pair.sql(0, "UPDATE {t} SET name = 'person 4' WHERE id = 4");
    let synced = pair.sync(&[]);
    assert_eq!((synced.run.code, count(&synced.json, "/conflicts")), (Some(1), 1), "{}", synced.run);
    let names = [0, 1].map(|side| pair.cell(side, ("id", "4"), "name").unwrap());
    assert_eq!(names, ["person 4", "right"]);
    assert_eq!(pair.cell(0, ("id", "3"), "name").as_deref(), Some("right"));
}

#[test]
fn an_undo_that_breaks_off_is_settled() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut pair = pair([kind, Kind::Sqlite]);
        pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id IN (1, 2, 3, 4)");
        let synced = pair.sync(&[]);
        let command = pair.place.dir.writing("undo", &synced.folder, &[]);
        let four = ["1", "2", "3", "4"];
        let name = |pair: &mut Pair, side, id| pair.cell(side, ("id", id), "name").unwrap();
        let stands = |pair: &mut Pair, id| name(pair, 0, id) == "right";
        killed_after_a_chunk(&mut pair, command, |pair| four.iter().any(|id| !stands(pair, *id)));
        assert_eq!(state(&pair, &synced.folder), "half undone");
        // Two of each.
        let (standing, back): (Vec<&str>, Vec<&str>) = four.iter().partition(|id| stands(&mut pair, **id));
        assert_eq!((standing.len(), back.len()), (2, 2));
        pair.sql(0, &format!("UPDATE {{t}} SET name = 'later' WHERE id = {}", standing[0]));
        pair.sql(0, &format!("UPDATE {{t}} SET name = 'mine' WHERE id = {}", back[0]));
        let again = pair.sync(&[]);
        assert_eq!(name(&mut pair, 1, standing[0]), "later", "{kind:?}: of a row that stands: {}", again.run);
        assert_eq!(name(&mut pair, 0, standing[1]), "right");
        let both = [0, 1].map(|side| name(&mut pair, side, back[0]));
        assert_eq!(both, ["mine", "right"]);
        assert_eq!(name(&mut pair, 0, back[1]), "right", "what was put back is to be written again");
        assert_eq!(count(&again.json, "/conflicts"), 1, "{}", again.run);
    }
}

#[test]
fn an_undo_of_an_older_plan_forgets_nothing_else() {
    let mut pair = pair([Kind::Sqlite, Kind::Sqlite]);
    pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 1");
    let first = pair.sync(&[]);
    pair.sql(0, "UPDATE {t} SET name = 'left' WHERE id = 2");
    pair.sync(&[]);
    pair.sql(0, "DELETE FROM {t} WHERE id = 3");
    let undone = pair.place.dir.undo(&first.folder, &[]);
    assert_eq!(undone.code, Some(0), "{undone}");
    let synced = pair.sync(&[]);
    // The row that was put back differs, and nobody agreed on it since; the deleted one stays so.
    assert_eq!(count(&synced.json, "/conflicts"), 1, "{}", synced.run);
    assert_eq!(ids(&mut pair, 0), ["1", "2", "4", "5", "6", "7", "8"]);
    assert_eq!(ids(&mut pair, 1), ids(&mut pair, 0));
}

#[test]
fn an_undo_that_undoes_nothing_keeps_the_base() {
    let mut pair = pair([Kind::Sqlite, Kind::Sqlite]);
    pair.sql(0, "UPDATE {t} SET name = 'left' WHERE id = 1");
    let plan = pair.plan(&[]);
    pair.sql(1, "UPDATE {t} SET name = 'busy' WHERE id = 1");
    assert_eq!(pair.place.dir.apply(&plan.folder, &[]).code, Some(1));
    pair.sync(&["--winner", "left"]);
    pair.sql(0, "DELETE FROM {t} WHERE id = 2");
    let undone = pair.place.dir.undo(&plan.folder, &[]);
    assert_eq!(undone.code, Some(0), "{undone}");
    pair.sync(&[]);
    assert!(!ids(&mut pair, 0).contains(&"2".to_owned()));
    pair.assert_agree();
}

#[test]
fn what_stands_is_not_written_again() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Csv] {
        let table = people(1..=4);
        let mut pair = Pair::new([kind, Kind::Sqlite], [&table, &people(1..=4)], &["--key", "id"]);
        assert_eq!(pair.sync(&[]).run.code, Some(0));
        pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 1");
        pair.sql(1, "DELETE FROM {t} WHERE id = 2");
        let plan = pair.plan(&[]);
        assert_eq!(state(&pair, &plan.folder), "planned");
        assert_eq!(pair.place.dir.apply(&plan.folder, &[]).json(0)["state"], "applied");
        if kind == Kind::Csv {
            continue;
        }
        // As before the plan, and so meant.
        pair.sql(0, "UPDATE {t} SET name = 'person 1' WHERE id = 1");
        pair.sql(0, "INSERT INTO {t} VALUES (2, 'p2@example.org', 'person 2', 20, '2024-01-01 00:00:00')");
        let again = pair.place.dir.apply(&plan.folder, &[]).json(0);
        assert_eq!(count(&again, "/already"), 2, "{again:#}");
        assert_eq!(pair.cell(0, ("id", "1"), "name").as_deref(), Some("person 1"));
        assert_eq!(ids(&mut pair, 0), ["1", "2", "3", "4"]);
        pair.sync(&[]);
        pair.assert_agree();
        assert_eq!(pair.cell(1, ("id", "1"), "name").as_deref(), Some("person 1"), "{kind:?}");
        assert_eq!(ids(&mut pair, 1), ["1", "2", "3", "4"], "{kind:?}");
    }
}

#[test]
fn columns_that_crossed_half_are_agreed_on() {
    for (later, expected) in [("right", "right"), ("person 1", "person 1"), ("third", "third")] {
        let mut pair = pair([Kind::Postgres, Kind::Sqlite]);
        pair.sql(0, "UPDATE {t} SET qty = 77 WHERE id = 1");
        pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 1");
        let held = hold_right(&mut pair);
        let (_, args) = pair.args("sync", &["--lock-timeout", "60s"]);
        let running = pair.place.dir.start(&mut pair.place.dir.command(args));
        until(&mut pair, |pair| pair.cell(0, ("id", "1"), "name").as_deref() == Some("right"));
        std::thread::sleep(Duration::from_millis(500));
        assert!(running.kill());
        let_go(&mut pair, held);
        pair.sql(0, &format!("UPDATE {{t}} SET name = '{later}' WHERE id = 1"));
        let synced = pair.sync(&[]);
        assert_eq!(synced.run.code, Some(0), "{}", synced.run);
        pair.assert_agree();
        assert_eq!(pair.cell(1, ("id", "1"), "name").as_deref(), Some(expected));
        assert_eq!(pair.cell(1, ("id", "1"), "qty").as_deref(), Some("77"));
    }
}

#[test]
fn a_plan_that_is_gone_is_not_guessed_at() {
    let mut pair = pair([Kind::Sqlite, Kind::Postgres]);
    edit(&mut pair);
    let folder = broken_sync(&mut pair, Break::Kill);
    let (here, away) = (pair.place.dir.path().join(&folder), pair.place.dir.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    let before = pair.cells();
    let refused = |run: Run| {
        assert_eq!(run.code, Some(3), "{run}");
        assert!(run.stderr.contains("broke off") && run.stderr.contains(&folder), "{run}");
    };
    for command in ["sync", "plan"] {
        let (_, args) = pair.args(command, &[]);
        let args = args.into_iter().filter(|arg| arg != "--format" && arg != "json");
        refused(pair.place.dir.trueup(args.collect::<Vec<_>>()));
    }
    assert_eq!(pair.cells(), before);
    std::fs::rename(&away, &here).unwrap();
    // Without its journal it says as little as if it were gone.
    let journal = here.join("journal-left.jsonl");
    std::fs::rename(&journal, away.with_extension("jsonl")).unwrap();
    let (_, args) = pair.args("sync", &[]);
    let args = args.into_iter().filter(|arg| arg != "--format" && arg != "json");
    let run = pair.place.dir.trueup(args.collect::<Vec<_>>());
    assert!(run.code == Some(3) && run.stderr.contains("journal"), "{run}");
    assert_eq!(pair.cells(), before);
    std::fs::rename(away.with_extension("jsonl"), &journal).unwrap();
    go_on(&mut pair);
    pair.sync(&[]);
    assert_all_is_there(&mut pair);
}

#[test]
fn what_a_broken_run_left_behind_is_not_believed_in_part() {
    let mut pair = pair([Kind::Sqlite, Kind::Postgres]);
    edit(&mut pair);
    let folder = broken_sync(&mut pair, Break::Kill);
    let here = pair.place.dir.path().join(&folder);
    let names = |start: &str| {
        let entries = std::fs::read_dir(&here).unwrap().map(|entry| entry.unwrap().path());
        let of = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(start);
        let mut paths: Vec<PathBuf> = entries.filter(of).collect();
        paths.sort();
        paths
    };
    let (stored, journals) = (names("stored-left"), names("journal-left"));
    assert!(!stored.is_empty() && journals.len() == 1, "{stored:?} {journals:?}");
    let before = pair.cells();
    let mut refused = |path: &Path, content: Option<&[u8]>| {
        let whole = std::fs::read(path).unwrap();
        match content {
            Some(content) => std::fs::write(path, content).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let (_, args) = pair.args("sync", &[]);
        let args = args.into_iter().filter(|arg| arg != "--format" && arg != "json");
        let run = pair.place.dir.trueup(args.collect::<Vec<_>>());
        assert_eq!(run.code, Some(3), "{} {run}", path.display());
        assert!(run.stderr.contains("broke off") && run.stderr.contains(&folder), "{run}");
        assert_eq!(pair.cells(), before);
        std::fs::write(path, whole).unwrap();
    };
    for path in &stored {
        refused(path, None);
        let mut changed = std::fs::read(path).unwrap();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        refused(path, Some(&changed));
    }
    // Lines that are lost at the end, before the last one that tells of rows on their way to COMMIT.
    let text = std::fs::read_to_string(&journals[0]).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.iter().rposition(|line| line.contains("\"intent\"")).unwrap();
    for end in 0..=last {
        refused(&journals[0], Some(lines[..end].concat().as_bytes()));
    }
    go_on(&mut pair);
    pair.sync(&[]);
    assert_all_is_there(&mut pair);
}

#[test]
fn a_base_that_is_lost_is_no_first_run() {
    let mut pair = pair([Kind::Sqlite, Kind::Sqlite]);
    pair.sync(&[]);
    pair.sql(1, "DELETE FROM {t} WHERE id = 2");
    let before = pair.cells();
    let base = pair.place.dir.path().join(&pair.state).join("base.json");
    std::fs::remove_file(&base).unwrap();
    let (_, args) = pair.args("sync", &[]);
    let args = args.into_iter().filter(|arg| arg != "--format" && arg != "json");
    let run = pair.place.dir.trueup(args.collect::<Vec<_>>());
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("base.json") && run.stderr.contains("it is gone"), "{run}");
    assert_eq!(pair.cells(), before);
}

/// On which sides these rows are.
fn there(pair: &mut Pair) -> [[bool; 2]; 2] {
    let ids = [0, 1].map(|side| ids(pair, side));
    ["4", "22"].map(|id| ids.each_ref().map(|ids| ids.contains(&id.to_owned())))
}

#[test]
fn a_row_that_nobody_can_tell_of_is_neither_created_nor_deleted() {
    // Four updates, creates or deletes, of which a chunk of two is written on the left; and one of the two
    // is no longer as it was written.
    let cases = [
        ["UPDATE {t} SET name = 'right' WHERE id IN (3, 4, 5, 6)", "DELETE FROM {t} WHERE id = 4"],
        [
            "INSERT INTO {t} SELECT id + 20, 'new' || id, 'new', 1, NULL FROM {t} WHERE id <= 4",
            "DELETE FROM {t} WHERE id = 22",
        ],
        [
            "DELETE FROM {t} WHERE id IN (3, 4, 5, 6)",
            "INSERT INTO {t} VALUES (4, 'p4@example.org', 'person 4', 40, '2024-01-01 00:00:00')",
        ],
    ];
    for [edit, later] in cases {
        for (undo, winner) in [(false, "none"), (true, "none"), (false, "right"), (true, "left")] {
            let mut pair = pair([Kind::Sqlite, Kind::Sqlite]);
            pair.sql(1, edit);
            let before = pair.cells()[0].clone();
            let (folder, args) = pair.args("sync", &[]);
            let command = pair.place.dir.command(args);
            killed_after_a_chunk(&mut pair, command, |pair| pair.cells()[0] != before);
            forget_the_end(&pair.place.dir, &folder, "left");
            pair.sql(0, later);
            if undo {
                let run = pair.place.dir.undo(&folder, &[]);
                assert!(matches!(run.code, Some(0 | 1)), "{run}");
            }
            let was = there(&mut pair);
            for _ in 0..2 {
                let synced = pair.sync(&["--winner", winner]);
                assert_eq!(there(&mut pair), was, "{later}, {winner}: {}", synced.run);
                assert_eq!(synced.run.code, Some(1), "{later}, {winner}: {}", synced.run);
                assert_eq!(count(&synced.json, "/undecided"), 1, "{later}, {winner}: {}", synced.run);
            }
        }
    }
}

#[test]
fn what_a_person_put_back_before_an_undo_is_carried_over() {
    for kinds in [[Kind::Sqlite, Kind::Sqlite], [Kind::Mysql, Kind::Postgres], [Kind::Postgres, Kind::Sqlite]] {
        for others in [false, true] {
            let mut pair = pair(kinds);
            pair.sql(1, "DELETE FROM {t} WHERE id = 6");
            pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 5");
            if others {
                pair.sql(1, "DELETE FROM {t} WHERE id = 7");
            }
            let synced = pair.sync(&[]);
            assert_eq!(synced.run.code, Some(0), "{}", synced.run);
            pair.sql(0, "INSERT INTO {t} VALUES (6, 'p6@example.org', 'person 6', 60, '2024-01-01 00:00:00')");
            pair.sql(0, "UPDATE {t} SET name = 'person 5' WHERE id = 5");
            let undone = pair.place.dir.undo(&synced.folder, &[]);
            assert_eq!(undone.code, Some(0), "{undone}");
            assert_eq!(state(&pair, &synced.folder), "undone");
            assert!(ids(&mut pair, 0).contains(&"7".to_owned()), "{kinds:?}");
            let synced = pair.sync(&[]);
            assert_eq!(synced.run.code, Some(0), "{kinds:?}: {}", synced.run);
            pair.assert_agree();
            assert_eq!(pair.cell(1, ("id", "5"), "name").as_deref(), Some("person 5"), "{kinds:?}");
            // What undo itself has brought back is deleted again.
            let left: &[&str] =
                if others { &["1", "2", "3", "4", "5", "6", "8"] } else { &["1", "2", "3", "4", "5", "6", "7", "8"] };
            assert_eq!(ids(&mut pair, 1), left, "{kinds:?}: {}", synced.run);
        }
    }
}

#[test]
fn a_file_that_a_person_put_back_before_an_undo_is_carried_over() {
    let mut pair = pair([Kind::Csv, Kind::Sqlite]);
    let file = pair.place.dir.path().join(&pair.addresses[0]);
    let before = std::fs::read(&file).unwrap();
    pair.sql(1, "DELETE FROM {t} WHERE id = 6");
    pair.sql(1, "UPDATE {t} SET name = 'right' WHERE id = 5");
    let synced = pair.sync(&[]);
    std::fs::write(&file, &before).unwrap();
    assert_eq!(pair.place.dir.undo(&synced.folder, &[]).code, Some(0));
    // Applied once more, the plan leaves alone what somebody has put back.
    assert_eq!(count(&pair.place.dir.apply(&synced.folder, &[]).json(0), "/already"), 2);
    pair.sync(&[]);
    pair.assert_agree();
    assert_eq!(ids(&mut pair, 1), ["1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(pair.cell(1, ("id", "5"), "name").as_deref(), Some("person 5"));
}
