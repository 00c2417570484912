//! The one place that turns errors into words and exit codes: what happened, why, and what to do.

mod history;
mod kept;
mod kind;
mod named;
mod write;

pub use kind::Kind;
use named::named;

use super::output::{discreet, print_failure, wants_json};
use std::io::Write;
use std::process::ExitCode;
use trueup::audit::{Proposal, ReasonError, thousands};
use trueup::compare::CompareError;
use trueup::endpoint::{AddressError, EndpointError};
use trueup::job::{JobError, NoHome, RunError};
use trueup::report::safe_line;
use trueup::snapshot::SnapshotError;
use trueup::table::{AlignmentError, spelled_for_shell};

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    what: String,
    why: String,
    hint: String,
    kind: Kind,
}

impl Failure {
    /// From its three lines; a line that has nothing to say is empty. Something can't be used as it is,
    /// unless [`of`](Self::of) says otherwise.
    pub fn new(what: &str, why: &str, hint: &str) -> Self {
        Self { what: what.to_owned(), why: why.to_owned(), hint: hint.to_owned(), kind: Kind::Input }
    }

    /// The same as a failure of this sort.
    pub fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// A command line that makes no sense.
    pub fn usage(what: &str) -> Self {
        Self::new(what, "", "see `trueup --help`").of(Kind::Usage)
    }

    /// The same with something better to do.
    pub fn with_hint(self, hint: &str) -> Self {
        Self { hint: hint.to_owned(), ..self }
    }

    /// Prints it, also on stdout where a script reads that, and says with which code to exit.
    pub fn report(self) -> ExitCode {
        let [what, why, mut hint] = [&self.what, &named(&self.why), &self.hint].map(|text| discreet(text));
        if why.starts_with("the disk is full") && !hint.contains("make room") {
            hint = format!("make room there, then run it again; {hint}");
        }
        if wants_json() {
            print_failure(self.kind, [&what, &why, &hint]);
        }
        for (lead, text) in [("error", &what), ("  why", &why), ("   do", &hint)] {
            if !text.is_empty() || lead == "error" {
                let _ = writeln!(std::io::stderr(), "{lead}: {}", safe_line(text, 7));
            }
        }
        ExitCode::from(self.kind.code())
    }
}

impl Failure {
    /// Nobody says where the state is to be kept.
    fn no_home(error: NoHome) -> Self {
        let hint = "name a folder with --state DIR, or set XDG_STATE_HOME";
        Self::new(&error.to_string(), "what both sides agree on has to be kept for the next run", hint)
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        let what = error.to_string();
        let hint = match &error {
            JobError::Address(AddressError::NoVariable(name)) => format!("set it, as in `export {name}=…`"),
            JobError::Address(_) => "see `trueup --help` for the forms of table addresses".to_owned(),
            JobError::Names(_) => "a name with , or = in it stands in double quotes: '\"a,b\"'".to_owned(),
            JobError::Rule(_) => "see `trueup audit --help`".to_owned(),
            JobError::File { .. } => "`trueup init LEFT RIGHT` writes a job file to start from".to_owned(),
            JobError::Value { .. } => "correct it".to_owned(),
            JobError::NoTable(side) => format!("add `{side} = \"ADDRESS\"` to the job file"),
        };
        let kind = match &error {
            JobError::Address(_) | JobError::File { .. } => Kind::Input,
            JobError::Names(_) | JobError::Rule(_) | JobError::Value { .. } | JobError::NoTable(_) => Kind::Usage,
        };
        Self::new(&what, "", &hint).of(kind)
    }
}

impl From<EndpointError> for Failure {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Connect { address, why } => Self::new(
                &format!("can't connect to {address}"),
                &why,
                "check host, port, user, password and database in the address",
            )
            .of(Kind::Connection),
            EndpointError::NoTable { address, table, suggestion } => Self::new(
                &format!("{address} has no table `{table}`"),
                "",
                &match suggestion {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "check the name behind `#`; upper and lower case count".to_owned(),
                },
            ),
            EndpointError::Unreadable { path, why } => {
                Self::new(&format!("can't read {path}"), &why, "check the path and its permissions")
            }
            EndpointError::Malformed { path, line, why } => {
                let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
                Self::new(&format!("{path}{place}"), &why, "correct the file")
            }
            EndpointError::Query { address, doing, why } => Self::new(
                &format!("{address}: {doing} failed"),
                &why,
                "check the condition, the rights of the user, and that the table is still there",
            )
            .of(Kind::Refused),
            EndpointError::HiddenRows { address, why } => Self::new(
                &format!("{address}: row-level security may hide rows from this user"),
                &format!("{why}; a row that is hidden would count as missing"),
                "read as a user who sees all rows (one with BYPASSRLS, or the owner of the table), or compare what is \
                 visible with --visible-rows: then nothing counts as missing or is deleted",
            )
            .of(Kind::Refused),
            EndpointError::Denied { address, columns, whole } => {
                let names = format!("`{}`", columns.join("`, `"));
                let user = "this user has no right to read (SELECT)";
                let why = match columns.is_empty() {
                    true => format!("{user} some columns, and the server does not tell which"),
                    false => format!("{user} {names}"),
                };
                let hint = match whole {
                    true => "grant it: whole rows are read here, so that what is deleted or changed can be put back",
                    false => "grant it, or leave the columns out with --ignore or --columns",
                };
                Self::new(&format!("{address}: not all of the columns that are needed may be read"), &why, hint)
                    .of(Kind::Refused)
            }
            EndpointError::Lost { address, rows, why } => Self::new(
                &format!("{address}: the export broke off after {} rows", thousands(rows)),
                &why,
                "nothing of it is kept; run it again once the server answers",
            )
            .of(Kind::Connection),
            EndpointError::Protocol { address, column, why } => Self::new(
                &format!("{address}: column `{column}` could not be read"),
                &why,
                "leave the column out with --ignore, and report this as a defect",
            )
            .of(Kind::Internal),
            EndpointError::Stopped => Self::new("the export was stopped", "", "run it again").of(Kind::Interrupted),
        }
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Endpoint(error) => error.into(),
            SnapshotError::File { doing, path, why } => {
                let hint = match doing {
                    "write" if why.contains("No space") || why.contains("os error 28") => {
                        "make room there, or name another disk with --out (for the state of a two-way sync: --state)"
                    }
                    "write" => {
                        "nothing of it is kept; name another place with --out (for the state of a two-way sync: --state)"
                    }
                    _ => "check the path and its permissions",
                };
                Self::new(&format!("can't {doing} {path}"), &why, hint)
            }
            SnapshotError::Incomplete { address, rows, counted } => Self::new(
                &format!("{address}: the export is not whole"),
                &format!(
                    "{} rows arrived, but the database counted {} in the same transaction",
                    thousands(rows),
                    thousands(counted)
                ),
                "nothing of it is kept; run it again",
            )
            .of(Kind::Connection),
            SnapshotError::NoManifest(path) => Self::new(
                &format!("{path} is no snapshot"),
                "it is not there or has no manifest.json",
                "name a table address, a snapshot folder, or a .parquet or .csv file",
            ),
            SnapshotError::Version { path, found, known } => Self::new(
                &format!("{path} has format version {found}"),
                &format!("this program knows version {known}"),
                "use the trueup that wrote it, or a newer one",
            ),
            SnapshotError::Damaged { path, why } => Self::new(&format!("{path} is damaged"), &why, "export it again"),
            SnapshotError::Unsupported { path, why } => Self::new(
                &format!("{path} can't be read"),
                &why,
                "write it anew without that, with the tool that wrote it, and name the copy",
            ),
            SnapshotError::Types { column, files, types } => Self::new(
                &format!("the files do not agree on the type of `{column}`"),
                &format!("it is {} in {} and {} in {}, and no type holds both", types[0], files[0], types[1], files[1]),
                "write one of the files anew with the other's type, or name one of them",
            ),
            SnapshotError::Filter { filter, address, why } => Self::new(
                &format!("the condition `{filter}` does not work on {address}"),
                &why,
                "files are filtered with DataFusion's SQL; quote column names with capitals as \"Name\"",
            ),
            SnapshotError::NoColumn { address, column } => {
                Self::new(&format!("{address} has no column `{column}`"), "", "export it again")
            }
            SnapshotError::Busy { folder } => Self::new(
                &format!("another trueup is syncing with {folder}"),
                "",
                "wait for it; if none is running, the system releases the lock by itself",
            ),
            SnapshotError::Interrupted => RunError::Interrupted.into(),
        }
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Snapshot(error) => error.into(),
            CompareError::Memory { limit } => Self::new(
                "the comparison does not fit in memory",
                &format!("it needs more than the {limit} MB allowed"),
                "allow more with --memory",
            ),
            CompareError::Engine(why) => {
                Self::new("comparing failed", &why, "report this as a defect").of(Kind::Internal)
            }
            CompareError::Contradiction { .. } => {
                Self::new("a snapshot is damaged", &error.to_string(), "export the tables again")
            }
            CompareError::Interrupted => RunError::Interrupted.into(),
        }
    }
}

impl From<AlignmentError> for Failure {
    fn from(error: AlignmentError) -> Self {
        match &error {
            AlignmentError::NothingInCommon { left, right } => Self::new(
                "the two tables have no column name in common",
                &format!("left has {left}; right has {right}"),
                "pair columns with --map LEFT=RIGHT",
            ),
            AlignmentError::UnknownColumn { side, name, suggestion } => Self::new(
                &match *side {
                    "neither" => format!("no table has a column `{name}`"),
                    side => format!("the {side} table has no column `{name}`"),
                },
                "",
                &match suggestion {
                    Some(name) => format!("did you mean `{}`?", spelled_for_shell(name)),
                    None => "check the name; `trueup keys` lists a table's columns".to_owned(),
                },
            ),
            AlignmentError::MappedTwice(_) => Self::new(&error.to_string(), "", "map each column once"),
            AlignmentError::Rule(_) => Self::new(&error.to_string(), "", "see `trueup audit --help`"),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        if let RunError::Apply(error) = error {
            return error.into();
        }
        if error.interrupted() {
            let hint = "run it again when it suits";
            return Self::new("interrupted", "nothing half-done is left", hint).of(Kind::Interrupted);
        }
        match error {
            RunError::Job(error) => error.into(),
            RunError::Endpoint(error) => error.into(),
            RunError::Alignment(error) => error.into(),
            RunError::Unlike { cause, proposal } => {
                let mut failure = Self::from(cause);
                let Proposal { option, text, .. } = *proposal;
                failure.hint = format!("pair columns with --map LEFT=RIGHT, and the key with {option} ({text})");
                failure
            }
            RunError::Snapshot(error) => error.into(),
            RunError::Compare(error) => error.into(),
            RunError::NothingCompared => Self::new(
                "nothing identifies a row, and the job leaves out every column",
                "",
                "name the columns that identify a row with --key, or compare some",
            ),
            RunError::NoKey { why } => Self::new(
                "a plan for both tables needs a key, and nothing identifies a row",
                &why,
                "name the columns that identify a row with --key (repeat it for several), or write one side only",
            ),
            RunError::Strangers { doubt } => {
                let why = "it was inferred; all rows of one would be added, and all of the other removed";
                let hint = "name the columns that identify a row with --key; the same ones, if they are meant";
                Self::new(&doubt, why, hint).of(Kind::Limit)
            }
            RunError::OutputExists(path) => {
                Self::new(&format!("{path} exists already and is not empty"), "", "name another folder with --out")
            }
            RunError::Output { path, why } => {
                Self::new(&format!("can't write {path}"), &why, "name another place with --out")
            }
            RunError::Reasons(ReasonError::Snapshot(error)) => error.into(),
            RunError::Reasons(ReasonError::Interrupted) => Self::new("interrupted", "", "").of(Kind::Interrupted),
            RunError::Reasons(error @ ReasonError::Late) => Self::new(&error.to_string(), "", "add --no-reasons"),
            RunError::Plan(error) => error.into(),
            RunError::Apply(error) => error.into(),
            RunError::Cascades { cascades, folder } => Self::cascades(&cascades, &folder),
            RunError::Declined => Self::new("nothing is written", "", "").of(Kind::Interrupted),
            RunError::References { column, table, key, rows } => Self::new(
                &format!("{} updates change `{column}`, which rows of {table} may refer to", thousands(rows)),
                &format!("the foreign key `{key}` may change or refuse them, and undo could not bring them back"),
                &format!(
                    "leave the column out with --ignore {}, or allow it with --allow-cascade",
                    spelled_for_shell(&column)
                ),
            )
            .of(Kind::Limit),
            RunError::Exchanged { column, table, key } => Self::new(
                &format!("rows exchange values of `{column}`, which rows of {table} may refer to"),
                &format!("by way of NULL, which would take the references along (foreign key `{key}`)"),
                &format!(
                    "leave the column out with --ignore {}, or exchange the values by hand",
                    spelled_for_shell(&column)
                ),
            )
            .of(Kind::Limit),
            RunError::OtherBase { state, why, same_tables } => Self::new(
                &format!("the base in {state} is of something else"),
                &why,
                "run the job that it is of, or name another folder with --state: without a base that is a first run, \
                 where rows that were deleted since come back",
            )
            .of(if same_tables { Kind::Limit } else { Kind::Input }),
            RunError::FirstRun { base, why } => Self::new(
                &format!("this job has no base, but there is one of the same tables in {base}"),
                &format!("{why}; a first run would bring back rows that were deleted since"),
                &format!(
                    "run the job that it is of, or go on from it with --state {base}; if this is a job of its own, say \
                     so with --first-run"
                ),
            )
            .of(Kind::Limit),
            RunError::LostBase { side, state } => Self::new(
                &format!("this job has had a base, and there is none in {state}"),
                &format!(
                    "the history of the {side} table remembers one: the state folder was lost, or it is another one; a \
                     first run would bring back rows that were deleted since"
                ),
                "put the folder back, or name it with --state; if a first run is meant, say so with --first-run",
            )
            .of(Kind::Limit),
            RunError::TwoBases { bases } => Self::new(
                "two folders hold what the two sides last agreed on",
                &format!("they are {} and {}", bases[0], bases[1]),
                "move the older one away, or name one of them with --state",
            )
            .of(Kind::Limit),
            RunError::NoHome(error) => Self::no_home(error),
            RunError::DamagedBase { state, path, why } => Self::new(
                &format!("the base in {state} is damaged"),
                &format!("{path}: {why}"),
                "nothing was written; move that folder away: without a base the next run is a first run, which deletes \
                 nothing",
            ),
            RunError::NotKept { state, cause } => {
                let cause = Self::from(*cause);
                let kind = cause.kind;
                Self::new(
                    &format!("the rows are written, but the base in {state} could not be"),
                    &[cause.what, cause.why].join(": "),
                    "remove the cause; the next run on these tables settles it before it looks for changes",
                )
                .of(kind)
            }
            RunError::Unsettled { state, plan, why } => Self::new(
                &format!("a run of {plan} broke off, and nobody knows what it has written"),
                &why,
                &format!(
                    "put that folder back as it was and run this again; if it is gone for good, look at both tables, then \
                     move {state} away: without a base the next run is a first run, which deletes nothing"
                ),
            )
            .of(Kind::Limit),
            RunError::BaseMoved { state } => Self::new(
                "this plan is out of date",
                &format!("the base in {state} is not the one that it was made from: there was another sync since"),
                "make the plan again",
            ),
            RunError::NoHistory { side, why } => Self::new(
                &format!("the {side} table has no history that tells who was last"),
                &why,
                "install it on both tables with `trueup history install TABLE`, or choose another --winner",
            ),
            RunError::VisibleBothWays => Self::new(
                "--visible-rows does nothing good in both directions",
                "a row that a policy hides looks like one that was deleted, and would be deleted on the other side",
                "sync as a user who sees all rows (one with BYPASSRLS, or the owner), or in one direction",
            ),
            RunError::Fixed { plan, why } => {
                Self::new(&format!("{plan} can't be changed any more"), &why, "make the plan again")
            }
            RunError::NoConflict { key } => Self::new(
                &format!("{key} is no conflict of this plan"),
                "",
                "see them with `trueup show PLAN --conflicts`",
            ),
            RunError::Interrupted => Self::new("interrupted", "", "").of(Kind::Interrupted),
        }
    }
}
