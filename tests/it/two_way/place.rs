//! Where the base is kept when nobody says it, and what a run does that finds another one, or none.

use super::pair::{Counts, Pair};
use super::people::people;
use super::recovery::forget_the_end;
use crate::support::{Kind, Run, Workdir};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Two SQLite files of three columns, which runs name without a state folder.
struct Two {
    dir: Workdir,
    addresses: [String; 2],
}

impl Two {
    fn new() -> Self {
        let dir = Workdir::new();
        let addresses = ["a", "b"].map(|name| {
            let path = dir.file(&format!("{name}.db"));
            let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, m TEXT, n TEXT);
                       INSERT INTO t VALUES (1, 'a', 'a'), (2, 'b', 'b'), (3, 'c', 'c')";
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            format!("sqlite:{path}#t")
        });
        Self { dir, addresses }
    }

    fn sql(&self, side: usize, sql: &str) {
        let path = self.dir.file(["a.db", "b.db"][side]);
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }

    fn ids(&self, side: usize) -> Vec<i64> {
        let file = Connection::open(self.dir.file(["a.db", "b.db"][side])).unwrap();
        let mut statement = file.prepare("SELECT id FROM t ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn run(&self, command: &str, options: &[&str]) -> Run {
        self.run_in("", command, options)
    }

    /// In a folder below.
    fn run_in(&self, folder: &str, command: &str, options: &[&str]) -> Run {
        let [left, right] = &self.addresses;
        let args = [command, left, right, "--direction", "both", "--format", "json"];
        let limit: &[&str] = if command == "sync" { &["--max-deletes", "100%"] } else { &[] };
        let mut command = self.dir.command(args.iter().chain(options).chain(limit));
        let folder = self.dir.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        self.dir.start(command.current_dir(folder)).wait()
    }

    /// The state folders in the common place.
    fn states(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.dir.path().join("xdg/trueup")) else { return Vec::new() };
        // Beside them is the key by which one knows plans of one's own.
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    }

    /// Moves the only state to where it was kept before.
    fn move_to(&self, folder: &str) -> PathBuf {
        let [state] = &self.states()[..] else { panic!("one state: {:?}", self.states()) };
        let to = self.dir.path().join(folder).join(".trueup/state/0123456789abcdef");
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(state, &to).unwrap();
        to
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn two_folders_find_the_same_base() {
    let two = Two::new();
    assert_eq!(two.run_in("here", "sync", &[]).code, Some(0));
    two.sql(0, "DELETE FROM t WHERE id = 2");
    let there = two.run_in("there", "sync", &[]);
    assert_eq!(there.json(0)["right"]["delete"], 1, "{there}");
    assert_eq!((two.ids(0), two.ids(1)), (vec![1, 3], vec![1, 3]));
    assert_eq!(two.states().len(), 1);
    assert!(!two.dir.path().join("here/.trueup/state").exists());
}

#[test]
fn without_a_home_the_flag_is_named() {
    let two = Two::new();
    let [left, right] = &two.addresses;
    for variables in [&["HOME", "XDG_STATE_HOME"][..], &["HOME"]] {
        let mut command = two.dir.command(["sync", left, right, "--direction", "both"]);
        variables.iter().for_each(|name| {
            command.env_remove(name);
        });
        let run = two.dir.start(&mut command).wait();
        if variables.len() == 2 {
            run.fails_with(&["HOME", "--state"]);
        } else {
            assert_eq!(run.code, Some(0), "{run}");
        }
    }
}

#[test]
fn a_base_of_before_is_carried_over_once() {
    let two = Two::new();
    assert_eq!(two.run("sync", &[]).code, Some(0));
    let old = two.move_to("");
    two.sql(1, "DELETE FROM t WHERE id = 3");
    let run = two.run("sync", &[]);
    assert_eq!(run.json(0)["left"]["delete"], 1, "{run}");
    assert!(run.stderr.contains("carried over"), "{run}");
    assert!(!old.exists() && two.states().len() == 1);
    let again = two.run("sync", &[]);
    assert!(again.code == Some(0) && !again.stderr.contains("carried over"), "{again}");

    // Another one turns up: nobody knows which is right.
    copy(&two.states()[0], &old);
    for command in ["plan", "sync"] {
        let both = two.run(command, &[]);
        both.is_stopped_with(&[old.parent().unwrap().strip_prefix(two.dir.path()).unwrap().to_str().unwrap()]);
        assert!(both.stderr.contains("xdg/trueup"), "{both}");
    }
    assert_eq!(two.run_in("elsewhere", "plan", &[]).code, Some(0));
}

#[test]
fn two_jobs_on_one_pair_have_a_base_each() {
    let two = Two::new();
    assert_eq!(two.run("sync", &["--where", "id < 3"]).code, Some(0));
    let other: &[&str] = &["--where", "id >= 3"];
    for command in ["plan", "sync"] {
        two.run(command, other).is_stopped_with(&["--first-run", "id < 3", &two.states()[0].display().to_string()]);
    }
    assert_eq!(two.run("sync", &[other, &["--first-run"]].concat()).code, Some(0));
    assert_eq!(two.states().len(), 2);
    // From now on each finds its own.
    two.sql(0, "UPDATE t SET m = 'later' WHERE id = 2; UPDATE t SET m = 'more' WHERE id = 3");
    for options in [&["--where", "id < 3"], other] {
        assert_eq!(two.run("sync", options).json(0)["right"]["update"], 1);
    }
}

#[test]
fn an_edited_job_brings_nothing_back() {
    let edits: [&[&str]; 4] =
        [&["--map", "m=n", "--map", "n=m"], &["--map", "m=m"], &["--key", "m"], &["--where-left", "id < 9"]];
    for edited in edits {
        let two = Two::new();
        assert_eq!(two.run("sync", &[]).code, Some(0));
        two.sql(0, "DELETE FROM t WHERE id = 1");
        for command in ["plan", "sync"] {
            two.run(command, edited).is_stopped_with(&["--first-run"]);
        }
        assert_eq!((two.ids(0), two.ids(1)), (vec![2, 3], vec![1, 2, 3]), "{edited:?}");
        // What is meant is done.
        let meant = two.run("plan", &[edited, &["--first-run"]].concat());
        assert!(matches!(meant.code, Some(0 | 1)), "{meant}");
    }
    // The key that the tables say anyway, and the sides the other way round.
    let two = Two::new();
    assert_eq!(two.run("sync", &[]).code, Some(0));
    two.sql(0, "DELETE FROM t WHERE id = 1");
    assert_eq!(two.run("plan", &["--key", "id"]).json(1)["right"]["delete"], 1);
    let [left, right] = &two.addresses;
    let args = ["sync", right, left, "--direction", "both"];
    two.dir.trueup(args).is_stopped_with(&["--first-run", "right one"]);
    // A base that is named is only gone on from if it is of this job.
    let state = two.states()[0].display().to_string();
    two.run("sync", &["--state", &state, "--where", "id < 9"]).is_stopped_with(&["all rows"]);
}

#[test]
fn the_order_of_the_key_says_nothing() {
    let two = Two::new();
    let key: &[&str] = &["--key", "id", "--key", "m"];
    assert_eq!(two.run("sync", key).code, Some(0));
    two.sql(0, "DELETE FROM t WHERE id = 1");
    assert_eq!(two.run("plan", &["--key", "m,id"]).json(1)["right"]["delete"], 1);
}

#[test]
fn a_history_remembers_which_bases_there_were() {
    for kinds in [[Kind::Postgres, Kind::Mysql], [Kind::Sqlite, Kind::Csv]] {
        let tables = people(1..=6);
        let mut pair = Pair::new(kinds, [&tables, &tables], &["--key", "id"]);
        if kinds[1] == Kind::Csv {
            drop(pair.history("install", 0, &[]))
        } else {
            pair.install_history()
        }
        // Nobody has seen these tables: no flag is needed. What is undone has never been.
        let first = pair.sync(&["--first-run"]);
        assert_eq!(first.run.code, Some(0), "{}", first.run);
        pair.sql(0, "DELETE FROM {t} WHERE id = 2");
        for _ in 0..2 {
            assert_eq!(pair.plan(&[]).counts(), Counts::new([0; 3], [0, 0, 1]));
        }
        let state = pair.place.dir.path().join(&pair.state);
        std::fs::rename(&state, pair.place.dir.path().join("lost")).unwrap();
        for command in ["plan", "sync"] {
            let (_, args) = pair.args(command, &[]);
            pair.place.dir.trueup(args).is_stopped_with(&["history of the left table", "--first-run", "--state"]);
        }
        assert_eq!((pair.cells()[0].len(), pair.cells()[1].len()), (5, 6));
        // Another job has never had one, and needs no flag; nor does the one whose folder is back.
        let job = pair.options.clone();
        pair.options = vec!["--key".to_owned(), "email".to_owned()];
        pair.state = "other".to_owned();
        assert_eq!(pair.plan(&[]).counts(), Counts::new([1, 0, 0], [0; 3]));
        pair.options = job;
        pair.state = "lost".to_owned();
        assert_eq!(pair.plan(&[]).counts(), Counts::new([0; 3], [0, 0, 1]));
        // It outlasts triggers that are made anew, but not the history.
        pair.history("clear", 0, &["--all"]);
        pair.state = "new".to_owned();
        let (_, args) = pair.args("plan", &[]);
        pair.place.dir.trueup(args).is_stopped_with(&["--first-run"]);
        for side in [0, 1] {
            pair.history("remove", side, &[]);
        }
        pair.history("install", 0, &[]);
        assert_eq!(pair.plan(&[]).counts(), Counts::new([1, 0, 0], [0; 3]));
    }
}

#[test]
fn an_undone_first_run_is_forgotten() {
    for kinds in [[Kind::Postgres, Kind::Mysql], [Kind::Sqlite, Kind::Sqlite]] {
        let mut pair = Pair::new(kinds, [&people(1..=4), &people(2..=4)], &["--key", "id"]);
        pair.install_history();
        let first = pair.sync(&[]);
        assert_eq!(first.counts(), Counts::new([0; 3], [1, 0, 0]), "{}", first.run);
        pair.place.dir.undo(&first.folder, &[]).json(0);
        let again = pair.sync(&[]);
        assert_eq!(again.counts(), Counts::new([0; 3], [1, 0, 0]), "{}", again.run);
    }
}

#[test]
fn clearing_a_history_settles_a_first_run_that_broke_off() {
    let two = Two::new();
    let left = two.addresses[0].as_str();
    assert_eq!(two.dir.trueup(["history", "install", left]).code, Some(0));
    two.sql(1, "INSERT INTO t VALUES (4, 'd', 'd'), (5, 'e', 'e')");
    let [_, right] = &two.addresses;
    let args = ["sync", left, right, "--direction", "both", "--out", "first", "--chunk", "1", "--pause", "60s"];
    let running = two.dir.start(&mut two.dir.command(args));
    let begun = Instant::now();
    while two.ids(0).len() == 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never wrote a row");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(running.kill(), "it was still running");
    // Only the history knows that the row was written, until it is cleared.
    forget_the_end(&two.dir, "first", "left");
    two.sql(0, "DELETE FROM t WHERE id = 4");
    let cleared = two.dir.trueup(["history", "clear", left, "--all"]);
    assert_eq!(cleared.code, Some(0), "{cleared}");
    assert!(cleared.stderr.contains("broke off"), "{cleared}");
    let [state] = &two.states()[..] else { panic!("one state: {:?}", two.states()) };
    assert!(!state.join("pending.json").exists());
    assert_eq!(two.run("sync", &[]).code, Some(0));
    assert_eq!([two.ids(0), two.ids(1)], [[1, 2, 3, 5], [1, 2, 3, 5]]);
}
