//! A plan of a random pair, carried out, leaves nothing to do but what it said it would leave; the
//! tables agree then; undone, the target is as it was.

use super::case::Case;
use super::check::{Quiet, audit, judge};
use super::form::System;
use super::generate::generate;
use super::predict::Keyed;
use super::shrink::describe;
use super::store::Store;
use crate::support::{Kind, count, password_variables, steps};
use serde_json::Value;
use std::path::{Path, PathBuf};
use trueup::job::{ApplyJob, run_apply, run_plan, run_undo};
use trueup::report::{apply_json, plan_json};

/// Pairs per target.
const PAIRS: u64 = 60;

struct Trip<'a> {
    case: &'a Case,
    store: &'a mut Store,
    addresses: [String; 2],
    folders: usize,
}

impl Trip<'_> {
    fn plan(&mut self) -> Result<(PathBuf, Value), String> {
        self.folders += 1;
        let folder = self.store.place.dir.path().join(format!("plan-{}-{}", self.case.seed, self.folders));
        let mut spec = self.case.spec(&self.addresses, &folder);
        spec.max_deletes = Some("100%".to_owned());
        let job = spec.resolve_plan().map_err(|error| error.to_string())?;
        let run = run_plan(&job, &Quiet::default()).map_err(|error| error.to_string())?;
        Ok((folder.clone(), plan_json(&run.plan.file, &folder)))
    }

    fn carry(&self, folder: &Path, undo: bool) -> Result<Value, String> {
        let mut job = ApplyJob::new(folder.to_owned());
        // No plan keeps a password.
        job.environment = |name| password_variables().into_iter().find(|(own, _)| *own == name).map(|(_, value)| value);
        let run = if undo { run_undo(&job, &Quiet::default()) } else { run_apply(&job, &Quiet::default()) };
        Ok(apply_json(&run.map_err(|error| error.to_string())?))
    }

    /// Everything that the target holds.
    fn contents(&mut self) -> Vec<String> {
        match self.case.sides[1].system {
            System::Sqlite => self.store.place.contents(Kind::Sqlite, &self.addresses[1]),
            System::Postgres => self.store.place.contents(Kind::Postgres, &self.addresses[1]),
            System::Mysql => self.store.place.contents(Kind::Mysql, &self.addresses[1]),
            // Rows that come back stand at the end, spelled as most values of their column are.
            _ => {
                let text = std::fs::read_to_string(&self.addresses[1]).unwrap();
                vec![format!("{} lines", text.lines().count())]
            }
        }
    }

    fn run(&mut self) -> Result<Vec<String>, String> {
        let mut wrong = Vec::new();
        let mut expect = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        let answer = audit(self.case, &self.addresses, self.store)?;
        let strangers = answer["key"]["chosen"] == "inferred" && answer["keys"]["in_both"] == 0;
        if strangers && count(&answer, "/left/rows") > 0 && count(&answer, "/right/rows") > 0 {
            // A plan for what is hardly the same table is refused.
            return self.plan().err().map(|_| Vec::new()).ok_or_else(|| "strangers are planned".to_owned());
        }
        let before = self.contents();
        let (folder, plan) = self.plan()?;
        let [create, update, delete] = steps(&plan, "right");
        expect(self.contents() == before, "planning wrote something".to_owned());
        let misfits = count(&plan, "/misfits");
        // By the whole row, surplus copies stay.
        if answer["key"]["chosen"] != "whole row" && misfits == 0 {
            let key = answer["key"]["columns"].as_array().unwrap();
            let key: Vec<String> = key.iter().map(|pair| pair["left"].as_str().unwrap().to_owned()).collect();
            let expected = Keyed::new(self.case, &key, false).steps();
            expect([create, update, delete] == expected, format!("{expected:?} steps are due: {plan}"));
        }

        let applied = self.carry(&folder, false)?;
        let refused = count(&applied, "/refused") + count(&applied, "/unverified");
        let (_, again) = self.plan()?;
        let left = steps(&again, "right").iter().sum::<i64>();
        expect(left <= refused, format!("something is left to do: {again}"));
        let then = audit(self.case, &self.addresses, self.store)?;
        let kept = misfits + refused + count(&plan, "/ambiguous") + count(&plan, "/null_keys");
        expect(kept > 0 || then["verdict"] != "differ", format!("nothing was left out, and they differ: {then}"));
        if self.case.sides[1].system != System::Csv {
            // The target's own client tells of the same values.
            let now = self.store.read_back(self.case);
            let wrong = judge(&now, &then);
            expect(wrong.is_empty(), format!("{}\n  now {:?}", wrong.join("\n"), now.sides[1].rows));
        }

        self.carry(&folder, true)?;
        let after = self.contents();
        expect(refused > 0 || after == before, format!("undone, it holds\n  {after:?}\n  not\n  {before:?}"));
        Ok(wrong)
    }
}

fn round_trips(left: System, right: System, seed: u64) {
    let mut store = Store::new();
    for number in 0..PAIRS {
        let mut case = generate(seed * 1_000_000_000 + number, [left, right]);
        // What a condition hides may be in the way of what is created.
        case.options.conditions = [None; 3];
        case.options.exact = false;
        case.options.reasons = false;
        let addresses = store.put(&case);
        let outcome = Trip { case: &case, store: &mut store, addresses, folders: 0 }.run();
        let wrong = outcome.unwrap_or_else(|error| vec![format!("it fails: {error}")]);
        assert!(wrong.is_empty(), "{}", describe(&case, &wrong));
    }
}

#[test]
fn sqlite_to_sqlite() {
    round_trips(System::Sqlite, System::Sqlite, 11);
}

#[test]
fn csv_to_sqlite() {
    round_trips(System::Csv, System::Sqlite, 12);
}

#[test]
fn parquet_to_csv() {
    round_trips(System::Parquet, System::Csv, 13);
}

#[test]
fn postgres_to_mysql() {
    round_trips(System::Postgres, System::Mysql, 15);
}

#[test]
fn mysql_to_postgres() {
    round_trips(System::Mysql, System::Postgres, 16);
}

#[test]
fn sqlite_to_postgres() {
    round_trips(System::Sqlite, System::Postgres, 17);
}

#[test]
fn parquet_to_mysql() {
    round_trips(System::Parquet, System::Mysql, 18);
}

#[test]
fn sqlite_to_csv() {
    round_trips(System::Sqlite, System::Csv, 14);
}
