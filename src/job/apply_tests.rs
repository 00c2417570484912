//! Plan, apply, undo and sync between two SQLite files.

use super::apply::{ApplyJob, run_apply, run_undo};
use super::error::RunError;
use super::plan::{PlanJob, PlanRun, TwoWayJob, run_plan};
use super::side::{Job, Watch};
use super::sync::{SyncJob, run_sync};
use crate::apply::{ApplyError, read_refused};
use crate::audit::Verdict;
use crate::endpoint::{Action, Address, Interrupt, Reading};
use crate::plan::{Direction, Limit, Limits, ManyDeletes};
use crate::snapshot::{Progress, Silent};
use crate::table::AlignOptions;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;

struct Quiet;

impl Watch for Quiet {
    fn stage(&self, _: &str) -> Box<dyn Progress + Send + '_> {
        Box::new(Silent)
    }
    fn note(&self, _: &str) {}
    fn interrupt(&self) -> Interrupt {
        Interrupt::default()
    }
}

/// Two files with a table `t` each, and a place for plans.
struct Place(tempfile::TempDir);

const COLUMNS: &str =
    "(id INTEGER PRIMARY KEY, name TEXT, amount REAL, note TEXT DEFAULT 'new', extra TEXT DEFAULT 'd')";

impl Place {
    /// Rows 1 to 200 on the left; on the right some are missing, some differ, some are more, and
    /// there is a column more.
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.run("left", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, amount REAL, note TEXT)");
        place.run("right", &format!("CREATE TABLE t {COLUMNS}"));
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)";
        let values = "i, 'name ' || i, i * 1.5, CASE WHEN i % 7 = 0 THEN NULL ELSE 'it''s ' || i END";
        place.run("left", &format!("{rows} INSERT INTO t SELECT {values} FROM n"));
        place.run("right", &format!("{rows} INSERT INTO t SELECT {values}, 'x' || i FROM n"));
        place.run("right", "DELETE FROM t WHERE id % 20 = 0; UPDATE t SET name = NULL WHERE id % 9 = 0");
        place.run("right", "UPDATE t SET amount = amount + 1, note = 'changed' WHERE id % 11 = 0");
        place.run("right", "INSERT INTO t SELECT id + 1000, name, amount, NULL, 'gone' FROM t WHERE id % 13 = 0");
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.db"))
    }

    fn run(&self, name: &str, sql: &str) {
        Connection::open(self.file(name)).unwrap().execute_batch(sql).unwrap();
    }

    /// All rows as the database prints them.
    fn rows(&self, name: &str) -> Vec<String> {
        let connection = Connection::open(self.file(name)).unwrap();
        let mut statement = connection.prepare("SELECT * FROM t ORDER BY id").unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect::<Vec<_>>().join("|"))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    fn plan_job(&self, out: &str) -> PlanJob {
        let address = |name: &str| Address::Sqlite { path: self.file(name), table: "t".into() };
        let typed = ["left", "right"].map(|name| address(name).to_string());
        PlanJob {
            job: Job {
                left: address("left"),
                right: address("right"),
                where_left: None,
                where_right: None,
                options: AlignOptions::default(),
                out: Some(self.0.path().join(out)),
                memory: 64 << 20,
                streams: 1,
                copy: false,
                reasons: true,
                allow_nothing: false,
                reading: Reading::default(),
                whole: [false, false],
                reasons_time: None,
            },
            direction: Direction::LeftToRight,
            actions: Action::ALL.to_vec(),
            limits: Limits::default(),
            two_way: TwoWayJob::default(),
            allow_cascade: false,
            typed,
        }
    }

    fn plan(&self, out: &str) -> PlanRun {
        run_plan(&self.plan_job(out), &Quiet).unwrap()
    }

    fn sync_job(&self, out: &str) -> SyncJob {
        SyncJob {
            plan: self.plan_job(out),
            chunk: 10,
            pause: Duration::ZERO,
            lock_timeout: None,
            allow_empty_source: false,
        }
    }
}

fn job(folder: &Path) -> ApplyJob {
    ApplyJob { chunk: 7, ..ApplyJob::new(folder.to_owned()) }
}

fn apply_error(error: RunError) -> ApplyError {
    match error {
        RunError::Apply(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn apply_ends_as_planned_and_undo_brings_everything_back() {
    let place = Place::new();
    let original = place.rows("right");
    let PlanRun { plan, agree, .. } = place.plan("plan");
    let counts = plan.file.sides[1].counts;
    assert!(!agree && counts.create > 5 && counts.update > 20 && counts.delete > 10, "{counts:?}");

    let run = run_apply(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].written, run.sides[1].already, run.sides[1].refused), (counts, 0, 0));
    assert_eq!((run.sides[1].unverified, &run.refused_file, &run.unverified_file), (0, &None, &None));
    let again = place.plan("again");
    // A column of the right table has no partner.
    assert!(again.audit.verdict == Verdict::Columns && again.plan.file.sides[1].counts.total() == 0);
    let applied = place.rows("right");

    let run = run_apply(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].written.total(), run.sides[1].already), (0, counts.total()));
    assert_eq!(place.rows("right"), applied);

    let run = run_undo(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].written.create, run.sides[1].written.delete), (counts.delete, counts.create));
    assert_eq!(place.rows("right"), original);
    let run = run_undo(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].written.total(), run.sides[1].already), (0, 0));

    // Bit by bit, and back again.
    for action in [Action::Update, Action::Delete, Action::Create] {
        let run = run_apply(&ApplyJob { only: vec![action], ..job(&plan.folder) }, &Quiet).unwrap();
        assert_eq!(
            (run.sides[1].written.of(action), run.sides[1].written.total()),
            (counts.of(action), counts.of(action))
        );
    }
    assert_eq!(place.rows("right"), applied);
    run_undo(&ApplyJob { chunk: 1000, ..job(&plan.folder) }, &Quiet).unwrap();
    assert_eq!(place.rows("right"), original);
}

#[test]
fn rows_that_moved_are_refused_and_listed() {
    let place = Place::new();
    let original = place.rows("right");
    let plan = place.plan("plan").plan;
    // An update, a delete, a create and a row that the plan does not know of.
    place.run(
        "right",
        "UPDATE t SET name = 'mine' WHERE id IN (9, 1013, 4); INSERT INTO t (id, name) VALUES (20, 'mine')",
    );
    let moved = place.rows("right");
    let run = run_apply(&job(&plan.folder), &Quiet).unwrap();
    let counts = plan.file.sides[1].counts;
    assert_eq!((run.sides[1].refused, run.sides[1].written.total()), (3, counts.total() - 3));
    let listed = read_refused(&run.refused_file.unwrap(), 10).unwrap();
    let mut keys: Vec<&str> = listed.iter().map(|refusal| refusal.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["{\"id\": \"1013\"}", "{\"id\": \"20\"}", "{\"id\": \"9\"}"]);
    assert!(listed.iter().all(|refusal| refusal.found.as_ref().unwrap().contains("\"mine\"")));
    let update = listed.iter().find(|refusal| refusal.action == Action::Update).unwrap();
    assert_eq!(update.why, "the row has changed: `name`");
    for id in [4, 9, 20, 1013] {
        let row = |rows: &[String]| rows.iter().find(|row| row.starts_with(&format!("Integer({id})|"))).cloned();
        assert_eq!(row(&place.rows("right")), row(&moved), "row {id}");
    }
    // Undo leaves them alone as well. The list of the last run goes.
    let run = run_undo(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].refused, run.refused_file), (0, None));
    assert!(!plan.folder.join("refused.parquet").exists());
    place.run("right", "DELETE FROM t WHERE id = 20");
    place.run("right", "UPDATE t SET name = NULL WHERE id = 9; UPDATE t SET name = 'name 4' WHERE id = 4");
    place.run("right", "UPDATE t SET name = 'name 13' WHERE id = 1013");
    assert_eq!(place.rows("right"), original);
}

#[test]
fn a_table_that_is_another_now_is_refused() {
    let place = Place::new();
    let plan = place.plan("plan").plan;
    place.run("right", "ALTER TABLE t ADD COLUMN later TEXT");
    let error = apply_error(run_apply(&job(&plan.folder), &Quiet).unwrap_err());
    assert!(error.to_string().ends_with("column `later` is new"), "{error}");
    place.run("right", "ALTER TABLE t DROP COLUMN later");
    let other = Address::Sqlite { path: place.file("right"), table: "u".into() };
    let elsewhere = ApplyJob { addresses: [None, Some(other)], ..job(&plan.folder) };
    assert!(matches!(apply_error(run_apply(&elsewhere, &Quiet).unwrap_err()), ApplyError::OtherTable { .. }));
    let lock = crate::apply::PlanLock::take(&plan.folder).unwrap();
    assert!(matches!(apply_error(run_apply(&job(&plan.folder), &Quiet).unwrap_err()), ApplyError::Busy { .. }));
    drop(lock);
    run_apply(&job(&plan.folder), &Quiet).unwrap();
}

#[test]
fn a_row_that_the_table_does_not_accept_is_listed_and_the_others_are_written() {
    let place = Place::new();
    place
        .run("right", "CREATE TRIGGER no BEFORE INSERT ON t WHEN NEW.id = 60 BEGIN SELECT RAISE(ABORT, 'not 60'); END");
    let plan = place.plan("plan").plan;
    let counts = plan.file.sides[1].counts;
    let run = run_apply(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].refused, run.sides[1].rejected), (1, 1));
    assert_eq!(run.sides[1].written.total() + 1, counts.total());
    let listed = read_refused(&run.refused_file.unwrap(), 10).unwrap();
    assert_eq!((listed[0].key.as_str(), listed[0].why.as_str()), ("{\"id\": \"60\"}", "not 60"));
    place.run("right", "DROP TRIGGER no");
    let run = run_apply(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!((run.sides[1].written.total(), run.sides[1].refused), (1, 0));
    assert_eq!(place.plan("again").audit.verdict, Verdict::Columns);
}

#[test]
fn a_sync_ends_in_agreement_within_its_limits() {
    let place = Place::new();
    let run = run_sync(&place.sync_job("first"), None, &Quiet).unwrap();
    assert!(run.left() == 0 && run.apply.sides[1].written.total() > 40);
    assert_eq!(run.after.unwrap().found.verdict, Verdict::Columns);
    assert!(!run.plan.folder.join("after").exists());
    let run = run_sync(&place.sync_job("second"), None, &Quiet).unwrap();
    assert_eq!(run.plan.file.found.verdict, Verdict::Columns);
    assert!(run.after.is_none() && run.apply.sides[1].written.total() == 0);

    // More than a tenth of the rows would go.
    place.run("left", "DELETE FROM t WHERE id > 100");
    let rows = place.rows("right");
    let error = apply_error(run_sync(&place.sync_job("third"), None, &Quiet).unwrap_err());
    assert!(matches!(error, ApplyError::ManyDeletes { deletes: ManyDeletes::Many { .. }, .. }), "{error}");
    // All of them would.
    place.run("left", "DELETE FROM t");
    let error = apply_error(run_sync(&place.sync_job("fourth"), None, &Quiet).unwrap_err());
    assert!(
        matches!(error, ApplyError::ManyDeletes { deletes: ManyDeletes::EmptySource { deletes: 200, .. }, .. }),
        "{error}"
    );
    assert_eq!(place.rows("right"), rows);
    let mut meant = place.sync_job("fifth");
    meant.plan.limits.max_deletes = Some(Limit::Percent(100.0));
    let run = run_sync(&meant, None, &Quiet).unwrap();
    assert!(run.left() == 0 && run.apply.sides[1].written.delete == 200);
}

#[test]
fn rows_that_hang_on_deleted_ones_are_not_deleted_behind_the_plans_back() {
    let place = Place(tempfile::tempdir().unwrap());
    let create = "CREATE TABLE t (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES t (id) ON DELETE CASCADE)";
    place.run("left", &format!("{create}; INSERT INTO t VALUES (1, NULL)"));
    // Those that go hang on each other, and one of them on itself.
    place.run("right", &format!("{create}; INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (4, 4), (5, 3)"));
    let plan = place.plan("plan").plan;
    assert_eq!((plan.file.sides[1].counts.delete, plan.file.cascades.len()), (4, 0));
    // Someone hires.
    place.run("right", "INSERT INTO t VALUES (6, 3)");
    let before = place.rows("right");
    let error = apply_error(run_apply(&ApplyJob { chunk: 100, ..job(&plan.folder) }, &Quiet).unwrap_err());
    assert!(matches!(error.cause(), ApplyError::Cascade { rows: 1, .. }), "{error}");
    assert_eq!(place.rows("right"), before);
    place.run("right", "DELETE FROM t WHERE id = 6");
    run_apply(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!(place.rows("right").len(), 1);
    run_undo(&job(&plan.folder), &Quiet).unwrap();
    assert_eq!(place.rows("right").len(), 5);
}
