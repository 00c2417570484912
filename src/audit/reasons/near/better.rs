//! A better key: another column, or two, that is unique on both sides and would match more rows.
//!
//! Only the rows on one side only are asked which columns could match them, and of their values
//! only some: those whose hash is divisible by a number, so that what is on both sides is taken on
//! both. What looks best is then counted in all rows.

use super::super::evidence::{Evidence, ReasonError};
use super::super::reason::{Kind, Reason, ReasonSide};
use super::chance::log_tail;
use super::columns::{Column, Columns};
use super::count::{Counted, count};
use super::rules::quoted;
use crate::audit::thousands;
use crate::table::PortableType;
use std::sync::Arc;

/// With fewer keys on one side only, another key would change little.
const FEW: usize = 10;
/// Values of a column that are looked at, about.
const SAMPLE: usize = 50_000;
/// Columns that are looked at together with another, and the same of very many rows.
const TOGETHER: [usize; 2] = [8, 4];
/// More rows than this are very many.
const MANY: usize = 200_000;
/// Candidates counted in all rows, at most.
const COUNTED: usize = 3;
/// Values that must be distinct, in a column that is nearly unique.
const DISTINCT: f64 = 0.99;
/// The part of the one-sided rows that it must match.
const PART: f64 = 0.1;
/// Pairs of rows whose other columns are looked at.
const PAIRS: usize = 500;

/// Looks for a key that would match clearly more rows.
pub fn better(evidence: &Evidence<'_>, read: &mut Columns<'_>) -> Result<Option<Reason>, ReasonError> {
    let only = &evidence.differences.only;
    let gap = only[0].len().min(only[1].len());
    let rows = evidence.counts.map(|side| side.rows);
    let clearly = (FEW as u64).max(rows[0].min(rows[1]) / 100);
    if (gap as u64) < clearly {
        return Ok(None);
    }
    let columns: Vec<usize> = (0..evidence.alignment.pairs.len())
        .filter(|at| {
            let pair = &evidence.alignment.pairs[*at];
            can_be_key(&pair.left.ty) && can_be_key(&pair.right.ty)
        })
        .collect();
    let mut surveyed = Vec::new();
    for column in &columns {
        if let Some(values) = values(evidence, read, *column)? {
            surveyed.push(Survey::of(evidence, vec![*column], [0, 1].map(|side| values[side].hashes.as_slice())));
        }
    }
    if let Some(found) = best(evidence, &surveyed, clearly)? {
        return Ok(Some(found));
    }
    surveyed.sort_by(|a, b| b.distinct.total_cmp(&a.distinct));
    let most = TOGETHER[usize::from(only[0].len().max(only[1].len()) > MANY)];
    let hopeful: Vec<usize> = surveyed
        .iter()
        // What a unique column does not match, it does not match together with another either.
        .filter(|survey| survey.distinct < DISTINCT)
        .map(|survey| survey.pairs[0])
        .take(most)
        .collect();
    let read = hopeful.iter().map(|column| read.get(*column)).collect::<Result<Vec<_>, _>>()?;
    let mut together = Vec::new();
    for (at, one) in hopeful.iter().enumerate() {
        for (other, two) in hopeful.iter().enumerate().skip(at + 1) {
            evidence.check()?;
            let pairs = vec![*one.min(two), *one.max(two)];
            let sum = |side: usize| -> Vec<u64> {
                let hashes = read[at][side].hashes.iter().zip(&read[other][side].hashes);
                hashes.map(|(a, b)| a.wrapping_add(*b)).collect()
            };
            let sums = [sum(0), sum(1)];
            together.push(Survey::of(evidence, pairs, sums.each_ref().map(Vec::as_slice)));
        }
    }
    best(evidence, &together, clearly)
}

/// The best of what looks good, counted.
fn best(evidence: &Evidence<'_>, surveyed: &[Survey], clearly: u64) -> Result<Option<Reason>, ReasonError> {
    let mut hopeful: Vec<&Survey> = surveyed.iter().filter(|survey| survey.hopeful(evidence)).collect();
    hopeful.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.pairs.cmp(&b.pairs)));
    let present = evidence.counts[0]
        .distinct_keys
        .saturating_sub(evidence.differences.only[0].len() as u64 + evidence.differences.only_ambiguous[0]);
    let most = evidence.counts.map(|side| side.rows).into_iter().min();
    let mut found: Option<(&Survey, Counted)> = None;
    for survey in hopeful.into_iter().take(COUNTED) {
        evidence.check()?;
        // What matches every row that could be matched, no other can better.
        if found.as_ref().map(|(_, best)| best.meets) >= most {
            break;
        }
        if !survey.is_backed(evidence)? {
            continue;
        }
        let Some(counted) = count(evidence, &survey.pairs, DISTINCT)? else { continue };
        let nearly = |side: usize| counted.distinct[side] as f64 >= DISTINCT * counted.rows[side] as f64;
        let more = counted.meets >= present + clearly;
        if nearly(0) && nearly(1) && more && found.as_ref().is_none_or(|(_, best)| best.meets < counted.meets) {
            found = Some((survey, counted));
        }
    }
    Ok(found.map(|(survey, counted)| reason(evidence, &survey.pairs, &counted, present)))
}

fn reason(evidence: &Evidence<'_>, pairs: &[usize], counted: &Counted, present: u64) -> Reason {
    let names = |pairs: &[usize]| -> Vec<String> {
        pairs.iter().map(|at| evidence.alignment.pairs[*at].left.name.clone()).collect()
    };
    let ticked = |pairs: &[usize]| format!("`{}`", names(pairs).join("` and `"));
    let verb = |pairs: &[usize], one: &'static str, several: &'static str| if pairs.len() == 1 { one } else { several };
    let is = verb(pairs, "is", "together are");
    let unique = if counted.identifies() {
        format!("{is} unique on both sides")
    } else {
        let side = |at: usize, name: &str| {
            format!("{} of {} rows on the {name}", thousands(counted.distinct[at]), thousands(counted.rows[at]))
        };
        format!("{is} nearly unique ({} and {} have a value of their own)", side(0, "left"), side(1, "right"))
    };
    let of = counted.rows[0];
    let rows = if counted.rows[0] == counted.rows[1] { "rows" } else { "left rows" };
    let text = format!(
        "{} {unique} and would match {} of {} {rows}; {} {} {}.",
        ticked(pairs),
        thousands(counted.meets),
        thousands(of),
        ticked(&evidence.key.pairs),
        verb(&evidence.key.pairs, "matches", "match"),
        thousands(present)
    );
    let option = |at: &usize| {
        let pair = &evidence.alignment.pairs[*at];
        let (left, right) = (&pair.left.name, &pair.right.name);
        let word = if left == right { left.clone() } else { format!("{left}={right}") };
        format!("--key {}", quoted(&word))
    };
    Reason {
        kind: Kind::BetterKey,
        side: ReasonSide::Both,
        columns: names(pairs),
        rule: names(pairs).join(","),
        rows: counted.meets,
        of,
        text,
        examples: Vec::new(),
        fix: Some(pairs.iter().map(option).collect::<Vec<_>>().join(" ")),
    }
}

fn can_be_key(ty: &PortableType) -> bool {
    use PortableType as T;
    !matches!(ty, T::Boolean | T::Float32 | T::Float64 | T::Json)
}

/// A hash of each one-sided row's value in a column; `None` if it is NULL too often.
fn values(
    evidence: &Evidence<'_>,
    read: &mut Columns<'_>,
    pair: usize,
) -> Result<Option<Arc<[Column; 2]>>, ReasonError> {
    let only = &evidence.differences.only;
    let columns = read.get(pair)?;
    let mostly_null = |side: usize| columns[side].nulls as f64 > (1.0 - DISTINCT) * only[side].len() as f64;
    Ok((!mostly_null(0) && !mostly_null(1)).then_some(columns))
}

/// What the one-sided rows say of a column, or of two.
struct Survey {
    pairs: Vec<usize>,
    /// The smaller share of distinct values of both sides.
    distinct: f64,
    /// The share of the side with fewer rows that has a value alone that one row has on the other.
    share: f64,
    /// Those rows.
    rows: Vec<(u64, u64)>,
}

impl Survey {
    fn of(evidence: &Evidence<'_>, pairs: Vec<usize>, hashes: [&[u64]; 2]) -> Self {
        let only = &evidence.differences.only;
        let step = (only[0].len().max(only[1].len()) / SAMPLE).max(1) as u64;
        let sample = |side: usize| {
            let rows = hashes[side].iter().copied().zip(only[side].iter().copied());
            let mut values: Vec<(u64, u64)> = rows.filter(|(value, _)| value % step == 0).collect();
            values.sort_unstable();
            values
        };
        let (left, right) = rayon::join(|| sample(0), || sample(1));
        let (mut distinct, mut alone) = (1.0f64, Vec::new());
        for values in [&left, &right] {
            let groups = values.chunk_by(|a, b| a.0 == b.0);
            distinct = distinct.min(groups.clone().count() as f64 / values.len().max(1) as f64);
            alone.push(groups.filter(|group| group.len() == 1).map(|group| group[0]));
        }
        let mut rows = Vec::new();
        if let [lefts, rights] = &mut alone[..] {
            let mut rights = rights.peekable();
            for (value, row) in lefts {
                while rights.next_if(|(other, _)| *other < value).is_some() {}
                rows.extend(rights.next_if(|(other, _)| *other == value).map(|(_, other)| (row, other)));
            }
        }
        rows.sort_unstable();
        let share = rows.len() as f64 / left.len().min(right.len()).max(1) as f64;
        Self { pairs, distinct, share, rows }
    }

    /// Whether it could be a better key.
    fn hopeful(&self, evidence: &Evidence<'_>) -> bool {
        let mut key = evidence.key.pairs.clone();
        key.sort_unstable();
        key != self.pairs && self.distinct >= DISTINCT && self.share >= PART
    }

    /// Whether the rows that it matches have more in common than rows have that it doesn't:
    /// columns that merely count from 1 to n match without meaning anything.
    fn is_backed(&self, evidence: &Evidence<'_>) -> Result<bool, ReasonError> {
        let others: Vec<usize> = (0..evidence.alignment.pairs.len())
            .filter(|at| !self.pairs.contains(at) && !evidence.key.pairs.contains(at))
            .collect();
        let mut pairs = self.rows.clone();
        let step = pairs.len().div_ceil(PAIRS).max(1);
        pairs = pairs.into_iter().step_by(step).collect();
        if others.is_empty() {
            let textual = |at: &usize| {
                let ty = &evidence.alignment.pairs[*at].left.ty;
                matches!(ty, PortableType::Text | PortableType::Uuid | PortableType::Printed | PortableType::Bytes)
            };
            return Ok(self.pairs.iter().any(textual));
        }
        let left: Vec<u64> = pairs.iter().map(|pair| pair.0).collect();
        let mut right: Vec<u64> = pairs.iter().map(|pair| pair.1).collect();
        right.sort_unstable();
        let partner: Vec<usize> = pairs.iter().map(|pair| right.partition_point(|row| *row < pair.1)).collect();
        let (mut own, mut foreign) = (0.0, 0.0);
        for other in others {
            let left = Column::read(evidence, other, 0, &left)?.hashes;
            let right = Column::read(evidence, other, 1, &right)?.hashes;
            for row in 0..left.len() {
                let equal = |partner: usize| left[row] == right[partner];
                match (equal(partner[row]), equal(partner[(row + 1) % partner.len()])) {
                    (true, false) => own += 1.0,
                    (false, true) => foreign += 1.0,
                    _ => {}
                }
            }
        }
        // The sign test, and several times as many.
        Ok(own >= 5.0 * foreign && log_tail(own, foreign, 0.5) < -5.0)
    }
}
