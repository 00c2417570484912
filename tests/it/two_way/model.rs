//! Random edits of two tables that agreed, round after round, and what must become of them: worked
//! out without any of the program's code.

use super::pair::{Counts, Pair};
use super::people::{COLUMNS, UNIQUE_EMAIL, row, table};
use crate::support::{Cells, Kind};
use chrono::{NaiveDateTime, TimeDelta};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ID: usize = 0;
const EMAIL: usize = 1;
const NAME: usize = 2;
const QTY: usize = 3;
const UPDATED: usize = 4;

/// Ids of rows that are made later begin here.
const NEW: usize = 1000;

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

/// What becomes of a row on both sides.
#[derive(Clone, Debug)]
struct Fate {
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

/// Edits between two runs.
#[derive(Clone, Debug)]
pub struct Round {
    /// Of the rows in turn, again from the first one when there are more rows.
    fates: Vec<Fate>,
    fresh: Vec<Fresh>,
    /// Sides on which so many rows hand their emails around.
    rings: Vec<(usize, usize)>,
}

/// Two tables' story.
#[derive(Clone, Debug)]
pub struct Case {
    /// Whether rows are linked by their primary key `id` while `email` is the unique key; else `id`
    /// is the unique key.
    linked: bool,
    winner: Winner,
    by_row: bool,
    /// Whether changes within half an hour are too close.
    window: bool,
    /// Where the rows are before the first run: on the left, on the right, on both.
    starts: Vec<usize>,
    pub rounds: Vec<Round>,
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

fn fate() -> impl Strategy<Value = Fate> {
    let edit = || {
        prop_oneof![
            4 => Just(Edit::default()),
            5 => set(),
            1 => Just(Edit { delete: true, ..Edit::default() }),
        ]
    };
    let rekey = prop_oneof![9 => Just(None), 1 => (0..2_usize).prop_map(Some)];
    (edit(), edit(), rekey).prop_map(|(left, right, rekey)| Fate { edits: [left, right], rekey })
}

fn round() -> impl Strategy<Value = Round> {
    let fresh = (0..3_usize, set(), set()).prop_map(|(place, left, right)| Fresh { place, edits: [left, right] });
    (
        prop::collection::vec(fate(), 1..=40),
        prop::collection::vec(fresh, 0..=6),
        prop::collection::vec((0..2_usize, 2..=3_usize), 0..=2),
    )
        .prop_map(|(fates, fresh, rings)| Round { fates, fresh, rings })
}

/// Cases; without `linked`, only those whose unique key is the primary key.
pub fn case(linked: bool) -> impl Strategy<Value = Case> {
    let winner = prop_oneof![
        2 => Just(Winner::None),
        1 => (0..2_usize).prop_map(Winner::Side),
        2 => Just(Winner::Newest),
    ];
    let starts = prop::collection::vec(prop_oneof![6 => Just(2_usize), 1 => Just(0), 1 => Just(1)], 1..=40);
    let rounds = prop::collection::vec(round(), 1..=3);
    (any::<bool>(), winner, any::<bool>(), any::<bool>(), starts, rounds).prop_map(
        move |(link, winner, by_row, window, starts, rounds)| Case {
            linked: linked && link,
            winner,
            by_row,
            window,
            starts,
            rounds,
        },
    )
}

impl Edit {
    fn apply(self, cells: &Cells, corrected: Option<String>) -> Option<Cells> {
        let mut cells = cells.clone();
        if corrected.is_some() {
            cells[EMAIL] = corrected;
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

    /// Both tables, not yet brought together, and what they are.
    pub fn begin(&self, kinds: [Kind; 2]) -> (Pair, World<'_>) {
        let here = |start: usize, side: usize, at: usize| (start != 1 - side).then(|| row(at + 1));
        let rows = self.starts.iter().enumerate();
        let known =
            rows.map(|(at, start)| Known { base: None, torn: false, rows: [0, 1].map(|side| here(*start, side, at)) });
        let world = World { case: self, rows: known.collect(), made: 0 };
        let [left, right] = world.tables().map(table);
        let options = self.options(false);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut pair = Pair::new(kinds, [&left, &right], &options);
        if self.linked {
            pair.both(UNIQUE_EMAIL);
        }
        (pair, world)
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
                let least = if self.window { TimeDelta::minutes(30) } else { TimeDelta::seconds(1) };
                (apart.abs() >= least).then(|| usize::from(apart < TimeDelta::zero()))
            }
        }
    }
}

/// A record: what both sides agreed on last, and what they have now.
#[derive(Clone, Debug)]
struct Known {
    base: Option<Cells>,
    /// Whether both rows were there at the last run, which did not settle them.
    torn: bool,
    rows: [Option<Cells>; 2],
}

/// Both tables as they must be.
#[derive(Clone, Debug)]
pub struct World<'a> {
    case: &'a Case,
    rows: Vec<Known>,
    /// Ids that were given to new rows.
    made: usize,
}

/// What must come of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub counts: Counts,
    /// The ids of the rows that are conflicts.
    pub conflicts: BTreeSet<String>,
    /// Rows that are alone, and of which nothing tells why.
    pub undecided: i64,
}

impl Expected {
    fn count(&mut self, side: usize) -> &mut [i64; 3] {
        if side == 0 { &mut self.counts.left } else { &mut self.counts.right }
    }
}

impl World<'_> {
    /// What both tables hold.
    pub fn tables(&self) -> [Vec<Cells>; 2] {
        [0, 1].map(|side| {
            let mut table: Vec<Cells> = self.rows.iter().filter_map(|known| known.rows[side].clone()).collect();
            table.sort();
            table
        })
    }

    fn new_id(&mut self) -> usize {
        self.made += 1;
        NEW + self.made
    }

    /// Makes the edits of a round, in both tables.
    pub fn edit(&mut self, number: usize, pair: &mut Pair) {
        let (before, round) = (self.rows.clone(), &self.case.rounds[number]);
        let mut rekeyed = Vec::new();
        let handed = if self.case.linked { self.hand_around(round) } else { BTreeSet::new() };
        for at in (0..before.len()).filter(|at| !handed.contains(at)) {
            let fate = &round.fates[at % round.fates.len()];
            for side in [0, 1] {
                let known = &mut self.rows[at];
                let Some(cells) = &known.rows[side] else { continue };
                // Two rows that were made apart are one record only by their key.
                let id = cells[ID].as_deref().unwrap();
                let corrected = fate.edits[side].email.filter(|_| known.base.is_some());
                let corrected = corrected.map(|n| format!("p{id}-{n}-{number}@example.org"));
                known.rows[side] = fate.edits[side].apply(cells, corrected);
            }
            let Some(side) = fate.rekey.filter(|_| !self.case.linked) else { continue };
            if let Some(mut cells) = self.rows[at].rows[side].take() {
                let (from, to) = (cells[ID].clone().unwrap(), self.new_id().to_string());
                cells[ID] = Some(to.clone());
                rekeyed.push((side, from, to));
                let mut rows = [None, None];
                rows[side] = Some(cells);
                self.rows.push(Known { base: None, torn: false, rows });
            }
        }
        for fresh in &round.fresh {
            let id = self.new_id();
            let rows = [0, 1].map(|side| {
                let made = fresh.edits[side].apply(&row(id), None);
                made.filter(|_| fresh.place != 1 - side)
            });
            self.rows.push(Known { base: None, torn: false, rows });
        }
        for side in [0, 1] {
            match pair.kinds[side] {
                Kind::Csv => std::fs::write(&pair.addresses[side], table(self.tables()[side].clone()).csv()).unwrap(),
                Kind::Parquet => table(self.tables()[side].clone()).write_parquet(pair.addresses[side].as_ref()),
                _ => self.write(pair, side, &before, &rekeyed),
            }
        }
    }

    /// Lets agreed rows hand their emails around; which ones.
    fn hand_around(&mut self, round: &Round) -> BTreeSet<usize> {
        let agreed = |known: &Known| known.base.is_some() && known.rows.iter().all(|row| *row == known.base);
        let mut free: Vec<usize> = (0..self.rows.len()).filter(|at| agreed(&self.rows[*at])).collect();
        let mut handed = BTreeSet::new();
        for (side, members) in &round.rings {
            if free.len() < *members {
                break;
            }
            let ring: Vec<usize> = free.drain(..members).collect();
            let emails: Vec<_> = ring.iter().map(|at| self.rows[*at].base.as_ref().unwrap()[EMAIL].clone()).collect();
            for (i, at) in ring.iter().enumerate() {
                let rows = &mut self.rows[*at].rows;
                rows[*side].as_mut().unwrap()[EMAIL].clone_from(&emails[(i + 1) % members]);
                // A change of the other side that goes together with it, unless rows are one's or the
                // other's as a whole: one row that is left alone keeps the others from its email.
                if !self.case.by_row && round.fates[at % round.fates.len()].edits[1 - side].qty.is_some() {
                    rows[1 - side].as_mut().unwrap()[QTY] = Some(at.to_string());
                }
            }
            handed.extend(ring);
        }
        handed
    }

    /// Makes of a database's table what it is to be now.
    fn write(&self, pair: &mut Pair, side: usize, before: &[Known], rekeyed: &[(usize, String, String)]) {
        let literal = |cell: &Option<String>| match cell {
            Some(text) => format!("'{}'", text.replace('\'', "''")),
            None => "NULL".to_owned(),
        };
        let id = |cells: &Cells| cells[ID].clone().unwrap();
        let old = |id: &str| {
            before.iter().filter_map(|known| known.rows[side].as_ref()).find(|row| row[ID].as_deref() == Some(id))
        };
        let now: Vec<&Cells> = self.rows.iter().filter_map(|known| known.rows[side].as_ref()).collect();
        if self.case.linked {
            // So that no email is there twice on the way.
            for cells in now.iter().filter(|cells| old(&id(cells)).is_some_and(|old| old[EMAIL] != cells[EMAIL])) {
                pair.sql(side, &format!("UPDATE {{t}} SET email = 'on the way {0}' WHERE id = {0}", id(cells)));
            }
        }
        for (_, from, to) in rekeyed.iter().filter(|(own, ..)| *own == side) {
            pair.sql(side, &format!("UPDATE {{t}} SET id = {to} WHERE id = {from}"));
        }
        let was = |id: &str| {
            let moved = rekeyed.iter().find(|(own, _, to)| *own == side && to == id);
            old(moved.map_or(id, |(_, from, _)| from))
        };
        for cells in &now {
            let set = COLUMNS.iter().zip(*cells).skip(1);
            let set: Vec<String> = set.map(|((name, _), cell)| format!("{name} = {}", literal(cell))).collect();
            match was(&id(cells)) {
                Some(old) if old[1..] == cells[1..] => {}
                Some(_) => pair.sql(side, &format!("UPDATE {{t}} SET {} WHERE id = {}", set.join(", "), id(cells))),
                None => {
                    let values: Vec<String> = cells.iter().map(literal).collect();
                    pair.sql(side, &format!("INSERT INTO {{t}} VALUES ({})", values.join(", ")));
                }
            }
        }
        for cells in before.iter().filter_map(|known| known.rows[side].as_ref()) {
            let moved = rekeyed.iter().any(|(own, from, _)| *own == side && *from == id(cells));
            if !moved && !now.iter().any(|now| now[ID] == cells[ID]) {
                pair.sql(side, &format!("DELETE FROM {{t}} WHERE id = {}", id(cells)));
            }
        }
    }

    /// What a run must do; afterwards both tables are as it must leave them.
    pub fn sync(&mut self) -> Expected {
        let mut expected = Expected { counts: Counts::none(), conflicts: BTreeSet::new(), undecided: 0 };
        for known in &mut self.rows {
            decide(self.case, known, &mut expected);
        }
        self.rows.retain(|known| known.rows.iter().any(Option::is_some));
        expected
    }
}

/// What becomes of one record.
fn decide(case: &Case, known: &mut Known, expected: &mut Expected) {
    let [left, right] = match (&known.rows, &known.base) {
        ([None, None], _) => return,
        ([Some(left), Some(right)], _) => [left, right],
        ([Some(cells), None] | [None, Some(cells)], base) => {
            let lacking = usize::from(known.rows[1].is_none());
            match base {
                None if known.torn => expected.undecided += 1,
                None => {
                    expected.count(lacking)[0] += 1;
                    let cells = Some(cells.clone());
                    *known = Known { base: cells.clone(), torn: false, rows: [cells.clone(), cells] };
                }
                Some(base) if base == cells => {
                    expected.count(1 - lacking)[2] += 1;
                    known.rows = [None, None];
                }
                Some(_) => expected.conflicts.extend(cells[ID].clone()),
            }
            return;
        }
    };
    let sides = [left, right];
    let changed =
        |side: usize, column: usize| known.base.as_ref().is_none_or(|base| sides[side][column] != base[column]);
    // Per column that differs, the side whose cell is taken; `None` where both changed it.
    let mut differ: Vec<(usize, Option<usize>)> = (0..COLUMNS.len())
        .filter(|column| left[*column] != right[*column])
        .map(|column| match (changed(0, column), changed(1, column)) {
            (true, true) => (column, None),
            (true, false) => (column, Some(0)),
            (false, _) => (column, Some(1)),
        })
        .collect();
    // By rows, all of them stand or fall together. What both changed to the same counts for nobody.
    let from = |side: usize| differ.iter().any(|(_, from)| *from == Some(side));
    let apart = differ.iter().any(|(_, from)| from.is_none()) || from(0) && from(1);
    if case.by_row && apart {
        differ.iter_mut().for_each(|(_, from)| *from = None);
    }
    // When a row was changed is later on one side.
    if !case.by_row && differ.iter().all(|(column, from)| from.is_some() || *column == UPDATED) {
        let later = [left, right].map(|cells| cells[UPDATED].clone());
        if let [Some(left), Some(right)] = later {
            let side = usize::from(right > left);
            differ.iter_mut().filter(|(_, from)| from.is_none()).for_each(|(_, from)| *from = Some(side));
        }
    }
    let contested = differ.iter().any(|(_, from)| from.is_none());
    let winner = if contested { case.winner(left, right) } else { Some(0) };
    let Some(winner) = winner else {
        expected.conflicts.extend(left[ID].clone());
        known.torn = known.base.is_none();
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
    }
    let merged = Some(merged);
    *known = Known { base: merged.clone(), torn: false, rows: [merged.clone(), merged] };
}

/// The model makes the edits that it says it makes.
#[test]
fn edits_are_as_they_are_told() {
    for kinds in [[Kind::Postgres, Kind::Mysql], [Kind::Sqlite, Kind::Sqlite], [Kind::Csv, Kind::Parquet]] {
        super::three_way::on_random_cases(8, kinds[0] as u8, kinds[0] != Kind::Csv, |case| {
            let (mut pair, mut world) = case.begin(kinds);
            // Without syncing: records stay as they are, and the rounds go on.
            for number in 0..case.rounds.len() {
                world.edit(number, &mut pair);
                prop_assert_eq!(pair.cells(), world.tables());
            }
            Ok(())
        })
        .unwrap();
    }
}
