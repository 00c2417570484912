//! The first rows of both sides: what is not unique in them is not unique.

use super::candidates::Survey;
use crate::compare::CompareError;
use crate::table::{Cells, Encoder, Fingerprint, fingerprint};
use std::collections::{HashMap, HashSet};

/// Rows looked at of each side.
const SAMPLE: u64 = 20_000;

/// One column of one side's sample.
struct Column {
    /// Per row, which of its values it is; `None` for NULL.
    values: Vec<Option<u32>>,
    /// How many different values there are, but for NULL.
    distinct: u32,
    nulls: bool,
}

/// A sample of both sides.
pub(super) struct Sample {
    /// By side, then pair.
    columns: [Vec<Column>; 2],
    rows: [usize; 2],
}

impl Sample {
    /// The first rows, as they are compared.
    ///
    /// # Errors
    /// If they can't be read.
    pub(super) fn new(survey: &Survey<'_>) -> Result<Self, CompareError> {
        let read = |side: usize| (0..survey.alignment.pairs.len()).map(move |pair| read_column(survey, side, pair));
        let columns = [read(0).collect::<Result<Vec<_>, _>>()?, read(1).collect::<Result<Vec<_>, _>>()?];
        let rows = survey.sides.map(|parts| parts.rows().min(SAMPLE) as usize);
        Ok(Self { columns, rows })
    }

    /// Whether these columns together are unique and never NULL, as far as the samples go.
    pub(super) fn unique(&self, pairs: &[usize]) -> bool {
        [0, 1].into_iter().all(|side| self.unique_on(side, pairs))
    }

    fn unique_on(&self, side: usize, pairs: &[usize]) -> bool {
        let columns: Vec<&Column> = pairs.iter().map(|at| &self.columns[side][*at]).collect();
        let rows = self.rows[side];
        // Not even all combinations of their values would suffice.
        let most = columns.iter().fold(1u64, |most, column| most.saturating_mul(column.distinct.into()));
        if columns.iter().any(|column| column.nulls || column.values.len() != rows) || most < rows as u64 {
            return false;
        }
        let mut seen = HashSet::with_capacity(rows);
        let places: Vec<u64> = columns.iter().map(|column| u64::from(column.distinct.max(1))).collect();
        (0..rows).all(|row| {
            let digits = columns.iter().zip(&places);
            // Samples are small: three of their numbers fit 64 bits.
            let number = digits.fold(0u64, |number, (column, places)| {
                number * places + u64::from(column.values[row].unwrap_or_default())
            });
            seen.insert(number)
        })
    }

    /// The smaller share of distinct values of the two sides, in thousandths.
    pub(super) fn distinct(&self, pair: usize) -> usize {
        let share = |side: usize| self.columns[side][pair].distinct as usize * 1000 / self.rows[side].max(1);
        share(0).min(share(1))
    }

    /// Whether a column could be a part of a key: it is never NULL and has more than one value, on
    /// each side that has more than one row.
    pub(super) fn tells_apart(&self, pair: usize) -> bool {
        [0, 1].into_iter().all(|side| {
            let column = &self.columns[side][pair];
            !column.nulls && (column.distinct > 1 || self.rows[side] < 2)
        })
    }
}

fn read_column(survey: &Survey<'_>, side: usize, pair: usize) -> Result<Column, CompareError> {
    let parts = survey.sides[side];
    let pair = &survey.alignment.pairs[pair];
    let column = if side == 0 { &pair.left } else { &pair.right };
    let rows: Vec<u64> = (0..parts.rows().min(SAMPLE)).collect();
    let none = Column { values: Vec::new(), distinct: 0, nulls: true };
    // A column that the job leaves out need not have been read.
    let Some(at) = parts.position(&column.name) else { return Ok(none) };
    let batch = parts.fetch(&[at], &rows)?;
    let others: HashMap<u32, &str> =
        batch.others.iter().filter_map(|other| Some((other.row, other.text.as_deref()?))).collect();
    let Some(cells) = Cells::new(batch.rows.column(0)) else { return Ok(none) };
    let encoder = Encoder::new(column.ty.clone(), pair.family, pair.rules, None);
    let mut known: HashMap<Fingerprint, u32> = HashMap::new();
    let mut buffer = Vec::new();
    let values: Vec<Option<u32>> = (0..rows.len())
        .map(|row| {
            let other = others.get(&(row as u32)).copied();
            if other.is_none() && cells.is_null(row) {
                return None;
            }
            buffer.clear();
            encoder.encode(&cells, row, other, &mut buffer);
            let next = known.len() as u32;
            Some(*known.entry(fingerprint(&buffer)).or_insert(next))
        })
        .collect();
    Ok(Column { nulls: values.contains(&None), distinct: known.len() as u32, values })
}
