//! Writes steps that wait for each other in one transaction: unique values are set aside, new rows
//! come, others change and the old ones go, and at the end each row is as its step wants it. What is
//! set aside never outlasts the transaction.
//!
//! There are [several ways](super::knot::WAYS) to do it, and each is taken back as a whole if the
//! database does not accept it. Rows are only deleted and created again where nothing hangs on them, no
//! trigger meddles, and all of their columns are known to be as they were.

use super::chunk::{ChunkOutcome, ChunkWriter, Failed, TRIES, Tried, exactly, in_our_words, pause};
use super::classify::{Verdict, classify};
use super::error::ApplyError;
use super::knot::{Aside, Knot, Park, WAYS, Way};
use super::work::Work;
use crate::endpoint::{Action, ExportBatch, Reference, StepBatch, WriteError};
use crate::plan::ties;
use std::collections::{BTreeSet, HashMap};

/// Takes what became of steps of an action.
pub(super) type PartTaker<'a> = dyn FnMut(Action, ChunkOutcome) -> Result<(), ApplyError> + 'a;

impl ChunkWriter<'_> {
    /// Writes steps of several actions that wait for each other, or as many of them as can be, and hands
    /// on what became of all. Those that can't be written in one transaction are dealt with like any
    /// others.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(super) fn knot(&mut self, parts: &[Work], take: &mut PartTaker<'_>) -> Result<(), ApplyError> {
        if self.untie(parts, take)? {
            return Ok(());
        }
        let mut left: Vec<BTreeSet<usize>> = self.open(parts)?;
        let mut rest: Vec<BTreeSet<usize>> = parts
            .iter()
            .zip(&left)
            .map(|(work, left)| (0..work.len()).filter(|at| !left.contains(at)).collect())
            .collect();
        if let Some(target) = self.target {
            let tied = ties(
                target,
                self.codec.columns(),
                self.codec.key(),
                &parts.iter().map(Work::step_rows).collect::<Vec<_>>(),
            );
            for unit in tied {
                let mut places: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
                unit.iter()
                    .filter(|(part, at)| left[*part].contains(at))
                    .for_each(|(part, at)| places[*part].push(*at));
                let some = parts.iter().zip(&places).filter(|(_, places)| !places.is_empty());
                let unit: Vec<Work> = some.map(|(work, places)| work.pick(places)).collect::<Result<_, _>>()?;
                if self.unit(&unit, take)? {
                    places.iter().zip(&mut left).for_each(|(places, left)| {
                        places.iter().for_each(|at| {
                            left.remove(at);
                        })
                    });
                }
            }
        }
        for ((work, rest), left) in parts.iter().zip(&mut rest).zip(left) {
            rest.extend(left);
            let work = work.pick(&rest.iter().copied().collect::<Vec<_>>())?;
            if !work.is_empty() {
                self.write(&work, &mut |outcome| take(work.steps.action, outcome))?;
            }
        }
        Ok(())
    }

    /// Whether a row is to go that refers to itself: some servers mind it.
    pub(super) fn refers_to_itself(&self, work: &Work) -> Result<bool, ApplyError> {
        let (Some(target), Action::Delete) = (self.target, work.steps.action) else { return Ok(false) };
        let rows = self.codec.rows(work.steps.rows())?;
        let position = |name: &String| self.codec.columns().iter().position(|column| column.name == *name);
        let positions = |names: &[String]| names.iter().map(position).collect::<Option<Vec<usize>>>();
        let refers = |reference: &Reference| match (positions(&reference.columns), positions(&reference.to)) {
            (Some(from), Some(to)) => (0..rows.len()).any(|row| rows.encode(row, &from) == rows.encode(row, &to)),
            _ => false,
        };
        Ok(target.references.iter().filter(|reference| reference.to_itself).any(refers))
    }

    /// Writes steps that can't be written without each other. Whether they are dealt with.
    fn unit(&mut self, unit: &[Work], take: &mut PartTaker<'_>) -> Result<bool, ApplyError> {
        match unit {
            [] => Ok(false),
            [work] if work.len() == 1 => {
                let mut work = work.clone();
                work.steps.park.clear();
                match self.attempt(&work, true, true)? {
                    Tried::Done(outcome) => {
                        self.hand(outcome, &mut |outcome| take(work.steps.action, outcome))?;
                        Ok(true)
                    }
                    Tried::Rejected(_) => Ok(false),
                }
            }
            unit => self.untie(unit, take),
        }
    }

    /// Of each part, the steps whose rows are as they found them.
    fn open(&mut self, parts: &[Work]) -> Result<Vec<BTreeSet<usize>>, ApplyError> {
        self.writer.begin().map_err(in_our_words)?;
        let open = parts.iter().map(|work| {
            let verdicts = match self.fetch(work) {
                Ok(fetched) => classify(self.codec, work, &fetched)?.verdicts,
                Err(Failed::Apply(error)) => return Err(error),
                // It shows again when they are written.
                Err(_) => Vec::new(),
            };
            Ok((0..verdicts.len()).filter(|at| verdicts[*at] == Verdict::Write).collect())
        });
        let open = open.collect::<Result<_, _>>();
        // Where this fails, the connection is lost, and the next call says so.
        let _ = self.writer.rollback();
        open
    }

    /// Writes steps, of one or several actions, that can't be written without each other, all or none,
    /// and hands on what became of them if they are written. Whether they are.
    ///
    /// # Errors
    /// If something other than the rows is in the way.
    pub(super) fn untie(&mut self, parts: &[Work], take: &mut PartTaker<'_>) -> Result<bool, ApplyError> {
        let Some(target) = self.target.filter(|_| !self.codec.is_whole()) else { return Ok(false) };
        let knot = Knot::new(self.codec, target, self.writable, parts);
        let lacks = |action| target.lacking.iter().any(|lacking| lacking.action == action);
        for way in WAYS {
            if way.park != Park::Nothing && lacks(Action::Update)
                || way.replaces && [Action::Create, Action::Delete].into_iter().any(lacks)
            {
                continue;
            }
            let mut tries = 0;
            loop {
                if self.interrupt.is_set() {
                    return Err(ApplyError::Interrupted);
                }
                let result = self.go(&knot, parts, way);
                if let Ok(true) = result {
                    for work in parts {
                        let written = work.numbers.iter().copied().collect();
                        let outcome = ChunkOutcome { written, ..ChunkOutcome::default() };
                        self.hand(outcome, &mut |outcome| take(work.steps.action, outcome))?;
                    }
                    return Ok(true);
                }
                // Where this fails, the connection is lost, and the next call says so.
                let _ = self.writer.rollback();
                match result {
                    Err(Failed::Write(WriteError::Conflict { .. })) if tries + 1 < TRIES => pause(&mut tries),
                    Err(Failed::Write(WriteError::Refused { .. } | WriteError::Taken { .. }))
                    | Err(Failed::Apply(ApplyError::Cascade { .. }))
                    | Err(Failed::Refused(_) | Failed::Count(_) | Failed::Elsewhere(_))
                    | Ok(_) => break,
                    Err(Failed::Write(error)) => return Err(in_our_words(error)),
                    Err(Failed::Apply(error)) => return Err(error),
                }
            }
        }
        Ok(false)
    }

    /// Goes one way, to its COMMIT; `false` if that is no way for these steps.
    fn go(&mut self, knot: &Knot<'_>, parts: &[Work], way: Way) -> Result<bool, Failed> {
        self.writer.begin()?;
        let deferred = self.writer.defer()?;
        if way == WAYS[0] && !deferred {
            return Ok(false);
        }
        let update = |part: &usize| parts[*part].steps.action == Action::Update;
        let of = |action: Action| (0..parts.len()).filter(move |part| parts[*part].steps.action == action);
        if way.replaces && of(Action::Update).next().is_none() {
            return Ok(false);
        }
        for (part, work) in parts.iter().enumerate() {
            let fetched = self.fetch(work)?;
            let verdicts = classify(self.codec, work, &fetched)?.verdicts;
            if verdicts.iter().any(|verdict| *verdict != Verdict::Write) {
                return Err(Failed::Count(0));
            }
            if way.replaces && update(&part) && !self.is_replaceable(work, &fetched)? {
                return Ok(false);
            }
        }
        let mut asides: Vec<Option<Aside>> = Vec::new();
        for (part, work) in parts.iter().enumerate() {
            let aside = match work.steps.action {
                Action::Create => None,
                _ => match knot.aside(part, way)? {
                    Some(aside) => Some(aside),
                    None => return Ok(false),
                },
            };
            if let Some(Aside { rows, columns }) = aside.as_ref().filter(|aside| !aside.columns.is_empty()) {
                let (before, after) = (work.steps.before.clone(), Some(rows.clone()));
                let (guard, set) = (work.steps.guard.clone(), columns.clone());
                self.all(StepBatch { action: Action::Update, before, after, guard, set, park: Vec::new() })?;
            }
            asides.push(aside);
        }
        let mut late = Vec::new();
        if way.lets_go {
            self.remove(parts, &asides, way)?;
        }
        for part in of(Action::Create) {
            if let Some(after) = &parts[part].steps.after {
                late.extend(self.add(knot, after, &parts[part].steps.set, way)?);
            }
        }
        for part in of(Action::Update) {
            let after = knot.finished(&parts[part])?;
            if way.replaces {
                late.extend(self.add(knot, &after, self.writable, way)?);
            } else if let Some(aside) = &asides[part] {
                self.finish(&parts[part], aside, after)?;
            }
        }
        if !way.lets_go {
            self.remove(parts, &asides, way)?;
        }
        for steps in late {
            self.all(steps)?;
        }
        let mut stored = Vec::new();
        let wanted = self.keep.is_some() || self.triggers;
        for work in parts.iter().filter(|work| wanted && work.steps.after.is_some()) {
            self.load(work)??;
            stored.extend(self.stored(work)?);
        }
        self.commit(parts, stored)?;
        Ok(true)
    }

    /// Writes steps, all of them.
    fn all(&mut self, steps: StepBatch) -> Result<(), Failed> {
        let many = steps.len();
        self.writer.load(&steps)?;
        exactly(self.writer.write()?, many)
    }

    /// Gives updated rows their values.
    fn finish(&mut self, work: &Work, aside: &Aside, after: ExportBatch) -> Result<(), Failed> {
        let mut set = work.steps.set.clone();
        set.extend(aside.columns.iter().filter(|at| !work.steps.set.contains(at)));
        set.sort_unstable();
        // The rows are locked: what else is not as it was, the table has changed by itself.
        let guard = if aside.columns.is_empty() { work.steps.guard.clone() } else { aside.columns.clone() };
        let (before, after) = (Some(aside.rows.clone()), Some(after));
        self.all(StepBatch { action: Action::Update, before, after, guard, set, park: Vec::new() })
    }

    /// Adds rows. If they do not refer to others as yet, the steps that see to it.
    fn add(
        &mut self,
        knot: &Knot<'_>,
        rows: &ExportBatch,
        set: &[usize],
        way: Way,
    ) -> Result<Option<StepBatch>, Failed> {
        let create = |rows: ExportBatch| StepBatch {
            action: Action::Create,
            before: None,
            after: Some(rows),
            guard: Vec::new(),
            set: set.to_vec(),
            park: Vec::new(),
        };
        if !way.lets_go {
            return self.all(create(rows.clone())).map(|()| None);
        }
        let unrelated = knot.unrelated(rows, set)?;
        self.all(create(unrelated.rows.clone()))?;
        if unrelated.columns.is_empty() {
            return Ok(None);
        }
        Ok(Some(StepBatch {
            action: Action::Update,
            before: Some(unrelated.rows),
            after: Some(rows.clone()),
            guard: unrelated.columns.clone(),
            set: unrelated.columns,
            park: Vec::new(),
        }))
    }

    /// Deletes rows: those of deletes, and with them those that are to be created again.
    fn remove(&mut self, parts: &[Work], asides: &[Option<Aside>], way: Way) -> Result<(), Failed> {
        let mut rows = Vec::new();
        for (work, aside) in parts.iter().zip(asides) {
            let Some(aside) = aside else { continue };
            if work.steps.action == Action::Delete && !self.watched.is_empty() {
                let fetched = self.fetch(work)?;
                self.check_dependents(work, &fetched)?;
            }
            if work.steps.action == Action::Delete || way.replaces {
                rows.push(aside.rows.clone());
            }
        }
        let rows = ExportBatch::concat(&rows).map_err(|error| ApplyError::Shape(error.to_string()))?;
        let Some(rows) = rows else { return Ok(()) };
        // They are locked, and were as their steps found them.
        let guard = self.codec.key().to_vec();
        let (before, after) = (Some(rows), None);
        self.all(StepBatch { action: Action::Delete, before, after, guard, set: Vec::new(), park: Vec::new() })
    }

    /// Whether rows can be deleted and created again, and be what they were but for what their steps
    /// change: nothing is done to rows that refer to them, no trigger sees to more, and of each column it
    /// is known what is in it.
    fn is_replaceable(&mut self, work: &Work, fetched: &ExportBatch) -> Result<bool, Failed> {
        let (Some(target), Some(before)) = (self.target, &work.steps.before) else { return Ok(false) };
        if self.triggers || fetched.rows.num_rows() != work.len() {
            return Ok(false);
        }
        let (rows, found) = (self.codec.rows(before)?, self.codec.rows(fetched)?);
        let all: Vec<usize> = (0..self.codec.columns().len()).collect();
        let places: HashMap<Vec<u8>, usize> = (0..found.len()).map(|row| (found.key(row), row)).collect();
        let is_known = |at: usize| places.get(&rows.key(at)).is_some_and(|row| rows.same(at, &found, *row, &all));
        if !(0..work.len()).all(is_known) {
            return Ok(false);
        }
        let hanging = super::dependents::cascading(&target.dependents);
        if hanging.is_empty() {
            return Ok(true);
        }
        let mut deletes = work.clone();
        deletes.steps = StepBatch {
            action: Action::Delete,
            after: None,
            guard: all,
            set: Vec::new(),
            park: Vec::new(),
            ..work.steps.clone()
        };
        self.load(&deletes)??;
        Ok(self.writer.count_dependents(&hanging)?.iter().all(|rows| *rows == 0))
    }
}
