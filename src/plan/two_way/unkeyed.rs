//! Rows that the comparison passes over, since their key is NULL or not unique. A row of the other side
//! that has lost its partner by key may have it among them, and then it was not deleted.

use super::items::{Item, ItemSide};
use crate::snapshot::{Index, SnapshotError};
use crate::table::Fingerprint;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Rows to read at once.
const CHUNK: usize = 16 * 1024;

/// What is known of one side's rows without a unique key.
#[derive(Debug, Default)]
pub(super) struct Unkeyed {
    /// The identities of those that have one.
    pub(super) ids: HashSet<Fingerprint>,
    /// Whether any has come since the base that has none: it may be any row of the base.
    any: bool,
}

impl Unkeyed {
    /// Those of one side; `now` and `then` are how many there are, and were at the base.
    pub(super) fn of(side: ItemSide<'_>, index: &Index, now: u64, then: u64) -> Result<Self, SnapshotError> {
        if now == 0 {
            return Ok(Self::default());
        }
        let mut rows = rows(index)?;
        rows.sort_unstable();
        let mut out = Self::default();
        for chunk in rows.chunks(CHUNK) {
            for row in side.known(chunk)? {
                match row.id {
                    Some(id) => {
                        out.ids.insert(id);
                    }
                    None => out.any = now > then,
                }
            }
        }
        // Where the unique key is the identity, a row that took another's key has that one's identity.
        let key: Vec<&str> = side.recipe.key.iter().map(|column| column.name.as_str()).collect();
        out.any |= now > then && side.identity.iter().all(|name| key.contains(&name.as_str()));
        Ok(out)
    }

    /// Whether the row that this item lacks on this side may be one of them.
    pub(super) fn may_have(&self, side: usize, item: &Item) -> bool {
        let lacks = item.rows[side].is_none() && item.rows[1 - side].is_some();
        lacks && item.base.is_some_and(|base| self.any || self.ids.contains(&base.ids[side]))
    }
}

/// The positions of rows whose key is NULL, or which have it in common with others.
fn rows(index: &Index) -> Result<Vec<u64>, SnapshotError> {
    let mut out = Vec::new();
    for split in &index.splits {
        // Per key its first row, until that one is among the rows.
        let mut first: HashMap<Fingerprint, Option<u64>> = HashMap::new();
        split.each(&mut |own| match own.key.map(|key| first.entry(key)) {
            None => out.push(own.row),
            Some(Entry::Vacant(place)) => {
                place.insert(Some(own.row));
            }
            Some(Entry::Occupied(mut place)) => out.extend(place.get_mut().take().into_iter().chain([own.row])),
        })?;
    }
    Ok(out)
}
