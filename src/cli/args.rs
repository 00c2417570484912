//! The command line as typed.

use super::{apply, audit, history, init, keys, plan, report, resolve, show, snapshot, sync, undo};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use trueup::endpoint::{Action, Reading};
use trueup::job::{JobSpec, parse_duration};
use trueup::plan::{Direction, Merge};
use trueup::table::{spelled, typed_rule};

/// Tells why two copies of a table differ, and makes them agree.
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
  csv:path/of/any/name?delimiter=;
  ${NAME} is taken from the environment; passwords also from PGPASSWORD, ~/.pgpass and MYSQL_PWD.

A column's name with a comma or = in it is quoted: --key '\"a,b\"'; --key a,b is two columns.

Exit codes: 0 the tables agree, nothing is to be done or all is applied; 1 they differ, columns or rows
could not be compared, the plan has steps or conflicts, or rows were refused; 2 it failed; 3 a limit
stopped it: a person has to look; 130 interrupted.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Why do two tables differ? Read-only
    Audit(audit::AuditArgs),
    /// What would make two tables agree? Read-only; writes a plan folder
    Plan(plan::PlanArgs),
    /// Read a plan: summary, steps, conflicts, SQL
    Show(show::ShowArgs),
    /// Carry a plan out
    Apply(apply::ApplyArgs),
    /// Put back what applying a plan changed
    Undo(undo::UndoArgs),
    /// Decide conflicts: what both sides changed, with no rule that picks a winner
    Resolve(resolve::ResolveArgs),
    /// Plan, apply and verify in one go, within limits; for schedulers
    Sync(sync::SyncArgs),
    /// One HTML page of a run or plan
    Report(report::ReportArgs),
    /// Which columns identify a row? Candidates with their distinct counts
    Keys(keys::KeysArgs),
    /// Freeze a table as Parquet
    Snapshot(snapshot::SnapshotArgs),
    /// Change tracking by triggers in the database itself
    History(history::HistoryArgs),
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

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ActionArg {
    Create,
    Update,
    Delete,
}

impl ActionArg {
    pub fn action(self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update => Action::Update,
            Self::Delete => Action::Delete,
        }
    }
}

/// One of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SideArg {
    Left,
    Right,
}

impl SideArg {
    /// 0 is left.
    pub fn at(self) -> usize {
        match self {
            Self::Left => 0,
            Self::Right => 1,
        }
    }
}

/// Which table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DirectionArg {
    /// The right table is made to agree with the left one
    LeftToRight,
    /// The left table is made to agree with the right one
    RightToLeft,
    /// Each takes over the other's changes
    Both,
}

/// What is taken over where both sides changed a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MergeArg {
    /// Columns that one side changed merge by themselves
    Column,
    /// The whole row is one side's
    Row,
}

/// The options that say what is planned.
#[derive(Clone, Debug, Args)]
pub struct PlanOptions {
    /// Which table is to be written [default: left-to-right]
    #[arg(long, value_enum)]
    direction: Option<DirectionArg>,
    /// Leave rows out that are missing in the table to be written
    #[arg(long)]
    no_create: bool,
    /// Leave rows out that differ
    #[arg(long)]
    no_update: bool,
    /// Leave rows out that are in the table to be written only
    #[arg(long)]
    no_delete: bool,
    /// Refuse to apply more steps than this, or than this share of the table's rows
    #[arg(long, value_name = "N|P%")]
    max_changes: Option<String>,
    /// Refuse to apply more deletes than this, or than this share of the table's rows
    #[arg(long, value_name = "N|P%")]
    max_deletes: Option<String>,
    /// Allow deletes, and updates of referenced columns, that may change rows of other tables by their foreign keys
    #[arg(long)]
    allow_cascade: bool,
    #[command(flatten)]
    both: BothOptions,
}

/// Where the help tells of a plan that writes both tables.
const BOTH: &str = "With --direction both";

/// The options of a plan that writes both tables.
#[derive(Clone, Debug, Args)]
struct BothOptions {
    /// Who wins a value that both sides changed: left, right, newest:COL, newest:LEFTCOL=RIGHTCOL, newest:history or
    /// none [default: none, a conflict]
    #[arg(long, help_heading = BOTH, value_name = "WHO")]
    winner: Option<String>,
    /// What is taken over where both sides changed a row [default: column]
    #[arg(long, help_heading = BOTH, value_enum)]
    merge: Option<MergeArg>,
    /// Two changes closer than this are a conflict: 500ms, 5s, 30m [default: how far the servers' clocks are apart]
    #[arg(long, help_heading = BOTH, value_name = "TIME")]
    conflict_window: Option<String>,
    /// Correct the times of newest:COL by how far the servers' clocks are apart
    #[arg(long, help_heading = BOTH)]
    shift_times: bool,
    /// Where it is kept what both sides agreed on [default: by tables, key, mapping and conditions, below
    /// $XDG_STATE_HOME/trueup, else ~/.local/state/trueup]
    #[arg(long, help_heading = BOTH, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Let this be a first run although there should be a base: rows deleted since the last sync come back
    #[arg(long, help_heading = BOTH)]
    first_run: bool,
    /// Read both tables as a whole, also where histories tell what has changed
    #[arg(long, help_heading = BOTH)]
    full: bool,
}

impl PlanOptions {
    /// The flags that are given and say nothing unless both tables are written.
    pub fn for_both(&self) -> Vec<&'static str> {
        let both = &self.both;
        let given = [
            ("--winner", both.winner.is_some()),
            ("--merge", both.merge.is_some()),
            ("--conflict-window", both.conflict_window.is_some()),
            ("--shift-times", both.shift_times),
            ("--state", both.state.is_some()),
            ("--first-run", both.first_run),
            ("--full", both.full),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }

    /// What the flags say on top of those that say what is compared.
    pub fn spec(&self, compare: JobSpec) -> JobSpec {
        JobSpec {
            direction: self.direction.map(|direction| match direction {
                DirectionArg::LeftToRight => Direction::LeftToRight,
                DirectionArg::RightToLeft => Direction::RightToLeft,
                DirectionArg::Both => Direction::Both,
            }),
            create: self.no_create.then_some(false),
            update: self.no_update.then_some(false),
            delete: self.no_delete.then_some(false),
            max_changes: self.max_changes.clone(),
            max_deletes: self.max_deletes.clone(),
            allow_cascade: self.allow_cascade.then_some(true),
            winner: self.both.winner.clone(),
            merge: self.both.merge.map(|merge| match merge {
                MergeArg::Column => Merge::Column,
                MergeArg::Row => Merge::Row,
            }),
            conflict_window: self.both.conflict_window.clone(),
            shift_times: self.both.shift_times.then_some(true),
            state: self.both.state.clone(),
            first_run: self.both.first_run,
            full: self.both.full.then_some(true),
            ..compare
        }
    }
}

/// The options that say how rows are written.
#[derive(Clone, Debug, Args)]
pub struct WriteArgs {
    /// Rows to write in one transaction
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = chunk)]
    pub chunk: usize,
    /// Wait between two transactions, to leave room for others: 200ms, 2s
    #[arg(long, value_name = "TIME", default_value = "0s", hide_default_value = true, value_parser = parse_duration)]
    pub pause: Duration,
    /// Give up where a row is locked for longer: 500ms, 5s, 1m [default: the database's own]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub lock_timeout: Option<Duration>,
}

/// A number of rows that temporary tables and statements can take.
fn chunk(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rows @ 1..=1_000_000) => Ok(rows),
        _ => Err("a number from 1 to 1000000 is needed".to_owned()),
    }
}

/// The options that say what is compared, shared by all commands that compare.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// A key column, and its name on the right where that differs; repeat for a composite key. A name
    /// with a comma or = in it is quoted: '"a,b"'
    #[arg(long, value_name = "L[=R]")]
    key: Vec<String>,
    /// A column with another name on the right; repeat
    #[arg(long, value_name = "L=R")]
    map: Vec<String>,
    /// Compare only these columns
    #[arg(long, value_name = "A,B,…", conflicts_with = "ignore")]
    columns: Vec<String>,
    /// Compare all but these columns
    #[arg(long, value_name = "A,B,…")]
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
    /// Soften a column's comparison: trim, ignore-case, empty-is-null, tolerance:0.01, precision:ms (and round), uuid, hex
    #[arg(long, value_name = "COL=RULE[,RULE…]", value_parser = rule)]
    compare: Vec<(String, String)>,
    /// Values differ that are equal only because one side's type holds less: times cut to seconds,
    /// decimals as floats
    #[arg(long)]
    exact: bool,
    /// It is agreement if the conditions choose no row on either side
    #[arg(long)]
    allow_nothing: bool,
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
    #[command(flatten)]
    reading: ReadingArgs,
}

/// How the tables of servers are read.
#[derive(Clone, Copy, Debug, Args)]
pub struct ReadingArgs {
    /// Compare the rows that policies (row-level security) let the user see: what is hidden counts as
    /// missing nowhere, and nothing is deleted. Without it, tables with policies for the user are refused
    #[arg(long)]
    visible_rows: bool,
    /// Leave the time limits that servers have set; else they are lifted for the sessions that read
    #[arg(long)]
    respect_limits: bool,
}

impl ReadingArgs {
    /// What the flags say.
    pub fn reading(self) -> Reading {
        Reading { visible_rows: self.visible_rows, respect_limits: self.respect_limits }
    }

    /// What the flags say, on top of a job.
    pub fn spec(self, job: JobSpec) -> JobSpec {
        JobSpec {
            visible_rows: self.visible_rows.then_some(true),
            respect_limits: self.respect_limits.then_some(true),
            ..job
        }
    }
}

fn rule(text: &str) -> Result<(String, String), String> {
    // A name that is quoted once more is the same in a job file.
    let as_in_a_file = |(column, rules): (String, String)| match column.starts_with('"') {
        true => (spelled(&column).into_owned(), rules),
        false => (column, rules),
    };
    typed_rule(text).map(as_in_a_file).ok_or_else(|| "write it as COLUMN=RULE[,RULE…]".to_owned())
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
        self.reading.spec(JobSpec {
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
            exact: self.exact.then_some(true),
            allow_nothing: self.allow_nothing.then_some(true),
            time_zone: self.time_zone.clone(),
            out: self.out.clone(),
            memory: self.memory.clone(),
            streams: self.streams,
            ..JobSpec::default()
        })
    }
}
