//! `trueup undo PLAN`

use super::apply::{CarryArgs, confirm_putting_back, declined, report};
use super::error::Failure;
use super::watch::TerminalWatch;
use clap::Args;
use std::process::ExitCode;
use trueup::job::run_undo;
use trueup::plan::Plan;
use trueup::report::Carried;

/// Put back what applying a plan changed.
///
/// Only rows that applying this plan wrote, and that are still as it left them, are put back;
/// all others are left alone and listed in the plan's refused.parquet.
#[derive(Debug, Args)]
pub struct UndoArgs {
    #[command(flatten)]
    carry: CarryArgs,
}

/// Runs the command.
pub fn run(args: &UndoArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let plan = Plan::open(&args.carry.plan)?;
    let job = args.carry.job(Vec::new())?;
    let steps: u64 = plan.file.sides.iter().map(|side| side.counts.total()).sum();
    if steps > 0 && !args.carry.yes && !confirm_putting_back(&plan)? {
        return Err(declined());
    }
    watch.writing();
    let run = run_undo(&job, watch)?;
    watch.clear();
    report(&run, &plan, Carried::Undone, args.carry.format)
}
