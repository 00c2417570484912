//! Reads the conflicts of a plan, as a person sees them.

use super::CONFLICTS;
use super::layout::{ConflictLayout, VERSIONS};
use crate::plan::{Plan, PlanError, Reason};
use crate::table::Cells;
use arrow::array::{Array, AsArray, ListArray, RecordBatch};
use arrow::datatypes::{TimestampMicrosecondType, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows to decode at once.
const ROWS: usize = 1024;

/// One conflict; values are as printed, and `None` for NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its number, from 0.
    pub number: u64,
    /// Why nothing decides, in the words of [`Reason::word`].
    pub reason: String,
    /// The key's values in the left table's types, in key order.
    pub key: Vec<Option<String>>,
    /// Those of them that both sides changed, to different values; of a row that one side deleted, all.
    pub colliding: Vec<String>,
    /// The left names of the columns that it is about.
    pub changed: Vec<String>,
    /// The left row, the right row and the base, each over all columns of its table (the base has the
    /// left one's); `None` for a row that is not there.
    pub rows: [Option<Vec<Option<String>>>; 3],
    /// When the left and right row was changed or deleted, in microseconds since 1970, UTC.
    pub times: [Option<i64>; 2],
}

impl Conflict {
    /// Why nothing decides; `None` for words of a later version.
    pub fn why(&self) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.word() == self.reason)
    }
}

impl Plan {
    /// The conflicts, in their order.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn conflicts(&self) -> Result<impl Iterator<Item = Result<Conflict, PlanError>> + use<>, PlanError> {
        let path = self.folder.join(CONFLICTS);
        let file = File::open(&path).map_err(|e| PlanError::read(&path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| PlanError::damaged(&path, e))?;
        let layout = ConflictLayout::of(&self.file);
        // Earlier versions wrote fewer columns, but never a conflict.
        let none = builder.metadata().file_metadata().num_rows() == 0;
        if !none && builder.schema().fields() != layout.schema().fields() {
            return Err(PlanError::damaged(&path, "its columns are not those that plan.json tells of"));
        }
        let reader = builder.with_batch_size(ROWS).build().map_err(|e| PlanError::damaged(&path, e))?;
        Ok(reader.flat_map(move |batch| {
            let rows = batch
                .map_err(|e| PlanError::damaged(&path, e))
                .and_then(|batch| Decoder::new(&path, &layout, &batch)?.conflicts());
            match rows {
                Ok(rows) => rows.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            }
        }))
    }
}

/// Some rows of the file.
struct Decoder<'a> {
    path: &'a Path,
    layout: &'a ConflictLayout,
    batch: &'a RecordBatch,
    key: Vec<Cells>,
    versions: Vec<Vec<Cells>>,
}

impl<'a> Decoder<'a> {
    fn new(path: &'a PathBuf, layout: &'a ConflictLayout, batch: &'a RecordBatch) -> Result<Self, PlanError> {
        let cells = |prefix: &str, name: &str| {
            let array = column(path, batch, &format!("{prefix}.{name}"))?;
            Cells::new(array).ok_or_else(|| PlanError::damaged(path, format!("`{name}` has a foreign type")))
        };
        let key = layout.key_columns().into_iter().map(|own| cells("key", &own.name)).collect::<Result<_, _>>()?;
        let versions = layout
            .columns
            .iter()
            .zip(VERSIONS)
            .map(|(columns, version)| columns.iter().map(|own| cells(version, &own.name)).collect())
            .collect::<Result<_, _>>()?;
        Ok(Self { path, layout, batch, key, versions })
    }

    fn conflicts(&self) -> Result<Vec<Conflict>, PlanError> {
        let numbers = self.column("conflict")?.as_primitive::<UInt64Type>();
        let reasons = self.column("reason")?.as_string::<i32>();
        let [changed, colliding] =
            [self.column("changed")?, self.column("colliding")?].map(|list| list.as_list::<i32>());
        let mut times = Vec::with_capacity(2);
        for name in ["left_time", "right_time"] {
            times.push(self.column(name)?.as_primitive::<TimestampMicrosecondType>());
        }
        (0..self.batch.num_rows())
            .map(|row| {
                let rows = [self.row(0, row)?, self.row(1, row)?, self.row(2, row)?];
                let names = |list: &ListArray| -> Vec<String> {
                    list.value(row).as_string::<i32>().iter().flatten().map(str::to_owned).collect()
                };
                Ok(Conflict {
                    number: numbers.value(row),
                    reason: reasons.value(row).to_owned(),
                    key: self.key_of(row, &rows),
                    changed: names(changed),
                    colliding: names(colliding),
                    times: [0, 1].map(|side: usize| times[side].is_valid(row).then(|| times[side].value(row))),
                    rows,
                })
            })
            .collect()
    }

    /// A version of a row.
    fn row(&self, version: usize, row: usize) -> Result<Option<Vec<Option<String>>>, PlanError> {
        let name = VERSIONS[version];
        if !self.column(&format!("{name}_here"))?.as_boolean().value(row) {
            return Ok(None);
        }
        let others = self.column(&format!("{name}_other"))?.as_string::<i32>();
        let mut others: BTreeMap<String, String> = match others.is_valid(row).then(|| others.value(row)) {
            Some(text) => serde_json::from_str(text).map_err(|e| PlanError::damaged(self.path, e))?,
            None => BTreeMap::new(),
        };
        let columns = self.layout.columns[version].iter().zip(&self.versions[version]);
        Ok(Some(columns.map(|(column, cells)| others.remove(&column.name).or_else(|| cells.print(row))).collect()))
    }

    /// The key; what the left type can't hold stands in the first row that is there.
    fn key_of(&self, row: usize, rows: &[Option<Vec<Option<String>>>; 3]) -> Vec<Option<String>> {
        let first = rows.iter().zip(&self.layout.places).find_map(|(row, places)| Some((row.as_ref()?, places)));
        self.key
            .iter()
            .enumerate()
            .map(|(at, cells)| {
                cells.print(row).or_else(|| {
                    let (values, places) = first?;
                    values.get(*places.get(at)?)?.clone()
                })
            })
            .collect()
    }

    fn column(&self, name: &str) -> Result<&arrow::array::ArrayRef, PlanError> {
        column(self.path, self.batch, name)
    }
}

fn column<'b>(path: &Path, batch: &'b RecordBatch, name: &str) -> Result<&'b arrow::array::ArrayRef, PlanError> {
    batch.column_by_name(name).ok_or_else(|| PlanError::damaged(path, format!("it has no column `{name}`")))
}
