//! What a table made of the rows that were written: read in the transaction that wrote them, so that
//! it is what this program wrote and nobody else, triggers and counters included.

use super::codec::Codec;
use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::ExportBatch;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Takes rows as they are stored.
pub trait Keep {
    /// The rows after these steps, in the steps' order, over all columns of the table. Steps that
    /// deleted their row are not among them, and neither are those whose row can't be told; `None` if
    /// there are no others. `after` is the checksum of the journal's line that they come after.
    ///
    /// # Errors
    /// If they can't be kept.
    fn keep(&mut self, stored: Option<&Stored>, after: &str) -> Result<StoredFile, ApplyError>;
}

/// A file of rows as they are stored, as the journal names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its number.
    pub number: u64,
    /// The checksum of its bytes.
    pub sum: String,
}

/// Rows as they are stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The numbers of the steps.
    pub steps: Vec<u64>,
    /// Their rows.
    pub rows: ExportBatch,
}

impl Stored {
    /// Of rows that were fetched, those of the steps at the positions for which this holds. A row
    /// belongs to a step if it is the only one with its key, and the step too.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub fn of(
        codec: &Codec,
        work: &Work,
        fetched: &ExportBatch,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Option<Self>, ApplyError> {
        if work.steps.after.is_none() {
            return Ok(None);
        }
        let (steps, found) = (codec.rows(work.steps.rows())?, codec.rows(fetched)?);
        let mut places: HashMap<Vec<u8>, (usize, Option<usize>)> = HashMap::with_capacity(steps.len());
        for at in 0..steps.len() {
            places.entry(steps.key(at)).or_insert((0, None)).0 += 1;
        }
        for row in 0..found.len() {
            if let Some((count, place)) = places.get_mut(&found.key(row)) {
                // A second row makes it as good as a second step.
                *count += usize::from(place.is_some());
                *place = Some(row);
            }
        }
        let (mut numbers, mut rows) = (Vec::new(), Vec::new());
        for at in (0..steps.len()).filter(|at| wanted(*at)) {
            if let Some((1, Some(row))) = places.get(&steps.key(at)) {
                numbers.push(work.numbers[at]);
                rows.push(*row as u32);
            }
        }
        if numbers.is_empty() {
            return Ok(None);
        }
        let rows = sorted(fetched).take(&rows).map_err(|e| ApplyError::Shape(e.to_string()))?;
        Ok(Some(Self { steps: numbers, rows }))
    }
}

/// Hands rows over; at least one file is written, which proves that the journal came so far.
pub(super) fn hand_over(stored: &[Stored], keep: &mut dyn Keep, after: &str) -> Result<Vec<StoredFile>, ApplyError> {
    if stored.is_empty() {
        return Ok(vec![keep.keep(None, after)?]);
    }
    stored.iter().map(|stored| keep.keep(Some(stored), after)).collect()
}

/// The same rows, with what their types can't hold in the order in which it is looked up.
fn sorted(batch: &ExportBatch) -> ExportBatch {
    let mut batch = batch.clone();
    batch.others.sort_by_key(|other| (other.row, other.column));
    batch
}

#[cfg(test)]
mod tests {
    use super::super::model::{Memory, Row, Table, batch, table};
    use super::super::run::Steps;
    use super::*;
    use crate::table::PortableType;

    #[test]
    fn only_rows_that_are_one_steps_are_kept() {
        let row = |id: &str, a: &str| -> Row { [Some(id.into()), Some(a.into()), None, None] };
        let rows = |a: &str| -> Table { ["j", "k", "l", "m"].map(|id| (id.into(), row(id, a))).into() };
        let work = Work::from(Memory::between(&rows("x"), &rows("y")).forward(9).unwrap().next().unwrap().unwrap());
        let codec = Codec::new(&table(PortableType::Text));
        // One is there twice, one is gone, and one is nobody's.
        let fetched = [row("m", "1"), row("k", "2"), row("z", "3"), row("k", "4"), row("j", "5")];
        let fetched = batch(&PortableType::Text, &fetched);
        let stored = Stored::of(&codec, &work, &fetched, |_| true).unwrap().unwrap();
        assert_eq!(stored.steps, [0, 3]);
        assert_eq!(stored.rows.rows, batch(&PortableType::Text, &[row("j", "5"), row("m", "1")]).rows);
        let stored = Stored::of(&codec, &work, &fetched, |at| at == 3).unwrap().unwrap();
        assert_eq!(stored.steps, [3]);
        assert!(Stored::of(&codec, &work, &fetched, |at| at == 1).unwrap().is_none());
        let deletes = work.inverse(&[]).unwrap();
        assert!(deletes.steps.after.is_some());
    }
}
