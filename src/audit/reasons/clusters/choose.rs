//! The few conditions that together explain most, by exact counts.

use super::condition::Condition;
use super::count::Counts;
use super::prefer::{Scored, prefer};
use super::search::Proposal;
use super::surprise::{BELIEVED, Table};
use std::collections::BTreeMap;

/// Conditions given at most.
const MOST: usize = 3;
/// What a further condition must hold at least of all rows that differ.
const LEAST_SHARE: f64 = 0.05;
/// How much of what it holds must not be explained yet.
const NEW: f64 = 0.8;
/// A second condition must keep out this share of the others that either of the two lets in.
const KEPT_OUT: f64 = 0.5;

/// Chances below this one are not taken for chance.
const MAY_BE: f64 = 0.01;

/// The share of its rows that a cluster may lose to a rounder bound, if others are outside of it anyway.
const FEW: f64 = 0.005;

/// Which rows are held against which: roles, as places in [`Counts`].
#[derive(Clone, Copy, Debug)]
pub struct Sets {
    /// The role of the rows that differ.
    pub target: usize,
    /// The roles of the others.
    pub rest: &'static [usize],
}

/// What was counted of some conditions.
pub struct Counted<'a> {
    /// Their bits.
    pub bits: &'a BTreeMap<Condition, u32>,
    /// The counts.
    pub counts: &'a Counts,
    /// Which rows are meant.
    pub sets: Sets,
}

/// The best conditions, each with its counts over all rows, in the order in which they explain most of
/// what those before leave open.
pub fn choose<'p>(
    counted: &Counted<'_>,
    proposals: &'p [Proposal],
    weight: &dyn Fn(&[Condition]) -> f64,
) -> Vec<(&'p Proposal, Table)> {
    let known: Vec<(&Proposal, u128)> =
        proposals.iter().filter_map(|p| Some((p, counted.mask(&p.conditions)?))).collect();
    let mut chosen: Vec<(&Proposal, Table)> = Vec::new();
    let mut covered: Vec<u128> = Vec::new();
    while chosen.len() < MOST {
        let scored = known.iter().enumerate().filter_map(|(at, (proposal, mask))| {
            let open = counted.table(*mask, &covered);
            let score = (open.surprise() - proposal.cost) * weight(&proposal.conditions);
            let whole = counted.table(*mask, &[]);
            let fits = score >= BELIEVED
                && open.tells()
                && whole.share() >= LEAST_SHARE
                && whole.lifts()
                && open.inside as f64 >= NEW * whole.inside as f64
                && counted.needs_both(proposal, &open, &covered)
                && counted.rounds_well(proposal, *mask, &covered);
            fits.then(|| Scored::new(at, score, open.inside, &proposal.conditions))
        });
        let Some(best) = prefer(scored.collect()) else { break };
        let (proposal, mask) = known[best];
        chosen.push((proposal, counted.table(mask, &[])));
        covered.push(mask);
    }
    chosen
}

impl Counted<'_> {
    fn mask(&self, conditions: &[Condition]) -> Option<u128> {
        conditions.iter().try_fold(0, |mask, condition| Some(mask | 1u128 << self.bits.get(condition)?))
    }

    /// Counts of rows that meet all conditions of a mask, among those that no covered mask holds.
    fn table(&self, mask: u128, covered: &[u128]) -> Table {
        let mut table = Table::default();
        for (met, counts) in self.counts {
            if covered.iter().any(|covered| met & covered == *covered) {
                continue;
            }
            let target = counts[self.sets.target];
            let rest: u64 = self.sets.rest.iter().map(|role| counts[*role]).sum();
            table.target += target;
            table.rest += rest;
            if met & mask == mask {
                table.inside += target;
                table.outside += rest;
            }
        }
        table
    }

    /// Whether rounder bounds lose nothing: what they let in may as well belong to the cluster, and what
    /// they keep out does not.
    fn rounds_well(&self, proposal: &Proposal, mask: u128, covered: &[u128]) -> bool {
        let Some(tight) = self.mask(&proposal.tight) else { return false };
        let (own, round, both) =
            (self.table(tight, covered), self.table(mask, covered), self.table(tight | mask, covered));
        let density = |inside: u64, outside: u64| inside as f64 / (inside + outside).max(1) as f64;
        let usual = density(own.inside, own.outside);
        // Rows beyond the last that differs are others; so many by chance, if they belong to it?
        let let_in = (round.inside - both.inside, round.outside - both.outside);
        let fits = (1.0 - usual).powf(let_in.1 as f64) >= MAY_BE || density(let_in.0, let_in.1) >= usual / 2.0;
        let kept_out = (own.inside - both.inside, own.outside - both.outside);
        // Where it does not hold all of them anyway, the next beyond a natural bound is one of the rest.
        let few = own.inside < own.target && kept_out.0 as f64 <= FEW * own.inside as f64;
        (let_in.1 == 0 || fits) && (kept_out.0 == 0 || few || density(kept_out.0, kept_out.1) < usual / 2.0)
    }

    /// Whether each of two conditions keeps many others out that the other alone would let in.
    fn needs_both(&self, proposal: &Proposal, both: &Table, covered: &[u128]) -> bool {
        proposal.conditions.len() < 2
            || proposal.conditions.iter().all(|condition| {
                let alone = self.mask(std::slice::from_ref(condition)).map(|mask| self.table(mask, covered));
                alone.is_some_and(|alone| both.outside as f64 <= (1.0 - KEPT_OUT) * alone.outside as f64)
            })
    }
}
