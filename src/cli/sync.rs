//! `trueup sync LEFT RIGHT | JOB.toml`

use super::apply::{confirm_writing, refusals};
use super::args::{CompareArgs, Format, PlanOptions, WriteArgs};
use super::error::Failure;
use super::output::{print, print_json, style};
use super::plan::job;
use super::watch::TerminalWatch;
use clap::Args;
use std::io::IsTerminal;
use std::process::ExitCode;
use trueup::apply::ApplyError;
use trueup::job::{Consent, SyncJob, Watch, run_sync};
use trueup::plan::Plan;
use trueup::report::{sync_is_done, sync_json, sync_text};

/// Plan, apply and verify in one go, within limits; for schedulers.
///
/// Asks before it writes where stdin and stderr are terminals, unless --yes, --format json or --quiet says
/// that nobody is there. Nothing is written without a question if more than 10% of a table's rows and more
/// than 20 would be deleted, or all of them, or the source has no rows: --max-deletes and
/// --allow-empty-source say that it is meant.
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
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
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
    let ask = |plan: &Plan, beyond: Option<&ApplyError>| {
        watch.clear();
        watch.note(&format!("look at it with `trueup show {}`", plan.folder.display()));
        let beyond = beyond.map(ToString::to_string);
        confirm_writing(plan, &[], beyond.as_deref()).unwrap_or(false)
    };
    let silent = args.yes || args.format == Format::Json || watch.is_quiet();
    let asks = !silent && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    watch.writing();
    let run = run_sync(&job, asks.then_some(&ask as &Consent<'_>), watch)?;
    watch.clear();
    watch.note(&format!("kept in {}", run.plan.folder.display()));
    match args.format {
        Format::Table => print(&sync_text(&run, &refusals(&run.apply), style()))?,
        // One line, also on a terminal: that is what a scheduler keeps.
        Format::Json => print_json(&sync_json(&run))?,
    }
    Ok(ExitCode::from(u8::from(!sync_is_done(&run))))
}
