//! Runs the program itself and checks that it found what there is.

use super::measure::{Ran, Times, run};
use super::rows::Differences;
use super::settings::Settings;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// An audit to be run several times.
pub struct Audits<'a> {
    settings: &'a Settings,
    args: Vec<String>,
    expected: Differences,
    /// The most memory of any run.
    pub peak: Option<u64>,
    best: Option<Ran>,
}

impl<'a> Audits<'a> {
    pub fn new(settings: &'a Settings, args: &[&str], expected: Differences) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { settings, args, expected, peak: None, best: None }
    }

    /// Audits, keeps nothing, and says how many seconds it took.
    pub fn once(&mut self) -> Result<f64, String> {
        let folder = self.settings.temporary()?;
        let ran = audit(self.settings, folder.path(), &self.args, self.expected)?;
        let seconds = ran.seconds;
        self.peak = self.peak.max(ran.peak);
        if self.best.as_ref().is_none_or(|best| seconds < best.seconds) {
            self.best = Some(ran);
        }
        Ok(seconds)
    }

    /// One line for the audit, and one per stage of its quickest run.
    pub fn print(&self, what: &str, times: &Times) {
        times.print(what);
        for stage in self.best.iter().flat_map(|ran| stages(&ran.stderr)) {
            println!("    {stage}");
        }
    }
}

/// Audits once, in an empty folder, and checks the result.
pub fn audit<A: AsRef<OsStr>>(
    settings: &Settings,
    folder: &Path,
    args: &[A],
    expected: Differences,
) -> Result<Ran, String> {
    let mut command = Command::new(settings.program());
    command.args(["-v", "audit", "--format", "json"]).args(args).current_dir(folder);
    let ran = run(&mut command)?;
    if ran.code != Some(1) {
        return Err(format!("trueup ended with {:?}: {}", ran.code, ran.stderr.trim()));
    }
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).map_err(|e| format!("trueup's output: {e}"))?;
    let number = |group: &str, name: &str| json[group][name].as_u64().unwrap_or(u64::MAX);
    let found = Differences {
        only_left: number("keys", "only_left"),
        only_right: number("keys", "only_right"),
        changed: number("rows", "changed"),
    };
    if found != expected {
        return Err(format!("trueup found {found:?}, but there are {expected:?}"));
    }
    Ok(ran)
}

/// The lines that give the seconds of a stage.
pub fn stages(stderr: &str) -> Vec<String> {
    stderr.lines().filter(|line| line.contains(" rows in ")).map(|line| line.trim().to_owned()).collect()
}
