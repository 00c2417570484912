//! Whether what a run has written may be written: a cell may be replaced by one whose author had seen
//! it, or by one that the rule prefers, and by nothing else.

use super::rules::Rules;
use super::versions::{By, COLUMNS, Cell, Node, Register, Rows, TIME, Value, Versions};
use std::collections::{BTreeMap, BTreeSet};

/// What a table holds.
pub type Table = BTreeMap<i64, [Option<String>; COLUMNS]>;

/// What a run was to do.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// Carry a plan out that was made when the tables were so.
    Take { run: usize, planned: &'a Rows, later: bool },
    /// Take back what this run wrote.
    Undo { run: usize },
}

/// Rows that a run has written and that were not put back.
pub type Wrote = BTreeSet<(usize, usize, i64)>;

/// Looks at what a run has made of both tables, and notes it. What is wrong with it.
pub fn observe(
    versions: &mut Versions,
    wrote: &mut Wrote,
    rules: &Rules,
    deed: Deed<'_>,
    now: &[Table; 2],
) -> Vec<String> {
    let before = versions.rows.clone();
    let mut wrong = Vec::new();
    let ids: BTreeSet<i64> = before.keys().chain(now[0].keys()).chain(now[1].keys()).copied().collect();
    for id in ids {
        for side in [0, 1] {
            let values: [Value; COLUMNS] =
                std::array::from_fn(|column| now[side].get(&id).map(|cells| cells[column].clone()));
            let old = versions.values(side, id);
            let changed: Vec<usize> = (0..COLUMNS).filter(|column| old[*column] != values[*column]).collect();
            if changed.is_empty() {
                continue;
            }
            let mut judge = Judge { versions, wrote, rules, before: &before, id, side };
            let judged = match deed {
                Deed::Take { run, planned, later } => judge.take(run, planned, later, &changed, &values),
                Deed::Undo { run } => judge.undo(run, &changed, &values),
            };
            if let Err(why) = judged {
                wrong.push(format!(
                    "row {id} on the {} went from {} to {}: {why}",
                    ["left", "right"][side],
                    show(&old),
                    show(&values)
                ));
            }
        }
    }
    versions.note_agreement();
    wrong
}

/// A row as a person reads it.
pub fn show(values: &[Value; COLUMNS]) -> String {
    let cell = |value: &Value| match value {
        None => "gone".to_owned(),
        Some(None) => "NULL".to_owned(),
        Some(Some(text)) => text.clone(),
    };
    if values.iter().all(Option::is_none) {
        return "nothing".to_owned();
    }
    format!("({})", values.iter().map(cell).collect::<Vec<_>>().join(", "))
}

struct Judge<'a> {
    versions: &'a mut Versions,
    wrote: &'a mut Wrote,
    rules: &'a Rules,
    /// Both tables before the run.
    before: &'a Rows,
    id: i64,
    side: usize,
}

impl Judge<'_> {
    fn take(
        &mut self,
        run: usize,
        planned: &Rows,
        later: bool,
        changed: &[usize],
        values: &[Value; COLUMNS],
    ) -> Result<(), String> {
        let Some(rows) = self.before.get(&self.id) else { return Err("nobody ever wrote that row".to_owned()) };
        let planned = planned.get(&self.id);
        if later {
            self.guard(run, planned, changed, &rows[self.side])?;
        }
        self.wrote.insert((run, self.side, self.id));
        let appears = changed.iter().any(|column| self.versions.value(rows[self.side][*column].node).is_none());
        let vanishes = values.iter().all(Option::is_none);
        // Where the rule prefers the other side's row, all of it may be taken.
        let decided_on = [Some(rows), planned];
        let other = 1 - self.side;
        let preferred = decided_on.into_iter().flatten().any(|rows| self.is_preferred(rows, other));
        let whole = preferred && (appears || vanishes || self.rules.by_row);
        let mut taken = Vec::new();
        for column in changed {
            taken.push((*column, self.new_cell(planned, rows, *column, &values[*column], whole)?));
        }
        for (column, (node, decided)) in taken {
            if decided {
                self.versions.decide(run, self.side, (self.id, column), node);
            } else {
                self.versions.carry(run, self.side, (self.id, column), node);
            }
        }
        Ok(())
    }

    /// Whether both sides changed a row apart, and the rule prefers this one.
    fn is_preferred(&self, rows: &[Register; 2], side: usize) -> bool {
        let nodes = |column: usize| [side, 1 - side].map(|side| rows[side][column].node);
        let newer = |at: usize, column: usize| {
            let nodes = nodes(column);
            nodes[0] != nodes[1] && self.versions.has_seen(nodes[at], nodes[1 - at])
        };
        let crossed = self.rules.by_row && [0, 1].iter().all(|at| (0..COLUMNS).any(|column| newer(*at, column)));
        (0..COLUMNS).any(|column| {
            let [own, other] = nodes(column);
            (crossed || self.versions.apart(own, other)) && self.rules.may_prefer(self.versions, side, rows, column)
        })
    }

    /// That a plan is carried out only where nobody has written since it was made.
    fn guard(
        &self,
        run: usize,
        planned: Option<&[Register; 2]>,
        changed: &[usize],
        own: &Register,
    ) -> Result<(), String> {
        for column in changed {
            let then = planned.map(|rows| rows[self.side][*column].node);
            if then == Some(own[*column].node) {
                continue;
            }
            let value = then.map_or(&None, |node| self.versions.value(node));
            let as_then = value == self.versions.value(own[*column].node);
            if as_then && !self.wrote.contains(&(run, self.side, self.id)) {
                continue;
            }
            let what = if as_then { "what somebody put back after it was written" } else { "a later edit" };
            return Err(format!("a plan from before overwrote {what}"));
        }
        Ok(())
    }

    /// The version that a cell has got, and whether the rule had to decide.
    fn new_cell(
        &self,
        planned: Option<&[Register; 2]>,
        rows: &[Register; 2],
        column: usize,
        value: &Value,
        whole: bool,
    ) -> Result<(Node, bool), String> {
        let versions = &self.versions;
        let (own, other) = (rows[self.side][column].node, 1 - self.side);
        let sources = [planned.map(|rows| rows[other][column].node), Some(rows[other][column].node)];
        let mut nodes: Vec<Node> = sources.into_iter().flatten().flat_map(|node| versions.stands_for(node)).collect();
        nodes.retain(|node| versions.value(*node) == value);
        nodes.dedup();
        if nodes.is_empty() {
            nodes = versions.with_value((self.id, column), value);
        }
        let Some(first) = nodes.first().copied() else {
            return Err(format!("nobody ever wrote {value:?} in column {column}"));
        };
        if self.rules.one_way {
            return Ok((first, !versions.has_seen(first, own)));
        }
        if let Some(node) = nodes.iter().find(|node| versions.has_seen(**node, own)) {
            return Ok((*node, false));
        }
        let prefers = |rows: &[Register; 2]| self.rules.may_prefer(versions, other, rows, column);
        let may = |node: &Node| {
            whole
                || versions.apart(*node, own)
                    && (versions.changed_nothing(own, *node)
                        || [Some(rows), planned].into_iter().flatten().any(prefers)
                        || column == TIME && later(versions.value(*node), versions.value(own)))
        };
        match nodes.iter().copied().find(may) {
            Some(node) => Ok((node, true)),
            None if versions.apart(first, own) => Err("both changed it apart, and no rule says who wins".to_owned()),
            None => Err("what is there now is older than what was there".to_owned()),
        }
    }

    fn undo(&mut self, run: usize, changed: &[usize], values: &[Value; COLUMNS]) -> Result<(), String> {
        let Some(rows) = self.before.get(&self.id) else { return Err("nobody ever wrote that row".to_owned()) };
        let own = &rows[self.side];
        let mut back: Vec<(usize, Cell)> = Vec::new();
        for column in changed {
            match &own[*column].by {
                By::Run { run: by, before } if *by == run => {
                    if self.versions.value(before.node) != &values[*column] {
                        return Err(format!("it was {:?} before", self.versions.value(before.node)));
                    }
                    back.push((*column, (**before).clone()));
                }
                _ if let Some(before) = self.versions.as_written(run, self.side, (self.id, *column))
                    && self.versions.value(before.node) == &values[*column] =>
                {
                    back.push((*column, before.clone()));
                }
                By::Run { .. } => return Err("undo took back what another run had written".to_owned()),
                By::Person => return Err("undo took back what somebody wrote".to_owned()),
            }
        }
        for (column, cell) in back {
            self.versions.take_back(run, self.side, (self.id, column), cell);
        }
        self.wrote.remove(&(run, self.side, self.id));
        Ok(())
    }
}

fn later(one: &Value, other: &Value) -> bool {
    matches!((one, other), (Some(Some(one)), Some(Some(other))) if one > other)
}

/// What a finished undo has left of its run, although nobody else has touched the row.
pub fn not_undone(versions: &Versions, run: usize, first: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, row) in &versions.rows {
        for side in [0, 1] {
            let ours = |cell: &Cell| matches!(&cell.by, By::Run { run: by, .. } if *by == run);
            let touched = |cell: &Cell| match &cell.by {
                By::Person => cell.node >= first,
                By::Run { run: by, .. } => *by > run,
            };
            if row[side].iter().any(ours) && !row[side].iter().any(touched) {
                let values = show(&versions.values(side, *id));
                wrong.push(format!("row {id} on the {} is still {values} after the undo", ["left", "right"][side]));
            }
        }
    }
    wrong
}

/// The keys of rows that differ.
pub fn apart(versions: &Versions) -> BTreeSet<i64> {
    versions.rows.keys().copied().filter(|id| versions.values(0, *id) != versions.values(1, *id)).collect()
}

/// Whether nothing had to be decided about a row: one side's cells have seen all of the other's.
pub fn is_plain(versions: &Versions, id: i64) -> bool {
    let cells: Vec<[Node; 2]> =
        (0..COLUMNS).map(|column| [0, 1].map(|side| versions.rows[&id][side][column].node)).collect();
    cells.iter().all(|[left, right]| versions.value(*left) == versions.value(*right) || !versions.apart(*left, *right))
        && [0, 1].iter().any(|side| cells.iter().all(|nodes| versions.has_seen(nodes[*side], nodes[1 - *side])))
}
