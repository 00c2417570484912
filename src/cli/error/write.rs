//! The words for what goes wrong between a plan and the rows that it writes.

use super::{Failure, Kind};
use trueup::apply::{ApplyError, SideOutcome};
use trueup::audit::thousands;
use trueup::endpoint::{EndpointError, OnDelete};
use trueup::job::RunError;
use trueup::plan::{Cascade, LimitExceeded, ManyDeletes, PlanError};

impl Failure {
    /// Deletes that would change rows of other tables.
    pub fn cascades(cascades: &[Cascade], folder: &str) -> Self {
        let rows: Vec<String> = cascades
            .iter()
            .map(|one| format!("{} rows of {} (foreign key `{}`)", thousands(one.rows), one.table, one.name))
            .collect();
        Self::new(
            "the deletes would change rows of other tables",
            &format!("they would take along {}", rows.join(", ")),
            &format!(
                "look at them with `trueup show {folder}`; leave them out with --no-delete, or allow it with \
                 --allow-cascade"
            ),
        )
        .of(Kind::Limit)
    }
}

/// What holds whenever writing ends early.
const AGAIN: &str = "what is written stays as planned; apply it again to finish, or undo it";

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Snapshot(error) => error.into(),
            PlanError::Compare(error) => error.into(),
            PlanError::File { doing, path, why } => {
                let hint = match doing {
                    "write" => "make room there, or name another place with --out",
                    _ => "check the path and its permissions",
                };
                Self::new(&format!("can't {doing} {path}"), &why, hint)
            }
            PlanError::NoPlan(path) => Self::new(
                &format!("{path} is no plan"),
                "it is not there or has no plan.json",
                "name the folder that `trueup plan` printed",
            ),
            PlanError::Version { path, found, known } => Self::new(
                &format!("{path} has format version {found}"),
                &format!("this program knows version {known}"),
                "use the trueup that wrote it, or make the plan again",
            ),
            PlanError::Damaged { path, why } => {
                Self::new(&format!("{path} is damaged"), &why, "nothing of it is used; make the plan again")
            }
            PlanError::Interrupted => RunError::Interrupted.into(),
        }
    }
}

impl Failure {
    fn limit(error: &LimitExceeded, folder: &str) -> Self {
        let LimitExceeded { side, what, steps, rows, limit, flag } = error;
        Self::new(
            &format!("nothing is written: {} {what} are too many", thousands(*steps)),
            &format!("{flag} {limit} is the limit, and the {side} table had {} rows", thousands(*rows)),
            &format!("look at the {what} with `trueup show {folder}`; if they are right, raise {flag}"),
        )
        .of(Kind::Limit)
    }

    fn many_deletes(error: &ManyDeletes, folder: &str) -> Self {
        let look = |flag: &str| {
            format!("look at them with `trueup show {folder} --action delete`; if they are meant, say so with {flag}")
        };
        match error {
            ManyDeletes::Many { side, deletes, rows } => Self::new(
                &format!("nothing is written: {} deletes are too many", thousands(*deletes)),
                &format!(
                    "the {side} table had {} rows, and nobody said that {} of them may go",
                    thousands(*rows),
                    if deletes == rows { "all".to_owned() } else { thousands(*deletes) }
                ),
                &look(&format!("--max-deletes {deletes}")),
            ),
            ManyDeletes::EmptySource { empty, side, deletes } => Self::new(
                &format!("nothing is written: {empty} has no rows"),
                &format!(
                    "{} row{} of the {side} table would be deleted, and nobody said that this is meant",
                    thousands(*deletes),
                    if *deletes == 1 { "" } else { "s" }
                ),
                &look("--allow-empty-source"),
            ),
        }
        .of(Kind::Limit)
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Plan(error) => error.into(),
            ApplyError::Limit { limit, folder } => Self::limit(&limit, &folder),
            ApplyError::ManyDeletes { deletes, folder } => Self::many_deletes(&deletes, &folder),
            ApplyError::Address(error) => trueup::job::JobError::from(error).into(),
            ApplyError::Endpoint(error @ EndpointError::Connect { .. }) => Self::from(error).with_hint(
                "check that the server answers, and the password: a plan keeps none, so set PGPASSWORD or MYSQL_PWD, or \
                 give the address again with --left or --right",
            ),
            ApplyError::Endpoint(error) => error.into(),
            ApplyError::Busy { folder } => Self::new(
                &format!("{folder} is being applied or undone already"),
                "one run at a time, so that each row is written once",
                "wait until the other run ends",
            ),
            ApplyError::Obstacle { address, why } => {
                Self::new(&format!("{address} can't be written to"), &why, "hand the plan's SQL to someone who can")
                    .of(Kind::Refused)
            }
            ApplyError::OtherTable { given, planned } => Self::new(
                &format!("{given} is another table"),
                &format!("the plan was made for {planned}"),
                "give the address of that table, or make a plan for this one",
            ),
            ApplyError::NotOurs { side, names } => Self::new(
                "this plan was not made by you on this machine",
                &format!(
                    "applying it would give what {} holds to the server that the plan names for its {side} table",
                    names.join(" and ")
                ),
                &format!("look at the plan, then name the table yourself, with --{side} ADDRESS"),
            ),
            ApplyError::Changed { address, differences } => Self::new(
                &format!("{address} is not as it was when the plan was made"),
                &differences.join("; "),
                "make the plan again",
            ),
            ApplyError::Cascade { address, table, name, on_delete, rows } => {
                let rows = thousands(rows);
                let would = match on_delete {
                    OnDelete::Refuse => format!("{rows} rows of {table} point to rows to be deleted"),
                    OnDelete::Cascade => format!("the deletes would delete {rows} rows of {table} too"),
                    OnDelete::SetNull => {
                        format!("the deletes would set the reference of {rows} rows of {table} to NULL")
                    }
                    OnDelete::SetDefault => {
                        format!("the deletes would set the reference of {rows} rows of {table} to its default")
                    }
                };
                let hint = match on_delete {
                    OnDelete::Refuse => "delete or change those rows first, or leave the deletes out",
                    _ => "allow it with --allow-cascade, or leave the deletes out",
                };
                Self::new(&format!("{address}: nothing is written"), &format!("{would} (foreign key `{name}`)"), hint)
                    .of(Kind::Limit)
            }
            ApplyError::File { doing, path, why } => {
                Self::new(&format!("can't {doing} {path}"), &why, "make room there and check its permissions")
            }
            ApplyError::Journal { path, why } => Self::new(
                &format!("{path} is damaged"),
                &why,
                "without it nobody knows what was written: compare the tables again and make a new plan",
            ),
            ApplyError::Shape(why) => {
                Self::new("rows have an unexpected form", &why, "report this as a defect").of(Kind::Internal)
            }
            ApplyError::InTheWay { address, doing, why } => Self::new(
                &format!("{address}: {doing} met another session again and again"),
                &why,
                "apply it again when fewer people write; a smaller --chunk or a longer --lock-timeout helps",
            )
            .of(Kind::Refused),
            ApplyError::Restless { address, action, rows, wrote } => Self::new(
                &format!(
                    "{address}: {} of {} {action}s were written, and again other ones",
                    thousands(wrote),
                    thousands(rows as u64)
                ),
                "the rows change while they are written, or a trigger turns some of them away",
                "nothing of them is kept; apply it again when fewer people write",
            )
            .of(Kind::Refused),
            ApplyError::LostAtCommit { address, why } => {
                Self::new(&format!("{address}: the connection was lost during COMMIT"), &why, AGAIN)
                    .of(Kind::Connection)
            }
            ApplyError::Counters { address, why } => Self::new(
                &format!("{address}: the counters that number new rows could not be moved past those written"),
                &why,
                "the rows are written; give the user the right to set the sequence and apply again",
            )
            .of(Kind::Refused),
            ApplyError::Interrupted => Self::interrupted_writing(),
            ApplyError::Stopped { cause, so_far } => Self::from(*cause).after(&so_far),
        }
    }
}

impl Failure {
    /// The person ended a run that writes.
    pub fn interrupted_writing() -> Self {
        Self::new("interrupted", "", AGAIN).of(Kind::Interrupted)
    }

    /// Says also what was written before.
    fn after(self, so_far: &[SideOutcome; 2]) -> Self {
        let written: u64 = so_far.iter().map(|side| side.written.total()).sum();
        let rows = if written == 1 { "row" } else { "rows" };
        let before = match written {
            0 => "no row was written before that".to_owned(),
            _ => format!("{} {rows} had been written, and stay as planned", thousands(written)),
        };
        let why = if self.why.is_empty() { before } else { format!("{} ({before})", self.why) };
        Self { why, ..self }
    }
}
