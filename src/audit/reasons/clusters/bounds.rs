//! Bounds for a stretch of values: as the data has them, or round ones that lose nothing.

use super::condition::Test;
use super::intervals::Pair;
use super::sample::SampledColumn;
use super::surprise::Table;
use super::unit::Unit;

/// Counts of a column's values in some rows, added up from the first value on.
pub struct Sums {
    below: Vec<Pair>,
    /// All rows, also those without a value.
    pub totals: Pair,
}

impl Sums {
    /// Adds up.
    pub fn new(counts: &[Pair], totals: Pair) -> Self {
        let mut sum = [0; 2];
        let mut below = Vec::with_capacity(counts.len() + 1);
        below.push(sum);
        for pair in counts {
            sum = [sum[0] + pair[0], sum[1] + pair[1]];
            below.push(sum);
        }
        Self { below, totals }
    }

    /// The rows with ranks from `from` up to, not including, `end`.
    pub fn table(&self, from: usize, end: usize) -> Table {
        let end = end.max(from);
        let [inside, outside] = [0, 1].map(|set| u64::from(self.below[end][set] - self.below[from][set]));
        Table { inside, target: self.totals[0].into(), outside, rest: self.totals[1].into() }
    }
}

/// A bound that might be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound {
    /// The first or last number within; `None` is without a bound.
    key: Option<i128>,
    /// The logarithm of how many such bounds there are.
    cost: f64,
    unit: Option<Unit>,
}

/// Round bounds that are tried together with the others' end.
const BEST: usize = 2;
/// Conditions made of one stretch.
const MOST: usize = 4;

/// Conditions to be within about these ranks, with what each costs: the data's own bounds, and the
/// best rounder ones.
pub fn variants(column: &SampledColumn, keys: &[i128], sums: &Sums, (from, to): (usize, usize)) -> Vec<(Test, f64)> {
    let (low, high) = (keys[from], keys[to]);
    let span = (keys[0], keys[keys.len() - 1]);
    let rank = |key: i128| keys.partition_point(|there| *there < key);
    let tight = |key| Bound { key: Some(key), cost: column.distinct.ln(), unit: None };
    let score = |low: Option<i128>, high: Option<i128>, cost: f64| {
        let end = high.map_or(keys.len(), |high| keys.partition_point(|there| *there <= high));
        sums.table(low.map_or(0, rank), end).surprise() - cost
    };
    let (mut lows, mut highs) = (vec![open()], vec![open()]);
    for unit in Unit::all(column.measure, span.0, span.1) {
        let cost = unit.many(span.0, span.1).ln() + std::f64::consts::LN_2;
        let bound = |key| Bound { key: Some(key), cost, unit: Some(unit) };
        let after = high.saturating_add(1);
        lows.extend([unit.floor(low), unit.ceil(low)].into_iter().filter(|key| *key <= high).map(bound));
        let ends = [unit.ceil(after), unit.floor(after)].into_iter().map(|end| end - 1);
        highs.extend(ends.filter(|key| *key >= low).map(bound));
    }
    let best = |mut bounds: Vec<Bound>, score: &dyn Fn(&Bound) -> f64| {
        // The first of equal ones is that of the coarsest unit.
        bounds.dedup_by(|again, kept| again.key == kept.key);
        let mut scored: Vec<(f64, Bound)> = bounds.into_iter().map(|bound| (score(&bound), bound)).collect();
        scored.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut kept: Vec<Bound> = Vec::new();
        for (_, bound) in scored {
            if kept.len() < BEST && !kept.iter().any(|there| there.key == bound.key) {
                kept.push(bound);
            }
        }
        kept
    };
    let lows = best(lows, &|bound| score(bound.key, Some(high), bound.cost));
    let highs = best(highs, &|bound| score(Some(low), bound.key, bound.cost));
    let mut tests: Vec<(f64, Test, f64)> = Vec::new();
    for low in lows.into_iter().chain([tight(low)]) {
        for high in highs.iter().copied().chain([tight(high)]) {
            let cost = one_unit(&low, &high).unwrap_or(low.cost + high.cost);
            if low.key.is_some() || high.key.is_some() {
                tests.push((score(low.key, high.key, cost), Test::Within(low.key, high.key), cost));
            }
        }
    }
    tests.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let own = Test::Within(Some(low), Some(high));
    let mut kept: Vec<(Test, f64)> = Vec::new();
    for (_, test, cost) in tests {
        // The same range comes again, dearer, where a round bound is the data's own.
        if (kept.len() < MOST || test == own) && !kept.iter().any(|(there, _)| *there == test) {
            kept.push((test, cost));
        }
    }
    kept
}

fn open() -> Bound {
    Bound { key: None, cost: std::f64::consts::LN_2, unit: None }
}

/// What a whole hour, day or month costs: it is chosen once, not twice.
fn one_unit(low: &Bound, high: &Bound) -> Option<f64> {
    let (unit, key) = (low.unit.or(high.unit)?, low.key?);
    let whole = unit.floor(key) == key && high.key == Some(unit.next(key) - 1);
    whole.then_some(low.cost.min(high.cost) + std::f64::consts::LN_2)
}
