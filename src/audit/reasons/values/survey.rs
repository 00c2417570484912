//! Goes through the changed rows: learns, counts, and decides what is believed.

use super::chance::Chance;
use super::chunks::Chunks;
use super::fixes::Fixes;
use super::kind::{ColumnKinds, ValueKind as K};
use super::sort::Column;
use super::tally::{ColumnTally, Count, Rows, Slot};
use super::traits::{Learner, Printed, Traits};
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::audit::thousands;
use crate::snapshot::Recipe;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the changed values.
pub struct Survey {
    /// The compared columns.
    pub columns: Vec<Column>,
    pub traits: Vec<Traits>,
    pub tallies: Vec<ColumnTally>,
    pub rows: Rows,
    /// Per column, what is more than chance.
    pub believed: Vec<BTreeSet<Slot>>,
    /// The compared columns in the order of the left table.
    pub order: Vec<usize>,
}

/// Sorts all changed values.
pub fn survey(evidence: &Evidence<'_>) -> Result<Survey, ReasonError> {
    let pairs = Recipe::order(evidence.alignment, evidence.key);
    let columns: Vec<Column> = pairs.iter().map(|at| Column::new(evidence.alignment, *at)).collect();
    let fixes = Fixes::new(evidence.alignment, evidence.key, &pairs);
    let mut chunks = Chunks::new(evidence);

    let room = (evidence.memory / 16 / columns.len().max(1)).max(64 * 1024);
    let mut learners = vec![Learner::within(room); columns.len()];
    chunks.each(&mut |chunk| {
        learners.par_iter_mut().enumerate().try_for_each(|(at, learner)| {
            let mut pace = Pace::default();
            chunk.differing[at].iter().try_for_each(|row| {
                let printed = chunk.print(*row, at);
                pace.step(evidence, &printed)?;
                learner.see(&columns[at], &printed);
                Ok(())
            })
        })
    })?;
    let traits: Vec<Traits> = learners.iter().map(Learner::traits).collect();

    let mut count = Count::new(evidence, &columns, &traits, &fixes);
    chunks.each(&mut |chunk| count.add(chunk))?;
    let (tallies, rows) = (count.tallies, count.rows);

    evidence.check()?;
    let believed = (0..columns.len())
        .into_par_iter()
        .map(|at| {
            evidence.check()?;
            let chance = Chance::new(evidence, &columns[at], &traits[at], &learners[at], columns.len());
            let found = believed(&chance, &tallies[at]);
            evidence.check().map(|()| found)
        })
        .collect::<Result<_, _>>()?;
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|at| pairs[*at]);
    Ok(Survey { columns, traits, tallies, rows, believed, order })
}

/// Asks for the time now and then: the more often, the longer the values are.
#[derive(Default)]
pub struct Pace(usize);

impl Pace {
    /// Bytes, and as much for each cell, after which the time is asked for.
    const BYTES: usize = 64 * 1024;
    const CELL: usize = 256;

    /// To be called before two values are looked at.
    ///
    /// # Errors
    /// Once it is time to stop.
    pub fn step(&mut self, evidence: &Evidence<'_>, printed: &Printed<'_>) -> Result<(), ReasonError> {
        self.0 += Self::CELL + printed.iter().flatten().map(|text| text.len()).sum::<usize>();
        if self.0 < Self::BYTES {
            return Ok(());
        }
        self.0 = 0;
        evidence.check()
    }
}

/// The slots of a column that are more than chance.
fn believed(chance: &Chance<'_>, tally: &ColumnTally) -> BTreeSet<Slot> {
    let mut found: BTreeSet<Slot> =
        tally.slots.iter().filter(|(slot, one)| chance.believes(**slot, one, tally)).map(|(slot, _)| *slot).collect();
    // What changed a little may have fewer digits as well. Where one side was rounded, the few
    // values that have fewer on the other side are of this sort.
    let cells = |side: u8| tally.slots.get(&(K::Rounding, side)).map_or(0, |tally| tally.cells);
    for side in [0, 1] {
        if cells(side) * 100 < cells(1 - side) {
            found.remove(&(K::Rounding, side));
        }
    }
    found
}

impl Survey {
    /// What a person should know of the values that were looked at.
    pub fn notes(&self) -> Vec<String> {
        let of = |at: &usize| {
            let many = self.tallies[*at].too_long;
            let name = &self.columns[*at].left;
            (many > 0).then(|| {
                format!(
                    "how {} changed {} of `{name}` longer than 1 MB {} was not looked at",
                    thousands(many),
                    if many == 1 { "value" } else { "values" },
                    if many == 1 { "differs" } else { "differ" }
                )
            })
        };
        self.order.iter().filter_map(of).collect()
    }

    /// The counts by kind of each column that changed.
    pub fn kinds(&self) -> Vec<ColumnKinds> {
        let of = |at: &usize| {
            let (column, tally) = (&self.columns[*at], &self.tallies[*at]);
            let mut kinds: BTreeMap<K, u64> = BTreeMap::new();
            for (slot, one) in &tally.slots {
                let kind = if self.believed[*at].contains(slot) { slot.0 } else { K::Other };
                *kinds.entry(kind).or_default() += one.cells;
            }
            ColumnKinds {
                left: column.left.clone(),
                right: column.right.clone(),
                changed: tally.changed,
                kinds: kinds.into_iter().collect(),
            }
        };
        self.order.iter().filter(|at| self.tallies[**at].changed > 0).map(of).collect()
    }
}
