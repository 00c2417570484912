//! Makes a plan anew of what it was made of: the snapshots in its folder and its base.

use super::batches::each;
use super::next::NextFile;
use super::run::{Read, plan, sound};
use super::servers::Servers;
use crate::base::Base;
use crate::compare::CompareOptions;
use crate::endpoint::Address;
use crate::job::apply::address_of;
use crate::job::error::RunError;
use crate::job::kept::{DIFFERENCES, RUN};
use crate::job::plan::{PlanJob, PlanRun, TwoWayJob};
use crate::job::resolve::beside;
use crate::job::run::compare_frozen;
use crate::job::side::{Job, Watch};
use crate::job::size::available_memory;
use crate::plan::{Decision, PairsReader, Plan, PlannedPair, SIDES};
use crate::snapshot::{Index, IndexOptions, Recipe, Snapshot, index_parts, open_snapshot};
use crate::table::{AlignOptions, Key};
use std::path::Path;

/// Makes a plan anew with these decisions, beside the one that is there.
///
/// # Errors
/// If its base is not there any more, or anything can't be read or written.
pub(in crate::job) fn replan(old: &Plan, decisions: Vec<Decision>, watch: &dyn Watch) -> Result<PlanRun, RunError> {
    let Some(two_way) = &old.file.two_way else {
        let why = "it writes one side only, and has no conflicts".to_owned();
        return Err(RunError::Fixed { plan: old.folder.display().to_string(), why });
    };
    let made_in = Path::new(&old.file.made_in);
    let state = made_in.join(&two_way.state);
    let base = sound(Base::open(&state), &state)?;
    if base.as_ref().map(|base| &base.file.id) != two_way.base.as_ref() {
        return Err(RunError::BaseMoved { state: state.display().to_string() });
    }
    let next = NextFile::read(&old.folder)?;
    let address =
        |side: usize| -> Result<Address, RunError> { Ok(address_of(old, side, &|name| std::env::var(name).ok())?) };
    let job = PlanJob {
        job: Job {
            left: address(0)?,
            right: address(1)?,
            where_left: old.file.sides[0].filter.clone(),
            where_right: old.file.sides[1].filter.clone(),
            options: AlignOptions::default(),
            out: None,
            memory: available_memory(),
            streams: 1,
            copy: true,
            reasons: false,
            allow_nothing: false,
            reading: old.file.reading,
            whole: [true, true],
            reasons_time: None,
        },
        direction: old.file.direction,
        actions: two_way.actions.clone(),
        limits: old.file.limits,
        allow_cascade: old.file.allow_cascade,
        typed: [old.file.sides[0].address.clone(), old.file.sides[1].address.clone()],
        two_way: TwoWayJob {
            rules: two_way.rules.clone(),
            state: Some(two_way.state.clone().into()),
            first_run: false,
            full: false,
            decisions,
            made_in: Some(old.file.made_in.clone()),
        },
    };
    let pending = beside(old)?;
    for side in SIDES {
        let to = pending.folder(side)?;
        link_folder(&old.folder.join(side), &to)?;
    }
    for name in [RUN, DIFFERENCES] {
        // A plan of changed rows only has kept none.
        if old.folder.join(name).exists() {
            link(&old.folder.join(name), &pending.temporary.join(name))?;
        }
    }
    let frozen = [open_snapshot(&old.folder.join(SIDES[0]))?, open_snapshot(&old.folder.join(SIDES[1]))?];
    let key = Key { pairs: old.file.key.clone(), chosen: old.file.key_chosen };
    let recipes = Recipe::of(&old.file.alignment, &key);
    let index = |side: usize| -> Result<Index, RunError> {
        let Snapshot { manifest, parts, index } = &frozen[side];
        match index {
            Some(index) if manifest.recipe.as_ref() == Some(&recipes[side]) => Ok(index.clone()),
            _ => {
                let progress = watch.stage(&format!("indexing {}", SIDES[side]));
                let options = IndexOptions {
                    filter: None,
                    folder: &pending.temporary.join("work").join(SIDES[side]),
                    memory: job.job.memory / 4,
                    interrupt: &watch.interrupt(),
                    progress: progress.as_ref(),
                };
                Ok(index_parts(parts, &recipes[side], &options)?)
            }
        }
    };
    let indexes = [index(0)?, index(1)?];
    let progress = watch.stage("comparing");
    let options = CompareOptions {
        memory: job.job.memory,
        samples: crate::job::run::SAMPLES,
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let compared =
        compare_frozen(&job.job, pending, frozen, indexes, old.file.alignment.clone(), key, String::new(), &options)?;
    drop(progress);
    let typed = next.base.job.clone().unwrap_or_default();
    let read = Read {
        compared,
        partial: two_way.partial.then_some(next.base.sides.each_ref().map(|side| side.rows)),
        servers: Servers {
            clocks: two_way.clocks,
            altered: next.base.sides.each_ref().map(|side| side.altered.clone()),
            remembered: next.base.sides.each_ref().map(|side| side.remembered.clone()),
            marks: next.base.sides.map(|side| side.mark),
            unfit: [false; 2],
        },
        targets: [old.file.sides[0].target.clone(), old.file.sides[1].target.clone()],
        note: two_way.note.clone(),
        vanished: PairsReader::open(&old.folder)?
            .flat_map(each)
            .filter_map(|pair| {
                let gone = |pair: PlannedPair| pair.base.filter(|_| pair.rows == [None; 2] && pair.settled);
                pair.map(gone).transpose()
            })
            .collect::<Result<_, _>>()?,
    };
    plan(&job, &state, base.as_ref(), typed, read, watch)
}

/// Links (or copies) the files of a folder.
fn link_folder(from: &Path, to: &Path) -> Result<(), RunError> {
    let failed = |e: std::io::Error| RunError::Output { path: to.display().to_string(), why: e.to_string() };
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        link(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Links (or copies) a file.
fn link(from: &Path, to: &Path) -> Result<(), RunError> {
    if std::fs::hard_link(from, to).is_err() {
        std::fs::copy(from, to).map_err(|e| RunError::Output { path: to.display().to_string(), why: e.to_string() })?;
    }
    Ok(())
}
