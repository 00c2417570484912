//! What can go wrong with a job.

use super::states::NoHome;
use crate::apply::ApplyError;
use crate::audit::{Proposal, ReasonError};
use crate::compare::CompareError;
use crate::endpoint::{AddressError, EndpointError};
use crate::plan::{Cascade, PlanError};
use crate::snapshot::SnapshotError;
use crate::table::{AlignmentError, NameError, RuleError};
use thiserror::Error;

/// A job that was not understood.
#[derive(Debug, Error)]
pub enum JobError {
    /// A table address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Names of columns.
    #[error(transparent)]
    Names(#[from] NameError),
    /// A comparison rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The job file can't be read.
    #[error("can't read the job file {path}: {why}")]
    File {
        /// The file.
        path: String,
        /// The system's or the TOML parser's words.
        why: String,
    },
    /// A value of a flag.
    #[error("`{value}` is no {what}")]
    Value {
        /// As given.
        value: String,
        /// What it should be.
        what: &'static str,
    },
    /// The job has no left or right table.
    #[error("the job names no {0} table")]
    NoTable(&'static str),
}

/// A run that failed.
#[derive(Debug, Error)]
pub enum RunError {
    /// The job.
    #[error(transparent)]
    Job(#[from] JobError),
    /// One of the two tables.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Columns that can't be paired.
    #[error(transparent)]
    Alignment(#[from] AlignmentError),
    /// No column name is in both tables, and two columns look like the key.
    #[error("{cause}")]
    Unlike {
        /// The names there are.
        cause: AlignmentError,
        /// The option that names the key.
        proposal: Box<Proposal>,
    },
    /// Freezing.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Comparing.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// Looking for reasons.
    #[error(transparent)]
    Reasons(#[from] ReasonError),
    /// Applying a plan.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// Nothing identifies a row, and whole rows can't be compared either.
    #[error("nothing identifies a row, and the job leaves out every column")]
    NothingCompared,
    /// A plan that writes both sides needs to know which row is which.
    #[error("nothing identifies a row: {why}")]
    NoKey {
        /// Why there is no key.
        why: String,
    },
    /// The tables have no value of an inferred key in common: they may well be two different ones.
    #[error("{doubt}")]
    Strangers {
        /// In words.
        doubt: String,
    },
    /// The place for the result is taken.
    #[error("{0} exists already and is not empty")]
    OutputExists(String),
    /// The result can't be written.
    #[error("can't write {path}: {why}")]
    Output {
        /// Where.
        path: String,
        /// The system's words.
        why: String,
    },
    /// Planning.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Deletes would change rows of other tables, and nobody allowed it.
    #[error("deleting rows of the {side} table would also change {rows} rows that refer to them", side = cascades.first().map_or("", |c| &c.side), rows = cascades.iter().map(|c| c.rows).sum::<u64>())]
    Cascades {
        /// Through which foreign keys.
        cascades: Vec<Cascade>,
        /// The plan folder, to look at them.
        folder: String,
    },
    /// Updates would change values that rows of other tables refer to, and nobody allowed it.
    #[error("{rows} updates change `{column}`, which rows of {table} refer to")]
    References {
        /// The column.
        column: String,
        /// The table that refers to it.
        table: String,
        /// By which foreign key.
        key: String,
        /// The updates.
        rows: u64,
    },
    /// Rows would exchange values that rows of other tables refer to, by way of NULL.
    #[error("rows exchange values of `{column}`, which rows of {table} refer to")]
    Exchanged {
        /// The column.
        column: String,
        /// The table that refers to it.
        table: String,
        /// By which foreign key.
        key: String,
    },
    /// The base in the state folder is of something else.
    #[error("the base in {state} is another one: {why}")]
    OtherBase {
        /// The state folder.
        state: String,
        /// In what way.
        why: String,
        /// Whether it is of the same tables at least.
        same_tables: bool,
    },
    /// There is no base of this job, but one of the same tables.
    #[error("there is no base of this job, but one of the same tables in {base}: {why}")]
    FirstRun {
        /// The folder of that one.
        base: String,
        /// Why it is another job's.
        why: String,
    },
    /// There is no base of this job, and a history remembers that there was one.
    #[error("there is no base of this job in {state}, and the history of the {side} table remembers one")]
    LostBase {
        /// `left` or `right`.
        side: &'static str,
        /// The state folder.
        state: String,
    },
    /// Two folders hold a base of this job.
    #[error("two folders hold a base of this job: {} and {}", bases[0], bases[1])]
    TwoBases {
        /// Which, and of when they are.
        bases: [String; 2],
    },
    /// Nobody says where the state is to be kept.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// A file of the base is not as it was written.
    #[error("the base in {state} is damaged: {path}: {why}")]
    DamagedBase {
        /// The state folder.
        state: String,
        /// The file.
        path: String,
        /// In what way.
        why: String,
    },
    /// Rows were written, but the next base was not.
    #[error("the rows are written, but what both sides agree on now could not be kept in {state}: {cause}")]
    NotKept {
        /// The state folder.
        state: String,
        /// Why.
        cause: Box<RunError>,
    },
    /// A run broke off, and what it has written can't be found out.
    #[error("a run of {plan} broke off, and what it has written can't be settled in {state}: {why}")]
    Unsettled {
        /// The state folder.
        state: String,
        /// The plan's folder.
        plan: String,
        /// Why not.
        why: String,
    },
    /// The base has moved on since a plan was made from it.
    #[error("the base in {state} is not the one that this plan was made from")]
    BaseMoved {
        /// The state folder.
        state: String,
    },
    /// The rule asks for a history that does not tell.
    #[error("the {side} table has no history that tells who was last: {why}")]
    NoHistory {
        /// `left` or `right`.
        side: &'static str,
        /// Why not.
        why: String,
    },
    /// Policies hide rows of a table that both sides' changes are to be told of.
    #[error("a row that a policy hides looks like one that was deleted: both directions need all rows")]
    VisibleBothWays,
    /// A plan that can't be changed any more.
    #[error("{plan} can't be changed any more: {why}")]
    Fixed {
        /// Its folder.
        plan: String,
        /// Why.
        why: String,
    },
    /// A key that is none of a plan's conflicts.
    #[error("{key} is no conflict of this plan")]
    NoConflict {
        /// As given.
        key: String,
    },
    /// The person was asked, and said no.
    #[error("nothing is written")]
    Declined,
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl RunError {
    /// Whether it is the person's own doing.
    pub fn interrupted(&self) -> bool {
        match self {
            Self::Apply(error) => error.interrupted(),
            Self::Interrupted
            | Self::Snapshot(SnapshotError::Interrupted)
            | Self::Compare(CompareError::Interrupted)
            | Self::Compare(CompareError::Snapshot(SnapshotError::Interrupted))
            | Self::Reasons(ReasonError::Interrupted | ReasonError::Snapshot(SnapshotError::Interrupted))
            | Self::Plan(PlanError::Interrupted | PlanError::Snapshot(SnapshotError::Interrupted)) => true,
            _ => false,
        }
    }
}
