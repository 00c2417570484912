//! What people do between runs.

use super::play::Player;
use super::rules::Winner;
use super::story::{Edit, What};
use super::versions::{By, COLUMNS, TIME, Value};
use std::time::Duration;

/// The time of an edit, so many minutes after the story began.
pub fn time(minutes: usize) -> String {
    format!("2024-01-{:02} {:02}:{:02}:00", 1 + minutes / 1440, minutes / 60 % 24, minutes % 60)
}

impl Player<'_> {
    /// Somebody makes edits.
    pub(super) fn edit(&mut self, edits: &[Edit]) {
        for edit in edits {
            if let Some((id, values)) = self.resolve(edit) {
                let was = self.versions.values(edit.side, id)[0].is_some();
                self.versions.write(edit.side, id, &values);
                let sql = self.tables.sides[edit.side].write(edit.side, id, was, &self.versions);
                self.played.log.push(format!("{}: {sql}", ["left", "right"][edit.side]));
                self.recent.insert(id);
                if self.story.rules.winner == Winner::NewestHistory {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    /// The row of an edit and what it is to hold; `None` if there is nothing to do.
    fn resolve(&mut self, edit: &Edit) -> Option<(i64, Vec<(usize, Value)>)> {
        self.edits += 1;
        let side = edit.side;
        let recent: Vec<i64> = self.recent.iter().copied().collect();
        let all: Vec<i64> = self.versions.rows.keys().copied().collect();
        let from = if edit.recent && !recent.is_empty() { recent } else { all };
        let mut id = from.get(edit.pick % from.len().max(1)).copied().unwrap_or(1);
        let minutes = if edit.late { edit.pick % self.edits.max(1) } else { self.edits + 1 };
        let token = |column: &str| Some(Some(format!("{}{column}{}", ["left ", "right "][side], self.edits)));
        let now: Value = Some(Some(time(minutes)));
        let fresh = || vec![(0, token("a")), (1, token("b")), (TIME, now.clone())];
        if edit.what == What::New {
            // One that the other side has just made, or another.
            let same = edit.pick.is_multiple_of(4) && self.versions.values(side, self.last)[0].is_none();
            if !same {
                self.last += 1;
            }
            id = self.last;
            return Some((id, fresh()));
        }
        let here = self.versions.values(side, id)[0].is_some();
        match edit.what {
            What::Delete if here => Some((id, (0..COLUMNS).map(|column| (column, None)).collect())),
            What::Delete => None,
            What::Revert => self.revert(side, id),
            What::Set(column) | What::Back(column) if here => {
                let mut old = self.versions.past_values((id, column));
                old.retain(Option::is_some);
                let value = match edit.what {
                    What::Back(_) => old[edit.pick % old.len()].clone(),
                    _ => token(["a", "b"][column]),
                };
                Some((id, vec![(column, value), (TIME, now)]))
            }
            What::Anew(true) | What::Back(_) => {
                let last = |column: usize| {
                    self.versions
                        .past_values((id, column))
                        .into_iter()
                        .rfind(Option::is_some)
                        .map(|value| (column, value))
                };
                (!here).then(|| (0..COLUMNS).map(last).collect::<Option<Vec<_>>>()).flatten().map(|values| (id, values))
            }
            _ => Some((id, fresh())),
        }
    }

    /// What the last run did to a row is put back by hand.
    fn revert(&self, side: usize, id: i64) -> Option<(i64, Vec<(usize, Value)>)> {
        let values = self.versions.values(side, id);
        let before = |column: usize| match &self.versions.rows.get(&id)?[side][column].by {
            By::Run { before, .. } => Some((column, self.versions.value(before.node).clone())),
            By::Person => None,
        };
        let before: Vec<(usize, Value)> = (0..COLUMNS).filter_map(before).collect();
        // A row is there or is not.
        let here = values[0].is_some();
        let whole = before.len() == COLUMNS;
        let there = before.first().is_some_and(|(_, value)| value.is_some());
        let fits = (whole || there == here) && before.iter().all(|(_, value)| value.is_some() == there);
        (fits && before.iter().any(|(column, value)| *value != values[*column])).then_some((id, before))
    }
}
