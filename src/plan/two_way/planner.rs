//! Both tables are made to agree: what differs becomes steps for both sides, conflicts, and what is
//! left alone.

use super::account::{Few, Leftover, late_warnings, left_out, warnings};
use super::conflicting::Conflicts;
use super::decide::{Facts, Outcome, Reason, decide};
use super::drafts::{Drafts, Unlinked};
use super::facts::{FactsReader, Found, Histories, TimesFrom};
use super::items::{Item, ItemSide, items};
use super::lists::{Became, Completing, SideLists, Wants};
use super::pairs::PlannedPair;
use super::rules::{Take, TwoWayFile, Winner};
use super::unkeyed::Unkeyed;
use crate::base::{Base, BasePair, Torn, Wanted};
use crate::compare::{Differences, View};
use crate::endpoint::{Action, Reading, disk};
use crate::plan::assemble::{Assembler, print_key};
use crate::plan::file::{ChangedColumn, PlanFile, PlanSide, is_sqlite};
use crate::plan::folder::VERSION;
use crate::plan::history_times::HistoryTimes;
use crate::plan::one_way::made_in;
use crate::plan::picks::{Pick, Schedule};
use crate::plan::rows::fetch;
use crate::plan::select::as_typed;
use crate::plan::shape::Shape;
use crate::plan::steps::{Layout, StepsWriter};
use crate::plan::watch::Watch;
use crate::plan::writing::{Writing, WrittenSteps};
use crate::plan::{PlanError, PlanInput};
use crate::snapshot::{Index, Recipe};
use crate::table::Fingerprint;
use std::collections::HashMap;
use std::path::Path;

/// Pairs to look at together.
const CHUNK: usize = 8 * 1024;

/// What a plan for both sides is made of, besides what any plan is made of.
pub struct TwoWayInput<'a> {
    /// The tables, what differs and what is wanted.
    pub plan: PlanInput<'a>,
    /// What both sides agreed on; `None` for a first run.
    pub base: Option<&'a Base>,
    /// The rules, and what else `plan.json` says.
    pub file: TwoWayFile,
    /// The histories, where the rule asks for them, or the other side's is to know when a change was made.
    pub histories: [Option<&'a HistoryTimes>; 2],
    /// The columns of each side's identity.
    pub identity: [Vec<String>; 2],
    /// By how much the right side's times are ahead, in microseconds.
    pub ahead: i64,
    /// Pairs of the base of which neither row is there any more, where not everything was read.
    pub vanished: Vec<BasePair>,
    /// What the tables were compared by.
    pub indexes: [&'a Index; 2],
    /// Where what has to be laid aside goes while planning.
    pub work: &'a Path,
    /// Bytes of memory to stay under.
    pub memory: usize,
}

/// A finished plan, but for its scripts and `plan.json`.
pub struct TwoWayPlan {
    /// As of any plan.
    pub file: PlanFile,
    /// Pairs of rows that differ and are not to be linked by their key in the next base: the
    /// positions of their left rows.
    pub unlinked: Unlinked,
}

/// Makes the steps for both sides, and writes them into `folder`. The rows that differ are handed over in
/// `differing`, so that they are out of the way once they were looked at.
///
/// # Errors
/// If a row can't be read, a file not be written, or the person interrupts.
pub fn plan_two_way(input: &TwoWayInput<'_>, differing: Differences, folder: &Path) -> Result<TwoWayPlan, PlanError> {
    let plan = &input.plan;
    let tables = [0, 1].map(|at: usize| &plan.tables[at].snapshot.manifest.table);
    let shape = |side: usize| Shape::new(side, tables, plan.tables[side].target.as_ref(), plan.alignment, plan.key);
    let shapes = [shape(0), shape(1)];
    let recipes = Recipe::of(plan.alignment, plan.key);
    let parts = [0, 1].map(|at: usize| &plan.tables[at].snapshot.parts);
    let side = |at: usize| ItemSide { parts: parts[at], recipe: &recipes[at], identity: &input.identity[at] };
    disk::make_folder(input.work).map_err(|e| PlanError::write(input.work, e))?;
    let items = items(differing, [side(0), side(1)], input.base, input.work, input.memory, &plan.interrupt)?;

    let computed = |side: usize, name: &str| {
        let target = plan.tables[side].target.as_ref().and_then(|target| target.column(name));
        let generated = || tables[side].columns.iter().any(|column| column.name == name && column.generated);
        target.map_or_else(generated, |column| column.computed)
    };
    let times = match &input.file.rules.winner {
        Winner::NewestColumn { left, right } => {
            TimesFrom::Columns([left, right], if input.file.rules.shift { input.ahead } else { 0 })
        }
        _ if input.histories.iter().any(Option::is_some) => TimesFrom::Histories,
        _ => TimesFrom::Nowhere,
    };
    let reader = FactsReader::new(
        parts,
        &recipes,
        [&input.identity[0], &input.identity[1]],
        input.base,
        plan.alignment,
        plan.key,
        &computed,
        times,
        Histories { sides: input.histories, ahead: input.ahead },
    );
    let unkeyed = |at: usize| {
        let counts = plan.audit.sides[at].counts;
        let then = input.base.map_or(0, |base| base.file.sides[at].unkeyed_known);
        Unkeyed::of(side(at), input.indexes[at], counts.null_keys + counts.duplicates, then)
    };
    let cells = shapes[0].compared.len() + shapes[0].key.len();
    let unkeyed = [unkeyed(0)?, unkeyed(1)?];
    let mut planner = Planner {
        input,
        shapes: &shapes,
        compared: shapes[0].compared.len(),
        unsettled: Planner::unkeyed_pairs(input, &unkeyed)?,
        unkeyed,
        lists: [SideLists::new(0, cells, input.work), SideLists::new(1, cells, input.work)],
        pairs: Drafts::new(input.work),
        conflicts: Vec::new(),
        left: [Leftover::default(), Leftover::default()],
        kept: 0,
        undecided: Few::default(),
        torn: [HashMap::new(), HashMap::new()],
        late: [Few::default(), Few::default()],
        keys_change: [false; 2],
    };
    for torn in input.base.map_or_else(|| Ok(Vec::new()), Base::torn)? {
        for side in [0, 1] {
            planner.torn[side].insert(torn.ids[side], torn);
        }
    }
    let mut conflicts = Conflicts::create(folder, input, &reader)?;
    for first in (0..items.len()).step_by(CHUNK) {
        if plan.interrupt.is_set() {
            return Err(PlanError::Interrupted);
        }
        let chunk = items.read(first, CHUNK)?;
        let keys = if input.file.decisions.is_empty() { Vec::new() } else { planner.keys(&chunk)? };
        for (at, (item, found)) in chunk.iter().zip(reader.read(&chunk)?).enumerate() {
            planner.item(*item, found, keys.get(at).map(Vec::as_slice))?;
        }
        conflicts.write(&std::mem::take(&mut planner.conflicts))?;
    }
    drop(items);
    let conflicts = conflicts.finish()?;
    planner.remember()?;
    let written = planner.write(folder)?;
    let file = planner.file(written, conflicts);
    let Planner { lists, pairs, .. } = planner;
    let unlinked = pairs.write(folder, &mut lists.map(Completing::new), plan.tables[0].snapshot.parts.rows())?;
    Ok(TwoWayPlan { file, unlinked })
}

/// A pair of rows that nobody but a person can decide.
#[derive(Clone, Debug)]
pub(super) struct Conflicting {
    pub(super) item: Item,
    pub(super) reason: Reason,
    /// Positions of the compared pairs that differ, or were changed where the other row is gone.
    pub(super) columns: Vec<usize>,
    /// Those of them that both sides changed.
    pub(super) colliding: Vec<usize>,
    pub(super) times: [Option<i64>; 2],
}

struct Planner<'a> {
    input: &'a TwoWayInput<'a>,
    shapes: &'a [Shape; 2],
    /// How many pairs are compared besides the key's.
    compared: usize,
    unkeyed: [Unkeyed; 2],
    lists: [SideLists; 2],
    pairs: Drafts,
    /// Those of the items at hand.
    conflicts: Vec<Conflicting>,
    left: [Leftover; 2],
    kept: u64,
    undecided: Few,
    /// What the base has of rows that the comparison passes over, but for pairs that were planned.
    unsettled: HashMap<[Fingerprint; 2], BasePair>,
    /// By the identity of either row: pairs that were there at the last run and not settled, of which
    /// the base has nothing.
    torn: [HashMap<Fingerprint, Torn>; 2],
    /// Per side, rows that take over values of a row whose time is earlier than their own.
    late: [Few; 2],
    /// Per side, whether updates change unique keys.
    keys_change: [bool; 2],
}

impl Planner<'_> {
    /// The keys of items, as printed.
    fn keys(&self, items: &[Item]) -> Result<Vec<Vec<String>>, PlanError> {
        let mut out = vec![Vec::new(); items.len()];
        for side in [1, 0] {
            let columns: Vec<usize> = self.shapes[side].writes.key.clone();
            let parts = &self.input.plan.tables[side].snapshot.parts;
            let here: Vec<(usize, u64)> =
                items.iter().enumerate().filter_map(|(at, item)| Some((at, item.rows[side]?))).collect();
            let rows: Vec<u64> = here.iter().map(|(_, row)| *row).collect();
            let view = View::new(fetch(parts, &columns, &rows)?);
            let all: Vec<usize> = (0..columns.len()).collect();
            for (row, (at, _)) in here.iter().enumerate() {
                let key = print_key(&view, &all, row);
                out[*at] = if side == 0 { key } else { self.as_left(key) };
            }
        }
        Ok(out)
    }

    /// A right key as the left table prints it, which is how conflicts are listed.
    fn as_left(&self, key: Vec<String>) -> Vec<String> {
        let left = self.shapes[0].writes.key.iter().map(|at| self.shapes[0].column(*at));
        key.into_iter().zip(left).map(|(text, column)| as_typed(&text, column).unwrap_or(text)).collect()
    }

    /// What the base has of rows that the comparison passes over.
    fn unkeyed_pairs(
        input: &TwoWayInput<'_>,
        unkeyed: &[Unkeyed; 2],
    ) -> Result<HashMap<[Fingerprint; 2], BasePair>, PlanError> {
        let Some(base) = input.base else { return Ok(HashMap::new()) };
        let ids = [0, 1].map(|side: usize| unkeyed[side].ids.clone());
        let pairs = base.find(&Wanted { ids, ..Wanted::default() })?;
        Ok(pairs.into_iter().map(|pair| (pair.ids, pair)).collect())
    }

    /// Adds a pair, and what it wants to have written.
    fn add(&mut self, pair: &PlannedPair, wants: Wants) -> Result<(), PlanError> {
        if let Some(base) = &pair.base {
            self.unsettled.remove(&base.ids);
        }
        Ok(self.pairs.push(pair, wants)?)
    }

    /// Adds pairs that nothing is left of, and those of rows that the comparison passes over, which stay as
    /// they are.
    fn remember(&mut self) -> Result<(), PlanError> {
        for base in &self.input.vanished {
            self.add(&PlannedPair { settled: true, base: Some(*base), ..PlannedPair::default() }, 0)?;
        }
        let mut pairs: Vec<BasePair> = std::mem::take(&mut self.unsettled).into_values().collect();
        pairs.sort_unstable_by_key(|pair| (pair.segment, pair.rows));
        pairs.iter().try_for_each(|pair| self.add(&PlannedPair { base: Some(*pair), ..PlannedPair::default() }, 0))
    }

    /// What a person decided on this key.
    fn decided(&self, key: Option<&[String]>) -> Option<Take> {
        let decisions = &self.input.file.decisions;
        let own = decisions.iter().rev().find(|decision| decision.key.as_deref() == key && key.is_some());
        own.or_else(|| decisions.iter().rev().find(|decision| decision.key.is_none())).map(|decision| decision.take)
    }

    /// Decides on one item, and takes note of what follows.
    fn item(&mut self, item: Item, found: Found, key: Option<&[String]>) -> Result<(), PlanError> {
        let known = || (0..2).filter_map(|side: usize| self.torn[side].get(&item.ids[side]?).copied());
        let unclear = known().any(|torn| torn.unclear);
        let torn = match (item.base, item.ids) {
            (Some(_), _) => None,
            (None, [Some(left), Some(right)]) => Some(Torn { ids: [left, right], unclear }),
            (None, _) => known().next().map(|torn| Torn { unclear, ..torn }),
        };
        let facts = Facts {
            here: item.rows.map(|row| row.is_some()),
            based: item.base.is_some(),
            columns: &found.columns,
            times: found.times,
            decided: None,
            filtered: self.input.plan.tables.iter().any(|table| table.filter.is_some()),
            torn: torn.is_some(),
            unclear: torn.is_some_and(|torn| torn.unclear),
        };
        let mut pair = PlannedPair { rows: item.rows, base: item.base, torn, ..PlannedPair::default() };
        let rules = &self.input.file.rules;
        let mut outcome = decide(&facts, rules);
        if let (Outcome::Conflict(_) | Outcome::Undecided, Some(take)) = (&outcome, self.decided(key)) {
            outcome = decide(&Facts { decided: Some(take), ..facts }, rules);
        }
        let elsewhere = (0..2).any(|side| self.unkeyed[side].may_have(side, &item));
        if elsewhere && item.rows.iter().flatten().count() == 1 && outcome != Outcome::Agree {
            // Its partner may still be there, under a key by which no row is written.
            outcome = Outcome::Undecided;
        }
        let mut wants = 0;
        match outcome {
            Outcome::Agree => pair.settled = true,
            Outcome::Kept => {
                self.kept += 1;
                pair.settled = true;
            }
            Outcome::Create(side) => wants = self.create(side, item, found.told, &mut pair),
            Outcome::Delete(side) => wants = self.delete(side, item, found.told, &mut pair),
            Outcome::Write(cells) => {
                self.note_late(item, &found, &cells);
                wants = self.update(item, &found, cells, &mut pair)?;
            }
            Outcome::Conflict(reason) => {
                let both = item.rows.iter().all(Option::is_some);
                let of_interest = |at: &usize| {
                    let column = &found.columns[*at];
                    if both { column.differs } else { column.changed.contains(&true) }
                };
                let columns: Vec<usize> = (0..found.columns.len()).filter(of_interest).collect();
                let collides = |at: &usize| !both || item.base.is_none() || found.columns[*at].changed == [true; 2];
                let colliding = columns.iter().copied().filter(collides).collect();
                self.conflicts.push(Conflicting { item, reason, columns, colliding, times: found.times });
            }
            Outcome::Undecided => self.undecided.add(item),
        }
        self.add(&pair, wants)
    }

    /// Takes note of a row that one side alone has changed, although it says that it is older than the
    /// other one: a clock or an application is wrong, or that side was put back from a copy.
    fn note_late(&mut self, item: Item, found: &Found, cells: &[Vec<usize>; 2]) {
        let by_column = matches!(self.input.file.rules.winner, Winner::NewestColumn { .. });
        let side = match cells.each_ref().map(Vec::is_empty) {
            [true, false] => 1,
            [false, true] => 0,
            _ => return,
        };
        if let [Some(own), Some(taken)] = [found.times[side], found.times[1 - side]]
            && by_column
            && item.base.is_some()
            && taken < own
        {
            self.late[side].add(item);
        }
    }

    /// By how much a side's times are ahead of those that were told. Times of columns are nobody's clock.
    fn shift(&self, side: usize) -> i64 {
        let rules = &self.input.file.rules;
        let by_column = matches!(rules.winner, Winner::NewestColumn { .. });
        let is_column = by_column && !rules.shift && self.input.histories[1 - side].is_none();
        if side == 1 && !is_column { self.input.ahead } else { 0 }
    }

    fn wants(&mut self, side: usize, action: Action, item: Item) -> bool {
        let wanted = self.input.plan.actions.contains(&action);
        if !wanted {
            self.left[side].switched_off(action, item);
        }
        wanted
    }

    fn create(&mut self, side: usize, item: Item, told: [Option<i64>; 2], pair: &mut PlannedPair) -> Wants {
        if item.rows[1 - side].is_none() || !self.wants(side, Action::Create, item) {
            return 0;
        }
        if let Some(column) = self.shapes[side].unfillable.first() {
            self.left[side].unfillable(column, item);
            return 0;
        }
        pair.settled = true;
        self.lists[side].create(item.rows, told)
    }

    fn delete(&mut self, side: usize, item: Item, told: [Option<i64>; 2], pair: &mut PlannedPair) -> Wants {
        if item.rows[side].is_none() || !self.wants(side, Action::Delete, item) {
            return 0;
        }
        pair.settled = true;
        self.lists[side].delete(item.rows, told)
    }

    /// Updates of one or both rows.
    fn update(
        &mut self,
        item: Item,
        found: &Found,
        cells: [Vec<usize>; 2],
        pair: &mut PlannedPair,
    ) -> Result<Wants, PlanError> {
        let [Some(left), Some(right)] = item.rows else { return Ok(0) };
        let used = [0, 1].map(|side: usize| !cells[side].is_empty());
        if [0, 1].into_iter().any(|side| used[side] && !self.wants(side, Action::Update, item)) {
            return Ok(0);
        }
        let ways = [0, 1].map(|side: usize| self.way(side, &cells, found));
        for side in [0, 1] {
            if let Way::None(why) = &ways[side] {
                self.left[side].rekeyed(why, item);
                return Ok(0);
            }
        }
        pair.settled = true;
        let mut wants = 0;
        for (side, (cells, way)) in cells.into_iter().zip(ways).enumerate() {
            match way {
                Way::Nothing | Way::None(_) => {}
                Way::Update => {
                    self.keys_change[side] |= cells.iter().any(|cell| *cell >= self.compared);
                    wants |= self.lists[side].update([left, right], &cells, found.told)?;
                }
                Way::Anew => {
                    let lists = &mut self.lists[side];
                    wants |= lists.delete(item.rows, found.told) | lists.create(item.rows, found.told);
                }
            }
        }
        Ok(wants)
    }

    /// How cells of a side's row are written. Where the unique key changes, the row must be found by
    /// another key, or be removed and created anew.
    fn way(&self, side: usize, cells: &[Vec<usize>; 2], found: &Found) -> Way {
        let (shape, own) = (&self.shapes[side], &cells[side]);
        if own.is_empty() {
            return Way::Nothing;
        }
        let changes_key = own.iter().any(|at| *at >= self.compared);
        if !changes_key {
            return Way::Update;
        }
        let written = |at: &usize| match at.checked_sub(self.compared) {
            None => shape.compared[*at].written,
            Some(key) => shape.key[key].written,
        };
        let identity = &shape.writes.identity;
        if !identity.is_empty() && !own.iter().any(|at| identity.contains(&written(at))) {
            return Way::Update;
        }
        let all_go_over = (0..found.columns.len()).all(|at| !found.columns[at].differs || own.contains(&at));
        let whole = shape.writes.create.len() == shape.width();
        let wanted = [Action::Create, Action::Delete].iter().all(|action| self.input.plan.actions.contains(action));
        if all_go_over && whole && cells[1 - side].is_empty() && wanted && shape.unfillable.is_empty() {
            Way::Anew
        } else {
            Way::None("its key changes, and the table has no other primary key to find the row by")
        }
    }

    /// Writes the steps of both sides, and takes note of their numbers.
    fn write(&mut self, folder: &Path) -> Result<[WrittenSteps; 2], PlanError> {
        let plan = &self.input.plan;
        let tables = [0, 1].map(|at: usize| &plan.tables[at].snapshot.manifest.table);
        let layout = Layout::new(plan.direction, tables, plan.alignment, &plan.key.pairs);
        let mut writer = StepsWriter::create(folder, layout)?;
        self.lists.iter_mut().for_each(SideLists::finish);
        plan.progress.total(self.lists.iter().map(SideLists::len).sum());
        let mut out = [WrittenSteps::default(), WrittenSteps::default()];
        for side in [0, 1] {
            let lists = &self.lists[side];
            let shape = &self.shapes[side];
            let parts = [0, 1].map(|at: usize| &plan.tables[at].snapshot.parts);
            let takes_others = plan.tables[side].takes_others;
            let target = plan.tables[side].target.as_ref();
            let watch = if self.keys_change[side] { Watch::with_keys } else { Watch::new }(
                target,
                tables[side],
                &shape.writes.key,
            );
            let shift = self.shift(side);
            let when = |action: Action, pick: &Pick| Some(lists.told(action, pick)?.saturating_add(shift));
            let writing = Writing {
                side,
                assembler: Assembler::new(shape, parts, plan.alignment, plan.key, takes_others)
                    .storing(plan.tables.iter().all(|table| is_sqlite(&table.address)))
                    .choosing(&lists.chosen, &lists.differences.changed),
                when: &when,
                watch,
                interrupt: &plan.interrupt,
                progress: plan.progress,
            };
            let schedule = Schedule::new(side, &lists.differences, |_| true);
            let mut became = Became::default();
            out[side] = writing.write(schedule, &mut writer, &mut |action, pick, fate, step| {
                lists.note(&mut became, action, pick, fate, step);
            })?;
            self.lists[side].became = became;
        }
        writer.finish()?;
        Ok(out)
    }

    fn file(&self, written: [WrittenSteps; 2], conflicts: u64) -> PlanFile {
        let (input, plan) = (self.input, &self.input.plan);
        let audit = plan.audit;
        let mut changed_columns: Vec<(usize, ChangedColumn)> = self.shapes[0]
            .compared
            .iter()
            .chain(&self.shapes[0].key)
            .enumerate()
            .map(|(at, link)| {
                let pair = &plan.alignment.pairs[link.pair];
                let changed = written.iter().map(|side| side.changed.get(at).copied().unwrap_or(0)).sum();
                (link.pair, ChangedColumn { left: pair.left.name.clone(), right: pair.right.name.clone(), changed })
            })
            .filter(|(pair, column)| column.changed > 0 || !plan.key.pairs.contains(pair))
            .collect();
        changed_columns.sort_by_key(|(pair, _)| *pair);
        let sides = [0, 1].map(|at: usize| {
            let table = &plan.tables[at];
            PlanSide {
                address: table.address.clone(),
                filter: table.filter.clone(),
                exported_at: table.snapshot.manifest.exported_at.clone(),
                rows: audit.sides[at].counts.rows,
                table: table.snapshot.manifest.table.clone(),
                target: table.target.clone(),
                writes: Some(self.shapes[at].writes.clone()),
                counts: written[at].counts,
            }
        });
        let misfits = written.iter().map(|side| side.misfits.rows()).sum::<u64>();
        let lost: u64 = self.left.iter().map(Leftover::lost).sum();
        PlanFile {
            version: VERSION,
            written_by: concat!("trueup ", env!("CARGO_PKG_VERSION")).to_owned(),
            made_at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            made_in: made_in(),
            direction: plan.direction,
            sides,
            alignment: plan.alignment.clone(),
            key: plan.key.pairs.clone(),
            key_chosen: plan.key.chosen,
            found: if input.file.partial { audit.summary().partial() } else { audit.summary() },
            conflicts,
            undecided: self.undecided.count,
            ambiguous: audit.ambiguous + plan.differences.only_ambiguous.iter().sum::<u64>(),
            null_keys: audit.sides.iter().map(|side| side.counts.null_keys).sum(),
            misfits: misfits + lost,
            changed_columns: changed_columns.into_iter().map(|(_, column)| column).collect(),
            left_out: left_out(plan, self.shapes, &self.left, &written, &self.undecided),
            cascades: Vec::new(),
            allow_cascade: plan.allow_cascade,
            warnings: late_warnings(plan, self.shapes, &input.file.rules.winner, &self.late)
                .into_iter()
                .chain(warnings(plan, self.shapes, &written))
                .collect(),
            limits: plan.limits,
            variables: Vec::new(),
            reading: Reading::default(),
            two_way: Some(TwoWayFile { kept: self.kept, ..input.file.clone() }),
            parts: Vec::new(),
            checksum: String::new(),
        }
    }
}

/// How cells of a row are written.
enum Way {
    /// There are none.
    Nothing,
    /// As an update.
    Update,
    /// The row is removed and created with all of its values.
    Anew,
    /// They can't be. Why, in words.
    None(&'static str),
}
