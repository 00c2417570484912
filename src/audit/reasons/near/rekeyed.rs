//! Rows whose other values are the same under another key: the same record, with a new key.
//!
//! Equal values say little where they are few or common. So what the rows have in common must go
//! beyond any one column: without it, the others must still tell rows apart. Otherwise two tables
//! that merely count from 1 to n in some column would pass for the same records.

use super::super::evidence::ReasonError;
use super::super::reason::Reason;
use super::columns::{Column, Columns};
use super::groups::{Entry, Matches, Member, matches};
use super::search::Search;
use crate::audit::thousands;
use crate::snapshot::Recipe;

/// Rows that the telling power of columns is measured with.
const SAMPLE: usize = 1000;
/// With fewer other columns, all of them must be equal.
const COLUMNS: usize = 4;
/// Cells looked at one column after the other, at most.
const CELLS: usize = 64 << 20;
/// Chance may explain this part of the pairs at most.
const SHARE: f64 = 0.1;

/// Pairs rows by their values beside the key.
pub fn rekeyed(search: &mut Search<'_>, read: &mut Columns<'_>) -> Result<Option<Reason>, ReasonError> {
    let evidence = search.evidence;
    let columns = Recipe::order(evidence.alignment, evidence.key);
    if columns.len() < 2 || search.fewer() < 2 {
        return Ok(None);
    }
    let rows = Rows { members: search.members() };
    let mut sums: Vec<u64> = vec![0; rows.members.len()];
    let sample = rows.sample();
    let mut sampled: Vec<Vec<u64>> = Vec::new();
    for pair in &columns {
        search.check()?;
        let hashes = rows.read(search, read, *pair)?;
        sums.iter_mut().zip(&hashes).for_each(|(sum, hash)| *sum = sum.wrapping_add(*hash));
        sampled.push(sample.iter().map(|at| hashes[*at]).collect());
    }
    let telling = Telling::new(sampled);

    let whole = matches(rows.entries(search, |at| sums[at]));
    let mut pairs = Vec::new();
    if whole.chance.excludes(whole.pairs.len() as u64, search.fewer(), 1, 0.0)
        && telling.enough(search, &whole, None)?
    {
        search.claim(&whole.pairs);
        pairs.extend(whole.pairs);
    }
    let all = pairs.len();
    if columns.len() >= COLUMNS && columns.len() * rows.members.len() <= CELLS && search.fewer() >= 2 {
        let mut almost: Vec<(u32, u32)> = Vec::new();
        for (without, pair) in columns.iter().enumerate() {
            search.check()?;
            let hashes = rows.read(search, read, *pair)?;
            let found = matches(rows.entries(search, |at| sums[at].wrapping_sub(hashes[at])));
            let many = found.pairs.len() as u64;
            if found.chance.excludes(many, search.fewer(), columns.len(), 0.0)
                && telling.enough(search, &found, Some(without))?
            {
                almost.extend(found.pairs);
            }
        }
        let almost = unambiguous(almost);
        search.claim(&almost);
        pairs.extend(almost);
    }
    if pairs.is_empty() {
        return Ok(None);
    }
    let values = format!("the same values in all {} other columns", thousands(columns.len() as u64));
    let values = match (all, pairs.len() - all) {
        (_, 0) => values,
        (0, _) => format!("{values} but one"),
        (_, almost) => format!("{values} (but one in {} of them)", thousands(almost as u64)),
    };
    let how = format!("rows have {values} as a right-only row under another key");
    let parts: Vec<usize> = (0..search.parts()).collect();
    search.reason("same-values", &parts, &pairs, &how, None).map(Some)
}

/// The rows that are looked at.
struct Rows {
    members: Vec<Member>,
}

impl Rows {
    /// A column's hashes, member by member.
    fn read(&self, search: &Search<'_>, read: &mut Columns<'_>, pair: usize) -> Result<Vec<u64>, ReasonError> {
        let only = read.get(pair)?;
        let beside = |side: usize| Column::read(search.evidence, pair, side, &search.beside_rows[side]);
        let beside = [beside(0)?, beside(1)?];
        let hash = |member: &Member| {
            let of = if member.beside() { &beside } else { &*only };
            of[member.side()].hashes[member.row()]
        };
        Ok(self.members.iter().map(hash).collect())
    }

    /// Left rows, some of those on the left only and some of those beside them.
    fn sample(&self) -> Vec<usize> {
        let mut out = Vec::new();
        for beside in [false, true] {
            let fits = |at: &usize| self.members[*at].side() == 0 && self.members[*at].beside() == beside;
            let rows: Vec<usize> = (0..self.members.len()).filter(fits).collect();
            out.extend(rows.iter().step_by(rows.len().div_ceil(SAMPLE).max(1)));
        }
        out
    }

    /// Entries of the members that are not paired yet.
    fn entries(&self, search: &Search<'_>, form: impl Fn(usize) -> u64) -> Vec<Entry> {
        let free = |member: &Member| member.beside() || !search.claimed[member.side()][member.row()];
        let members = self.members.iter().enumerate();
        members.filter(|(_, member)| free(member)).map(|(at, member)| (form(at), *member)).collect()
    }
}

/// Hashes of a sample of rows, by column: how well columns tell rows apart.
struct Telling {
    columns: Vec<Vec<u64>>,
    /// Their sums, row by row.
    sums: Vec<u64>,
}

impl Telling {
    fn new(columns: Vec<Vec<u64>>) -> Self {
        let mut sums = vec![0u64; columns.first().map_or(0, Vec::len)];
        for column in &columns {
            sums.iter_mut().zip(column).for_each(|(sum, hash)| *sum = sum.wrapping_add(*hash));
        }
        Self { columns, sums }
    }

    /// Whether so many pairs would not come about if one column agreed for any reason of its own.
    fn enough(&self, search: &Search<'_>, found: &Matches, without: Option<usize>) -> Result<bool, ReasonError> {
        let most = SHARE * found.pairs.len() as f64 / search.fewer().max(1) as f64;
        for column in (0..self.columns.len()).filter(|column| Some(*column) != without) {
            search.check()?;
            if self.collisions([Some(column), without]) > most {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The share of pairs of rows that agree in all columns but these.
    fn collisions(&self, without: [Option<usize>; 2]) -> f64 {
        let mut sums = self.sums.clone();
        for column in without.into_iter().flatten() {
            sums.iter_mut().zip(&self.columns[column]).for_each(|(sum, hash)| *sum = sum.wrapping_sub(*hash));
        }
        sums.sort_unstable();
        let couples = |count: usize| count as f64 * (count.saturating_sub(1)) as f64 / 2.0;
        let agree: f64 = sums.chunk_by(|a, b| a == b).map(|group| couples(group.len())).sum();
        agree / couples(self.sums.len()).max(1.0)
    }
}

/// Pairs of which neither row is in another pair.
fn unambiguous(mut pairs: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    pairs.sort_unstable();
    pairs.dedup();
    let alone = |rows: &mut Vec<u32>| -> std::collections::HashSet<u32> {
        rows.sort_unstable();
        rows.chunk_by(|a, b| a == b).filter(|group| group.len() == 1).map(|group| group[0]).collect()
    };
    let left = alone(&mut pairs.iter().map(|pair| pair.0).collect());
    let right = alone(&mut pairs.iter().map(|pair| pair.1).collect());
    pairs.retain(|pair| left.contains(&pair.0) && right.contains(&pair.1));
    pairs
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_with_two_partners_have_none() {
        assert_eq!(super::unambiguous(vec![(1, 1), (2, 2), (2, 3), (4, 4), (5, 4), (1, 1)]), vec![(1, 1)]);
    }
}
