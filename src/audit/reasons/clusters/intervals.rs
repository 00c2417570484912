//! The stretch of a column's ordered values that sets two sets of rows apart best.
//!
//! How surprising a stretch is, is a convex function of the two counts in it, so the best one is also
//! the best by some weighted sum of the two counts, and for given weights it is found in one pass
//! (the scan statistic's "linear discrepancy": Agarwal and others, "Spatial scan statistics:
//! approximations and performance study", 2006). A few weights are tried, then those at which the
//! function is flat around what was found.

/// Counts of a value, or of a stretch: rows that differ, others.
pub type Pair = [u32; 2];

/// How many others may weigh as much as one row that differs, in shares of either.
const WEIGHTS: [f64; 7] = [1.2, 1.7, 2.5, 4.0, 16.0, 64.0, 256.0];
const REFINED: usize = 4;

/// The best stretch of ranks, both ends included; `None` if no rows differ.
pub fn best(counts: &[Pair], totals: Pair) -> Option<(usize, usize)> {
    let runs = runs(counts);
    let per = totals.map(|total| 1.0 / f64::from(total.max(1)));
    let judged = |weights| {
        let (from, to) = heaviest(&runs, weights)?;
        let sum = runs[from..=to].iter().fold([0; 2], |sum, run| [sum[0] + run.counts[0], sum[1] + run.counts[1]]);
        Some((likelihood(sum, totals), sum, (runs[from].first, runs[to].last)))
    };
    let tried = WEIGHTS.iter().filter_map(|weight| judged([per[0], -weight * per[1]]));
    let mut best = tried.max_by(|one, other| one.0.total_cmp(&other.0).then(other.2.cmp(&one.2)))?;
    for _ in 0..REFINED {
        match judged(slopes(best.1, totals)) {
            Some(finer) if finer.0 > best.0 + 1e-9 => best = finer,
            _ => break,
        }
    }
    Some(best.2)
}

/// Values that stand together and that no stretch need part: all of one kind.
struct Run {
    first: usize,
    last: usize,
    counts: Pair,
}

fn runs(counts: &[Pair]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, pair) in counts.iter().enumerate().filter(|(_, pair)| **pair != [0; 2]) {
        match runs.last_mut() {
            Some(run) if (0..2).any(|set| run.counts[set] == 0 && pair[set] == 0) => {
                run.last = at;
                (0..2).for_each(|set| run.counts[set] += pair[set]);
            }
            _ => runs.push(Run { first: at, last: at, counts: *pair }),
        }
    }
    runs
}

/// The stretch with the largest weighted sum (Kadane's algorithm); `None` if none is above zero. It
/// begins and ends with a value that rows that differ have.
fn heaviest(runs: &[Run], weights: [f64; 2]) -> Option<(usize, usize)> {
    let (mut sum, mut start) = (0.0, 0);
    let mut best: Option<(f64, (usize, usize))> = None;
    for (at, run) in runs.iter().enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, at);
        }
        sum += weights[0] * f64::from(run.counts[0]) + weights[1] * f64::from(run.counts[1]);
        if sum > best.map_or(0.0, |(most, _)| most) {
            best = Some((sum, (start, at)));
        }
    }
    best.map(|(_, stretch)| stretch)
}

/// The logarithm of the likelihood ratio of two shares against one share of both (half of G).
fn likelihood(inside: Pair, totals: Pair) -> f64 {
    let all = f64::from(totals[0]) + f64::from(totals[1]);
    let share = (f64::from(inside[0]) + f64::from(inside[1])) / all;
    let term = |count: f64, expected: f64| if count > 0.0 { count * (count / expected).ln() } else { 0.0 };
    inside
        .iter()
        .zip(totals)
        .map(|(count, total)| {
            let (count, total) = (f64::from(*count), f64::from(total));
            term(count, total * share) + term(total - count, total * (1.0 - share))
        })
        .sum()
}

/// How the likelihood grows with either count.
fn slopes(inside: Pair, totals: Pair) -> [f64; 2] {
    // Half a row more on each side, so that no share is zero or one.
    let share = |count: f64, total: f64| (count + 0.5) / (total + 1.0);
    let sums = [inside, totals].map(|pair| f64::from(pair[0]) + f64::from(pair[1]));
    let all = share(sums[0], sums[1]);
    [0, 1].map(|set| {
        let own = share(inside[set].into(), totals[set].into());
        (own / all).ln() - ((1.0 - own) / (1.0 - all)).ln()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_best_of_all_stretches() {
        // Against trying all, on small rows of counts that look random.
        let mut state = 1u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below) as u32
        };
        let mut exact = 0;
        for _ in 0..200 {
            let (from, to) = (5 + next(5) as usize, 15 + next(10) as usize);
            let counts: Vec<Pair> =
                (0..40).map(|at| [next(3) + if (from..to).contains(&at) { 5 } else { 0 }, next(6)]).collect();
            let totals = counts.iter().fold([0; 2], |sum, pair| [sum[0] + pair[0], sum[1] + pair[1]]);
            let score = |(from, to): (usize, usize)| {
                let sum = counts[from..=to].iter().fold([0; 2], |sum, pair| [sum[0] + pair[0], sum[1] + pair[1]]);
                let more = f64::from(sum[0]) * f64::from(totals[1]) > f64::from(sum[1]) * f64::from(totals[0]);
                if more { likelihood(sum, totals) } else { 0.0 }
            };
            let all = (0..40).flat_map(|from| (from..40).map(move |to| (from, to)));
            let most = all.map(score).fold(0.0, f64::max);
            let found = best(&counts, totals).map_or(0.0, score);
            assert!(found >= 0.9 * most, "{found} of {most}");
            exact += u32::from(found >= most - 1e-9);
        }
        assert!(exact >= 150, "{exact} of 200 are the best");
    }

    #[test]
    fn a_pure_stretch_has_tight_ends() {
        let mut counts = vec![[0, 3]; 100];
        counts[40..60].fill([2, 0]);
        counts[5] = [1, 2];
        let totals = [41, 239];
        assert_eq!(best(&counts, totals), Some((40, 59)));
        assert_eq!(best(&[[0, 1]; 3], [0, 3]), None);
    }
}
