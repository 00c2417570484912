//! `trueup history` as a person and a script use it.

use crate::support::{Run, Workdir};
use rusqlite::Connection;

const TABLE: &str = "sqlite:f.db#t";

fn place() -> (Workdir, Connection) {
    let dir = Workdir::new();
    let connection = Connection::open(dir.file("f.db")).unwrap();
    connection.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE TABLE u (a, b)").unwrap();
    (dir, connection)
}

fn history(dir: &Workdir, args: &[&str]) -> Run {
    dir.trueup(["history"].into_iter().chain(args.iter().copied()))
}

/// Exit code, stdout and stderr, with the times left out.
fn shown(run: &Run) -> String {
    let hide = |text: &str| -> String {
        let line = |line: &str| match line.find("20").filter(|_| line.ends_with(" UTC")) {
            Some(at) => format!("{}TIME UTC\n", &line[..at]),
            None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    };
    format!("exit {}\n--- stdout\n{}--- stderr\n{}", run.code.unwrap(), hide(&run.stdout), run.stderr)
}

#[test]
fn its_whole_life_for_a_person() {
    let (dir, connection) = place();
    let mut all = Vec::new();
    let mut step = |what: &str, args: &[&str]| all.push(format!("{what}\n{}", shown(&history(&dir, args))));
    step("status before", &["status", TABLE]);
    step("install", &["install", TABLE]);
    step("install again", &["install", TABLE]);
    connection.execute_batch("INSERT INTO t VALUES (1, 1), (2, 2); DELETE FROM t WHERE id = 1").unwrap();
    step("status", &["status", TABLE]);
    connection.execute_batch("ALTER TABLE t ADD COLUMN b").unwrap();
    step("status of a table that changed", &["status", TABLE]);
    step("install once more", &["install", TABLE]);
    step("clear all", &["clear", TABLE, "--all"]);
    step("remove", &["remove", TABLE]);
    step("remove again", &["remove", TABLE]);
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn each_answer_for_a_script() {
    let (dir, connection) = place();
    let json = |args: &[&str], code: i32| {
        let mut json = history(&dir, &[args, &["--format", "json"]].concat()).json(code);
        for name in ["started", "seconds"] {
            assert!(json.as_object_mut().unwrap().remove(name).is_some(), "{name}");
        }
        json
    };
    let address = TABLE;
    assert_eq!(json(&["status", TABLE], 1), serde_json::json!({"version": 1, "address": address, "installed": false}));
    assert_eq!(
        json(&["install", TABLE], 0),
        serde_json::json!({"version": 1, "address": address, "done": "installed", "key": ["id"]})
    );
    assert_eq!(json(&["install", TABLE], 0)["done"], "already");
    connection.execute_batch("INSERT INTO t VALUES (1, 1)").unwrap();
    let status = json(&["status", TABLE], 0);
    assert_eq!(
        (&status["rows"], &status["fits"], &status["misfits"]),
        (&1.into(), &true.into(), &serde_json::json!([]))
    );
    assert_eq!(status["oldest"], status["newest"]);
    assert!(status["oldest"].as_str().unwrap().ends_with('Z'), "{status}");
    connection.execute_batch("DROP TRIGGER trueup_history_insert_t").unwrap();
    assert_eq!(json(&["status", TABLE], 1)["fits"], false);
    assert_eq!(json(&["install", TABLE], 0)["done"], "renewed");
    assert_eq!(
        json(&["clear", TABLE, "--all"], 0),
        serde_json::json!({"version": 1, "address": address, "cleared": 1, "all": true})
    );
    assert_eq!(json(&["remove", TABLE], 0)["removed"], true);
    assert_eq!(json(&["remove", TABLE], 0)["removed"], false);
}

#[test]
fn a_table_without_a_primary_key_needs_one_named() {
    let (dir, _connection) = place();
    history(&dir, &["install", "sqlite:f.db#u"]).fails_with(&["no primary key", "--key"]);
    history(&dir, &["install", "sqlite:f.db#u", "--key", "a,c"]).fails_with(&["no column `c`"]);
    history(&dir, &["install", "sqlite:f.db#u", "--key", "a,b,a"]).fails_with(&["`a` twice", "why:", "do:"]);
    let json = history(&dir, &["install", "sqlite:f.db#u", "--key", "b,a", "--format", "json"]).json(0);
    assert_eq!(json["key"], serde_json::json!(["b", "a"]));
    // The key that it was installed with stays.
    let again = history(&dir, &["install", "sqlite:f.db#u", "--format", "json"]).json(0);
    assert_eq!((&again["done"], &again["key"]), (&"already".into(), &json["key"]));
    let other = history(&dir, &["install", "sqlite:f.db#u", "--key", "a", "--format", "json"]).json(0);
    assert_eq!(other["done"], "renewed");
}

#[test]
fn what_cannot_be_done_says_why() {
    let (dir, _connection) = place();
    dir.write("f.csv", "id\n1\n");
    for command in ["install", "status", "clear", "remove"] {
        history(&dir, &[command, "f.csv"]).fails_with(&["f.csv can't keep a history", "triggers", "do:"]);
    }
    history(&dir, &["install", "sqlite:f.db#v"]).fails_with(&["no table `v`"]);
    history(&dir, &["clear", TABLE]).fails_with(&["no history", "history install"]);
    assert_eq!(history(&dir, &["install", TABLE]).code, Some(0));
    history(&dir, &["clear", TABLE]).fails_with(&["no base", "--state", "--all"]);
    assert_eq!(history(&dir, &["clear", TABLE, "--all", "--state", "x"]).code, Some(2));
    let run = history(&dir, &["install", "postgres://me:s3cret@127.0.0.1:1/d#t"]);
    run.fails_with(&["can't connect", "me:***@"]);
    assert!(!run.stderr.contains("s3cret"));
}

#[test]
fn clear_forgets_what_the_last_sync_has_seen() {
    let (dir, connection) = place();
    connection
        .execute_batch("INSERT INTO t VALUES (1, 1), (2, 2); CREATE TABLE v (id INTEGER PRIMARY KEY, a)")
        .unwrap();
    let other = "sqlite:f.db#v";
    for table in [TABLE, other] {
        assert_eq!(history(&dir, &["install", table]).code, Some(0));
    }
    let sync = |state: &[&str]| {
        let args = ["sync", TABLE, other, "--direction", "both", "--quiet"];
        let run = dir.trueup(args.into_iter().chain(state.iter().copied()));
        assert_eq!(run.code, Some(0), "{run}");
    };
    let clear = |args: &[&str]| {
        let args = [&["clear", TABLE, "--format", "json"], args].concat();
        history(&dir, &args).json(0)["cleared"].clone()
    };
    connection.execute_batch("UPDATE t SET a = 3 WHERE id = 1").unwrap();
    sync(&[]);
    // The history remembers that there is a base elsewhere.
    sync(&["--state", "mine", "--first-run"]);
    connection.execute_batch("UPDATE t SET a = 4 WHERE id = 1").unwrap();
    // Another state has seen more; the one that has seen least counts.
    sync(&["--state", "mine"]);
    connection.execute_batch("UPDATE t SET a = 5 WHERE id = 1").unwrap();
    history(&dir, &["clear", TABLE, "--state", "nowhere"]).fails_with(&["no base", "nowhere"]);
    assert_eq!(clear(&[]), 1);
    assert_eq!(clear(&[]), 0);
    assert_eq!(clear(&["--state", "mine"]), 1);
    assert_eq!(history(&dir, &["status", TABLE, "--format", "json"]).json(0)["rows"], 1);
}
