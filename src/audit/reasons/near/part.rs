//! Composite keys that differ in one part only.

use super::super::evidence::ReasonError;
use super::super::reason::Reason;
use super::groups::{Matches, matches, mix};
use super::search::Search;

/// Pairs keys by all of their parts but one, for each part in turn, the one with most pairs first.
pub fn part(search: &mut Search<'_>, found: &mut Vec<Reason>) -> Result<(), ReasonError> {
    if search.parts() < 2 {
        return Ok(());
    }
    let tried = search.parts();
    for _ in 0..tried {
        let mut best: Option<(usize, Matches)> = None;
        for part in 0..tried {
            search.check()?;
            let matches = without(search, part)?;
            let sure = matches.chance.excludes(matches.pairs.len() as u64, search.fewer(), tried, 0.0);
            if sure && best.as_ref().is_none_or(|(_, best)| best.pairs.len() < matches.pairs.len()) {
                best = Some((part, matches));
            }
        }
        let Some((part, matches)) = best else { break };
        let how = format!("keys match a right-only key in all parts but `{}`", search.name(part));
        found.push(search.reason("part", &[part], &matches.pairs, &how, None)?);
        search.claim(&matches.pairs);
    }
    Ok(())
}

fn without(search: &Search<'_>, without: usize) -> Result<Matches, ReasonError> {
    let entries = search.entries(&|keys, member, _| {
        let parts = keys.parts.iter().enumerate().filter(|(part, _)| *part != without);
        Some(parts.fold(0, |form, (_, part)| mix(form, part.same[member.row()])))
    })?;
    Ok(matches(entries))
}
