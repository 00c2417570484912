//! What to measure, from the environment.

use std::path::PathBuf;
use tempfile::TempDir;

/// How large the tables are and where things go.
pub struct Settings {
    /// Rows of a table in a database.
    pub rows: u64,
    /// Rows of a file.
    pub file_rows: u64,
    /// Rows of a table in PostgreSQL for the memory measurement; `None` leaves it out.
    pub large_rows: Option<u64>,
    /// Timed runs after the warm-up.
    pub runs: usize,
    /// Temporary files go below it.
    folder: Option<PathBuf>,
}

impl Settings {
    pub fn read() -> Result<Self, String> {
        let rows = number("TRUEUP_BENCH_ROWS", 2_000_000)?;
        let large = std::env::var_os("TRUEUP_BENCH_LARGE").is_some_and(|set| !set.is_empty() && set != "0");
        Ok(Self {
            rows,
            file_rows: number("TRUEUP_BENCH_FILE_ROWS", 5_000_000)?,
            large_rows: large.then_some(rows * 10),
            runs: number("TRUEUP_BENCH_RUNS", 3)?.max(1) as usize,
            folder: std::env::var_os("TRUEUP_BENCH_DIR").map(PathBuf::from),
        })
    }

    /// A new temporary folder, gone when dropped.
    pub fn temporary(&self) -> Result<TempDir, String> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("trueup-bench.");
        let made = match &self.folder {
            Some(folder) => builder.tempdir_in(folder),
            None => builder.tempdir(),
        };
        made.map_err(|e| format!("no temporary folder: {e}"))
    }

    /// What all figures depend on.
    pub fn machine(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        format!(
            "trueup {}, {cores} cores, load {load} before; seconds of {} runs after a warm-up",
            env!("CARGO_PKG_VERSION"),
            self.runs
        )
    }
}

fn number(name: &str, default: u64) -> Result<u64, String> {
    match std::env::var(name) {
        Ok(text) => {
            text.replace('_', "").parse().map_err(|_| format!("{name} is `{text}`, which is no number of rows"))
        }
        Err(_) => Ok(default),
    }
}
