//! From a run's folder to what the page says of it.

use super::conflicts::conflicts;
use super::mask::Mask;
use super::model::{PageModel, PageRun, PageSnapshot};
use super::rows::RowTables;
use super::steps::steps;
use crate::endpoint::Interrupt;
use crate::job::{Finished, RunFile};
use crate::plan::PlanError;
use crate::report::plan_state::{state_of, state_text};
use crate::snapshot::SnapshotError;
use crate::table::Alignment;
use thiserror::Error;

/// How to make a page.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Columns to mask, by either side's name.
    pub mask: Vec<String>,
    /// Rows of each table to put on the page.
    pub rows: usize,
}

/// Why there is no page.
#[derive(Debug, Error)]
pub enum PageError {
    /// A column to mask that there is not.
    #[error("no table has a column `{name}`")]
    UnknownColumn {
        /// As given.
        name: String,
        /// The nearest name there is.
        suggestion: Option<String>,
    },
    /// Rows can't be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Steps or conflicts can't be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl PageModel {
    /// What a page says of a run or plan.
    ///
    /// # Errors
    /// If a column to mask is unknown, or rows can't be read.
    pub fn new(finished: &Finished, options: &PageOptions, interrupt: &Interrupt) -> Result<Self, PageError> {
        let empty = Alignment::default();
        let alignment = match (&finished.run, &finished.plan) {
            (Some(run), _) => run.audit.alignment(),
            (None, Some(plan)) => &plan.file.alignment,
            (None, None) => &empty,
        };
        let columns = [0, 1].map(|side| column_names(finished, side));
        let mask = Mask::new(&options.mask, alignment, [&columns[0], &columns[1]])
            .map_err(|(name, suggestion)| PageError::UnknownColumn { name, suggestion })?;
        let mut out =
            Self { folder: finished.folder.display().to_string(), masked: mask.columns(alignment), ..Self::default() };
        if let Some(run) = &finished.run {
            let mut audit = run.audit.clone();
            mask.audit(&mut audit);
            out.audit = Some(audit);
            out.snapshots = [0, 1].map(|side| snapshot(run, side, &mask)).into();
            out.run = Some(PageRun {
                written_by: run.written_by.clone(),
                started_at: run.started_at.clone(),
                finished_at: run.finished_at.clone(),
                options: run.options.clone(),
                reasons: run.reasons,
            });
        }
        if let Some(kept) = &finished.kept {
            out.tables = RowTables { kept, mask: &mask, most: options.rows, interrupt }.all()?;
        }
        if let Some(plan) = &finished.plan {
            let mut file = plan.file.clone();
            mask.plan(&mut file);
            out.plan_state = state_text(&state_of(&plan.file, &plan.folder));
            out.plan = Some(file);
            out.tables.splice(
                0..0,
                [conflicts(plan, &mask, options.rows)?, steps(plan, &mask, options.rows, interrupt)?]
                    .into_iter()
                    .flatten(),
            );
        }
        if let Some(why) = &finished.lost {
            out.notes.push(format!("The compared rows can't be shown any more: {why}."));
        }
        Ok(out)
    }
}

/// The names of all columns of a side.
fn column_names(finished: &Finished, side: usize) -> Vec<String> {
    let table = match (&finished.run, &finished.plan) {
        (Some(run), _) => Some(&run.sides[side].manifest.table),
        (None, Some(plan)) => Some(&plan.file.sides[side].table),
        (None, None) => None,
    };
    table.into_iter().flat_map(|table| &table.columns).map(|column| column.name.clone()).collect()
}

fn snapshot(run: &RunFile, side: usize, mask: &Mask) -> PageSnapshot {
    let kept = &run.sides[side];
    let manifest = &kept.manifest;
    let mut filter = manifest.filter.clone();
    mask.filter(&mut filter);
    PageSnapshot {
        side: ["left", "right"][side],
        address: manifest.address.clone(),
        exported_at: manifest.exported_at.clone(),
        written_by: manifest.written_by.clone(),
        consistency: manifest.consistency.clone(),
        filter,
        rows: manifest.rows,
        counted: manifest.counted,
        columns: manifest.table.columns.len(),
        others: manifest.others.iter().map(|other| (other.column.clone(), other.values)).collect(),
        files: kept.files.clone(),
    }
}
