//! Which left row is which right row: the links of two frozen tables.

use super::disk::{damaged, rename};
use super::join::join;
use super::linker::Linker;
use super::numbers::NumbersWriter;
use super::pair::{BasePair, LINKS, PrintMap, PrintSet};
use super::segment::SIDES;
use crate::snapshot::{Index, Parts, SnapshotError};
use crate::table::{Column, Fingerprint};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Links written at once.
const BATCH: usize = 64 * 1024;
/// Stands for no identity. That a row has it by chance is as likely as that two rows collide.
const NONE: Fingerprint = Fingerprint { high: 0, low: 0 };

/// One side to be linked.
#[derive(Clone, Copy, Debug)]
pub struct LinkSide<'a> {
    /// Its rows.
    pub parts: &'a Parts,
    /// Its index by the unique key.
    pub index: &'a Index,
    /// The columns of its rows' identity.
    pub identity: &'a [String],
}

/// Writes the links of every key that has one row on each side, but for those whose left row is to be
/// skipped. How many there are. Rows whose identity has a NULL, or that share it with another row of
/// their side, are not linked.
///
/// # Errors
/// If reading or writing fails.
pub fn write_links(path: &Path, sides: [LinkSide<'_>; 2], skip: &dyn Fn(u64) -> bool) -> Result<u64, SnapshotError> {
    let ids = [identities(&sides[0], 0)?, identities(&sides[1], 1)?];
    let repeated = [repeated(&ids[0]), repeated(&ids[1])];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let mut writer = NumbersWriter::create(&temporary, LINKS)?;
    join([sides[0].index, sides[1].index], &mut |joined| {
        let mut pairs = Vec::with_capacity(joined.len());
        for (key, rows) in joined {
            if skip(rows[0]) {
                continue;
            }
            let own = [id_of(&ids[0], rows[0], 0)?, id_of(&ids[1], rows[1], 1)?];
            if (0..2).all(|side| own[side] != NONE && !repeated[side].contains(&own[side])) {
                pairs.push(BasePair { key, ids: own, segment: 0, rows });
            }
        }
        pairs.chunks(BATCH).try_for_each(|pairs| writer.write(pairs.iter().map(BasePair::numbers)))
    })?;
    let count = writer.finish()?;
    rename(&temporary, path)?;
    Ok(count)
}

/// The identities of a side's rows by position.
fn identities(side: &LinkSide<'_>, at: usize) -> Result<Vec<Fingerprint>, SnapshotError> {
    let position = |name: &String| {
        let missing = || SnapshotError::NoColumn { address: SIDES[at].to_owned(), column: name.clone() };
        side.parts.position(name).ok_or_else(missing)
    };
    let projection: Vec<usize> = side.identity.iter().map(position).collect::<Result<_, _>>()?;
    let columns: Vec<Column> = projection.iter().map(|i| side.parts.columns()[*i].clone()).collect();
    let linker = Linker::of_identity(&columns);
    let all = Mutex::new(vec![NONE; side.parts.rows() as usize]);
    side.parts.scan(&projection, &|first, batch| {
        let ids: Vec<Fingerprint> = linker.ids(&batch).into_iter().map(|id| id.unwrap_or(NONE)).collect();
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.get_mut(first as usize..first as usize + ids.len());
        place.ok_or_else(|| damaged(Path::new(SIDES[at]), "it has more rows than it says"))?.copy_from_slice(&ids);
        Ok(())
    })?;
    Ok(all.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn id_of(ids: &[Fingerprint], row: u64, side: usize) -> Result<Fingerprint, SnapshotError> {
    let id = usize::try_from(row).ok().and_then(|row| ids.get(row)).copied();
    id.ok_or_else(|| damaged(Path::new(SIDES[side]), format!("its index tells of row {row}, which it does not have")))
}

/// Identities that several rows have. Hardly ever there are any: a set of bits, sixteen a row, finds
/// out whom to look at.
fn repeated(ids: &[Fingerprint]) -> PrintSet<Fingerprint> {
    let bits = (ids.len().max(1) * 16).next_power_of_two();
    let mut seen = vec![0u64; bits.div_ceil(64)];
    let mut suspects: PrintMap<Fingerprint, u32> = PrintMap::default();
    for id in ids.iter().filter(|id| **id != NONE) {
        let at = id.low as usize & (bits - 1);
        let (word, bit) = (&mut seen[at / 64], 1 << (at % 64));
        if *word & bit != 0 {
            suspects.insert(*id, 0);
        }
        *word |= bit;
    }
    if !suspects.is_empty() {
        ids.iter().filter_map(|id| suspects.get_mut(id).map(|rows| *rows += 1)).for_each(drop);
    }
    suspects.into_iter().filter(|(_, rows)| *rows > 1).map(|(id, _)| id).collect()
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
