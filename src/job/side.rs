//! A resolved job, and what a run tells while it is under way.

use super::error::RunError;
use crate::endpoint::{Address, Endpoint, Interrupt, Reading, open};
use crate::snapshot::{Progress, Snapshot, adopt_parquet, open_snapshot};
use crate::table::{AlignOptions, TableInfo};
use std::path::PathBuf;
use std::time::Duration;

/// What to run, understood.
#[derive(Clone, Debug)]
pub struct Job {
    /// The left table.
    pub left: Address,
    /// The right table.
    pub right: Address,
    /// A condition for the left rows.
    pub where_left: Option<String>,
    /// A condition for the right rows.
    pub where_right: Option<String>,
    /// What is said of columns.
    pub options: AlignOptions,
    /// Where the result goes, if that is said.
    pub out: Option<PathBuf>,
    /// Bytes of memory to stay under.
    pub memory: usize,
    /// Streams to read at once from each database.
    pub streams: usize,
    /// Whether files that are frozen already are copied to the run all the same.
    pub copy: bool,
    /// Whether reasons are looked for.
    pub reasons: bool,
    /// How long at most; without it, no longer than all that came before, and a second.
    pub reasons_time: Option<Duration>,
    /// Whether having nothing to compare is agreement.
    pub allow_nothing: bool,
    /// How the tables of servers are read.
    pub reading: Reading,
    /// Whether whole rows of the left or right table are needed: those of one that is to be written.
    pub whole: [bool; 2],
}

impl Job {
    /// Whether one of the tables is in a database.
    pub(super) fn asks_a_database(&self) -> bool {
        let database =
            |address: &Address| matches!(address, Address::Postgres(_) | Address::Mysql(_) | Address::Sqlite { .. });
        database(&self.left) || database(&self.right)
    }
}

/// Watches a run.
pub trait Watch: Sync {
    /// A part of the run begins, as in "exporting left".
    fn stage(&self, name: &str) -> Box<dyn Progress + Send + '_>;
    /// Something worth a line.
    fn note(&self, text: &str);
    /// Set when the person interrupts.
    fn interrupt(&self) -> Interrupt;
}

/// A table on its way: live, or frozen already.
pub(super) enum Table {
    /// To be exported.
    Live { endpoint: Box<dyn Endpoint>, info: TableInfo },
    /// Files that are read as they are.
    Frozen(Box<Snapshot>),
}

impl Table {
    pub(super) fn open(address: &Address) -> Result<Self, RunError> {
        if let Some(endpoint) = open(address) {
            let info = endpoint.describe()?;
            return Ok(Self::Live { endpoint, info });
        }
        Ok(Self::Frozen(Box::new(match address {
            Address::Snapshot(path) => open_snapshot(path)?,
            Address::Parquet(path) => adopt_parquet(path)?,
            // `open` knows all others.
            other => return Err(RunError::Output { path: other.to_string(), why: "is no table".to_owned() }),
        })))
    }

    /// The key that a snapshot was made with; empty for anything else.
    pub(super) fn frozen_key(&self) -> Vec<String> {
        match self {
            Self::Frozen(snapshot) => {
                let recipe = snapshot.manifest.recipe.iter().filter(|recipe| !recipe.whole);
                recipe.flat_map(|recipe| &recipe.key).map(|column| column.name.clone()).collect()
            }
            Self::Live { .. } => Vec::new(),
        }
    }

    pub(super) fn info(&self) -> &TableInfo {
        match self {
            Self::Live { info, .. } => info,
            Self::Frozen(snapshot) => &snapshot.manifest.table,
        }
    }
}
