//! Steps that can't be written, gathered by column.

use super::assemble::Fate;
use super::file::LeftOut;
use super::shape::Shape;
use crate::endpoint::Action;

/// Keys to keep of each column's misfits.
const SAMPLES: usize = 5;

/// The rows of which one column's value does not fit.
#[derive(Clone, Debug)]
struct Group {
    action: Action,
    column: usize,
    /// Whether the value would fit, but is unique and another row's.
    taken: bool,
    rows: u64,
    /// Of the first of them.
    why: String,
    samples: Vec<Vec<String>>,
}

/// What could not become a step.
#[derive(Clone, Debug, Default)]
pub struct Misfits {
    groups: Vec<Group>,
    /// Rows in which only columns differ that the database computes.
    pub computed: u64,
}

impl Misfits {
    /// Adds the rows that became no step.
    pub fn add(&mut self, action: Action, fates: &[Fate]) {
        for fate in fates {
            match fate {
                Fate::Step | Fate::Skipped => {}
                Fate::Computed => self.computed += 1,
                Fate::Misfit { column, why, key } => self.misfit(action, *column, false, why, key),
            }
        }
    }

    /// Adds a row that would take another's unique value.
    pub fn taken(&mut self, action: Action, column: usize, why: &str, key: &[String]) {
        self.misfit(action, column, true, why, key);
    }

    fn misfit(&mut self, action: Action, column: usize, taken: bool, why: &str, key: &[String]) {
        let same = |group: &&mut Group| (group.action, group.column, group.taken) == (action, column, taken);
        if let Some(group) = self.groups.iter_mut().find(same) {
            group.rows += 1;
            if group.samples.len() < SAMPLES && !key.is_empty() {
                group.samples.push(key.to_vec());
            }
            return;
        }
        self.groups.push(Group { action, column, taken, rows: 1, why: why.to_owned(), samples: vec![key.to_vec()] });
    }

    /// Whether the reason or the key of one more row that would take another's would be shown.
    pub fn wants_more(&self, action: Action, column: usize) -> bool {
        let same = |group: &&Group| (group.action, group.column, group.taken) == (action, column, true);
        self.groups.iter().find(same).is_none_or(|group| group.samples.len() < SAMPLES)
    }

    /// How many rows did not fit.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// As `plan.json` tells of them.
    pub fn left_out(&self, shape: &Shape, side: &str) -> Vec<LeftOut> {
        let group = |group: &Group| {
            let column = shape.column(group.column);
            let key = group.samples.first().map(|key| key.join(", ")).unwrap_or_default();
            LeftOut {
                side: side.to_owned(),
                what: format!("{}s whose value for column `{}` can't be written", group.action, column.name),
                why: format!("column `{}` is {}; row {key}: {}", column.name, column.native, group.why),
                rows: Some(group.rows),
                samples: group.samples.clone(),
            }
        };
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| (group.action, group.column));
        groups.into_iter().map(group).collect()
    }
}
