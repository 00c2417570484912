//! Runs the program itself and checks that it found what there is.

use super::measure::{Ran, Times, run};
use super::rows::Differences;
use super::settings::Settings;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Several runs of the same audit.
pub struct Audits {
    pub times: Times,
    /// The most memory of any run.
    pub peak: Option<u64>,
    stages: Vec<String>,
}

impl Audits {
    /// One line for the audit, and one per stage of its quickest run.
    pub fn print(&self, what: &str) {
        self.times.print(what);
        for stage in &self.stages {
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

/// Audits again and again, keeping nothing.
pub fn audits<A: AsRef<OsStr>>(settings: &Settings, args: &[A], expected: Differences) -> Result<Audits, String> {
    let mut peak = None;
    let mut best: Option<Ran> = None;
    let times = Times::take(settings.runs, || {
        let folder = settings.temporary()?;
        let ran = audit(settings, folder.path(), args, expected)?;
        let seconds = ran.seconds;
        peak = peak.max(ran.peak);
        if best.as_ref().is_none_or(|best| seconds < best.seconds) {
            best = Some(ran);
        }
        Ok(seconds)
    })?;
    let stages = best.map(|ran| stages(&ran.stderr)).unwrap_or_default();
    Ok(Audits { times, peak, stages })
}

/// The lines that give the seconds of a stage.
pub fn stages(stderr: &str) -> Vec<String> {
    stderr.lines().filter(|line| line.contains(" rows in ")).map(|line| line.trim().to_owned()).collect()
}
