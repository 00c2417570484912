//! Makes reasons of what was found.

use super::groups::Groups;
use super::look::{Look, has_nulls};
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::audit::reasons::reason::{Example, Kind, Reason, ReasonSide};
use crate::audit::thousands;
use crate::compare::View;
use std::collections::BTreeMap;

/// Examples of each side.
const EXAMPLES: usize = 5;

/// The reasons of the sides that have duplicates.
pub fn tell(evidence: &Evidence<'_>, sides: &[(usize, Groups, Look)]) -> Result<Vec<Reason>, ReasonError> {
    let added = added(evidence, sides)?;
    let mut reasons = Vec::new();
    for (side, groups, look) in sides {
        let examples = examples(evidence, *side, groups)?;
        for (rule, rows) in [("identical", groups.identical), ("differ", groups.different)] {
            if rows > 0 {
                let text = text(evidence, *side, groups, look, rule, rows, added.as_deref());
                reasons.push(Reason {
                    kind: Kind::Duplicates,
                    side: [ReasonSide::Left, ReasonSide::Right][*side],
                    columns: names(evidence, &evidence.key.pairs, 0),
                    rule: rule.to_owned(),
                    rows,
                    of: evidence.counts[*side].duplicates,
                    text,
                    examples: examples.clone(),
                    fix: added.as_ref().and_then(|added| option(evidence, added)),
                });
            }
        }
    }
    Ok(reasons)
}

/// The pairs that make the key unique on both sides, if there are such.
fn added(evidence: &Evidence<'_>, sides: &[(usize, Groups, Look)]) -> Result<Option<Vec<usize>>, ReasonError> {
    let mut sets: Vec<&Vec<usize>> = sides.iter().flat_map(|(_, _, look)| &look.apart).collect();
    sets.sort_by_key(|set| set.len());
    let mut nulls: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    'sets: for set in sets {
        if !sides.iter().all(|(_, _, look)| apart(look, set)) {
            continue;
        }
        for pair in set {
            for side in 0..2 {
                let has = match nulls.get(&(*pair, side)) {
                    Some(has) => *has,
                    None => has_nulls(evidence, side, *pair)?,
                };
                nulls.insert((*pair, side), has);
                if has {
                    continue 'sets;
                }
            }
        }
        return Ok(Some(set.clone()));
    }
    Ok(None)
}

/// Whether a side's rows are told apart by these pairs, or by one of them alone.
fn apart(look: &Look, set: &[usize]) -> bool {
    look.apart.iter().any(|own| own.iter().all(|pair| set.contains(pair)))
}

fn names(evidence: &Evidence<'_>, pairs: &[usize], side: usize) -> Vec<String> {
    let name = |at: &usize| {
        let pair = &evidence.alignment.pairs[*at];
        if side == 0 { pair.left.name.clone() } else { pair.right.name.clone() }
    };
    pairs.iter().map(name).collect()
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => quoted.concat(),
    }
}

fn text(
    evidence: &Evidence<'_>,
    side: usize,
    groups: &Groups,
    look: &Look,
    rule: &str,
    rows: u64,
    added: Option<&[usize]>,
) -> String {
    let which = ["left", "right"][side];
    let of = evidence.counts[side].duplicates;
    let key = quoted(&names(evidence, &evidence.key.pairs, side));
    let some =
        if rows == of { format!("All {}", thousands(of)) } else { format!("{} of {}", thousands(rows), thousands(of)) };
    let some = if rows == of && of == 1 { "The only".to_owned() } else { some };
    let duplicates = if of == 1 { "duplicate" } else { "duplicates" };
    let keys = |count: u64| format!("{} {}", thousands(count), if count == 1 { "key" } else { "keys" });
    let mut text = format!(
        "{some} {duplicates} of {key} on the {which} ({}, up to {} rows each) ",
        keys(groups.keys),
        thousands(groups.largest)
    );
    if rule == "identical" {
        text += if rows == 1 { "is" } else { "are" };
        text += " the same as another row of the key in all compared columns";
    } else {
        text += if rows == 1 { "differs" } else { "differ" };
        let differ: Vec<String> = look
            .differ
            .iter()
            .take(3)
            .map(|(pair, count)| format!("`{}` ({})", names(evidence, &[*pair], side)[0], keys(*count)))
            .collect();
        if !differ.is_empty() {
            text += &format!(" in {}", differ.join(", "));
            let more = look.differ.len() - differ.len();
            if more > 0 {
                text +=
                    &format!(" and {} more {}", thousands(more as u64), if more == 1 { "column" } else { "columns" });
            }
            if look.sampled < groups.keys {
                text += &format!(", counted in the first {} keys", thousands(look.sampled));
            }
        }
    }
    // Said once for each side, where there is something to tell apart.
    if let Some(added) = added.filter(|_| rule == "differ" || groups.different == 0) {
        text += &format!("; adding {} to the key would make it unique", quoted(&names(evidence, added, side)));
    }
    text + "."
}

/// The keys with the most rows.
fn examples(evidence: &Evidence<'_>, side: usize, groups: &Groups) -> Result<Vec<Example>, ReasonError> {
    let mut largest: Vec<&Vec<u64>> = groups.rows.iter().collect();
    // The sort is stable: of as many rows, the key that comes first.
    largest.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    largest.truncate(EXAMPLES);
    let mut positions: Vec<u64> = largest.iter().map(|rows| rows[0]).collect();
    positions.sort_unstable();
    let columns: Vec<usize> = names(evidence, &evidence.key.pairs, side)
        .iter()
        .filter_map(|name| evidence.parts[side].position(name))
        .collect();
    let view = View::new(evidence.parts[side].fetch(&columns, &positions)?);
    let example = |rows: &&Vec<u64>| {
        let at = positions.partition_point(|position| *position < rows[0]);
        let count = Some(format!("{} rows", thousands(rows.len() as u64)));
        let [left, right] = if side == 0 { [count, None] } else { [None, count] };
        let key = (0..columns.len()).map(|column| view.brief_key(at, column)).collect();
        Example { key, left, right, ..Example::default() }
    };
    Ok(largest.iter().map(example).collect())
}

/// The options for the key with these pairs.
fn option(evidence: &Evidence<'_>, added: &[usize]) -> Option<String> {
    let options: Option<Vec<String>> = evidence
        .key
        .pairs
        .iter()
        .chain(added)
        .map(|at| {
            let pair = &evidence.alignment.pairs[*at];
            let (left, right) = (&pair.left.name, &pair.right.name);
            if left.contains('=') || right.contains('=') {
                return None;
            }
            let value = if left == right { left.clone() } else { format!("{left}={right}") };
            let bare = value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '=' | '-'));
            Some(if bare { format!("--key {value}") } else { format!("--key '{}'", value.replace('\'', "'\\''")) })
        })
        .collect();
    options.map(|options| options.join(" "))
}
