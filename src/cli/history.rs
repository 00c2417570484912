//! `trueup history install|status|clear|remove TABLE`

use super::args::Format;
use super::error::Failure;
use super::output::{print, print_json, style};
use super::snapshot::key_names;
use super::watch::TerminalWatch;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;
use trueup::endpoint::Address;
use trueup::job::{Forget, HistoryError, clear_history, history_status, install_history, remove_history};
use trueup::report::{
    history_cleared_json, history_cleared_text, history_installed_json, history_installed_text, history_removed_json,
    history_removed_text, history_status_json, history_status_text,
};

/// Change tracking by triggers in the database itself.
///
/// The triggers write down which row was created, changed or deleted, and when, in a table
/// `trueup_history` beside the table. With that a two-way sync knows who was last, and reads only what
/// changed.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Make the triggers; done twice, nothing changes
    Install(InstallArgs),
    /// What there is, and whether the triggers still fit the table
    Status(TableArgs),
    /// Forget what the last sync has seen, or all
    Clear(ClearArgs),
    /// Take the triggers away, and what was written down
    Remove(TableArgs),
}

#[derive(Debug, Args)]
struct TableArgs {
    /// The table's address
    table: String,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct InstallArgs {
    #[command(flatten)]
    table: TableArgs,
    /// The columns that say which row it is [default: the primary key]
    #[arg(long, value_name = "A[,B]")]
    key: Vec<String>,
}

#[derive(Debug, Args)]
struct ClearArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Forget everything: the next two-way sync reads both tables as a whole
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Where the base of the two-way sync is kept [default: all in
    /// $XDG_STATE_HOME/trueup, else ~/.local/state/trueup]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl TableArgs {
    fn address(&self) -> Result<Address, HistoryError> {
        Ok(Address::parse(&self.table, &|name| std::env::var(name).ok())?)
    }

    fn print(&self, text: String, json: Value) -> Result<(), Failure> {
        match self.format {
            Format::Table => print(&text),
            Format::Json => print_json(&json),
        }
    }
}

/// Runs the command.
pub fn run(args: &HistoryArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    watch.clear();
    match &args.command {
        HistoryCommand::Install(args) => install(args),
        HistoryCommand::Status(args) => status(args),
        HistoryCommand::Clear(args) => clear(args, watch),
        HistoryCommand::Remove(args) => remove(args),
    }
}

fn install(args: &InstallArgs) -> Result<ExitCode, Failure> {
    let address = args.table.address()?;
    let done = install_history(&address, &key_names(&args.key)?)?;
    let shown = address.to_string();
    args.table.print(history_installed_text(&shown, &done, style()), history_installed_json(&shown, &done))?;
    Ok(ExitCode::SUCCESS)
}

fn status(args: &TableArgs) -> Result<ExitCode, Failure> {
    let address = args.address()?;
    let status = history_status(&address)?;
    let (shown, status) = (address.to_string(), status.as_ref());
    args.print(history_status_text(&shown, status, style()), history_status_json(&shown, status))?;
    let fits = status.is_some_and(|status| status.misfits.is_empty());
    Ok(if fits { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn clear(args: &ClearArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let address = args.table.address()?;
    let forget = if args.all { Forget::All } else { Forget::Seen(args.state.clone()) };
    let rows = clear_history(&address, &forget, watch)?;
    let shown = address.to_string();
    let text = history_cleared_text(&shown, rows, &forget, style());
    args.table.print(text, history_cleared_json(&shown, rows, &forget))?;
    Ok(ExitCode::SUCCESS)
}

fn remove(args: &TableArgs) -> Result<ExitCode, Failure> {
    let address = args.address()?;
    let there = remove_history(&address)?;
    let shown = address.to_string();
    args.print(history_removed_text(&shown, there, style()), history_removed_json(&shown, there))?;
    Ok(ExitCode::SUCCESS)
}
