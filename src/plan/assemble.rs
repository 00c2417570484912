//! Makes steps of rows that differ, and tells which of them can't be written.

use super::chosen::Chosen;
use super::convert::{Cell, quoted};
use super::fits::fits;
use super::picks::Pick;
use super::rows::{fetch, project, select};
use super::shape::{Link, Shape};
use super::steps::StepRows;
use crate::compare::{Judge, Verdict, View};
use crate::endpoint::{Action, ExportBatch, Holds, Other, is_odd_text, plainly_stored, read_once_stored};
use crate::snapshot::{Parts, SnapshotError};
use crate::table::{Alignment, Cells, Key, PortableBuilder, PortableType};
use arrow::array::{ArrayRef, new_null_array};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What becomes of a row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A step.
    Step,
    /// A step that can't be written, because of a value.
    Misfit {
        /// The written column.
        column: usize,
        /// In words.
        why: String,
        /// The row's key, as printed.
        key: Vec<String>,
    },
    /// Nothing: only columns differ that the database computes.
    Computed,
    /// Nothing: no cell of it can be written.
    Skipped,
}

/// Some rows that differ, made into steps.
#[derive(Clone, Debug)]
pub struct Assembled {
    /// The steps; rows that become none are not in it.
    pub rows: StepRows,
    /// Per row that was asked for, what became of it.
    pub fates: Vec<Fate>,
    /// Per pair in [`Shape::compared`] (and, where cells were chosen, in [`Shape::key`]), in how many of
    /// the steps it changes.
    pub changed: Vec<u64>,
    /// Cells that were left out of their rows' steps: the row, and why as for a misfit.
    pub skipped: Vec<(usize, Fate)>,
}

impl Made {
    /// The column, and what is beside its cells.
    fn column(self) -> (ArrayRef, Vec<Other>) {
        let mut beside: BTreeMap<u32, Other> =
            self.others.into_iter().map(|(row, text)| (row, Other::value(row, 0, text))).collect();
        for (row, stored) in self.stored {
            beside.entry(row).or_insert(Other { row, column: 0, text: None, stored: None }).stored = Some(stored);
        }
        (self.array, beside.into_values().collect())
    }
}

/// Makes steps of rows.
pub struct Assembler<'a> {
    shape: &'a Shape,
    source: &'a Parts,
    written: &'a Parts,
    judge: Judge,
    /// Whether values that a column's type cannot hold can be written where nothing is known of
    /// the column.
    takes_others: bool,
    /// Whether both tables are SQLite's, so that each value can be stored as it is in the source.
    stores: bool,
    /// The reasons for creates and deletes.
    reasons: [&'static str; 2],
    /// The cells that updates are to write, where not all that differ; and the updates that they are of:
    /// their left and right rows, ascending.
    chosen: Option<(&'a Chosen, &'a [(u64, u64)])>,
}

/// One column of the rows after a step.
struct Made {
    array: ArrayRef,
    others: Vec<(u32, String)>,
    /// How SQLite stores the values of rows, as far as that is known.
    stored: Vec<(u32, String)>,
    /// The rows that it does not fit.
    misfits: Vec<(usize, String)>,
    /// The rows whose cell was left out because it does not fit.
    skipped: Vec<(usize, String)>,
}

impl<'a> Assembler<'a> {
    /// From the parts of both sides (0 is left).
    pub fn new(shape: &'a Shape, parts: [&'a Parts; 2], alignment: &Alignment, key: &Key, takes_others: bool) -> Self {
        Self {
            shape,
            source: parts[1 - shape.side],
            written: parts[shape.side],
            judge: Judge::new(alignment, key),
            takes_others,
            stores: false,
            reasons: if shape.side == 1 { ["only left", "only right"] } else { ["only right", "only left"] },
            chosen: None,
        }
    }

    /// Whether both tables are SQLite's.
    pub fn storing(self, stores: bool) -> Self {
        Self { stores, ..self }
    }

    /// Updates write these cells only; `updates` are their left and right rows, ascending. What does not
    /// fit is left out of its row; the others are written.
    pub fn choosing(self, chosen: &'a Chosen, updates: &'a [(u64, u64)]) -> Self {
        let reasons = match self.shape.side {
            1 => ["new on the left", "deleted on the left"],
            _ => ["new on the right", "deleted on the right"],
        };
        Self { chosen: Some((chosen, updates)), reasons, ..self }
    }

    /// How many columns updates may write.
    pub fn width(&self) -> usize {
        self.links().len()
    }

    /// The columns that updates may write.
    fn links(&self) -> Vec<&'a Link> {
        let key: &[Link] = if self.chosen.is_some() { &self.shape.key } else { &[] };
        self.shape.compared.iter().chain(key).collect()
    }

    /// The rows of the table that is written.
    pub fn written(&self) -> &'a Parts {
        self.written
    }

    /// The key of the row that a step is about, as printed.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn key(&self, action: Action, pick: Pick) -> Result<Vec<String>, SnapshotError> {
        let columns = |of: fn(&Link) -> usize| self.shape.key.iter().map(of).collect::<Vec<_>>();
        let batch = match action {
            Action::Create => self.source.fetch(&columns(|link| link.source), &[pick.source])?,
            _ => self.written.fetch(&columns(|link| link.written), &[pick.written])?,
        };
        let all: Vec<usize> = (0..self.shape.key.len()).collect();
        Ok(print_key(&View::new(batch), &all, 0))
    }

    /// Steps that add these rows of the source.
    ///
    /// # Errors
    /// If a row can't be read.
    pub fn creates(&self, rows: &[u64]) -> Result<Assembled, SnapshotError> {
        let links: Vec<&Link> = self.shape.key.iter().chain(&self.shape.compared).collect();
        let projection: Vec<usize> = links.iter().map(|link| link.source).collect();
        let source = View::new(fetch(self.source, &projection, rows)?);
        let all = vec![true; rows.len()];
        let made: Vec<(usize, Made)> = links
            .par_iter()
            .enumerate()
            .filter(|(_, link)| !link.computed)
            .map(|(at, link)| (link.written, self.make(link, &source, at, None, &all)))
            .collect();
        let key: Vec<usize> = (0..self.shape.key.len()).collect();
        let mut fates = vec![Fate::Step; rows.len()];
        note(&mut fates, &made, |row| print_key(&source, &key, row));
        let mut columns: Vec<(ArrayRef, Vec<Other>)> = (0..self.shape.width())
            .map(|at| (new_null_array(&self.shape.column(at).ty.arrow(), rows.len()), Vec::new()))
            .collect();
        for (written, made) in made {
            columns[written] = made.column();
        }
        let after = self.batch(columns)?;
        let steps = steps(&fates);
        let rows = StepRows {
            action: Action::Create,
            reason: self.reasons[0],
            before: None,
            after: Some(select(&after, &steps)?),
            changed: vec![Vec::new(); steps.len()],
            together: vec![0; steps.len()],
            times: Vec::new(),
        };
        Ok(Assembled { rows, fates, changed: vec![0; self.links().len()], skipped: Vec::new() })
    }

    /// Steps that remove these rows of the written table.
    ///
    /// # Errors
    /// If a row can't be read.
    pub fn deletes(&self, rows: &[u64]) -> Result<Assembled, SnapshotError> {
        let before = fetch(self.written, &self.all(), rows)?;
        let rows = StepRows {
            action: Action::Delete,
            reason: self.reasons[1],
            before: Some(before),
            after: None,
            changed: vec![Vec::new(); rows.len()],
            together: vec![0; rows.len()],
            times: Vec::new(),
        };
        let fates = vec![Fate::Step; rows.len()];
        Ok(Assembled { rows, fates, changed: vec![0; self.links().len()], skipped: Vec::new() })
    }

    /// Steps that change rows of the written table to what the source has: pairs of a source row
    /// and a written row.
    ///
    /// # Errors
    /// If a row can't be read.
    pub fn updates(&self, rows: &[(u64, u64)]) -> Result<Assembled, SnapshotError> {
        let compared = self.links();
        let from: Vec<u64> = rows.iter().map(|(source, _)| *source).collect();
        let to: Vec<u64> = rows.iter().map(|(_, written)| *written).collect();
        let (source, before) = rayon::join(
            || fetch(self.source, &compared.iter().map(|link| link.source).collect::<Vec<_>>(), &from),
            || fetch(self.written, &self.all(), &to),
        );
        let (source, before) = (View::new(source?), before?);
        let there = View::new(project(&before, &compared.iter().map(|link| link.written).collect::<Vec<_>>())?);
        let chosen = self.chosen.map(|(chosen, updates)| {
            let left = |(source, written): &(u64, u64)| if self.shape.side == 1 { *source } else { *written };
            let place = |row| updates.partition_point(|(other, _)| *other < left(row));
            chosen.of(&rows.iter().map(place).collect::<Vec<_>>())
        });
        let chosen = chosen.transpose()?;

        let made: Vec<(Vec<bool>, Option<Made>)> = (0..compared.len())
            .into_par_iter()
            .map(|at| {
                let mut differs = match &chosen {
                    None => self.differs([&source, &there], at, rows.len()),
                    Some(chosen) => (0..rows.len()).map(|row| chosen.has(row, at)).collect(),
                };
                let link = compared[at];
                let changes = !link.computed && differs.contains(&true);
                let mut made = changes.then(|| self.make(link, &source, at, Some(&there), &differs));
                let whole = chosen.is_none() || at >= self.shape.compared.len();
                if let Some(first) = made.as_mut().filter(|made| !whole && !made.misfits.is_empty()) {
                    // The other columns of such a row are written all the same.
                    first.misfits.iter().for_each(|(row, _)| differs[*row] = false);
                    let again = self.make(link, &source, at, Some(&there), &differs);
                    first.skipped = std::mem::take(&mut first.misfits);
                    (first.array, first.others, first.stored) = (again.array, again.others, again.stored);
                }
                (differs, made)
            })
            .collect();

        let mut fates = vec![Fate::Computed; rows.len()];
        let mut changed = vec![Vec::new(); rows.len()];
        for ((differs, _), link) in made.iter().zip(&compared).filter(|(_, link)| !link.computed) {
            for row in (0..rows.len()).filter(|row| differs[*row]) {
                fates[row] = Fate::Step;
                changed[row].push(link.written);
            }
        }
        let keys = View::new(project(&before, &self.shape.writes.key)?);
        let key: Vec<usize> = (0..self.shape.writes.key.len()).collect();
        let mut columns: Vec<(ArrayRef, Vec<Other>)> =
            before.rows.columns().iter().map(|array| (array.clone(), Vec::new())).collect();
        for other in &before.others {
            columns[other.column as usize].1.push(other.clone());
        }
        let mut differing = Vec::with_capacity(compared.len());
        let mut new = Vec::new();
        for ((differs, made), link) in made.into_iter().zip(&compared) {
            differing.push(if link.computed { Vec::new() } else { differs });
            new.extend(made.map(|made| (link.written, made)));
        }
        note(&mut fates, &new, |row| print_key(&keys, &key, row));
        let mut skipped = Vec::new();
        for (written, made) in &new {
            for (row, why) in &made.skipped {
                let key = print_key(&keys, &key, *row);
                skipped.push((*row, Fate::Misfit { column: *written, why: why.clone(), key }));
                if fates[*row] == Fate::Computed {
                    fates[*row] = Fate::Skipped;
                }
            }
        }
        for (written, made) in new {
            columns[written] = made.column();
        }
        let after = self.batch(columns)?;
        let steps = steps(&fates);
        let count = |differs: &Vec<bool>| steps.iter().filter(|row| differs.get(**row) == Some(&true)).count() as u64;
        let counts = differing.iter().map(count).collect();
        let rows = StepRows {
            action: Action::Update,
            reason: "changed",
            before: Some(select(&before, &steps)?),
            after: Some(select(&after, &steps)?),
            changed: steps
                .iter()
                .map(|row| {
                    let mut columns = std::mem::take(&mut changed[*row]);
                    columns.sort_unstable();
                    columns
                })
                .collect(),
            together: vec![0; steps.len()],
            times: Vec::new(),
        };
        Ok(Assembled { rows, fates, changed: counts, skipped })
    }

    fn all(&self) -> Vec<usize> {
        (0..self.shape.width()).collect()
    }

    /// In which rows a compared pair differs.
    fn differs(&self, [source, there]: [&View; 2], at: usize, rows: usize) -> Vec<bool> {
        let mut buffers = [Vec::new(), Vec::new()];
        let sides = if self.shape.side == 1 { [source, there] } else { [there, source] };
        (0..rows)
            .map(|row| self.judge.verdict(at, [(sides[0], row), (sides[1], row)], &mut buffers) == Verdict::Different)
            .collect()
    }

    /// A written column: the source's values in the rows that are wanted, what is there in the
    /// others.
    fn make(&self, link: &Link, source: &View, at: usize, there: Option<&View>, wanted: &[bool]) -> Made {
        let column = self.shape.column(link.written);
        let from = &self.source.columns()[link.source];
        let alike = from.ty == column.ty || from.native == column.native;
        // SQLite takes any value in a column without a type of its own, and reads it by its class.
        let by_class = self.stores && !column.declared;
        let source_type = &from.ty;
        let numeric = self.shape.holds(link.written).is_some_and(|holds| holds.numeric);
        let mut builder = PortableBuilder::new(&column.ty);
        let mut misfits = Vec::new();
        let mut failed = vec![false; wanted.len()];
        fn cell(view: &View, column: usize, row: usize) -> Option<Cell<'_>> {
            Some(Cell { cells: view.cells(column)?, row, other: view.other(row, column) })
        }
        for (row, wanted) in wanted.iter().enumerate() {
            let from = if *wanted { cell(source, at, row) } else { there.and_then(|there| cell(there, at, row)) };
            match from {
                None => builder.null(),
                Some(cell) if !wanted => cell.copy(&mut builder),
                Some(cell) if by_class => {
                    let stored = source.stored(row, at).map(str::to_owned);
                    let stored = stored.or_else(|| plainly_stored(source_type, cell.cells, row, cell.other));
                    match stored {
                        None => builder.null(),
                        Some(stored) if read_once_stored(&stored, numeric, &column.ty, &mut builder) => {}
                        Some(_) => {
                            builder.null();
                            misfits.push((row, named(cell, "is kept there as a number, which would change it")));
                            failed[row] = true;
                        }
                    }
                }
                Some(cell) => {
                    // SQLite takes any value in any column, and reads it there as its type says.
                    if let Some(text) = cell.other.filter(|_| self.stores) {
                        if alike { cell.copy(&mut builder) } else { builder.parse(text) }
                    } else if let Err(why) = link.converter.convert(cell, &mut builder) {
                        misfits.push((row, named(cell, &why)));
                        failed[row] = true;
                    }
                }
            }
        }
        let (array, others) = builder.finish();
        let stored = self.stored(link, source, at, there, wanted);
        let skipped = Vec::new();
        let Some(cells) = Cells::new(&array) else { return Made { array, others, stored, misfits, skipped } };
        let mut beside = others.iter().peekable();
        for (row, wanted) in wanted.iter().enumerate() {
            while beside.peek().is_some_and(|(other, _)| (*other as usize) < row) {
                beside.next();
            }
            let other = beside.peek().filter(|(other, _)| *other as usize == row).map(|(_, text)| text.as_str());
            let Some(from) = cell(source, at, row).filter(|_| *wanted && !failed[row]) else { continue };
            let to = Cell { cells: &cells, row, other };
            let odd_text = source.stored(row, at).is_some_and(|stored| self.stores && is_odd_text(stored));
            if odd_text && column.ty == PortableType::Text {
                continue;
            }
            if let Err(why) = self.accept(link, from, to, by_class) {
                misfits.push((row, why));
            }
        }
        Made { array, others, stored, misfits, skipped }
    }

    /// How SQLite stores a column's values: as the source does, if that is SQLite too, where a cell is new.
    fn stored(
        &self,
        link: &Link,
        source: &View,
        at: usize,
        there: Option<&View>,
        wanted: &[bool],
    ) -> Vec<(u32, String)> {
        if !self.stores {
            return Vec::new();
        }
        let (from, to) = (&self.source.columns()[link.source], self.shape.column(link.written));
        let alike = from.ty == to.ty && from.native == to.native;
        let of = |row: usize| -> Option<String> {
            if !wanted[row] {
                return there?.stored(row, at).map(str::to_owned);
            }
            // Stored plainly it may be another class in a column of another type.
            let plain = || plainly_stored(&from.ty, source.cells(at)?, row, source.other(row, at));
            source.stored(row, at).map(str::to_owned).or_else(|| if alike { None } else { plain() })
        };
        (0..wanted.len()).filter_map(|row| Some((row as u32, of(row)?))).collect()
    }

    /// Whether a converted cell can be written; of one made `by_class` it is known that it is the same.
    fn accept(&self, link: &Link, from: Cell<'_>, to: Cell<'_>, by_class: bool) -> Result<(), String> {
        if !by_class {
            link.converter.check(from, to).map_err(|why| named(from, &why))?;
        }
        if to.is_null() {
            return if self.shape.nullable(link.written) { Ok(()) } else { Err("NULL, and it is NOT NULL".to_owned()) };
        }
        match (self.shape.holds(link.written), to.other) {
            // A column of numbers would print it in another way.
            (Some(holds), _) if link.converter.as_text() && !keeps_print(holds, to) => {
                Err(named(from, "is kept there as a number, which would change how it is printed"))
            }
            (Some(holds), other) => fits(holds, &self.shape.column(link.written).ty, to.cells, to.row, other),
            (None, Some(_)) if !self.takes_others => {
                Err(named(from, &format!("is no {}", self.shape.column(link.written).ty)))
            }
            (None, _) => Ok(()),
        }
    }

    fn batch(&self, columns: Vec<(ArrayRef, Vec<Other>)>) -> Result<ExportBatch, SnapshotError> {
        let broken = |why: String| SnapshotError::Damaged { path: "a batch of rows".to_owned(), why };
        let schema = self.written.schema(&self.all());
        let mut arrays = Vec::with_capacity(columns.len());
        let mut others = Vec::new();
        for (at, (array, values)) in columns.into_iter().enumerate() {
            arrays.push(array);
            others.extend(values.into_iter().map(|other| Other { column: at as u32, ..other }));
        }
        others.sort_by_key(|other| (other.row, other.column));
        let rows = arrow::array::RecordBatch::try_new(schema, arrays).map_err(|e| broken(e.to_string()))?;
        Ok(ExportBatch { rows, others })
    }
}

fn named(cell: Cell<'_>, why: &str) -> String {
    format!("{} {why}", quoted(&cell.print().unwrap_or_else(|| "NULL".to_owned())))
}

/// Whether a value that is compared as text is still printed so once it is in its column.
fn keeps_print(holds: &Holds, cell: Cell<'_>) -> bool {
    !holds.numeric || cell.print().is_none_or(|text| holds.keeps(&PortableType::Text, &text))
}

/// Takes note of the values that don't fit.
fn note(fates: &mut [Fate], made: &[(usize, Made)], key: impl Fn(usize) -> Vec<String>) {
    for (column, made) in made {
        for (row, why) in &made.misfits {
            if !matches!(fates[*row], Fate::Misfit { .. }) {
                fates[*row] = Fate::Misfit { column: *column, why: why.clone(), key: key(*row) };
            }
        }
    }
}

fn steps(fates: &[Fate]) -> Vec<usize> {
    fates.iter().enumerate().filter(|(_, fate)| **fate == Fate::Step).map(|(row, _)| row).collect()
}

/// A key as printed.
pub fn print_key(view: &View, columns: &[usize], row: usize) -> Vec<String> {
    columns.iter().map(|column| view.print(row, *column).unwrap_or_else(|| "NULL".to_owned())).collect()
}
