//! From two addresses to a plan for both.

use super::changed::{Changed, read_changed};
use super::columns;
use super::memory;
use super::next::{LINKS, NextFile};
use super::recover::settle_state;
use super::servers::{Servers, times};
use super::state::{Wanted, check, find_state, table_name};
use crate::audit::Verdict;
use crate::base::{
    Base, BaseColumn, BaseFile, BaseJob, BasePair, BaseSide, LinkSide, Room, identity_of, keep_to, write_links,
};
use crate::compare::Differences;
use crate::endpoint::{Address, Target};
use crate::job::cascades::note_cascades;
use crate::job::error::RunError;
use crate::job::foreseen::note_foreseen;
use crate::job::pending::Durable;
use crate::job::plan::{PlanJob, PlanRun, note_variables, refuse_cascades, refuse_strangers, target, write_scripts};
use crate::job::references::note_references;
use crate::job::run::{Compared, beside, both, compare_tables};
use crate::job::side::Watch;
use crate::plan::{
    Plan, PlanInput, PlanTable, SIDES, Take, TwoWayFile, TwoWayInput, Winner, clock_warning, plan_two_way, window,
};
use crate::snapshot::{Recipe, SnapshotError};
use crate::table::{Alignment, AlignmentError, Key, KeyChoice, PortableType, nearest};
use std::path::Path;

/// Plans what would make both tables take over each other's changes.
///
/// # Errors
/// As [`run_plan`](crate::job::run_plan); and if the base is of other tables, or a history that the
/// job asks for is not there.
pub(in crate::job) fn run_two_way(job: &PlanJob, watch: &dyn Watch) -> Result<PlanRun, RunError> {
    let addresses = [&job.job.left, &job.job.right];
    if job.job.reading.visible_rows {
        return Err(RunError::VisibleBothWays);
    }
    keep_to(job.job.memory);
    let state = find_state(job, watch)?;
    let settled = settle_state(&state, addresses.map(|address| Some(address.clone())), watch)?;
    settled.iter().for_each(|note| watch.note(note));
    // A base that is read to be checked keeps the disk busy, and the servers take their time to answer.
    let (base, servers) = beside(|| sound(Base::open(&state), &state), || Servers::ask(addresses));
    let (base, servers) = (base?, servers?);
    let typed = Wanted::of(job).job;
    let mut job = job.clone();
    job.job.copy = true;
    job.job.whole = [true, true];
    let remembered = base.is_some() && job.job.options.key.is_empty();
    if let Some(base) = &base {
        // The same key as before, also where it was inferred from what the tables held then; and in the
        // same order.
        let [left, right] = &base.file.sides;
        let key: Vec<_> = left.key.iter().cloned().zip(right.key.iter().cloned()).collect();
        if remembered || typed.has_key(&BaseJob::new(&key, &[]).key) {
            job.job.options.key = key;
        }
    }
    let (read, note) = match &base {
        Some(base) if !job.two_way.full => match read_changed(&job, base, &servers, watch)? {
            Changed::Read(read) => (Some(*read), None),
            Changed::Everything(why) => (None, why),
        },
        _ => (None, None),
    };
    let ask = || both(|| target(addresses[0]), || target(addresses[1]));
    let mut read = match read {
        // Where nothing is to be written, nobody need know what may be.
        Some(read) if read.compared.audit.verdict != Verdict::Differ => read,
        Some(read) => Read { targets: ask()?, ..read },
        None => {
            let targets = ask()?;
            let compared = compare_tables(&job.job, watch)?;
            if compared.audit.restricted != [false, false] {
                return Err(RunError::VisibleBothWays);
            }
            if compared.key.is_whole_row() {
                return Err(RunError::NoKey { why: compared.audit.key.why });
            }
            refuse_strangers(&compared.audit)?;
            Read { compared, servers, targets, partial: None, note, vanished: Vec::new() }
        }
    };
    if remembered {
        read.compared.key.chosen = chosen(&read.compared)?;
    }
    let filters = [&job.job.where_left, &job.job.where_right];
    let next = BaseFile { job: Some(typed.clone()), ..next_base(addresses, filters, &read.compared, &read.servers) };
    let first_run = job.two_way.first_run;
    read.servers.remembered = memory::ask(addresses, &read.servers, base.as_ref(), &next, first_run, &state)?;
    plan(&job, &state, base.as_ref(), typed, read, watch)
}

/// A base whose files are as they were written.
pub(super) fn sound(base: Result<Option<Base>, SnapshotError>, state: &Path) -> Result<Option<Base>, RunError> {
    let checked = base.and_then(|base| {
        base.as_ref().map_or(Ok(()), Base::check)?;
        Ok(base)
    });
    checked.map_err(|error| match error {
        SnapshotError::Damaged { path, why } => RunError::DamagedBase { state: state.display().to_string(), path, why },
        error => error.into(),
    })
}

/// Who chose a key that is the base's: the tables, if they declare it, or nobody.
fn chosen(compared: &Compared) -> Result<KeyChoice, RunError> {
    let [left, right] = compared.frozen.each_ref().map(|snapshot| &snapshot.manifest.table);
    let declared = compared.alignment.declared_keys(left, right, &[])?;
    let same = declared.into_iter().find(|key| key.pairs == compared.key.pairs);
    Ok(same.map_or(KeyChoice::Inferred, |key| key.chosen))
}

/// What was read of both tables.
pub(super) struct Read {
    pub(super) compared: Compared,
    pub(super) servers: Servers,
    pub(super) targets: [Option<Target>; 2],
    /// Where only rows were read that the histories tell of: how many rows the tables have.
    pub(super) partial: Option<[u64; 2]>,
    /// Why everything was read although there are histories.
    pub(super) note: Option<String>,
    /// Pairs of the base of which neither row is there any more, as far as is known without reading
    /// everything.
    pub(super) vanished: Vec<BasePair>,
}

/// What the base of these tables is going to say.
pub(super) fn next_base(
    addresses: [&Address; 2],
    filters: [&Option<String>; 2],
    compared: &Compared,
    servers: &Servers,
) -> BaseFile {
    let (alignment, key) = (&compared.alignment, &compared.key);
    let side = |at: usize| {
        let manifest = &compared.frozen[at].manifest;
        let names = key_names(alignment, key, at);
        let counts = compared.audit.sides[at].counts;
        BaseSide {
            address: table_name(addresses[at]),
            filter: filters[at].clone(),
            identity: identity_of(&manifest.table, &names),
            key: names,
            table: manifest.table.clone(),
            exported_at: manifest.exported_at.clone(),
            rows: counts.rows,
            unkeyed: counts.null_keys + counts.duplicates,
            unkeyed_known: counts.null_keys + counts.duplicates,
            mark: servers.marks[at].clone(),
            altered: servers.altered[at].clone(),
            remembered: servers.remembered[at].clone(),
        }
    };
    BaseFile { sides: [side(0), side(1)], columns: compared_columns(alignment, key), ..BaseFile::default() }
}

/// The pairs of columns that are compared, the key's first.
pub(super) fn compared_columns(alignment: &Alignment, key: &Key) -> Vec<BaseColumn> {
    let pairs = key.pairs.iter().copied().chain(Recipe::order(alignment, key));
    pairs.map(|pair| BaseColumn::of(alignment, pair)).collect()
}

/// The names of the unique key's columns on a side.
fn key_names(alignment: &Alignment, key: &Key, side: usize) -> Vec<String> {
    let of = |at: &usize| if side == 0 { &alignment.pairs[*at].left } else { &alignment.pairs[*at].right };
    key.pairs.iter().map(|at| of(at).name.clone()).collect()
}

/// The types of the columns that tell when a row was changed, if the rule asks for columns.
fn time_columns<'a>(winner: &Winner, compared: &'a Compared) -> Result<Option<[&'a PortableType; 2]>, AlignmentError> {
    let Winner::NewestColumn { left, right } = winner else { return Ok(None) };
    let column = |side: usize, name: &String| {
        let table = &compared.frozen[side].manifest.table;
        let unknown = || {
            let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
            AlignmentError::UnknownColumn { side: SIDES[side], name: name.clone(), suggestion: nearest(name, &names) }
        };
        table.position(name).map(|at| &table.columns[at].ty).ok_or_else(unknown)
    };
    Ok(Some([column(0, left)?, column(1, right)?]))
}

/// Plans what was read.
pub(super) fn plan(
    job: &PlanJob,
    state: &Path,
    base: Option<&Base>,
    typed: BaseJob,
    read: Read,
    watch: &dyn Watch,
) -> Result<PlanRun, RunError> {
    let addresses = [&job.job.left, &job.job.right];
    let filters = [&job.job.where_left, &job.job.where_right];
    let Read { mut compared, servers, targets, partial, note, vanished } = read;
    let anew = match base {
        Some(base) => columns::renew(base, &servers.altered, &mut compared)?,
        None => Default::default(),
    };
    let mut next = next_base(addresses, filters, &compared, &servers);
    next.job = Some(typed);
    if let Some(base) = base {
        check(base, &next)?;
        if let Some([left, right]) = partial {
            (next.sides[0].rows, next.sides[1].rows) = (left, right);
        }
    }
    let recipes = Recipe::of(&compared.alignment, &compared.key);
    let asked = job.two_way.decisions.iter().any(|decision| decision.take == Take::Newest);
    let by_column = matches!(job.two_way.rules.winner, Winner::NewestColumn { .. });
    let kept = servers.marks.iter().all(Option::is_some);
    let by_history = job.two_way.rules.winner == Winner::NewestHistory || asked && !by_column && kept;
    let differ =
        !compared.differences.changed.is_empty() || compared.differences.only.iter().any(|rows| !rows.is_empty());
    let histories = if by_history || differ && kept {
        let since = [0, 1].map(|side: usize| base.and_then(|base| base.file.sides[side].mark.as_ref()));
        times(addresses, &recipes, &next, since, by_history)?
    } else {
        [None, None]
    };
    let skew = servers.skew();
    let mut rules = job.two_way.rules.clone();
    rules.window = window(&rules, skew, time_columns(&rules.winner, &compared)?);
    let first = "there is no base of an earlier sync: this is a first run, and nothing is deleted".to_owned();
    let file = TwoWayFile {
        rules,
        state: state.display().to_string(),
        base: base.map(|base| base.file.id.clone()),
        base_at: base.map(|base| base.file.written_at.clone()),
        note: note.or_else(|| base.is_none().then_some(first)),
        partial: partial.is_some(),
        clocks: servers.clocks,
        kept: 0,
        actions: job.actions.clone(),
        decisions: job.two_way.decisions.clone(),
    };

    let Compared { pending, frozen, alignment, key, audit, mut differences, indexes } = compared;
    let differing = Differences {
        only: std::mem::take(&mut differences.only),
        changed: std::mem::take(&mut differences.changed),
        ..Differences::default()
    };
    let work = pending.temporary.join("work");
    let progress = watch.stage("planning");
    let mut targets = targets.into_iter();
    let mut table = |at: usize| PlanTable {
        address: job.typed[at].clone(),
        filter: filters[at].clone(),
        snapshot: &frozen[at],
        target: targets.next().flatten(),
        takes_others: matches!(addresses[at], Address::Csv(_)),
    };
    let input = TwoWayInput {
        plan: PlanInput {
            direction: job.direction,
            tables: [table(0), table(1)],
            alignment: &alignment,
            key: &key,
            audit: &audit,
            differences: &differences,
            actions: &job.actions,
            limits: job.limits,
            allow_cascade: job.allow_cascade,
            interrupt: watch.interrupt(),
            progress: progress.as_ref(),
        },
        base,
        file,
        histories: [histories[0].as_ref(), histories[1].as_ref()],
        identity: [next.sides[0].identity.clone(), next.sides[1].identity.clone()],
        ahead: skew.map_or(0, |skew| skew.ahead),
        vanished,
        indexes: [&indexes[0], &indexes[1]],
        work: &work,
        memory: job.job.memory,
    };
    let made = plan_two_way(&input, differing, &pending.temporary)?;
    drop(progress);
    let mut plan = Plan { folder: pending.temporary.clone(), file: made.file };
    plan.file.reading = job.job.reading;
    if let Some(folder) = &job.two_way.made_in {
        plan.file.made_in.clone_from(folder);
    }
    if partial.is_some() {
        for (side, own) in plan.file.sides.iter_mut().zip(&next.sides) {
            side.rows = own.rows;
        }
    }
    for (side, names) in anew.iter().enumerate().filter(|(_, names)| !names.is_empty()) {
        plan.file.warnings.push(format!(
            "`{}` of the {} table {} at the last sync (dropped and added anew, or labels of it were renamed): what it \
             holds counts as changed on both sides",
            names.join("`, `"),
            SIDES[side],
            if names.len() == 1 { "is another column than" } else { "are other columns than" }
        ));
    }
    plan.file.warnings.extend(skew.and_then(|skew| clock_warning(&plan.file.two_way.as_ref()?.rules, skew)));
    let mut cascades = Vec::new();
    for (side, address) in addresses.into_iter().enumerate() {
        if matches!(address, Address::Snapshot(_)) && plan.file.sides[side].counts.total() > 0 {
            plan.file.warnings.push("a snapshot is never written: this plan is to be read, not applied".to_owned());
        }
        note_references(&mut plan, side, job.allow_cascade)?;
        cascades.extend(note_cascades(&mut plan, side, address, watch)?);
        note_foreseen(&mut plan, side, address, watch)?;
    }
    write_scripts(&plan, addresses)?;
    note_variables(&mut plan, addresses, &job.typed);

    let progress = watch.stage("linking");
    let room = Room { work: &work, memory: job.job.memory };
    let link =
        |at: usize| LinkSide { parts: &frozen[at].parts, index: &indexes[at], identity: &next.sides[at].identity };
    write_links(&pending.temporary.join(LINKS), [link(0), link(1)], &|row| made.unlinked.contains(row), room)?;
    drop(progress);
    NextFile { base: next, partial: partial.is_some() }.write(&pending.temporary)?;
    plan.finish()?;
    std::fs::remove_dir_all(pending.temporary.join("work")).ok();
    plan.folder = pending.keep(Durable::Whole)?;
    refuse_cascades(&plan, cascades)?;
    Ok(PlanRun { agree: audit.agrees(), plan, audit })
}
