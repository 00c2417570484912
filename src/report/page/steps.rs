//! The table of a plan's steps.

use super::build::PageError;
use super::mask::Mask;
use super::model::{Cell, Changes, ColumnKind, PageColumn, PageTable, Values};
use crate::audit::thousands;
use crate::compare::{Briefs, brief_texts};
use crate::endpoint::{Action, Interrupt};
use crate::plan::{Plan, STEPS};
use crate::report::step::{SIDES, ShownStep, brief_step, key_names};
use crate::report::values::pair_name;
use std::collections::HashMap;

/// Steps that are read at once.
const CHUNK: usize = 4096;

/// The steps of both sides; `None` if there are none.
pub fn steps(plan: &Plan, mask: &Mask, most: usize, interrupt: &Interrupt) -> Result<Option<PageTable>, PageError> {
    let total: u64 = plan.file.sides.iter().map(|side| side.counts.total()).sum();
    if total == 0 {
        return Ok(None);
    }
    let names = [key_names(&plan.file, 0), key_names(&plan.file, 1)];
    let mut out = Steps::new(names, mask);
    'sides: for (side, own) in plan.file.sides.iter().enumerate() {
        if own.counts.total() == 0 {
            continue;
        }
        for chunk in plan.chunks(side, CHUNK)? {
            let chunk = chunk?;
            if interrupt.is_set() {
                return Err(PageError::Interrupted);
            }
            for row in 0..chunk.steps.len() {
                if out.actions.len() == most {
                    break 'sides;
                }
                out.add(brief_step(&plan.file, side, &chunk, row));
            }
        }
    }
    let rows = out.actions.len();
    let missing = total - rows as u64;
    let left_out = (missing > 0).then(|| {
        format!(
            "This page has the first {} of {} steps. The other {} are in {}; `trueup show {}` lists all.",
            thousands(rows as u64),
            thousands(total),
            thousands(missing),
            plan.folder.join(STEPS).display(),
            plan.folder.display()
        )
    });
    let (columns, filters) = out.columns();
    Ok(Some(PageTable {
        id: "steps",
        title: "Steps".to_owned(),
        unit: ["step", "steps"],
        total,
        lead: "What applying the plan writes, in the order of writing.".to_owned(),
        left_out,
        command: Some(format!("trueup apply {}", plan.folder.display())),
        columns,
        rows,
        filters,
    }))
}

struct Steps<'a> {
    mask: &'a Mask,
    key_names: [Vec<String>; 2],
    actions: Vec<Cell>,
    sides: Vec<Cell>,
    keys: Vec<Vec<Cell>>,
    changes: Vec<Changes>,
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl<'a> Steps<'a> {
    fn new(key_names: [Vec<String>; 2], mask: &'a Mask) -> Self {
        Self {
            mask,
            keys: vec![Vec::new(); key_names[0].len()],
            key_names,
            actions: Vec::new(),
            sides: Vec::new(),
            changes: Vec::new(),
            names: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn add(&mut self, mut step: ShownStep) {
        self.mask.key(step.side, &self.key_names[step.side], &mut step.key);
        self.actions.push(Cell::Text(step.action.word().to_owned()));
        self.sides.push(Cell::Text(SIDES[step.side].to_owned()));
        for (cells, value) in self.keys.iter_mut().zip(step.key) {
            cells.push(Cell::Text(value));
        }
        let mut changes = Vec::with_capacity(step.cells.len());
        for cell in step.cells {
            // What a row that comes or goes does not have is no news.
            if step.action != Action::Update && cell.before.iter().chain(&cell.after).all(Option::is_none) {
                continue;
            }
            let cells = match (&cell.before, &cell.after) {
                (Some(before), Some(after)) => {
                    let texts = [before.as_deref(), after.as_deref()];
                    Cell::both(&Briefs { lengths: cell.lengths, ..brief_texts(texts) }, cell.kinds)
                }
                _ => [(cell.before, 0), (cell.after, 1)].map(|(value, at)| {
                    match (Cell::maybe(value), cell.lengths[at]) {
                        (Cell::Text(text), Some(length)) => {
                            Cell::Noted(text, format!("{} characters", thousands(length)))
                        }
                        (cell, _) => cell,
                    }
                }),
            };
            let masked = cells.map(|value| self.mask.cell(step.side, &cell.column, value));
            let name = *self.places.entry(cell.column).or_insert_with_key(|name| {
                self.names.push(name.clone());
                self.names.len() - 1
            });
            changes.push((name, masked.into()));
        }
        self.changes.push(changes);
    }

    fn columns(self) -> (Vec<PageColumn>, Vec<(usize, &'static str)>) {
        let [left, right] = &self.key_names;
        let both = self.sides.iter().any(|side| *side != self.sides[0]);
        let cells = |name: &str, key, kind, cells| PageColumn {
            name: name.to_owned(),
            key,
            values: Values::Cells(kind, cells),
        };
        let mut out = vec![cells("action", false, ColumnKind::Word, self.actions)];
        let mut filters = vec![(0, "Action")];
        if both {
            filters.push((1, "Side"));
            out.push(cells("side", false, ColumnKind::Word, self.sides));
        }
        for (at, values) in self.keys.into_iter().enumerate() {
            let name = match (left.get(at), right.get(at)) {
                (Some(left), Some(right)) => pair_name(left, right),
                _ => "key".to_owned(),
            };
            out.push(cells(&name, true, ColumnKind::Text, values));
        }
        filters.push((out.len(), "Column"));
        let values = Values::Changes { heads: vec!["before", "after"], names: self.names, rows: self.changes };
        out.push(PageColumn { name: "what is written".to_owned(), key: false, values });
        (out, filters)
    }
}
