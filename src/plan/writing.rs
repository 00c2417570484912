//! Writes the steps of one side: puts them into the order of writing, leaves out those that can't be
//! written, and makes the others.

use super::assemble::{Assembled, Assembler, Fate};
use super::claims::{Claims, Refused};
use super::error::PlanError;
use super::file::ActionCounts;
use super::footprint::Footprint;
use super::misfits::Misfits;
use super::picks::{Pick, Schedule};
use super::steps::{StepRows, StepsWriter};
use super::watch::Watch;
use crate::endpoint::{Action, Interrupt};
use crate::snapshot::Progress;
use std::collections::BTreeMap;

/// Bytes of rows to hold at once on their way from the snapshots to the plan.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Most rows to make steps of at once.
const BATCH_ROWS: usize = 16 * 1024;

/// What it takes to write one side's steps.
pub struct Writing<'a> {
    /// The side that is written.
    pub side: usize,
    /// Makes the steps.
    pub assembler: Assembler<'a>,
    /// When the change was made that a step carries, by the clock of the side that is written.
    pub when: &'a When<'a>,
    /// What of them matters for their order.
    pub watch: Watch,
    /// Set when the person interrupts.
    pub interrupt: &'a Interrupt,
    /// Told how far it is, in steps.
    pub progress: &'a dyn Progress,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct WrittenSteps {
    /// The steps.
    pub counts: ActionCounts,
    /// As [`Assembled::changed`], of all steps.
    pub changed: Vec<u64>,
    /// What could not become a step.
    pub misfits: Misfits,
    /// What can't be ordered, in words.
    pub warnings: Vec<String>,
}

/// When the change was made that a step carries; `None` if that is not known.
pub type When<'a> = dyn Fn(Action, &Pick) -> Option<i64> + 'a;

/// Told what became of each row: the step's number, if it became one.
pub type Noted<'a> = dyn FnMut(Action, &Pick, &Fate, Option<u64>) + 'a;

impl Writing<'_> {
    /// Writes the steps of a schedule.
    ///
    /// # Errors
    /// If a row can't be read, the file not be written, or the person interrupts.
    pub fn write(
        &self,
        mut schedule: Schedule<'_>,
        writer: &mut StepsWriter,
        noted: &mut Noted<'_>,
    ) -> Result<WrittenSteps, PlanError> {
        let mut out = WrittenSteps { changed: vec![0; self.assembler.width()], ..WrittenSteps::default() };
        if !self.watch.is_idle() {
            out.warnings = self.arrange(&mut schedule, &mut out.misfits, noted)?;
        }
        let mut next = 0;
        self.assemble(&schedule, |action, picks, made| {
            out.misfits.add(action, &made.fates);
            made.skipped.iter().for_each(|(_, fate)| out.misfits.add(action, std::slice::from_ref(fate)));
            out.counts.add(action, made.rows.len() as u64);
            out.changed.iter_mut().zip(&made.changed).for_each(|(sum, more)| *sum += more);
            let mut rows: StepRows = made.rows;
            rows.together.clear();
            rows.times.clear();
            for (pick, fate) in picks.iter().zip(&made.fates) {
                let step = (*fate == Fate::Step).then_some(next);
                if step.is_some() {
                    rows.together.push(pick.together);
                    rows.times.push((self.when)(action, pick));
                    next += 1;
                }
                noted(action, pick, fate, step);
            }
            self.progress.advance(picks.len() as u64);
            writer.write(self.side, &rows)
        })?;
        Ok(out)
    }

    /// Puts a schedule into the order of writing, without the steps that can't be written. What it
    /// says then can't be ordered.
    fn arrange(
        &self,
        schedule: &mut Schedule<'_>,
        misfits: &mut Misfits,
        noted: &mut Noted<'_>,
    ) -> Result<Vec<String>, PlanError> {
        // Without rows that refer to each other, deletes come first and creates last, and only
        // updates need a look; creates as well, if they may take what others keep.
        let part = if self.watch.has_references() {
            schedule.all()
        } else if self.watch.has_sure() {
            schedule.only(Action::Update).start..schedule.all().end
        } else {
            schedule.only(Action::Update)
        };
        let mut steps: Vec<(usize, Option<Footprint>)> = Vec::new();
        let mut claims = Claims::default();
        let mut at = part.start;
        self.assemble(&schedule.slice(part.clone()), |action, picks, made| {
            misfits.add(action, &made.fates);
            for (row, fate) in &made.skipped {
                if made.fates[*row] == Fate::Skipped {
                    misfits.add(action, std::slice::from_ref(fate));
                    noted(action, &picks[*row], &Fate::Skipped, None);
                }
            }
            let mut footprints = self.watch.footprints(&made.rows).into_iter();
            for (pick, fate) in picks.iter().zip(&made.fates) {
                if *fate == Fate::Step
                    && let Some(footprint) = footprints.next()
                {
                    claims.take(at, &self.watch.only_sure(&footprint.takes));
                    if action == Action::Update {
                        claims.give(at, pick.written, &self.watch.only_sure(&footprint.gives));
                    }
                    let idle = footprint.gives.iter().chain(&footprint.takes).all(Option::is_none);
                    let free = !self.watch.has_references() && (action == Action::Create || idle);
                    steps.push((at, (!free).then_some(footprint)));
                }
                at += 1;
            }
            Ok(())
        })?;
        let refused = claims.refused(&self.watch, self.assembler.written(), schedule)?;
        self.report(&refused, schedule, misfits)?;
        steps.retain(|(at, _)| !refused.contains_key(at));

        let creates = schedule.only(Action::Create).start;
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        let (mut places, mut footprints) = (Vec::new(), Vec::new());
        for (at, footprint) in steps {
            match footprint {
                Some(footprint) => {
                    places.push(at);
                    footprints.push(footprint);
                }
                None if at < creates => before.push((at, 0)),
                None => behind.push((at, 0)),
            }
        }
        let order = super::order(&footprints);
        let ordered = order.steps.iter().zip(&order.together).map(|(step, together)| (places[*step], *together));
        schedule.replace(part, before.into_iter().chain(ordered).chain(behind).collect());
        Ok(order.warnings)
    }

    /// Takes note of steps that would take unique values which others keep.
    fn report(
        &self,
        refused: &BTreeMap<usize, Refused>,
        schedule: &Schedule<'_>,
        misfits: &mut Misfits,
    ) -> Result<(), PlanError> {
        for (at, Refused { index, holder }) in refused {
            let (action, pick) = schedule.pick(*at);
            let columns = self.watch.columns(*index);
            let mut key = Vec::new();
            let mut why = String::new();
            if misfits.wants_more(action, columns[0]) {
                key = self.assembler.key(action, pick)?;
                why = match holder {
                    Some(row) => {
                        let pick = Pick { source: 0, written: *row, together: 0 };
                        let holder = self.assembler.key(Action::Delete, pick)?;
                        format!("row {} has this unique value, and keeps it", holder.join(", "))
                    }
                    None => "another row of the source has the same value, which must be unique here".to_owned(),
                };
            }
            misfits.taken(action, columns[0], &why, &key);
        }
        Ok(())
    }

    /// Makes steps of a schedule, some at a time and each time of one action.
    fn assemble(
        &self,
        schedule: &Schedule<'_>,
        mut take: impl FnMut(Action, &[Pick], Assembled) -> Result<(), PlanError>,
    ) -> Result<(), PlanError> {
        let mut size = BATCH_ROWS / 16;
        let mut at = 0;
        while at < schedule.len() {
            if self.interrupt.is_set() {
                return Err(PlanError::Interrupted);
            }
            let (action, picks) = schedule.run(at, size);
            let made = match action {
                Action::Create => self.assembler.creates(&picks.iter().map(|pick| pick.source).collect::<Vec<_>>())?,
                Action::Delete => self.assembler.deletes(&picks.iter().map(|pick| pick.written).collect::<Vec<_>>())?,
                Action::Update => {
                    let rows: Vec<(u64, u64)> = picks.iter().map(|pick| (pick.source, pick.written)).collect();
                    self.assembler.updates(&rows)?
                }
            };
            let bytes: usize = [&made.rows.before, &made.rows.after]
                .into_iter()
                .flatten()
                .map(|batch| batch.rows.get_array_memory_size())
                .sum();
            at += picks.len();
            size = (BATCH_BYTES / (bytes / picks.len().max(1)).max(1)).clamp(64, BATCH_ROWS);
            take(action, &picks, made)?;
        }
        Ok(())
    }
}
