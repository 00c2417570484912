//! Looks at the rows of keys that are not unique: in which columns do they differ, and which
//! columns would tell all of them apart?

use super::groups::Groups;
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::compare::View;
use crate::snapshot::Recipe;
use crate::table::{Alignment, Encoder, Family};
use std::collections::BTreeSet;

/// Keys whose rows are compared column by column; beyond, only what may tell them apart is looked at.
const SAMPLE: usize = 5_000;
/// Rows to read at once.
const CHUNK: usize = 32 * 1024;
/// Rows of a key that take a while.
const MANY: usize = 64;
/// Most columns of which pairs are tried.
const COLUMNS: usize = 24;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Keys that were looked at column by column.
    pub sampled: u64,
    /// Compared pairs of the alignment in which rows of a key differ, and for how many of these keys.
    pub differ: Vec<(usize, u64)>,
    /// Pairs of the alignment, alone or two together, any of which tells all rows of each key
    /// apart and is never NULL in them. Fewest columns first.
    pub apart: Vec<Vec<usize>>,
}

/// Looks at the rows of a side.
pub fn look(evidence: &Evidence<'_>, side: usize, groups: &Groups) -> Result<Look, ReasonError> {
    let columns = Columns::new(evidence, side);
    let sample = &groups.rows[..groups.rows.len().min(SAMPLE)];
    let mut out = Look { sampled: sample.len() as u64, ..Look::default() };

    let all: Vec<usize> = (0..columns.pairs.len()).collect();
    let mut differ = vec![0; all.len()];
    let mut sets: Vec<Vec<usize>> = columns.candidates().into_iter().map(|at| vec![at]).collect();
    let mut pairs = two_of(&columns.candidates());
    let mut whole = each_group(evidence, side, sample, &columns, &all, &mut |values| {
        evidence.check()?;
        for (at, count) in differ.iter_mut().enumerate() {
            *count += u64::from(values.rows.iter().any(|row| row[at] != values.rows[0][at]));
        }
        retain_apart(evidence, &mut sets, values, &all)?;
        retain_apart(evidence, &mut pairs, values, &all)
    })?;
    for (at, count) in differ.into_iter().enumerate() {
        if count > 0 && evidence.alignment.pairs[columns.pairs[at]].compared {
            out.differ.push((columns.pairs[at], count));
        }
    }
    out.differ.sort_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair));

    if groups.whole && whole {
        if sets.is_empty() {
            sets = pairs;
        }
        let wanted: BTreeSet<usize> = sets.iter().flatten().copied().collect();
        let wanted: Vec<usize> = wanted.into_iter().collect();
        if !sets.is_empty() {
            let rest = &groups.rows[sample.len()..];
            whole = each_group(evidence, side, rest, &columns, &wanted, &mut |values| {
                retain_apart(evidence, &mut sets, values, &wanted)
            })?;
        }
        sets.retain(|_| whole);
        out.apart = sets.into_iter().map(|set| set.iter().map(|at| columns.pairs[*at]).collect()).collect();
    }
    Ok(out)
}

/// Keeps the sets of columns that tell a key's rows apart.
fn retain_apart(
    evidence: &Evidence<'_>,
    sets: &mut Vec<Vec<usize>>,
    values: &Values,
    read: &[usize],
) -> Result<(), ReasonError> {
    // Of a few rows, all sets are looked at in no time.
    let many = values.rows.len() > MANY;
    let mut late = Ok(());
    sets.retain(|set| {
        if many && late.is_ok() {
            late = evidence.check();
        }
        late.is_ok() && values.apart(set, read)
    });
    late
}

fn two_of(columns: &[usize]) -> Vec<Vec<usize>> {
    let few = if columns.len() > COLUMNS { &[] } else { columns };
    few.iter().enumerate().flat_map(|(at, one)| few[at + 1..].iter().map(move |other| vec![*one, *other])).collect()
}

/// The pairs of a side that are not in the key.
struct Columns {
    pairs: Vec<usize>,
    positions: Vec<usize>,
    encoders: Vec<Encoder>,
    families: Vec<Family>,
}

impl Columns {
    fn new(evidence: &Evidence<'_>, side: usize) -> Self {
        let every = every_column(evidence.alignment);
        let order = Recipe::order(&every, evidence.key);
        let recipe = &Recipe::of(&every, evidence.key)[side];
        let mut out = Self { pairs: Vec::new(), positions: Vec::new(), encoders: Vec::new(), families: Vec::new() };
        for (pair, column) in order.into_iter().zip(&recipe.compared) {
            // A column that was left out need not have been exported.
            if let Some(position) = evidence.parts[side].position(&column.name) {
                out.pairs.push(pair);
                out.positions.push(position);
                out.encoders.push(column.encoder());
                out.families.push(column.family);
            }
        }
        out
    }

    /// Those that can be part of a key.
    fn candidates(&self) -> Vec<usize> {
        let exact = |at: &usize| !matches!(self.families[*at], Family::Float32 | Family::Float64 | Family::Json);
        (0..self.pairs.len()).filter(exact).collect()
    }
}

/// The alignment with all of its pairs compared.
fn every_column(alignment: &Alignment) -> Alignment {
    let mut every = alignment.clone();
    every.pairs.iter_mut().for_each(|pair| pair.compared = true);
    every
}

/// The canonical values of a key's rows.
struct Values {
    rows: Vec<Vec<Vec<u8>>>,
}

impl Values {
    /// Whether some of the columns tell all rows apart, and none is NULL. `read` says which column
    /// each value is of.
    fn apart(&self, set: &[usize], read: &[usize]) -> bool {
        let places: Vec<usize> = set.iter().filter_map(|at| read.binary_search(at).ok()).collect();
        let mut seen = BTreeSet::new();
        self.rows.iter().all(|row| {
            let tuple: Vec<&[u8]> = places.iter().map(|place| row[*place].as_slice()).collect();
            // Every encoding of NULL is one zero.
            tuple.iter().all(|value| *value != [0]) && seen.insert(tuple)
        })
    }
}

/// Hands over the values of each key's rows in the columns `read`, which ascend. Of a key that has
/// more rows than fit in memory, only the first; it says then that not all were seen.
fn each_group(
    evidence: &Evidence<'_>,
    side: usize,
    groups: &[Vec<u64>],
    columns: &Columns,
    read: &[usize],
    take: &mut dyn FnMut(&Values) -> Result<(), ReasonError>,
) -> Result<bool, ReasonError> {
    let mut whole = true;
    let projection: Vec<usize> = read.iter().map(|at| columns.positions[*at]).collect();
    let most = (evidence.memory / 8 / (64 * read.len().max(1))).clamp(1024, CHUNK);
    let most = evidence.rows_at_once(side, &projection, most);
    let mut rest = groups;
    while !rest.is_empty() {
        evidence.check()?;
        let mut rows = 0;
        let fits = rest.iter().take_while(|group| {
            rows += group.len();
            rows <= most
        });
        let (chunk, later) = rest.split_at(fits.count().max(1));
        rest = later;
        whole &= chunk.iter().all(|group| group.len() <= most);
        let chunk: Vec<&[u64]> = chunk.iter().map(|group| &group[..group.len().min(most)]).collect();
        let mut positions: Vec<u64> = chunk.iter().copied().flatten().copied().collect();
        positions.sort_unstable();
        let view = View::new(evidence.parts[side].fetch(&projection, &positions)?);
        for group in chunk {
            let value = |row: &u64| -> Vec<Vec<u8>> {
                let at = positions.partition_point(|position| position < row);
                (0..read.len()).map(|column| encoded(&view, at, column, &columns.encoders[read[column]])).collect()
            };
            take(&Values { rows: group.iter().map(value).collect() })?;
        }
    }
    Ok(whole)
}

fn encoded(view: &View, row: usize, column: usize, encoder: &Encoder) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(cells) = view.cells(column) {
        encoder.encode(cells, row, view.other(row, column), &mut out);
    }
    out
}

/// Whether a column is NULL in any row of a side.
pub fn has_nulls(evidence: &Evidence<'_>, side: usize, pair: usize) -> Result<bool, ReasonError> {
    let pair = &evidence.alignment.pairs[pair];
    let column = if side == 0 { &pair.left } else { &pair.right };
    let Some(position) = evidence.parts[side].position(&column.name) else { return Ok(true) };
    let found = std::sync::atomic::AtomicBool::new(false);
    let scanned = evidence.parts[side].scan(&[position], &|_, batch| {
        evidence.check_scan()?;
        // A value that the type can't hold leaves a NULL behind.
        let nulls = batch.rows.column(0).null_count();
        let others = batch.others.iter().filter(|other| other.text.is_some()).count();
        if nulls > others {
            found.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    });
    evidence.check()?;
    scanned?;
    Ok(found.into_inner())
}
