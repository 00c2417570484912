//! `pairs.parquet`: what becomes of the base once the plan is applied. One row for each pair of rows
//! that differed.
//!
//! | column | what |
//! |---|---|
//! | `left_row`, `right_row` | the positions of the rows in the plan's snapshots |
//! | `left_step`, `right_step` | the steps that write them; the rows are then as those steps left them |
//! | `left_also`, `right_also` | steps that remove the row which the first one creates anew |
//! | `settled` | whether the pair agrees, or stays different on purpose, once its steps are written |
//! | `tl1`, `tl2`, `tr1`, `tr2` | the identities of two rows that were both there and not settled, without a pair in the base |
//! | `unclear` | of such: 1 if nobody can tell what an interrupted run has written of them, else 0 |
//! | `k1`, `k2`, `l1`, `l2`, `r1`, `r2`, `segment`, `base_left`, `base_right` | the base's pair |

use super::items::mask;
use crate::base::{BasePair, Torn};
use crate::endpoint::disk;
use crate::plan::PlanError;
use crate::table::Fingerprint;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file's name in a plan folder.
pub const PAIRS: &str = "pairs.parquet";

/// The name of the file that says what the base is going to be.
pub const NEXT: &str = "next.json";

/// The name of the file of links between rows that agree.
pub const LINKS: &str = "links.parquet";

/// Pairs that are read at once.
const BATCH: usize = 8 * 1024;
/// Pairs in memory while the file is under way.
const GROUP_ROWS: usize = 64 * 1024;

/// The columns of whole numbers, in the order of [`PlannedPair::numbers`].
const NUMBERS: [&str; 20] = [
    "left_row",
    "right_row",
    "left_step",
    "right_step",
    "left_also",
    "right_also",
    "k1",
    "k2",
    "l1",
    "l2",
    "r1",
    "r2",
    "segment",
    "base_left",
    "base_right",
    "tl1",
    "tl2",
    "tr1",
    "tr2",
    "unclear",
];

/// A pair of rows that differed, and what is to become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlannedPair {
    /// The positions of the rows in the snapshots.
    pub rows: [Option<u64>; 2],
    /// The steps that write them.
    pub steps: [Option<u64>; 2],
    /// The steps that remove what the first ones create anew.
    pub also: [Option<u64>; 2],
    /// Whether it is settled once its steps are written.
    pub settled: bool,
    /// What it was when it last agreed.
    pub base: Option<BasePair>,
    /// Of two rows that were both there, but are no pair of the base.
    pub torn: Option<Torn>,
}

impl PlannedPair {
    /// Whether the two rows are a pair of the next base as they are: nothing is written of them.
    pub fn stays(&self) -> bool {
        self.settled && self.rows.iter().all(Option::is_some) && self.steps == [None; 2]
    }

    /// As numbers, to be laid aside; `more` is laid beside it.
    pub(super) fn pack(&self, more: u64) -> [u64; 23] {
        let numbers = self.numbers();
        let mut out = [0; 23];
        out.iter_mut().zip(numbers).for_each(|(out, number)| *out = number.unwrap_or_default());
        out[20..].copy_from_slice(&[mask(numbers.map(|number| number.is_some())), u64::from(self.settled), more]);
        out
    }

    /// What [`pack`](Self::pack) has made of it; `None` if it is none.
    pub(super) fn unpack(record: &[u64; 23]) -> Option<(Self, u64)> {
        let [numbers @ .., mask, settled, more] = record;
        let number = |at: usize| (mask & (1 << at) != 0).then_some(numbers[at]);
        let numbers: [Option<u64>; 20] = std::array::from_fn(number);
        Some((Self::of(&numbers, *settled == 1)?, *more))
    }

    fn numbers(&self) -> [Option<u64>; 20] {
        let torn = |side: usize| self.torn.map(|torn| torn.ids[side]);
        let base = |of: fn(&BasePair) -> u64| self.base.as_ref().map(of);
        [
            self.rows[0],
            self.rows[1],
            self.steps[0],
            self.steps[1],
            self.also[0],
            self.also[1],
            base(|base| base.key.high),
            base(|base| base.key.low),
            base(|base| base.ids[0].high),
            base(|base| base.ids[0].low),
            base(|base| base.ids[1].high),
            base(|base| base.ids[1].low),
            base(|base| base.segment as u64),
            base(|base| base.rows[0]),
            base(|base| base.rows[1]),
            torn(0).map(|id| id.high),
            torn(0).map(|id| id.low),
            torn(1).map(|id| id.high),
            torn(1).map(|id| id.low),
            self.torn.map(|torn| u64::from(torn.unclear)),
        ]
    }

    fn of(n: &[Option<u64>], settled: bool) -> Option<Self> {
        let [lr, rr, ls, rs, la, ra, k1, k2, l1, l2, r1, r2, segment, bl, br, tl1, tl2, tr1, tr2, unclear] = n else {
            return None;
        };
        let print = |high: &Option<u64>, low: &Option<u64>| Some(Fingerprint { high: (*high)?, low: (*low)? });
        let base = match segment {
            None => None,
            Some(segment) => Some(BasePair {
                key: print(k1, k2)?,
                ids: [print(l1, l2)?, print(r1, r2)?],
                segment: usize::try_from(*segment).ok()?,
                rows: [(*bl)?, (*br)?],
            }),
        };
        let ids = print(tl1, tl2).zip(print(tr1, tr2));
        let torn = ids.map(|(left, right)| Torn { ids: [left, right], unclear: *unclear == Some(1) });
        Some(Self { rows: [*lr, *rr], steps: [*ls, *rs], also: [*la, *ra], settled, base, torn })
    }
}

/// The file under way.
pub(super) struct PairsWriter {
    path: PathBuf,
    schema: SchemaRef,
    file: ArrowWriter<File>,
}

impl PairsWriter {
    /// Creates the file in a plan's folder.
    ///
    /// # Errors
    /// If it can't be created.
    pub(super) fn create(folder: &Path) -> Result<Self, PlanError> {
        let path = folder.join(PAIRS);
        let mut fields: Vec<Field> = NUMBERS.iter().map(|name| Field::new(*name, DataType::UInt64, true)).collect();
        fields.push(Field::new("settled", DataType::Boolean, false));
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let file = disk::create(&path).map_err(|e| PlanError::write(&path, e))?;
        let file = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        Ok(Self { file: file.map_err(|e| PlanError::write(&path, e))?, path, schema })
    }

    /// Adds some.
    ///
    /// # Errors
    /// If they can't be written.
    pub(super) fn write(&mut self, pairs: &[PlannedPair]) -> Result<(), PlanError> {
        let numbers: Vec<[Option<u64>; 20]> = pairs.iter().map(PlannedPair::numbers).collect();
        let mut columns: Vec<ArrayRef> = (0..NUMBERS.len())
            .map(|at| Arc::new(numbers.iter().map(|row| row[at]).collect::<UInt64Array>()) as ArrayRef)
            .collect();
        columns.push(Arc::new(pairs.iter().map(|pair| Some(pair.settled)).collect::<BooleanArray>()));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        let batch = batch.map_err(|e| PlanError::write(&self.path, e))?;
        self.file.write(&batch).map_err(|e| PlanError::write(&self.path, e))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn finish(self) -> Result<(), PlanError> {
        let file = self.file.into_inner().map_err(|e| PlanError::write(&self.path, e))?;
        file.sync_all().map_err(|e| PlanError::write(&self.path, e))
    }
}

/// Reads the file some pairs at a time, in their order.
pub struct PairsReader {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl PairsReader {
    /// Begins to read the file of a plan's folder.
    ///
    /// # Errors
    /// If it can't be opened.
    pub fn open(folder: &Path) -> Result<Self, PlanError> {
        let path = folder.join(PAIRS);
        let file = File::open(&path).map_err(|e| PlanError::read(&path, e))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(BATCH).build())
            .map_err(|e| PlanError::damaged(&path, e))?;
        Ok(Self { path, reader })
    }

    fn pairs(&self, batch: &RecordBatch) -> Result<Vec<PlannedPair>, PlanError> {
        let broken = || PlanError::damaged(&self.path, "its columns are not what they should be");
        let numbers = NUMBERS
            .iter()
            .map(|name| batch.column_by_name(name)?.as_primitive_opt::<UInt64Type>())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(broken)?;
        let settled = batch.column_by_name("settled").and_then(|array| array.as_boolean_opt()).ok_or_else(broken)?;
        let pair = |row: usize| {
            let row_of = |array: &&UInt64Array| array.is_valid(row).then(|| array.value(row));
            let values: Vec<Option<u64>> = numbers.iter().map(row_of).collect();
            PlannedPair::of(&values, settled.value(row)).ok_or_else(broken)
        };
        (0..batch.num_rows()).map(pair).collect()
    }
}

impl Iterator for PairsReader {
    type Item = Result<Vec<PlannedPair>, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(batch.map_err(|e| PlanError::damaged(&self.path, e)).and_then(|batch| self.pairs(&batch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let print = |n| Fingerprint { high: n, low: u64::MAX - n };
        let base = BasePair { key: print(1), ids: [print(2), print(3)], segment: 4, rows: [5, 6] };
        let pairs = vec![
            PlannedPair::default(),
            PlannedPair { rows: [Some(0), None], steps: [None, Some(7)], settled: true, ..PlannedPair::default() },
            PlannedPair { rows: [Some(1), Some(2)], also: [Some(3), None], base: Some(base), ..PlannedPair::default() },
            PlannedPair {
                rows: [Some(3), Some(1)],
                torn: Some(Torn { ids: [print(8), print(9)], unclear: true }),
                ..PlannedPair::default()
            },
            PlannedPair {
                rows: [Some(1), None],
                torn: Some(Torn { ids: [print(8), print(9)], unclear: false }),
                ..PlannedPair::default()
            },
        ];
        let mut writer = PairsWriter::create(folder.path()).unwrap();
        writer.write(&pairs).unwrap();
        writer.finish().unwrap();
        let read = PairsReader::open(folder.path()).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(read.concat(), pairs);
        for (more, pair) in pairs.iter().enumerate() {
            assert_eq!(PlannedPair::unpack(&pair.pack(more as u64)), Some((*pair, more as u64)));
        }
        std::fs::remove_file(folder.path().join(PAIRS)).unwrap();
        assert!(PairsReader::open(folder.path()).is_err());
    }
}
