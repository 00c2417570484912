//! Beginnings that many of the rows that differ have in common.

use super::bounds::Sums;
use super::condition::Test;
use super::sample::{PREFIX, SampledColumn};

/// Beginnings that at least this share of the rows that differ has are looked at: no more than five
/// can be as long as each other.
const LEAST_SHARE: f64 = 0.2;

/// Conditions on a text's beginning, with what each costs. Ranks are in the order of the bytes, so
/// that texts with the same beginning stand together.
pub fn prefixes(column: &SampledColumn, sums: &Sums) -> Vec<(Test, f64, usize, usize)> {
    let mut found = Vec::new();
    let mut open = vec![(0, column.len(), 0)];
    while let Some((from, end, length)) = open.pop() {
        let mut at = from;
        while at < end {
            let text = column.text(at);
            let Some(c) = text[length..].chars().next() else {
                at += 1; // The beginning itself is a value.
                continue;
            };
            let shared = &text[..length + c.len_utf8()];
            let size = column_end(column, at, end, shared) - at;
            let table = sums.table(at, at + size);
            let many = size > 1 && table.share() >= LEAST_SHARE && shared.len() < PREFIX;
            if many {
                // All of what these have in common belongs to it.
                let longest = common(column.text(at), column.text(at + size - 1));
                if let Some(prefix) = natural(&column.text(at)[..longest], shared.len()) {
                    // Distinct values were asked about one by one.
                    let cost = f64::from(column.beginnings[prefix.len().min(PREFIX)].max(1)).ln() + 1.0;
                    found.push((Test::Prefix(prefix.to_owned()), cost, at, at + size));
                }
                open.push((at, at + size, longest.max(shared.len())));
            }
            at += size;
        }
    }
    found
}

/// The rank behind those, from `at` to `end`, that begin with this.
fn column_end(column: &SampledColumn, at: usize, end: usize, shared: &str) -> usize {
    let (mut low, mut high) = (at, end);
    while low < high {
        let middle = low.midpoint(high);
        if column.text(middle).starts_with(shared) { low = middle + 1 } else { high = middle }
    }
    low
}

/// How many bytes two texts begin with in common, in whole characters, up to a limit.
fn common(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
    same.scan(0, |sum, length| {
        *sum += length;
        (*sum <= PREFIX).then_some(*sum)
    })
    .last()
    .unwrap_or(0)
}

/// A beginning cut where a person would: behind the last character that is no letter or digit, if
/// what is left still tells these texts from all others, for which so many bytes are needed.
fn natural(shared: &str, needed: usize) -> Option<&str> {
    if shared.chars().any(char::is_control) {
        return None;
    }
    let mut cuts = shared.char_indices().filter(|(_, c)| !c.is_alphanumeric()).map(|(at, c)| at + c.len_utf8());
    let cut = cuts.rfind(|cut| *cut >= needed);
    Some(&shared[..cut.unwrap_or(shared.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_cut_where_words_end() {
        assert_eq!(natural("DE-10", 1), Some("DE-"));
        assert_eq!(natural("DE-10", 4), Some("DE-10"));
        assert_eq!(natural("import", 2), Some("import"));
        assert_eq!(natural("a\nb", 1), None);
        assert_eq!((common("größe", "größer"), common("ab", "cd")), (7, 0));
    }
}
