//! Carrying a plan out, and taking it back.

use super::error::RunError;
use super::mark::is_ours;
use super::run::beside;
use super::side::Watch;
use super::size::available_memory;
use super::two_way;
use crate::apply::{
    ApplyError, Checked, ChunkIter, Deed, FileRun, Journal, Keep, Listing, PlanLock, PlanState, Refusal, Settled,
    SideOutcome, SideRun, StepSet, Steps, StoredBefore, StoredRows, Unverified, Writers, allows_deletes, cascading,
    check, chosen, file::look_at_file, same_table, side_word,
};
use crate::base::{Linker, identity_of};
use crate::endpoint::{Action, Address, Dependent, Endpoint, WriteOptions, WriteTable, Writer, open};
use crate::plan::{Direction, Limits, Plan, PlanError, check_deletes, check_limits};
use crate::snapshot::{Progress, Recipe, Silent};
use crate::table::Column;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Steps in a chunk, if nothing else is said.
pub const CHUNK: usize = 10_000;
/// How many cells that are not as planned are shown.
const SAMPLES: usize = 10;

/// A plan to be carried out or taken back.
#[derive(Clone, Debug)]
pub struct ApplyJob {
    /// The plan's folder.
    pub folder: PathBuf,
    /// Only steps of these actions (as in the plan); empty for all.
    pub only: Vec<Action>,
    /// Steps in a chunk.
    pub chunk: usize,
    /// The rest between two chunks.
    pub pause: Duration,
    /// How long to wait for a row that someone else has locked.
    pub lock_timeout: Option<Duration>,
    /// Whether deletes may touch rows of other tables.
    pub allow_cascade: bool,
    /// Bytes of memory to stay under: chunks are smaller where rows are large.
    pub memory: usize,
    /// Limits in place of the plan's, where they are given.
    pub limits: Limits,
    /// Whether an empty source may empty the target.
    pub allow_empty_source: bool,
    /// Whether a person has seen how many deletes there are, and said yes: then only limits count that
    /// somebody has set.
    pub deletes_seen: bool,
    /// The tables' addresses in place of the plan's, for one that has a password.
    pub addresses: [Option<Address>; 2],
    /// Looks up `${NAME}` and password variables for the plan's addresses.
    pub environment: fn(&str) -> Option<String>,
}

impl ApplyJob {
    /// All of a plan, with the defaults.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            only: Vec::new(),
            chunk: CHUNK,
            pause: Duration::ZERO,
            lock_timeout: None,
            allow_cascade: false,
            memory: available_memory(),
            limits: Limits::default(),
            allow_empty_source: false,
            deletes_seen: false,
            addresses: [None, None],
            environment: |name| std::env::var(name).ok(),
        }
    }

    /// Checks that a plan keeps to its limits, and that its deletes are meant.
    ///
    /// # Errors
    /// If it does not.
    pub fn guard(&self, plan: &Plan) -> Result<(), ApplyError> {
        let own = &plan.file.limits;
        let limits = Limits {
            max_changes: self.limits.max_changes.or(own.max_changes),
            max_deletes: self.limits.max_deletes.or(own.max_deletes),
        };
        let wanted = |action: Action| self.only.is_empty() || self.only.contains(&action);
        let folder = || plan.folder.display().to_string();
        check_limits(&plan.file, &limits, wanted).map_err(|limit| ApplyError::Limit { limit, folder: folder() })?;
        if self.deletes_seen {
            return Ok(());
        }
        check_deletes(&plan.file, &limits, self.allow_empty_source, wanted)
            .map_err(|deletes| ApplyError::ManyDeletes { deletes, folder: folder() })
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct ApplyRun {
    /// Left and right.
    pub sides: [SideOutcome; 2],
    /// The list of refused steps, if there are any.
    pub refused_file: Option<PathBuf>,
    /// The list of cells that are not as planned, if there are any.
    pub unverified_file: Option<PathBuf>,
    /// A few of them.
    pub unverified: Vec<Unverified>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Per side the steps whose rows are as planned now: those that were written, and those that were
    /// so before. Of an undo, those that are taken back.
    pub settled: [StepSet; 2],
    /// How far the plan had come before.
    pub before: PlanState,
    /// How far it has come now.
    pub state: PlanState,
}

/// Carries a plan out.
///
/// # Errors
/// If the plan may not be applied as it is, or a table can't be written to. What was written before
/// is in the error, and applying again goes on from there.
pub fn run_apply(job: &ApplyJob, watch: &dyn Watch) -> Result<ApplyRun, RunError> {
    run(job, watch, Deed::Apply)
}

/// Takes back what applying a plan has written.
///
/// # Errors
/// As [`run_apply`].
pub fn run_undo(job: &ApplyJob, watch: &dyn Watch) -> Result<ApplyRun, RunError> {
    run(job, watch, Deed::Undo)
}

fn run(job: &ApplyJob, watch: &dyn Watch, deed: Deed) -> Result<ApplyRun, RunError> {
    let plan = Plan::open(&job.folder).map_err(ApplyError::from)?;
    let job = &ApplyJob { chunk: job.chunk.min(rows_within(job.memory, plan.step_bytes()?)), ..job.clone() };
    let _lock = PlanLock::take(&plan.folder)?;
    if deed == Deed::Apply {
        job.guard(&plan)?;
    }
    let mut run = Run::new(job, watch, deed, &plan);
    let (ready, note) = two_way::ready(&plan, deed, job, watch)?;
    run.out.warnings.extend(note);
    run.out.before = PlanState::of(&plan.file, &plan.folder)?;
    // All that can be known before is known before the first row is written.
    let mut sides = Vec::new();
    let (left, right) = beside(|| run.open(0), || run.open(1));
    for opened in [left?, right?] {
        sides.extend(opened.0);
        run.out.warnings.extend(opened.1);
    }
    if let Some(ready) = ready.as_ref().filter(|_| !sides.is_empty()) {
        ready.announce(&plan, deed)?;
    }
    if deed == Deed::Undo && !sides.is_empty() {
        begin_others(&plan, &sides)?;
    }
    let mut lists = Lists { refused: Listing::refused(&plan.folder), unverified: Listing::unverified(&plan.folder) };
    let result = sides.into_iter().try_for_each(|side| run.side(side, &mut lists));
    // What was refused before a failure is worth knowing too.
    let listed = lists.refused.finish().and_then(|refused| Ok((refused, lists.unverified.finish()?)));
    match result.and(listed) {
        Ok((refused, unverified)) => {
            run.out.refused_file = refused;
            run.out.unverified_file = unverified;
            if let Some(ready) = ready {
                run.out.warnings.extend(ready.finish(&plan, deed, &run.out.settled)?);
                let addresses = [run.address(0)?, run.address(1)?];
                let memory = if deed == Deed::Undo { two_way::forget_base } else { two_way::remember };
                run.out.warnings.extend(memory(&plan, addresses.each_ref()));
            }
            run.out.state = PlanState::of(&plan.file, &plan.folder)?;
            Ok(run.out)
        }
        Err(cause) => {
            if let Some(ready) = ready {
                // What was written before is agreed on. If that can't be kept now, the next run does it.
                let _ = ready.give_up(&plan, deed);
            }
            Err(ApplyError::Stopped { cause: Box::new(cause), so_far: Box::new(run.out.sides) }.into())
        }
    }
}

/// The address of a side as a plan has it. What it takes from the environment was meant by whoever made the
/// plan: it is given to no server that somebody else has named.
///
/// # Errors
/// If it can't be read, or takes something from the environment of a person who did not make the plan.
pub(super) fn address_of(
    plan: &Plan,
    side: usize,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Address, ApplyError> {
    let planned = &plan.file.sides[side].address;
    let refused = |names: Vec<String>| ApplyError::NotOurs { side: side_word(side), names };
    let address = if is_ours(plan) {
        Address::parse(planned, environment)?
    } else {
        let names = Address::variables(planned);
        if !names.is_empty() {
            return Err(refused(names));
        }
        let passwords = RefCell::new(Vec::new());
        let address = Address::parse(planned, &|name| match name {
            // Where this person's own server is.
            "PGHOST" | "PGPORT" => environment(name),
            _ => {
                passwords
                    .borrow_mut()
                    .extend(environment(name).filter(|value| !value.is_empty()).map(|_| name.to_owned()));
                None
            }
        })?;
        match passwords.into_inner() {
            names if names.is_empty() => address,
            names => return Err(refused(names)),
        }
    };
    Ok(address.below(Path::new(&plan.file.made_in)).read_as(plan.file.reading))
}

/// How many steps of this size fit into memory at once: as they are read, as they are sent, and as they are
/// read back, with as much room again.
fn rows_within(memory: usize, bytes: u64) -> usize {
    const TIMES: u64 = 16;
    usize::try_from(memory as u64 / TIMES / bytes.max(1)).unwrap_or(usize::MAX).max(1)
}

/// An undo of a plan is one of both sides, also where one has nothing left to take back.
fn begin_others(plan: &Plan, opened: &[Opened]) -> Result<(), ApplyError> {
    let others = [0, 1].into_iter().filter(|side| opened.iter().all(|own| own.side != *side));
    for side in others.filter(|side| Journal::exists(&plan.folder, *side)) {
        Journal::open(&plan.folder, side, &plan.file.checksum)?.began(Deed::Undo)?;
    }
    Ok(())
}

/// Finds out what became of the chunks of a plan whose COMMIT nobody saw end, and writes it into its
/// journals.
///
/// # Errors
/// If a table can't be looked at.
pub(super) fn resolve_open(plan: &Plan, job: &ApplyJob, watch: &dyn Watch) -> Result<(), ApplyError> {
    for side in [0, 1] {
        let facts = Journal::facts_of(&plan.folder, side, &plan.file.checksum)?;
        if facts.is_none_or(|facts| facts.open.is_empty()) {
            continue;
        }
        // As undo opens a table: without asking what deletes would take along.
        let mut run = Run::new(job, watch, Deed::Undo, plan);
        match run.open(side) {
            Ok((Some(opened), _)) => run.resolve(opened)?,
            Ok((None, _)) => {}
            // Then the rows can't tell any more, whatever they are.
            Err(ApplyError::Changed { .. }) => {
                let mut journal = Journal::open(&plan.folder, side, &plan.file.checksum)?;
                for chunk in journal.facts().open.clone() {
                    journal.unclear(chunk.deed, &chunk.steps)?;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A side that is about to be written.
struct Opened {
    side: usize,
    address: Address,
    /// For a file, none.
    session: Option<Session>,
    journal: Journal,
}

/// A database's table that was checked.
struct Session {
    writer: Box<dyn Writer>,
    checked: Checked,
    table: WriteTable,
    /// A second one, for steps that find their rows by the identity.
    by_identity: Option<(Box<dyn Writer>, WriteTable)>,
}

impl Session {
    /// The columns by which rows are found where the unique key changes.
    fn identity(&self) -> Vec<usize> {
        self.by_identity.as_ref().map_or_else(Vec::new, |(_, table)| table.key.clone())
    }
}

struct Lists {
    refused: Listing,
    unverified: Listing,
}

struct Run<'a> {
    job: &'a ApplyJob,
    watch: &'a dyn Watch,
    deed: Deed,
    plan: &'a Plan,
    out: ApplyRun,
}

impl<'a> Run<'a> {
    fn new(job: &'a ApplyJob, watch: &'a dyn Watch, deed: Deed, plan: &'a Plan) -> Self {
        Self { job, watch, deed, plan, out: ApplyRun::default() }
    }

    /// Checks a side and opens a session; `None` if there is nothing to do there. Beside it, what a
    /// person should know.
    fn open(&self, side: usize) -> Result<(Option<Opened>, Option<String>), ApplyError> {
        let (job, own) = (self.job, &self.plan.file.sides[side]);
        let undo = self.deed == Deed::Undo;
        if chosen(&own.counts, &job.only) == 0 || (undo && !Journal::exists(&self.plan.folder, side)) {
            return Ok((None, None));
        }
        let address = self.address(side)?;
        let name = address.to_string();
        let mut warning = None;
        let session = match open(&address) {
            Some(endpoint) => self.session(endpoint.as_ref(), side, &name, &mut warning)?,
            None if matches!(address, Address::Snapshot(_)) => {
                return Err(ApplyError::Obstacle { address: name, why: "a snapshot stays as it is".to_owned() });
            }
            None => None,
        };
        let journal = Journal::open(&self.plan.folder, side, &self.plan.file.checksum)?;
        if undo && journal.ours().is_empty() {
            return Ok((None, warning));
        }
        Ok((Some(Opened { side, address, session, journal }), warning))
    }

    fn address(&self, side: usize) -> Result<Address, ApplyError> {
        let planned = &self.plan.file.sides[side].address;
        match &self.job.addresses[side] {
            None => address_of(self.plan, side, &self.job.environment),
            Some(given) => {
                // What comes from the environment does not matter here and may be missing.
                let blank = |name: &str| Some((self.job.environment)(name).unwrap_or_default());
                same_table(&Address::parse(planned, &blank)?, given)?;
                Ok(given.clone().read_as(self.plan.file.reading))
            }
        }
    }

    fn session(
        &self,
        endpoint: &dyn Endpoint,
        side: usize,
        name: &str,
        warning: &mut Option<String>,
    ) -> Result<Option<Session>, ApplyError> {
        let (job, own) = (self.job, &self.plan.file.sides[side]);
        let needed = |action: Action| {
            let planned = if self.deed == Deed::Undo { action.inverse() } else { action };
            own.counts.of(planned) > 0 && (job.only.is_empty() || job.only.contains(&planned))
        };
        let checked = check(endpoint, name, own, needed)?;
        let (Some(checked), Some(table)) = (checked, self.plan.write_table(side)) else {
            return Ok(None);
        };
        if self.deed == Deed::Apply && own.counts.delete > 0 {
            match allows_deletes(&self.plan.file, side, name, &job.only) {
                Err(error) if !self.may_cascade() => return Err(error),
                Err(error) => *warning = Some(format!("{error}; undo can't bring those back")),
                Ok(()) => {}
            }
        }
        // What undo writes was in this very table.
        let as_stored = self.deed == Deed::Undo || self.plan.file.stores();
        let options = WriteOptions { lock_timeout: job.lock_timeout, as_stored, ..WriteOptions::default() };
        let by_identity = match self.plan.write_table_by_identity(side) {
            Some(table) => endpoint.writer(&table, &options)?.map(|writer| (writer, table)),
            None => None,
        };
        let writer = endpoint.writer(&table, &options)?;
        Ok(writer.map(|writer| Session { writer, checked, table, by_identity }))
    }

    fn may_cascade(&self) -> bool {
        self.job.allow_cascade || (self.deed == Deed::Apply && self.plan.file.allow_cascade)
    }

    fn side(&mut self, opened: Opened, lists: &mut Lists) -> Result<(), ApplyError> {
        let Opened { side, address, session, mut journal } = opened;
        if session.is_none() {
            self.resolve_file(side, &address, &mut journal)?;
        }
        journal.began(self.deed)?;
        match session {
            None => self.file(side, &address, &mut journal, lists)?,
            Some(session) => self.database(side, &address, session, &mut journal, lists)?,
        }
        let counts = &self.plan.file.sides[side].counts;
        if chosen(counts, &self.job.only) == counts.total() { journal.ended(self.deed) } else { Ok(()) }
    }

    /// Only finds out what became of the chunks that the journal has no end of.
    fn resolve(&mut self, opened: Opened) -> Result<(), ApplyError> {
        let Opened { side, address, session, mut journal } = opened;
        let Some(mut session) = session else { return self.resolve_file(side, &address, &mut journal) };
        let (name, steps) = (address.to_string(), PlanSteps { plan: self.plan, side });
        let identity = session.identity();
        let run = self.side_run(side, &name, &steps, &session.table, &identity, &session.checked, &[], None);
        let stored = StoredBefore::read(&self.plan.folder, side, &session.table.columns)?;
        let by_identity = session.by_identity.as_mut().map(|(writer, _)| writer.as_mut() as &mut dyn Writer);
        let mut writers = Writers { by_key: session.writer.as_mut(), by_identity };
        run.resolve(&mut writers, &mut journal, &stored)
    }

    fn resolve_file(&self, side: usize, address: &Address, journal: &mut Journal) -> Result<(), ApplyError> {
        for chunk in journal.facts().open.clone() {
            let say = look_at_file(&FileRun {
                address,
                plan: self.plan,
                side,
                undo: chunk.deed == Deed::Undo,
                wanted: &|step, _| chunk.steps.contains(step),
                interrupt: self.watch.interrupt(),
                progress: &Silent,
                refuse: &mut |_| Ok(()),
                commit: &mut |_| Ok(String::new()),
                after: "",
                keep: None,
            })?;
            say.tell(chunk.deed, journal)?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn side_run<'s>(
        &'s self,
        side: usize,
        address: &'s str,
        steps: &'s dyn Steps,
        table: &'s WriteTable,
        identity: &'s [usize],
        checked: &'s Checked,
        watched: &'s [Dependent],
        linker: Option<&'s Linker>,
    ) -> SideRun<'s> {
        SideRun {
            side,
            address,
            steps,
            table,
            identity,
            writable: &checked.writable,
            unique: checked.unique,
            watched,
            triggers: !checked.target.triggers.is_empty(),
            linker,
            target: Some(&checked.target),
            deed: self.deed,
            only: &self.job.only,
            chunk: self.job.chunk.max(1),
            pause: self.job.pause,
            interrupt: self.watch.interrupt(),
            progress: &Silent,
        }
    }

    fn database(
        &mut self,
        side: usize,
        address: &Address,
        session: Session,
        journal: &mut Journal,
        lists: &mut Lists,
    ) -> Result<(), ApplyError> {
        let identity = session.identity();
        let Session { mut writer, checked, table, by_identity: mut second } = session;
        let by_identity = second.as_mut().map(|(writer, _)| writer.as_mut() as &mut dyn Writer);
        let mut writers = Writers { by_key: writer.as_mut(), by_identity };
        let mut stored = self.stored(side, &table.columns);
        let counts = self.plan.file.sides[side].counts;
        let steps = PlanSteps { plan: self.plan, side };
        let watched = if self.may_cascade() { Vec::new() } else { cascading(&checked.target.dependents) };
        let name = address.to_string();
        let watch = self.watch;
        let mut outcome = SideOutcome::default();
        let (job, plan) = (self.job, self.plan);
        let own = Run::new(job, watch, self.deed, plan);
        let linker = self.linker(side, &table);
        let run = own.side_run(side, &name, &steps, &table, &identity, &checked, &watched, linker.as_ref());
        if !journal.facts().open.is_empty() {
            let before = StoredBefore::read(&plan.folder, side, &table.columns)?;
            run.resolve(&mut writers, journal, &before)?;
        }
        let progress = match self.deed {
            Deed::Apply => stage(watch, "applying", side, chosen(&counts, &self.job.only)),
            Deed::Undo => stage(watch, "undoing", side, journal.ours().len()),
        };
        let mut refuse = |refusal: Refusal| lists.refused.refuse(&refusal);
        let writing = SideRun { progress: progress.as_ref(), ..run.clone() };
        let keep = stored.as_mut().map(|stored| stored as &mut dyn Keep);
        let result = writing.write(&mut writers, journal, &mut refuse, keep, &mut outcome);
        drop(progress);
        // Rows with numbers of their own are there, also if it ended early: new ones must not get
        // the same.
        let numbered = checked.target.columns.iter().any(|column| column.counter);
        let counters = match outcome.written.create > 0 || (counts.create > 0 && outcome.already > 0) {
            true if numbered => writers.by_key.advance_counters(),
            _ => Ok(Vec::new()),
        };
        self.out.sides[side] = outcome;
        let settled = result?;
        let counters =
            counters.map_err(|error| ApplyError::Counters { address: name.clone(), why: error.to_string() })?;
        self.out.warnings.extend(counters.into_iter().map(|note| format!("{name}: {note}")));

        let written = &settled.written;
        let progress = stage(watch, "verifying", side, written.len());
        let reading = SideRun { progress: progress.as_ref(), ..run };
        let samples = &mut self.out.unverified;
        let mut doubt = |cell: Unverified| {
            lists.unverified.doubt(&cell)?;
            if samples.len() < SAMPLES {
                samples.push(cell);
            }
            Ok(())
        };
        self.out.sides[side].unverified = reading.verify(&mut writers, written, &mut doubt)?;
        writer.leave();
        if let Some((writer, _)) = second {
            writer.leave();
        }
        self.out.settled[side] = settled.all();
        Ok(())
    }

    /// What identifies a side's rows in its history: the primary key, or else the unique key.
    fn linker(&self, side: usize, table: &WriteTable) -> Option<Linker> {
        let key: Vec<String> = table.key.iter().map(|at| table.columns[*at].name.clone()).collect();
        let identity = identity_of(&self.plan.file.sides[side].table, &key);
        Linker::new(&table.columns, &Recipe::alone(&[], &[]), &identity)
    }

    /// Where rows are kept as a side stores them, if they will be wanted: for the next base.
    fn stored(&self, side: usize, columns: &[Column]) -> Option<StoredRows> {
        let wanted = self.plan.file.direction == Direction::Both && self.deed == Deed::Apply;
        wanted.then(|| StoredRows::new(&self.plan.folder, side, columns))
    }

    fn file(
        &mut self,
        side: usize,
        address: &Address,
        journal: &mut Journal,
        lists: &mut Lists,
    ) -> Result<(), ApplyError> {
        let counts = self.plan.file.sides[side].counts;
        let (deed, job) = (self.deed, self.job);
        let watch = self.watch;
        let progress = match deed {
            Deed::Apply => stage(watch, "applying", side, chosen(&counts, &job.only)),
            Deed::Undo => stage(watch, "undoing", side, journal.ours().len()),
        };
        let facts = journal.facts().clone();
        let (standing, skipped) = (facts.dealt_with(), RefCell::new(StepSet::default()));
        let wanted = |step: u64, action: Action| {
            let chosen = job.only.is_empty() || job.only.contains(&action);
            let stands = chosen && deed == Deed::Apply && standing.contains(step);
            if stands {
                // From an earlier run: whatever has become of the row since is somebody's doing.
                skipped.borrow_mut().insert(step);
            }
            let mine = match deed {
                Deed::Apply => !facts.unclear.contains(step),
                Deed::Undo => facts.ours.contains(step),
            };
            chosen && !stands && mine
        };
        let mut refused = 0;
        let mut refuse = |refusal: Refusal| {
            refused += 1;
            lists.refused.refuse(&refusal)
        };
        let after = journal.last_sum().to_owned();
        let mut commit = |steps: &StepSet| {
            journal.intent(deed, steps, None)?;
            Ok(journal.last_sum().to_owned())
        };
        let mut stored = self.stored(side, &self.plan.file.sides[side].table.columns);
        let outcome = crate::apply::file::apply_file(FileRun {
            address,
            plan: self.plan,
            side,
            undo: deed == Deed::Undo,
            wanted: &wanted,
            interrupt: self.watch.interrupt(),
            progress: progress.as_ref(),
            refuse: &mut refuse,
            commit: &mut commit,
            after: &after,
            keep: stored.as_mut().map(|stored| stored as &mut dyn Keep),
        });
        let mut outcome = outcome?;
        let kept = std::mem::take(&mut outcome.stored);
        let (done, already) = if outcome.written.is_empty() { (Vec::new(), kept) } else { (kept, Vec::new()) };
        journal.done(deed, &outcome.written, done)?;
        journal.already(deed, &outcome.already, already)?;
        drop(progress);
        outcome.already.insert_all(&skipped.into_inner());
        self.out.sides[side] = SideOutcome {
            written: outcome.counts,
            already: outcome.already.len(),
            refused,
            rejected: 0,
            unverified: 0,
        };
        self.out.settled[side] = Settled { written: outcome.written, already: outcome.already }.all();
        Ok(())
    }
}

fn stage<'a>(watch: &'a dyn Watch, verb: &str, side: usize, steps: u64) -> Box<dyn Progress + Send + 'a> {
    let progress = watch.stage(&format!("{verb} {}", side_word(side)));
    progress.total(steps);
    progress
}

/// The steps of one side of a plan.
struct PlanSteps<'a> {
    plan: &'a Plan,
    side: usize,
}

impl Steps for PlanSteps<'_> {
    fn forward(&self, rows: usize) -> Result<ChunkIter<'_>, PlanError> {
        Ok(Box::new(self.plan.chunks(self.side, rows)?))
    }

    fn backward(&self, rows: usize) -> Result<ChunkIter<'_>, PlanError> {
        Ok(Box::new(self.plan.chunks_back(self.side, rows)?))
    }
}
