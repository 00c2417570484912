//! Infers a key where nobody gives or declares one: a column, else two or three together, that are
//! unique and never NULL on both sides.
//!
//! A sample of both sides says what can't be one. What is left is counted in all rows, the most
//! promising first: so many of its values meet, it is named like a key, and it is of a type that
//! keys have. How much is counted is bounded.

use super::candidates::{Candidate, Survey};
use super::sample::Sample;
use crate::compare::CompareError;
use crate::table::{Alignment, Key, KeyChoice, PortableType};
use std::time::{Duration, Instant};

/// What inferring a key led to.
#[derive(Clone, Debug)]
pub struct Shortlist {
    /// The key, if something identifies a row.
    pub key: Option<(Key, Candidate)>,
    /// What came nearest, best first.
    pub nearest: Vec<Candidate>,
    /// Why not everything was tried, in words, if so.
    pub stopped: Option<String>,
}

/// Columns of one key at most.
pub const MOST_COLUMNS: usize = 3;
/// Columns that are tried together with others at most.
const COLUMNS: usize = 24;
/// Candidates of one width counted in full at most.
const COUNTED: usize = 8;
/// How many of the nearest are named when nothing identifies a row.
const NEAREST: usize = 3;
/// How long candidates are counted at most: none is begun after it.
const TIME: Duration = Duration::from_secs(60);

/// Finds the best key.
///
/// # Errors
/// If counting fails.
pub fn infer(survey: &Survey<'_>) -> Result<Shortlist, CompareError> {
    infer_within(survey, TIME)
}

fn infer_within(survey: &Survey<'_>, time: Duration) -> Result<Shortlist, CompareError> {
    let sample = Sample::new(survey)?;
    let pairs = &survey.alignment.pairs;
    let fit = |at: &usize| can_be_key(&pairs[*at].left.ty) && can_be_key(&pairs[*at].right.ty);
    let columns: Vec<usize> = (0..pairs.len()).filter(fit).collect();
    let mut search = Search { survey, until: Instant::now() + time, stopped: None };

    let singles: Vec<Vec<usize>> = columns.iter().map(|at| vec![*at]).collect();
    for width in 1..=MOST_COLUMNS {
        let hopeful = if width == 1 {
            singles.iter().filter(|pairs| sample.unique(pairs)).cloned().collect()
        } else {
            together(survey.alignment, &sample, &columns, width, &mut search)
        };
        if let Some(found) = search.best(hopeful)? {
            return Ok(found);
        }
    }

    let mut by_sample = singles;
    by_sample.sort_by_key(|pairs| std::cmp::Reverse(sample.distinct(pairs[0])));
    by_sample.truncate(NEAREST);
    let mut nearest = by_sample.iter().map(|pairs| survey.count(pairs)).collect::<Result<Vec<_>, CompareError>>()?;
    nearest.sort_by(|a, b| b.nearness().total_cmp(&a.nearness()));
    Ok(Shortlist { key: None, nearest, stopped: search.stopped })
}

/// Columns that are unique together in a sample.
fn together(
    alignment: &Alignment,
    sample: &Sample,
    columns: &[usize],
    width: usize,
    search: &mut Search<'_, '_>,
) -> Vec<Vec<usize>> {
    let mut columns: Vec<usize> = columns.iter().copied().filter(|at| sample.tells_apart(*at)).collect();
    let looks = |at: &usize| looks(alignment, &[*at]);
    columns.sort_by(|a, b| looks(b).total_cmp(&looks(a)).then(sample.distinct(*b).cmp(&sample.distinct(*a))));
    if columns.len() > COLUMNS {
        search.stop(format!("only {COLUMNS} of {} columns were tried together", columns.len()));
        columns.truncate(COLUMNS);
    }
    columns.sort_unstable();
    let mut out = Vec::new();
    choose(&columns, width, &mut Vec::new(), &mut |pairs| {
        if sample.unique(pairs) {
            out.push(pairs.to_vec());
        }
    });
    out
}

/// All choices of so many columns, in order.
fn choose(columns: &[usize], width: usize, chosen: &mut Vec<usize>, take: &mut dyn FnMut(&[usize])) {
    if width == 0 {
        return take(chosen);
    }
    for (at, column) in columns.iter().enumerate() {
        chosen.push(*column);
        choose(&columns[at + 1..], width - 1, chosen, take);
        chosen.pop();
    }
}

struct Search<'a, 'b> {
    survey: &'a Survey<'b>,
    until: Instant,
    stopped: Option<String>,
}

impl Search<'_, '_> {
    fn stop(&mut self, why: String) {
        self.stopped.get_or_insert(why);
    }

    /// The best of these that counting confirms.
    fn best(&mut self, mut hopeful: Vec<Vec<usize>>) -> Result<Option<Shortlist>, CompareError> {
        let alignment = self.survey.alignment;
        let looks = |pairs: &[usize]| looks(alignment, pairs);
        hopeful.sort_by(|a, b| looks(b).total_cmp(&looks(a)));
        let mut found: Vec<(f64, Candidate)> = Vec::new();
        for (at, pairs) in hopeful.iter().enumerate() {
            // All of its values may meet, and that is the best that counting could show: what is
            // behind what was found stays there.
            if found.iter().any(|(score, _)| *score >= MEETS + looks(pairs)) {
                break;
            }
            if at >= COUNTED {
                self.stop(format!("only {COUNTED} of {} candidates were counted", hopeful.len()));
                break;
            }
            if Instant::now() >= self.until && at > 0 {
                self.stop("counting took too long".to_owned());
                break;
            }
            let candidate = self.survey.count(pairs)?;
            if candidate.identifies() {
                found.push((score(&candidate, alignment), candidate));
            }
        }
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let Some((_, first)) = found.first().cloned() else { return Ok(None) };
        let key = Key { pairs: first.pairs.clone(), chosen: KeyChoice::Inferred };
        let nearest = found.into_iter().map(|(_, candidate)| candidate).collect();
        Ok(Some(Shortlist { key: Some((key, first)), nearest, stopped: self.stopped.take() }))
    }
}

/// What it counts that all values meet.
const MEETS: f64 = 4.0;

fn score(candidate: &Candidate, alignment: &Alignment) -> f64 {
    let most = candidate.distinct[0].max(candidate.distinct[1]).max(1) as f64;
    MEETS * candidate.meets as f64 / most + looks(alignment, &candidate.pairs)
}

/// How much columns look like a key, by their names and types.
fn looks(alignment: &Alignment, pairs: &[usize]) -> f64 {
    let one = |at: &usize| name_score(&alignment.pairs[*at].left.name) + type_score(&alignment.pairs[*at].left.ty);
    pairs.iter().map(one).sum::<f64>() / pairs.len().max(1) as f64
}

fn can_be_key(ty: &PortableType) -> bool {
    use PortableType as T;
    !matches!(ty, T::Boolean | T::Float32 | T::Float64 | T::Json)
}

/// Times and amounts may be unique by chance; nobody would number rows with them.
fn type_score(ty: &PortableType) -> f64 {
    use PortableType as T;
    match ty {
        T::Integer | T::Unsigned | T::Decimal { scale: 0, .. } | T::Uuid | T::Text => 0.0,
        T::Bytes => -0.25,
        _ => -0.75,
    }
}

/// How much a name looks like a key's.
fn name_score(name: &str) -> f64 {
    let name = name.to_lowercase();
    const LIKE: [&str; 12] =
        ["id", "key", "uuid", "guid", "code", "number", "no", "nr", "email", "ref", "slug", "isbn"];
    if name == "id" || name == "uuid" {
        return 3.0;
    }
    let last = name.rsplit(['_', '-', ' ']).next().unwrap_or_default();
    if LIKE.contains(&last) {
        2.0
    } else if name.ends_with("id") || name.ends_with("key") || name.ends_with("code") {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
#[path = "infer_tests.rs"]
mod tests;
