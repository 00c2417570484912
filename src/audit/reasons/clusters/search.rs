//! Conditions that may set rows apart, found in a sample. Whether they do is decided by counting all
//! rows.

use super::bounds::{Sums, variants};
use super::condition::{Condition, Test};
use super::intervals::{self, Pair};
use super::prefer::{Scored, prefer};
use super::prefixes::prefixes;
use super::sample::{NONE, NULL, Sample, SampledColumn, Values};
use super::surprise::Table;
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// One condition, or two that must both hold, and what choosing it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The conditions, on different columns.
    pub conditions: Vec<Condition>,
    /// The logarithm of how many there were to choose from.
    pub cost: f64,
    /// The same with the data's own bounds, where these are rounder ones.
    pub tight: Vec<Condition>,
}

/// Rows of the sample: those that differ, others.
#[derive(Clone)]
pub struct Rows {
    /// Places in the sample of rows that differ.
    pub target: Vec<u32>,
    /// Places of the others.
    pub rest: Vec<u32>,
}

/// Rounds of looking: each looks at the rows that the last left open.
const ROUNDS: usize = 3;
/// Columns whose conditions go on from a round.
const COLUMNS: usize = 4;
/// Conditions that a second one is looked for beside.
const FIRSTS: usize = 3;
/// Second ones that go on from each.
const SECONDS: usize = 3;
/// What a round's best must have left of its surprise in the sample; counting is stricter.
const PROMISING: f64 = 3.0;
/// A part of two may say less by itself.
const LEAST_SHARE: f64 = 0.2;
const LEAST_LIFT: f64 = 1.3;
/// The share of the others whose value not to have may say something.
const USUAL: f64 = 0.5;
/// The kinds of conditions that a column is tried with.
const KINDS: f64 = 6.0;

type Found = (Proposal, Table);

/// Conditions worth counting, for rows that differ against others.
///
/// # Errors
/// If the person interrupts.
pub fn propose(
    evidence: &Evidence<'_>,
    sample: &Sample,
    mut rows: Rows,
    weight: &dyn Fn(&[Condition]) -> f64,
) -> Result<Vec<Proposal>, ReasonError> {
    let all = rows.target.len();
    let mut out: Vec<Proposal> = Vec::new();
    for _ in 0..ROUNDS {
        evidence.check()?;
        if rows.target.len() < 2 || rows.rest.is_empty() || rows.target.len() * 20 < all {
            break;
        }
        let singles = search(evidence, sample, &rows, None)?;
        let mut found = pairs(evidence, sample, &rows, &singles)?;
        let mut columns: Vec<usize> = Vec::new();
        for (proposal, table) in singles {
            let column = proposal.conditions[0].column;
            if !columns.contains(&column) && columns.len() < COLUMNS {
                columns.push(column);
            }
            if columns.contains(&column) && table.tells() {
                found.push((proposal, table));
            }
        }
        let scored = |(at, (proposal, table)): (usize, &Found)| {
            let score = (table.surprise() - proposal.cost) * weight(&proposal.conditions);
            (score >= PROMISING).then(|| Scored::new(at, score, table.inside, &proposal.conditions))
        };
        let best = prefer(found.iter().enumerate().filter_map(scored).collect());
        let Some(best) = best.map(|at| found[at].0.clone()) else { break };
        rows.keep(|row| !best.conditions.iter().all(|condition| sample.meets(row, condition)));
        for (proposal, _) in found {
            if !out.iter().any(|there| there.conditions == proposal.conditions) {
                out.push(proposal);
            }
        }
    }
    Ok(out)
}

impl Rows {
    fn keep(&mut self, keep: impl Fn(u32) -> bool) {
        self.target.retain(|row| keep(*row));
        self.rest.retain(|row| keep(*row));
    }
}

/// Pairs of conditions: for each of the best ones, what sets apart the rows that differ among those
/// that meet it.
fn pairs(evidence: &Evidence<'_>, sample: &Sample, rows: &Rows, singles: &[Found]) -> Result<Vec<Found>, ReasonError> {
    let mut firsts: Vec<&Found> = Vec::new();
    for found in singles {
        let column = found.0.conditions[0].column;
        if firsts.len() < FIRSTS && !firsts.iter().any(|(first, _)| first.conditions[0].column == column) {
            firsts.push(found);
        }
    }
    let mut out = Vec::new();
    for (first, table) in firsts {
        evidence.check()?;
        // Where hardly any others meet the first, there is nothing left to tell apart.
        if table.outside * 1000 < table.rest {
            continue;
        }
        let mut inside = rows.clone();
        inside.keep(|row| sample.meets(row, &first.conditions[0]));
        let seconds = search(evidence, sample, &inside, Some(first.conditions[0].column))?;
        for (second, within) in seconds.into_iter().filter(|(_, within)| within.tells()).take(SECONDS) {
            let both = Table { target: table.target, rest: table.rest, ..within };
            let mut conditions = vec![first.conditions[0].clone(), second.conditions[0].clone()];
            conditions.sort_by_key(|condition| condition.column);
            let mut tight = vec![first.tight[0].clone(), second.tight[0].clone()];
            tight.sort_by_key(|condition| condition.column);
            let proposal = Proposal { conditions, cost: first.cost + second.cost, tight };
            if both.tells() && !out.iter().any(|(there, _): &Found| there.conditions == proposal.conditions) {
                out.push((proposal, both));
            }
        }
    }
    Ok(out)
}

/// Conditions on one column that hold for more of the rows that differ than of the others, the most
/// surprising first.
fn search(
    evidence: &Evidence<'_>,
    sample: &Sample,
    rows: &Rows,
    without: Option<usize>,
) -> Result<Vec<Found>, ReasonError> {
    let among = (sample.columns.len() as f64 * KINDS).ln();
    let mut found: Vec<(f64, Found)> = sample
        .columns
        .par_iter()
        .filter(|column| Some(column.at) != without)
        // Once time is up, nothing is looked at; what was is left out then.
        .flat_map_iter(|column| if evidence.check().is_ok() { look(column, rows) } else { Vec::new() })
        .filter(|seen| {
            let table = &seen.table;
            table.share() >= LEAST_SHARE && table.share() >= LEAST_LIFT * table.share_outside() && table.inside >= 2
        })
        .map(|Seen { condition, cost, table, tight }| {
            let cost = cost + among;
            let tight = vec![tight.unwrap_or_else(|| condition.clone())];
            (table.surprise() - cost, (Proposal { conditions: vec![condition], cost, tight }, table))
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.0.conditions.cmp(&other.1.0.conditions)));
    evidence.check()?;
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// A condition as it holds in the sample.
struct Seen {
    condition: Condition,
    cost: f64,
    table: Table,
    /// The same with the data's own bounds, where these are rounder ones.
    tight: Option<Condition>,
}

/// What can be asked of one column.
fn look(column: &SampledColumn, rows: &Rows) -> Vec<Seen> {
    let mut counts: Vec<Pair> = vec![[0; 2]; column.len()];
    let mut nulls = [0u32; 2];
    for (set, rows) in [&rows.target, &rows.rest].into_iter().enumerate() {
        for row in rows {
            match column.ranks[*row as usize] {
                NULL => nulls[set] += 1,
                NONE => {}
                rank => counts[rank as usize][set] += 1,
            }
        }
    }
    let totals = [rows.target.len() as u32, rows.rest.len() as u32];
    let sums = Sums::new(&counts, totals);
    let mut tests: Vec<(Test, f64, Table)> = Vec::new();
    let [inside, outside] = nulls.map(u64::from);
    tests.push((Test::Null, 0.0, Table { inside, outside, ..sums.table(0, 0) }));
    let valued = sums.table(0, column.len());
    tests.push((Test::Not(Box::new(Test::Null)), 0.0, valued));
    // A value that most of the others have, and hardly any of the rows that differ.
    let usual = counts.iter().position(|pair| f64::from(pair[1]) >= USUAL * f64::from(totals[1]));
    if let Some((rank, test)) = usual.and_then(|rank| Some((rank, column.equal(rank)?))) {
        let there = sums.table(rank, rank + 1);
        let table = Table { inside: valued.inside - there.inside, outside: valued.outside - there.outside, ..there };
        tests.push((Test::Not(Box::new(test)), column.distinct.ln() + std::f64::consts::LN_2, table));
    }
    // At most five values can have a fifth of the rows each.
    let common = counts.iter().enumerate().filter(|(_, pair)| f64::from(pair[0]) >= LEAST_SHARE * f64::from(totals[0]));
    for (rank, _) in common.filter(|(_, pair)| pair[0] > 0) {
        if let Some(test) = column.equal(rank) {
            tests.push((test, column.distinct.ln(), sums.table(rank, rank + 1)));
        }
    }
    if let (Values::Texts(..), false) = (&column.values, column.beginnings.is_empty()) {
        let begins = |(test, cost, from, end)| (test, cost, sums.table(from, end));
        tests.extend(prefixes(column, &sums).into_iter().map(begins));
    }
    let condition = |test| Condition { column: column.at, measure: column.measure, test };
    let seen = |(test, cost, table)| Seen { condition: condition(test), cost, table, tight: None };
    let mut all: Vec<Seen> = tests.into_iter().map(seen).collect();
    if let Values::Keys(keys) = &column.values
        && keys.len() > 2
        && let Some((from, to)) = intervals::best(&counts, totals)
    {
        let tight = condition(Test::Within(Some(keys[from]), Some(keys[to])));
        all.extend(variants(column, keys, &sums, (from, to)).into_iter().map(|(test, cost)| {
            let (from, end) = ends(keys, &test);
            Seen { condition: condition(test), cost, table: sums.table(from, end), tight: Some(tight.clone()) }
        }));
    }
    all
}

/// The ranks that a range holds.
fn ends(keys: &[i128], test: &Test) -> (usize, usize) {
    match test {
        Test::Within(low, high) => (
            low.map_or(0, |low| keys.partition_point(|key| *key < low)),
            high.map_or(keys.len(), |high| keys.partition_point(|key| *key <= high)),
        ),
        _ => (0, 0),
    }
}

impl Sample {
    /// Whether a sampled row meets a condition.
    fn meets(&self, row: u32, condition: &Condition) -> bool {
        let Some(column) = self.columns.iter().find(|column| column.at == condition.column) else { return false };
        match (column.ranks[row as usize], &condition.test) {
            (NULL, test) => *test == Test::Null,
            (NONE, _) | (_, Test::Null) => false,
            (rank, Test::Not(test)) => column.equal(rank as usize).as_ref() != Some(&**test),
            (rank, Test::Equal(text)) => column.text(rank as usize) == text,
            (rank, Test::Prefix(text)) => column.text(rank as usize).starts_with(text),
            (rank, Test::Within(low, high)) => match &column.values {
                Values::Keys(keys) => {
                    let key = keys[rank as usize];
                    low.is_none_or(|low| low <= key) && high.is_none_or(|high| key <= high)
                }
                _ => false,
            },
        }
    }
}

/// The single conditions of some proposals, each once, with its place.
pub fn single_conditions(proposals: &[Proposal], most: usize) -> BTreeMap<Condition, u32> {
    let mut out = BTreeMap::new();
    for condition in proposals.iter().flat_map(|proposal| proposal.conditions.iter().chain(&proposal.tight)) {
        let next = out.len() as u32;
        if out.len() < most {
            out.entry(condition.clone()).or_insert(next);
        }
    }
    out
}
