//! The identities of rows that are taken out of the base since nobody knows whether they agree. Where one of
//! two such rows is gone later, it may have been deleted: it is not created again.

use super::batches::{Row, Side};
use crate::base::{BaseFile, Linker};
use crate::job::error::RunError;
use crate::plan::PlannedPair;
use crate::snapshot::Recipe;
use crate::table::Fingerprint;

/// Pairs to read the rows of at once.
const CHUNK: usize = 8 * 1024;

/// The identities, left and right, that the rows of these pairs of a plan have or had: in the base, as they
/// were exported, and as they were read back when they were written. `base` says what an identity is.
///
/// # Errors
/// If rows can't be read.
pub(super) fn identities(
    pairs: &[PlannedPair],
    sides: &[Side; 2],
    recipes: &[Recipe; 2],
    base: &BaseFile,
) -> Result<Vec<[Fingerprint; 2]>, RunError> {
    let mut out = Vec::new();
    for pairs in pairs.chunks(CHUNK) {
        out.extend(some(pairs, sides, recipes, base)?);
    }
    Ok(out)
}

fn some(
    pairs: &[PlannedPair],
    sides: &[Side; 2],
    recipes: &[Recipe; 2],
    base: &BaseFile,
) -> Result<Vec<[Fingerprint; 2]>, RunError> {
    let known = |pair: &PlannedPair| [pair.base.map(|base| base.ids), pair.torn.map(|torn| torn.ids)];
    let mut all: Vec<[Vec<Fingerprint>; 2]> = pairs
        .iter()
        .map(|pair| [0, 1].map(|side: usize| known(pair).iter().flatten().map(|ids| ids[side]).collect()))
        .collect();
    for side in [0, 1] {
        let own = &sides[side];
        let Some(linker) = Linker::new(&own.columns, &recipes[side], &base.sides[side].identity) else { continue };
        let (mut of, mut rows) = (Vec::new(), Vec::new());
        for (at, pair) in pairs.iter().enumerate() {
            let steps = pair.steps[side].into_iter().chain(pair.also[side]);
            let stored = steps.filter(|step| own.stored.has(*step)).map(Row::Stored);
            rows.extend(pair.rows[side].map(Row::Frozen).into_iter().chain(stored));
            of.resize(rows.len(), at);
        }
        if rows.is_empty() {
            continue;
        }
        for (at, id) in of.into_iter().zip(linker.ids(&own.rows(&rows)?)) {
            all[at][side].extend(id);
        }
    }
    Ok(all.iter().flat_map(together).collect())
}

/// Each identity at least once. Where one side has fewer, or none, another one stands in: these are found
/// by either of the two.
fn together(ids: &[Vec<Fingerprint>; 2]) -> Vec<[Fingerprint; 2]> {
    let of = |side: usize, at: usize| {
        let other = || ids[1 - side].get(at);
        ids[side].get(at).or_else(|| ids[side].last()).or_else(other).copied()
    };
    let most = ids[0].len().max(ids[1].len());
    let mut out: Vec<[Fingerprint; 2]> = (0..most).filter_map(|at| Some([of(0, at)?, of(1, at)?])).collect();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_is_there() {
        let id = |low: u64| Fingerprint { high: 0, low };
        let of = |left: &[u64], right: &[u64]| {
            let ids = [left, right].map(|ids| ids.iter().map(|low| id(*low)).collect::<Vec<_>>());
            together(&ids).iter().map(|ids| ids.map(|id| id.low)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[1, 1, 2], &[3]), [[1, 3], [2, 3]]);
        assert_eq!(of(&[], &[3, 4]), [[3, 3], [4, 4]]);
        assert_eq!(of(&[1], &[]), [[1, 1]]);
        assert!(of(&[], &[]).is_empty());
    }
}
