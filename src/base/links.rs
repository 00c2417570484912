//! Which left row is which right row: the links of two frozen tables.

use super::disk::{damaged, make_folder, rename};
use super::join::join;
use super::linker::Linker;
use super::numbers::NumbersWriter;
use super::pair::{BasePair, LINKS, PrintMap, PrintSet};
use super::segment::SIDES;
use crate::snapshot::{Aside, Index, Parts, SnapshotError};
use crate::table::{Column, Fingerprint};
use std::path::Path;

/// Links written, and records read, at once.
const BATCH: usize = 16 * 1024;
/// Most ranges of rows.
const PARTS: u64 = 256;
/// Where a record has the positions of its rows.
const ROW: usize = 2;
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

/// Where a run lays aside what there is no memory for.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// A folder.
    pub work: &'a Path,
    /// Bytes of memory to stay under.
    pub memory: usize,
}

/// Writes the links of every key that has one row on each side, but for those whose left row is to be
/// skipped. How many there are. Rows whose identity has a NULL, or that share it with another row of
/// their side, are not linked.
///
/// # Errors
/// If reading or writing fails.
pub fn write_links(
    path: &Path,
    sides: [LinkSide<'_>; 2],
    skip: &dyn Fn(u64) -> bool,
    room: Room<'_>,
) -> Result<u64, SnapshotError> {
    make_folder(room.work)?;
    let ids = [identities(&sides[0], 0, room)?, identities(&sides[1], 1, room)?];
    let repeated = [repeated(&ids[0])?, repeated(&ids[1])?];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let mut writer = NumbersWriter::create(&temporary, LINKS)?;
    // Rows are joined in the order of their keys. Each side's identities are taken in its own order.
    let mut lefts = Ranges::<4>::new("lefts", &ids[0], room);
    join([sides[0].index, sides[1].index], &mut |joined| {
        let kept = joined.into_iter().filter(|(_, rows)| !skip(rows[0]));
        kept.into_iter().try_for_each(|(key, [left, right])| lefts.push(left, [key.high, key.low, left, right]))
    })?;
    let mut rights = Ranges::<6>::new("rights", &ids[1], room);
    lefts.each(&ids[0], 0, &mut |[high, low, left, right], id| {
        let linked = id != NONE && !repeated[0].contains(&id);
        if linked { rights.push(right, [high, low, left, right, id.high, id.low]) } else { Ok(()) }
    })?;
    let mut pairs = Vec::with_capacity(BATCH);
    rights.each(&ids[1], 1, &mut |[high, low, left, right, id_high, id_low], id| {
        if id != NONE && !repeated[1].contains(&id) {
            let ids = [Fingerprint { high: id_high, low: id_low }, id];
            pairs.push(BasePair { key: Fingerprint { high, low }, ids, segment: 0, rows: [left, right] });
        }
        if pairs.len() == BATCH {
            writer.write(pairs.drain(..).map(|pair| pair.numbers()))?;
        }
        Ok(())
    })?;
    writer.write(pairs.drain(..).map(|pair| pair.numbers()))?;
    let count = writer.finish()?;
    rename(&temporary, path)?;
    Ok(count)
}

/// Records about the rows of one side, dealt out by ranges of rows.
struct Ranges<const N: usize> {
    parts: Vec<Aside<N>>,
    /// Rows of a range.
    width: u64,
}

impl<const N: usize> Ranges<N> {
    fn new(name: &str, ids: &Identities, room: Room<'_>) -> Self {
        let (rows, part) = (ids.0.len().max(1), room.memory as u64 / 8 + 1);
        let parts = (rows * ((N + 2) * size_of::<u64>()) as u64).div_ceil(part).clamp(1, PARTS);
        let (width, bytes) = (rows.div_ceil(parts), room.memory / 8 / parts as usize);
        let parts = (0..parts).map(|part| Aside::new(&room.work.join(format!("{name}-{part}")), bytes));
        Self { parts: parts.collect(), width }
    }

    fn push(&mut self, row: u64, record: [u64; N]) -> Result<(), SnapshotError> {
        let last = self.parts.len() - 1;
        self.parts[((row / self.width) as usize).min(last)].push(record)
    }

    /// Hands over all records with the identity of their row, which is the side's number in the record.
    fn each(
        self,
        ids: &Identities,
        side: usize,
        take: &mut dyn FnMut([u64; N], Fingerprint) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        for (part, records) in (0..).zip(self.parts) {
            let first = part * self.width;
            let here = ids.0.read(first, usize::try_from(self.width).unwrap_or(usize::MAX))?;
            for at in (0..records.len()).step_by(BATCH) {
                for record in records.read(at, BATCH)? {
                    let row = record[ROW + side];
                    let id = row.checked_sub(first).and_then(|at| here.get(usize::try_from(at).ok()?));
                    let lacking = || format!("its index tells of row {row}, which it does not have");
                    let [high, low] = *id.ok_or_else(|| damaged(Path::new(SIDES[side]), lacking()))?;
                    take(record, Fingerprint { high, low })?;
                }
            }
        }
        Ok(())
    }
}

/// The identities of a side's rows by position.
struct Identities(Aside<2>);

impl Identities {
    fn each(&self, take: &mut dyn FnMut(Fingerprint)) -> Result<(), SnapshotError> {
        for first in (0..self.0.len()).step_by(BATCH) {
            let ids = self.0.read(first, BATCH)?;
            ids.into_iter().for_each(|[high, low]| take(Fingerprint { high, low }));
        }
        Ok(())
    }
}

fn identities(side: &LinkSide<'_>, at: usize, room: Room<'_>) -> Result<Identities, SnapshotError> {
    let position = |name: &String| {
        let missing = || SnapshotError::NoColumn { address: SIDES[at].to_owned(), column: name.clone() };
        side.parts.position(name).ok_or_else(missing)
    };
    let projection: Vec<usize> = side.identity.iter().map(position).collect::<Result<_, _>>()?;
    let columns: Vec<Column> = projection.iter().map(|i| side.parts.columns()[*i].clone()).collect();
    let linker = Linker::of_identity(&columns);
    let mut all = Aside::new(&room.work.join(format!("identities-{at}")), room.memory / 8);
    side.parts.each(&projection, &mut |batch| {
        linker.ids(&batch).into_iter().try_for_each(|id| {
            let id = id.unwrap_or(NONE);
            all.push([id.high, id.low])
        })
    })?;
    Ok(Identities(all))
}

/// Identities that several rows have. Hardly ever there are any: a set of bits, sixteen a row, finds
/// out whom to look at.
fn repeated(ids: &Identities) -> Result<PrintSet<Fingerprint>, SnapshotError> {
    let bits = (ids.0.len().max(1) as usize * 16).next_power_of_two();
    let mut seen = vec![0u64; bits.div_ceil(64)];
    let mut suspects: PrintMap<Fingerprint, u32> = PrintMap::default();
    ids.each(&mut |id| {
        if id == NONE {
            return;
        }
        let at = id.low as usize & (bits - 1);
        let (word, bit) = (&mut seen[at / 64], 1 << (at % 64));
        if *word & bit != 0 {
            suspects.insert(id, 0);
        }
        *word |= bit;
    })?;
    drop(seen);
    if !suspects.is_empty() {
        ids.each(&mut |id| {
            if let Some(rows) = suspects.get_mut(&id) {
                *rows += 1;
            }
        })?;
    }
    Ok(suspects.into_iter().filter(|(_, rows)| *rows > 1).map(|(id, _)| id).collect())
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
