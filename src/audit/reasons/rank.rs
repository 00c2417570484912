//! All reasons, most telling first.

use super::evidence::{Evidence, ReasonError};
use super::reason::Reason;
use super::{clusters, duplicates, near, values};

/// Looks for reasons of every kind.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn reasons(evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    let mut found = values::values(evidence)?;
    found.extend(near::near_keys(evidence)?);
    found.extend(clusters::clusters(evidence)?);
    found.extend(duplicates::duplicates(evidence)?);
    found.sort_by(|one, other| {
        let share = |reason: &Reason| reason.rows as f64 / reason.of.max(1) as f64;
        share(other).total_cmp(&share(one)).then(other.rows.cmp(&one.rows))
    });
    Ok(found)
}
