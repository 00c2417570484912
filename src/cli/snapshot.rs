//! `trueup snapshot TABLE --out DIR`

use super::args::{Format, ReadingArgs};
use super::error::Failure;
use super::output::{print, print_json};
use super::watch::TerminalWatch;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use trueup::audit::thousands;
use trueup::endpoint::Address;
use trueup::job::{JobError, Watch, run_snapshot};
use trueup::table::typed_names;

/// Freeze a table as Parquet.
///
/// The folder can be compared later without the database, and opened with any tool that reads
/// Parquet (its rows are in rows-*.parquet).
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// The table's address
    table: String,
    /// The folder to write; it must not exist yet, or be empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A key column [default: the primary key]; repeat for a composite key
    #[arg(long, value_name = "COL")]
    key: Vec<String>,
    /// Only rows that satisfy this condition
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Streams to read at once
    #[arg(long, value_name = "N", default_value_t = 2)]
    streams: usize,
    #[command(flatten)]
    reading: ReadingArgs,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The names of key columns, each text with one or more.
pub fn key_names(texts: &[String]) -> Result<Vec<String>, Failure> {
    let read = |text: &String| typed_names(text).map_err(|error| Failure::from(JobError::from(error)));
    Ok(texts.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Runs the command.
pub fn run(args: &SnapshotArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let address = Address::parse(&args.table, &|name| std::env::var(name).ok()).map_err(JobError::from)?;
    let address = address.read_as(args.reading.reading());
    let streams = args.streams.clamp(1, 64);
    let (folder, snapshot) =
        run_snapshot(&address, args.filter.as_deref(), &key_names(&args.key)?, streams, &args.out, watch)?;
    watch.clear();
    let manifest = &snapshot.manifest;
    for note in &manifest.table.notes {
        watch.note(note);
    }
    if manifest.table.restricted {
        watch.note("only rows that policies let this user see are in it; what is not may be there all the same");
    }
    match args.format {
        Format::Table => print(&format!(
            "{} rows of {} are in {} ({})\n",
            thousands(manifest.rows),
            manifest.address,
            folder.display(),
            manifest.consistency
        ))?,
        Format::Json => print_json(&json!({
            "version": 1,
            "address": manifest.address,
            "rows": manifest.rows,
            "out": folder.display().to_string(),
            "consistency": manifest.consistency,
        }))?,
    }
    Ok(ExitCode::SUCCESS)
}
