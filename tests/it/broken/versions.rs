//! What people wrote, cell by cell, and what each of them had seen when writing.
//!
//! A cell's version knows the versions that its author had before their eyes: those are superseded.
//! Two versions of which neither has seen the other were made apart. A program that takes a side for
//! the winner makes a version that has seen both.

use crate::support::Cells;
use std::collections::{BTreeMap, BTreeSet};

/// The columns beside the key: two texts, and the time of the row's last change.
pub const COLUMNS: usize = 3;
/// The position of the time among them.
pub const TIME: usize = 2;

/// The number of a version.
pub type Node = usize;
/// The version of cells whose row nobody has ever made.
const NEVER: Node = 0;

/// What a cell holds: `None` where the row is not there, `Some(None)` for NULL.
pub type Value = Option<Option<String>>;

/// Rows by their key.
pub type Rows = BTreeMap<i64, [Register; 2]>;

/// Why a version supersedes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    /// Its author saw it.
    Seen,
    /// The run with this number decided so.
    Decided(usize),
    /// Both sides hold the same, made apart: whether that counts as agreed depends on how far runs got.
    Perhaps,
}

/// One version of one cell.
#[derive(Clone, Debug)]
struct Version {
    cell: (i64, usize),
    value: Value,
    supersedes: Vec<(Node, Tie)>,
    /// When it was written, in microseconds since the story began.
    at: u64,
}

/// Who wrote what a cell holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Person,
    /// A run, and what was there before it.
    Run {
        run: usize,
        before: Box<Cell>,
    },
}

/// A cell of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub node: Node,
    pub by: By,
}

/// The cells of one key on a side, whether its row is there or not.
pub type Register = [Cell; COLUMNS];

/// A run, the side that it wrote, and the cell.
type Carried = (usize, usize, (i64, usize));

/// All that is known of both tables.
#[derive(Clone, Debug)]
pub struct Versions {
    all: Vec<Version>,
    pub rows: Rows,
    /// By run, side and cell: what the run wrote, and what was there before.
    carried: BTreeMap<Carried, (Node, Cell)>,
    started: std::time::Instant,
}

impl Versions {
    pub fn new() -> Self {
        let never = Version { cell: (0, 0), value: None, supersedes: Vec::new(), at: 0 };
        Self { all: vec![never], rows: Rows::new(), carried: BTreeMap::new(), started: std::time::Instant::now() }
    }

    /// How many versions there are: later ones have larger numbers.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    pub fn value(&self, node: Node) -> &Value {
        &self.all[node].value
    }

    pub fn at(&self, node: Node) -> u64 {
        self.all[node].at
    }

    /// What a side holds for a key.
    pub fn values(&self, side: usize, id: i64) -> [Value; COLUMNS] {
        match self.rows.get(&id) {
            Some(row) => std::array::from_fn(|column| self.value(row[side][column].node).clone()),
            None => [const { None }; COLUMNS],
        }
    }

    /// The rows of a side as a table's cells, the key first.
    pub fn table(&self, side: usize) -> Vec<Cells> {
        let row = |(id, row): (&i64, &[Register; 2])| {
            let cells: Option<Cells> = row[side].iter().map(|cell| self.value(cell.node).clone()).collect();
            Some([vec![Some(id.to_string())], cells?].concat())
        };
        self.rows.iter().filter_map(row).collect()
    }

    /// All values that a cell ever had.
    pub fn past_values(&self, cell: (i64, usize)) -> Vec<Value> {
        self.all.iter().filter(|version| version.cell == cell).map(|version| version.value.clone()).collect()
    }

    /// The versions of a cell that have this value.
    pub fn with_value(&self, cell: (i64, usize), value: &Value) -> Vec<Node> {
        let same = |node: &Node| self.all[*node].cell == cell && self.all[*node].value == *value;
        (0..self.all.len()).filter(same).collect()
    }

    fn add(&mut self, cell: (i64, usize), value: Value, supersedes: Vec<(Node, Tie)>, at: u64) -> Node {
        self.all.push(Version { cell, value, supersedes, at });
        self.all.len() - 1
    }

    fn row(&mut self, id: i64) -> &mut [Register; 2] {
        let cell = || Cell { node: NEVER, by: By::Person };
        self.rows.entry(id).or_insert_with(|| std::array::from_fn(|_| std::array::from_fn(|_| cell())))
    }

    /// A person writes these values, having seen what is there on that side.
    pub fn write(&mut self, side: usize, id: i64, values: &[(usize, Value)]) {
        let at = u64::try_from(self.started.elapsed().as_micros()).unwrap();
        for (column, value) in values {
            let seen = self.row(id)[side][*column].node;
            let node = self.add((id, *column), value.clone(), vec![(seen, Tie::Seen)], at);
            self.row(id)[side][*column] = Cell { node, by: By::Person };
        }
    }

    /// A row that was there on both sides from the beginning.
    pub fn begin(&mut self, id: i64, values: &[Value; COLUMNS]) {
        for (column, value) in values.iter().enumerate() {
            let node = self.add((id, column), value.clone(), vec![(NEVER, Tie::Seen)], 0);
            for side in [0, 1] {
                self.row(id)[side][column] = Cell { node, by: By::Person };
            }
        }
    }

    /// A run has put a version into a side's cell that has seen what was there.
    pub fn carry(&mut self, run: usize, side: usize, (id, column): (i64, usize), node: Node) {
        let before = self.row(id)[side][column].clone();
        self.carried.insert((run, side, (id, column)), (node, before.clone()));
        self.row(id)[side][column] = Cell { node, by: By::Run { run, before: Box::new(before) } };
    }

    /// What was there before a run, if a cell holds again what the run wrote, whoever has been at it since:
    /// that can't be told from a cell that nobody has touched.
    pub fn as_written(&self, run: usize, side: usize, (id, column): (i64, usize)) -> Option<&Cell> {
        let (node, before) = self.carried.get(&(run, side, (id, column)))?;
        let now = self.rows.get(&id)?[side][column].node;
        (self.value(*node) == self.value(now)).then_some(before)
    }

    /// A run has put a version into a side's cell in preference to what was there.
    pub fn decide(&mut self, run: usize, side: usize, (id, column): (i64, usize), node: Node) {
        let loser = self.row(id)[side][column].node;
        let (value, at) = (self.value(node).clone(), self.at(node));
        let merged = self.add((id, column), value, vec![(node, Tie::Seen), (loser, Tie::Decided(run))], at);
        self.carry(run, side, (id, column), merged);
        let other = &mut self.row(id)[1 - side][column];
        if other.node == node {
            other.node = merged;
        }
    }

    /// What a run has put into a cell was taken back.
    pub fn take_back(&mut self, run: usize, side: usize, (id, column): (i64, usize), before: Cell) {
        let node = self.row(id)[side][column].node;
        self.all[node].supersedes.retain(|(_, tie)| *tie != Tie::Decided(run));
        self.row(id)[side][column] = before;
    }

    /// Where both sides came to the same apart, that may be agreed on by now.
    pub fn note_agreement(&mut self) {
        let ids: Vec<i64> = self.rows.keys().copied().collect();
        for cell in ids.into_iter().flat_map(|id| (0..COLUMNS).map(move |column| (id, column))) {
            let [left, right] = [0, 1].map(|side| self.rows[&cell.0][side][cell.1].node);
            if left == right || self.value(left) != self.value(right) || !self.apart(left, right) {
                continue;
            }
            let (value, at) = (self.value(left).clone(), self.at(left).max(self.at(right)));
            let both = self.add(cell, value, vec![(left, Tie::Perhaps), (right, Tie::Perhaps)], at);
            for side in [0, 1] {
                self.row(cell.0)[side][cell.1].node = both;
            }
        }
    }

    /// The versions that this one stands for: itself, or those that came to the same apart.
    pub fn stands_for(&self, node: Node) -> Vec<Node> {
        let ties = self.all[node].supersedes.iter().filter(|(_, tie)| *tie == Tie::Perhaps);
        std::iter::once(node).chain(ties.map(|(node, _)| *node)).collect()
    }

    /// All versions that this one supersedes; with `perhaps`, also those that it may.
    pub fn past(&self, node: Node, perhaps: bool) -> BTreeSet<Node> {
        let (mut found, mut open) = (BTreeSet::new(), vec![node]);
        while let Some(node) = open.pop() {
            let ties = self.all[node].supersedes.iter().filter(|(_, tie)| perhaps || *tie != Tie::Perhaps);
            open.extend(ties.map(|(node, _)| *node).filter(|node| found.insert(*node)));
        }
        found
    }

    /// Whether neither has surely seen the other.
    pub fn apart(&self, one: Node, other: Node) -> bool {
        one != other && !self.past(one, false).contains(&other) && !self.past(other, false).contains(&one)
    }

    /// Whether the first has seen the second, or may count as if.
    pub fn has_seen(&self, one: Node, other: Node) -> bool {
        one == other || self.past(one, true).contains(&other)
    }

    /// Whether a version is what both had before them: it changed nothing.
    pub fn changed_nothing(&self, node: Node, other: Node) -> bool {
        let common: BTreeSet<Node> = &self.past(node, true) & &self.past(other, true);
        let latest = |at: &&Node| !common.iter().any(|later| later != *at && self.past(*later, true).contains(at));
        common.iter().filter(latest).any(|at| self.value(*at) == self.value(node))
    }
}
