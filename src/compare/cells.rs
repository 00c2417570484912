//! Which cells of the changed rows changed. Rows are collected over several splits and read in
//! the order of the left table, so that each row group is read as seldom as possible.

use super::outcome::Comparison;
use super::{CompareError, CompareOptions, classify::keep};
use crate::endpoint::{ExportBatch, Other};
use crate::snapshot::{Parts, Recipe};
use crate::table::{Alignment, Cells, Encoder, Key, Number, Tolerance};
use rayon::prelude::*;
use std::collections::HashMap;

/// Changed rows to collect before they are read: 64 MB of positions.
const COLLECT: usize = 4 << 20;
/// Most rows to hold of each side at once, however narrow.
const CHUNK: usize = 256 * 1024;

/// Changed rows on their way.
pub struct Changes<'a> {
    sides: [&'a Parts; 2],
    projections: [Vec<usize>; 2],
    judge: Judge,
    samples: usize,
    chunk: usize,
    options: &'a CompareOptions<'a>,
    pending: Vec<(u64, u64)>,
    /// Those that really differ, if they are wanted.
    all: Option<Vec<(u64, u64)>>,
}

impl<'a> Changes<'a> {
    /// None yet.
    pub fn new(
        left: &'a Parts,
        right: &'a Parts,
        alignment: &Alignment,
        key: &Key,
        options: &'a CompareOptions<'a>,
        all: bool,
    ) -> Self {
        let pairs: Vec<_> = Recipe::order(alignment, key).into_iter().map(|i| &alignment.pairs[i]).collect();
        let projections = [
            pairs.iter().filter_map(|p| left.position(&p.left.name)).collect(),
            pairs.iter().filter_map(|p| right.position(&p.right.name)).collect(),
        ];
        // A guess of a row's size in memory, for tables with very many columns.
        let bytes_per_row = 64 * pairs.len().max(1);
        Self {
            sides: [left, right],
            projections,
            judge: Judge::new(alignment, key),
            samples: options.samples,
            chunk: (options.memory / 8 / bytes_per_row).clamp(1024, CHUNK),
            options,
            pending: Vec::new(),
            all: all.then(Vec::new),
        }
    }

    /// The changed rows that were found since, if they are wanted.
    pub fn take_all(&mut self) -> Vec<(u64, u64)> {
        self.all.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Adds changed rows.
    pub fn add(&mut self, rows: &[(u64, u64)], comparison: &mut Comparison) -> Result<(), CompareError> {
        self.pending.extend_from_slice(rows);
        if self.pending.len() >= COLLECT { self.finish(comparison) } else { Ok(()) }
    }

    /// Looks at all rows that were added.
    pub fn finish(&mut self, comparison: &mut Comparison) -> Result<(), CompareError> {
        let mut rows = std::mem::take(&mut self.pending);
        rows.sort_unstable();
        for chunk in rows.chunks(self.chunk) {
            if self.options.interrupt.is_set() {
                return Err(CompareError::Interrupted);
            }
            self.look(chunk, comparison)?;
        }
        Ok(())
    }

    fn look(&mut self, rows: &[(u64, u64)], comparison: &mut Comparison) -> Result<(), CompareError> {
        let left_rows: Vec<u64> = rows.iter().map(|(l, _)| *l).collect();
        let mut right_rows: Vec<u64> = rows.iter().map(|(_, r)| *r).collect();
        right_rows.sort_unstable();
        let (left, right) = rayon::join(
            || self.sides[0].fetch(&self.projections[0], &left_rows),
            || self.sides[1].fetch(&self.projections[1], &right_rows),
        );
        let (left, right) = (View::new(left?), View::new(right?));
        let partner: Vec<usize> = rows.iter().map(|(_, r)| right_rows.partition_point(|row| row < r)).collect();

        let verdicts: Vec<Vec<Verdict>> = (0..self.projections[0].len())
            .into_par_iter()
            .map(|column| {
                let mut buffers = [Vec::new(), Vec::new()];
                (0..rows.len())
                    .map(|i| self.judge.verdict(column, [(&left, i), (&right, partner[i])], &mut buffers))
                    .collect()
            })
            .collect();
        let softened: Vec<[u64; 2]> = verdicts
            .par_iter()
            .enumerate()
            .map(|(column, verdicts)| {
                let mut buffers = [Vec::new(), Vec::new()];
                let mut counts = [0; 2];
                for (i, verdict) in verdicts.iter().enumerate() {
                    let cells = [(&left, i), (&right, partner[i])];
                    if let Some(asked) = self.judge.softened(column, *verdict, cells, &mut buffers) {
                        counts[usize::from(asked)] += 1;
                    }
                }
                counts
            })
            .collect();
        for (at, (verdicts, [unasked, asked])) in verdicts.iter().zip(softened).enumerate() {
            let column = &mut comparison.columns[at];
            column.changed += verdicts.iter().filter(|v| **v == Verdict::Different).count() as u64;
            let pair = column.pair;
            comparison.soften(pair, false, unasked);
            comparison.soften(pair, true, asked);
        }
        let (mut tolerated, mut contradictions) = (0, 0);
        for (i, row) in rows.iter().enumerate() {
            let any = |verdict: Verdict| verdicts.iter().any(|column| column[i] == verdict);
            if any(Verdict::Different) {
                comparison.changed += 1;
                if let Some(all) = &mut self.all {
                    all.push(*row);
                }
                keep(&mut comparison.positions.changed, *row, self.samples);
            } else if any(Verdict::Tolerated) {
                tolerated += 1;
            } else {
                contradictions += 1;
            }
        }
        comparison.equal += tolerated;
        comparison.softened_rows += tolerated;
        if contradictions > 0 { Err(CompareError::Contradiction { rows: contradictions }) } else { Ok(()) }
    }
}

/// What two cells are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Equal.
    Same,
    /// Equal within the job's tolerance.
    Tolerated,
    /// Not equal.
    Different,
}

/// Judges pairs of cells.
pub struct Judge {
    encoders: Vec<[Encoder; 2]>,
    /// Per compared column, what tells values apart that only a softener makes equal, and whether it is
    /// the job's rules that are left away in it: those first.
    strict: Vec<Vec<(bool, [Encoder; 2])>>,
    tolerances: Vec<Option<Tolerance>>,
}

impl Judge {
    /// For the compared columns, in the order of the fingerprint.
    pub fn new(alignment: &Alignment, key: &Key) -> Self {
        let recipes = Recipe::of(alignment, key);
        let columns = recipes[0].compared.iter().zip(&recipes[1].compared);
        let strict = |column: usize| {
            let own = recipes[0].softened.iter().filter(|softened| softened.column == column);
            own.map(|softened| (softened.unruled, recipes.each_ref().map(|recipe| recipe.strict(softened).1))).collect()
        };
        Self {
            strict: (0..recipes[0].compared.len()).map(strict).collect(),
            encoders: columns.map(|(l, r)| [l.encoder(), r.encoder()]).collect(),
            tolerances: recipes[0].compared.iter().map(|c| c.rules.tolerance).collect(),
        }
    }

    /// For the compared columns and, behind them, those of the key.
    pub fn with_key(alignment: &Alignment, key: &Key) -> Self {
        let recipes = Recipe::of(alignment, key);
        let mut out = Self::new(alignment, key);
        for (left, right) in recipes[0].key.iter().zip(&recipes[1].key) {
            out.encoders.push([left.encoder(), right.encoder()]);
            out.tolerances.push(None);
        }
        out
    }

    /// The verdict on a left and a right cell, each in its view and row; `buffers` are scratch.
    pub fn verdict(&self, column: usize, cells: [(&View, usize); 2], buffers: &mut [Vec<u8>; 2]) -> Verdict {
        self.compare(column, [0, 1], cells, buffers)
    }

    /// What made two cells equal on which this is the verdict: the job's rules (true), or what one of
    /// two types lacks; `None` if they are equal or different without it.
    pub fn softened(
        &self,
        column: usize,
        verdict: Verdict,
        cells: [(&View, usize); 2],
        buffers: &mut [Vec<u8>; 2],
    ) -> Option<bool> {
        match verdict {
            Verdict::Different => None,
            Verdict::Tolerated => Some(true),
            Verdict::Same => {
                let mut strict = self.strict[column].iter();
                strict.find(|(_, [left, right])| !same(column, [left, right], cells, buffers)).map(|(asked, _)| *asked)
            }
        }
    }

    /// The verdict on two cells of one side: as it was and as it is.
    pub fn moved(&self, column: usize, side: usize, cells: [(&View, usize); 2], buffers: &mut [Vec<u8>; 2]) -> Verdict {
        self.compare(column, [side; 2], cells, buffers)
    }

    fn compare(
        &self,
        column: usize,
        sides: [usize; 2],
        cells: [(&View, usize); 2],
        buffers: &mut [Vec<u8>; 2],
    ) -> Verdict {
        let encoders = &self.encoders[column];
        if same(column, [&encoders[sides[0]], &encoders[sides[1]]], cells, buffers) {
            return Verdict::Same;
        }
        let number = |(view, row): (&View, usize)| Number::parse(&view.print(row, column)?);
        let Some(tolerance) = self.tolerances[column] else { return Verdict::Different };
        match (number(cells[0]), number(cells[1])) {
            (Some(l), Some(r)) if tolerance.spans(&l, &r) => Verdict::Tolerated,
            _ => Verdict::Different,
        }
    }
}

/// Whether two cells have the same canonical bytes.
fn same(column: usize, encoders: [&Encoder; 2], cells: [(&View, usize); 2], buffers: &mut [Vec<u8>; 2]) -> bool {
    let verbatim = |at: usize| {
        let (view, row) = cells[at];
        view.cells[column]
            .as_ref()
            .filter(|_| view.other(row, column).is_none())
            .and_then(|cells| encoders[at].verbatim(cells, row))
    };
    if let (Some(left), Some(right)) = (verbatim(0), verbatim(1)) {
        return left == right;
    }
    for at in [0, 1] {
        buffers[at].clear();
        let (view, row) = cells[at];
        if let Some(cells) = &view.cells[column] {
            encoders[at].encode(cells, row, view.other(row, column), &mut buffers[at]);
        }
    }
    buffers[0] == buffers[1]
}

/// A batch ready to be looked at cell by cell.
pub struct View {
    cells: Vec<Option<Cells>>,
    others: HashMap<(u32, u32), Other>,
}

impl View {
    /// Over a batch.
    pub fn new(batch: ExportBatch) -> Self {
        Self {
            cells: batch.rows.columns().iter().map(Cells::new).collect(),
            others: batch.others.into_iter().map(|o| ((o.row, o.column), o)).collect(),
        }
    }

    /// The text of a value that the column's type cannot hold.
    pub fn other(&self, row: usize, column: usize) -> Option<&str> {
        self.beside(row, column)?.text.as_deref()
    }

    /// How SQLite stores a value, where that is not plain.
    pub fn stored(&self, row: usize, column: usize) -> Option<&str> {
        self.beside(row, column)?.stored.as_deref()
    }

    fn beside(&self, row: usize, column: usize) -> Option<&Other> {
        if self.others.is_empty() { None } else { self.others.get(&(row as u32, column as u32)) }
    }

    /// The cells of a column; `None` for an Arrow type that is not portable.
    pub fn cells(&self, column: usize) -> Option<&Cells> {
        self.cells.get(column)?.as_ref()
    }

    /// The cell as it is printed; `None` for NULL.
    pub fn print(&self, row: usize, column: usize) -> Option<String> {
        match self.other(row, column) {
            Some(text) => Some(text.to_owned()),
            None => self.cells[column].as_ref().and_then(|cells| cells.print(row)),
        }
    }
}
