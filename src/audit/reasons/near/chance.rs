//! What chance would explain.
//!
//! If keys of the two sides agree under a rule by chance only, those of one side agree with each
//! other just as often, pair for pair. So of all agreeing pairs, those across the sides are as
//! many as their share of all pairs that could agree: a binomial law (the conditional test of two
//! Poisson rates, Przyborowski and Wilenski 1940). A cause makes more of them agree.
//!
//! Where few keys are on one side only, they say little of themselves. Then the keys of the rows
//! beside them, which are on both sides, are asked as well.

/// Pairs that could agree, and those that do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Pairs that could.
    pub all: f64,
    /// Pairs that do.
    pub agree: f64,
}

/// How often keys agree that no cause makes agree.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance {
    /// Pairs of a left-only and a right-only key.
    pub across: f64,
    /// Pairs of keys on one side only, of the same side.
    pub within: Pairs,
    /// Pairs of a key on one side only and one beside it, of the same side.
    pub beside: Pairs,
}

/// Natural logarithm of the chance that is too small to be believed: of a hundred thousand rules
/// tried on noise, one is named.
const UNLIKELY: f64 = -11.5;
/// Chance may explain this part of the pairs at most.
const SHARE: f64 = 0.1;
/// Fewer pairs are not worth a word, unless they are all.
const HANDFUL: u64 = 5;

impl Chance {
    /// Whether so many pairs across are more than chance would explain.
    ///
    /// `one_sided` are the keys of the side with fewer of them; `tried` how many rules of the same
    /// kind were tried; `known` how many pairs are known beforehand not to agree, as two texts that
    /// mean different things hardly ever do.
    pub fn excludes(&self, found: u64, one_sided: usize, tried: usize, known: f64) -> bool {
        let enough = found >= HANDFUL || (found >= 2 && found == one_sided as u64);
        let limit = UNLIKELY - (tried.max(1) as f64).ln();
        let unlikely = |pairs: Pairs| {
            let share = self.across / (self.across + pairs.all + known);
            log_tail(found as f64, pairs.agree, share) < limit
        };
        let few = |pairs: Pairs| self.across * pairs.agree <= SHARE * found as f64 * pairs.all.max(1.0);
        let both = Pairs { all: self.within.all + self.beside.all, agree: self.within.agree + self.beside.agree };
        enough && few(self.within) && (unlikely(self.within) || few(both) && unlikely(both))
    }
}

/// Logarithm of an upper bound of the chance that of `hits + misses` trials, each a hit with
/// probability `share`, at least so many are hits (Chernoff's bound).
pub fn log_tail(hits: f64, misses: f64, share: f64) -> f64 {
    let trials = hits + misses;
    if trials <= 0.0 || hits / trials <= share {
        return 0.0;
    }
    let part = |count: f64, expected: f64| if count > 0.0 { count * (count / trials / expected).ln() } else { 0.0 };
    -(part(hits, share) + part(misses, 1.0 - share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(n: f64, agree: f64) -> Chance {
        Chance { across: n * n, within: Pairs { all: n * (n - 1.0), agree }, ..Chance::default() }
    }

    #[test]
    fn as_many_as_within_the_sides_is_chance() {
        assert!(!among(1000.0, 500.0).excludes(500, 1000, 1, 0.0));
        assert!(!among(1000.0, 100.0).excludes(300, 1000, 1, 0.0));
        assert!(among(1000.0, 10.0).excludes(500, 1000, 1, 0.0));
        assert!(among(1000.0, 0.0).excludes(30, 1000, 1, 0.0));
        assert!(!among(1000.0, 0.0).excludes(10, 1000, 1, 0.0));
    }

    #[test]
    fn a_few_keys_need_to_know_more() {
        assert!(!among(5.0, 0.0).excludes(5, 5, 1, 0.0));
        assert!(among(5.0, 0.0).excludes(5, 5, 1, 10_000.0));
        assert!(!among(50.0, 0.0).excludes(4, 50, 1, 1e9));
        let beside = Pairs { all: 1e6, agree: 0.0 };
        assert!(Chance { beside, ..among(50.0, 0.0) }.excludes(6, 50, 1, 0.0));
        let beside = Pairs { all: 1e6, agree: 1e4 };
        assert!(!Chance { beside, ..among(50.0, 0.0) }.excludes(6, 50, 1, 0.0));
    }

    #[test]
    fn the_tail_is_that_of_a_binomial_law() {
        assert!((log_tail(20.0, 0.0, 0.5) - 20.0 * 0.5f64.ln()).abs() < 1e-9);
        assert_eq!(log_tail(5.0, 5.0, 0.5), 0.0);
    }
}
