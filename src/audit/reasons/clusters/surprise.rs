//! How surprising it is that so many of the rows that differ meet a condition.
//!
//! If differing had nothing to do with the condition, the rows that differ would be a random draw
//! from all rows, and how many of them meet it would follow the hypergeometric distribution. Its
//! upper tail is Fisher's exact test. A condition was chosen among many, so the tail is multiplied by
//! how many there were (Bonferroni's correction): in logarithms, `surprise - cost`.

/// What is left of the surprise, after the cost of choosing, before a condition is believed: chance
/// alone does that less than once in ten thousand tables.
pub const BELIEVED: f64 = 9.3;
/// The share of the rows that differ which a condition must hold at least.
const LEAST_SHARE: f64 = 0.2;
/// How many times the share of the others that must be.
const LEAST_LIFT: f64 = 3.0;
/// Where nearly all rows that differ meet a condition, it says something already if half of the
/// others do not.
const NEARLY_ALL: f64 = 0.95;
const HALF: f64 = 0.5;
/// A handful.
const LEAST_ROWS: u64 = 5;

/// A condition against two sets of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Rows that differ and meet it.
    pub inside: u64,
    /// All rows that differ.
    pub target: u64,
    /// Others that meet it.
    pub outside: u64,
    /// All others.
    pub rest: u64,
}

impl Table {
    /// The share of the rows that differ which meet it.
    pub fn share(&self) -> f64 {
        self.inside as f64 / self.target.max(1) as f64
    }

    /// The share of the others that meet it.
    pub fn share_outside(&self) -> f64 {
        self.outside as f64 / self.rest.max(1) as f64
    }

    /// Whether it sets them apart by so much that a person would care.
    pub fn tells(&self) -> bool {
        let enough = self.inside >= LEAST_ROWS || self.inside == self.target && self.inside >= 2;
        enough && self.rest > 0 && self.share() >= LEAST_SHARE && self.lifts()
    }

    /// Whether the share is that much larger than that of the others.
    pub fn lifts(&self) -> bool {
        let (share, outside) = (self.share(), self.share_outside());
        share >= LEAST_LIFT * outside || share >= NEARLY_ALL && outside <= HALF
    }

    /// The negative logarithm of a bound on the chance that so many or more rows meet it.
    pub fn surprise(&self) -> f64 {
        let Self { inside, target, outside, rest } = *self;
        let (all, meeting) = (target + rest, inside + outside);
        if inside == 0 || inside as f64 * all as f64 <= meeting as f64 * target as f64 {
            return 0.0;
        }
        let chance = ln_choose(meeting, inside) + ln_choose(all - meeting, target - inside) - ln_choose(all, target);
        // Each further term is smaller than the one before by at least this ratio.
        let next = ((meeting - inside) as f64 * (target - inside) as f64)
            / ((inside + 1) as f64 * ((all - meeting) as f64 - (target - inside) as f64 + 1.0));
        let tail = if next < 1.0 { -(1.0 - next).ln() } else { return 0.0 };
        (-(chance + tail)).max(0.0)
    }
}

fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// By Stirling's series (Abramowitz and Stegun, 6.1.41); below 16 by multiplying.
fn ln_factorial(n: u64) -> f64 {
    if n < 16 {
        return (2..=n).map(|i| i as f64).product::<f64>().ln();
    }
    let x = n as f64 + 1.0;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_tail() {
        // Fisher's lady tasting tea: all four of four cups right is one chance in 70.
        let tea = Table { inside: 4, target: 4, outside: 0, rest: 4 };
        assert!((tea.surprise() - 70f64.ln()).abs() < 1e-9);
        // Three of four right or better: 17 in 70. The bound is above, but not by much.
        let three = Table { inside: 3, target: 4, outside: 1, rest: 4 }.surprise();
        assert!(three <= (70f64 / 17.0).ln() + 1e-9 && three > (70f64 / 17.0).ln() - 0.2, "{three}");
        assert_eq!(Table { inside: 1, target: 4, outside: 1, rest: 4 }.surprise(), 0.0);
    }

    #[test]
    fn factorials_join_smoothly() {
        for n in 14..20u64 {
            let exact: f64 = (2..=n).map(|i| (i as f64).ln()).sum();
            assert!((ln_factorial(n) - exact).abs() < 1e-6, "{n}");
        }
    }

    #[test]
    fn small_effects_do_not_tell() {
        let table = |inside, target, outside, rest| Table { inside, target, outside, rest };
        assert!(table(50, 100, 10, 100).tells() && !table(50, 100, 20, 100).tells());
        assert!(table(100, 100, 50, 100).tells() && !table(100, 100, 60, 100).tells());
        assert!(!table(4, 10, 0, 100).tells() && table(4, 4, 0, 100).tells() && !table(1, 1, 0, 100).tells());
    }
}
