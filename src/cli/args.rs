//! The command line as typed.

use super::{audit, init, keys, snapshot};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use trueup::job::JobSpec;

/// Tells why two copies of a table differ.
#[derive(Debug, Parser)]
#[command(name = "trueup", version, about, max_term_width = 100, propagate_version = true, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// Print the result and errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
}

const AFTER: &str = "\
Table addresses:
  postgres://user@host:5432/db?sslmode=require#schema.table
  mysql://user@host:3306/db#table
  sqlite:path/to/file.db#table
  path/to/file.parquet   path/to/file.csv   a glob or folder of Parquet parts   a snapshot folder
  ${NAME} is taken from the environment; passwords also from PGPASSWORD, ~/.pgpass and MYSQL_PWD.

Exit codes: 0 the tables agree, 1 they differ, 2 it failed, 130 interrupted.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Why do two tables differ? Read-only
    Audit(audit::AuditArgs),
    /// Which columns identify a row? Candidates with their distinct counts
    Keys(keys::KeysArgs),
    /// Freeze a table as Parquet
    Snapshot(snapshot::SnapshotArgs),
    /// Write a commented job file with the mapping and key found
    Init(init::InitArgs),
}

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Verbose,
    Everything,
}

impl Cli {
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Everything,
        }
    }
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for a person
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// The options that say what is compared, shared by all commands that compare.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// A key column, and its name on the right where that differs; repeat for a composite key
    #[arg(long, value_name = "L[=R]")]
    key: Vec<String>,
    /// A column with another name on the right; repeat
    #[arg(long, value_name = "L=R")]
    map: Vec<String>,
    /// Compare only these columns
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', conflicts_with = "ignore")]
    columns: Vec<String>,
    /// Compare all but these columns
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Only rows of both sides that satisfy this condition
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Only left rows that satisfy this condition, in the left side's SQL
    #[arg(long, value_name = "SQL")]
    where_left: Option<String>,
    /// Only right rows that satisfy this condition, in the right side's SQL
    #[arg(long, value_name = "SQL")]
    where_right: Option<String>,
    /// Soften a column's comparison: trim, ignore-case, empty-is-null, tolerance:0.01, precision:ms
    #[arg(long, value_name = "COL=RULE[,RULE…]", value_parser = rule)]
    compare: Vec<(String, String)>,
    /// The zone of times without one, where the other side has one [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Where the run is kept [default: .trueup/<run id>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Bound on the memory used [default: a quarter of the machine's]
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// Streams to read at once from each database
    #[arg(long, value_name = "N")]
    streams: Option<usize>,
}

fn rule(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, rules)) if !column.is_empty() && !rules.is_empty() => Ok((column.to_owned(), rules.to_owned())),
        _ => Err("write it as COLUMN=RULE[,RULE…]".to_owned()),
    }
}

impl CompareArgs {
    /// What the flags say, without tables.
    pub fn spec(&self) -> JobSpec {
        let mut compare = std::collections::BTreeMap::new();
        for (column, rules) in &self.compare {
            compare
                .entry(column.clone())
                .and_modify(|all: &mut String| {
                    all.push(',');
                    all.push_str(rules);
                })
                .or_insert_with(|| rules.clone());
        }
        JobSpec {
            left: None,
            right: None,
            key: self.key.clone(),
            map: self.map.clone(),
            columns: self.columns.clone(),
            ignore: self.ignore.clone(),
            filter: self.filter.clone(),
            where_left: self.where_left.clone(),
            where_right: self.where_right.clone(),
            compare,
            time_zone: self.time_zone.clone(),
            out: self.out.clone(),
            memory: self.memory.clone(),
            streams: self.streams,
            ..JobSpec::default()
        }
    }
}
