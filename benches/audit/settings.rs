//! What to measure, from the environment.

use std::path::{Path, PathBuf};
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
    /// A copy of the program, as a build meanwhile would put another one in its place.
    program: PathBuf,
    /// Where that is.
    _program_folder: TempDir,
}

impl Settings {
    pub fn read() -> Result<Self, String> {
        let rows = number("TRUEUP_BENCH_ROWS", 2_000_000)?;
        let large = std::env::var_os("TRUEUP_BENCH_LARGE").is_some_and(|set| !set.is_empty() && set != "0");
        let folder = std::env::var_os("TRUEUP_BENCH_DIR").map(PathBuf::from);
        let program_folder = temporary(folder.as_deref())?;
        let program = program_folder.path().join("trueup");
        let built = std::env::var_os("TRUEUP_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_trueup").into());
        std::fs::copy(&built, &program).map_err(|e| format!("{} can't be copied: {e}", built.display()))?;
        Ok(Self {
            rows,
            file_rows: number("TRUEUP_BENCH_FILE_ROWS", 5_000_000)?,
            large_rows: large.then_some(rows * 10),
            runs: number("TRUEUP_BENCH_RUNS", 3)?.max(1) as usize,
            folder,
            program,
            _program_folder: program_folder,
        })
    }

    /// A new temporary folder, gone when dropped.
    pub fn temporary(&self) -> Result<TempDir, String> {
        temporary(self.folder.as_deref())
    }

    /// The program to measure.
    pub fn program(&self) -> &Path {
        &self.program
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

fn temporary(folder: Option<&Path>) -> Result<TempDir, String> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("trueup-bench.");
    let made = match folder {
        Some(folder) => builder.tempdir_in(folder),
        None => builder.tempdir(),
    };
    made.map_err(|e| format!("no temporary folder: {e}"))
}
