//! What a one-way plan leaves out, and what a person should know before applying it.

use super::assemble::print_key;
use super::file::{ActionCounts, LeftOut};
use super::misfits::Misfits;
use super::one_way::PlanInput;
use super::shape::Shape;
use super::steps::SIDES;
use crate::compare::View;
use crate::endpoint::Action;
use crate::snapshot::SnapshotError;
use std::collections::BTreeSet;

/// Keys to show of each kind.
const SAMPLES: usize = 5;

/// What the planner left out.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// The column for which no row can be created, and why.
    pub no_creates: Option<(String, &'static str)>,
    /// Rows that could not become steps.
    pub misfits: Misfits,
}

impl Left {
    /// Creates that are lost because of one column.
    pub fn creates_lost(&self, input: &PlanInput<'_>, shape: &Shape) -> u64 {
        if self.no_creates.is_some() { only(input, 1 - shape.side).0 } else { 0 }
    }
}

/// Everything that is left out, as `plan.json` tells it.
pub fn left_out(input: &PlanInput<'_>, shape: &Shape, left: &Left) -> Vec<LeftOut> {
    let mut out = rows_without_a_key(input);
    let written = SIDES[shape.side];
    for action in Action::ALL.into_iter().filter(|action| !input.actions.contains(action)) {
        let (rows, samples) = match action {
            Action::Create => only(input, 1 - shape.side),
            Action::Delete => only(input, shape.side),
            Action::Update => {
                let samples = input.audit.samples.changed.iter().map(|row| row.key.clone()).collect();
                (input.differences.changed.len() as u64, samples)
            }
        };
        if rows > 0 {
            out.push(entry(written, format!("{action}s"), "they are switched off", Some(rows), samples));
        }
    }
    if let Some((column, why)) = &left.no_creates {
        let (rows, samples) = only(input, 1 - shape.side);
        out.push(entry(
            written,
            format!("creates, for want of a value for column `{column}`"),
            why,
            Some(rows),
            samples,
        ));
    }
    out.extend(left.misfits.left_out(shape, written));
    if left.misfits.computed > 0 {
        let what = "updates in which only columns differ that the database computes".to_owned();
        out.push(entry(written, what, "they can't be written", Some(left.misfits.computed), Vec::new()));
    }
    out.extend(columns(input, shape));
    out
}

fn entry(side: &str, what: String, why: &str, rows: Option<u64>, samples: Vec<Vec<String>>) -> LeftOut {
    LeftOut { side: side.to_owned(), what, why: why.to_owned(), rows, samples }
}

fn only(input: &PlanInput<'_>, side: usize) -> (u64, Vec<Vec<String>>) {
    let rows = &input.differences.only[side];
    let first: BTreeSet<u64> = rows.iter().take(SAMPLES).copied().collect();
    let copies: usize = input.differences.copies[side].iter().map(Vec::len).sum();
    ((rows.len() + copies) as u64, keys(input, side, &first))
}

/// Rows that nobody can say of which row of the other table they are.
pub fn rows_without_a_key(input: &PlanInput<'_>) -> Vec<LeftOut> {
    let mut out = Vec::new();
    if input.key.is_whole_row() {
        if input.audit.ambiguous > 0 {
            let samples = input.audit.samples.ambiguous.iter().map(|sample| sample.key.clone()).collect();
            let what = "rows that both sides have, but not equally often".to_owned();
            let why = "surplus copies are left alone";
            out.push(entry("both", what, why, Some(input.audit.ambiguous), samples));
        }
        return out;
    }
    let why = "which row is meant, nobody can say";
    if input.audit.ambiguous > 0 {
        let samples = input.audit.samples.ambiguous.iter().map(|sample| sample.key.clone()).collect();
        let what = "keys on both sides that are not unique and differ".to_owned();
        out.push(entry("both", what, why, Some(input.audit.ambiguous), samples));
    }
    for side in [0, 1] {
        let keys_alone = input.differences.only_ambiguous[side];
        if keys_alone > 0 {
            let samples = keys(input, side, &input.differences.only_ambiguous_samples[side]);
            let what = format!("keys on the {} only that are not unique", SIDES[side]);
            out.push(entry(SIDES[side], what, why, Some(keys_alone), samples));
        }
        let rows = input.audit.sides[side].counts.null_keys;
        if rows > 0 {
            let samples = keys(input, side, &input.differences.null_samples[side]);
            let why = "NULL matches nothing";
            out.push(entry(SIDES[side], "rows whose key is NULL".to_owned(), why, Some(rows), samples));
        }
    }
    out
}

fn columns(input: &PlanInput<'_>, shape: &Shape) -> Vec<LeftOut> {
    let source = 1 - shape.side;
    let theirs = if shape.side == 1 { &input.alignment.only_left } else { &input.alignment.only_right };
    let other = |name: &String| {
        let why = "the other table has no such column";
        entry(SIDES[source], format!("column `{name}`"), why, None, Vec::new())
    };
    theirs.iter().map(other).chain(own_columns(input, shape)).chain(ignored_columns(input)).collect()
}

/// Columns of a written table that are not written.
pub fn own_columns(input: &PlanInput<'_>, shape: &Shape) -> Vec<LeftOut> {
    let mut out = Vec::new();
    let alignment = input.alignment;
    let mine = if shape.side == 1 { &alignment.only_right } else { &alignment.only_left };
    let column = |name: &str| format!("column `{name}`");
    for name in mine {
        let why = "the other table has no such column: updates leave it as it is, new rows get its default";
        out.push(entry(SIDES[shape.side], column(name), why, None, Vec::new()));
    }
    for link in shape.compared.iter().filter(|link| link.computed) {
        let name = &shape.column(link.written).name;
        out.push(entry(SIDES[shape.side], column(name), "the database computes it", None, Vec::new()));
    }
    out
}

/// Columns that the job leaves out.
pub fn ignored_columns(input: &PlanInput<'_>) -> Vec<LeftOut> {
    let mut out = Vec::new();
    let alignment = input.alignment;
    for name in &alignment.ignored {
        let pair = alignment.pairs.iter().position(|pair| pair.left.name == *name);
        if pair.is_some_and(|pair| input.key.pairs.contains(&pair)) {
            continue;
        }
        let why = "the job leaves it out: updates leave it as it is, new rows get its default";
        out.push(entry("both", format!("column `{name}`"), why, None, Vec::new()));
    }
    out
}

/// What a person should know before applying.
pub fn warnings(input: &PlanInput<'_>, shape: &Shape, counts: ActionCounts, order: Vec<String>) -> Vec<String> {
    let mut out = input.alignment.warnings.clone();
    out.extend(notes(input));
    if input.key.is_whole_row() {
        out.push(format!(
            "nothing identifies a row ({}): rows are compared as wholes, so a row that has changed is one to delete \
             and one to create, and nothing is updated",
            input.audit.key.why
        ));
    }
    out.extend(target_warnings(input, shape, counts));
    out.extend(filter_warnings(input, shape));
    out.extend(order);
    out
}

/// What was found while the tables were described.
pub fn notes(input: &PlanInput<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (table, side) in input.tables.iter().zip(SIDES) {
        out.extend(table.snapshot.manifest.table.notes.iter().map(|note| format!("{side}: {note}")));
    }
    out
}

/// What there is to know of a table that is written.
pub fn target_warnings(input: &PlanInput<'_>, shape: &Shape, counts: ActionCounts) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(target) = &input.tables[shape.side].target {
        out.extend(
            target
                .obstacles_to(|action| counts.of(action) > 0)
                .map(|why| format!("the {} table can't be written: {why}", SIDES[shape.side])),
        );
        if !target.triggers.is_empty() {
            let names: Vec<String> = target.triggers.iter().map(|name| format!("`{name}`")).collect();
            let (s, it) = if names.len() == 1 { ("", "it") } else { ("s", "they") };
            let side = SIDES[shape.side];
            out.push(format!(
                "writing sets off the trigger{s} {} of the {side} table: what {it} may do is not in this plan",
                names.join(", ")
            ));
        }
        out.extend(target.warnings.iter().cloned());
    }
    out
}

/// What follows from only chosen rows being looked at.
fn filter_warnings(input: &PlanInput<'_>, shape: &Shape) -> Vec<String> {
    let mut out = Vec::new();
    let filters = [0, 1].map(|side: usize| input.tables[side].filter.as_ref());
    if let (Some(_), Some(_)) = (filters[1 - shape.side], filters[shape.side])
        && !input.differences.only[shape.side].is_empty()
        && input.actions.contains(&Action::Delete)
    {
        out.push(
            "only chosen rows of both tables were looked at: a row that the source has among the others is deleted \
             from the target's chosen ones (--no-delete leaves it)"
                .to_owned(),
        );
    }
    if filters[shape.side].is_some()
        && !input.differences.only[1 - shape.side].is_empty()
        && input.actions.contains(&Action::Create)
    {
        out.push(
            "only chosen rows of the target were looked at: a row to be created may be there among the others; it \
             is then left alone and counted as refused"
                .to_owned(),
        );
    }
    if let Some(filter) = &input.tables[1 - shape.side].filter
        && filters[shape.side].is_none()
        && !input.differences.only[shape.side].is_empty()
        && input.actions.contains(&Action::Delete)
    {
        out.push(format!(
            "only rows of the source with `{filter}` were looked at, and the target's rows were chosen otherwise: \
             what the source has beyond them is deleted too"
        ));
    }
    out
}

/// The keys of rows, as printed. They are only shown: what can't be read is left away.
fn keys(input: &PlanInput<'_>, side: usize, rows: &BTreeSet<u64>) -> Vec<Vec<String>> {
    let read = || -> Result<Vec<Vec<String>>, SnapshotError> {
        let parts = &input.tables[side].snapshot.parts;
        let name = |at: &usize| {
            let pair = &input.alignment.pairs[*at];
            parts.position(if side == 0 { &pair.left.name } else { &pair.right.name })
        };
        let columns: Vec<usize> = input.key.pairs.iter().filter_map(name).collect();
        let rows: Vec<u64> = rows.iter().copied().take(SAMPLES).collect();
        let view = View::new(parts.fetch(&columns, &rows)?);
        let places: Vec<usize> = (0..columns.len()).collect();
        Ok((0..rows.len()).map(|row| print_key(&view, &places, row)).collect())
    };
    read().unwrap_or_default()
}
