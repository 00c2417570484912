//! What is known of each pair of rows: which cells differ, which changed since the base, and when.

use super::decide::Column as Compared;
use super::item_rows::{Rows, Then};
use super::items::Item;
use super::times::time_of;
use crate::base::{Base, BaseColumn, Known, Linker};
use crate::compare::{Judge, Verdict};
use crate::plan::history_times::{HistoryTimes, LastChange};
use crate::plan::rows::fetch;
use crate::snapshot::{Parts, Recipe, SnapshotError};
use crate::table::{Alignment, Column, Fingerprint, Key, PortableType};
use rayon::prelude::*;

/// The histories that there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Histories<'a> {
    /// What they tell.
    pub sides: [Option<&'a HistoryTimes>; 2],
    /// By how much the right one's clock is ahead, in microseconds.
    pub ahead: i64,
}

/// Where the times of changes come from.
#[derive(Clone, Copy, Debug)]
pub enum TimesFrom<'a> {
    /// Nobody asks.
    Nowhere,
    /// A column of each table, and by how much the right one's is shifted, in microseconds.
    Columns([&'a str; 2], i64),
    /// The histories.
    Histories,
}

/// Looks pairs of rows up.
pub struct FactsReader<'a> {
    /// Left and right rows.
    pub parts: [&'a Parts; 2],
    /// How the unique key's fingerprints are made.
    pub recipes: &'a [Recipe; 2],
    /// The columns of each side's identity.
    pub identity: [&'a [String]; 2],
    /// The base.
    pub base: Option<&'a Base>,
    /// The positions in the alignment of the pairs that are compared, the key's last.
    pairs: Vec<usize>,
    columns: [Vec<Column>; 2],
    /// Pairs that the database computes on either side.
    computed: Vec<bool>,
    /// What the base knows of each pair.
    known: Vec<Known>,
    judge: Judge,
    times: TimesFrom<'a>,
    histories: Histories<'a>,
    /// Pairs that only record when their rows were changed.
    recording: Vec<bool>,
    /// The zone of times without one.
    zone: Option<chrono_tz::Tz>,
}

/// Names of columns that record when a row was last changed, whoever wins.
const RECORDING: [&str; 14] = [
    "updated_at",
    "updated_on",
    "updated",
    "update_time",
    "last_updated",
    "last_update",
    "modified_at",
    "modified_on",
    "modified",
    "last_modified",
    "changed_at",
    "changed_on",
    "mtime",
    "last_changed",
];

/// Whether a pair of columns only records when its row was changed: the winner is told by it, or both
/// names say so.
fn records_changes(columns: [&Column; 2], times: TimesFrom<'_>) -> bool {
    let is_time = |column: &Column| matches!(column.ty, PortableType::Timestamp { .. } | PortableType::Instant { .. });
    let named = |column: &Column| RECORDING.contains(&column.name.to_lowercase().as_str());
    let asked =
        matches!(times, TimesFrom::Columns(names, _) if names[0] == columns[0].name && names[1] == columns[1].name);
    columns.into_iter().all(is_time) && (asked || columns.into_iter().all(named))
}

/// What is known of one item.
#[derive(Clone, Debug)]
pub struct Found {
    /// Per compared pair of columns, the key's last.
    pub columns: Vec<Compared>,
    /// When each side was last changed, on one clock.
    pub times: [Option<i64>; 2],
    /// When each side was last changed, to be told where that is carried to: by its history, or else as
    /// `times`.
    pub told: [Option<i64>; 2],
}

impl<'a> FactsReader<'a> {
    /// For two tables and their alignment; `computed` says which columns of a side the database
    /// computes, by name.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        parts: [&'a Parts; 2],
        recipes: &'a [Recipe; 2],
        identity: [&'a [String]; 2],
        base: Option<&'a Base>,
        alignment: &Alignment,
        key: &Key,
        computed: &dyn Fn(usize, &str) -> bool,
        times: TimesFrom<'a>,
        histories: Histories<'a>,
    ) -> Self {
        let mut pairs = Recipe::order(alignment, key);
        pairs.extend(&key.pairs);
        let own = |side: usize| -> Vec<Column> {
            let of = |at: &usize| if side == 0 { &alignment.pairs[*at].left } else { &alignment.pairs[*at].right };
            pairs.iter().map(|at| of(at).clone()).collect()
        };
        let columns = [own(0), own(1)];
        let either = |at: usize| [0, 1].into_iter().any(|side: usize| computed(side, &columns[side][at].name));
        let computed = (0..pairs.len()).map(either).collect();
        let judge = Judge::with_key(alignment, key);
        let knows = |(at, pair): (usize, &usize)| match base {
            Some(base) => base.knows([&columns[0][at], &columns[1][at]], &BaseColumn::of(alignment, *pair)),
            None => Known::Never,
        };
        let known = pairs.iter().enumerate().map(knows).collect();
        let recording = (0..pairs.len())
            .map(|at| at + key.pairs.len() < pairs.len() && records_changes([&columns[0][at], &columns[1][at]], times))
            .collect();
        let zone = alignment.zone.as_ref().and_then(|name| name.parse().ok());
        Self {
            parts,
            recipes,
            identity,
            base,
            computed,
            known,
            judge,
            pairs,
            columns,
            times,
            histories,
            recording,
            zone,
        }
    }

    /// The positions in the alignment of the compared pairs, the key's last.
    pub fn pairs(&self) -> &[usize] {
        &self.pairs
    }

    /// What is known of these items.
    ///
    /// # Errors
    /// If rows can't be read.
    pub fn read(&self, items: &[Item]) -> Result<Vec<Found>, SnapshotError> {
        let [left, right] = [0, 1].map(|side: usize| self.now(side, items));
        let now = [left?, right?];
        let differs: Vec<Vec<bool>> = (0..self.pairs.len())
            .into_par_iter()
            .map(|column| {
                let mut buffers = [Vec::new(), Vec::new()];
                (0..items.len()).map(|at| self.differs(column, at, &now, &mut buffers)).collect()
            })
            .collect();
        let asked: Vec<bool> = differs.iter().map(|column| column.contains(&true)).collect();
        let [left, right] = [0, 1].map(|side: usize| self.then(side, items, &asked));
        let then = [left?, right?];
        let by_column: Vec<Vec<Compared>> = differs
            .into_par_iter()
            .enumerate()
            .map(|(column, differs)| {
                let mut buffers = [Vec::new(), Vec::new()];
                let changed = |(at, differs): (usize, bool)| {
                    let changed = match differs || !items[at].is_paired() {
                        true => self.changed(column, at, &now, &then, &mut buffers),
                        false => [false; 2],
                    };
                    let later = if differs && self.recording[column] { self.later(column, at, &now) } else { None };
                    Compared { differs, changed, later }
                };
                differs.into_iter().enumerate().map(changed).collect()
            })
            .collect();
        let (times, told) = self.times(items)?;
        Ok((0..items.len())
            .map(|at| Found {
                columns: by_column.iter().map(|column| column[at]).collect(),
                times: times[at],
                told: told[at],
            })
            .collect())
    }

    fn differs(&self, column: usize, at: usize, now: &[Rows; 2], buffers: &mut [Vec<u8>; 2]) -> bool {
        match (now[0].row(at), now[1].row(at)) {
            (Some(left), Some(right)) if !self.computed[column] => {
                self.judge.verdict(column, [left, right], buffers) == Verdict::Different
            }
            _ => false,
        }
    }

    fn changed(
        &self,
        column: usize,
        at: usize,
        now: &[Rows; 2],
        then: &[Then; 2],
        buffers: &mut [Vec<u8>; 2],
    ) -> [bool; 2] {
        if self.computed[column] {
            return [false; 2];
        }
        let agreed = match (self.known[column], then[0].row(at), then[1].row(at)) {
            (Known::Always, ..) => true,
            (Known::WhereEqual, Some(left), Some(right)) => {
                self.judge.verdict(column, [left, right], buffers) != Verdict::Different
            }
            _ => false,
        };
        [0, 1].map(|side: usize| match (now[side].row(at), then[side].row(at)) {
            (Some(row), Some(was)) => {
                !agreed || self.judge.moved(column, side, [was, row], buffers) == Verdict::Different
            }
            _ => false,
        })
    }

    /// The side whose time is later in a column of times.
    fn later(&self, column: usize, at: usize, now: &[Rows; 2]) -> Option<usize> {
        let time = |side: usize| {
            let (view, row) = now[side].row(at)?;
            time_of(view.cells(column)?, row, self.zone)
        };
        let (left, right) = (time(0)?, time(1)?);
        (left != right).then_some(usize::from(right > left))
    }

    fn now(&self, side: usize, items: &[Item]) -> Result<Rows, SnapshotError> {
        let parts = self.parts[side];
        let projection: Vec<usize> = self.columns[side].iter().filter_map(|c| parts.position(&c.name)).collect();
        Rows::new(items.iter().map(|item| item.rows[side]), |rows| fetch(parts, &projection, rows))
    }

    /// What the rows of items were: of pairs in the columns that are asked for, of rows that are alone in
    /// all of them.
    fn then(&self, side: usize, items: &[Item], asked: &[bool]) -> Result<Then, SnapshotError> {
        let Some(base) = self.base else {
            return Ok(Then { paired: Rows::none(items.len()), alone: Rows::none(items.len()) });
        };
        let of = |paired: bool, asked: &[bool]| {
            let pairs = items.iter().map(|item| item.base.filter(|_| item.is_paired() == paired));
            Rows::new(pairs, |pairs| base.rows_in(side, &self.columns[side], asked, pairs))
        };
        Ok(Then { paired: of(true, asked)?, alone: of(false, &vec![true; asked.len()])? })
    }

    /// As [`Found::times`] and [`Found::told`].
    #[allow(clippy::type_complexity)]
    fn times(&self, items: &[Item]) -> Result<(Vec<[Option<i64>; 2]>, Vec<[Option<i64>; 2]>), SnapshotError> {
        let mut out = vec![[None; 2]; items.len()];
        let last = self.last_changes(items)?;
        match self.times {
            TimesFrom::Nowhere => {}
            TimesFrom::Columns(names, shift) => {
                for side in [0, 1] {
                    let parts = self.parts[side];
                    let Some(column) = parts.position(names[side]) else { continue };
                    let rows =
                        Rows::new(items.iter().map(|item| item.rows[side]), |rows| fetch(parts, &[column], rows))?;
                    for (at, times) in out.iter_mut().enumerate() {
                        let time = rows.row(at).and_then(|(view, row)| time_of(view.cells(0)?, row, self.zone));
                        times[side] = time.map(|time| if side == 1 { time.saturating_sub(shift) } else { time });
                    }
                }
            }
            TimesFrom::Histories => {
                for (times, last) in out.iter_mut().zip(&last) {
                    *times = last.map(at);
                    // Of what a history does not tell, all happened before it began.
                    for side in [0, 1] {
                        if let (Some(LastChange::Untold), Some(other), Some(history)) =
                            (last[side], times[1 - side], self.histories.sides[side])
                            && self.on_left_clock(side, history.covers_from) < other
                        {
                            times[side] = Some(self.on_left_clock(side, history.covers_from));
                        }
                    }
                }
            }
        }
        let told = |(last, times): (&[Option<LastChange>; 2], &[Option<i64>; 2])| {
            let by_column = matches!(self.times, TimesFrom::Columns(..));
            [0, 1].map(|side: usize| match last[side] {
                None if by_column => times[side],
                last => at(last),
            })
        };
        let told = last.iter().zip(&out).map(told).collect();
        Ok((out, told))
    }

    fn on_left_clock(&self, side: usize, time: i64) -> i64 {
        if side == 1 { time.saturating_sub(self.histories.ahead) } else { time }
    }

    /// What the histories say of items, by the left clock; `None` where there is none, or nobody knows which
    /// row is meant.
    fn last_changes(&self, items: &[Item]) -> Result<Vec<[Option<LastChange>; 2]>, SnapshotError> {
        let mut out = vec![[None; 2]; items.len()];
        for side in [0, 1] {
            let Some(history) = self.histories.sides[side] else { continue };
            for (last, id) in out.iter_mut().zip(self.ids(side, items)?) {
                last[side] = id.map(|id| match history.last(&id) {
                    LastChange::At(time) => LastChange::At(self.on_left_clock(side, time)),
                    last => last,
                });
            }
        }
        Ok(out)
    }

    /// The identities of a side's rows, as they are or last were.
    fn ids(&self, side: usize, items: &[Item]) -> Result<Vec<Option<Fingerprint>>, SnapshotError> {
        let parts = self.parts[side];
        let key = self.recipes[side].key.iter().map(|column| column.name.as_str());
        let named: Vec<&str> = key.chain(self.identity[side].iter().map(String::as_str)).collect();
        let projection: Vec<usize> =
            (0..parts.columns().len()).filter(|at| named.contains(&parts.columns()[*at].name.as_str())).collect();
        let columns: Vec<Column> = projection.iter().map(|at| parts.columns()[*at].clone()).collect();
        let Some(linker) = Linker::new(&columns, &self.recipes[side], self.identity[side]) else {
            return Ok(vec![None; items.len()]);
        };
        let rows: Vec<u64> = items.iter().filter_map(|item| item.rows[side]).collect();
        let mut found = linker.ids(&fetch(parts, &projection, &rows)?).into_iter();
        let of = |item: &Item| match item.rows[side] {
            Some(_) => found.next().flatten(),
            None => item.base.map(|base| base.ids[side]),
        };
        Ok(items.iter().map(of).collect())
    }
}

/// The time, if it is known.
fn at(last: Option<LastChange>) -> Option<i64> {
    if let Some(LastChange::At(time)) = last { Some(time) } else { None }
}
