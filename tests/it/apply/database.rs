//! What a database adds to a table: foreign keys, counters, triggers, computed columns, unique
//! values that are handed around.

use crate::support::{Kind, Place, count, steps};

/// The three databases, where the test says the same in all of them.
const DATABASES: [Kind; 3] = [Kind::Postgres, Kind::Mysql, Kind::Sqlite];

struct Fixture {
    place: Place,
    kind: Kind,
}

impl Fixture {
    fn new(kind: Kind, statements: &[&str]) -> Self {
        let mut fixture = Self { place: Place::new(), kind };
        fixture.run(statements);
        fixture
    }

    fn run(&mut self, statements: &[&str]) {
        match self.kind {
            Kind::Postgres => self.place.postgres().execute(&statements.join(";\n")),
            Kind::Mysql => statements.iter().for_each(|sql| self.place.mysql().execute(sql)),
            _ => {
                let sql = format!("PRAGMA foreign_keys = ON;\n{}", statements.join(";\n"));
                self.place.sqlite().execute_batch(&sql).unwrap();
            }
        }
    }

    fn address(&mut self, table: &str) -> String {
        match self.kind {
            Kind::Postgres => self.place.postgres().address(table),
            Kind::Mysql => self.place.mysql().address(table),
            _ => self.place.sqlite_address(table),
        }
    }

    fn contents(&mut self, table: &str) -> Vec<String> {
        let address = self.address(table);
        self.place.contents(self.kind, &address)
    }

    /// Plans from `source` to `target` into a folder of this name.
    fn plan(&mut self, out: &str, options: &[&str]) -> serde_json::Value {
        let (source, target) = (self.address("source"), self.address("target"));
        let run = self.place.dir.plan(&source, &target, out, options);
        run.json(run.code.unwrap())
    }
}

#[test]
fn deletes_that_cascade_are_counted_and_refused_until_allowed() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(
            kind,
            &[
                "CREATE TABLE source (id INTEGER PRIMARY KEY, v VARCHAR(20))",
                "CREATE TABLE target (id INTEGER PRIMARY KEY, v VARCHAR(20))",
                "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER, \
                 FOREIGN KEY (parent) REFERENCES target (id) ON DELETE CASCADE)",
                "INSERT INTO source VALUES (1, 'a')",
                "INSERT INTO target VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO child VALUES (10, 1), (20, 2), (21, 2), (30, 3)",
            ],
        );
        let (source, target) = (fixture.address("source"), fixture.address("target"));
        let refused = fixture.place.dir.plan(&source, &target, "refused", &[]);
        refused.is_stopped_with(&["3", "child", "--allow-cascade"]);
        let planned = fixture.plan("allowed", &["--allow-cascade"]);
        assert_eq!(steps(&planned, "right"), [0, 0, 2], "{kind:?}");
        let applied = fixture.place.dir.apply("allowed", &[]).json(0);
        assert_eq!(steps(&applied, "right"), [0, 0, 2], "{kind:?}");
        assert_eq!(fixture.contents("child").len(), 1, "{kind:?}");
    }
}

#[test]
fn values_that_other_rows_refer_to_are_not_changed_unasked() {
    for kind in DATABASES {
        let parent = |name: &str| format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, code VARCHAR(9) UNIQUE)");
        let mut fixture = Fixture::new(
            kind,
            &[
                &parent("source"),
                &parent("target"),
                "CREATE TABLE child (id INTEGER PRIMARY KEY, code VARCHAR(9), \
                 FOREIGN KEY (code) REFERENCES target (code) ON UPDATE CASCADE)",
                "INSERT INTO source VALUES (1, 'B'), (2, 'A'), (3, 'new')",
                "INSERT INTO target VALUES (1, 'A'), (2, 'B'), (3, 'C')",
                "INSERT INTO child VALUES (10, 'A'), (20, 'B'), (30, 'C')",
            ],
        );
        let (source, target) = (fixture.address("source"), fixture.address("target"));
        let before = fixture.contents("child");
        let plan = |fixture: &Fixture, options: &[&str]| fixture.place.dir.plan(&source, &target, "plan", options);
        plan(&fixture, &[]).is_stopped_with(&["code", "child", "--allow-cascade"]);
        // Exchanged by way of NULL, the references would be lost.
        plan(&fixture, &["--allow-cascade"]).is_stopped_with(&["code", "child", "NULL"]);
        let allowed = plan(&fixture, &["--allow-cascade", "--where", "id = 3"]);
        assert_eq!(steps(&allowed.json(1), "right"), [0, 1, 0], "{kind:?}");
        assert_eq!(fixture.contents("child"), before, "{kind:?}");
        fixture.place.dir.apply("plan", &[]).json(0);
        fixture.run(&["UPDATE child SET code = 'new' WHERE id = 30"]);
        assert_eq!(fixture.contents("child").len(), 3, "{kind:?}");
    }
}

#[test]
fn a_plan_means_the_same_file_from_every_folder() {
    let mut fixture = Fixture::new(
        Kind::Sqlite,
        &[
            "CREATE TABLE source (id INTEGER PRIMARY KEY, v TEXT)",
            "CREATE TABLE target (id INTEGER PRIMARY KEY, v TEXT)",
            "INSERT INTO source VALUES (1, 'a')",
        ],
    );
    fixture.place.dir.plan("sqlite:tables.db#source", "sqlite:tables.db#target", "plan", &[]).json(1);
    let other = fixture.place.dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::copy(fixture.place.dir.path().join("tables.db"), other.join("tables.db")).unwrap();
    let mut command = fixture.place.dir.writing("apply", "../plan", &[]);
    let run = fixture.place.dir.start(command.current_dir(&other)).wait();
    assert_eq!(steps(&run.json(0), "right"), [1, 0, 0]);
    assert_eq!(fixture.contents("target"), fixture.contents("source"));
    let untouched = rusqlite::Connection::open(other.join("tables.db")).unwrap();
    let rows: u32 = untouched.query_row("SELECT count(*) FROM target", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0, "another file of the same name was written");
}

#[test]
fn rows_that_refer_to_rows_of_the_same_table() {
    for kind in DATABASES {
        let create = |name: &str| {
            format!(
                "CREATE TABLE {name} (id INTEGER PRIMARY KEY, boss INTEGER, FOREIGN KEY (boss) REFERENCES {name} (id))"
            )
        };
        let mut fixture = Fixture::new(
            kind,
            &[
                &create("source"),
                &create("target"),
                // Bosses have the larger numbers, so the order of the key is the wrong one.
                "INSERT INTO source VALUES (90, NULL), (50, 90), (10, 50), (5, 10), (60, 90)",
                "INSERT INTO target VALUES (80, NULL), (40, 80), (4, 40), (60, 80)",
            ],
        );
        let before = fixture.contents("target");
        assert_eq!(steps(&fixture.plan("plan", &[]), "right"), [4, 1, 3], "{kind:?}");
        // The smallest chunks: each must leave every reference whole.
        let applied = fixture.place.dir.apply("plan", &["--chunk", "1"]).json(0);
        assert_eq!(steps(&applied, "right"), [4, 1, 3], "{kind:?}");
        assert_eq!(fixture.contents("target"), fixture.contents("source"), "{kind:?}");
        let undone = fixture.place.dir.undo("plan", &["--chunk", "1"]).json(0);
        assert_eq!(steps(&undone, "right"), [3, 1, 4], "{kind:?}");
        assert_eq!(fixture.contents("target"), before, "{kind:?}");
    }
}

#[test]
fn unique_values_are_swapped_shifted_and_freed() {
    for kind in DATABASES {
        let create = |name: &str| {
            format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, mail VARCHAR(40) NOT NULL UNIQUE, n INTEGER UNIQUE)")
        };
        let mut fixture = Fixture::new(
            kind,
            &[
                &create("source"),
                &create("target"),
                "INSERT INTO source VALUES (1, 'b', 10), (2, 'a', 20), (3, 'd', 31), (4, 'e', 30), (5, 'f', NULL), \
                 (6, 'gone', 60)",
                "INSERT INTO target VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 31), (5, 'e', NULL), \
                 (7, 'gone', 60)",
            ],
        );
        let before = fixture.contents("target");
        assert_eq!(steps(&fixture.plan("plan", &[]), "right"), [1, 5, 1], "{kind:?}");
        let applied = fixture.place.dir.apply("plan", &["--chunk", "2"]).json(0);
        assert_eq!(steps(&applied, "right"), [1, 5, 1], "{kind:?}");
        assert_eq!(fixture.contents("target"), fixture.contents("source"), "{kind:?}");
        fixture.place.dir.undo("plan", &[]).json(0);
        assert_eq!(fixture.contents("target"), before, "{kind:?}");
    }
}

#[test]
fn counters_move_past_the_values_that_were_written() {
    for (kind, counter, insert) in [
        (Kind::Postgres, "INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "OVERRIDING SYSTEM VALUE"),
        (Kind::Postgres, "SERIAL PRIMARY KEY", ""),
        (Kind::Mysql, "INTEGER AUTO_INCREMENT PRIMARY KEY", ""),
        (Kind::Sqlite, "INTEGER PRIMARY KEY AUTOINCREMENT", ""),
    ] {
        let mut fixture = Fixture::new(
            kind,
            &[
                &format!("CREATE TABLE source (id {counter}, v VARCHAR(20))"),
                &format!("CREATE TABLE target (id {counter}, v VARCHAR(20))"),
                &format!("INSERT INTO source (id, v) {insert} VALUES (1, 'a'), (70, 'b'), (500, 'c')"),
                &format!("INSERT INTO target (id, v) {insert} VALUES (1, 'a')"),
            ],
        );
        assert_eq!(steps(&fixture.plan("plan", &[]), "right"), [2, 0, 0], "{kind:?}");
        fixture.place.dir.apply("plan", &[]).json(0);
        assert_eq!(fixture.contents("target"), fixture.contents("source"), "{kind:?}");
        fixture.run(&["INSERT INTO target (v) VALUES ('new')"]);
        assert_eq!(fixture.contents("target").len(), 4, "{kind:?}: {counter}");
    }
}

#[test]
fn computed_ignored_and_unknown_columns_are_left_alone() {
    for (kind, computed) in [
        (Kind::Postgres, "INTEGER GENERATED ALWAYS AS (n * 2) STORED"),
        (Kind::Mysql, "INTEGER GENERATED ALWAYS AS (n * 2) STORED"),
        (Kind::Sqlite, "INTEGER GENERATED ALWAYS AS (n * 2) STORED"),
    ] {
        let mut fixture = Fixture::new(
            kind,
            &[
                "CREATE TABLE source (id INTEGER PRIMARY KEY, n INTEGER, twice INTEGER, note VARCHAR(20))",
                &format!(
                    "CREATE TABLE target (id INTEGER PRIMARY KEY, n INTEGER, twice {computed}, \
                     note VARCHAR(20) DEFAULT 'by default', own VARCHAR(20) DEFAULT 'own')"
                ),
                "INSERT INTO source VALUES (1, 5, 10, 'theirs'), (2, 6, 12, 'theirs')",
                "INSERT INTO target (id, n, note, own) VALUES (1, 4, 'mine', 'kept'), (3, 9, 'mine', 'kept too')",
            ],
        );
        let before = fixture.contents("target");
        assert_eq!(steps(&fixture.plan("plan", &["--ignore", "note"]), "right"), [1, 1, 1], "{kind:?}");
        fixture.place.dir.apply("plan", &[]).json(0);
        fixture.run(&[
            "CREATE TABLE expected (id INTEGER PRIMARY KEY, n INTEGER, twice INTEGER, note VARCHAR(20), own VARCHAR(20))",
            "INSERT INTO expected VALUES (1, 5, 10, 'mine', 'kept'), (2, 6, 12, 'by default', 'own')",
        ]);
        assert_eq!(fixture.contents("target"), fixture.contents("expected"), "{kind:?}");
        fixture.place.dir.undo("plan", &[]).json(0);
        assert_eq!(fixture.contents("target"), before, "{kind:?}: whole rows come back");
    }
}

#[test]
fn values_that_do_not_fit_are_found_before_the_first_write() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        let mut fixture = Fixture::new(
            kind,
            &[
                "CREATE TABLE source (id INTEGER PRIMARY KEY, name VARCHAR(50), n BIGINT, d DECIMAL(20, 6))",
                "CREATE TABLE target (id INTEGER PRIMARY KEY, name VARCHAR(5), n SMALLINT NOT NULL, d DECIMAL(6, 2))",
                "INSERT INTO source VALUES (1, 'short', 1, 1), (2, 'much too long', 1, 1), (3, 'a', 40000, 1), \
                 (4, 'a', NULL, 1), (5, 'a', 1, 1.234), (6, 'a', 1, 123456), (7, 'fine', 7, 1.25)",
                "INSERT INTO target VALUES (1, 'old', 1, 1)",
            ],
        );
        let planned = fixture.plan("plan", &[]);
        assert_eq!((steps(&planned, "right"), count(&planned, "/misfits")), ([1, 1, 0], 5), "{kind:?}: {planned}");
        let summary = fixture.place.dir.trueup(["show", "plan", "--summary"]).stdout;
        for word in ["`name`", "13 characters", "40000", "3 digits"] {
            assert!(summary.contains(word), "{kind:?}: `{word}` is not said: {summary}");
        }
        let applied = fixture.place.dir.apply("plan", &[]).json(1);
        assert_eq!(steps(&applied, "right"), [1, 1, 0], "{kind:?}");
    }
}

#[test]
fn a_column_that_every_new_row_needs() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(
            kind,
            &[
                "CREATE TABLE source (id INTEGER PRIMARY KEY, v VARCHAR(20))",
                "CREATE TABLE target (id INTEGER PRIMARY KEY, v VARCHAR(20), needed INTEGER NOT NULL)",
                "INSERT INTO source VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO target VALUES (1, 'old', 7)",
            ],
        );
        let planned = fixture.plan("plan", &[]);
        assert_eq!((steps(&planned, "right"), count(&planned, "/misfits")), ([0, 1, 0], 2), "{kind:?}: {planned}");
        let summary = fixture.place.dir.trueup(["show", "plan", "--summary"]).stdout;
        assert!(summary.contains("needed"), "{kind:?}: {summary}");
    }
}

#[test]
fn what_a_trigger_changes_is_seen_afterwards() {
    let mut fixture = Fixture::new(
        Kind::Postgres,
        &[
            "CREATE TABLE source (id INTEGER PRIMARY KEY, v VARCHAR(20))",
            "CREATE TABLE target (id INTEGER PRIMARY KEY, v VARCHAR(20))",
            "INSERT INTO source VALUES (1, 'a'), (2, 'b')",
            "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN IF NEW.id = 2 THEN NEW.v = upper(NEW.v); END IF; RETURN NEW; END'",
            "CREATE TRIGGER make_loud BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION loud()",
        ],
    );
    assert_eq!(steps(&fixture.plan("plan", &[]), "right"), [2, 0, 0]);
    let summary = fixture.place.dir.trueup(["show", "plan", "--summary"]).stdout;
    assert!(summary.contains("make_loud"), "the trigger is not named: {summary}");
    let run = fixture.place.dir.apply("plan", &[]);
    assert_eq!(steps(&run.json(1), "right"), [2, 0, 0], "{run}");
    assert!(fixture.place.dir.path().join("plan/unverified.parquet").exists());
}

#[test]
fn a_row_that_the_database_refuses_is_left_out_until_it_is_accepted() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(
            kind,
            &[
                "CREATE TABLE source (id INTEGER PRIMARY KEY, n INTEGER)",
                "CREATE TABLE target (id INTEGER PRIMARY KEY, n INTEGER CHECK (n < 100))",
                "INSERT INTO source VALUES (1, 1), (2, 2), (3, 300), (4, 4)",
            ],
        );
        assert_eq!(steps(&fixture.plan("plan", &[]), "right"), [4, 0, 0], "{kind:?}");
        let applied = fixture.place.dir.apply("plan", &[]).json(1);
        assert_eq!((steps(&applied, "right"), count(&applied, "/rejected")), ([3, 0, 0], 1), "{kind:?}");
        let rows = "INSERT INTO target VALUES (1, 1), (2, 2), (4, 4)";
        fixture.run(&["DROP TABLE target", "CREATE TABLE target (id INTEGER PRIMARY KEY, n INTEGER)", rows]);
        let applied = fixture.place.dir.apply("plan", &[]).json(0);
        assert_eq!(steps(&applied, "right"), [1, 0, 0], "{kind:?}: applying again finishes the job");
    }
}

#[test]
fn no_password_is_in_a_plan() {
    let mut place = Place::new();
    for kind in [Kind::Postgres, Kind::Mysql] {
        let (left, right) = (place.store(kind, &super::moved::source()), place.store(kind, &super::moved::target()));
        let out = format!("{kind:?}");
        place.dir.plan(&left, &right, &out, &[]).json(1);
        place.dir.apply(&out, &[]).json(0);
    }
    for path in place.dir.tree("") {
        let path = place.dir.path().join(path);
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        for secret in crate::support::passwords() {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the password is in {}", path.display());
        }
    }
}

/// Both rows of a step, with two columns for each of the table's, are more than an InnoDB table holds.
#[test]
fn rows_of_six_hundred_columns_are_changed_at_once() {
    for kind in DATABASES {
        let columns: Vec<String> = (0..600).map(|at| format!("c{at} INT")).collect();
        let set: Vec<String> = (0..600).map(|at| format!("c{at} = {at}")).collect();
        let tables = ["source", "target"]
            .map(|table| format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {})", columns.join(", ")));
        let mut fixture = Fixture::new(
            kind,
            &[
                &tables[0],
                &tables[1],
                "INSERT INTO source (id) VALUES (1), (2)",
                "INSERT INTO target (id) VALUES (1), (2)",
                &format!("UPDATE source SET {}", set.join(", ")),
            ],
        );
        let plan = fixture.plan("plan", &[]);
        assert_eq!(steps(&plan, "right"), [0, 2, 0], "{kind:?}");
        fixture.place.dir.apply("plan", &[]).json(0);
        assert_eq!(fixture.contents("target"), fixture.contents("source"), "{kind:?}");
    }
}
