//! Counts which rows of a whole side meet which conditions.

use super::condition::{Condition, mark};
use super::population::{Population, Role};
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::table::Cells;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Conditions that are counted together at most.
pub const MOST: usize = 128;

/// Rows by the conditions that they meet (a bit each), and by role: only on this side, changed, others.
pub type Counts = BTreeMap<u128, [u64; 3]>;

/// Counts all rows, reading only the columns of the conditions. Each condition comes with its bit.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn count(
    evidence: &Evidence<'_>,
    population: &Population<'_>,
    conditions: &BTreeMap<Condition, u32>,
) -> Result<Counts, ReasonError> {
    let mut by_column: BTreeMap<usize, Vec<(u32, &Condition)>> = BTreeMap::new();
    for (condition, bit) in conditions {
        by_column.entry(condition.column).or_default().push((*bit, condition));
    }
    let projection: Vec<usize> = by_column.keys().copied().collect();
    let counts = Mutex::new(Counts::new());
    let scanned = population.parts.scan(&projection, &|first, batch| {
        evidence.check_scan()?;
        let rows = batch.rows.num_rows();
        let mut marks = vec![0u128; rows];
        for (at, (conditions, array)) in by_column.values().zip(batch.rows.columns()).enumerate() {
            let foreign = |row: usize| batch.other(row, at).is_some();
            if let Some(cells) = Cells::new(array) {
                mark(conditions, &cells, &foreign, &mut marks);
            }
        }
        let mut here: Vec<(u128, [u64; 3])> = vec![(0, [0; 3])];
        let mut last = 0;
        for (mark, role) in marks.into_iter().zip(population.roles(first, rows)) {
            if role == Role::Out {
                continue;
            }
            // Rows that stand together are often alike.
            if here[last].0 != mark {
                last = here.iter().position(|(there, _)| *there == mark).unwrap_or_else(|| {
                    here.push((mark, [0; 3]));
                    here.len() - 1
                });
            }
            here[last].1[role as usize] += 1;
        }
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (mark, more) in here {
            let sum = counts.entry(mark).or_default();
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        Ok(())
    });
    evidence.check()?;
    scanned?;
    Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
}
