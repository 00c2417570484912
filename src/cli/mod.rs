//! The person: arguments, one file per command, progress, and the one place that turns errors
//! into words and exit codes.

mod apply;
mod args;
mod audit;
mod defect;
mod error;
mod history;
mod init;
mod keys;
mod output;
mod pager;
mod plan;
mod report;
mod resolve;
mod show;
mod snapshot;
mod sync;
mod undo;
mod watch;

use clap::Parser;
use error::Kind;
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    output::begin();
    keep_private();
    let args = match args::Cli::try_parse() {
        Ok(args) => args,
        Err(usage) => return explain(&usage),
    };
    let watch = watch::TerminalWatch::new(args.verbosity());
    watch.listen_for_interrupts();
    watch::log(args.verbosity());
    let done = defect::caught(|| match &args.command {
        args::Command::Audit(command) => audit::run(command, &watch),
        args::Command::Plan(command) => plan::run(command, &watch),
        args::Command::Show(command) => show::run(command, &watch),
        args::Command::Apply(command) => apply::run(command, &watch),
        args::Command::Undo(command) => undo::run(command, &watch),
        args::Command::Resolve(command) => resolve::run(command, &watch),
        args::Command::Sync(command) => sync::run(command, &watch),
        args::Command::Report(command) => report::run(command, &watch),
        args::Command::Keys(command) => keys::run(command, &watch),
        args::Command::Snapshot(command) => snapshot::run(command, &watch),
        args::Command::History(command) => history::run(command, &watch),
        args::Command::Init(command) => init::run(command, &watch),
    });
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Whatever is made from now on is for its owner alone, whatever the umask was: runs, plans, bases and
/// temporary files have rows in them. A file that is written anew keeps the rights that it had.
fn keep_private() {
    #[cfg(unix)]
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
}

/// Says how the program is used; help and version are no errors.
fn explain(usage: &clap::Error) -> ExitCode {
    if !usage.use_stderr() {
        // Whether printing works makes no difference any more.
        let _ = usage.print();
        return ExitCode::SUCCESS;
    }
    let text = output::discreet(&usage.render().to_string());
    if output::wants_json() {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let what = lines.next().unwrap_or_default();
        let what = what.strip_prefix("error: ").unwrap_or(what);
        let told = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
        let why: Vec<&str> = lines.take_while(told).collect();
        output::print_failure(Kind::Usage, [what, &why.join("; "), "see `trueup --help`"]);
    }
    output::tell(text.trim_end());
    ExitCode::from(Kind::Usage.code())
}
