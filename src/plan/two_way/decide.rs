//! The decision on one pair of rows: pure.

use super::rules::{Merge, Rules, Take, Winner};

/// One compared pair of columns of one pair of rows; the key's columns too, where rows are linked by
/// their identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Whether left and right differ; false if one row is not there.
    pub differs: bool,
    /// Whether the left (right) cell is another than in the base; true where the base does not know
    /// the column, false where the row is not there. Of two rows, it matters only where they differ.
    pub changed: [bool; 2],
    /// Of a column that only records when its row was changed: the side whose value is later.
    pub later: Option<usize>,
}

/// What is known of one pair of rows.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether the left (right) row is there.
    pub here: [bool; 2],
    /// Whether the base has the pair: then both were there.
    pub based: bool,
    /// Its columns.
    pub columns: &'a [Column],
    /// When each side was last changed (or its row deleted), on one clock, in microseconds; `None` if
    /// that is not known. Only where the rule asks for it.
    pub times: [Option<i64>; 2],
    /// What a person has decided.
    pub decided: Option<Take>,
    /// Whether only chosen rows were looked at: a row that is not there may only have left them.
    pub filtered: bool,
    /// Whether both rows were there at the last run, although the base has nothing of them: they were in
    /// conflict, refused or left out.
    pub torn: bool,
    /// Whether an interrupted run may have written one of them and nobody can tell: no rule decides then.
    pub unclear: bool,
}

/// Why a pair of rows is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// They differ, and nothing is known of what they were.
    NoBase,
    /// Both sides changed the same columns to other values.
    BothChanged,
    /// One side deleted the row, the other changed it.
    DeletedAndChanged,
    /// Both sides may have changed them since an interrupted run of which nobody can tell what it wrote.
    Unclear,
    /// As one of the first three; and the times are equal, or too close.
    TooClose,
    /// As one of the first three; and a time is not known.
    NoTime,
}

/// What becomes of a pair of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They agree, or nobody is there any more.
    Agree,
    /// They differ and stay so: neither has changed since the base.
    Kept,
    /// The row is added to this side.
    Create(usize),
    /// The row is removed from this side.
    Delete(usize),
    /// Cells are written: positions in [`Facts::columns`] that the left (right) row takes over.
    Write([Vec<usize>; 2]),
    /// A person has to decide.
    Conflict(Reason),
    /// Nobody knows whether the row was created or deleted.
    Undecided,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::NoBase, Self::BothChanged, Self::DeletedAndChanged, Self::Unclear, Self::TooClose, Self::NoTime];

    /// The word for it in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoBase => "no base",
            Self::BothChanged => "both changed",
            Self::DeletedAndChanged => "deleted and changed",
            Self::Unclear => "unclear",
            Self::TooClose => "too close",
            Self::NoTime => "no time",
        }
    }
}

/// Decides.
///
/// Columns that neither side has changed since the base stay as they are, also where a whole row is
/// taken over: they differ because one side can't hold what the other has, and what it made of the
/// value must not come back.
pub fn decide(facts: &Facts<'_>, rules: &Rules) -> Outcome {
    match facts.here {
        [true, true] => pair(facts, rules),
        [true, false] => alone(facts, rules, 0),
        [false, true] => alone(facts, rules, 1),
        [false, false] => Outcome::Agree,
    }
}

/// Both rows are there.
fn pair(facts: &Facts<'_>, rules: &Rules) -> Outcome {
    let differing = || facts.columns.iter().enumerate().filter(|(_, column)| column.differs);
    // Without a base, either side may have changed anything.
    let changed = |column: &Column| if facts.based { column.changed } else { [true; 2] };
    if differing().next().is_none() {
        return Outcome::Agree;
    }
    if facts.unclear && facts.decided.is_none() {
        return Outcome::Conflict(Reason::Unclear);
    }
    let mut writes = [Vec::new(), Vec::new()];
    let mut clashes = Vec::new();
    for (at, column) in differing() {
        match changed(column) {
            [true, false] => writes[1].push(at),
            [false, true] => writes[0].push(at),
            [true, true] => clashes.push(at),
            [false, false] => {}
        }
    }
    // When it was changed is later on one side: that merges by itself.
    let later = |at: &usize| Some((*at, facts.columns[*at].later?));
    let recorded: Option<Vec<(usize, usize)>> = clashes.iter().map(later).collect();
    if let Some(recorded) = recorded.filter(|_| rules.merge == Merge::Column) {
        recorded.iter().for_each(|(at, side)| writes[1 - side].push(*at));
        writes.iter_mut().for_each(|columns| columns.sort_unstable());
        clashes.clear();
    }
    let apart = rules.merge == Merge::Row && writes.iter().all(|columns| !columns.is_empty());
    if clashes.is_empty() && !apart {
        return if writes.iter().all(Vec::is_empty) { Outcome::Kept } else { Outcome::Write(writes) };
    }
    let why = if facts.based { Reason::BothChanged } else { Reason::NoBase };
    let winner = match winner(facts, rules, why) {
        Ok(side) => side,
        Err(reason) => return Outcome::Conflict(reason),
    };
    let taken = &mut writes[1 - winner];
    taken.extend(clashes);
    if rules.merge == Merge::Row {
        // The whole row is the winner's, with what only the other side changed.
        let own = std::mem::take(&mut writes[winner]);
        writes[1 - winner].extend(own);
    }
    writes.iter_mut().for_each(|columns| columns.sort_unstable());
    Outcome::Write(writes)
}

/// Only the row of this side is there.
fn alone(facts: &Facts<'_>, rules: &Rules, side: usize) -> Outcome {
    let other = 1 - side;
    if !facts.based && !facts.torn {
        return Outcome::Create(other);
    }
    if !facts.based {
        // It may be another row by now, or the other one was deleted: nothing proves either.
        return match facts.decided.map(|take| taken(take, facts)) {
            Some(Ok(winner)) if winner == side => Outcome::Create(other),
            Some(Ok(_)) => Outcome::Delete(side),
            Some(Err(_)) | None => Outcome::Undecided,
        };
    }
    let changed = facts.columns.iter().any(|column| column.changed[side]);
    if !changed && !facts.filtered {
        return Outcome::Delete(side);
    }
    let winner = match (facts.decided, &rules.winner) {
        (Some(take), _) => taken(take, facts),
        // The row of the other side may be there, and be none of the chosen ones.
        (None, _) if facts.filtered => return Outcome::Undecided,
        (None, Winner::NewestHistory) => newest(facts.times, rules.window),
        (None, _) => Err(Reason::DeletedAndChanged),
    };
    match winner {
        Ok(winner) if winner == side => Outcome::Create(other),
        Ok(_) => Outcome::Delete(side),
        Err(_) if facts.filtered => Outcome::Undecided,
        Err(reason) => Outcome::Conflict(reason),
    }
}

/// The side whose version is taken where both changed the same; `why` is the reason if no rule is
/// there to say so.
fn winner(facts: &Facts<'_>, rules: &Rules, why: Reason) -> Result<usize, Reason> {
    match (facts.decided, &rules.winner) {
        (Some(take), _) => taken(take, facts),
        (None, Winner::Left) => Ok(0),
        (None, Winner::Right) => Ok(1),
        (None, Winner::NewestColumn { .. } | Winner::NewestHistory) => newest(facts.times, rules.window),
        (None, Winner::None) => Err(why),
    }
}

/// The side that a person takes. Who says so does not need a window.
fn taken(take: Take, facts: &Facts<'_>) -> Result<usize, Reason> {
    match take {
        Take::Left => Ok(0),
        Take::Right => Ok(1),
        Take::Newest => newest(facts.times, 0),
    }
}

/// The side that was changed later, by more than the window.
fn newest(times: [Option<i64>; 2], window: i64) -> Result<usize, Reason> {
    let [Some(left), Some(right)] = times else { return Err(Reason::NoTime) };
    if left.abs_diff(right) <= window.max(0).unsigned_abs() {
        return Err(Reason::TooClose);
    }
    Ok(usize::from(right > left))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
