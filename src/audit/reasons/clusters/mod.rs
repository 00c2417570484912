//! Where the gap clusters: what sets rows on one side only, or changed rows, apart from the others of
//! their side. A value, a range, a time window, a beginning or NULL of one column, or of two together.
//!
//! Conditions are found in a [`sample`] ([`search`]), where every column's values have an order, so
//! that each condition is a stretch of ranks. The few best are counted over all rows ([`count`]), and
//! these counts decide ([`choose`]): a condition is given if chance would not explain it however many
//! there were to choose from ([`surprise`]), and if the difference is large enough to matter.

mod bounds;
mod choose;
mod condition;
mod count;
mod intervals;
mod measure;
mod population;
mod prefer;
mod prefixes;
mod sample;
mod search;
mod side;
mod surprise;
mod unit;
mod words;

use super::evidence::{Evidence, ReasonError};
use super::reason::{Reason, ReasonSide};

/// Whose rows are on one side only.
const ALONE: [ReasonSide; 2] = [ReasonSide::Left, ReasonSide::Right];

/// Where the gap clusters: rows only on the left, only on the right, changed rows; of each, what
/// explains most first.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn clusters(evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    let (left, right) = rayon::join(|| side::look(evidence, 0, &[]), || side::look(evidence, 1, &[]));
    let mut found = left?;
    found.extend(right?);
    Ok(found)
}

/// The clusters of the rows only on the left (0) or right (1) in other columns than the key's.
///
/// # Errors
/// As [`clusters`].
pub fn beside_the_key(evidence: &Evidence<'_>, side: usize) -> Result<Vec<Reason>, ReasonError> {
    let pairs = evidence.key.pairs.iter().map(|at| &evidence.alignment.pairs[*at]);
    let names = pairs.map(|pair| if side == 0 { &pair.left.name } else { &pair.right.name });
    let key: Vec<usize> = names.filter_map(|name| evidence.parts[side].position(name)).collect();
    let mut found = side::look(evidence, side, &key)?;
    found.retain(|reason| reason.side == ALONE[side]);
    Ok(found)
}

#[cfg(test)]
mod tests;
