//! The search for pairs: the keys that are left, and what pairs were found.

use super::super::evidence::{Deadline, Evidence, ReasonError};
use super::super::reason::{Example, Kind, Reason, ReasonSide};
use super::groups::{Entry, MOST_ROWS, Member};
use super::keys::Keys;
use crate::audit::thousands;
use crate::compare::View;
use rayon::prelude::*;

/// Keys beside those on one side only that are read at most, of either side.
const BESIDE: usize = 16 * 1024;
/// With more keys on one side only, those say enough.
const FEW: usize = 4000;
/// Bytes that a key takes in memory while it is looked at, about.
const KEY_BYTES: usize = 160;
/// Examples of a reason.
const EXAMPLES: usize = 5;
/// Keys that are brought to a normal form before the time is asked for again.
pub const AT_ONCE: usize = 32 * 1024;

/// Keys on one side only that no rule has paired yet.
pub struct Search<'a> {
    /// What is looked at.
    pub evidence: &'a Evidence<'a>,
    /// The keys of left-only and right-only rows.
    pub keys: [Keys; 2],
    /// The positions of rows beside them, whose keys are on both sides.
    pub beside_rows: [Vec<u64>; 2],
    /// Their keys.
    pub beside: [Keys; 2],
    /// Rows that a rule has paired.
    pub claimed: [Vec<bool>; 2],
    /// When to stop looking.
    pub until: Deadline,
}

impl<'a> Search<'a> {
    /// Reads the keys; `None` if they are too many for the memory.
    pub fn new(evidence: &'a Evidence<'a>, until: Deadline) -> Result<Option<Self>, ReasonError> {
        let only = &evidence.differences.only;
        let rows = only[0].len() + only[1].len();
        let bytes = rows.saturating_mul(KEY_BYTES.max(32 * evidence.key.pairs.len()));
        if rows >= MOST_ROWS || bytes > evidence.memory {
            return Ok(None);
        }
        let (left, right) = rayon::join(|| Keys::read(evidence, 0, &only[0]), || Keys::read(evidence, 1, &only[1]));
        let (Some(left), Some(right)) = (left?, right?) else { return Ok(None) };
        let few = rows <= FEW;
        let beside_rows =
            [0, 1].map(|side| if few { beside(&only[side], evidence.parts[side].rows()) } else { Vec::new() });
        let beside = [Keys::read(evidence, 0, &beside_rows[0])?, Keys::read(evidence, 1, &beside_rows[1])?];
        let [Some(one), Some(other)] = beside else { return Ok(None) };
        let claimed = [vec![false; only[0].len()], vec![false; only[1].len()]];
        Ok(Some(Self { evidence, keys: [left, right], beside_rows, beside: [one, other], claimed, until }))
    }

    /// An error once it is time to stop.
    pub fn check(&self) -> Result<(), ReasonError> {
        self.evidence.check_until(self.until)
    }

    /// Rows of a side that no rule has paired.
    pub fn free(&self, side: usize) -> Vec<u32> {
        (0..self.claimed[side].len() as u32).filter(|row| !self.claimed[side][*row as usize]).collect()
    }

    /// The smaller number of rows that no rule has paired.
    pub fn fewer(&self) -> usize {
        [0, 1].map(|side| self.claimed[side].iter().filter(|claimed| !**claimed).count()).into_iter().min().unwrap_or(0)
    }

    /// The keys that a member is of.
    pub fn keys_of(&self, member: Member) -> &Keys {
        if member.beside() { &self.beside[member.side()] } else { &self.keys[member.side()] }
    }

    /// All rows that no rule has paired, and those beside.
    pub fn members(&self) -> Vec<Member> {
        let mut out = Vec::new();
        for side in [0, 1] {
            out.extend(self.free(side).into_iter().map(|row| Member::new(side, false, row as usize)));
            out.extend((0..self.beside[side].rows).map(|row| Member::new(side, true, row)));
        }
        out
    }

    /// The normal forms' hashes of all rows that no rule has paired and of those beside; `form` is
    /// given scratch space.
    pub fn entries(
        &self,
        form: &(dyn Fn(&Keys, Member, &mut Scratch) -> Option<u64> + Sync),
    ) -> Result<Vec<Entry>, ReasonError> {
        let mut entries = Vec::new();
        for members in self.members().chunks(AT_ONCE) {
            self.check()?;
            let more: Vec<Entry> = members
                .par_iter()
                .with_min_len(1024)
                .map_init(Scratch::default, |scratch, member| {
                    form(self.keys_of(*member), *member, scratch).map(|form| (form, *member))
                })
                .flatten_iter()
                .collect();
            entries.extend(more);
        }
        Ok(entries)
    }

    /// Marks pairs as found.
    pub fn claim(&mut self, pairs: &[(u32, u32)]) {
        for (left, right) in pairs {
            self.claimed[0][*left as usize] = true;
            self.claimed[1][*right as usize] = true;
        }
    }

    /// The left name of a part of the key.
    pub fn name(&self, part: usize) -> &str {
        &self.evidence.alignment.pairs[self.evidence.key.pairs[part]].left.name
    }

    /// How many parts the key has.
    pub fn parts(&self) -> usize {
        self.evidence.key.pairs.len()
    }

    /// The parts in which the keys of a pair are not the same.
    pub fn differing(&self, pairs: &[(u32, u32)]) -> Vec<usize> {
        let differs = |part: usize| {
            let [left, right] = [0, 1].map(|side| &self.keys[side].parts[part].same);
            pairs.iter().any(|(l, r)| left[*l as usize] != right[*r as usize])
        };
        (0..self.parts()).filter(|part| differs(*part)).collect()
    }

    /// The reason that so many keys are paired by a rule. `how` ends the sentence that begins with
    /// their number; `parts` are those of the key that it is about.
    pub fn reason(
        &self,
        rule: &str,
        parts: &[usize],
        pairs: &[(u32, u32)],
        how: &str,
        fix: Option<String>,
    ) -> Result<Reason, ReasonError> {
        let of = self.evidence.differences.only[0].len() as u64 + self.evidence.differences.only_ambiguous[0];
        let rows = pairs.len() as u64;
        Ok(Reason {
            kind: Kind::NearKey,
            side: ReasonSide::Both,
            columns: parts.iter().map(|part| self.name(*part).to_owned()).collect(),
            rule: rule.to_owned(),
            rows,
            of,
            text: format!("{} of {} left-only {how}.", thousands(rows), thousands(of)),
            examples: self.examples(parts, pairs)?,
            fix,
        })
    }

    fn examples(&self, parts: &[usize], pairs: &[(u32, u32)]) -> Result<Vec<Example>, ReasonError> {
        let mut pairs = pairs.to_vec();
        pairs.sort_unstable();
        pairs.truncate(EXAMPLES);
        let [left, right] = [self.print(0, pairs.iter().map(|p| p.0))?, self.print(1, pairs.iter().map(|p| p.1))?];
        let chosen = |key: &[String]| parts.iter().map(|part| key[*part].as_str()).collect::<Vec<_>>().join(", ");
        Ok(left
            .into_iter()
            .zip(right)
            .map(|(left, right)| Example {
                left: Some(chosen(&left)),
                right: Some(chosen(&right)),
                key: left,
                ..Example::default()
            })
            .collect())
    }

    /// The keys of these rows as printed.
    fn print(&self, side: usize, rows: impl Iterator<Item = u32>) -> Result<Vec<Vec<String>>, ReasonError> {
        let positions: Vec<u64> = rows.map(|row| self.evidence.differences.only[side][row as usize]).collect();
        let mut ascending = positions.clone();
        ascending.sort_unstable();
        let parts = self.evidence.parts[side];
        let names = self.evidence.key.pairs.iter().map(|pair| {
            let pair = &self.evidence.alignment.pairs[*pair];
            if side == 0 { &pair.left.name } else { &pair.right.name }
        });
        let projection: Vec<usize> = names.filter_map(|name| parts.position(name)).collect();
        let view = View::new(parts.fetch(&projection, &ascending)?);
        let print = |position: &u64| {
            let row = ascending.partition_point(|other| other < position);
            (0..projection.len()).map(|part| view.brief_key(row, part)).collect()
        };
        Ok(positions.iter().map(print).collect())
    }
}

/// Space for building normal forms.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For the form of one part.
    pub text: String,
    /// For the form of the whole key.
    pub bytes: Vec<u8>,
}

/// Rows that lie beside these and are none of them, as many as are enough.
fn beside(only: &[u64], rows: u64) -> Vec<u64> {
    let reach = (BESIDE / 2 / only.len().max(1)) as u64;
    let mut out = Vec::new();
    let mut next = 0;
    for row in only {
        let from = row.saturating_sub(reach).max(next);
        let to = (row + reach + 1).min(rows);
        out.extend((from..to).filter(|row| only.binary_search(row).is_err()));
        next = next.max(to);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_beside_are_near_and_none_of_them() {
        let only: Vec<u64> = (0..2000).map(|i| i * 10).collect();
        let rows = super::beside(&only, 19_992);
        assert!(rows.is_sorted() && rows.windows(2).all(|two| two[0] != two[1]));
        assert!(rows.iter().all(|row| row % 10 != 0 && *row < 19_992));
        assert_eq!(rows[..5], [1, 2, 3, 4, 6]);
        assert_eq!(super::beside(&[3], 6), [0, 1, 2, 4, 5]);
    }
}
