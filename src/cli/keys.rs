//! `trueup keys TABLE [TABLE]`

use super::args::{Format, ReadingArgs};
use super::error::Failure;
use super::output::{print, print_json, style};
use super::watch::TerminalWatch;
use clap::Args;
use std::process::ExitCode;
use trueup::job::{CountedKeys, JobSpec, Watch, run_keys};
use trueup::report::{keys_json, keys_table};

/// Which columns identify a row? Candidates with their distinct counts.
///
/// With two tables, also how many distinct values are on both sides.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// A table's address
    table: String,
    /// The other table's address
    other: Option<String>,
    /// A column with another name on the right; repeat
    #[arg(long, value_name = "L=R")]
    map: Vec<String>,
    /// Only rows that satisfy this condition
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Bound on the memory used
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &KeysArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let job = args
        .reading
        .spec(JobSpec {
            left: Some(args.table.clone()),
            right: Some(args.other.clone().unwrap_or_else(|| args.table.clone())),
            map: args.map.clone(),
            filter: args.filter.clone(),
            memory: args.memory.clone(),
            ..JobSpec::default()
        })
        .resolve()?;
    let CountedKeys { alignment, columns, best, notes } = run_keys(&job, watch)?;
    watch.clear();
    if args.format == Format::Json {
        print_json(&keys_json(&columns, &alignment, best.as_ref()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let two = args.other.is_some();
    let mut shown = columns;
    if let Some(several) = best.as_ref().filter(|best| best.pairs.len() > 1) {
        shown.insert(0, several.clone());
    }
    print(&format!("{}\n", keys_table(&shown, &alignment, two, style()).trim_fmt()))?;
    if best.is_none() {
        print("No column, and no two or three together, are unique and never NULL.\n")?;
    }
    notes.iter().for_each(|note| watch.note(note));
    Ok(ExitCode::SUCCESS)
}
