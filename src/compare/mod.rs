//! Two frozen tables to their differences. The only place that builds DataFusion plans.
//!
//! The indexes are joined split by split on the key's fingerprint; a row whose fingerprint is the
//! same on both sides is equal and never looked at again. Only for rows that differ are the
//! columns read, to say which of them changed.

mod brief;
mod cancel;
mod cells;
mod classify;
mod differences;
mod error;
mod groups;
mod hidden;
mod join;
mod outcome;
mod samples;

pub use brief::{Briefs, brief_texts, briefs, cells_brief};
pub use cells::{Judge, Verdict, View};
pub use differences::Differences;
pub use error::CompareError;
pub use outcome::{
    AmbiguousSample, ColumnCount, Comparison, SampleCell, SampleRow, Samples, SideCounts, SoftenedCount,
};

use crate::endpoint::Interrupt;
use crate::snapshot::{Index, Parts, Progress};
use crate::table::{Alignment, Key};

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its rows.
    pub parts: &'a Parts,
    /// Its index, made with the recipe of the same alignment and key as the other side's.
    pub index: &'a Index,
}

/// How to compare.
pub struct CompareOptions<'a> {
    /// Bytes of memory to stay under.
    pub memory: usize,
    /// How many samples of each kind to keep.
    pub samples: usize,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
    /// Told how far it is, in rows of both sides.
    pub progress: &'a dyn Progress,
}

/// Compares two sides.
///
/// # Errors
/// If a file can't be read, the memory does not suffice, or the person interrupts.
pub fn compare(
    left: Side<'_>,
    right: Side<'_>,
    alignment: &Alignment,
    key: &Key,
    options: &CompareOptions<'_>,
) -> Result<Comparison, CompareError> {
    run(left, right, alignment, key, options, None)
}

/// Compares two sides and finds every row that differs, not only samples.
///
/// # Errors
/// As [`compare`].
pub fn compare_all(
    left: Side<'_>,
    right: Side<'_>,
    alignment: &Alignment,
    key: &Key,
    options: &CompareOptions<'_>,
) -> Result<(Comparison, Differences), CompareError> {
    let mut differences = Differences::default();
    let comparison = run(left, right, alignment, key, options, Some(&mut differences))?;
    differences.sort();
    Ok((comparison, differences))
}

fn run(
    left: Side<'_>,
    right: Side<'_>,
    alignment: &Alignment,
    key: &Key,
    options: &CompareOptions<'_>,
    mut differences: Option<&mut Differences>,
) -> Result<Comparison, CompareError> {
    let mut comparison = Comparison::new(alignment, key);
    let all = differences.is_some();
    let wanted = match (all, key.is_whole_row()) {
        (false, _) => join::Wanted::Samples,
        (true, false) => join::Wanted::Single,
        (true, true) => join::Wanted::Copies,
    };
    let mut changes = cells::Changes::new(left.parts, right.parts, alignment, key, options, all);
    join::join(left.index, right.index, options, wanted, &mut |found| {
        changes.add(&found.changed, &mut comparison)?;
        if let Some(differences) = differences.as_deref_mut() {
            differences.add(&found, options.samples);
        }
        comparison.merge(found, options.samples);
        Ok(())
    })?;
    changes.finish(&mut comparison)?;
    if let Some(differences) = differences {
        differences.changed = changes.take_all();
    }
    groups::within_tolerances(left, right, alignment, key, options, &mut comparison)?;
    comparison.count_softened(&crate::snapshot::Recipe::of(alignment, key)[0], alignment, key);
    samples::fetch(left, right, alignment, key, &mut comparison)?;
    Ok(comparison)
}
