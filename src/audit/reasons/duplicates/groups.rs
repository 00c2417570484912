//! The rows of keys that are not unique, found split by split in an index.

use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::snapshot::{IndexSplit, SnapshotError};
use crate::table::Fingerprint;
use rayon::prelude::*;

/// One side's keys that several rows have.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// How many.
    pub keys: u64,
    /// Rows that are the same as another of their key in all compared columns, beyond the first.
    pub identical: u64,
    /// Other rows beyond the first of their key.
    pub different: u64,
    /// Keys that have such rows.
    pub differing_keys: u64,
    /// The most rows of one key.
    pub largest: u64,
    /// The rows of each key, ascending; the keys in the order of their first row.
    pub rows: Vec<Vec<u64>>,
    /// Whether `rows` has all keys.
    pub whole: bool,
}

/// Bytes that a remembered key takes, roughly, and each of its rows.
const KEY: usize = 40;
const ROW: usize = 8;

/// Finds the keys of a side.
pub fn groups(evidence: &Evidence<'_>, side: usize) -> Result<Groups, ReasonError> {
    let mut out = Groups { whole: true, ..Groups::default() };
    let mut room = evidence.memory / 8;
    for splits in evidence.indexes[side].splits.chunks(rayon::current_num_threads().max(1)) {
        evidence.check()?;
        let found: Vec<Groups> = splits.par_iter().map(split).collect::<Result<_, _>>()?;
        for more in found {
            out.keys += more.keys;
            out.identical += more.identical;
            out.different += more.different;
            out.differing_keys += more.differing_keys;
            out.largest = out.largest.max(more.largest);
            for rows in more.rows {
                let size = KEY + rows.len() * ROW;
                if size <= room {
                    room -= size;
                    out.rows.push(rows);
                } else {
                    out.whole = false;
                }
            }
        }
    }
    out.rows.sort_unstable();
    Ok(out)
}

fn split(split: &IndexSplit) -> Result<Groups, SnapshotError> {
    let mut rows: Vec<(Fingerprint, Fingerprint, u64)> = Vec::new();
    split.each(&mut |own| rows.extend(own.key.map(|key| (key, own.content, own.row))))?;
    rows.sort_unstable();
    let mut out = Groups::default();
    for group in rows.chunk_by(|one, next| one.0 == next.0).filter(|group| group.len() > 1) {
        let distinct = group.chunk_by(|one, next| one.1 == next.1).count() as u64;
        let len = group.len() as u64;
        out.keys += 1;
        out.identical += len - distinct;
        out.different += distinct - 1;
        out.differing_keys += u64::from(distinct > 1);
        out.largest = out.largest.max(len);
        let mut positions: Vec<u64> = group.iter().map(|row| row.2).collect();
        positions.sort_unstable();
        out.rows.push(positions);
    }
    Ok(out)
}
