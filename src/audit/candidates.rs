//! Which columns identify a row? Candidates are counted, never guessed: distinct values, NULLs,
//! and how many values meet on the other side, in all rows of both.

use crate::compare::{CompareError, CompareOptions, Side, compare};
use crate::endpoint::Interrupt;
use crate::snapshot::{IndexOptions, Parts, Recipe, Silent, index_parts};
use crate::table::{Alignment, Cells, Encoder, Fingerprint, Key, KeyChoice, PortableType, TableInfo, fingerprint};
use std::collections::HashSet;
use std::path::Path;

/// A column, or several together, as a key.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Positions in the alignment.
    pub pairs: Vec<usize>,
    /// Distinct values without NULL: left, right.
    pub distinct: [u64; 2],
    /// Rows: left, right.
    pub rows: [u64; 2],
    /// Rows with a NULL in it: left, right.
    pub nulls: [u64; 2],
    /// Distinct values that are on both sides.
    pub meets: u64,
    /// One of the two tables declares it its primary key or unique.
    pub declared: bool,
}

impl Candidate {
    /// Whether it is unique and never NULL on both sides.
    pub fn identifies(&self) -> bool {
        [0, 1].into_iter().all(|side| self.distinct[side] == self.rows[side])
    }

    fn score(&self, alignment: &Alignment) -> f64 {
        let most = self.distinct[0].max(self.distinct[1]).max(1) as f64;
        let names: f64 = self.pairs.iter().map(|i| name_score(&alignment.pairs[*i].left.name)).sum();
        let declared = if self.declared { 3.0 } else { 0.0 };
        4.0 * self.meets as f64 / most + declared + names / self.pairs.len() as f64
    }

    fn nearness(&self) -> f64 {
        let share = |side: usize| self.distinct[side] as f64 / self.rows[side].max(1) as f64;
        share(0).min(share(1))
    }
}

/// What inferring a key led to.
#[derive(Clone, Debug)]
pub struct Shortlist {
    /// The key, if something identifies a row.
    pub key: Option<(Key, Candidate)>,
    /// What came nearest, best first.
    pub nearest: Vec<Candidate>,
}

/// What counting needs.
pub struct Survey<'a> {
    /// The rows of both sides.
    pub sides: [&'a Parts; 2],
    /// Their tables.
    pub tables: [&'a TableInfo; 2],
    /// How their columns correspond.
    pub alignment: &'a Alignment,
    /// An empty folder for what is written on the way.
    pub folder: &'a Path,
    /// Bytes of memory to stay under.
    pub memory: usize,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
}

/// Rows looked at first: a column that is not unique here is not unique.
const SAMPLE: u64 = 20_000;
/// Candidates counted in full at most, when several columns together are tried.
const MOST_PAIRS: usize = 8;
/// How many of the nearest are named when nothing identifies a row.
const NEAREST: usize = 3;

/// Finds the best key: a column, else a pair of columns, that is unique and never NULL on both
/// sides.
///
/// # Errors
/// If counting fails.
pub fn infer(survey: &Survey<'_>) -> Result<Shortlist, CompareError> {
    let samples = Samples::new(survey)?;
    let columns: Vec<usize> =
        (0..survey.alignment.pairs.len()).filter(|i| can_be_key(&survey.alignment.pairs[*i].left.ty)).collect();

    let singles: Vec<Vec<usize>> = columns.iter().map(|i| vec![*i]).collect();
    let hopeful: Vec<_> = singles.iter().filter(|pairs| samples.unique(pairs)).cloned().collect();
    if let Some(found) = best(survey, &hopeful)? {
        return Ok(found);
    }
    let mut couples: Vec<Vec<usize>> = columns
        .iter()
        .enumerate()
        .flat_map(|(at, a)| columns[at + 1..].iter().map(|b| vec![*a, *b]))
        .filter(|pairs| samples.unique(pairs))
        .collect();
    let name =
        |pairs: &[usize]| -> f64 { pairs.iter().map(|i| name_score(&survey.alignment.pairs[*i].left.name)).sum() };
    couples.sort_by(|a, b| name(b).total_cmp(&name(a)));
    couples.truncate(MOST_PAIRS);
    if let Some(found) = best(survey, &couples)? {
        return Ok(found);
    }

    let mut by_sample = singles;
    by_sample.sort_by_key(|pairs| std::cmp::Reverse(samples.distinct(pairs)));
    by_sample.truncate(NEAREST);
    let mut nearest = by_sample.iter().map(|pairs| survey.count(pairs)).collect::<Result<Vec<_>, CompareError>>()?;
    nearest.sort_by(|a, b| b.nearness().total_cmp(&a.nearness()));
    Ok(Shortlist { key: None, nearest })
}

fn best(survey: &Survey<'_>, candidates: &[Vec<usize>]) -> Result<Option<Shortlist>, CompareError> {
    let mut hopeful: Vec<Candidate> = candidates.iter().map(|pairs| survey.hope(pairs)).collect();
    hopeful.sort_by(|a, b| b.score(survey.alignment).total_cmp(&a.score(survey.alignment)));
    let mut counted: Vec<Candidate> = Vec::new();
    for hope in &hopeful {
        // The hope is the best that counting could show: what is behind what was found stays there.
        let found = counted.iter().map(|candidate| candidate.score(survey.alignment)).max_by(f64::total_cmp);
        if found.is_some_and(|found| found >= hope.score(survey.alignment)) {
            break;
        }
        let candidate = survey.count(&hope.pairs)?;
        if candidate.identifies() {
            counted.push(candidate);
        }
    }
    counted.sort_by(|a, b| b.score(survey.alignment).total_cmp(&a.score(survey.alignment)));
    let Some(first) = counted.first().cloned() else { return Ok(None) };
    let key = Key { pairs: first.pairs.clone(), chosen: KeyChoice::Inferred };
    Ok(Some(Shortlist { key: Some((key, first)), nearest: counted }))
}

impl Survey<'_> {
    /// A candidate as if all of its values met on the other side.
    fn hope(&self, pairs: &[usize]) -> Candidate {
        let declared = self.is_declared(pairs);
        Candidate { pairs: pairs.to_vec(), distinct: [1, 1], rows: [1, 1], nulls: [0, 0], meets: 1, declared }
    }

    /// Whether one of the two tables declares these columns its primary key or unique.
    fn is_declared(&self, pairs: &[usize]) -> bool {
        let names = |of: fn(&crate::table::Pair) -> &str| -> HashSet<&str> {
            pairs.iter().map(|i| of(&self.alignment.pairs[*i])).collect()
        };
        let declares = |table: &TableInfo, names: HashSet<&str>| {
            std::iter::once(&table.primary_key)
                .chain(&table.unique)
                .any(|key| key.len() == names.len() && key.iter().all(|name| names.contains(name.as_str())))
        };
        declares(self.tables[0], names(|p| &p.left.name)) || declares(self.tables[1], names(|p| &p.right.name))
    }

    /// Counts one candidate in all rows of both sides.
    ///
    /// # Errors
    /// If reading or counting fails.
    pub fn count(&self, pairs: &[usize]) -> Result<Candidate, CompareError> {
        let key = Key { pairs: pairs.to_vec(), chosen: KeyChoice::Inferred };
        let mut alignment = self.alignment.clone();
        alignment.pairs.iter_mut().for_each(|pair| pair.compared = false);
        let recipes = Recipe::of(&alignment, &key);
        let folders = [self.folder.join("left"), self.folder.join("right")];
        let index = |side: usize| {
            let options = IndexOptions {
                filter: None,
                folder: &folders[side],
                memory: self.memory / 4,
                interrupt: &self.interrupt,
                progress: &Silent,
            };
            index_parts(self.sides[side], &recipes[side], &options)
        };
        let (left, right) = (index(0)?, index(1)?);
        let options =
            CompareOptions { memory: self.memory, samples: 0, interrupt: self.interrupt.clone(), progress: &Silent };
        let side = |at: usize, index| Side { parts: self.sides[at], index };
        let counts = compare(side(0, &left), side(1, &right), &alignment, &key, &options)?;
        Ok(Candidate {
            pairs: pairs.to_vec(),
            distinct: counts.sides.map(|side| side.distinct_keys),
            rows: counts.sides.map(|side| side.rows),
            nulls: counts.sides.map(|side| side.null_keys),
            meets: counts.in_both,
            declared: self.is_declared(pairs),
        })
    }
}

fn can_be_key(ty: &PortableType) -> bool {
    use PortableType as T;
    !matches!(ty, T::Boolean | T::Float32 | T::Float64 | T::Json)
}

/// How much a name looks like a key's.
fn name_score(name: &str) -> f64 {
    let name = name.to_lowercase();
    const LIKE: [&str; 12] =
        ["id", "key", "uuid", "guid", "code", "number", "no", "nr", "email", "ref", "slug", "isbn"];
    if name == "id" || name == "uuid" {
        return 3.0;
    }
    let last = name.rsplit(['_', '-', ' ']).next().unwrap_or_default();
    if LIKE.contains(&last) {
        2.0
    } else if name.ends_with("id") || name.ends_with("key") || name.ends_with("code") {
        1.0
    } else {
        0.0
    }
}

/// The first rows of both sides, encoded.
struct Samples {
    /// By side, then pair, then row; `None` for NULL.
    cells: [Vec<Vec<Option<Fingerprint>>>; 2],
}

impl Samples {
    fn new(survey: &Survey<'_>) -> Result<Self, CompareError> {
        let read = |side: usize| -> Result<Vec<Vec<Option<Fingerprint>>>, CompareError> {
            let parts = survey.sides[side];
            let rows: Vec<u64> = (0..parts.rows().min(SAMPLE)).collect();
            survey
                .alignment
                .pairs
                .iter()
                .map(|pair| {
                    let column = if side == 0 { &pair.left } else { &pair.right };
                    let Some(at) = parts.position(&column.name) else { return Ok(Vec::new()) };
                    let batch = parts.fetch(&[at], &rows)?;
                    let encoder = Encoder::new(column.ty.clone(), pair.family, pair.rules, None);
                    let others: std::collections::HashMap<u32, &str> =
                        batch.others.iter().map(|o| (o.row, o.text.as_str())).collect();
                    let Some(cells) = Cells::new(batch.rows.column(0)) else { return Ok(Vec::new()) };
                    let mut buffer = Vec::new();
                    Ok((0..rows.len())
                        .map(|row| {
                            let other = others.get(&(row as u32)).copied();
                            buffer.clear();
                            encoder.encode(&cells, row, other, &mut buffer);
                            (other.is_some() || !cells.is_null(row)).then(|| fingerprint(&buffer))
                        })
                        .collect())
                })
                .collect()
        };
        Ok(Self { cells: [read(0)?, read(1)?] })
    }

    fn distinct_on(&self, side: usize, pairs: &[usize]) -> (usize, usize) {
        let columns: Vec<&Vec<Option<Fingerprint>>> = pairs.iter().map(|i| &self.cells[side][*i]).collect();
        let rows = columns.first().map_or(0, |column| column.len());
        let keys: HashSet<Vec<Fingerprint>> = (0..rows)
            .filter_map(|row| columns.iter().map(|column| column.get(row).copied().flatten()).collect())
            .collect();
        (keys.len(), rows)
    }

    fn unique(&self, pairs: &[usize]) -> bool {
        [0, 1].into_iter().all(|side| {
            let (distinct, rows) = self.distinct_on(side, pairs);
            distinct == rows
        })
    }

    /// The smaller share of distinct values of the two sides, in thousandths.
    fn distinct(&self, pairs: &[usize]) -> usize {
        let share = |side: usize| {
            let (distinct, rows) = self.distinct_on(side, pairs);
            distinct * 1000 / rows.max(1)
        };
        share(0).min(share(1))
    }
}
