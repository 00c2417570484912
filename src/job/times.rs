//! When the rows of a table were last changed, by its history.

use super::run::Compared;
use crate::base::{Linker, identity_of};
use crate::endpoint::{Address, Changes, ChangesRead, EndpointError, HistoryMark, open};
use crate::plan::{HistoryTimes, SourceTimes};
use crate::snapshot::Recipe;
use crate::table::{Column, TableInfo};

/// Reads them: since a mark, or by all that the history has. Why it can't be read, in words.
///
/// # Errors
/// If the table's system can't be reached.
pub(super) fn history_times(
    address: &Address,
    table: &TableInfo,
    identity: &[String],
    recipe: &Recipe,
    since: Option<&HistoryMark>,
) -> Result<Result<HistoryTimes, String>, EndpointError> {
    let Some(history) = open(address).and_then(|endpoint| endpoint.history()) else {
        return Ok(Err("a file can't keep one".to_owned()));
    };
    let columns: Vec<Column> =
        identity.iter().filter_map(|name| table.columns.iter().find(|c| c.name == *name)).cloned().collect();
    // The unique key may be of other columns than the identity.
    let alone = Recipe { key: Vec::new(), ..recipe.clone() };
    let linker = Linker::new(&columns, recipe, identity).or_else(|| Linker::new(&columns, &alone, identity));
    let Some(linker) = linker else { return Ok(Err("the table's key is not known".to_owned())) };
    let read = |since: Option<&HistoryMark>| {
        let mut out = HistoryTimes::default();
        let mut take = |changes: Changes| -> Result<(), EndpointError> {
            out.take(&changes, &linker.ids(&changes.keys), &linker.keys(&changes.keys));
            Ok(())
        };
        Ok(match history.changes(since, &columns, &mut take)? {
            ChangesRead::Whole { covers_from, .. } => {
                out.covers_from = covers_from;
                Ok(out)
            }
            ChangesRead::Lacking(why) => Err(why),
        })
    };
    match (read(since)?, since) {
        (Err(_), Some(_)) => read(None),
        (read, _) => Ok(read),
    }
}

/// What a one-way plan can tell of when the changes were made that it carries: nothing, unless both tables
/// have a history, and something differs.
pub(super) fn source_times(addresses: [&Address; 2], written: usize, compared: &Compared) -> Option<SourceTimes> {
    let Compared { frozen, alignment, key, differences, .. } = compared;
    let none = differences.changed.is_empty() && differences.only.iter().all(Vec::is_empty);
    if none || key.is_whole_row() {
        return None;
    }
    let source = 1 - written;
    let table = &frozen[source].manifest.table;
    let of = |at: &usize| if source == 0 { &alignment.pairs[*at].left } else { &alignment.pairs[*at].right };
    let names: Vec<String> = key.pairs.iter().map(|at| of(at).name.clone()).collect();
    let identity = identity_of(table, &names);
    let recipes = Recipe::of(alignment, key);
    let read = || -> Result<Result<SourceTimes, String>, EndpointError> {
        let [Some(left), Some(right)] = [open(addresses[0]), open(addresses[1])] else {
            return Ok(Err("a file keeps none".to_owned()));
        };
        let endpoints = [left, right];
        let target = endpoints[written].history();
        if target.map_or(Ok(None), |history| history.status())?.is_none() {
            return Ok(Err("there is nobody to tell".to_owned()));
        }
        let [Some(from), Some(to)] = [endpoints[source].clock()?, endpoints[written].clock()?] else {
            return Ok(Err("there is no clock".to_owned()));
        };
        let times = history_times(addresses[source], table, &identity, &recipes[source], None)?;
        Ok(times.map(|times| SourceTimes { times, identity, recipes, ahead: from.skew(to).ahead }))
    };
    match read() {
        Ok(Ok(times)) => Some(times),
        Ok(Err(why)) => {
            tracing::debug!("when changes were made is not told to the target's history: {why}");
            None
        }
        // Whoever may read a table need not have the right to read its history.
        Err(why) => {
            tracing::info!("when changes were made is not told to the target's history: {why}");
            None
        }
    }
}
