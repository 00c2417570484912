//! Random edits of two tables that agreed, and what must become of them, worked out without any of
//! the program's code.

use super::pair::{Counts, Pair};
use super::people::{BEFORE, COLUMNS, UNIQUE_EMAIL, row, table};
use crate::support::{Cells, Kind, Table};
use chrono::NaiveDateTime;
use proptest::prelude::*;
use std::collections::BTreeSet;

const EMAIL: usize = 1;
const NAME: usize = 2;
const QTY: usize = 3;
const UPDATED: usize = 4;

/// Ids of rows that are made later; and what is added to one that changes.
const NEW: usize = 1000;
const OTHER: usize = 500;

/// Who wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    None,
    Side(usize),
    Newest,
}

/// What one side does to a row; numbers choose among a few values, so that both sides often do the
/// same.
#[derive(Clone, Copy, Debug, Default)]
struct Edit {
    delete: bool,
    email: Option<usize>,
    name: Option<usize>,
    qty: Option<usize>,
    at: Option<usize>,
}

/// A row of the base: on which side it is at first, and what becomes of it there.
#[derive(Clone, Debug)]
struct Fate {
    start: usize,
    edits: [Edit; 2],
    /// Its id is changed on this side, where that is the unique key.
    rekey: Option<usize>,
}

/// A row that was not there before: on the left, on the right, or (made apart) on both.
#[derive(Clone, Debug)]
struct Fresh {
    place: usize,
    edits: [Edit; 2],
}

/// Two tables' story.
#[derive(Clone, Debug)]
pub struct Case {
    /// Whether rows are linked by their primary key `id` while `email` is the unique key; else `id`
    /// is the unique key.
    pub linked: bool,
    pub winner: Winner,
    pub by_row: bool,
    /// Whether changes within half an hour are too close.
    pub window: bool,
    fates: Vec<Fate>,
    fresh: Vec<Fresh>,
    /// Sides on which two or three rows hand their emails around.
    rings: Vec<(usize, usize)>,
}

fn one_of(values: usize, in_so_many: u32) -> impl Strategy<Value = Option<usize>> {
    prop_oneof![in_so_many - 1 => Just(None), 1 => (0..values).prop_map(Some)]
}

fn set() -> impl Strategy<Value = Edit> {
    (one_of(2, 6), one_of(3, 2), one_of(3, 2), one_of(4, 2)).prop_map(|(email, name, qty, at)| Edit {
        delete: false,
        email,
        name,
        qty,
        at,
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => Just(Edit::default()),
        5 => set(),
        1 => Just(Edit { delete: true, ..Edit::default() }),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    let start = prop_oneof![6 => Just(2_usize), 1 => Just(0), 1 => Just(1)];
    let rekey = prop_oneof![9 => Just(None), 1 => (0..2_usize).prop_map(Some)];
    (start, edit(), edit(), rekey).prop_map(|(start, left, right, rekey)| Fate { start, edits: [left, right], rekey })
}

fn fresh() -> impl Strategy<Value = Fresh> {
    (0..3_usize, set(), set()).prop_map(|(place, left, right)| Fresh { place, edits: [left, right] })
}

/// Cases; without `linked`, only those whose unique key is the primary key.
pub fn case(linked: bool) -> impl Strategy<Value = Case> {
    let winner = prop_oneof![
        2 => Just(Winner::None),
        1 => (0..2_usize).prop_map(Winner::Side),
        2 => Just(Winner::Newest),
    ];
    let rows = (
        prop::collection::vec(fate(), 1..=40),
        prop::collection::vec(fresh(), 0..=6),
        prop::collection::vec((0..2_usize, 2..=3_usize), 0..=2),
    );
    (any::<bool>(), winner, any::<bool>(), any::<bool>(), rows).prop_map(
        move |(link, winner, by_row, window, (fates, fresh, rings))| Case {
            linked: linked && link,
            winner,
            by_row,
            window,
            fates,
            fresh,
            rings,
        },
    )
}

/// The rows as they are before the sync, and as they were in the base.
struct Story {
    base: Vec<Cells>,
    /// Row by row of the base.
    kept: [Vec<Option<Cells>>; 2],
    /// Rows of no pair in the base.
    new: [Vec<Cells>; 2],
    /// Ids that were changed: side, from, to.
    rekeyed: Vec<(usize, usize, usize)>,
}

/// What must come of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub counts: Counts,
    /// The ids of the rows that are conflicts.
    pub conflicts: BTreeSet<String>,
    pub tables: [Vec<Cells>; 2],
}

impl Edit {
    fn apply(self, cells: &Cells, id: usize) -> Option<Cells> {
        let mut cells = cells.clone();
        if let Some(n) = self.email {
            cells[EMAIL] = Some(format!("corrected{n}-p{id}@example.org"));
        }
        if let Some(n) = self.name {
            cells[NAME] = [Some("it's"), Some("Ø, \"x\""), None][n].map(str::to_owned);
        }
        if let Some(n) = self.qty {
            cells[QTY] = [Some("-1"), Some("7"), None][n].map(str::to_owned);
        }
        if let Some(n) = self.at {
            // Ten minutes apart, or an hour, or not known.
            let times = ["2024-01-01 01:00:00", "2024-01-01 01:10:00", "2024-01-01 02:00:00"];
            cells[UPDATED] = times.get(n).map(|time| (*time).to_owned());
        }
        (!self.delete).then_some(cells)
    }
}

impl Case {
    /// The options that say so; with `swapped`, for the sides the other way round.
    pub fn options(&self, swapped: bool) -> Vec<String> {
        let winner = match self.winner {
            Winner::None => "none",
            Winner::Side(side) => ["left", "right"][side ^ usize::from(swapped)],
            Winner::Newest => "newest:updated_at",
        };
        let (key, merge) = (if self.linked { "email" } else { "id" }, if self.by_row { "row" } else { "column" });
        let mut options = vec!["--key", key, "--winner", winner, "--merge", merge];
        if self.window {
            options.extend(["--conflict-window", "30m"]);
        }
        options.into_iter().map(str::to_owned).collect()
    }

    /// The tables before the first run, which brings them together.
    pub fn start(&self) -> [Table; 2] {
        [0, 1].map(|side| {
            let here = self.fates.iter().enumerate().filter(|(_, fate)| fate.start != 1 - side);
            table(here.map(|(at, _)| row(at + 1)).collect())
        })
    }

    /// What the first run does.
    pub fn first(&self) -> Counts {
        let lacks = |side: usize| self.fates.iter().filter(|fate| fate.start == 1 - side).count() as i64;
        Counts::new([lacks(0), 0, 0], [lacks(1), 0, 0])
    }

    /// A pair of such tables, not yet brought together.
    pub fn pair(&self, kinds: [Kind; 2]) -> Pair {
        let [left, right] = self.start();
        let options = self.options(false);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut pair = Pair::new(kinds, [&left, &right], &options);
        if self.linked {
            pair.both(UNIQUE_EMAIL);
        }
        pair
    }

    fn story(&self) -> Story {
        let base: Vec<Cells> = (1..=self.fates.len()).map(row).collect();
        let mut kept = [0, 1].map(|side| {
            let edited = self.fates.iter().zip(&base).enumerate();
            edited.map(|(at, (fate, cells))| fate.edits[side].apply(cells, at + 1)).collect::<Vec<_>>()
        });
        let mut new = [Vec::new(), Vec::new()];
        let mut rekeyed = Vec::new();
        if self.linked {
            // They take the rows from the first on, whatever their fate was.
            let mut at = 0;
            for (side, members) in &self.rings {
                if at + members > base.len() {
                    break;
                }
                let ring: Vec<usize> = (at..at + members).collect();
                at += members;
                for (i, row) in ring.iter().enumerate() {
                    // A change of the other side that goes together with it.
                    let mut other = base[*row].clone();
                    if self.fates[*row].edits[1 - side].qty.is_some() {
                        other[QTY] = Some("77".to_owned());
                    }
                    let mut own = base[*row].clone();
                    own[EMAIL].clone_from(&base[ring[(i + 1) % members]][EMAIL]);
                    kept[*side][*row] = Some(own);
                    kept[1 - side][*row] = Some(other);
                }
            }
        } else {
            for (at, fate) in self.fates.iter().enumerate() {
                let Some(side) = fate.rekey else { continue };
                if let Some(mut cells) = kept[side][at].take() {
                    cells[0] = Some((at + 1 + OTHER).to_string());
                    rekeyed.push((side, at + 1, at + 1 + OTHER));
                    new[side].push(cells);
                }
            }
        }
        for (at, fresh) in self.fresh.iter().enumerate() {
            for side in (0..2).filter(|side| fresh.place != 1 - side) {
                // The same key on both.
                let edit = Edit { email: None, ..fresh.edits[side] };
                new[side].extend(edit.apply(&row(NEW + at), NEW + at));
            }
        }
        Story { base, kept, new, rekeyed }
    }

    /// Makes the edits.
    pub fn edit(&self, pair: &mut Pair) {
        let story = self.story();
        for side in [0, 1] {
            if matches!(pair.kinds[side], Kind::Csv | Kind::Parquet) {
                let rows = story.kept[side].iter().flatten().chain(&story.new[side]).cloned().collect();
                let (table, path) = (table(rows), pair.addresses[side].clone());
                match pair.kinds[side] {
                    Kind::Csv => std::fs::write(path, table.csv()).unwrap(),
                    _ => table.write_parquet(path.as_ref()),
                }
            } else {
                self.edit_database(pair, side, &story);
            }
        }
    }

    fn edit_database(&self, pair: &mut Pair, side: usize, story: &Story) {
        for (at, kept) in story.kept[side].iter().enumerate() {
            let moves = kept.as_ref().is_some_and(|cells| cells[EMAIL] != story.base[at][EMAIL]);
            if self.linked && moves {
                pair.sql(side, &format!("UPDATE {{t}} SET email = 'on the way {at}' WHERE id = {}", at + 1));
            }
        }
        for (_, from, to) in story.rekeyed.iter().filter(|(own, ..)| *own == side) {
            pair.sql(side, &format!("UPDATE {{t}} SET id = {to} WHERE id = {from}"));
        }
        let literal = |cell: &Option<String>| match cell {
            Some(text) => format!("'{}'", text.replace('\'', "''")),
            None => "NULL".to_owned(),
        };
        let update = |cells: &Cells| {
            let set = COLUMNS.iter().zip(cells).skip(1);
            let set: Vec<String> = set.map(|((name, _), cell)| format!("{name} = {}", literal(cell))).collect();
            format!("UPDATE {{t}} SET {} WHERE id = {}", set.join(", "), cells[0].as_deref().unwrap())
        };
        for (at, (kept, base)) in story.kept[side].iter().zip(&story.base).enumerate() {
            match kept {
                Some(cells) if cells != base => pair.sql(side, &update(cells)),
                Some(_) => {}
                None => pair.sql(side, &format!("DELETE FROM {{t}} WHERE id = {}", at + 1)),
            }
        }
        for cells in &story.new[side] {
            let rekeyed = story.rekeyed.iter().any(|(.., to)| cells[0] == Some(to.to_string()));
            if rekeyed {
                pair.sql(side, &update(cells));
            } else {
                let values: Vec<String> = cells.iter().map(literal).collect();
                pair.sql(side, &format!("INSERT INTO {{t}} VALUES ({})", values.join(", ")));
            }
        }
    }

    /// What one run makes of the edits.
    pub fn expected(&self) -> Expected {
        let story = self.story();
        let mut expected =
            Expected { counts: Counts::none(), conflicts: BTreeSet::new(), tables: [Vec::new(), Vec::new()] };
        for (at, base) in story.base.iter().enumerate() {
            self.decide(Some(base), [0, 1].map(|side| story.kept[side][at].clone()), &mut expected);
        }
        let of = |side: usize, id: &Option<String>| story.new[side].iter().find(|cells| cells[0] == *id).cloned();
        for cells in &story.new[0] {
            self.decide(None, [Some(cells.clone()), of(1, &cells[0])], &mut expected);
        }
        for cells in story.new[1].iter().filter(|cells| of(0, &cells[0]).is_none()) {
            self.decide(None, [None, Some(cells.clone())], &mut expected);
        }
        expected.tables.iter_mut().for_each(|table| table.sort());
        expected
    }

    /// One pair of rows.
    fn decide(&self, base: Option<&Cells>, rows: [Option<Cells>; 2], expected: &mut Expected) {
        let [left, right] = match &rows {
            [None, None] => return,
            [Some(left), Some(right)] => [left, right],
            [Some(cells), None] | [None, Some(cells)] => {
                let (lacking, other) = if rows[0].is_none() { (0, 1) } else { (1, 0) };
                match base {
                    None => {
                        expected.count(lacking)[0] += 1;
                        expected.tables.iter_mut().for_each(|table| table.push(cells.clone()));
                    }
                    Some(base) if base == cells => expected.count(other)[2] += 1,
                    Some(_) => {
                        expected.conflicts.extend(cells[0].clone());
                        expected.tables[other].push(cells.clone());
                    }
                }
                return;
            }
        };
        let sides = [left, right];
        let changed = |side: usize, column: usize| base.is_none_or(|base| sides[side][column] != base[column]);
        let row_changed = |side: usize| (0..COLUMNS.len()).any(|column| changed(side, column));
        let rows_apart = self.by_row && row_changed(0) && row_changed(1);
        // The side whose cell is taken; `None` where both changed it.
        let differ: Vec<(usize, Option<usize>)> = (0..COLUMNS.len())
            .filter(|column| left[*column] != right[*column])
            .map(|column| match (changed(0, column), changed(1, column)) {
                (true, true) => (column, None),
                _ if rows_apart => (column, None),
                (true, false) => (column, Some(0)),
                (false, _) => (column, Some(1)),
            })
            .collect();
        let contested = differ.iter().any(|(_, from)| from.is_none());
        let winner = if contested { self.winner(left, right) } else { Some(0) };
        let Some(winner) = winner else {
            expected.conflicts.extend(left[0].clone());
            expected.tables[0].push(left.clone());
            expected.tables[1].push(right.clone());
            return;
        };
        let mut merged = left.clone();
        let mut written = [false; 2];
        for (column, from) in differ {
            let from = from.unwrap_or(winner);
            merged[column].clone_from(&sides[from][column]);
            written[1 - from] = true;
        }
        for side in [0, 1] {
            expected.count(side)[1] += i64::from(written[side]);
            expected.tables[side].push(merged.clone());
        }
    }

    fn winner(&self, left: &Cells, right: &Cells) -> Option<usize> {
        match self.winner {
            Winner::None => None,
            Winner::Side(side) => Some(side),
            Winner::Newest => {
                let time = |cells: &Cells| {
                    let text = cells[UPDATED].as_ref()?;
                    Some(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap())
                };
                let apart = time(left)? - time(right)?;
                let least = if self.window { chrono::TimeDelta::minutes(30) } else { chrono::TimeDelta::seconds(1) };
                (apart.abs() >= least).then(|| usize::from(apart < chrono::TimeDelta::zero()))
            }
        }
    }
}

impl Expected {
    fn count(&mut self, side: usize) -> &mut [i64; 3] {
        if side == 0 { &mut self.counts.left } else { &mut self.counts.right }
    }
}

#[test]
fn the_base_is_older_than_every_edit() {
    let set = Edit { at: Some(0), ..Edit::default() };
    assert!(set.apply(&row(1), 1).unwrap()[UPDATED].as_deref() > Some(BEFORE));
}
