//! Rows of other tables that hang on rows to be deleted.

use super::chunk::{ChunkWriter, Failed};
use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::{Action, Dependent, ExportBatch, OnDelete, StepBatch};
use std::collections::HashSet;

/// The foreign keys whose rows would be touched by deletes: all but those that refuse.
pub fn cascading(dependents: &[Dependent]) -> Vec<Dependent> {
    dependents.iter().filter(|dependent| dependent.on_delete != OnDelete::Refuse).cloned().collect()
}

impl ChunkWriter<'_> {
    /// Refuses if rows hang on the rows that these steps would delete. `fetched` are those rows as
    /// they are. They are locked, so that no row can be added that hangs on them. Other steps are
    /// loaded afterwards.
    pub(super) fn check_dependents(&mut self, work: &Work, fetched: &ExportBatch) -> Result<(), Failed> {
        if self.watched.is_empty() || work.steps.action != Action::Delete {
            return Ok(());
        }
        let rows = self.as_they_are(work, fetched)?;
        self.load(&rows)??;
        let counts = self.writer.count_dependents(self.watched)?;
        for (dependent, rows_of_it) in self.watched.iter().zip(counts) {
            let inside = if dependent.is_itself { self.inside(&rows, dependent)? } else { 0 };
            if rows_of_it > inside {
                return Err(Failed::Apply(ApplyError::Cascade {
                    address: self.address.to_owned(),
                    table: dependent.table.clone(),
                    name: dependent.name.clone(),
                    on_delete: dependent.on_delete,
                    rows: rows_of_it - inside,
                }));
            }
        }
        Ok(())
    }

    /// The deletes of the rows as they were fetched: a step that takes back a create does not know
    /// the columns that it left to their defaults.
    fn as_they_are(&self, work: &Work, fetched: &ExportBatch) -> Result<Work, ApplyError> {
        let (steps, found) = (self.codec.rows(work.steps.rows())?, self.codec.rows(fetched)?);
        let keys: HashSet<Vec<u8>> = (0..steps.len()).map(|at| steps.key(at)).collect();
        let rows: Vec<usize> = (0..found.len()).filter(|row| keys.contains(&found.key(*row))).collect();
        let all = Work {
            numbers: vec![0; found.len()],
            found_by: work.found_by,
            steps: StepBatch {
                action: Action::Delete,
                before: Some(fetched.clone()),
                after: None,
                guard: (0..self.codec.columns().len()).collect(),
                set: Vec::new(),
                park: Vec::new(),
            },
            changed: Vec::new(),
            together: Vec::new(),
            times: Vec::new(),
        };
        all.pick(&rows)
    }

    /// How many of these rows hang on others of them, or on themselves: they go anyway.
    fn inside(&self, work: &Work, dependent: &Dependent) -> Result<u64, ApplyError> {
        let position = |name: &String| self.codec.columns().iter().position(|column| column.name == *name);
        let positions = |names: &[String]| names.iter().map(position).collect::<Option<Vec<_>>>();
        let (Some(from), Some(to)) = (positions(&dependent.columns), positions(&dependent.to)) else { return Ok(0) };
        let rows = self.codec.rows(work.steps.rows())?;
        let targets: HashSet<Vec<u8>> = (0..rows.len()).map(|row| rows.encode(row, &to)).collect();
        let hangs = |row: &usize| {
            from.iter().all(|column| rows.print(*row, *column).is_some()) && targets.contains(&rows.encode(*row, &from))
        };
        Ok((0..rows.len()).filter(hangs).count() as u64)
    }
}
