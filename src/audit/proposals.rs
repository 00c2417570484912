//! Proposals: columns that no column of the other table is named like, of which the values say that
//! they belong together. Nothing is ever done because of them.
//!
//! Two columns are the same if their values are, in nearly all rows that a key brought together; two
//! are a key under different names if their values are unique on both sides and mostly in common. Of
//! large tables a part is looked at, drawn by a hash, and what is said is said of that part.

use super::reasons::quoted;
use super::thousands;
use crate::compare::CompareError;
use crate::endpoint::Interrupt;
use crate::snapshot::{Index, Parts, SnapshotError};
use crate::table::{
    Alignment, Cells, Column, Encoder, Family, Fingerprint, Key, KeyChoice, PortableType, Rules, TableInfo, family,
    fingerprint, nearest, spelled_pair,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// An option that a person may want to give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// As it is pasted.
    pub option: String,
    /// The rows in which the values are the same, or the values that both sides have.
    pub rows: u64,
    /// Of so many that were looked at.
    pub of: u64,
    /// In words.
    pub text: String,
}

/// Two compared tables of which both have columns without a partner.
pub struct Unpaired<'a> {
    /// The rows of both.
    pub parts: [&'a Parts; 2],
    /// Their indexes.
    pub indexes: [&'a Index; 2],
    /// What they are.
    pub tables: [&'a TableInfo; 2],
    /// How their other columns correspond.
    pub alignment: &'a Alignment,
    /// What brought their rows together.
    pub key: &'a Key,
    /// Whether conditions chose their rows: then the values of all rows tell nothing.
    pub chosen: bool,
    /// Set when the person interrupts.
    pub interrupt: Interrupt,
}

/// The values of two tables' columns.
struct Sources<'a> {
    parts: [&'a Parts; 2],
    tables: [&'a TableInfo; 2],
    interrupt: &'a Interrupt,
}

/// Columns of a side that are looked at, at most.
const COLUMNS: usize = 16;
/// Rows or values that are looked at, about, at most.
const LOOKED_AT: u64 = 20_000;
/// In tables of more rows, only columns that are named alike, or declared, are tried as keys.
const MANY: u64 = 5_000_000;
/// The share of rows in which two columns have the same value, at least, in percent.
const SAME: u64 = 95;
/// The share of its values that two keys have in common, at least, in percent.
const COMMON: u64 = 80;

/// What is to be proposed, most telling first.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn proposals(unpaired: &Unpaired<'_>) -> Result<Vec<Proposal>, CompareError> {
    let [left, right] = [unpaired.columns(0), unpaired.columns(1)];
    if left.is_empty() || right.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    let declared = unpaired.alignment.declared_by(unpaired.tables[0], unpaired.tables[1], &unpaired.key.pairs);
    let settled = unpaired.key.chosen == KeyChoice::Given || declared == Some(crate::table::Declared::Both);
    let key = if settled || unpaired.chosen { None } else { keys(&unpaired.values(), [&left, &right])? };
    let is_key = |l: &Column, r: &Column| key.as_ref().is_some_and(|(kl, kr, _)| *kl == l.name || *kr == r.name);
    let maps = maps(unpaired, [&left, &right], &is_key)?;
    out.extend(key.map(|(_, _, proposal)| proposal));
    out.extend(maps);
    Ok(out)
}

/// The key of two tables that have no column name in common, if two columns look like it.
///
/// # Errors
/// If rows can't be read, or the person interrupts.
pub fn key_under_two_names(
    parts: [&Parts; 2],
    tables: [&TableInfo; 2],
    interrupt: &Interrupt,
) -> Result<Option<Proposal>, CompareError> {
    let columns = parts.map(|parts| &parts.columns()[..parts.columns().len().min(COLUMNS)]);
    Ok(keys(&Sources { parts, tables, interrupt }, columns)?.map(|(_, _, proposal)| proposal))
}

impl Sources<'_> {
    fn check(&self) -> Result<(), CompareError> {
        if self.interrupt.is_set() { Err(CompareError::Interrupted) } else { Ok(()) }
    }

    /// So many rows, drawn one in this many, are enough.
    fn one_in(&self) -> u64 {
        let rows = self.parts[0].rows().max(self.parts[1].rows());
        rows.div_ceil(LOOKED_AT).next_power_of_two()
    }
}

impl Unpaired<'_> {
    fn values(&self) -> Sources<'_> {
        Sources { parts: self.parts, tables: self.tables, interrupt: &self.interrupt }
    }

    /// The columns of a side without a partner that were read, and that the job does not leave out.
    fn columns(&self, side: usize) -> Vec<Column> {
        let names = self.alignment.unpaired(side);
        let read = |name: &String| Some(self.parts[side].columns()[self.parts[side].position(name)?].clone());
        names.iter().filter_map(read).take(COLUMNS).collect()
    }
}

/// How much two names look as if they meant the same.
fn alike(left: &str, right: &str) -> u8 {
    let fold = |name: &str| name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (one, other) = (fold(left), fold(right));
    if one.contains(&other) || other.contains(&one) {
        2
    } else {
        u8::from(nearest(left, &[right.to_owned()]).is_some())
    }
}

/// As a word of an option: quoted for the shell where it has to be.
fn option(flag: &str, left: &str, right: &str) -> String {
    format!("{flag} {}", quoted(&spelled_pair(left, right)))
}

/// The values of a column that were looked at.
struct Values {
    seen: HashSet<Fingerprint>,
    /// Unique and never NULL, as far as was looked at.
    unique: bool,
}

fn values(
    sources: &Sources<'_>,
    side: usize,
    column: &Column,
    family: Family,
    one_in: u64,
) -> Result<Values, CompareError> {
    let parts = sources.parts[side];
    let encoder = Encoder::new(column.ty.clone(), family, Rules::default(), None);
    let mut out = Values { seen: HashSet::new(), unique: true };
    let Some(at) = parts.position(&column.name) else { return Ok(Values { unique: false, ..out }) };
    let mut buffer = Vec::new();
    parts.each(&[at], &mut |batch| {
        if sources.interrupt.is_set() {
            return Err(SnapshotError::Interrupted);
        }
        let Some(cells) = Cells::new(batch.rows.column(0)).filter(|_| out.unique) else { return Ok(()) };
        for row in 0..batch.rows.num_rows() {
            let other = batch.other(row, 0);
            buffer.clear();
            encoder.encode(&cells, row, other, &mut buffer);
            let value = fingerprint(&buffer);
            let null = other.is_none() && cells.is_null(row);
            // A value that comes twice is drawn twice.
            out.unique &= !null && (value.low & (one_in - 1) != 0 || out.seen.insert(value));
        }
        Ok(())
    })?;
    Ok(out)
}

/// A proposal, and the names of the left and the right column.
type Named = (String, String, Proposal);
/// How many tables declare it, how alike the names are, and the share of common values.
type Rank = (u8, u8, u64);

/// The best pair of columns that looks like the key under two names.
fn keys(sources: &Sources<'_>, columns: [&[Column]; 2]) -> Result<Option<Named>, CompareError> {
    use PortableType as T;
    let one_in = sources.one_in();
    let fits = |column: &Column| {
        !matches!(column.ty, T::Boolean | T::Float32 | T::Float64 | T::Json | T::Date | T::Time { .. })
    };
    let is_key = |side: usize, column: &Column| sources.tables[side].primary_key == [column.name.clone()];
    let many = sources.parts.iter().any(|parts| parts.rows() > MANY);
    let mut known: Vec<((usize, usize), Family, Values)> = Vec::new();
    let mut best: Option<(Rank, Named)> = None;
    for (l, left) in columns[0].iter().enumerate().filter(|(_, column)| fits(column)) {
        for (r, right) in columns[1].iter().enumerate().filter(|(_, column)| fits(column)) {
            sources.check()?;
            let declared = u8::from(is_key(0, left)) + u8::from(is_key(1, right));
            if many && declared == 0 && alike(&left.name, &right.name) == 0 {
                continue;
            }
            let family = family(&left.ty, &right.ty);
            for (side, (at, column)) in [(l, left), (r, right)].into_iter().enumerate() {
                if !known.iter().any(|(own, of, _)| (*own, *of) == ((side, at), family)) {
                    known.push(((side, at), family, values(sources, side, column, family, one_in)?));
                }
            }
            let of = |side: usize, at: usize| {
                known.iter().find(|(own, of, _)| (*own, *of) == ((side, at), family)).map(|(_, _, values)| values)
            };
            let (Some(own), Some(other)) = (of(0, l), of(1, r)) else { continue };
            let rows = own.seen.intersection(&other.seen).count() as u64;
            let of = own.seen.len().min(other.seen.len()) as u64;
            if !own.unique || !other.unique || of < 2 || rows * 100 < of * COMMON {
                continue;
            }
            let option = option("--key", &left.name, &right.name);
            let rank = (declared, alike(&left.name, &right.name), rows * 1000 / of);
            let looked = if one_in == 1 { "" } else { " that were looked at" };
            let text = format!(
                "`{}` on the left and `{}` on the right are unique, and have {} of {} values{looked} in common: they \
                 may be the key under two names",
                left.name,
                right.name,
                thousands(rows),
                thousands(of)
            );
            let proposal = Proposal { option, rows, of, text };
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, (left.name.clone(), right.name.clone(), proposal)));
            }
        }
    }
    Ok(best.map(|(_, found)| found))
}

/// Rows that the key brought together, drawn by its fingerprint: the left ones ascending, and the
/// place of each right one among the right ones, ascending as well.
struct Matched {
    left: Vec<u64>,
    right: Vec<u64>,
    places: Vec<usize>,
}

fn matched(unpaired: &Unpaired<'_>, one_in: u64) -> Result<Matched, CompareError> {
    let mut sides: [BTreeMap<Fingerprint, (u64, u64)>; 2] = Default::default();
    for (index, rows) in unpaired.indexes.iter().zip(&mut sides) {
        for split in &index.splits {
            unpaired.values().check()?;
            split.each(&mut |row| {
                if let Some(key) = row.key.filter(|key| key.low & (one_in - 1) == 0) {
                    rows.entry(key).or_insert((row.row, 0)).1 += 1;
                }
            })?;
        }
    }
    let [left, right] = sides;
    let mut pairs: Vec<(u64, u64)> = left
        .iter()
        .filter_map(|(key, (row, copies))| {
            let (other, others) = right.get(key)?;
            (*copies == 1 && *others == 1).then_some((*row, *other))
        })
        .collect();
    pairs.sort_unstable();
    let mut right: Vec<u64> = pairs.iter().map(|(_, right)| *right).collect();
    right.sort_unstable();
    let places = pairs.iter().map(|(_, row)| right.partition_point(|other| other < row)).collect();
    Ok(Matched { left: pairs.iter().map(|(left, _)| *left).collect(), right, places })
}

/// The values of a column in some rows; `None` for NULL.
type ColumnValues = Vec<Option<Fingerprint>>;

/// The values of rows.
fn cells(parts: &Parts, column: &Column, family: Family, rows: &[u64]) -> Result<ColumnValues, CompareError> {
    let none = || Ok(vec![None; rows.len()]);
    let Some(at) = parts.position(&column.name) else { return none() };
    let batch = parts.fetch(&[at], rows)?;
    let Some(cells) = Cells::new(batch.rows.column(0)) else { return none() };
    let others: HashMap<u32, &str> =
        batch.others.iter().filter_map(|other| Some((other.row, other.text.as_deref()?))).collect();
    let encoder = Encoder::new(column.ty.clone(), family, Rules::default(), None);
    let mut buffer = Vec::new();
    let value = |row: usize| {
        let other = others.get(&(row as u32)).copied();
        if other.is_none() && cells.is_null(row) {
            return None;
        }
        buffer.clear();
        encoder.encode(&cells, row, other, &mut buffer);
        Some(fingerprint(&buffer))
    };
    Ok((0..rows.len()).map(value).collect())
}

/// In how many rows two columns have the same value, of how many in which one of them has any; `None`
/// if that is no more than chance would give.
fn same(left: &[Option<Fingerprint>], right: &[Option<Fingerprint>], places: &[usize]) -> Option<(u64, u64)> {
    let (mut rows, mut of) = (0u64, 0u64);
    let mut counts: HashMap<Option<Fingerprint>, [u64; 2]> = HashMap::new();
    for (value, place) in left.iter().zip(places) {
        let other = right[*place];
        if value.is_none() && other.is_none() {
            continue;
        }
        of += 1;
        rows += u64::from(*value == other);
        counts.entry(*value).or_default()[0] += 1;
        counts.entry(other).or_default()[1] += 1;
    }
    let all = of as f64;
    let chance: f64 = counts.values().map(|[left, right]| *left as f64 / all * (*right as f64 / all)).sum();
    let share = rows as f64 / all;
    (of >= 2 && rows * 100 >= of * SAME && 1.0 - share <= (1.0 - chance) / 4.0 && chance < 1.0).then_some((rows, of))
}

fn maps(
    unpaired: &Unpaired<'_>,
    columns: [&[Column]; 2],
    taken: &dyn Fn(&Column, &Column) -> bool,
) -> Result<Vec<Proposal>, CompareError> {
    let one_in = unpaired.values().one_in();
    let rows = matched(unpaired, one_in)?;
    let mut known: [Vec<(usize, Family, ColumnValues)>; 2] = Default::default();
    let mut found = Vec::new();
    for (l, left) in columns[0].iter().enumerate() {
        for (r, right) in columns[1].iter().enumerate() {
            unpaired.values().check()?;
            let family = family(&left.ty, &right.ty);
            for (side, (at, column, positions)) in
                [(l, left, &rows.left), (r, right, &rows.right)].into_iter().enumerate()
            {
                if !known[side].iter().any(|(own, of, _)| (*own, *of) == (at, family)) {
                    known[side].push((at, family, cells(unpaired.parts[side], column, family, positions)?));
                }
            }
            let values = |side: usize, at: usize| {
                known[side].iter().find(|(own, of, _)| (*own, *of) == (at, family)).map(|(_, _, values)| values)
            };
            let (Some(own), Some(other)) = (values(0, l), values(1, r)) else { continue };
            if let Some((same, of)) = same(own, other, &rows.places).filter(|_| !taken(left, right)) {
                found.push(((same * 10_000 / of, alike(&left.name, &right.name)), (l, r), (same, of)));
            }
        }
        known[0].clear();
    }
    found.sort_by(|(a, at, _), (b, other, _)| b.cmp(a).then(at.cmp(other)));
    let mut out = Vec::new();
    let mut used = [HashSet::new(), HashSet::new()];
    for (_, (l, r), (same, of)) in found {
        let (left, right) = (&columns[0][l].name, &columns[1][r].name);
        if used[0].contains(&l) || used[1].contains(&r) {
            continue;
        }
        let option = option("--map", left, right);
        used[0].insert(l);
        used[1].insert(r);
        let looked = if one_in == 1 { "" } else { " that were looked at" };
        let share = if same == of { "100".to_owned() } else { format!("{:.1}", (same * 1000 / of) as f64 / 10.0) };
        let text = format!(
            "`{left}` on the left and `{right}` on the right have the same value in {} of {} matched rows{looked} \
             ({share} % equal)",
            thousands(same),
            thousands(of)
        );
        out.push(Proposal { option, rows: same, of, text });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[u64]) -> Vec<Option<Fingerprint>> {
        values.iter().map(|value| (*value > 0).then(|| fingerprint(&value.to_le_bytes()))).collect()
    }

    #[test]
    fn the_same_values_are_more_than_chance() {
        let rows: Vec<u64> = (1..=100).collect();
        let places: Vec<usize> = (0..100).collect();
        let mut other = rows.clone();
        assert_eq!(same(&values(&rows), &values(&other), &places), Some((100, 100)));
        other[7] = 0;
        assert_eq!(same(&values(&rows), &values(&other), &places), Some((99, 100)));
        (0..6).for_each(|at| other[at] = 500);
        assert_eq!(same(&values(&rows), &values(&other), &places), None);
        // A flag that nearly always is 1 says nothing, and neither does one that always is.
        let rare: Vec<u64> = (0..100).map(|at| if at == 3 { 2 } else { 1 }).collect();
        let other: Vec<u64> = (0..100).map(|at| if at == 9 { 2 } else { 1 }).collect();
        assert_eq!(same(&values(&rare), &values(&other), &places), None);
        assert_eq!(same(&values(&[1; 100]), &values(&[1; 100]), &places), None);
        // Rows in which neither has a value don't count.
        assert_eq!(same(&values(&[0, 0, 4, 5]), &values(&[0, 0, 4, 5]), &[0, 1, 2, 3]), Some((2, 2)));
    }

    #[test]
    fn options_are_pasted_as_they_are() {
        assert_eq!(option("--map", "a", "b"), "--map a=b");
        assert_eq!(option("--map", "a b", "c"), "--map 'a b=c'");
        assert_eq!(option("--map", "a=b", "c"), "--map '\"a=b\"=c'");
    }
}
