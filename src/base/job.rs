//! What else than its two tables a base is of: two jobs on one pair have a base each.

use serde::{Deserialize, Serialize};

/// The key and mapping of a job as they were typed, in an order that does not depend on how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseJob {
    /// Pairs of key columns; empty where the tables say it.
    pub key: Vec<(String, String)>,
    /// Columns with another name on the right.
    pub map: Vec<(String, String)>,
}

impl BaseJob {
    /// Of a key and a mapping as they were given.
    pub fn new(key: &[(String, String)], map: &[(String, String)]) -> Self {
        let sorted = |pairs: &[(String, String)]| {
            let mut pairs = pairs.to_vec();
            pairs.sort();
            pairs.dedup();
            pairs
        };
        Self { key: sorted(key), map: sorted(map) }
    }

    /// Whether the key that was given is this one, whose pairs are sorted. A name that was given for
    /// both sides may be mapped.
    pub fn has_key(&self, key: &[(String, String)]) -> bool {
        let meant = |(left, right): &(String, String)| {
            let mapped = self.map.iter().find(|(own, _)| left == right && own == left);
            (left.clone(), mapped.map_or(right, |(_, right)| right).clone())
        };
        Self::new(&self.key.iter().map(meant).collect::<Vec<_>>(), &[]).key == key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_names() {
        let pair = |left: &str, right: &str| (left.to_owned(), right.to_owned());
        let job = BaseJob::new(&[pair("no", "no"), pair("a", "b")], &[pair("no", "nr")]);
        assert!(job.has_key(&[pair("a", "b"), pair("no", "nr")]));
        assert!(!job.has_key(&[pair("a", "b"), pair("no", "no")]));
        assert!(!job.has_key(&[pair("a", "b")]));
        assert_eq!(job, BaseJob::new(&[pair("a", "b"), pair("no", "no")], &[pair("no", "nr")]));
    }
}
