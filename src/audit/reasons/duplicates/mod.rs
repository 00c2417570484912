//! Keys that several rows have: how many, whether the copies are the same, in which columns they
//! differ, and which column would tell them apart.

mod groups;
mod look;
mod tell;

#[cfg(test)]
mod tests;

use super::evidence::{Evidence, ReasonError};
use super::reason::Reason;

/// Keys that several rows have, on each side that has some.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn duplicates(evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    let mut sides = Vec::new();
    for side in 0..2 {
        if evidence.counts[side].duplicates > 0 {
            let groups = groups::groups(evidence, side)?;
            let look = look::look(evidence, side, &groups)?;
            sides.push((side, groups, look));
        }
    }
    tell::tell(evidence, &sides)
}
