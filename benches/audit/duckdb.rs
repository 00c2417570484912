//! DuckDB, through its Python package: writes the Parquet files, and is what audits of them are
//! measured against.

use super::measure::{Times, output, print_peak_of, run};
use super::rows::{COLUMNS, Differences};
use super::settings::Settings;
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = include_str!("duckdb.py");

/// A Python that has DuckDB.
pub struct DuckDb {
    python: PathBuf,
    /// Its version.
    pub version: String,
}

/// What a join took.
pub struct Joins {
    /// The query alone, in a process that has run it before.
    pub warm: Times,
    /// Everything from starting Python to its end, with one query.
    pub whole: Times,
    /// The most memory of a process with one query.
    pub peak: Option<u64>,
}

impl DuckDb {
    /// Finds one, or installs it for itself once.
    pub fn find() -> Result<Self, String> {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
            .ok_or("neither XDG_CACHE_HOME nor HOME is set")?;
        let own = cache.join("trueup/bench-venv");
        let own_python = own.join("bin/python");
        for python in [Path::new("python3"), &own_python] {
            if let Some(version) = version(python) {
                return Ok(Self { python: python.to_owned(), version });
            }
        }
        println!("  installing DuckDB into {}", own.display());
        output(Command::new("python3").args(["-m", "venv"]).arg(&own))?;
        output(Command::new(&own_python).args(["-m", "pip", "install", "--quiet", "duckdb"]))?;
        let version = version(&own_python).ok_or("DuckDB was installed, but does not start")?;
        Ok(Self { python: own_python, version })
    }

    fn script(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-c", SCRIPT]);
        command
    }

    /// Runs statements.
    pub fn write(&self, folder: &Path, statements: &[String]) -> Result<(), String> {
        output(self.script().arg("write").args(statements).current_dir(folder)).map(|_| ())
    }

    /// Joins the files that both globs name, and checks what it finds.
    pub fn join(
        &self,
        settings: &Settings,
        folder: &Path,
        files: [&str; 2],
        expected: Differences,
    ) -> Result<Joins, String> {
        let once = |runs: usize| {
            let mut command = self.script();
            command.arg("join").args(files).arg(runs.to_string()).args(COLUMNS).current_dir(folder);
            let ran = run(&mut command)?;
            let json: serde_json::Value =
                serde_json::from_str(&ran.stdout).map_err(|_| format!("DuckDB failed: {}", ran.stderr.trim()))?;
            let found = serde_json::json!([expected.only_left, expected.only_right, expected.changed]);
            if json["found"] != found {
                return Err(format!("DuckDB found {}, but there are {expected:?}", json["found"]));
            }
            let seconds: Vec<f64> =
                json["seconds"].as_array().into_iter().flatten().filter_map(|s| s.as_f64()).collect();
            Ok((ran, seconds))
        };
        let (_, seconds) = once(settings.runs + 1)?;
        let mut peak = None;
        let whole = Times::take(settings.runs, || {
            let (ran, _) = once(1)?;
            peak = peak.max(ran.peak);
            Ok(ran.seconds)
        })?;
        Ok(Joins { warm: Times::new(seconds[1..].to_vec()), whole, peak })
    }
}

impl Joins {
    /// Three lines.
    pub fn print(&self) {
        self.warm.print("DuckDB, the query");
        self.whole.print("DuckDB, the whole process");
        print_peak_of("DuckDB", self.peak);
    }
}

fn version(python: &Path) -> Option<String> {
    let code = "import duckdb; print(duckdb.__version__)";
    output(Command::new(python).args(["-c", code])).ok().map(|text| text.trim().to_owned())
}
