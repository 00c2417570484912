//! `plan.json`: what was compared, when and how, what is to be written, and what is left alone.

use super::two_way::TwoWayFile;
use crate::audit::Summary;
use crate::endpoint::{Action, OnDelete, Reading, Target};
use crate::table::{Alignment, KeyChoice, TableInfo};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The file's name in a plan folder.
pub const PLAN: &str = "plan.json";

/// Which sides a plan writes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The right table is made to agree with the left one.
    #[default]
    LeftToRight,
    /// The left table is made to agree with the right one.
    RightToLeft,
    /// Each takes over the other's changes.
    Both,
}

impl Direction {
    /// Whether this side (0 is left) is written.
    pub fn writes(self, side: usize) -> bool {
        match self {
            Self::LeftToRight => side == 1,
            Self::RightToLeft => side == 0,
            Self::Both => true,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeftToRight => "left-to-right",
            Self::RightToLeft => "right-to-left",
            Self::Both => "both",
        })
    }
}

/// Steps by action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionCounts {
    /// Rows to be added.
    pub create: u64,
    /// Rows to be changed.
    pub update: u64,
    /// Rows to be removed.
    pub delete: u64,
}

impl ActionCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        // What a file says may be anything.
        self.create.saturating_add(self.update).saturating_add(self.delete)
    }

    /// Those of one action.
    pub fn of(&self, action: Action) -> u64 {
        match action {
            Action::Create => self.create,
            Action::Update => self.update,
            Action::Delete => self.delete,
        }
    }

    /// Counts more of one action.
    pub fn add(&mut self, action: Action, steps: u64) {
        match action {
            Action::Create => self.create += steps,
            Action::Update => self.update += steps,
            Action::Delete => self.delete += steps,
        }
    }
}

/// A limit on steps: refuse to apply beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// So many steps.
    Rows(u64),
    /// So many percent of the rows of the table that is written.
    Percent(f64),
}

/// The limits of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// On all steps of a side.
    pub max_changes: Option<Limit>,
    /// On the deletes of a side.
    pub max_deletes: Option<Limit>,
}

/// One of the two tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanSide {
    /// Where it lives, as typed with `${NAME}` kept, and without any password.
    pub address: String,
    /// The condition that chose its rows.
    pub filter: Option<String>,
    /// When it was exported, UTC, RFC 3339.
    pub exported_at: String,
    /// Its rows then.
    pub rows: u64,
    /// Its columns and keys, with the portable types that its values have in the steps.
    pub table: TableInfo,
    /// What it asks of those who write to it, if it is a database that is written.
    pub target: Option<Target>,
    /// How it is written, if it is.
    pub writes: Option<SideWrites>,
    /// The steps for it.
    pub counts: ActionCounts,
}

/// How a side's columns take part in its steps; positions in [`PlanSide::table`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideWrites {
    /// The unique key.
    pub key: Vec<usize>,
    /// The columns that an update's row must still have as they were: all compared ones.
    pub guard: Vec<usize>,
    /// The columns that a create gives a value: the key's and all paired ones that can be written.
    pub create: Vec<usize>,
    /// The columns that say which row it is when the unique key itself changes: the primary key, if it
    /// is another. Updates that change the key find their rows by it.
    #[serde(default)]
    pub identity: Vec<usize>,
}

impl PlanFile {
    /// Whether both tables are SQLite's, so that values are stored as they are in the source.
    pub fn stores(&self) -> bool {
        self.sides.iter().all(|side| is_sqlite(&side.address))
    }
}

/// Whether an address is of an SQLite table.
pub(super) fn is_sqlite(address: &str) -> bool {
    address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sqlite:"))
}

/// Rows, columns or steps that were left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// `left`, `right` or `both`.
    pub side: String,
    /// What was left out, as in "column `total`" or "rows whose key is NULL".
    pub what: String,
    /// Why, as in "the database computes it".
    pub why: String,
    /// How many rows, if it is rows.
    pub rows: Option<u64>,
    /// A few of their keys, as printed.
    pub samples: Vec<Vec<String>>,
}

/// Rows of other tables that hang on rows to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cascade {
    /// `left` or `right`.
    pub side: String,
    /// The foreign key.
    pub name: String,
    /// The table that has it.
    pub table: String,
    /// What happens to its rows.
    pub on_delete: OnDelete,
    /// How many there are.
    pub rows: u64,
}

/// A compared column and in how many updates it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedColumn {
    /// Its left name.
    pub left: String,
    /// Its right name.
    pub right: String,
    /// Updates that change it.
    pub changed: u64,
}

/// A file of the plan and what it must contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPart {
    /// Its name in the folder.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// XXH3-128 of its bytes, in hexadecimal.
    pub hash: String,
}

/// The content of `plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// The format's version.
    pub version: u64,
    /// The program that wrote it.
    pub written_by: String,
    /// When, UTC, RFC 3339.
    pub made_at: String,
    /// The folder that relative addresses start from.
    #[serde(default)]
    pub made_in: String,
    /// Which sides are written.
    pub direction: Direction,
    /// Left and right.
    pub sides: [PlanSide; 2],
    /// The pairing of the columns.
    pub alignment: Alignment,
    /// The key: positions in the alignment's pairs.
    pub key: Vec<usize>,
    /// Who chose the key.
    pub key_chosen: KeyChoice,
    /// What the comparison came to that it was made from.
    pub found: Summary,
    /// Keys that both sides changed and no rule decided.
    pub conflicts: u64,
    /// One-sided rows of which nobody knows whether they were created or deleted.
    pub undecided: u64,
    /// Keys, on either side or both, that are not unique and differ.
    pub ambiguous: u64,
    /// Rows with a NULL in the key, both sides together.
    pub null_keys: u64,
    /// Steps that were wanted but can't be written, because a value does not fit.
    pub misfits: u64,
    /// Per compared column.
    pub changed_columns: Vec<ChangedColumn>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// What hangs on the rows to be deleted; only where there is any.
    pub cascades: Vec<Cascade>,
    /// Whether cascading deletes were allowed when the plan was made.
    pub allow_cascade: bool,
    /// How the tables of servers were read, and are when it is applied.
    #[serde(default, skip_serializing_if = "Reading::is_default")]
    pub reading: Reading,
    /// What a person should know before applying.
    pub warnings: Vec<String>,
    /// The limits.
    pub limits: Limits,
    /// The environment's variables that have to hold a password when it is applied, because the plan keeps
    /// none and they did not when it was made.
    pub variables: Vec<String>,
    /// Of a plan that writes both sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_way: Option<TwoWayFile>,
    /// The other files of the folder.
    pub parts: Vec<PlanPart>,
    /// XXH3-128 of this file's content with this field empty, in hexadecimal.
    pub checksum: String,
}
