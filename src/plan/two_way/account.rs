//! What a plan for both sides leaves out, and what a person should know before applying it.

use super::items::Item;
use super::rules::Winner;
use crate::audit::thousands;
use crate::compare::View;
use crate::endpoint::Action;
use crate::plan::PlanInput;
use crate::plan::account::{notes, own_columns, rows_without_a_key, target_warnings};
use crate::plan::assemble::print_key;
use crate::plan::file::LeftOut;
use crate::plan::rows::fetch;
use crate::plan::shape::Shape;
use crate::plan::steps::SIDES;
use crate::plan::writing::WrittenSteps;

/// Keys to show of each kind.
const SAMPLES: usize = 5;

/// Rows of one side that were left out before a step was made.
#[derive(Clone, Debug, Default)]
pub struct Leftover {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    what: String,
    why: String,
    /// Whether it was wanted all the same.
    lost: bool,
    rows: u64,
    samples: Vec<Item>,
}

impl Leftover {
    fn add(&mut self, what: String, why: &str, lost: bool, item: Item) {
        let at = self.groups.iter().position(|group| group.what == what).unwrap_or_else(|| {
            self.groups.push(Group { what, why: why.to_owned(), lost, rows: 0, samples: Vec::new() });
            self.groups.len() - 1
        });
        let group = &mut self.groups[at];
        group.rows += 1;
        if group.samples.len() < SAMPLES {
            group.samples.push(item);
        }
    }

    /// A step whose action is not wanted.
    pub fn switched_off(&mut self, action: Action, item: Item) {
        self.add(format!("{action}s"), "they are switched off", false, item);
    }

    /// A row that can't be created for want of a value.
    pub fn unfillable(&mut self, (column, why): &(String, &'static str), item: Item) {
        self.add(format!("creates, for want of a value for column `{column}`"), why, true, item);
    }

    /// A row whose key changes and can't be written.
    pub fn rekeyed(&mut self, why: &str, item: Item) {
        self.add("updates that change the key".to_owned(), why, true, item);
    }

    /// Rows that were wanted and could not become steps.
    pub fn lost(&self) -> u64 {
        self.groups.iter().filter(|group| group.lost).map(|group| group.rows).sum()
    }
}

/// How many items of a kind there are, and the first few of them.
#[derive(Clone, Debug, Default)]
pub struct Few {
    pub(super) count: u64,
    first: Vec<Item>,
}

impl Few {
    /// Adds one.
    pub fn add(&mut self, item: Item) {
        self.count += 1;
        if self.first.len() < SAMPLES {
            self.first.push(item);
        }
    }
}

/// Everything that is left out, as `plan.json` tells it.
pub fn left_out(
    input: &PlanInput<'_>,
    shapes: &[Shape; 2],
    left: &[Leftover; 2],
    written: &[WrittenSteps; 2],
    undecided: &Few,
) -> Vec<LeftOut> {
    let mut out = rows_without_a_key(input);
    let keys = |items: &[Item]| items.iter().filter_map(|item| key(input, shapes, *item)).collect();
    if undecided.count > 0 {
        out.push(LeftOut {
            side: "both".to_owned(),
            what: "rows on one side only whose partner may have been deleted, or may only have another key".to_owned(),
            why: "nothing proves either: rows whose key is NULL or not unique, and rows that were not chosen, are not looked at".to_owned(),
            rows: Some(undecided.count),
            samples: keys(&undecided.first),
        });
    }
    for side in [0, 1] {
        let name = SIDES[side];
        out.extend(left[side].groups.iter().map(|group| LeftOut {
            side: name.to_owned(),
            what: group.what.clone(),
            why: group.why.clone(),
            rows: Some(group.rows),
            samples: keys(&group.samples),
        }));
        out.extend(written[side].misfits.left_out(&shapes[side], name));
        out.extend(own_columns(input, &shapes[side]));
    }
    out
}

/// The key of an item, as printed. It is only shown: what can't be read is left away.
fn key(input: &PlanInput<'_>, shapes: &[Shape; 2], item: Item) -> Option<Vec<String>> {
    let side = usize::from(item.rows[0].is_none());
    let columns = &shapes[side].writes.key;
    let batch = fetch(&input.tables[side].snapshot.parts, columns, &[item.rows[side]?]).ok()?;
    Some(print_key(&View::new(batch), &(0..columns.len()).collect::<Vec<_>>(), 0))
}

/// Rows that are written although they say that they are later than what they take over.
pub fn late_warnings(input: &PlanInput<'_>, shapes: &[Shape; 2], winner: &Winner, late: &[Few; 2]) -> Vec<String> {
    let Winner::NewestColumn { left, right } = winner else { return Vec::new() };
    let late = late.iter().enumerate().filter(|(_, few)| few.count > 0);
    late.map(|(side, few)| {
        let keys = few.first.iter().filter_map(|item| key(input, shapes, *item));
        let keys: Vec<String> = keys.map(|key| key.join(", ")).collect();
        let more = if few.count > SAMPLES as u64 { ", …" } else { "" };
        format!(
            "{} update{} of the {} table take{} over a row whose `{}` is earlier than that of the row they overwrite \
             (of keys {}{more}): only that side has changed since the last sync, so they are planned, but a clock or \
             an application is wrong there, or the table was put back from a copy",
            thousands(few.count),
            if few.count == 1 { "" } else { "s" },
            SIDES[side],
            if few.count == 1 { "s" } else { "" },
            [left, right][side],
            keys.join("; "),
        )
    })
    .collect()
}

/// What a person should know before applying.
pub fn warnings(input: &PlanInput<'_>, shapes: &[Shape; 2], written: &[WrittenSteps; 2]) -> Vec<String> {
    let mut out = input.alignment.warnings.clone();
    out.extend(notes(input));
    for (shape, written) in shapes.iter().zip(written) {
        // What a table does when it is written matters only if it is.
        if written.counts.total() > 0 {
            out.extend(target_warnings(input, shape, written.counts));
        }
        out.extend(written.warnings.iter().cloned());
    }
    out
}
