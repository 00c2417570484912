//! Two tables and what is between them: every run is two-way, keeps its base in one folder, and has
//! a plan folder of its own.

use crate::support::{Cells, Kind, Place, Run, Steps, Table, Type, count, steps};
use serde_json::Value;
use std::collections::BTreeSet;

/// Two tables to be kept in agreement.
pub struct Pair {
    pub place: Place,
    pub kinds: [Kind; 2],
    pub addresses: [String; 2],
    pub columns: Vec<(&'static str, Type)>,
    /// What every run is told, beside the direction and the state folder.
    pub options: Vec<String>,
    /// The state folder's name.
    pub state: String,
    runs: usize,
}

/// What a plan says or a sync did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    pub left: Steps,
    pub right: Steps,
}

impl Counts {
    pub fn of(json: &Value) -> Self {
        Self { left: steps(json, "left"), right: steps(json, "right") }
    }

    pub fn new(left: Steps, right: Steps) -> Self {
        Self { left, right }
    }

    pub fn none() -> Self {
        Self::new([0; 3], [0; 3])
    }

    /// As seen with the sides swapped.
    pub fn mirrored(&self) -> Self {
        Self { left: self.right, right: self.left }
    }

    /// What undoing it writes.
    pub fn undone(&self) -> Self {
        let back = |[create, update, delete]: Steps| [delete, update, create];
        Self { left: back(self.left), right: back(self.right) }
    }
}

/// A plan.
pub struct Planned {
    /// The name of its folder.
    pub folder: String,
    pub json: Value,
    pub run: Run,
}

impl Planned {
    pub fn counts(&self) -> Counts {
        Counts::of(&self.json)
    }

    pub fn conflicts(&self) -> i64 {
        count(&self.json, "/conflicts")
    }
}

/// What a sync did.
pub struct Synced {
    /// The name of its plan's folder.
    pub folder: String,
    pub json: Value,
    pub run: Run,
}

impl Synced {
    pub fn counts(&self) -> Counts {
        Counts::of(&self.json)
    }
}

impl Pair {
    /// Stores two tables.
    pub fn new(kinds: [Kind; 2], tables: [&Table; 2], options: &[&str]) -> Self {
        Self::at(Place::new(), kinds, tables, options)
    }

    /// Stores two tables in a place.
    pub fn at(mut place: Place, kinds: [Kind; 2], tables: [&Table; 2], options: &[&str]) -> Self {
        let addresses = [0, 1].map(|side| place.store(kinds[side], tables[side]));
        Self {
            place,
            kinds,
            addresses,
            columns: tables[0].columns.clone(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            state: "state".to_owned(),
            runs: 0,
        }
    }

    /// Runs a statement on one side; `{t}` stands for the table.
    #[track_caller]
    pub fn sql(&mut self, side: usize, sql: &str) {
        self.place.execute(self.kinds[side], &self.addresses[side], sql);
    }

    /// Runs it on both.
    #[track_caller]
    pub fn both(&mut self, sql: &str) {
        self.sql(0, sql);
        self.sql(1, sql);
    }

    /// What both sides hold, in a form that can be compared between kinds.
    pub fn cells(&mut self) -> [Vec<Cells>; 2] {
        [0, 1].map(|side| self.place.cells(self.kinds[side], &self.addresses[side], &self.columns))
    }

    /// What both sides hold, to the byte; but for the quotes of a CSV file, which may come and go
    /// where none are needed.
    pub fn contents(&mut self) -> [Vec<String>; 2] {
        [0, 1].map(|side| match self.kinds[side] {
            Kind::Csv => self.cells()[side].iter().map(|cells| format!("{cells:?}")).collect(),
            kind => self.place.contents(kind, &self.addresses[side]),
        })
    }

    /// The cell of a row that this column's value picks.
    #[track_caller]
    pub fn cell(&mut self, side: usize, row: (&str, &str), column: &str) -> Option<String> {
        let at = |name: &str| self.columns.iter().position(|(own, _)| *own == name).unwrap();
        let (by, at) = (at(row.0), at(column));
        let rows = self.cells()[side].clone();
        let mut found = rows.iter().filter(|cells| cells[by].as_deref() == Some(row.1));
        let one = found.next().unwrap_or_else(|| panic!("side {side} has no row with {row:?}: {rows:?}"));
        assert_eq!(found.next(), None, "side {side} has two rows with {row:?}");
        one[at].clone()
    }

    /// Fails unless both tables hold the same.
    #[track_caller]
    pub fn assert_agree(&mut self) {
        let [left, right] = self.cells();
        assert_eq!(left, right);
    }

    /// The name of the next plan folder.
    fn folder(&mut self) -> String {
        self.runs += 1;
        format!("run-{}", self.runs)
    }

    /// The arguments of a run with these options.
    pub fn args(&mut self, command: &str, options: &[&str]) -> (String, Vec<String>) {
        let folder = self.folder();
        let [left, right] = self.addresses.clone();
        let mut args: Vec<String> =
            [command, &left, &right, "--direction", "both", "--state", &self.state].map(str::to_owned).into();
        if command == "sync" {
            args.extend(["--max-deletes", "100%"].map(str::to_owned));
        }
        args.extend(self.options.iter().cloned());
        args.extend(options.iter().map(|option| (*option).to_owned()));
        args.extend(["--out", &folder, "--format", "json"].map(str::to_owned));
        (folder, args)
    }

    /// Plans.
    #[track_caller]
    pub fn plan(&mut self, options: &[&str]) -> Planned {
        let (folder, args) = self.args("plan", options);
        let run = self.place.dir.trueup(args);
        assert!(matches!(run.code, Some(0 | 1)), "{run}");
        let json = run.json(run.code.unwrap());
        let planned = Planned { folder, json, run };
        let nothing = planned.counts() == Counts::none()
            && ["/conflicts", "/undecided"].iter().all(|at| count(&planned.json, at) == 0);
        if planned.run.code == Some(0) {
            assert!(nothing, "{}", planned.run);
        }
        planned
    }

    /// Syncs; the exit code must be 0, or 1 where conflicts or refused rows are left.
    #[track_caller]
    pub fn sync(&mut self, options: &[&str]) -> Synced {
        let (folder, args) = self.args("sync", options);
        let run = self.place.dir.trueup(args);
        assert!(matches!(run.code, Some(0 | 1)), "{run}");
        let json = run.json(run.code.unwrap());
        Synced { folder, json, run }
    }

    /// A run that must fail.
    #[track_caller]
    pub fn fails(&mut self, command: &str, options: &[&str], words: &[&str]) {
        let (_, args) = self.args(command, options);
        self.place.dir.trueup(args).fails_with(words);
    }

    /// A run that a limit must stop.
    #[track_caller]
    pub fn is_stopped(&mut self, command: &str, options: &[&str], words: &[&str]) {
        let (_, args) = self.args(command, options);
        self.place.dir.trueup(args).is_stopped_with(words);
    }

    /// What `trueup show --conflicts` lists.
    #[track_caller]
    pub fn conflicts(&self, plan: &str) -> Vec<Conflict> {
        let json = self.place.dir.trueup(["show", plan, "--conflicts", "--format", "json"]).json(0);
        let list = json["conflicts_list"].as_array().unwrap_or_else(|| panic!("no list of conflicts: {json:#}"));
        list.iter().map(|json| Conflict(json.clone())).collect()
    }

    /// The values of this column in the conflicts of a plan, of the side that has the row.
    #[track_caller]
    pub fn conflicting(&self, plan: &str, column: &str) -> BTreeSet<String> {
        let of = |conflict: &Conflict| {
            let side = |side: &str| conflict.cell(side, column);
            side("left").or_else(|| side("right")).unwrap_or_else(|| panic!("no {column} in {:#}", conflict.0))
        };
        self.conflicts(plan).iter().map(of).collect()
    }

    /// Installs the history of both sides.
    #[track_caller]
    pub fn install_history(&mut self) {
        for side in [0, 1] {
            let run = self.history("install", side, &[]);
            assert_eq!(run.code, Some(0), "{run}");
        }
    }

    /// Runs `trueup history VERB TABLE OPTIONS…`.
    pub fn history(&mut self, verb: &str, side: usize, options: &[&str]) -> Run {
        let args = ["history", verb, &self.addresses[side]];
        self.place.dir.trueup(args.into_iter().chain(options.iter().copied()))
    }
}

/// A conflict as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict(pub Value);

impl Conflict {
    /// A cell of one version: `left`, `right` or `base`; `None` if the version is not there or NULL.
    pub fn cell(&self, version: &str, column: &str) -> Option<String> {
        text(&self.0[version][column])
    }

    /// A value of its key.
    pub fn key(&self, column: &str) -> Option<String> {
        text(&self.0["key"][column])
    }

    /// Why nothing decided.
    pub fn reason(&self) -> String {
        text(&self.0["reason"]).unwrap_or_else(|| panic!("no reason: {:#}", self.0))
    }

    /// The columns that differ.
    pub fn columns(&self) -> Vec<String> {
        let columns = self.0["columns"].as_array().unwrap_or_else(|| panic!("no columns: {:#}", self.0));
        columns.iter().filter_map(text).collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
