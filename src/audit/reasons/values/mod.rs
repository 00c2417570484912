//! How changed values differ.
//!
//! Each cell that differs is sorted into one [`ValueKind`], the strictest that fits. Some kinds
//! need a constant of the whole column (the width of a cut, a factor, a time zone's offset), so the
//! changed rows are gone through twice: once to learn each column's traits, once to count. What
//! chance may have brought is not told, and counts as `Other`.

mod bytes;
mod chance;
mod chunks;
mod decimal;
mod encoding;
mod fixes;
mod json;
mod kind;
mod moment;
mod sort;
mod survey;
mod tally;
mod tell;
mod text;
mod traits;
mod words;
mod written;

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;

pub use kind::{ColumnKinds, ValueKind};

use super::evidence::{Evidence, ReasonError};
use super::rank::Found;
use super::reason::Reason;

/// How changed values differ: a reason per column and kind, and for a kind that explains whole
/// rows in several columns together one more.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn values(evidence: &Evidence<'_>) -> Result<Found, ReasonError> {
    if evidence.differences.changed.is_empty() {
        return Ok(Found::default());
    }
    let survey = survey::survey(evidence)?;
    Ok(Found { reasons: tell::tell(evidence, &survey)?, notes: survey.notes(), ..Found::default() })
}

/// The changed values of each column by kind, in the order of the table's columns, and the reasons that they make.
///
/// # Errors
/// As [`values`].
pub fn sorted_values(evidence: &Evidence<'_>) -> Result<(Vec<ColumnKinds>, Vec<Reason>), ReasonError> {
    if evidence.differences.changed.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let survey = survey::survey(evidence)?;
    Ok((survey.kinds(), tell::tell(evidence, &survey)?))
}
