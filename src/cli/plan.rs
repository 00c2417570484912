//! `trueup plan LEFT RIGHT | JOB.toml`

use super::args::{CompareArgs, Format, PlanOptions};
use super::audit::spec;
use super::error::Failure;
use super::output::{print, print_json, style, timed, write_file};
use super::watch::TerminalWatch;
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;
use trueup::job::{PlanJob, Watch, parse_duration, run_plan};
use trueup::plan::{Direction, PlanFile};
use trueup::report::{Reasons, audit_json, plan_json, plan_text, sample_steps};

/// What would make two tables agree? Read-only; writes a plan folder.
///
/// Both tables are compared as `trueup audit` does, and the creates, updates and deletes that
/// would make one agree with the other are written to a folder, for review and for `trueup apply`.
/// With --direction both, each takes over what was changed on the other since the last time.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The left table's address, or a job file
    #[arg(value_name = "LEFT|JOB.toml")]
    left: String,
    /// The right table's address
    right: Option<String>,
    #[command(flatten)]
    plan: PlanOptions,
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

/// The plan that positional arguments and flags describe.
pub fn job(left: &str, right: Option<&String>, plan: &PlanOptions, compare: &CompareArgs) -> Result<PlanJob, Failure> {
    let job = spec(left, right, plan.spec(compare.spec()))?.resolve_plan()?;
    let idle = if job.direction == Direction::Both { Vec::new() } else { plan.for_both() };
    let (does, them) = match idle.len() {
        0 => return Ok(job),
        1 => ("does", "it"),
        _ => ("do", "them"),
    };
    Err(Failure::new(
        &format!("{} {does} nothing in a plan for one table", idle.join(", ")),
        &format!("the direction is {}: the table that is read always wins", job.direction),
        &format!("add --direction both, or leave {them} out"),
    ))
}

/// Whether there is anything that a person has to do or decide.
pub fn is_done(file: &PlanFile) -> bool {
    let steps: u64 = file.sides.iter().map(|side| side.counts.total()).sum();
    steps + file.conflicts + file.undecided + file.misfits == 0
}

/// Runs the command.
pub fn run(args: &PlanArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let mut job = job(&args.left, args.right.as_ref(), &args.plan, &args.compare)?;
    job.job.reasons &= !args.no_reasons;
    job.job.reasons_time = args.reasons_time.or(job.job.reasons_time);
    let run = run_plan(&job, watch)?;
    watch.clear();
    let (file, folder) = (&run.plan.file, &run.plan.folder);
    write_file(&folder.join("audit.json"), &format!("{:#}\n", timed(audit_json(&run.audit, folder))))?;
    watch.note(&format!("kept in {}", folder.display()));
    match args.format {
        Format::Table => {
            let reasons = Reasons { found: &run.audit.reasons, folder: Some(folder), all: watch.verbose() };
            print(&plan_text(file, Some(folder), &sample_steps(&run.plan)?, &reasons, style()))?;
        }
        Format::Json => print_json(&plan_json(file, folder))?,
    }
    Ok(ExitCode::from(u8::from(!is_done(file))))
}
