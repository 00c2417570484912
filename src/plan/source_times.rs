//! When the changes were made that a one-way plan carries, by the source's history: the target's history
//! is told.

use super::history_times::{HistoryTimes, LastChange};
use super::picks::Pick;
use super::rows::fetch;
use crate::base::Linker;
use crate::compare::Differences;
use crate::endpoint::{Action, ExportBatch};
use crate::snapshot::{Parts, Recipe, SnapshotError};
use crate::table::Column;
use std::collections::HashMap;

/// Rows to read at once.
const CHUNK: usize = 16 * 1024;

/// What the source's history tells.
pub struct SourceTimes {
    /// When its rows were last changed.
    pub times: HistoryTimes,
    /// The columns of their identity.
    pub identity: Vec<String>,
    /// How the unique key's fingerprints are made.
    pub recipes: [Recipe; 2],
    /// By how much the target's clock is ahead of the source's, in microseconds.
    pub ahead: i64,
}

/// The same of the rows that differ, by the target's clock.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Rows that are there in the source.
    source: HashMap<u64, i64>,
    /// Rows of the target that are not.
    gone: HashMap<u64, i64>,
}

impl Told {
    /// When the change was made that a step carries.
    pub(super) fn when(&self, action: Action, pick: &Pick) -> Option<i64> {
        match action {
            Action::Create | Action::Update => self.source.get(&pick.source).copied(),
            Action::Delete => self.gone.get(&pick.written).copied(),
        }
    }
}

impl SourceTimes {
    /// Looks up the rows that differ; `written` is the target's side.
    pub(super) fn told(
        &self,
        parts: [&Parts; 2],
        written: usize,
        differences: &Differences,
    ) -> Result<Told, SnapshotError> {
        let source = 1 - written;
        let by_key = |linker: &Linker, batch: &ExportBatch| -> Vec<LastChange> {
            let last = |key: Option<_>| key.map_or(LastChange::Unknown, |key| self.times.last_by_key(&key));
            linker.keys(batch).into_iter().map(last).collect()
        };
        let by_identity = |linker: &Linker, batch: &ExportBatch| -> Vec<LastChange> {
            let last = |id: Option<_>| id.map_or(LastChange::Unknown, |id| self.times.last(&id));
            linker.ids(batch).into_iter().map(last).collect()
        };
        let alone = Recipe { key: Vec::new(), ..self.recipes[source].clone() };
        let rows = differences.rows(source);
        let found = match self.rows(parts[source], &rows, &alone, &self.identity, &by_identity)? {
            Some(found) => found,
            // The identity is not among the columns that were read.
            None => self.rows(parts[source], &rows, &self.recipes[source], &[], &by_key)?.unwrap_or_default(),
        };
        let gone = &differences.only[written];
        let gone = self.rows(parts[written], gone, &self.recipes[written], &[], &by_key)?.unwrap_or_default();
        Ok(Told { source: found, gone })
    }

    /// The times of these rows; `None` if columns were not read that it takes.
    fn rows(
        &self,
        parts: &Parts,
        rows: &[u64],
        recipe: &Recipe,
        identity: &[String],
        look_up: &dyn Fn(&Linker, &ExportBatch) -> Vec<LastChange>,
    ) -> Result<Option<HashMap<u64, i64>>, SnapshotError> {
        let named: Vec<&str> =
            recipe.key.iter().map(|column| column.name.as_str()).chain(identity.iter().map(String::as_str)).collect();
        let projection: Vec<usize> =
            (0..parts.columns().len()).filter(|at| named.contains(&parts.columns()[*at].name.as_str())).collect();
        let columns: Vec<Column> = projection.iter().map(|at| parts.columns()[*at].clone()).collect();
        let Some(linker) = Linker::new(&columns, recipe, identity) else { return Ok(None) };
        let mut out = HashMap::new();
        for rows in rows.chunks(CHUNK) {
            for (row, last) in rows.iter().zip(look_up(&linker, &fetch(parts, &projection, rows)?)) {
                if let LastChange::At(time) = last {
                    out.insert(*row, time.saturating_add(self.ahead));
                }
            }
        }
        Ok(Some(out))
    }
}
