//! What an audit of a case must say, given the key that it chose.

use super::align::{Aligned, Pair, align};
use super::canon::{canonical, tolerated};
use super::case::Case;
use super::matching::can_be_paired_off;
use super::value::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub rows: i64,
    pub distinct_keys: i64,
    pub duplicates: i64,
    pub null_keys: i64,
}

/// The contract, as far as numbers and verdicts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub verdict: &'static str,
    pub agree: bool,
    /// `None` where rows without a key differ: which of them are equal to which is nowhere said.
    pub exact: Option<bool>,
    pub sides: [Counts; 2],
    pub in_both: i64,
    pub only: [i64; 2],
    pub ambiguous: i64,
    pub equal: i64,
    pub changed: i64,
    /// By the left names; those in which no row changed are left out.
    pub columns: BTreeMap<String, i64>,
    /// By the left names, the least and the most that may be said of the rows that a softening made
    /// equal: in keys that are equal only because of it, and in all rows.
    pub softened: BTreeMap<String, (i64, i64)>,
    pub unpaired: [Vec<String>; 2],
}

/// A row as it counts.
#[derive(Clone, Debug)]
struct Row<'a> {
    /// Of the key's columns; `None` if one of them is NULL and that is no value.
    key: Option<Vec<String>>,
    /// The columns beside the key, as they are compared.
    cells: Vec<String>,
    /// Those columns and the key's.
    soft: Vec<String>,
    /// The same as if nothing was softened.
    strict: Vec<String>,
    values: Vec<&'a Value>,
}

pub struct Keyed<'a> {
    case: &'a Case,
    aligned: Aligned,
    /// Positions of pairs.
    key: Vec<usize>,
    whole_row: bool,
}

impl<'a> Keyed<'a> {
    /// By the key's left names; with `whole_row` NULL is a value of it.
    pub fn new(case: &'a Case, key: &[String], whole_row: bool) -> Self {
        let aligned = align(case);
        let names = &case.sides[0].columns;
        let at = |name: &String| aligned.pairs.iter().position(|pair| names[pair.left].name == *name).unwrap();
        let key = key.iter().map(at).collect();
        Self { case, aligned, key, whole_row }
    }

    fn beside_key(&self) -> Vec<&Pair> {
        let pairs = self.aligned.pairs.iter().enumerate();
        pairs.filter(|(at, pair)| pair.compared && !self.key.contains(at)).map(|(_, pair)| pair).collect()
    }

    fn rows(&self, side: usize) -> Vec<Row<'a>> {
        let beside = self.beside_key();
        let of = |pair: &Pair| if side == 0 { pair.left } else { pair.right };
        let rows = self.case.chosen_rows(side).into_iter().map(|row| {
            let keys: Vec<&Pair> = self.key.iter().map(|at| &self.aligned.pairs[*at]).collect();
            let soft = |pair: &&Pair| canonical(&row[of(pair)], pair.comparison.meaning, &pair.comparison.rules);
            let strict = |pair: &&Pair| canonical(&row[of(pair)], pair.comparison.whole, &[]);
            let key: Vec<String> = keys.iter().map(soft).collect();
            let null = key.iter().any(|cell| cell == "null");
            Row {
                key: (self.whole_row || !null).then_some(key),
                cells: beside.iter().map(soft).collect(),
                soft: beside.iter().chain(&keys).map(soft).collect(),
                strict: beside.iter().chain(&keys).map(strict).collect(),
                values: beside.iter().map(|pair| &row[of(pair)]).collect(),
            }
        });
        rows.collect()
    }

    pub fn expected(&self) -> Expected {
        let sides = [self.rows(0), self.rows(1)];
        let groups = sides.each_ref().map(|rows| grouped(rows));
        let counts = [0, 1].map(|side| {
            let (rows, keys) = (length(&sides[side]), length(&groups[side]));
            let keyed = length(sides[side].iter().filter(|row| row.key.is_some()));
            Counts { rows, distinct_keys: keys, duplicates: keyed - keys, null_keys: rows - keyed }
        });
        let mut tally = Tally::new(self.beside_key(), self.key.iter().map(|at| &self.aligned.pairs[*at]));
        for (key, left) in &groups[0] {
            if let Some(right) = groups[1].get(key) {
                tally.add(left, right);
            }
        }
        let only = [0, 1].map(|side| counts[side].distinct_keys - tally.in_both);

        let without_key = sides.each_ref().map(|rows| rows.iter().filter(|row| row.key.is_none()).collect::<Vec<_>>());
        let same = |of: fn(&Row<'_>) -> Vec<String>| sorted(&without_key[0], of) == sorted(&without_key[1], of);
        let beside = self.beside_key();
        let same_without_key = same(|row| row.soft.clone()) || pair_off(&beside, &without_key[0], &without_key[1]);
        let strictly = same(|row| row.strict.clone());
        let differ = tally.ambiguous + tally.changed + only[0] + only[1] > 0 || !same_without_key;
        let chosen = [0, 1].iter().any(|side| self.case.condition(*side).is_some());
        let nothing = chosen && counts.iter().all(|side| side.rows == 0);
        let verdict = match (differ, nothing, self.aligned.alone.iter().any(|names| !names.is_empty())) {
            (true, ..) => "differ",
            (_, true, _) => "nothing",
            (.., true) => "columns",
            _ => "agree",
        };
        let names = &self.case.sides[0].columns;
        let name = |pair: &Pair| names[pair.left].name.clone();
        let changed = tally.pairs.iter().zip(&tally.columns).filter(|(_, rows)| **rows > 0);
        let softened = tally.pairs.iter().zip(&tally.softened);
        // Which of the other rows are equal to which, there is no telling.
        let others = tally.ambiguous * counts[0].rows.max(counts[1].rows) + counts[0].null_keys;
        Expected {
            verdict,
            agree: verdict == "agree" || verdict == "nothing" && self.case.options.allow_nothing,
            exact: same_without_key.then_some(!tally.softened_any && strictly),
            sides: counts,
            in_both: tally.in_both,
            only,
            ambiguous: tally.ambiguous,
            equal: tally.equal,
            changed: tally.changed,
            columns: changed.map(|(pair, rows)| (name(pair), *rows)).collect(),
            softened: softened.map(|(pair, (least, most))| (name(pair), (*least, most + others))).collect(),
            unpaired: self.aligned.alone.clone(),
        }
    }
}

/// Whether rows can be paired off so that each pair is equal in all columns, within the tolerances that
/// these pairs of columns, those beside the key, have.
fn pair_off(beside: &[&Pair], left: &[&Row<'_>], right: &[&Row<'_>]) -> bool {
    let fits = |l: usize, r: usize| {
        let (left, right) = (left[l], right[r]);
        let equal = |at: usize| {
            left.soft[at] == right.soft[at]
                || beside
                    .get(at)
                    .is_some_and(|pair| tolerated(left.values[at], right.values[at], &pair.comparison.rules))
        };
        (0..left.soft.len()).all(equal)
    };
    left.len() == right.len() && can_be_paired_off(left.len(), &fits)
}

/// What `of` makes of rows, sorted.
fn sorted<T: Ord>(rows: &[&Row<'_>], of: fn(&Row<'_>) -> T) -> Vec<T> {
    let mut all: Vec<T> = rows.iter().map(|row| of(row)).collect();
    all.sort();
    all
}

impl Keyed<'_> {
    /// The rows that a plan for the right table creates, updates and deletes.
    pub fn steps(&self) -> [i64; 3] {
        let sides = [self.rows(0), self.rows(1)];
        let groups = sides.each_ref().map(|rows| grouped(rows));
        let alone = |side: usize| {
            let other = &groups[1 - side];
            length(groups[side].iter().filter(|(key, rows)| rows.len() == 1 && !other.contains_key(**key)))
        };
        [alone(0), self.expected().changed, alone(1)]
    }
}

fn length<T>(of: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(of.into_iter().count()).unwrap()
}

type Groups<'r, 'v> = BTreeMap<&'r Vec<String>, Vec<&'r Row<'v>>>;

fn grouped<'r, 'v>(rows: &'r [Row<'v>]) -> Groups<'r, 'v> {
    let mut groups = Groups::new();
    for row in rows {
        if let Some(key) = &row.key {
            groups.entry(key).or_default().push(row);
        }
    }
    groups
}

/// Sums over the keys that are on both sides.
struct Tally<'a> {
    /// The compared pairs beside the key, then the key's.
    pairs: Vec<&'a Pair>,
    beside: usize,
    in_both: i64,
    ambiguous: i64,
    equal: i64,
    changed: i64,
    /// Per pair, changed rows in which it differs.
    columns: Vec<i64>,
    /// Per pair, what a softening made equal: in equal keys, and in changed rows too.
    softened: Vec<(i64, i64)>,
    softened_any: bool,
}

impl<'a> Tally<'a> {
    fn new(mut pairs: Vec<&'a Pair>, key: impl Iterator<Item = &'a Pair>) -> Self {
        let beside = pairs.len();
        pairs.extend(key);
        let (columns, softened) = (vec![0; pairs.len()], vec![(0, 0); pairs.len()]);
        Self { pairs, beside, in_both: 0, ambiguous: 0, equal: 0, changed: 0, columns, softened, softened_any: false }
    }

    /// Adds a key that is on both sides.
    fn add(&mut self, left: &[&Row<'_>], right: &[&Row<'_>]) {
        self.in_both += 1;
        if sorted(left, |row| row.cells.clone()) == sorted(right, |row| row.cells.clone()) {
            self.equal += 1;
            self.softened_any |= sorted(left, |row| row.strict.clone()) != sorted(right, |row| row.strict.clone());
            for (at, (least, most)) in self.softened.iter_mut().enumerate() {
                let column = |rows: &[&Row<'_>]| {
                    let mut cells: Vec<String> = rows.iter().map(|row| row.strict[at].clone()).collect();
                    cells.sort();
                    cells
                };
                let rows = i64::from(column(left) != column(right));
                *least += rows;
                *most += rows;
            }
            return;
        }
        match (left, right) {
            ([left], [right]) => self.compare(left, right),
            _ if pair_off(&self.pairs[..self.beside], left, right) => {
                self.equal += 1;
                self.softened_any = true;
                let rows = length(left);
                self.softened.iter_mut().for_each(|(_, most)| *most += rows);
            }
            _ => self.ambiguous += 1,
        }
    }

    /// Adds a key with one row on each side, which are not the same.
    fn compare(&mut self, left: &Row<'_>, right: &Row<'_>) {
        let mut changed = false;
        for at in 0..self.pairs.len() {
            let same = left.soft[at] == right.soft[at];
            let rules = &self.pairs[at].comparison.rules;
            let tolerated = at < self.beside && tolerated(left.values[at], right.values[at], rules);
            if !same && !tolerated {
                changed = true;
                self.columns[at] += 1;
            } else if left.strict[at] != right.strict[at] {
                self.softened[at].1 += 1;
            }
        }
        if changed {
            self.changed += 1;
        } else {
            self.equal += 1;
            self.softened_any = true;
        }
    }
}
