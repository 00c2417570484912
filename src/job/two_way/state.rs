//! The state folder of a job, and whether the base in it is the job's.
//!
//! A job is known by its two tables (host, port, database and table; not user, password or
//! parameters), and by its key, mapping and conditions: two jobs on one pair have a base each. The
//! folder's name is made of both, `PAIR-JOB`.

use crate::base::{Base, BaseColumn, BaseFile, BaseJob};
use crate::endpoint::Address;
use crate::job::error::RunError;
use crate::job::plan::PlanJob;
use crate::job::side::Watch;
use crate::job::states::{BEFORE, State, carry_over, states, states_root};
use crate::plan::SIDES;
use crate::table::{TableInfo, fingerprint};
use std::path::{Path, PathBuf};

/// What tells a job's base from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The tables' names, left and right.
    tables: [String; 2],
    /// The conditions of left and right rows.
    filters: [Option<String>; 2],
    /// The key and mapping as they were typed.
    pub(super) job: BaseJob,
}

impl Wanted {
    pub(super) fn of(job: &PlanJob) -> Self {
        let options = &job.job.options;
        Self {
            tables: [&job.job.left, &job.job.right].map(table_name),
            filters: [job.job.where_left.clone(), job.job.where_right.clone()],
            job: BaseJob::new(&options.key, &options.map),
        }
    }

    /// The same for both orders of the two tables.
    fn pair(&self) -> String {
        let mut names = self.tables.each_ref().map(String::as_str);
        names.sort_unstable();
        print(&names)
    }

    fn name(&self) -> String {
        let pairs = |pairs: &[(String, String)]| format!("{pairs:?}");
        let filter = |side: usize| format!("{:?}", self.filters[side]);
        let job = print(&[&self.tables[0], &pairs(&self.job.key), &pairs(&self.job.map), &filter(0), &filter(1)]);
        format!("{}-{job}", self.pair())
    }

    /// Whether a base is of the same two tables, in whichever order.
    fn is_of_pair(&self, base: &BaseFile) -> bool {
        let [left, right] = base.sides.each_ref().map(|side| side.address.as_str());
        let [own_left, own_right] = self.tables.each_ref().map(String::as_str);
        (left, right) == (own_left, own_right) || (left, right) == (own_right, own_left)
    }

    /// Why a base of the same tables is another job's; `None` if it is this one's.
    fn other(&self, base: &BaseFile) -> Option<String> {
        if base.sides[0].address != self.tables[0] {
            return Some("its left table is this run's right one".to_owned());
        }
        for (at, side) in base.sides.iter().enumerate() {
            if side.filter != self.filters[at] {
                return Some(rows_differ(SIDES[at], &side.filter, &self.filters[at]));
            }
        }
        let made = base.sides[0].key.iter().cloned().zip(base.sides[1].key.iter().cloned());
        let made = BaseJob::new(&made.collect::<Vec<_>>(), &[]).key;
        let given = base.job.as_ref().is_some_and(|job| !job.key.is_empty());
        if (self.job.key.is_empty() && given) || (!self.job.key.is_empty() && !self.job.has_key(&made)) {
            let own = match self.job.key.is_empty() {
                true => "this run names none".to_owned(),
                false => format!("this one's is {}", words(&self.job.key)),
            };
            return Some(format!("its key is {}, and {own}", words(&made)));
        }
        match &base.job {
            Some(job) if job.map != self.job.map => {
                let mapped = |map: &[(String, String)]| if map.is_empty() { "none".to_owned() } else { words(map) };
                Some(format!("its mapping is {}, and this one's is {}", mapped(&job.map), mapped(&self.job.map)))
            }
            Some(_) => None,
            // It was written before that was kept.
            None => self.job.map.iter().find_map(|(left, right)| {
                let other = base.columns.iter().find(|own| (own.left == *left) != (own.right == *right))?;
                Some(pairs_otherwise(other, left, right))
            }),
        }
    }
}

/// The name by which histories remember a base: of its tables, key, mapping and conditions, however
/// they were said.
pub(super) fn memory_name(base: &BaseFile) -> String {
    let tables = base.sides.each_ref().map(|side| side.address.clone());
    let filters = base.sides.each_ref().map(|side| side.filter.clone());
    let key: Vec<_> = base.sides[0].key.iter().cloned().zip(base.sides[1].key.iter().cloned()).collect();
    let map = base.job.as_ref().map_or(&[][..], |job| &job.map);
    Wanted { tables, filters, job: BaseJob::new(&key, map) }.name()
}

/// A hash of several texts, none of which can be taken for a part of another.
fn print(texts: &[&str]) -> String {
    format!("{:016x}", fingerprint(serde_json::Value::from(texts).to_string().as_bytes()).high)
}

fn words(pairs: &[(String, String)]) -> String {
    let pair = |(left, right): &(String, String)| if left == right { left.clone() } else { format!("{left}={right}") };
    pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// Finds the state folder of a job: as said, or in the common place. A base that is still in the folder
/// that one stands in is carried over.
///
/// # Errors
/// If there is no place, two folders hold a base of this job, or only one of the same tables for
/// another job is there and nobody says that this is a first run.
pub(in crate::job) fn find_state(job: &PlanJob, watch: &dyn Watch) -> Result<PathBuf, RunError> {
    if let Some(folder) = &job.two_way.state {
        return Ok(folder.clone());
    }
    let wanted = Wanted::of(job);
    let root = states_root()?;
    let here = of_pair(&wanted, states(&root)?, |name| name.starts_with(&wanted.pair()));
    let before = print_before(&wanted.tables);
    let local = of_pair(&wanted, states(Path::new(BEFORE))?, |name| name == before);
    let named = root.join(wanted.name());
    let is_own = |state: &&State| match &state.base {
        Ok(base) => wanted.other(base).is_none(),
        // Nobody knows what it is of, except by its name.
        Err(_) => state.folder == named || state.folder.ends_with(&before),
    };
    let own_here = here.iter().find(|state| state.folder == named).or_else(|| here.iter().find(is_own));
    let own_local: Vec<&State> = local.iter().filter(is_own).collect();
    match (own_here, own_local.as_slice()) {
        (Some(own), []) => Ok(own.folder.clone()),
        (Some(own), [old, ..]) => Err(two(own, old)),
        (None, [old]) => {
            carry_over(&old.folder, &named)?;
            watch.note(&format!(
                "what both sides agreed on was carried over from {} to {}",
                old.folder.display(),
                named.display()
            ));
            Ok(named)
        }
        (None, [old, other, ..]) => Err(two(old, other)),
        (None, []) => match here.iter().chain(&local).next() {
            Some(other) if !job.two_way.first_run => Err(RunError::FirstRun {
                base: other.folder.display().to_string(),
                why: match &other.base {
                    Ok(base) => wanted.other(base).unwrap_or_default(),
                    Err(error) => error.to_string(),
                },
            }),
            _ => Ok(named),
        },
    }
}

/// Those of the same two tables; of one that can't be read the name says it.
fn of_pair(wanted: &Wanted, states: Vec<State>, is_named: impl Fn(&str) -> bool) -> Vec<State> {
    let mut states = states;
    states.retain(|state| match &state.base {
        Ok(base) => wanted.is_of_pair(base),
        Err(_) => state.folder.file_name().is_some_and(|name| is_named(&name.to_string_lossy())),
    });
    states
}

/// The name that the folder of two tables had before.
fn print_before(tables: &[String; 2]) -> String {
    format!("{:016x}", fingerprint(tables.join("\n").as_bytes()).high)
}

fn two(one: &State, other: &State) -> RunError {
    let spoken = |state: &State| match &state.base {
        Ok(base) => format!("{} (of {})", state.folder.display(), base.written_at),
        Err(_) => format!("{} (damaged)", state.folder.display()),
    };
    RunError::TwoBases { bases: [spoken(one), spoken(other)] }
}

/// A table's name, the same however its address is written: without user, password and parameters,
/// and for files with the whole path.
pub(super) fn table_name(address: &Address) -> String {
    let file = |path: &Path| {
        let whole = || std::env::current_dir().map(|folder| folder.join(path)).unwrap_or_else(|_| path.to_owned());
        path.canonicalize().unwrap_or_else(|_| whole()).display().to_string()
    };
    match address {
        Address::Postgres(server) => {
            let schema = server.schema.as_deref().unwrap_or("public");
            format!(
                "postgres://{}:{}/{}#{schema}.{}",
                server.host,
                server.port.unwrap_or(5432),
                server.database,
                server.table
            )
        }
        Address::Mysql(server) => {
            format!("mysql://{}:{}/{}#{}", server.host, server.port.unwrap_or(3306), server.database, server.table)
        }
        Address::Sqlite { path, table } => format!("sqlite:{}#{table}", file(path)),
        Address::Csv(csv) => file(&csv.path),
        Address::Parquet(path) | Address::Snapshot(path) => file(path),
    }
}

/// Checks that a base is of the tables, key and mapping of the run that wants it: `wanted` is what the
/// run's own base would say.
///
/// # Errors
/// If it is of others.
pub(super) fn check(base: &Base, wanted: &BaseFile) -> Result<(), RunError> {
    let same_tables = (0..2).all(|side: usize| base.file.sides[side].address == wanted.sides[side].address);
    let state = || base.folder.display().to_string();
    let other = |why| RunError::OtherBase { state: state(), why, same_tables };
    reason(&base.file, wanted).map_or(Ok(()), |why| Err(other(why)))
}

fn rows_differ(side: &str, was: &Option<String>, is: &Option<String>) -> String {
    let words = |filter: &Option<String>| filter.clone().unwrap_or_else(|| "all rows".to_owned());
    format!("its {side} rows are {}, and these are {}", words(was), words(is))
}

fn pairs_otherwise(own: &BaseColumn, left: &str, right: &str) -> String {
    format!("it pairs `{}` with `{}`, and this run pairs `{left}` with `{right}`", own.left, own.right)
}

fn reason(base: &BaseFile, wanted: &BaseFile) -> Option<String> {
    for (at, (was, is)) in base.sides.iter().zip(&wanted.sides).enumerate() {
        let side = SIDES[at];
        if was.address != is.address {
            return Some(format!("its {side} table is {}, and this one is {}", was.address, is.address));
        }
        if was.filter != is.filter {
            return Some(rows_differ(side, &was.filter, &is.filter));
        }
        if was.key != is.key {
            return Some(format!("its {side} key is {}, and this one is {}", was.key.join(", "), is.key.join(", ")));
        }
        if was.identity != is.identity {
            let (was, is) = (was.identity.join(", "), is.identity.join(", "));
            return Some(format!("its {side} rows are identified by {was}, and these by {is}"));
        }
        for name in was.key.iter().chain(&was.identity) {
            let column = |table: &TableInfo| table.columns.iter().find(|column| column.name == *name).cloned();
            if let (Some(was), Some(is)) = (column(&was.table), column(&is.table))
                && !is.is_still(&was)
            {
                return Some(format!(
                    "its {side} key column `{name}` is another one now: it was dropped and added anew, or labels of it \
                     were renamed"
                ));
            }
        }
    }
    wanted.columns.iter().find_map(|BaseColumn { left, right, .. }| {
        let other = base.columns.iter().find(|own| (own.left == *left) != (own.right == *right))?;
        Some(pairs_otherwise(other, left, right))
    })
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
