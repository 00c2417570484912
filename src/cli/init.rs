//! `trueup init LEFT RIGHT`

use super::args::CompareArgs;
use super::error::Failure;
use super::output::{print, write_file};
use super::watch::TerminalWatch;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use trueup::endpoint::Address;
use trueup::job::{JobSpec, job_template};

/// Write a commented job file with the mapping and key found.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The left table's address
    left: String,
    /// The right table's address
    right: String,
    #[command(flatten)]
    compare: CompareArgs,
    /// The job file to write; it must not exist yet [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &InitArgs, _: &TerminalWatch) -> Result<ExitCode, Failure> {
    let spec = JobSpec { left: Some(args.left.clone()), right: Some(args.right.clone()), ..args.compare.spec() };
    let job = spec.resolve()?;
    let typed = |text: &str| Address::kept(text, &|name| std::env::var(name).ok());
    let text = job_template(&job, &typed(&args.left), &typed(&args.right))?;
    match &args.file {
        None => print(&text)?,
        Some(path) if path.exists() => {
            return Err(Failure::usage(&format!("{} exists already; choose another name", path.display())));
        }
        Some(path) => write_file(path, &text)?,
    }
    Ok(ExitCode::SUCCESS)
}
