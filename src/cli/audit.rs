//! `trueup audit LEFT RIGHT | JOB.toml`

use super::args::{CompareArgs, Format};
use super::error::Failure;
use super::output::{print, print_json, style, timed, write_file};
use super::watch::TerminalWatch;
use clap::Args;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use trueup::job::{JobSpec, Watch, parse_duration, run_audit};
use trueup::report::{audit_json, audit_text};

/// Why do two tables differ? Read-only.
///
/// Both tables are exported, joined on a unique key and compared. The report counts rows, keys,
/// duplicates and changed cells, leads from one row count to the other, and says what the rows that
/// differ have in common.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The left table's address, or a job file
    #[arg(value_name = "LEFT|JOB.toml")]
    left: String,
    /// The right table's address
    right: Option<String>,
    #[command(flatten)]
    compare: CompareArgs,
    /// Leave out why the rows differ
    #[arg(long)]
    no_reasons: bool,
    /// How long to look for reasons at most, like 10m [default: no longer than all else took, and a second]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "no_reasons")]
    reasons_time: Option<Duration>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The job that positional arguments and flags describe.
pub fn spec(left: &str, right: Option<&String>, flags: JobSpec) -> Result<JobSpec, Failure> {
    match right {
        Some(right) => {
            let tables = JobSpec { left: Some(left.to_owned()), right: Some(right.clone()), ..flags };
            Ok(tables)
        }
        None if left.to_ascii_lowercase().ends_with(".toml") => {
            Ok(JobSpec::read(Path::new(left))?.overridden_by(flags))
        }
        None => Err(Failure::usage("two table addresses are needed, or one job file (.toml)")),
    }
}

/// Runs the command.
pub fn run(args: &AuditArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let flags = JobSpec { reasons: args.no_reasons.then_some(false), ..args.compare.spec() };
    let mut job = spec(&args.left, args.right.as_ref(), flags)?.resolve()?;
    job.reasons_time = args.reasons_time.or(job.reasons_time);
    let run = run_audit(&job, watch)?;
    watch.clear();
    let json = timed(audit_json(&run.audit, &run.folder));
    write_file(&run.folder.join("audit.json"), &format!("{json:#}\n"))?;
    watch.note(&format!("kept in {}", run.folder.display()));
    match args.format {
        Format::Table => print(&audit_text(&run.audit, &run.folder, watch.verbose(), style()))?,
        Format::Json => print_json(&json)?,
    }
    Ok(ExitCode::from(u8::from(!run.audit.agrees())))
}
