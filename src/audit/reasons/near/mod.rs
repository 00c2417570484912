//! Keys on one side only that are on the other after all: in another spelling, or under another key.
//!
//! Left-only keys are tried against right-only keys under one rule after the other, the strictest
//! first. A rule brings keys to a normal form; one left and one right row that are alone with
//! their form make a pair, and no later rule sees them again. How often keys agree by chance shows
//! in the keys of one side among themselves: no cause makes those agree. A rule is only named if
//! it pairs many more rows than that ([`chance`]).

mod better;
mod chance;
mod columns;
mod count;
mod forms;
mod groups;
mod keys;
mod number;
mod part;
mod rekeyed;
mod replaced;
mod rules;
mod search;
mod shift;
mod spelling;
#[cfg(test)]
mod tests;
mod variants;

pub(in crate::audit) use rules::quoted;

use super::evidence::{Evidence, ReasonError};
use super::reason::Reason;
use columns::Columns;
use search::Search;

/// Looks for keys on one side only that are on the other in another spelling or under another key,
/// and for a key that would match more rows.
pub fn near_keys(evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    let mut found = Vec::new();
    if evidence.differences.only.iter().any(Vec::is_empty) {
        return Ok(found);
    }
    let mut columns = Columns::new(evidence);
    if let Some(mut search) = Search::new(evidence)? {
        rules::rules(&mut search, &mut found)?;
        found.extend(shift::shift(&mut search)?);
        part::part(&mut search, &mut found)?;
        found.extend(spelling::spelling(&mut search)?);
        found.extend(rekeyed::rekeyed(&mut search, &mut columns)?);
    }
    found.extend(better::better(evidence, &mut columns)?);
    Ok(found)
}
