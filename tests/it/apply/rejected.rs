//! Rows that the database does not accept: they are named with its words, and all others are written.

use crate::support::{Kind, Place, count, password_variables, steps};

/// The three databases.
const DATABASES: [Kind; 3] = [Kind::Postgres, Kind::Mysql, Kind::Sqlite];

/// A source of 400 rows and a target of half of them, all of them old. Two rows of the source, one of them
/// new to the target, have the text `bad`.
struct Fixture {
    place: Place,
    kind: Kind,
    source: String,
    target: String,
}

impl Fixture {
    /// `target` is what stands between the parentheses of the table.
    fn new(kind: Kind, target: &str) -> Self {
        let mut fixture = Self { place: Place::new(), kind, source: String::new(), target: String::new() };
        let rows = |rows: std::ops::Range<u32>, text: &dyn Fn(u32) -> String| -> String {
            rows.map(|id| format!("({id}, {}, '{}')", id * 10, text(id))).collect::<Vec<_>>().join(", ")
        };
        let new = |id: u32| if [77, 303].contains(&id) { "bad".to_owned() } else { format!("new {id}") };
        fixture.run(&[
            "CREATE TABLE source (id INTEGER PRIMARY KEY, n INTEGER, t VARCHAR(20))".to_owned(),
            format!("CREATE TABLE target ({target})"),
            format!("INSERT INTO source VALUES {}", rows(1..401, &new)),
            format!("INSERT INTO target VALUES {}", rows(1..201, &|id| format!("old {id}"))),
        ]);
        (fixture.source, fixture.target) = (fixture.address("source"), fixture.address("target"));
        fixture
    }

    fn run(&mut self, statements: &[String]) {
        match self.kind {
            Kind::Postgres => self.place.postgres().execute(&statements.join(";\n")),
            Kind::Mysql => statements.iter().for_each(|sql| self.place.mysql().execute(sql)),
            _ => self.place.sqlite().execute_batch(&statements.join(";\n")).unwrap(),
        }
    }

    fn address(&mut self, table: &str) -> String {
        match self.kind {
            Kind::Postgres => self.place.postgres().address(table),
            Kind::Mysql => self.place.mysql().address(table),
            _ => self.place.sqlite_address(table),
        }
    }

    fn contents(&mut self) -> Vec<String> {
        let target = self.target.clone();
        self.place.contents(self.kind, &target)
    }

    /// Has a trigger refuse rows that get this text.
    fn refuse(&mut self, text: &str) {
        let statements = match self.kind {
            // Whatever code a trigger gives its error.
            Kind::Postgres => vec![format!(
                "CREATE OR REPLACE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                   IF NEW.t = '{text}' THEN RAISE EXCEPTION 'not %', NEW.t USING ERRCODE = '42501'; END IF;
                   RETURN NEW; END$$;
                 DROP TRIGGER IF EXISTS no ON target;
                 CREATE TRIGGER no BEFORE INSERT OR UPDATE ON target FOR EACH ROW EXECUTE FUNCTION no()"
            )],
            Kind::Mysql => ["INSERT", "UPDATE"]
                .iter()
                .flat_map(|event| {
                    let body = format!(
                        "IF NEW.t = '{text}' THEN SIGNAL SQLSTATE 'HY000' SET MESSAGE_TEXT = 'not {text}'; END IF"
                    );
                    [
                        format!("DROP TRIGGER IF EXISTS no_{event}"),
                        format!("CREATE TRIGGER no_{event} BEFORE {event} ON target FOR EACH ROW BEGIN {body}; END"),
                    ]
                })
                .collect(),
            _ => ["INSERT", "UPDATE"]
                .iter()
                .flat_map(|event| {
                    [
                        format!("DROP TRIGGER IF EXISTS no_{event}"),
                        format!(
                            "CREATE TRIGGER no_{event} BEFORE {event} ON target WHEN NEW.t = '{text}' \
                             BEGIN SELECT RAISE(ABORT, 'not {text}'); END"
                        ),
                    ]
                })
                .collect(),
        };
        self.run(&statements);
    }
}

const PLAIN: &str = "id INTEGER PRIMARY KEY, n INTEGER, t VARCHAR(20)";

/// Applies, again, and undoes; `said` is in the words of the database.
#[track_caller]
fn goes_on(fixture: &mut Fixture, said: &str) {
    let kind = fixture.kind;
    let before = fixture.contents();
    let planned = fixture.place.dir.plan(&fixture.source, &fixture.target, "plan", &[]);
    assert_eq!(steps(&planned.json(1), "right"), [200, 200, 0], "{kind:?} {said}");
    let applied = fixture.place.dir.apply("plan", &[]).json(1);
    assert_eq!(steps(&applied, "right"), [199, 199, 0], "{kind:?} {said}: {applied}");
    assert_eq!((count(&applied, "/refused"), count(&applied, "/rejected")), (2, 2), "{kind:?} {said}: {applied}");
    let now = fixture.contents();
    assert_eq!(now.len(), 399, "{kind:?} {said}");
    let source = fixture.source.clone();
    let source = fixture.place.contents(kind, &source);
    assert_eq!(now.iter().filter(|row| source.contains(row)).count(), 398, "{kind:?} {said}");
    let mut show = fixture.place.dir.command(["apply", "plan", "--yes"]);
    show.envs(password_variables());
    let shown = fixture.place.dir.start(&mut show).wait();
    assert_eq!(shown.code, Some(1), "{shown}");
    assert!(shown.stdout.contains("2 rows were refused by the database"), "{shown}");
    let words = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(said), "{kind:?} {said}: {shown}");
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 80 || line.contains("/plan")), "{shown}");
    // The next run tries again, and goes on all the same.
    let again = fixture.place.dir.trueup(["sync", &fixture.source, &fixture.target, "--format", "json"]).json(1);
    assert_eq!((steps(&again, "right"), count(&again, "/refused")), ([0, 0, 0], 2), "{kind:?} {said}: {again}");
    let undone = fixture.place.dir.undo("plan", &[]).json(0);
    assert_eq!(steps(&undone, "right"), [0, 199, 199], "{kind:?} {said}: {undone}");
    assert_eq!(fixture.contents(), before, "{kind:?} {said}");
}

#[test]
fn a_check_refuses_rows() {
    for kind in DATABASES {
        let table = "id INTEGER PRIMARY KEY, n INTEGER, t VARCHAR(20) CHECK (t <> 'bad')";
        let said = if kind == Kind::Postgres { "violates check constraint" } else { "failed" };
        goes_on(&mut Fixture::new(kind, table), said);
    }
}

#[test]
fn a_trigger_refuses_rows() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(kind, PLAIN);
        fixture.refuse("bad");
        goes_on(&mut fixture, "not bad");
    }
}

#[test]
fn a_rule_that_is_looked_at_in_commit_refuses_rows() {
    let mut fixture = Fixture::new(Kind::Postgres, PLAIN);
    fixture.run(&["CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                     IF NEW.t = 'bad' THEN RAISE EXCEPTION 'too late for %', NEW.t; END IF; RETURN NULL; END$$;
                   CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON target DEFERRABLE INITIALLY DEFERRED
                     FOR EACH ROW EXECUTE FUNCTION late()"
        .to_owned()]);
    goes_on(&mut fixture, "too late for bad");
}

#[test]
fn a_domain_a_policy_and_a_partition_refuse_rows() {
    let mut fixture = Fixture::new(Kind::Postgres, PLAIN);
    fixture.run(&[
        "CREATE DOMAIN word AS VARCHAR(20) CHECK (VALUE <> 'bad'); ALTER TABLE target ALTER t TYPE word".to_owned()
    ]);
    goes_on(&mut fixture, "violates check constraint");

    for (kind, parts) in [
        (Kind::Postgres, "id INTEGER, n INTEGER, t VARCHAR(20), PRIMARY KEY (id)) PARTITION BY RANGE (id"),
        (
            Kind::Mysql,
            "id INTEGER PRIMARY KEY, n INTEGER, t VARCHAR(20)) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (399)",
        ),
    ] {
        let mut fixture = Fixture { place: Place::new(), kind, source: String::new(), target: String::new() };
        let rows = |last: u32| (1..=last).map(|id| format!("({id}, 0, 'x')")).collect::<Vec<_>>().join(", ");
        fixture.run(&["CREATE TABLE source (id INTEGER PRIMARY KEY, n INTEGER, t VARCHAR(20))".to_owned()]);
        fixture.run(&[format!("CREATE TABLE target ({parts})")]);
        if kind == Kind::Postgres {
            fixture.run(&["CREATE TABLE part PARTITION OF target FOR VALUES FROM (0) TO (399)".to_owned()]);
        }
        fixture.run(&[
            format!("INSERT INTO source VALUES {}", rows(400)),
            format!("INSERT INTO target VALUES {}", rows(200)),
        ]);
        let (source, target) = (fixture.address("source"), fixture.address("target"));
        let synced = fixture.place.dir.trueup(["sync", &source, &target, "--format", "json"]).json(1);
        assert_eq!((steps(&synced, "right"), count(&synced, "/rejected")), ([198, 0, 0], 2), "{kind:?}: {synced}");
    }
}

#[test]
fn an_undo_goes_on_too() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(kind, PLAIN);
        let before = fixture.contents();
        fixture.place.dir.plan(&fixture.source, &fixture.target, "plan", &[]).json(1);
        fixture.place.dir.apply("plan", &[]).json(0);
        fixture.refuse("old 13");
        let undone = fixture.place.dir.undo("plan", &[]).json(1);
        assert_eq!((steps(&undone, "right"), count(&undone, "/rejected")), ([0, 199, 200], 1), "{kind:?}");
        assert_eq!(fixture.contents().iter().filter(|row| !before.contains(row)).count(), 1, "{kind:?}");
        // Once it is accepted, it is put back as well.
        fixture.refuse("nothing");
        let undone = fixture.place.dir.undo("plan", &[]).json(0);
        assert_eq!(steps(&undone, "right"), [0, 1, 0], "{kind:?}");
        assert_eq!(fixture.contents(), before, "{kind:?}");
    }
}

#[test]
fn a_two_way_sync_carries_all_other_rows_and_forgets_nothing() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(kind, PLAIN);
        let all = "DELETE FROM target; INSERT INTO target SELECT * FROM source";
        fixture.run(&all.split("; ").map(str::to_owned).collect::<Vec<_>>());
        let sync = |fixture: &Fixture, code: i32| {
            let state = fixture.place.dir.file("state");
            let (source, target) = (&fixture.source, &fixture.target);
            let args = ["sync", source, target, "--direction", "both", "--state", &state, "--format", "json"];
            fixture.place.dir.trueup(args).json(code)
        };
        sync(&fixture, 0);
        fixture.refuse("no");
        let edit = |sql: &[&str]| sql.iter().map(|sql| (*sql).to_owned()).collect::<Vec<_>>();
        fixture.run(&edit(&[
            "UPDATE source SET t = 'edited' WHERE id BETWEEN 5 AND 9",
            "UPDATE source SET t = 'no' WHERE id = 7",
            "INSERT INTO source VALUES (500, 1, 'no'), (501, 1, 'fine')",
            "DELETE FROM source WHERE id = 11",
            "UPDATE target SET t = 'theirs' WHERE id = 20",
        ]));
        let synced = sync(&fixture, 1);
        assert_eq!(steps(&synced, "right"), [1, 4, 1], "{kind:?}: {synced}");
        assert_eq!((steps(&synced, "left"), count(&synced, "/rejected")), ([0, 1, 0], 2), "{kind:?}: {synced}");
        // Both are still what the left has, and nothing else comes back or goes.
        fixture.run(&edit(&["DELETE FROM target WHERE id = 30"]));
        let synced = sync(&fixture, 1);
        assert_eq!((steps(&synced, "left"), steps(&synced, "right")), ([0, 0, 1], [0, 0, 0]), "{kind:?}: {synced}");
        assert_eq!(count(&synced, "/rejected"), 2, "{kind:?}: {synced}");
        fixture.refuse("nothing");
        let synced = sync(&fixture, 0);
        assert_eq!((steps(&synced, "left"), steps(&synced, "right")), ([0, 0, 0], [1, 1, 0]), "{kind:?}: {synced}");
        let source = fixture.source.clone();
        assert_eq!(fixture.place.contents(kind, &source), fixture.contents(), "{kind:?}");
    }
}

#[test]
fn what_is_no_rows_fault_stops_the_run() {
    let mut fixture = Fixture::new(Kind::Postgres, PLAIN);
    // A trigger that lacks a table fails for every row.
    fixture.run(&["CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                     INSERT INTO log_that_is_not_there VALUES (NEW.id); RETURN NEW; END$$;
                   CREATE TRIGGER no BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION no()"
        .to_owned()]);
    let before = fixture.contents();
    fixture.place.dir.plan(&fixture.source, &fixture.target, "plan", &["--no-update"]).json(1);
    fixture.place.dir.apply("plan", &[]).fails_with(&["log_that_is_not_there"]);
    assert_eq!(fixture.contents(), before);
}
