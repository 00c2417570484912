//! The road of an audit: describe, align, freeze, choose the key, compare, account.

use super::error::RunError;
use super::side::{Job, Table, Watch};
use crate::audit::{Audit, Candidate, Shortlist, Survey, infer};
use crate::compare::{CompareOptions, Side, compare};
use crate::endpoint::{Address, ExportRequest};
use crate::snapshot::{FreezeOptions, IndexFiles, Recipe, RowFilter, Snapshot, freeze, freeze_parts, index_parts};
use crate::table::{AlignOptions, Alignment, Column, Key, KeyChoice, rename_key};
use std::path::{Path, PathBuf};

/// How many samples of each kind an audit keeps.
const SAMPLES: usize = 5;

/// A finished audit and where it is kept.
pub struct AuditRun {
    /// The result.
    pub audit: Audit,
    /// The folder with the snapshots.
    pub folder: PathBuf,
}

/// A folder that is there only once it is complete.
struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl Pending {
    fn new(out: Option<&Path>) -> Result<Self, RunError> {
        let id = format!("{}-{}", chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ"), std::process::id());
        let target = out.map_or_else(|| Path::new(".trueup").join(&id), Path::to_owned);
        let failed =
            |path: &Path, e: std::io::Error| RunError::Output { path: path.display().to_string(), why: e.to_string() };
        let taken = match std::fs::read_dir(&target) {
            Ok(mut entries) => entries.next().is_some(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
            Err(_) => true,
        };
        if taken {
            return Err(RunError::OutputExists(target.display().to_string()));
        }
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(|e| failed(parent, e))?;
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = parent.join(format!(".{name}.{id}.tmp"));
        std::fs::create_dir(&temporary).map_err(|e| failed(&temporary, e))?;
        Ok(Self { temporary, target, kept: false })
    }

    fn folder(&self, name: &str) -> Result<PathBuf, RunError> {
        let path = self.temporary.join(name);
        std::fs::create_dir_all(&path)
            .map_err(|e| RunError::Output { path: path.display().to_string(), why: e.to_string() })?;
        Ok(path)
    }

    fn keep(mut self) -> Result<PathBuf, RunError> {
        // An empty folder of that name may be there; renaming onto it is allowed.
        std::fs::rename(&self.temporary, &self.target)
            .map_err(|e| RunError::Output { path: self.target.display().to_string(), why: e.to_string() })?;
        self.kept = true;
        Ok(self.target.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing half-done is left; if even that fails there is nobody to tell.
            let _ = std::fs::remove_dir_all(&self.temporary);
        }
    }
}

/// Both sides at the same time.
fn both<T: Send>(
    left: impl FnOnce() -> Result<T, RunError> + Send,
    right: impl FnOnce() -> Result<T, RunError> + Send,
) -> Result<[T; 2], RunError> {
    let (left, right) = std::thread::scope(|scope| {
        let right = scope.spawn(right);
        (left(), right.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    Ok([left?, right?])
}

/// Audits two tables.
///
/// # Errors
/// If anything on the way fails; nothing is left behind then.
pub fn run_audit(job: &Job, watch: &dyn Watch) -> Result<AuditRun, RunError> {
    let pending = Pending::new(job.out.as_deref())?;
    let tables = both(|| Table::open(&job.left), || Table::open(&job.right))?;
    let options = with_key_names(&job.options, &tables);
    let alignment = Alignment::new(tables[0].info(), tables[1].info(), &options)?;
    let declared = alignment.declared_key(tables[0].info(), tables[1].info(), &options.key)?;

    let sides = [
        SidePlan { job, watch, table: &tables[0], address: &job.left, filter: &job.where_left, name: "left", at: 0 },
        SidePlan { job, watch, table: &tables[1], address: &job.right, filter: &job.where_right, name: "right", at: 1 },
    ];
    let recipes = declared.as_ref().map(|key| Recipe::of(&alignment, key));
    let recipe = |at: usize| recipes.as_ref().map(|recipes| &recipes[at]);
    let frozen =
        both(|| sides[0].freeze(&alignment, recipe(0), &pending), || sides[1].freeze(&alignment, recipe(1), &pending))?;
    let (key, why) = match declared {
        Some(key) => {
            let why = declared_why(&key, &tables);
            (key, why)
        }
        None => choose(job, watch, &tables, [&frozen[0], &frozen[1]], &alignment, &pending)?,
    };
    let recipes = Recipe::of(&alignment, &key);
    let indexes = both(
        || sides[0].index(&frozen[0], &recipes[0], &pending),
        || sides[1].index(&frozen[1], &recipes[1], &pending),
    )?;

    let progress = watch.stage("comparing");
    let options = CompareOptions {
        memory: job.memory,
        samples: SAMPLES,
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let side = |at: usize| Side { parts: &frozen[at].parts, index: &indexes[at] };
    let comparison = compare(side(0), side(1), &alignment, &key, &options)?;
    drop(progress);
    let audit = Audit::new(
        [&frozen[0], &frozen[1]],
        [job.left.to_string(), job.right.to_string()],
        [job.where_left.clone(), job.where_right.clone()],
        &alignment,
        &key,
        why,
        comparison,
    );
    std::fs::remove_dir_all(pending.temporary.join("work")).ok();
    let folder = pending.keep()?;
    Ok(AuditRun { audit, folder })
}

/// `--key name` means the column of that name on both sides, also where the right one is spelled
/// with other case or underscores, or mapped.
fn with_key_names(options: &AlignOptions, tables: &[Table; 2]) -> AlignOptions {
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

fn declared_why(key: &Key, tables: &[Table; 2]) -> String {
    match key.chosen {
        KeyChoice::Given => "you gave it".to_owned(),
        KeyChoice::PrimaryKey => "it is the primary key of both tables".to_owned(),
        KeyChoice::UniqueIndex if tables.iter().any(|t| t.info().primary_key.is_empty()) => {
            "both tables have a unique index on it".to_owned()
        }
        _ => "both tables declare it unique".to_owned(),
    }
}

fn choose(
    job: &Job,
    watch: &dyn Watch,
    tables: &[Table; 2],
    frozen: [&Snapshot; 2],
    alignment: &Alignment,
    pending: &Pending,
) -> Result<(Key, String), RunError> {
    let _progress = watch.stage("choosing the key");
    let survey = Survey {
        sides: [&frozen[0].parts, &frozen[1].parts],
        tables: [tables[0].info(), tables[1].info()],
        alignment,
        folder: &pending.folder("work/keys")?,
        memory: job.memory,
        interrupt: watch.interrupt(),
    };
    match infer(&survey)? {
        Shortlist { key: Some((key, candidate)), .. } => {
            let why = inferred_why(&candidate);
            Ok((key, why))
        }
        Shortlist { key: None, nearest } => Err(RunError::NoKey { nearest, alignment: Box::new(alignment.clone()) }),
    }
}

fn inferred_why(candidate: &Candidate) -> String {
    let distinct = candidate.distinct[0].min(candidate.distinct[1]);
    let meets = if candidate.meets == 0 && distinct > 0 {
        "no value of it is on both sides".to_owned()
    } else {
        format!("{} of its values are on both sides", crate::audit::thousands(candidate.meets))
    };
    let declared = if candidate.declared { ", one table declares it unique" } else { "" };
    format!("it is unique and never NULL on both sides{declared}, and {meets}")
}

/// One side on its way to be frozen and indexed.
struct SidePlan<'a> {
    job: &'a Job,
    watch: &'a dyn Watch,
    table: &'a Table,
    address: &'a Address,
    filter: &'a Option<String>,
    name: &'static str,
    at: usize,
}

impl SidePlan<'_> {
    /// Freezes the side, if it is live or its files are to be kept.
    fn freeze(&self, alignment: &Alignment, recipe: Option<&Recipe>, pending: &Pending) -> Result<Snapshot, RunError> {
        let address = self.address.to_string();
        let options = |columns: &[Column], progress, live: bool| -> Result<FreezeOptions<'_>, RunError> {
            // A database evaluates its condition itself.
            let own = live && !matches!(self.address, Address::Csv(_));
            let filter = match self.filter {
                Some(sql) if !own => Some(RowFilter::new(sql, &address, columns)?),
                _ => None,
            };
            Ok(FreezeOptions {
                address: address.clone(),
                recipe,
                filter,
                filter_text: self.filter.clone(),
                interrupt: self.watch.interrupt(),
                progress,
            })
        };
        match self.table {
            Table::Live { endpoint, info } => {
                let columns = export_columns(info.columns.clone(), alignment, self.at);
                let request = ExportRequest { columns, filter: self.filter.clone(), streams: self.job.streams };
                let progress = self.watch.stage(&format!("exporting {}", self.name));
                let options = options(&request.columns, progress.as_ref(), true)?;
                let folder = pending.folder(self.name)?;
                Ok(freeze(endpoint.as_ref(), info, &request, options, &folder)?)
            }
            Table::Frozen(snapshot) => {
                let columns = snapshot.parts.columns().to_vec();
                // Files that are frozen already are copied only to a place that is asked for.
                if self.job.out.is_none() || matches!(self.address, Address::Snapshot(_)) {
                    return Ok(snapshot.as_ref().clone());
                }
                let progress = self.watch.stage(&format!("copying {}", self.name));
                let options = options(&columns, progress.as_ref(), false)?;
                let folder = pending.folder(self.name)?;
                Ok(freeze_parts(&snapshot.parts, self.table.info(), &columns, options, &folder)?)
            }
        }
    }

    /// The side's index for a recipe: the one it has, or a new one.
    fn index(&self, frozen: &Snapshot, recipe: &Recipe, pending: &Pending) -> Result<IndexFiles, RunError> {
        // A filter that the frozen rows have been through already need not be applied again.
        let filter = self.filter.as_ref().filter(|_| frozen.manifest.filter != *self.filter);
        if let (Some(index), None, true) = (&frozen.index, filter, frozen.manifest.recipe.as_ref() == Some(recipe)) {
            return Ok(index.clone());
        }
        let filter =
            filter.map(|sql| RowFilter::new(sql, &self.address.to_string(), frozen.parts.columns())).transpose()?;
        let progress = self.watch.stage(&format!("indexing {}", self.name));
        let folder = pending.folder(&format!("work/{}", self.name))?;
        Ok(index_parts(&frozen.parts, recipe, filter.as_ref(), &folder, &self.watch.interrupt(), progress.as_ref())?)
    }
}

/// All columns of a table, those in pairs with the type that the pair gave them.
fn export_columns(mut columns: Vec<Column>, alignment: &Alignment, side: usize) -> Vec<Column> {
    for column in &mut columns {
        let own = |pair: &crate::table::Pair| if side == 0 { pair.left.clone() } else { pair.right.clone() };
        if let Some(paired) = alignment.pairs.iter().map(own).find(|paired| paired.name == column.name) {
            *column = paired;
        }
    }
    columns
}

/// Freezes one table into `out`, with an index on its key if it has one.
///
/// # Errors
/// If anything on the way fails; nothing is left behind then.
pub fn run_snapshot(
    address: &Address,
    filter: Option<&str>,
    key: &[String],
    streams: usize,
    out: &Path,
    watch: &dyn Watch,
) -> Result<(PathBuf, Snapshot), RunError> {
    let pending = Pending::new(Some(out))?;
    let table = Table::open(address)?;
    let info = table.info().clone();
    let key: Vec<String> = if key.is_empty() { info.primary_key.clone() } else { key.to_vec() };
    if let Some(name) = key.iter().find(|name| info.position(name).is_none()) {
        let names: Vec<String> = info.columns.iter().map(|c| c.name.clone()).collect();
        let suggestion = crate::table::nearest(name, &names);
        return Err(crate::table::AlignmentError::UnknownColumn { side: "the", name: name.clone(), suggestion }.into());
    }
    let recipe = (!key.is_empty()).then(|| Recipe::alone(&info.columns, &key));
    let live = matches!(&table, Table::Live { .. }) && !matches!(address, Address::Csv(_));
    let progress = watch.stage("exporting");
    let options = FreezeOptions {
        address: address.to_string(),
        recipe: recipe.as_ref(),
        filter: match filter {
            Some(sql) if !live => Some(RowFilter::new(sql, &address.to_string(), &info.columns)?),
            _ => None,
        },
        filter_text: filter.map(str::to_owned),
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let mut snapshot = match &table {
        Table::Live { endpoint, info } => {
            let request = ExportRequest { columns: info.columns.clone(), filter: filter.map(str::to_owned), streams };
            freeze(endpoint.as_ref(), info, &request, options, &pending.temporary)?
        }
        Table::Frozen(frozen) => freeze_parts(&frozen.parts, &info, &info.columns, options, &pending.temporary)?,
    };
    snapshot.manifest.address = address.to_string();
    Ok((pending.keep()?, snapshot))
}

/// Counts every column of a table, or every pair of columns of two, as a key.
///
/// # Errors
/// If anything on the way fails; nothing is left behind in any case.
pub fn run_keys(job: &Job, watch: &dyn Watch) -> Result<(Alignment, Vec<Candidate>, Shortlist), RunError> {
    let scratch = std::env::temp_dir().join(format!("trueup-keys-{}", std::process::id()));
    let pending = Pending::new(Some(&scratch))?;
    let tables = both(|| Table::open(&job.left), || Table::open(&job.right))?;
    let alignment = Alignment::new(tables[0].info(), tables[1].info(), &job.options)?;
    let sides = [
        SidePlan { job, watch, table: &tables[0], address: &job.left, filter: &job.where_left, name: "left", at: 0 },
        SidePlan { job, watch, table: &tables[1], address: &job.right, filter: &job.where_right, name: "right", at: 1 },
    ];
    let frozen = if job.left == job.right && job.where_left == job.where_right {
        let left = sides[0].freeze(&alignment, None, &pending)?;
        [left.clone(), left]
    } else {
        both(|| sides[0].freeze(&alignment, None, &pending), || sides[1].freeze(&alignment, None, &pending))?
    };
    let survey = Survey {
        sides: [&frozen[0].parts, &frozen[1].parts],
        tables: [tables[0].info(), tables[1].info()],
        alignment: &alignment,
        folder: &pending.folder("work")?,
        memory: job.memory,
        interrupt: watch.interrupt(),
    };
    let progress = watch.stage("counting");
    progress.total(alignment.pairs.len() as u64);
    let mut counted = Vec::new();
    for pair in 0..alignment.pairs.len() {
        counted.push(survey.count(&[pair])?);
        progress.advance(1);
    }
    let shortlist = infer(&survey)?;
    drop(progress);
    Ok((alignment, counted, shortlist))
}
