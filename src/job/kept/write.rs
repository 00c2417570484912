//! Keeps a run.

use super::file::{KeptFile, KeptSide, RunFile, VERSION};
use super::list;
use super::repeated::repeated;
use crate::audit::Audit;
use crate::compare::Differences;
use crate::endpoint::Interrupt;
use crate::job::error::RunError;
use crate::job::side::Job;
use crate::snapshot::{Index, Manifest, PartSource, Snapshot, SnapshotError};
use crate::table::{Key, spelled, spelled_pair};
use chrono::{DateTime, SecondsFormat, Utc};
use std::fs::Metadata;
use std::path::Path;

/// A run to be kept.
pub(in crate::job) struct Making<'a> {
    pub(in crate::job) job: &'a Job,
    pub(in crate::job) started: DateTime<Utc>,
    pub(in crate::job) frozen: &'a [Snapshot; 2],
    pub(in crate::job) indexes: &'a [Index; 2],
    pub(in crate::job) key: &'a Key,
    pub(in crate::job) audit: &'a Audit,
    pub(in crate::job) differences: &'a Differences,
    pub(in crate::job) interrupt: Interrupt,
}

/// Writes the files of a run into its folder.
///
/// # Errors
/// If a file can't be written or read, or the person interrupts.
pub(in crate::job) fn keep(making: &Making<'_>, folder: &Path) -> Result<(), RunError> {
    let Making { job, frozen, indexes, audit, .. } = making;
    let counts = audit.sides.each_ref().map(|side| side.counts);
    let repeated = repeated([&indexes[0], &indexes[1]], counts, &making.interrupt)?;
    let file = RunFile {
        version: VERSION,
        written_by: concat!("trueup ", env!("CARGO_PKG_VERSION")).to_owned(),
        started_at: making.started.to_rfc3339_opts(SecondsFormat::Millis, true),
        finished_at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        options: options(job),
        sides: [kept_side(&frozen[0], folder)?, kept_side(&frozen[1], folder)?],
        key: making.key.pairs.clone(),
        differences: list::write(folder, making.differences, &repeated)?,
        reasons: job.reasons,
        audit: (*audit).clone(),
    };
    file.write(folder).map_err(|(path, why)| RunError::Output { path, why })
}

fn kept_side(snapshot: &Snapshot, folder: &Path) -> Result<KeptSide, SnapshotError> {
    let files = snapshot.parts.sources().map(|source| kept_file(source, folder)).collect::<Result<_, _>>()?;
    // A manifest tells of files below its own folder; which those are, stands beside it.
    let manifest = Manifest { rows: snapshot.parts.rows(), ..snapshot.manifest.clone() };
    Ok(KeptSide { files, manifest })
}

fn kept_file(source: &PartSource, folder: &Path) -> Result<KeptFile, SnapshotError> {
    let path = source.path.as_path();
    let found = std::fs::metadata(path).map_err(|e| SnapshotError::read(path, e))?;
    let (path, modified) = match path.strip_prefix(folder) {
        // Copied to another place, the run is still what it was.
        Ok(own) => (own.to_owned(), None),
        Err(_) => (std::path::absolute(path).map_err(|e| SnapshotError::read(path, e))?, modified(&found)),
    };
    let path = path.to_string_lossy().into_owned();
    Ok(KeptFile { path, bytes: found.len(), modified, constants: source.constants.clone() })
}

/// When a file was last changed, where the system tells.
pub(super) fn modified(file: &Metadata) -> Option<String> {
    let time = DateTime::<Utc>::from(file.modified().ok()?);
    Some(time.to_rfc3339_opts(SecondsFormat::Nanos, true))
}

/// What a job says of columns, as options of the command line.
fn options(job: &Job) -> Vec<String> {
    let said = &job.options;
    let pair = |option: &str, (left, right): &(String, String)| format!("{option} {}", spelled_pair(left, right));
    let list = |option: &str, names: &[String]| {
        let names: Vec<_> = names.iter().map(|name| spelled(name)).collect();
        (!names.is_empty()).then(|| format!("{option} {}", names.join(",")))
    };
    let mut out: Vec<String> = said.key.iter().map(|key| pair("--key", key)).collect();
    out.extend(said.map.iter().map(|map| pair("--map", map)));
    out.extend(list("--columns", &said.columns));
    out.extend(list("--ignore", &said.ignore));
    out.extend(said.rules.iter().map(|(column, rules)| {
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        format!("--compare {}={}", spelled(column), rules.join(","))
    }));
    out.extend(said.exact.then(|| "--exact".to_owned()));
    out.extend(job.allow_nothing.then(|| "--allow-nothing".to_owned()));
    let flags = [(job.reading.visible_rows, "--visible-rows"), (job.reading.respect_limits, "--respect-limits")];
    out.extend(flags.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag.to_owned()));
    out.extend(said.zone.iter().map(|zone| format!("--time-zone {zone}")));
    out
}
