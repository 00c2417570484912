//! Reads the steps of one side, chunk by chunk.

use super::found::Identified;
use super::layout::{Layout, TIME};
use super::text::from_text;
use crate::endpoint::{Action, ExportBatch, Other, StepBatch, Target};
use crate::plan::{Chunk, FoundBy, PlanError, SideWrites};
use crate::table::PortableBuilder;
use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef, TimestampMicrosecondType, UInt32Type, UInt64Type};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most rows to decode at once.
const BATCH_ROWS: usize = 8 * 1024;
/// Bytes of rows to aim at, decoded at once.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of rows after which a chunk is closed, however few they are.
const CHUNK_BYTES: usize = 32 * 1024 * 1024;

/// What a side's chunks are made of besides the file.
#[derive(Clone, Debug)]
pub struct ChunkSide<'a> {
    /// The side.
    pub side: usize,
    /// Its steps come behind so many of the other side.
    pub skip: u64,
    /// Which of its steps are to be read.
    pub steps: Range<u64>,
    /// How its columns take part.
    pub writes: &'a SideWrites,
    /// The columns that say which row it is when its key changes; empty if none does.
    pub identity: &'a [usize],
    /// What its table asks for.
    pub target: Option<&'a Target>,
    /// The names of its columns.
    pub names: Vec<String>,
}

/// The chunks of one side, in the order of writing.
pub struct Chunks {
    path: PathBuf,
    layout: Layout,
    side: usize,
    schema: SchemaRef,
    writes: SideWrites,
    park: Vec<Vec<usize>>,
    /// The steps that find their rows by the identity.
    identified: Identified,
    rows: usize,
    reader: ParquetRecordBatchReader,
    /// What was read but not handed out.
    rest: Option<RecordBatch>,
    /// About how many bytes one of its rows takes.
    per_row: usize,
    next: u64,
    end: u64,
    failed: bool,
}

impl Chunks {
    /// Chunks of at most `rows` steps.
    pub fn open(path: &Path, layout: Layout, from: &ChunkSide<'_>, rows: usize) -> Result<Self, PlanError> {
        let file = File::open(path).map_err(|e| PlanError::read(path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| PlanError::damaged(path, e))?;
        if builder.schema().fields() != layout.schema().fields() {
            return Err(PlanError::damaged(path, "its columns are not those that plan.json tells of"));
        }
        let groups = builder.metadata().row_groups();
        let bytes: i64 = groups.iter().map(|group| group.total_byte_size()).sum();
        let all: i64 = groups.iter().map(|group| group.num_rows()).sum();
        let per_row = (bytes.max(0) as usize).div_ceil(all.max(1) as usize).max(1);
        let reader = builder
            .with_batch_size((BATCH_BYTES / per_row).clamp(1, BATCH_ROWS))
            .with_offset((from.skip + from.steps.start) as usize)
            .with_limit((from.steps.end - from.steps.start) as usize)
            .build()
            .map_err(|e| PlanError::damaged(path, e))?;
        // As everywhere: nullable, because what a type cannot hold leaves a NULL behind.
        let fields = from
            .names
            .iter()
            .enumerate()
            .map(|(at, name)| Field::new(name, layout.ty(from.side, at).arrow(), true))
            .collect::<Vec<_>>();
        Ok(Self {
            path: path.to_owned(),
            side: from.side,
            schema: Arc::new(Schema::new(fields)),
            writes: from.writes.clone(),
            park: unique_columns(from),
            identified: Identified::read(path, &layout, from)?,
            rows: rows.max(1),
            reader,
            rest: None,
            per_row: 0,
            next: from.steps.start,
            end: from.steps.end,
            failed: false,
            layout,
        })
    }

    fn chunk(&mut self) -> Result<Option<Chunk>, PlanError> {
        let mut pieces: Vec<RecordBatch> = Vec::new();
        let (mut count, mut bytes) = (0, 0);
        let mut kind: Option<(String, bool, FoundBy)> = None;
        let mut group = 0;
        while let Some(batch) = self.more()? {
            let actions = self.column(&batch, "action")?.as_string::<i32>().clone();
            let together = self.column(&batch, "together")?.as_primitive::<UInt32Type>().clone();
            let mut end = 0;
            while end < batch.num_rows() {
                let (action, number) = (actions.value(end), together.value(end));
                let found_by = self.identified.found_by(self.next + count as u64);
                let fits = match &kind {
                    None => true,
                    Some((same, grouped, by)) => {
                        let full = count >= self.rows || bytes >= CHUNK_BYTES;
                        let torn = number != 0 && number == group;
                        same == action && *grouped == (number != 0) && *by == found_by && (!full || torn)
                    }
                };
                if !fits {
                    break;
                }
                if kind.is_none() {
                    kind = Some((action.to_owned(), number != 0, found_by));
                }
                group = number;
                count += 1;
                bytes += self.per_row;
                end += 1;
            }
            if end > 0 {
                pieces.push(batch.slice(0, end));
            }
            if end < batch.num_rows() {
                self.rest = Some(batch.slice(end, batch.num_rows() - end));
                break;
            }
        }
        let Some((action, grouped, found_by)) = kind else {
            return if self.next == self.end {
                Ok(None)
            } else {
                Err(self.damaged(format!("it ends after {} of {} steps", self.next, self.end)))
            };
        };
        let rows = concat_batches(&self.layout.schema(), &pieces).map_err(|e| self.damaged(e))?;
        self.decode(&rows, &action, grouped, found_by).map(Some)
    }

    fn more(&mut self) -> Result<Option<RecordBatch>, PlanError> {
        if let Some(batch) = self.rest.take() {
            return Ok(Some(batch));
        }
        let batch = self.reader.next().transpose().map_err(|e| self.damaged(e))?;
        if let Some(batch) = &batch {
            self.per_row = batch.get_array_memory_size() / batch.num_rows().max(1);
        }
        Ok(batch)
    }

    fn decode(
        &mut self,
        rows: &RecordBatch,
        action: &str,
        grouped: bool,
        found_by: FoundBy,
    ) -> Result<Chunk, PlanError> {
        let action = Action::ALL
            .into_iter()
            .find(|known| known.word() == action)
            .ok_or_else(|| self.damaged(format!("`{action}` is no action")))?;
        let side = super::layout::SIDES[self.side];
        if self.column(rows, "side")?.as_string::<i32>().iter().any(|found| found != Some(side)) {
            return Err(self.damaged("a step is of the other side"));
        }
        let first = self.next;
        let steps = self.column(rows, "step")?.as_primitive::<UInt64Type>();
        if !steps.values().iter().copied().eq(first..first + rows.num_rows() as u64) {
            return Err(self.damaged(format!("step {first} or one behind it is not in its place")));
        }
        self.next += rows.num_rows() as u64;
        let changed = self.changed(rows)?;
        let together = match grouped {
            true => self.column(rows, "together")?.as_primitive::<UInt32Type>().values().to_vec(),
            false => Vec::new(),
        };
        let times = self.column(rows, TIME)?.as_primitive::<TimestampMicrosecondType>().iter().collect();
        let (guard, set) = match action {
            Action::Create => (Vec::new(), self.writes.create.clone()),
            Action::Delete => ((0..self.schema.fields().len()).collect(), Vec::new()),
            Action::Update => {
                let mut set: Vec<usize> = changed.iter().flatten().copied().collect();
                set.sort_unstable();
                set.dedup();
                (self.writes.guard.clone(), set)
            }
        };
        let mut park: Vec<usize> = Vec::new();
        if grouped && action == Action::Update {
            park.extend(self.park.iter().filter_map(|index| index.iter().find(|column| set.contains(column))));
            park.sort_unstable();
            park.dedup();
        }
        let before = (action != Action::Create).then(|| self.rows(rows, "before")).transpose()?;
        let after = (action != Action::Delete).then(|| self.rows(rows, "after")).transpose()?;
        let steps = StepBatch { action, before, after, guard, set, park };
        Ok(Chunk { first, found_by, steps, changed, together, times })
    }

    fn changed(&self, rows: &RecordBatch) -> Result<Vec<Vec<usize>>, PlanError> {
        let lists = self.column(rows, "changed")?.as_list::<i32>();
        (0..rows.num_rows())
            .map(|row| {
                let names = lists.value(row);
                let mut columns = names
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(|name| {
                        let column = self.layout.column(self.side, name);
                        column.ok_or_else(|| self.damaged(format!("`{name}` is no column")))
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                columns.sort_unstable();
                Ok(columns)
            })
            .collect()
    }

    /// The rows before or after, over all columns of the side's table.
    fn rows(&self, rows: &RecordBatch, when: &str) -> Result<ExportBatch, PlanError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for (column, slot) in self.layout.places(self.side).iter().enumerate() {
            let slot = &self.layout.slots()[*slot];
            let array = self.column(rows, &format!("{when}.{}", slot.name))?;
            arrays.push(match &slot.ty {
                Some(_) => Arc::clone(array),
                None => self.typed(array.as_string::<i32>(), column)?,
            });
        }
        let texts = self.column(rows, &format!("{when}_other"))?.as_string::<i32>();
        let mut others = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let values: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(text).map_err(|e| self.damaged(e))?;
            for (name, value) in values {
                let column = self.layout.column(self.side, &name);
                let column = column.ok_or_else(|| self.damaged(format!("`{name}` is no column")))? as u32;
                let other = Other::from_json(row as u32, column, value);
                others.push(other.ok_or_else(|| self.damaged(format!("what is beside `{name}` is no text")))?);
            }
        }
        others.sort_by_key(|other| (other.row, other.column));
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|e| self.damaged(e))?;
        Ok(ExportBatch { rows, others })
    }

    fn typed(&self, texts: &StringArray, column: usize) -> Result<ArrayRef, PlanError> {
        let ty = self.layout.ty(self.side, column);
        let mut out = PortableBuilder::new(ty);
        for text in texts {
            match text {
                None => out.null(),
                Some(text) => {
                    from_text(text, ty, &mut out).ok_or_else(|| self.damaged(format!("`{text}` is no {ty}")))?
                }
            }
        }
        match out.finish() {
            (array, others) if others.is_empty() => Ok(array),
            (_, others) => Err(self.damaged(format!("`{}` is no {ty}", others[0].1))),
        }
    }

    fn column<'b>(&self, rows: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef, PlanError> {
        rows.column_by_name(name).ok_or_else(|| self.damaged(format!("it has no column `{name}`")))
    }

    fn damaged(&self, why: impl std::fmt::Display) -> PlanError {
        PlanError::damaged(&self.path, why)
    }
}

impl Iterator for Chunks {
    type Item = Result<Chunk, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let chunk = self.chunk().transpose();
        self.failed = matches!(chunk, Some(Err(_)));
        chunk
    }
}

/// Per unique index, its columns, those first that are best set to a value of no meaning for a
/// while: no column that refers to another table.
fn unique_columns(from: &ChunkSide<'_>) -> Vec<Vec<usize>> {
    let Some(target) = from.target else { return Vec::new() };
    let refers = |name: &String| target.references.iter().any(|reference| reference.columns.contains(name));
    let position = |name: &String| from.names.iter().position(|own| own == name);
    target
        .unique
        .iter()
        .map(|index| {
            let (bound, free): (Vec<&String>, Vec<&String>) = index.columns.iter().partition(|name| refers(name));
            free.into_iter().chain(bound).filter_map(position).collect()
        })
        .collect()
}
