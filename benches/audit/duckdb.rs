//! DuckDB, through its Python package: writes the Parquet files, and is what audits of them are
//! measured against.

use super::measure::{Ran, output, run};
use super::rows::{COLUMNS, Differences};
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = include_str!("duckdb.py");

/// A Python that has DuckDB.
pub struct DuckDb {
    python: PathBuf,
    /// Its version.
    pub version: String,
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

    /// Joins the files that both globs name, in a process of its own, once to warm up and once
    /// for real if `warm`, else only once. Checks what it finds.
    fn join(&self, files: [&str; 2], warm: bool, expected: Differences) -> Result<(Ran, f64), String> {
        let mut command = self.script();
        command.arg("join").args(files).arg(if warm { "2" } else { "1" }).args(COLUMNS);
        let ran = run(&mut command)?;
        let json: serde_json::Value =
            serde_json::from_str(&ran.stdout).map_err(|_| format!("DuckDB failed: {}", ran.stderr.trim()))?;
        let found = serde_json::json!([expected.only_left, expected.only_right, expected.changed]);
        if json["found"] != found {
            return Err(format!("DuckDB found {}, but there are {expected:?}", json["found"]));
        }
        let last = json["seconds"].as_array().and_then(|all| all.last()?.as_f64());
        last.map(|seconds| (ran, seconds)).ok_or_else(|| "DuckDB gave no time".to_owned())
    }
}

/// A join to be run several times.
pub struct Joins<'a> {
    duckdb: &'a DuckDb,
    files: [&'a str; 2],
    expected: Differences,
    /// The most memory of a process with one query.
    pub peak: Option<u64>,
}

impl<'a> Joins<'a> {
    pub fn new(duckdb: &'a DuckDb, files: [&'a str; 2], expected: Differences) -> Self {
        Self { duckdb, files, expected, peak: None }
    }

    /// The seconds of the query alone, in a process that has run it once before.
    pub fn query(&self) -> Result<f64, String> {
        self.duckdb.join(self.files, true, self.expected).map(|(_, seconds)| seconds)
    }

    /// The seconds from starting Python to its end, with one query.
    pub fn whole(&mut self) -> Result<f64, String> {
        let (ran, _) = self.duckdb.join(self.files, false, self.expected)?;
        self.peak = self.peak.max(ran.peak);
        Ok(ran.seconds)
    }
}

fn version(python: &Path) -> Option<String> {
    let code = "import duckdb; print(duckdb.__version__)";
    output(Command::new(python).args(["-c", code])).ok().map(|text| text.trim().to_owned())
}
