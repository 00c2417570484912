//! `trueup sync LEFT RIGHT | JOB.toml`

use super::apply::refusals;
use super::args::{CompareArgs, Format, PlanOptions, WriteArgs};
use super::error::Failure;
use super::output::{print, print_json, style};
use super::plan::job;
use super::watch::TerminalWatch;
use clap::Args;
use std::process::ExitCode;
use trueup::job::{SyncJob, Watch, run_sync};
use trueup::report::{sync_is_done, sync_json, sync_text};

/// Plan, apply and verify in one go, within limits; for schedulers.
///
/// Never asks. Deletes are limited to 10% of the table's rows unless --max-deletes says otherwise,
/// and an empty source deletes nothing unless that is allowed.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// The left table's address, or a job file
    #[arg(value_name = "LEFT|JOB.toml")]
    left: String,
    /// The right table's address
    right: Option<String>,
    #[command(flatten)]
    plan: PlanOptions,
    #[command(flatten)]
    compare: CompareArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Allow deletes although the source has no rows
    #[arg(long)]
    allow_empty_source: bool,
    /// How the result is printed: for a person, or as one line of JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &SyncArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let job = SyncJob {
        plan: job(&args.left, args.right.as_ref(), &args.plan, &args.compare)?,
        chunk: args.write.chunk,
        pause: args.write.pause,
        lock_timeout: args.write.lock_timeout,
        allow_empty_source: args.allow_empty_source,
    };
    watch.writing();
    let run = run_sync(&job, watch)?;
    watch.clear();
    watch.note(&format!("kept in {}", run.plan.folder.display()));
    match args.format {
        Format::Table => print(&sync_text(&run, &refusals(&run.apply), style()))?,
        // One line, also on a terminal: that is what a scheduler keeps.
        Format::Json => print_json(&sync_json(&run))?,
    }
    Ok(ExitCode::from(u8::from(!sync_is_done(&run))))
}
