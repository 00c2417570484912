//! What is not applied: a damaged plan, one of a newer version, one for another table, one beyond
//! its limits.

use super::moved::{source, target};
use crate::support::{Kind, Place, steps};

struct Fixture {
    place: Place,
    left: String,
    right: String,
    before: Vec<String>,
}

impl Fixture {
    fn new() -> Self {
        let mut place = Place::new();
        let (left, right) = (place.store(Kind::Sqlite, &source()), place.store(Kind::Sqlite, &target()));
        let before = place.contents(Kind::Sqlite, &right);
        Self { place, left, right, before }
    }

    fn plan(&self, out: &str, options: &[&str]) {
        self.place.dir.plan(&self.left, &self.right, out, options).json(1);
    }

    #[track_caller]
    fn is_refused(&mut self, plan: &str, words: &[&str]) {
        self.place.dir.apply(plan, &[]).fails_with(words);
        assert_eq!(self.place.contents(Kind::Sqlite, &self.right), self.before, "nothing was written");
    }

    #[track_caller]
    fn is_stopped(&mut self, plan: &str, words: &[&str]) {
        self.place.dir.apply(plan, &[]).is_stopped_with(words);
        assert_eq!(self.place.contents(Kind::Sqlite, &self.right), self.before, "nothing was written");
    }
}

#[test]
fn damaged_files() {
    let mut fixture = Fixture::new();
    for (part, words) in [("plan.json", "plan.json"), ("steps.parquet", "steps.parquet")] {
        let folder = format!("damaged-{part}");
        fixture.plan(&folder, &[]);
        let path = fixture.place.dir.path().join(&folder).join(part);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        fixture.is_refused(&folder, &[words]);
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        fixture.is_refused(&folder, &[words]);
        std::fs::remove_file(&path).unwrap();
        fixture.is_refused(&folder, &[words]);
        std::fs::write(&path, whole).unwrap();
        let applied = fixture.place.dir.apply(&folder, &[]).json(0);
        assert_eq!(steps(&applied, "right"), [400, 400, 400]);
        fixture.place.dir.undo(&folder, &[]).json(0);
    }
}

#[test]
fn a_newer_version() {
    let mut fixture = Fixture::new();
    fixture.plan("plan", &[]);
    let path = fixture.place.dir.path().join("plan/plan.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_once("\"version\": ").unwrap();
    let (_, after) = after.split_once(',').unwrap();
    std::fs::write(&path, format!("{before}\"version\": 99,{after}")).unwrap();
    fixture.is_refused("plan", &["version", "99"]);
}

#[test]
fn another_table() {
    let fixture = Fixture::new();
    fixture.plan("plan", &[]);
    let name = fixture.right.rsplit('#').next().unwrap().to_owned();
    let connection = fixture.place.sqlite();
    connection
        .execute_batch(&format!(
            "CREATE TABLE other (id INTEGER PRIMARY KEY, v TEXT, x TEXT);
             ALTER TABLE {name} RENAME TO kept; ALTER TABLE other RENAME TO {name}"
        ))
        .unwrap();
    fixture.place.dir.apply("plan", &[]).fails_with(&["column"]);
    connection.execute_batch(&format!("DROP TABLE {name}")).unwrap();
    fixture.place.dir.apply("plan", &[]).fails_with(&["no table"]);
}

#[test]
fn limits() {
    let mut fixture = Fixture::new();
    fixture.plan("few", &["--max-deletes", "399"]);
    fixture.is_stopped("few", &["400", "--max-deletes"]);
    fixture.plan("percent", &["--max-changes", "50%"]);
    fixture.is_stopped("percent", &["1,200", "--max-changes"]);
    // A third of the target's rows would go, and ten percent may.
    let (left, right) = (fixture.left.clone(), fixture.right.clone());
    fixture.place.dir.trueup(["sync", &left, &right]).is_stopped_with(&["400", "--max-deletes"]);
    assert_eq!(fixture.place.contents(Kind::Sqlite, &right), fixture.before);
    let synced = fixture.place.dir.trueup(["sync", &left, &right, "--max-deletes", "40%", "--format", "json"]);
    assert_eq!(steps(&synced.json(0), "right"), [400, 400, 400]);
    assert_eq!(synced.stdout.trim_end().lines().count(), 1, "one line for the scheduler's log");
    assert_eq!(fixture.place.contents(Kind::Sqlite, &right), fixture.place.contents(Kind::Sqlite, &left));
}

#[test]
fn deletes_that_nobody_has_looked_at() {
    let fixture = Fixture::new();
    fixture.plan("plan", &[]);
    let run = |options: &[&str]| {
        let args = ["apply", "plan", "--yes", "--format", "json"];
        fixture.place.dir.trueup(args.into_iter().chain(options.iter().copied()))
    };
    run(&[]).is_stopped_with(&["400 deletes", "trueup show plan", "--max-deletes 400"]);
    run(&["--max-deletes", "399"]).is_stopped_with(&["--max-deletes 399", "trueup show plan"]);
    run(&["--max-deletes", "400", "--max-changes", "1199"]).is_stopped_with(&["1,200 changes", "--max-changes 1199"]);
    assert_eq!(steps(&run(&["--only", "create,update"]).json(0), "right"), [400, 400, 0]);
    assert_eq!(steps(&run(&["--max-deletes", "400"]).json(0), "right"), [0, 0, 400]);
}

#[test]
fn an_empty_source() {
    let mut fixture = Fixture::new();
    let empty = fixture.place.store(Kind::Sqlite, &crate::support::Table { rows: Vec::new(), ..source() });
    fixture.place.dir.trueup(["sync", &empty, &fixture.right]).is_stopped_with(&["empty"]);
    // A limit of some rows does not mean all of them, however large it is.
    fixture.place.dir.trueup(["sync", &empty, &fixture.right, "--max-deletes", "5000"]).is_stopped_with(&["empty"]);
    let right = fixture.right.clone();
    fixture.place.dir.plan(&empty, &right, "none", &[]).json(1);
    let apply = ["apply", "none", "--yes", "--format", "json", "--max-deletes", "5000"];
    fixture.place.dir.trueup(apply).is_stopped_with(&["trueup show none", "--allow-empty-source"]);
    assert_eq!(fixture.place.contents(Kind::Sqlite, &fixture.right), fixture.before);
    let meant = fixture.place.dir.trueup(apply.into_iter().chain(["--allow-empty-source"]));
    assert_eq!(steps(&meant.json(0), "right"), [0, 0, 1200]);
}

#[test]
fn without_a_terminal_it_does_not_ask() {
    let mut fixture = Fixture::new();
    fixture.plan("plan", &[]);
    // That nobody is there to look at so many deletes comes first.
    fixture.place.dir.trueup(["apply", "plan"]).is_stopped_with(&["400 deletes", "trueup show plan", "--max-deletes"]);
    fixture.place.dir.trueup(["apply", "plan", "--max-deletes", "400"]).fails_with(&["--yes"]);
    fixture.place.dir.trueup(["apply", "plan", "--only", "create,update"]).fails_with(&["--yes"]);
    assert_eq!(fixture.place.contents(Kind::Sqlite, &fixture.right), fixture.before);
}
