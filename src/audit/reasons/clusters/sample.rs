//! Rows to find conditions on: those that differ, as far as they are not too many, and a spread
//! sample of the others, each column's values as ranks in their order.

use super::condition::Test;
use super::drawn::{evenly, most, sampled_rows};
use super::measure::Measure;
use super::population::{Population, Role};
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::compare::View;
use crate::table::Cells;
use arrow::array::{Array, StringArray};
use rayon::prelude::*;

/// Columns read at once.
const COLUMNS: usize = 4;
/// The rank of NULL.
pub const NULL: u32 = u32::MAX;
/// The rank of a value that meets no condition.
pub const NONE: u32 = u32::MAX - 1;
/// Bytes of a text's beginning that prefixes are looked for in.
pub const PREFIX: usize = 32;
/// Bytes of a text that a condition may spell out.
const LONGEST: usize = 200;

/// Sampled rows of one side.
pub struct Sample {
    /// What each row was chosen as, by the bits below.
    pub rows: Vec<u8>,
    /// All columns.
    pub columns: Vec<SampledColumn>,
}

/// One of the rows that are on this side only.
pub const ONLY: u8 = 1;
/// One of the changed rows.
pub const CHANGED: u8 = 2;
/// One of the rows that have a partner, drawn evenly.
pub const SPREAD: u8 = 4;
/// A changed row, whatever it was chosen as.
pub const IS_CHANGED: u8 = 8;

/// The order that a column's values have.
pub enum Values {
    /// Their numbers, ascending.
    Keys(Vec<i128>),
    /// Texts and, ascending, the places of the distinct ones.
    Texts(StringArray, Vec<u32>),
    /// None.
    Nothing,
}

/// A column's values in the sampled rows.
pub struct SampledColumn {
    /// Its position among the side's columns.
    pub at: usize,
    /// How its values are ordered.
    pub measure: Measure,
    /// Per row, the rank of its value among the distinct ones.
    pub ranks: Vec<u32>,
    /// The distinct values.
    pub values: Values,
    /// About how many distinct values the whole column has.
    pub distinct: f64,
    /// How many distinct beginnings of each length the texts have.
    pub beginnings: Vec<u32>,
}

impl Sample {
    /// Draws rows of a side, the same ones every time.
    ///
    /// # Errors
    /// If rows can't be read, or the person interrupts.
    pub fn draw(evidence: &Evidence<'_>, population: &Population<'_>) -> Result<Self, ReasonError> {
        let parts = population.parts;
        let most = most(parts, evidence.memory);
        let mut chosen: Vec<(u64, u8)> = Vec::with_capacity(3 * most);
        chosen.extend(evenly(population.only, most).map(|row| (row, ONLY)));
        chosen.extend(evenly(&population.changed, most).map(|row| (row, CHANGED | IS_CHANGED)));
        for row in sampled_rows(parts, evidence.memory) {
            match population.role(row) {
                Role::Changed => chosen.push((row, SPREAD | IS_CHANGED)),
                Role::Other => chosen.push((row, SPREAD)),
                Role::Only | Role::Out => {}
            }
        }
        chosen.sort_unstable();
        chosen.dedup_by(|again, kept| {
            let same = again.0 == kept.0;
            if same {
                kept.1 |= again.1;
            }
            same
        });
        let positions: Vec<u64> = chosen.iter().map(|(row, _)| *row).collect();
        let mut columns = Vec::with_capacity(parts.columns().len());
        let all: Vec<usize> = (0..parts.columns().len()).collect();
        for some in all.chunks(COLUMNS) {
            evidence.check()?;
            let view = View::new(parts.fetch(some, &positions)?);
            let read: Vec<SampledColumn> = some
                .par_iter()
                .enumerate()
                .filter_map(|(i, at)| {
                    let measure = Measure::of(&parts.columns()[*at].ty);
                    let foreign = |row: usize| view.other(row, i).is_some();
                    Some(SampledColumn::new(*at, measure, view.cells(i)?, &foreign, (positions.len(), parts.rows())))
                })
                .collect();
            columns.extend(read);
        }
        Ok(Self { rows: chosen.into_iter().map(|(_, flags)| flags).collect(), columns })
    }

    /// The same rows without these columns.
    pub fn without(mut self, columns: &[usize]) -> Self {
        self.columns.retain(|column| !columns.contains(&column.at));
        self
    }
}

impl SampledColumn {
    /// Ranks values. `rows` are those of the sample and of the table.
    fn new(at: usize, measure: Measure, cells: &Cells, foreign: &dyn Fn(usize) -> bool, rows: (usize, u64)) -> Self {
        let mut ranks: Vec<u32> =
            (0..rows.0).map(|row| if cells.is_null(row) && !foreign(row) { NULL } else { NONE }).collect();
        let mut beginnings = Vec::new();
        let (values, distinct, ranked) = match (measure, cells) {
            (Measure::Presence, _) => (Values::Nothing, 0, 0),
            (Measure::Text { prefixes }, Cells::Text(array)) => {
                let valid = (0..rows.0 as u32).filter(|row| array.is_valid(*row as usize));
                let text = |row: u32| array.value(row as usize);
                // Most texts differ in their first bytes: these are at hand, the rest is far away.
                let mut order: Vec<(u64, u32)> = valid.map(|row| (leading(text(row)), row)).collect();
                order.sort_unstable_by(|(one, a), (two, b)| {
                    one.cmp(two).then_with(|| text(*a).cmp(text(*b))).then(a.cmp(b))
                });
                let mut firsts: Vec<u32> = Vec::new();
                for (_, row) in &order {
                    if firsts.last().is_none_or(|last| text(*last) != text(*row)) {
                        firsts.push(*row);
                    }
                    ranks[*row as usize] = firsts.len() as u32 - 1;
                }
                if prefixes {
                    beginnings = distinct_beginnings(firsts.iter().map(|row| text(*row).as_bytes()));
                }
                let many = firsts.len();
                (Values::Texts(array.clone(), firsts), many, order.len())
            }
            _ => {
                let mut keyed: Vec<(i128, u32)> = Vec::with_capacity(rows.0);
                measure.keys(cells, &mut |row, key| keyed.push((key, row as u32)));
                keyed.sort_unstable();
                let mut keys: Vec<i128> = Vec::new();
                for (key, row) in &keyed {
                    if keys.last() != Some(key) {
                        keys.push(*key);
                    }
                    ranks[*row as usize] = keys.len() as u32 - 1;
                }
                let many = keys.len();
                (Values::Keys(keys), many, keyed.len())
            }
        };
        // Where most values are there once, so they are in the rows that were not drawn.
        let more = if 2 * distinct > ranked { rows.1 as f64 / rows.0.max(1) as f64 } else { 1.0 };
        Self { at, measure, ranks, values, distinct: (distinct as f64 * more).max(1.0), beginnings }
    }

    /// How many distinct values were drawn.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Keys(keys) => keys.len(),
            Values::Texts(_, rows) => rows.len(),
            Values::Nothing => 0,
        }
    }

    /// The text of a rank; empty if there is none.
    pub fn text(&self, rank: usize) -> &str {
        match &self.values {
            Values::Texts(array, rows) => rows.get(rank).map_or("", |row| array.value(*row as usize)),
            _ => "",
        }
    }

    /// The condition to be the value of this rank, if it can be spelled out.
    pub fn equal(&self, rank: usize) -> Option<Test> {
        match &self.values {
            Values::Keys(keys) => keys.get(rank).map(|key| Test::Within(Some(*key), Some(*key))),
            Values::Texts(..) => {
                let text = self.text(rank);
                let clean = text.len() <= LONGEST && !text.chars().any(char::is_control);
                clean.then(|| Test::Equal(text.to_owned()))
            }
            Values::Nothing => None,
        }
    }
}

/// A text's first bytes, as a number that orders as they do.
fn leading(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let many = text.len().min(bytes.len());
    bytes[..many].copy_from_slice(&text.as_bytes()[..many]);
    u64::from_be_bytes(bytes)
}

/// How many distinct beginnings of 0, 1, 2 … bytes there are, of distinct texts in order.
fn distinct_beginnings<'t>(texts: impl Iterator<Item = &'t [u8]>) -> Vec<u32> {
    let mut parted_at = [0u32; PREFIX + 1];
    let mut last: Option<&[u8]> = None;
    for text in texts {
        let common = last.map_or(0, |last| last.iter().zip(text).take(PREFIX).take_while(|(a, b)| a == b).count());
        parted_at[common] += 1;
        last = Some(text);
    }
    // A beginning of n bytes is new wherever fewer than n are shared with the text before.
    let mut sum = 0;
    let mut out = vec![1];
    out.extend(parted_at.iter().map(|many| {
        sum += many;
        sum
    }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_order_as_texts_do() {
        let texts = ["", "\0", "a", "a\0", "abcdefgh", "abcdefghi", "abcdefgj", "b", "ä"];
        assert!(texts.is_sorted() && texts.map(leading).is_sorted());
    }

    #[test]
    fn beginnings_are_counted() {
        let counts = distinct_beginnings([b"DE-1".as_slice(), b"DE-2", b"FR-1"].into_iter());
        assert_eq!(counts[..5], [1, 2, 2, 2, 3]);
    }
}
