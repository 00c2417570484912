//! All reasons, most telling first.
//!
//! A person wants to know first what explains most of the gap. So a reason weighs as many rows as it
//! explains, times the share of its kind of rows that they are: all of 400 rows tell more than 500 of
//! 10,000. A near key counts twice, because it explains a row on either side.
//!
//! Three rules go before that:
//!
//! - What is said of one column's values comes last where the same was said of whole rows in several
//!   columns: it is a detail of that.
//! - Where most of the keys of a side are on the other in another spelling, a cluster in nothing but
//!   the key's columns says no more than that these are spelled in that way, and another is looked for
//!   in the other columns. Left out is a
//!   cluster of changed rows in nothing but columns of whose values most changed in one way: NULL in a
//!   column where every NULL became an empty text.
//! - Of two reasons that give the same numbers for the same columns and rule, one is enough.

use super::clusters::Clusters;
use super::evidence::{Evidence, ReasonError};
use super::reason::{Kind, Reason, ReasonSide};
use super::{duplicates, near, values};
use std::cmp::Ordering;

/// What was found, and what was not looked at to its end.
#[derive(Debug, Default)]
pub struct Found {
    /// The reasons.
    pub reasons: Vec<Reason>,
    /// What each search was for that ran out of time. What it had found is left out.
    pub stopped: Vec<&'static str>,
    /// What a person should know of what was looked at.
    pub notes: Vec<String>,
}

impl Found {
    /// Adds what a search found; nothing but its name, if it ran out of time.
    ///
    /// # Errors
    /// What went wrong otherwise.
    pub fn take<R>(&mut self, what: &'static str, found: Result<R, ReasonError>) -> Result<(), ReasonError>
    where
        R: IntoIterator<Item = Reason>,
    {
        let found = self.take_or(what, found)?;
        self.reasons.extend(found.into_iter().flatten());
        Ok(())
    }

    /// What a search found; `None` if it ran out of time, which is noted.
    ///
    /// # Errors
    /// What went wrong otherwise.
    pub fn take_or<T>(&mut self, what: &'static str, found: Result<T, ReasonError>) -> Result<Option<T>, ReasonError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(ReasonError::Late) => {
                self.stopped.push(what);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn append(&mut self, more: Self) {
        self.reasons.extend(more.reasons);
        self.stopped.extend(more.stopped);
        self.notes.extend(more.notes);
    }
}

/// Looks for reasons of every kind.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn reasons(evidence: &Evidence<'_>) -> Result<Found, ReasonError> {
    // Side by side: each has stretches that keep one core busy only.
    // Whole rows have no key of which another spelling could be found.
    let near = || if evidence.key.is_whole_row() { Ok(Found::default()) } else { near::near_keys(evidence) };
    let ((near, duplicates), (values, clusters)) = rayon::join(
        || rayon::join(near, || duplicates::duplicates(evidence)),
        || rayon::join(|| values::values(evidence), || Clusters::find(evidence)),
    );
    let name = |pair: &usize| evidence.alignment.pairs[*pair].left.name.clone();
    let key: Vec<String> = evidence.key.pairs.iter().map(name).collect();
    let only = evidence.differences.only.each_ref().map(|rows| rows.len() as u64);
    let mut all = near?;
    let clusters = match clusters {
        Ok(clusters) => beside_the_key(clusters, &all.reasons, &key, only),
        Err(error) => Err(error),
    };
    if let Some(values) = all.take_or("how values differ", values)? {
        all.append(values);
    }
    all.take("what the rows that differ have in common", clusters)?;
    all.take("duplicates", duplicates)?;
    all.reasons = rank(all.reasons, &key, only, evidence.differences.changed.len() as u64);
    Ok(all)
}

/// The clusters; where they say no more than how keys are spelled, which may hide what else these rows
/// have in common, those in other columns.
fn beside_the_key(
    mut clusters: Clusters<'_>,
    found: &[Reason],
    key: &[String],
    only: [u64; 2],
) -> Result<Vec<Reason>, ReasonError> {
    for (side, word) in [ReasonSide::Left, ReasonSide::Right].into_iter().enumerate() {
        let hides = |cluster: &Reason| cluster.side == word && within(cluster, key);
        if 2 * spelled(found) >= only[side] && clusters.found.iter().any(hides) {
            clusters.found.retain(|cluster| cluster.side != word);
            let others = clusters.beside_the_key(side)?;
            clusters.found.extend(others);
        }
    }
    Ok(clusters.found)
}

/// Keys that are on the other side in another spelling.
fn spelled(found: &[Reason]) -> u64 {
    found.iter().filter(|reason| reason.kind == Kind::NearKey).map(|reason| reason.rows).sum()
}

/// Whether a reason is about nothing but these columns.
fn within(reason: &Reason, columns: &[String]) -> bool {
    reason.columns.iter().all(|column| columns.contains(column))
}

/// The reasons in order, given the key's columns, and how many rows are on one side only or changed.
fn rank(mut found: Vec<Reason>, key: &[String], only: [u64; 2], changed: u64) -> Vec<Reason> {
    let spelled = spelled(&found);
    let values: Vec<Vec<String>> = found
        .iter()
        .filter(|reason| reason.kind == Kind::Values && 2 * reason.rows >= changed)
        .map(|reason| reason.columns.clone())
        .collect();
    let by_product = |reason: &Reason| {
        let explained = match reason.side {
            ReasonSide::Left => 2 * spelled >= only[0] && within(reason, key),
            ReasonSide::Right => 2 * spelled >= only[1] && within(reason, key),
            ReasonSide::Both => values.iter().any(|columns| within(reason, columns)),
        };
        reason.kind == Kind::Cluster && explained
    };
    found.retain(|reason| !by_product(reason));

    let details: Vec<bool> = found.iter().map(|reason| is_detail(reason, &found)).collect();
    let mut ranked: Vec<(bool, Reason)> = details.into_iter().zip(found).collect();
    ranked.sort_by(|(detail, one), (other_detail, other)| {
        detail
            .cmp(other_detail)
            .then_with(|| weight(other, changed).total_cmp(&weight(one, changed)))
            .then_with(|| tie(one, other))
    });
    let mut out: Vec<Reason> = Vec::with_capacity(ranked.len());
    for (_, reason) in ranked {
        if !out.iter().any(|other| same(other, &reason)) {
            out.push(reason);
        }
    }
    out
}

/// Rows explained, times the share of the rows concerned: for the values of a column, those that
/// changed at all.
fn weight(reason: &Reason, changed: u64) -> f64 {
    let sides = if matches!(reason.kind, Kind::NearKey | Kind::BetterKey) { 2.0 } else { 1.0 };
    let of = if reason.kind == Kind::Values { changed } else { reason.of };
    sides * reason.rows as f64 * (reason.rows as f64 / of.max(1) as f64)
}

/// Whether a reason says of one column what another one says of rows.
fn is_detail(reason: &Reason, all: &[Reason]) -> bool {
    let wider = |other: &Reason| {
        other.kind == Kind::Values
            && other.rule == reason.rule
            && other.columns.len() > reason.columns.len()
            && reason.columns.iter().all(|column| other.columns.contains(column))
            && 2 * other.rows >= reason.rows
    };
    reason.kind == Kind::Values && all.iter().any(wider)
}

/// How two values differ is said before where they are.
fn tie(one: &Reason, other: &Reason) -> Ordering {
    let place = |kind: Kind| match kind {
        Kind::NearKey => 0,
        Kind::BetterKey => 1,
        Kind::Values => 2,
        Kind::Cluster => 3,
        Kind::Duplicates => 4,
    };
    place(one.kind)
        .cmp(&place(other.kind))
        .then_with(|| other.rows.cmp(&one.rows))
        .then_with(|| one.side.cmp(&other.side))
        .then_with(|| one.columns.cmp(&other.columns))
        .then_with(|| one.rule.cmp(&other.rule))
        .then_with(|| one.text.cmp(&other.text))
}

fn same(one: &Reason, other: &Reason) -> bool {
    let of = |reason: &Reason| (reason.kind, reason.side, reason.rows, reason.of);
    of(one) == of(other) && one.rule == other.rule && one.columns == other.columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(kind: Kind, side: ReasonSide, columns: &[&str], rule: &str, rows: u64, of: u64) -> Reason {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Reason { kind, side, columns, rule: rule.into(), rows, of, text: String::new(), examples: vec![], fix: None }
    }

    fn rules(found: Vec<Reason>, changed: u64) -> Vec<String> {
        rank(found, &["id".to_owned()], [400; 2], changed).into_iter().map(|reason| reason.rule).collect()
    }

    #[test]
    fn what_explains_most_comes_first() {
        use {Kind::*, ReasonSide::*};
        let found = vec![
            reason(Cluster, Both, &["region"], "part of many", 500, 10_000),
            reason(Cluster, Left, &["source"], "all of some", 400, 400),
            reason(Values, Both, &["a"], "most rows", 9_000, 10_000),
            reason(NearKey, Both, &["id"], "trim", 300, 400),
            reason(Duplicates, Right, &["id"], "few", 2, 2),
        ];
        let expected = ["most rows", "trim", "all of some", "part of many", "few"];
        assert_eq!(rules(found.clone(), 10_000), expected);
        let backwards = found.into_iter().rev().collect();
        assert_eq!(rules(backwards, 10_000), expected, "whatever the order of looking");
    }

    #[test]
    fn columns_are_details_of_rows() {
        use {Kind::Values, ReasonSide::Both};
        let found = vec![
            reason(Values, Both, &["city"], "case", 20, 400),
            reason(Values, Both, &["city", "name"], "case", 8, 1_000),
            reason(Values, Both, &["lat"], "rounding", 990, 995),
            reason(Values, Both, &["lon"], "rounding", 1_000, 1_000),
            reason(Values, Both, &["lat", "lon"], "rounding", 700, 1_000),
            reason(Values, Both, &["name"], "case", 10, 1_000),
        ];
        let ranked = rank(found, &[], [0; 2], 1_000);
        let columns: Vec<&[String]> = ranked.iter().map(|reason| reason.columns.as_slice()).collect();
        let expected = [vec!["lat", "lon"], vec!["city"], vec!["city", "name"], vec!["lon"], vec!["lat"], vec!["name"]];
        assert_eq!(columns, expected);
    }

    #[test]
    fn nothing_is_said_twice() {
        use {Kind::*, ReasonSide::*};
        let found = vec![
            reason(Values, Both, &["lat"], "rounding", 7, 7),
            reason(Values, Both, &["lat"], "rounding", 7, 7),
            reason(NearKey, Both, &["id"], "trim", 300, 400),
            reason(Cluster, Left, &["id"], "id LIKE '% '", 300, 400),
            reason(Cluster, Right, &["id"], "id >= 'a'", 300, 400),
            reason(Cluster, Left, &["region"], "region = 'EU'", 300, 400),
            reason(Cluster, Both, &["id"], "id < 5", 5, 7),
            reason(Cluster, Both, &["lat"], "lat > 80", 5, 7),
        ];
        assert_eq!(rules(found, 7), ["trim", "region = 'EU'", "rounding", "id < 5"]);
        let few =
            vec![reason(NearKey, Both, &["id"], "trim", 100, 400), reason(Cluster, Left, &["id"], "id < 5", 300, 400)];
        assert_eq!(rules(few, 0), ["id < 5", "trim"]);
    }
}
