//! `trueup report RUN|PLAN --out report.html`

use super::error::Failure;
use super::watch::TerminalWatch;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trueup::job::{Finished, FinishedError, Watch};
use trueup::report::{PageError, PageModel, PageOptions, page_html};

/// One HTML page of a run or plan, to send, read and print.
///
/// The file needs nothing beside it and no network. It says why the tables differ, shows the numbers as
/// charts, and has tables of all rows that differ, with search, sort and filters.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of an audit or a plan
    #[arg(value_name = "RUN|PLAN")]
    folder: PathBuf,
    /// Where the page goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Keep the values of a column out of the page, by its name on either side; repeat
    #[arg(long, value_name = "COL")]
    mask: Vec<String>,
    /// Rows of each table to put on the page
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    rows: usize,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: &ReportArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let out = args.out.display();
    if args.out.is_dir() {
        return Err(Failure::new(&format!("{out} is a folder"), "", "name a file with --out, as in report.html"));
    }
    if args.out.exists() && !args.force {
        return Err(Failure::new(
            &format!("{out} exists already"),
            "",
            "name another file, or replace it with --force",
        ));
    }
    let finished = Finished::open(&args.folder)?;
    let progress = watch.stage("writing the page");
    let options = PageOptions { mask: args.mask.clone(), rows: args.rows.max(1) };
    let html = page_html(&PageModel::new(&finished, &options, &watch.interrupt())?);
    drop(progress);
    write(&args.out, &html)?;
    watch.clear();
    watch.note(&format!("written to {out}, {} bytes", trueup::audit::thousands(html.len() as u64)));
    Ok(ExitCode::SUCCESS)
}

/// Writes the page whole or not at all, and touches no other file on the way.
fn write(path: &Path, html: &str) -> Result<(), Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    std::fs::write(&temporary, html).and_then(|()| std::fs::rename(&temporary, path)).map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        Failure::new(&format!("can't write {}", path.display()), &e.to_string(), "choose another place with --out")
    })
}

impl From<FinishedError> for Failure {
    fn from(error: FinishedError) -> Self {
        match error {
            FinishedError::Kept(error) => error.into(),
            FinishedError::Plan(error) => error.into(),
        }
    }
}

impl From<PageError> for Failure {
    fn from(error: PageError) -> Self {
        match error {
            PageError::UnknownColumn { name, suggestion } => Self::new(
                &format!("no table has a column `{name}`"),
                "nothing is written, so that nothing is shown that was to be masked",
                &match suggestion {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "check the name; upper and lower case count".to_owned(),
                },
            ),
            PageError::Snapshot(error) => error.into(),
            PageError::Plan(error) => error.into(),
            PageError::Interrupted => trueup::job::RunError::Interrupted.into(),
        }
    }
}
