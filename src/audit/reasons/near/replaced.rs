//! The values of the right side from those of the left one: those of its equal rows, and those of its
//! own. Where few rows differ, that saves reading the other side.

use super::super::evidence::Evidence;
use super::count::Values;

/// If more than one row in so many differs, both sides are read.
const FEW: u64 = 4;

/// The rows of each side that have no equal one on the other, ascending. `None` if they are many, or
/// if equal rows could have other values in these pairs of columns.
pub fn differing(evidence: &Evidence<'_>, pairs: &[usize]) -> Option<[Vec<u64>; 2]> {
    let compared = evidence.alignment.compared(evidence.key);
    let strict = |at: &usize| {
        let pair = &evidence.alignment.pairs[*at];
        let looked_at = compared.contains(at) || evidence.key.pairs.contains(at);
        looked_at && pair.softened_by.is_empty() && pair.rules.tolerance.is_none()
    };
    // Every row has a key of its own, and takes part.
    let plain = |side: usize| {
        let (parts, counts) = (evidence.parts[side], evidence.counts[side]);
        parts.rows() == evidence.indexes[side].rows
            && parts.rows() == counts.rows
            && counts.distinct_keys == counts.rows
    };
    if !pairs.iter().all(strict) || !plain(0) || !plain(1) {
        return None;
    }
    let rows = [0, 1].map(|side| evidence.differences.rows(side));
    let equal = [0, 1].map(|side| evidence.parts[side].rows().checked_sub(rows[side].len() as u64));
    let few = [0, 1].into_iter().all(|side| rows[side].len() as u64 <= evidence.parts[side].rows() / FEW);
    (few && equal[0].is_some() && equal[0] == equal[1]).then_some(rows)
}

/// All values with some of them replaced.
pub fn replaced(all: &Values, these: &Values, by: Values) -> Values {
    let mut values = Vec::with_capacity((all.values.len() + by.values.len()).saturating_sub(these.values.len()));
    let (mut these_left, mut more) = (these.values.iter().peekable(), by.values.into_iter().peekable());
    for value in &all.values {
        if these_left.next_if_eq(&value).is_some() {
            continue;
        }
        while let Some(less) = more.next_if(|other| other < value) {
            values.push(less);
        }
        values.push(*value);
    }
    values.extend(more);
    Values { values, nulls: (all.nulls + by.nulls).saturating_sub(these.nulls) }
}

/// All values and those of more rows.
pub fn merged(all: &Values, more: Values) -> Values {
    replaced(all, &Values::default(), more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_values_are_replaced_by_others() {
        let of = |values: &[u128], nulls| Values { values: values.to_vec(), nulls };
        let all = of(&[1, 2, 2, 5, 7, 7], 3);
        assert_eq!(replaced(&all, &of(&[2, 7], 1), of(&[0, 2, 6, 9, 9], 2)), of(&[0, 1, 2, 2, 5, 6, 7, 9, 9], 4));
        assert_eq!(replaced(&all, &of(&[], 0), of(&[], 0)), all);
        assert_eq!(replaced(&all, &all, of(&[4], 0)), of(&[4], 0));
    }
}
