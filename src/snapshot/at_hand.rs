//! Rows that will be asked for several times, a few columns each time: taken at once, in one reading
//! of the whole table. To pick scattered rows means to read nearly all pages every time.

use super::error::SnapshotError;
use super::parts::Parts;
use super::taken::TakenRows;
use crate::endpoint::Interrupt;
use std::sync::{Mutex, PoisonError};

/// With fewer rows than one in so many, picking them passes most pages over.
const SPARSE: u64 = 2048;

impl Parts {
    /// The same with the rows at these positions, which must ascend, at hand: as many of them as fit
    /// into so many bytes. Where some are at hand already, or the rows are few, it is as it was.
    ///
    /// # Errors
    /// If reading fails, or the person interrupts.
    pub fn at_hand(
        &self,
        rows: impl FnOnce() -> Vec<u64>,
        room: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, SnapshotError> {
        let rows = if self.has_taken() { Vec::new() } else { rows() };
        if rows.is_empty() || (rows.len() as u64) < self.rows() / SPARSE {
            return Ok(self.clone());
        }
        let projection: Vec<usize> = (0..self.columns().len()).collect();
        let taken = Mutex::new(TakenRows::new(projection.clone(), room));
        self.scan(&projection, &|first, batch| {
            if interrupt.is_set() {
                return Err(SnapshotError::Interrupted);
            }
            TakenRows::keep(&taken, first, &batch, &TakenRows::within(&rows, first, batch.rows.num_rows()))
        })?;
        Ok(self.clone().with_taken(taken.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ExportBatch;
    use crate::snapshot::{RowsWriter, portable_schema};
    use crate::table::{Column, PortableType};
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use std::sync::Arc;

    fn parts(folder: &std::path::Path) -> Parts {
        let columns = [Column::new("id", PortableType::Integer, "x"), Column::new("name", PortableType::Text, "x")];
        let path = folder.join("rows.parquet");
        let mut writer = RowsWriter::create(&path, &columns).unwrap();
        let ids: ArrayRef = Arc::new((0..30_000).collect::<Int64Array>());
        let names: ArrayRef = Arc::new((0..30_000).map(|id| Some(format!("name {id}"))).collect::<StringArray>());
        writer
            .write(
                &ExportBatch::new(&portable_schema(columns.iter()), vec![(ids, Vec::new()), (names, Vec::new())])
                    .unwrap(),
            )
            .unwrap();
        writer.finish().unwrap();
        Parts::open(&[path], &columns).unwrap()
    }

    #[test]
    fn rows_at_hand_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let plain = parts(folder.path());
        let rows: Vec<u64> = (0..30_000).filter(|row| row % 7 == 3 || row % 1000 < 5).collect();
        let more: Vec<u64> = (0..30_000).filter(|row| row % 5 == 3).collect();
        for room in [1 << 30, 1 << 16, 0] {
            let ready = plain.at_hand(|| rows.clone(), room, &Interrupt::default()).unwrap();
            assert_eq!(ready.has_taken(), room > 0, "{room}");
            for wanted in [&rows, &more] {
                for projection in [&[0, 1][..], &[1], &[1, 0]] {
                    let [plain, ready] = [&plain, &ready].map(|parts| parts.fetch(projection, wanted).unwrap());
                    assert_eq!(plain.rows, ready.rows);
                }
            }
        }
        // What is at hand needs no file.
        let ready = plain.at_hand(|| rows.clone(), 1 << 30, &Interrupt::default()).unwrap();
        std::fs::remove_file(folder.path().join("rows.parquet")).unwrap();
        assert_eq!(ready.fetch(&[1], &rows).unwrap().rows.num_rows(), rows.len());
    }

    #[test]
    fn few_rows_are_not_worth_a_reading_of_all() {
        let folder = tempfile::tempdir().unwrap();
        let plain = parts(folder.path());
        assert!(!plain.at_hand(|| vec![5, 20_000], 1 << 30, &Interrupt::default()).unwrap().has_taken());
        assert!(!plain.at_hand(Vec::new, 1 << 30, &Interrupt::default()).unwrap().has_taken());
    }
}
