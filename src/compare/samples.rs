//! Reads the few rows that are shown as samples.

use super::brief::{Briefs, briefs};
use super::cells::{Judge, Verdict, View};
use super::outcome::{AmbiguousSample, Comparison, SampleCell, SampleRow};
use super::{CompareError, Side};
use crate::snapshot::{Parts, Recipe};
use crate::table::{Alignment, Key};
use std::collections::BTreeSet;

/// Fills in the samples from their positions.
pub fn fetch(
    left: Side<'_>,
    right: Side<'_>,
    alignment: &Alignment,
    key: &Key,
    comparison: &mut Comparison,
) -> Result<(), CompareError> {
    let sides = [left.parts, right.parts];
    let key_columns: [Vec<usize>; 2] = [
        key.pairs.iter().filter_map(|i| left.parts.position(&alignment.pairs[*i].left.name)).collect(),
        key.pairs.iter().filter_map(|i| right.parts.position(&alignment.pairs[*i].right.name)).collect(),
    ];
    let positions = std::mem::take(&mut comparison.positions);
    for side in [0, 1] {
        let rows: Vec<u64> = positions.only[side].iter().copied().collect();
        comparison.samples.only[side] = keys(sides[side], &key_columns[side], &rows)?;
        let rows: Vec<u64> = positions.duplicates[side].iter().map(|(row, _)| *row).collect();
        let counts = positions.duplicates[side].iter().map(|(_, count)| *count);
        comparison.samples.duplicates[side] =
            keys(sides[side], &key_columns[side], &rows)?.into_iter().zip(counts).collect();
    }
    let rows: Vec<u64> = positions.ambiguous.iter().map(|position| position.0).collect();
    comparison.samples.ambiguous = keys(sides[0], &key_columns[0], &rows)?
        .into_iter()
        .zip(&positions.ambiguous)
        .map(|(key, (_, _, left, right))| AmbiguousSample { key, rows: [*left, *right] })
        .collect();
    comparison.samples.changed = changed(sides, &key_columns[0], alignment, key, &positions.changed)?;
    Ok(())
}

fn keys(parts: &Parts, columns: &[usize], rows: &[u64]) -> Result<Vec<Vec<String>>, CompareError> {
    let view = View::new(parts.fetch(columns, rows)?);
    Ok((0..rows.len()).map(|row| print_key(&view, row, columns.len())).collect())
}

fn print_key(view: &View, row: usize, columns: usize) -> Vec<String> {
    (0..columns).map(|column| view.brief_key(row, column)).collect()
}

fn changed(
    sides: [&Parts; 2],
    key_columns: &[usize],
    alignment: &Alignment,
    key: &Key,
    positions: &BTreeSet<(u64, u64)>,
) -> Result<Vec<SampleRow>, CompareError> {
    let order = Recipe::order(alignment, key);
    let recipes = Recipe::of(alignment, key);
    let projection = |side: usize, recipe: &Recipe| -> Vec<usize> {
        recipe.compared.iter().filter_map(|c| sides[side].position(&c.name)).collect()
    };
    let left_rows: Vec<u64> = positions.iter().map(|(l, _)| *l).collect();
    let mut right_rows: Vec<u64> = positions.iter().map(|(_, r)| *r).collect();
    right_rows.sort_unstable();
    let left = View::new(sides[0].fetch(&projection(0, &recipes[0]), &left_rows)?);
    let right = View::new(sides[1].fetch(&projection(1, &recipes[1]), &right_rows)?);
    let keys = View::new(sides[0].fetch(key_columns, &left_rows)?);
    let judge = Judge::new(alignment, key);
    let mut buffers = [Vec::new(), Vec::new()];
    let mut out = Vec::with_capacity(positions.len());
    for (row, (_, right_row)) in positions.iter().enumerate() {
        let partner = right_rows.partition_point(|other| other < right_row);
        let cells = order
            .iter()
            .enumerate()
            .filter(|(column, _)| {
                judge.verdict(*column, [(&left, row), (&right, partner)], &mut buffers) == Verdict::Different
            })
            .map(|(column, pair)| {
                let Briefs { texts: [left, right], lengths, foreign } =
                    briefs([(&left, row), (&right, partner)], column);
                SampleCell { pair: *pair, left, right, lengths, foreign }
            })
            .collect();
        out.push(SampleRow { key: print_key(&keys, row, key_columns.len()), cells });
    }
    Ok(out)
}
