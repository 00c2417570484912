//! The road of an audit: describe, align, freeze, choose the key, compare, account.

use super::choose::{Choice, claimed, claims, counted};
use super::error::RunError;
use super::indexes::indexes;
use super::kept::{Making, keep};
use super::pending::{Durable, Pending};
use super::read_pairs::ReadPairs;
use super::side::{Job, Table, Watch};
use super::side_plan::SidePlan;
use super::unlike::explained;
use crate::audit::{Audit, Deadline, Evidence, Found, Survey, Unpaired, Verdict, proposals, reasons, sampled_rows};
use crate::compare::{CompareOptions, Differences, Side, compare_all};
use crate::snapshot::{Index, Recipe, Snapshot};
use crate::table::{AlignOptions, Alignment, Key, rename_key};
use chrono::Utc;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many samples of each kind an audit keeps.
pub(super) const SAMPLES: usize = 5;

/// A finished audit and where it is kept.
pub struct AuditRun {
    /// The result.
    pub audit: Audit,
    /// The folder with the snapshots.
    pub folder: PathBuf,
}

/// Both sides at the same time.
pub(super) fn both<T: Send>(
    left: impl FnOnce() -> Result<T, RunError> + Send,
    right: impl FnOnce() -> Result<T, RunError> + Send,
) -> Result<[T; 2], RunError> {
    let (left, right) = beside(left, right);
    Ok([left?, right?])
}

/// Two things at the same time, of which at least one waits more than it works.
pub(super) fn beside<A, B: Send>(one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        (one(), other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Audits two tables.
///
/// # Errors
/// If anything on the way fails; nothing is left behind then.
pub fn run_audit(job: &Job, watch: &dyn Watch) -> Result<AuditRun, RunError> {
    let compared = compare_tables(job, watch)?;
    std::fs::remove_dir_all(compared.pending.temporary.join("work")).ok();
    let folder = compared.pending.keep(Durable::No)?;
    Ok(AuditRun { audit: compared.audit, folder })
}

/// Two tables, frozen and compared.
pub(super) struct Compared {
    /// Where the run is kept, once it is complete.
    pub(super) pending: Pending,
    /// Left and right.
    pub(super) frozen: [Snapshot; 2],
    pub(super) alignment: Alignment,
    pub(super) key: Key,
    pub(super) audit: Audit,
    /// All that differs.
    pub(super) differences: Differences,
    pub(super) indexes: [Index; 2],
}

/// The road up to the comparison and the reasons, all of which is kept.
pub(super) fn compare_tables(job: &Job, watch: &dyn Watch) -> Result<Compared, RunError> {
    let (started, clock) = (Utc::now(), Instant::now());
    let pending = Pending::new(job.out.as_deref())?;
    let tables = both(|| Table::open(&job.left), || Table::open(&job.right))?;
    let options = with_key_names(&job.options, &tables);
    let mut alignment = Alignment::new(tables[0].info(), tables[1].info(), &options)
        .map_err(|error| explained(error, job, watch, &tables, &pending))?;
    let claims = claims(&alignment, &tables, &options.key)?;
    let certain = if let [key] = claims.as_slice() { Some(key.clone()) } else { None };

    let sides = SidePlan::both(job, watch, &tables, &claims);
    let recipes = certain.as_ref().map(|key| Recipe::of(&alignment, key));
    let recipe = |at: usize| recipes.as_ref().map(|recipes| &recipes[at]);
    let mut frozen =
        both(|| sides[0].freeze(&alignment, recipe(0), &pending), || sides[1].freeze(&alignment, recipe(1), &pending))?;
    let Choice { key, why, notes } = match certain {
        Some(key) => claimed(key, &alignment, &tables),
        None => {
            let _progress = watch.stage("choosing the key");
            let read = ReadPairs::of(&alignment, [&frozen[0].parts, &frozen[1].parts]);
            let survey = Survey {
                sides: [&frozen[0].parts, &frozen[1].parts],
                tables: [tables[0].info(), tables[1].info()],
                alignment: &read.alignment,
                folder: &pending.folder("work/keys")?,
                memory: job.memory,
                interrupt: watch.interrupt(),
            };
            let choice = counted(&survey, claims.iter().filter_map(|key| read.key(key)).collect())?;
            Choice { key: read.key_of_all(&choice.key), ..choice }
        }
    };
    alignment.warnings.extend(notes);
    let recipes = Recipe::of(&alignment, &key);
    let indexes = indexes(&sides, &mut frozen, &recipes, &pending)?;

    let progress = watch.stage("comparing");
    let options = CompareOptions {
        memory: job.memory,
        samples: SAMPLES,
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let mut compared = compare_frozen(job, pending, frozen, indexes, alignment, key, why, &options)?;
    drop(progress);
    if job.reasons && compared.audit.verdict == Verdict::Differ {
        let deadline = Deadline::after(job.reasons_time.unwrap_or_else(|| reasons_time(clock.elapsed())));
        let looked = Instant::now();
        let found = look_for_reasons(job, watch, &compared, deadline)?;
        compared.audit.explain(found, looked.elapsed());
    }
    if job.reasons {
        let Compared { frozen, indexes, alignment, key, .. } = &compared;
        compared.audit.proposals = proposals(&Unpaired {
            parts: [&frozen[0].parts, &frozen[1].parts],
            indexes: [&indexes[0], &indexes[1]],
            tables: [&frozen[0].manifest.table, &frozen[1].manifest.table],
            alignment,
            key,
            chosen: job.where_left.is_some() || job.where_right.is_some(),
            interrupt: watch.interrupt(),
        })?;
    }
    let Compared { pending, frozen, key, audit, differences, indexes, .. } = &compared;
    let making = Making { job, started, frozen, indexes, key, audit, differences, interrupt: watch.interrupt() };
    keep(&making, &pending.temporary)?;
    Ok(compared)
}

/// How long reasons may be looked for after a run has taken so long: no longer than that and a second,
/// less what goes by until the end of the time is noticed.
fn reasons_time(so_far: Duration) -> Duration {
    so_far * 4 / 5 + Duration::from_millis(700)
}

fn look_for_reasons(job: &Job, watch: &dyn Watch, compared: &Compared, deadline: Deadline) -> Result<Found, RunError> {
    let _progress = watch.stage("looking for reasons");
    let Compared { frozen, indexes, alignment, key, audit, differences, .. } = compared;
    // Columns that were left out were not read.
    let read = ReadPairs::of(alignment, [&frozen[0].parts, &frozen[1].parts]);
    let Some(key) = read.key(key) else { return Ok(Found::default()) };
    // The rows that are looked at again and again: those that differ, and a sample of all.
    let at_hand = |at: usize| {
        let parts = &frozen[at].parts;
        let rows = || {
            let mut rows = differences.rows(at);
            rows.extend(sampled_rows(parts, job.memory));
            rows.sort_unstable();
            rows.dedup();
            rows
        };
        parts.at_hand(rows, job.memory / 8, &watch.interrupt())
    };
    let (left, right) = rayon::join(|| at_hand(0), || at_hand(1));
    let (left, right) = (left?, right?);
    Ok(reasons(&Evidence {
        parts: [&left, &right],
        indexes: [&indexes[0], &indexes[1]],
        tables: [&frozen[0].manifest.table, &frozen[1].manifest.table],
        alignment: &read.alignment,
        key: &key,
        differences,
        counts: audit.sides.each_ref().map(|side| side.counts),
        memory: job.memory,
        interrupt: watch.interrupt(),
        deadline,
    })?)
}

/// Compares two frozen tables; `why` says why the key is the key.
#[allow(clippy::too_many_arguments)]
pub(super) fn compare_frozen(
    job: &Job,
    pending: Pending,
    frozen: [Snapshot; 2],
    indexes: [Index; 2],
    alignment: Alignment,
    key: Key,
    why: String,
    options: &CompareOptions<'_>,
) -> Result<Compared, RunError> {
    let side = |at: usize| Side { parts: &frozen[at].parts, index: &indexes[at] };
    let (mut comparison, mut differences) = compare_all(side(0), side(1), &alignment, &key, options)?;
    let restricted = frozen.each_ref().map(|snapshot| snapshot.manifest.table.restricted);
    comparison.hide(restricted);
    differences.hide(restricted);
    let mut audit = Audit::new(
        [&frozen[0], &frozen[1]],
        [job.left.to_string(), job.right.to_string()],
        [job.where_left.clone(), job.where_right.clone()],
        &alignment,
        &key,
        why,
        comparison,
    );
    audit.allow_nothing = job.allow_nothing;
    Ok(Compared { pending, frozen, alignment, key, audit, differences, indexes })
}

/// `--key name` means the column of that name on both sides, also where the right one is spelled
/// with other case or underscores, or mapped.
pub(super) fn with_key_names(options: &AlignOptions, tables: &[Table; 2]) -> AlignOptions {
    let mut options = options.clone();
    for (left, right) in &mut options.key {
        if left == right {
            let mapped = options.map.iter().find(|(l, _)| l == left).map(|(_, r)| r.clone());
            *right = mapped.unwrap_or_else(|| rename_key(left, tables[1].info()));
            if tables[0].info().position(left).is_none() {
                *left = rename_key(left, tables[0].info());
            }
        }
    }
    options
}
