//! What chance would do: a column's own left values paired with the right values of other rows.
//!
//! If values were drawn without regard to each other, as many of the true pairs would be of a kind
//! as of these false pairs. A kind is believed if it has more, so many more that a binomial
//! distribution with the rate of the false pairs hardly ever yields it. Chernoff's bound of its tail
//! is `exp(-n · D(k/n ‖ p))`, where D is the relative entropy (H. Chernoff, "A measure of asymptotic
//! efficiency", 1952, theorem 1); it is never too small.

use super::kind::ValueKind as K;
use super::sort::{Column, sort};
use super::tally::{ColumnTally, Slot, Tally, slot};
use super::traits::{Learner, Traits};
use crate::audit::reasons::evidence::Evidence;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// False pairs to try in a column.
const TRIALS: usize = 20_000;
/// How seldom chance may yield what is claimed, in all kinds of all columns together.
const LEVEL: f64 = 1e-4;

/// How often false pairs of a column are of a kind. They are tried only once somebody asks.
pub struct Chance<'a> {
    evidence: Option<&'a Evidence<'a>>,
    column: &'a Column,
    traits: &'a Traits,
    learner: &'a Learner,
    /// Things that are tried in the table.
    tries: f64,
    rates: OnceCell<Rates>,
}

#[derive(Default)]
struct Rates {
    trials: u64,
    hits: BTreeMap<Slot, u64>,
}

impl<'a> Chance<'a> {
    /// Of a column among so many.
    pub fn new(
        evidence: &'a Evidence<'a>,
        column: &'a Column,
        traits: &'a Traits,
        learner: &'a Learner,
        columns: usize,
    ) -> Self {
        Self { evidence: Some(evidence), ..Self::untimed(column, traits, learner, columns) }
    }

    fn untimed(column: &'a Column, traits: &'a Traits, learner: &'a Learner, columns: usize) -> Self {
        const KINDS: f64 = 20.0;
        Self { evidence: None, column, traits, learner, tries: KINDS * columns as f64, rates: OnceCell::new() }
    }

    fn measure(&self) -> Rates {
        let sample = &self.learner.sample;
        let mut out = Rates::default();
        let n = sample.len();
        if n < 2 {
            return out;
        }
        let offsets = (TRIALS / n).clamp(1, n - 1);
        for i in 1..=offsets {
            // Spread over all distances: rows that lie together are often alike.
            let offset = (i * n / (offsets + 1)).clamp(1, n - 1);
            for at in 0..n {
                // Whoever asks finds that it is late, too.
                if at % 32 == 0 && self.evidence.is_some_and(|evidence| evidence.check().is_err()) {
                    return out;
                }
                let (left, right) = (&sample[at][0], &sample[(at + offset) % n][1]);
                if left == right {
                    continue;
                }
                out.trials += 1;
                let sorted = sort(self.column, self.traits, left.as_deref(), right.as_deref());
                if sorted.kind != K::Other {
                    *out.hits.entry(slot(sorted)).or_default() += 1;
                }
            }
        }
        out
    }

    /// Whether so many cells are more than chance would bring.
    fn exceeds(&self, slots: &[Slot], cells: u64, of: u64) -> bool {
        let rates = self.rates.get_or_init(|| self.measure());
        let hits: u64 = slots.iter().filter_map(|slot| rates.hits.get(slot)).sum();
        let p = (hits + 1) as f64 / (rates.trials + 1) as f64;
        // What is already likely may still be likelier; else a small surplus is not worth saying.
        let likely = slots.iter().any(|slot| matches!(slot.0, K::Filled | K::Cleared | K::NullOrEmpty));
        let share = cells as f64 / of as f64;
        share > p * if likely { 1.2 } else { 3.0 } && self.seldom(share, p, of)
    }

    /// Whether a share is so far above a rate that chance hardly ever brings it.
    fn seldom(&self, share: f64, p: f64, of: u64) -> bool {
        share > p && of as f64 * divergence(share, p) > (self.tries / LEVEL).ln()
    }

    /// Values against none: more than chance, or more often on one side than on the other.
    fn believes_missing(&self, cells: u64, column: &ColumnTally) -> bool {
        let both = [(K::Filled, 2), (K::Cleared, 2)];
        let missing: u64 = both.iter().filter_map(|slot| column.slots.get(slot)).map(|tally| tally.cells).sum();
        self.exceeds(&both, missing, column.changed) || self.seldom(cells as f64 / missing as f64, 0.5, missing)
    }

    /// Whether a column's values of one slot are to be told of.
    pub fn believes(&self, slot: Slot, tally: &Tally, column: &ColumnTally) -> bool {
        let (cells, of) = (tally.cells, column.changed);
        let left = column.slots.get(&(K::Other, 2)).map_or(0, |other| other.cells);
        let enough = if cells == of { cells >= 2 } else { cells >= 5 && cells * 1000 >= of };
        if slot.0 == K::Other || !enough {
            return false;
        }
        // A constant is one only if most of what nothing else explains has it.
        if slot.0 == K::Shift && cells < left {
            return false;
        }
        // The last digit of one number in ten is a zero, which looks like a digit less.
        if slot.0 == K::Rounding && cells * 10 < (cells + column.near) * 3 {
            return false;
        }
        let particular = tally.strong * 2 >= cells && (tally.strong >= 5 || tally.strong == of);
        // Nearly all values in one direction: chance has none.
        let one_way = cells >= 5 && cells * 10 >= of * 9 && (tally.rising == 0 || tally.rising == cells);
        let missing = matches!(slot.0, K::Filled | K::Cleared) && self.believes_missing(cells, column);
        particular || one_way || missing || self.exceeds(&[slot], cells, of)
    }
}

/// The relative entropy of two rates.
fn divergence(share: f64, p: f64) -> f64 {
    let part = |a: f64, b: f64| if a > 0.0 { a * (a / b).ln() } else { 0.0 };
    part(share, p) + part(1.0 - share, 1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chance_brings_is_not_believed() {
        let slot = (K::Sign, 2);
        let alignment = crate::table::Alignment {
            pairs: vec![crate::table::Pair {
                left: crate::table::Column::new("n", crate::table::PortableType::Integer, "x"),
                right: crate::table::Column::new("n", crate::table::PortableType::Integer, "x"),
                family: crate::table::Family::Number,
                unruled: crate::table::Family::Number,
                rules: crate::table::Rules::default(),
                compared: true,
                softened_by: Vec::new(),
            }],
            ..crate::table::Alignment::default()
        };
        let (column, traits, learner) = (Column::new(&alignment, 0), Traits::default(), Learner::default());
        let chance = Chance::untimed(&column, &traits, &learner, 5);
        chance.rates.get_or_init(|| Rates { trials: 9_999, hits: BTreeMap::from([(slot, 99)]) });
        assert!(!chance.exceeds(&[slot], 12, 1_000));
        assert!(chance.exceeds(&[slot], 100, 1_000));
        assert!(!chance.exceeds(&[slot], 2, 2));
        assert!((divergence(0.5, 0.25) - 0.5 * (4.0f64 / 3.0).ln()).abs() < 1e-9);
        assert_eq!(divergence(0.3, 0.3), 0.0);
    }
}
