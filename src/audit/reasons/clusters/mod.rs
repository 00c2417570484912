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
mod drawn;
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
pub use drawn::sampled_rows;
use side::Side;

/// Whose rows are on one side only.
const ALONE: [ReasonSide; 2] = [ReasonSide::Left, ReasonSide::Right];

/// Clusters, and the rows that they were looked for in.
pub struct Clusters<'a> {
    evidence: &'a Evidence<'a>,
    sides: [Option<Side<'a>>; 2],
    /// Where the gap clusters: rows only on the left, only on the right, changed rows; of each, what
    /// explains most first.
    pub found: Vec<Reason>,
}

impl<'a> Clusters<'a> {
    /// Looks for clusters on both sides.
    ///
    /// # Errors
    /// If rows can't be read, or the person interrupts.
    pub fn find(evidence: &'a Evidence<'a>) -> Result<Self, ReasonError> {
        let look = |side: usize| -> Result<_, ReasonError> {
            let side = Side::draw(evidence, side)?;
            let found = side.as_ref().map(Side::all).transpose()?.unwrap_or_default();
            Ok((side, found))
        };
        let (left, right) = rayon::join(|| look(0), || look(1));
        let ((left, mut found), (right, more)) = (left?, right?);
        found.extend(more);
        Ok(Self { evidence, sides: [left, right], found })
    }

    /// The clusters of the rows only on the left (0) or right (1) in other columns than the key's.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn beside_the_key(&mut self, side: usize) -> Result<Vec<Reason>, ReasonError> {
        let pairs = self.evidence.key.pairs.iter().map(|at| &self.evidence.alignment.pairs[*at]);
        let names = pairs.map(|pair| if side == 0 { &pair.left.name } else { &pair.right.name });
        let key: Vec<usize> = names.filter_map(|name| self.evidence.parts[side].position(name)).collect();
        self.sides[side].take().map_or(Ok(Vec::new()), |side| side.without(&key).alone())
    }
}

#[cfg(test)]
mod tests;
