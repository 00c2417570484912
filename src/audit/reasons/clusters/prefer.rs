//! Which of several conditions says it best.

use super::condition::Condition;

/// A condition that tells, and how well.
pub struct Scored {
    at: usize,
    score: f64,
    inside: u64,
    complexity: u8,
}

/// A simpler condition is preferred if it has this share of the best one's score …
const AS_GOOD: f64 = 0.8;
/// … and of the rows that the best one explains.
const AS_MANY: f64 = 0.98;
/// What a second condition adds to what a person has to take in: more than any single one.
const SECOND: u8 = 8;

impl Scored {
    /// The one at this place of the caller's, with its score and the rows that differ which it holds.
    pub fn new(at: usize, score: f64, inside: u64, conditions: &[Condition]) -> Self {
        let most = conditions.iter().map(Condition::complexity).max().unwrap_or(0);
        Self { at, score, inside, complexity: most + if conditions.len() > 1 { SECOND } else { 0 } }
    }
}

/// The place of the best one: of those that say almost the same as the one with the highest score, the
/// simplest.
pub fn prefer(mut all: Vec<Scored>) -> Option<usize> {
    all.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.at.cmp(&other.at)));
    let best = all.first()?;
    let as_good =
        |one: &&Scored| one.score >= AS_GOOD * best.score && one.inside as f64 >= AS_MANY * best.inside as f64;
    // The first of equal ones is the one with the higher score.
    all.iter().filter(as_good).min_by_key(|one| one.complexity).map(|one| one.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_ones_win_if_they_are_as_good() {
        let one = |at, score, inside, complexity| Scored { at, score, inside, complexity };
        assert_eq!(prefer(vec![one(0, 100.0, 50, 3), one(1, 85.0, 50, 1)]), Some(1));
        assert_eq!(prefer(vec![one(0, 100.0, 50, 3), one(1, 79.0, 50, 1)]), Some(0));
        assert_eq!(prefer(vec![one(0, 100.0, 50, 3), one(1, 99.0, 45, 1)]), Some(0));
        assert_eq!(prefer(vec![one(0, 99.0, 50, 3), one(1, 100.0, 50, 3)]), Some(1));
        assert_eq!(prefer(Vec::new()), None);
    }
}
