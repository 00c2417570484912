//! Makes reasons of what was counted.

use super::fixes;
use super::kind::ValueKind as K;
use super::survey::Survey;
use super::tally::{Slot, Tally};
use super::words::{self, predicate};
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::audit::reasons::reason::{Example, Kind, Reason, ReasonSide};
use crate::audit::thousands;
use crate::compare::{Briefs, View};
use std::collections::{BTreeMap, BTreeSet};

/// The reasons: per column and kind, then those of whole rows.
pub fn tell(evidence: &Evidence<'_>, survey: &Survey) -> Result<Vec<Reason>, ReasonError> {
    let keys = Keys::fetch(evidence, survey)?;
    let mut reasons = rows(evidence, survey, &keys);
    for at in &survey.order {
        let mut kinds: BTreeMap<K, Vec<Slot>> = BTreeMap::new();
        for slot in &survey.believed[*at] {
            kinds.entry(slot.0).or_default().push(*slot);
        }
        reasons.extend(kinds.into_values().map(|slots| column(evidence, survey, *at, &slots, &keys)));
    }
    Ok(reasons)
}

fn column(evidence: &Evidence<'_>, survey: &Survey, at: usize, slots: &[Slot], keys: &Keys) -> Reason {
    let (column, tally) = (&survey.columns[at], &survey.tallies[at]);
    let of = tally.changed;
    let merged = merged(slots.iter().filter_map(|slot| tally.slots.get(slot)));
    // With two sides, neither is the one that lost digits.
    let slot = if let [slot] = slots { *slot } else { (slots[0].0, 2) };
    let subject = if merged.cells == of {
        let all = if of == 2 { "both".to_owned() } else { format!("all {}", thousands(of)) };
        format!("{}{} changed values of `{}`", all[..1].to_uppercase(), &all[1..], column.left)
    } else {
        format!("{} of {} changed values of `{}`", thousands(merged.cells), thousands(of), column.left)
    };
    let fix = option(evidence, survey, at, slot, &merged);
    Reason {
        kind: Kind::Values,
        side: ReasonSide::Both,
        columns: vec![column.left.clone()],
        rule: slot.0.word().to_owned(),
        rows: merged.cells,
        of,
        text: format!("{subject} {}.", predicate(slot, &merged, &survey.traits[at])),
        examples: merged.examples.iter().map(|(row, printed)| keys.example(*row, printed)).collect(),
        fix,
    }
}

/// What to add to the command so that the values of a slot are equal.
fn option(evidence: &Evidence<'_>, survey: &Survey, at: usize, slot: Slot, tally: &Tally) -> Option<String> {
    let column = &survey.columns[at];
    let gap = if slot.0 == K::Rounding { words::gap(slot, tally, &survey.traits[at]) } else { 0.0 };
    let rule = fixes::rule(slot.0, column.family, tally.fixes, gap)?;
    fixes::option(evidence.alignment, &column.left, &rule)
}

/// Several tallies as one.
fn merged<'a>(mut tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    let first = tallies.next().cloned();
    let mut all = first.unwrap_or_else(|| Tally {
        cells: 0,
        strong: 0,
        also: 0,
        rising: 0,
        details: BTreeMap::new(),
        fixes: 0,
        examples: Vec::new(),
    });
    for more in tallies {
        all.cells += more.cells;
        all.strong += more.strong;
        all.also += more.also;
        all.rising += more.rising;
        for (detail, (cells, gap)) in &more.details {
            let sum = all.details.entry(*detail).or_default();
            *sum = (sum.0 + cells, sum.1.max(*gap));
        }
        all.fixes &= more.fixes;
        all.examples.extend(more.examples.iter().cloned());
    }
    all.examples.sort_by_key(|(row, _)| *row);
    all.examples.truncate(5);
    all
}

/// For each slot that explains rows in several columns: those rows.
fn rows(evidence: &Evidence<'_>, survey: &Survey, keys: &Keys) -> Vec<Reason> {
    let of = evidence.differences.changed.len() as u64;
    let mut found: BTreeMap<Slot, (u64, BTreeSet<usize>)> = BTreeMap::new();
    for ((slot, set), rows) in &survey.rows {
        let columns: Vec<usize> = (0..survey.columns.len()).filter(|at| set[at / 64] & 1 << (at % 64) != 0).collect();
        if columns.iter().all(|at| survey.believed[*at].contains(slot)) {
            let entry = found.entry(*slot).or_default();
            entry.0 += rows;
            entry.1.extend(columns);
        }
    }
    found
        .into_iter()
        .filter(|(_, (rows, columns))| {
            let enough = if *rows == of { *rows >= 2 } else { *rows >= 5 && *rows * 1000 >= of };
            columns.len() > 1 && enough
        })
        .map(|(slot, (rows, columns))| {
            let order: Vec<usize> = survey.order.iter().copied().filter(|at| columns.contains(at)).collect();
            let names: Vec<String> = order.iter().map(|at| survey.columns[*at].left.clone()).collect();
            let tallies = || order.iter().filter_map(|at| Some((*at, survey.tallies[*at].slots.get(&slot)?)));
            let fix: Option<Vec<String>> =
                tallies().map(|(at, tally)| option(evidence, survey, at, slot, tally)).collect();
            let examples = merged(tallies().map(|(_, tally)| tally)).examples;
            let subject = if rows == of {
                format!("All {} changed rows", thousands(of))
            } else {
                format!("{} of {} changed rows", thousands(rows), thousands(of))
            };
            Reason {
                kind: Kind::Values,
                side: ReasonSide::Both,
                rule: slot.0.word().to_owned(),
                rows,
                of,
                text: format!("{subject} differ only by {} of {}.", noun(slot.0), listed(&names)),
                columns: names,
                examples: examples.iter().map(|(row, printed)| keys.example(*row, printed)).collect(),
                fix: fix.map(|options| options.join(" ")),
            }
        })
        .collect()
}

fn noun(kind: K) -> &'static str {
    match kind {
        K::Rounding => "rounding",
        K::Case => "the case",
        K::Spaces => "the white space",
        K::Accents => "the accents or Unicode form",
        K::Encoding => "a wrong encoding",
        K::Truncated => "cutting off the end",
        K::Padded => "padding",
        K::NullOrEmpty => "NULL, empty or zero values",
        K::Sign => "the sign",
        K::Scale => "a power of ten",
        K::Shift => "a constant shift",
        K::TimeZone => "the time zone",
        K::DateOrder => "the order of day and month",
        K::NumberFormat => "how numbers are written",
        K::Json => "the order or form of JSON",
        K::Punctuation => "the punctuation",
        K::Uuid => "how UUIDs are written",
        K::Hex => "how bytes are written",
        K::Filled => "values that the left lacks: those",
        K::Cleared => "values that the right lacks: those",
        K::Other => "something else",
    }
}

/// `a`, `b` and `c`; of many the first.
fn listed(names: &[String]) -> String {
    const MOST: usize = 6;
    let quoted: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        _ if names.len() > MOST => format!("{} and {} more columns", quoted.join(", "), names.len() - MOST),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// The keys of the rows that serve as examples.
struct Keys(BTreeMap<usize, Vec<String>>);

impl Keys {
    fn fetch(evidence: &Evidence<'_>, survey: &Survey) -> Result<Self, ReasonError> {
        let believed = survey.tallies.iter().zip(&survey.believed);
        let rows: BTreeSet<usize> = believed
            .flat_map(|(tally, believed)| tally.slots.iter().filter(|(slot, _)| believed.contains(slot)))
            .flat_map(|(_, tally)| tally.examples.iter().map(|(row, _)| *row))
            .collect();
        let columns: Vec<usize> = evidence
            .key
            .pairs
            .iter()
            .filter_map(|at| evidence.parts[0].position(&evidence.alignment.pairs[*at].left.name))
            .collect();
        // Changed rows ascend, so the left ones of these do.
        let positions: Vec<u64> = rows.iter().map(|row| evidence.differences.changed[*row].0).collect();
        let view = View::new(evidence.parts[0].fetch(&columns, &positions)?);
        let key = |at: usize| (0..columns.len()).map(|column| view.brief_key(at, column)).collect();
        Ok(Self(rows.into_iter().enumerate().map(|(at, row)| (row, key(at))).collect()))
    }

    fn example(&self, row: usize, briefs: &Briefs) -> Example {
        let Briefs { texts: [left, right], lengths, foreign } = briefs.clone();
        Example { key: self.0.get(&row).cloned().unwrap_or_default(), left, right, lengths, foreign }
    }
}
