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
use super::rank::Found;
use super::reason::Reason;
use columns::Columns;
use search::Search;

/// What the search for near keys is for.
const KEYS: &str = "keys in another spelling";

/// Looks for keys on one side only that are on the other in another spelling or under another key,
/// and for a key that would match more rows.
pub fn near_keys(evidence: &Evidence<'_>) -> Result<Found, ReasonError> {
    let mut found = Found::default();
    if evidence.differences.only.iter().any(Vec::is_empty) {
        return Ok(found);
    }
    let mut columns = Columns::new(evidence);
    // Half of the time is for a better key, and half of the rest for misspellings.
    let search = Search::new(evidence, evidence.deadline.part(2));
    if let Some(mut search) = found.take_or(KEYS, search)?.flatten() {
        let mut forms = Vec::new();
        let done = by_form(&mut search, &mut forms);
        // What a rule has found stays when time is up for the next.
        found.reasons.extend(forms);
        found.take(KEYS, done.map(|()| None))?;
        let until = search.until;
        search.until = until.part(2);
        let misspelled = spelling::spelling(&mut search);
        found.take("misspelled keys", misspelled)?;
        search.until = until;
        let rekeyed = rekeyed::rekeyed(&mut search, &mut columns);
        found.take("rows under another key", rekeyed)?;
    }
    found.take("a better key", better::better(evidence, &mut columns))?;
    Ok(found)
}

/// Rule by rule.
fn by_form(search: &mut Search<'_>, found: &mut Vec<Reason>) -> Result<(), ReasonError> {
    rules::rules(search, found)?;
    found.extend(shift::shift(search)?);
    part::part(search, found)
}
