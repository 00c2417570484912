//! Making plans and carrying them out, and seeing what a target really holds.

use super::place::{Kind, Place, table_name};
use super::run::{Run, Running, Workdir};
use mysql::prelude::Queryable;
use serde_json::Value;
use std::process::Command;

/// Steps by action, in the order create, update, delete.
pub type Steps = [i64; 3];

/// The steps of a side in the JSON of a plan, or the writes of one in the JSON of an apply.
pub fn steps(json: &Value, side: &str) -> Steps {
    ["create", "update", "delete"].map(|action| super::count(json, &format!("/{side}/{action}")))
}

impl Workdir {
    /// Runs `trueup plan LEFT RIGHT --out OUT OPTIONS… --format json`.
    pub fn plan(&self, left: &str, right: &str, out: &str, options: &[&str]) -> Run {
        let args = ["plan", left, right, "--out", out, "--format", "json"];
        self.trueup(args.into_iter().chain(options.iter().copied()))
    }

    /// The command `trueup apply PLAN --yes` or `undo`, with the servers' passwords at hand, which
    /// no plan keeps. However many deletes there are, they are meant, unless the plan limits them.
    pub fn writing(&self, verb: &str, plan: &str, options: &[&str]) -> Command {
        let mut args = vec![verb, plan, "--yes", "--format", "json"];
        if verb == "apply" && !options.contains(&"--max-deletes") && !self.limits_deletes(plan) {
            args.extend(["--max-deletes", "100%"]);
        }
        let mut command = self.command(args.into_iter().chain(options.iter().copied()));
        super::server::password_variables().into_iter().for_each(|(name, value)| {
            command.env(name, value);
        });
        command
    }

    fn limits_deletes(&self, plan: &str) -> bool {
        let Ok(text) = std::fs::read(self.path().join(plan).join("plan.json")) else { return false };
        let file: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        !file["limits"]["max_deletes"].is_null()
    }

    /// Runs `trueup apply PLAN --yes OPTIONS… --format json`.
    pub fn apply(&self, plan: &str, options: &[&str]) -> Run {
        self.start(&mut self.writing("apply", plan, options)).wait()
    }

    /// Runs `trueup undo PLAN --yes OPTIONS… --format json`.
    pub fn undo(&self, plan: &str, options: &[&str]) -> Run {
        self.start(&mut self.writing("undo", plan, options)).wait()
    }

    /// Starts an apply without waiting for it.
    pub fn start_apply(&self, plan: &str, options: &[&str]) -> Running {
        self.start(&mut self.writing("apply", plan, options))
    }
}

impl Place {
    /// Everything a table holds, exactly, a text per row, sorted.
    pub fn contents(&mut self, kind: Kind, address: &str) -> Vec<String> {
        let name = table_name(address).to_owned();
        let mut rows: Vec<String> = match kind {
            Kind::Postgres => {
                let rows = self.postgres().client.query(&format!("SELECT t::text FROM {name} t"), &[]).unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Kind::Mysql => {
                let server = self.mysql();
                let columns: Vec<String> = server
                    .client
                    .query(format!(
                        "SELECT column_name FROM information_schema.columns \
                         WHERE table_schema = database() AND table_name = '{name}' ORDER BY ordinal_position"
                    ))
                    .unwrap();
                let cells: Vec<String> =
                    columns.iter().map(|c| format!("coalesce(hex(cast(`{c}` AS char)), 'NULL')")).collect();
                server.client.query(format!("SELECT concat_ws('|', {}) FROM `{name}`", cells.join(", "))).unwrap()
            }
            Kind::Sqlite => {
                let connection = self.sqlite();
                let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns).map(|at| row.get_ref(at).map(|value| format!("{value:?}"))).collect()
                });
                rows.unwrap().map(|row: rusqlite::Result<Vec<String>>| row.unwrap().join("|")).collect()
            }
            Kind::Csv => std::fs::read_to_string(address).unwrap().lines().map(str::to_owned).collect(),
            Kind::Parquet | Kind::Snapshot => {
                let file = std::fs::File::open(address).unwrap();
                let reader =
                    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build();
                let print = |batch: arrow::array::RecordBatch| -> Vec<String> {
                    let text = |row: usize| format!("{:?}", batch.slice(row, 1).columns());
                    (0..batch.num_rows()).map(text).collect()
                };
                reader.unwrap().flat_map(|batch| print(batch.unwrap())).collect()
            }
        };
        rows.sort();
        rows
    }
}
