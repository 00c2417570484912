//! Which steps find their rows by the identity, and not by the unique key.
//!
//! Updates that change the key do, because nobody would find their rows by it afterwards. Steps that
//! go together are written together, so all of a group do if one does. Deletes do as well: by the
//! time they are looked at again, another row may have got the key that they freed.

use super::chunks::ChunkSide;
use super::layout::Layout;
use crate::endpoint::Action;
use crate::plan::{FoundBy, PlanError};
use arrow::array::{Array, AsArray, ListArray, RecordBatch, StringArray};
use arrow::datatypes::UInt32Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::ops::Range;
use std::path::Path;

/// Ranges of steps, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Identified(Vec<Range<u64>>);

/// Steps of one action that go together, or one that is alone.
#[derive(Debug)]
struct Run {
    action: String,
    together: u32,
    first: u64,
    identified: bool,
}

impl Identified {
    /// Looks at the steps that are to be read.
    pub(super) fn read(path: &Path, layout: &Layout, from: &ChunkSide<'_>) -> Result<Self, PlanError> {
        let mut out = Self::default();
        if from.identity.is_empty() {
            return Ok(out);
        }
        let file = File::open(path).map_err(|e| PlanError::read(path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| PlanError::damaged(path, e))?;
        let roots: Vec<usize> =
            ["action", "together", "changed"].iter().filter_map(|name| builder.schema().index_of(name).ok()).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader = builder
            .with_projection(mask)
            .with_offset((from.skip + from.steps.start) as usize)
            .with_limit((from.steps.end - from.steps.start) as usize)
            .build()
            .map_err(|e| PlanError::damaged(path, e))?;
        let mut run: Option<Run> = None;
        let mut step = from.steps.start;
        for batch in reader {
            let batch = batch.map_err(|e| PlanError::damaged(path, e))?;
            let (actions, together, changed) =
                columns(&batch).ok_or_else(|| PlanError::damaged(path, "its columns are not what they should be"))?;
            for (row, number) in together.iter().copied().enumerate() {
                let action = actions.value(row);
                let goes_on = |run: &Run| number != 0 && run.together == number && run.action == action;
                if !run.as_ref().is_some_and(goes_on) {
                    out.close(run.take(), step);
                    run = Some(Run { action: action.to_owned(), together: number, first: step, identified: false });
                }
                if let Some(run) = &mut run {
                    run.identified |= action == Action::Delete.word()
                        || action == Action::Update.word() && changes_key(changed, row, layout, from);
                }
                step += 1;
            }
        }
        out.close(run, step);
        Ok(out)
    }

    /// How a step finds its row.
    pub(super) fn found_by(&self, step: u64) -> FoundBy {
        let at = self.0.partition_point(|range| range.end <= step);
        match self.0.get(at) {
            Some(range) if range.start <= step => FoundBy::Identity,
            _ => FoundBy::Key,
        }
    }

    fn close(&mut self, run: Option<Run>, end: u64) {
        let Some(run) = run.filter(|run| run.identified) else { return };
        match self.0.last_mut() {
            Some(last) if last.end == run.first => last.end = end,
            _ => self.0.push(run.first..end),
        }
    }
}

fn columns(batch: &RecordBatch) -> Option<(&StringArray, &[u32], &ListArray)> {
    Some((
        batch.column_by_name("action")?.as_string_opt::<i32>()?,
        batch.column_by_name("together")?.as_primitive_opt::<UInt32Type>()?.values(),
        batch.column_by_name("changed")?.as_list_opt::<i32>()?,
    ))
}

fn changes_key(changed: &ListArray, row: usize, layout: &Layout, from: &ChunkSide<'_>) -> bool {
    let names = changed.value(row);
    let of_key = |name: &str| layout.column(from.side, name).is_some_and(|column| from.writes.key.contains(&column));
    names.as_string_opt::<i32>().is_some_and(|names| (0..names.len()).any(|at| of_key(names.value(at))))
}
