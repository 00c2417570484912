//! Which steps of a plan are asked for: by action, side, key, and a condition in SQL.

use super::steps::Layout;
use super::{Chunk, Plan, PlanError, PlanFile};
use crate::endpoint::{Action, ExportBatch};
use crate::snapshot::RowFilter;
use crate::table::{Cells, Column, Pair, PortableBuilder};
use arrow::array::AsArray;

/// The column of `steps.parquet` that says which side a step is for.
const SIDE: &str = "side";

/// Which steps are wanted.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these actions; empty for all.
    actions: Vec<Action>,
    /// Only this side.
    side: Option<usize>,
    /// Only these keys, each as text, one value per key column; empty for all.
    keys: Vec<Vec<String>>,
    /// Per side, by the step's number, whether the condition holds.
    chosen: Option<[Vec<bool>; 2]>,
}

impl Selection {
    /// Steps of these actions (empty for all), for this side, with these keys (empty for all).
    pub fn new(actions: Vec<Action>, side: Option<usize>, keys: Vec<Vec<String>>) -> Self {
        Self { actions, side, keys, chosen: None }
    }

    /// Also asks for a condition in SQL on the columns of a plan's `steps.parquet`, as in
    /// `before.city = 'Oslo'`.
    ///
    /// # Errors
    /// If the file can't be read or it is no condition on it.
    pub fn with_condition(mut self, sql: &str, plan: &Plan) -> Result<Self, PlanError> {
        let address = plan.steps().display().to_string();
        let condition = RowFilter::over(sql, &address, &Layout::of(&plan.file).schema())?;
        let mut chosen = [Vec::new(), Vec::new()];
        for batch in plan.batches(None)? {
            let batch = ExportBatch { rows: batch?, others: Vec::new() };
            let sides = batch.rows.column_by_name(SIDE).and_then(|array| array.as_string_opt::<i32>());
            let sides = sides.ok_or_else(|| PlanError::damaged(&plan.steps(), "it does not tell of sides"))?;
            for (side, truth) in sides.iter().zip(&condition.choose(&batch)?) {
                chosen[usize::from(side == Some("right"))].push(truth == Some(true));
            }
        }
        self.chosen = Some(chosen);
        Ok(self)
    }

    /// The rows of a chunk that are wanted, of a table with these columns and key.
    pub fn rows(&self, side: usize, chunk: &Chunk, columns: &[Column], key: &[usize]) -> Vec<usize> {
        let wanted = |side: usize, action| {
            self.side.is_none_or(|only| only == side) && (self.actions.is_empty() || self.actions.contains(&action))
        };
        if !wanted(side, chunk.steps.action) {
            return Vec::new();
        }
        let keys: Vec<Vec<Option<String>>> = self
            .keys
            .iter()
            .map(|values| values.iter().zip(key).map(|(v, i)| as_typed(v, &columns[*i])).collect())
            .collect();
        let batch = chunk.steps.rows();
        (0..chunk.steps.len())
            .filter(|row| {
                let number = chunk.first as usize + row;
                self.chosen.as_ref().is_none_or(|chosen| chosen[side].get(number) == Some(&true))
            })
            .filter(|row| {
                keys.is_empty() || {
                    let own: Vec<Option<String>> = key.iter().map(|i| cell_text(batch, *row, *i)).collect();
                    keys.contains(&own)
                }
            })
            .collect()
    }
}

/// Whether a key as typed, one value per key column, is this key of a plan's
/// [conflicts](super::Conflict), which are printed as the left table has them. Either side's spelling
/// will do.
pub fn means(file: &PlanFile, typed: &[String], listed: &[Option<String>]) -> bool {
    let pairs = file.key.iter().filter_map(|at| file.alignment.pairs.get(*at));
    let same = |((typed, listed), pair): ((&String, &Option<String>), &Pair)| {
        let spelled = |column: &Column, text: &str| as_typed(text, column);
        spelled(&pair.left, typed) == *listed
            || listed.as_ref().is_some_and(|listed| {
                let own = spelled(&pair.right, typed);
                own.is_some() && own == spelled(&pair.right, listed)
            })
    };
    typed.len() == listed.len() && typed.iter().zip(listed).zip(pairs).all(same)
}

/// A value as it is printed once it has been through the column's type: `007` is 7 in a column of
/// numbers.
pub fn as_typed(text: &str, column: &Column) -> Option<String> {
    let mut builder = PortableBuilder::new(&column.ty);
    builder.parse(text);
    let (array, others) = builder.finish();
    match others.into_iter().next() {
        Some((_, text)) => Some(text),
        None => Cells::new(&array)?.print(0),
    }
}

/// A cell of a batch as it is printed; `None` for NULL.
pub fn cell_text(batch: &ExportBatch, row: usize, column: usize) -> Option<String> {
    match batch.other(row, column) {
        Some(text) => Some(text.to_owned()),
        None => Cells::new(batch.rows.column(column))?.print(row),
    }
}
