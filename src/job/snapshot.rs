//! One table frozen for later.

use super::error::RunError;
use super::pending::{Durable, Pending};
use super::side::{Table, Watch};
use crate::endpoint::{Address, EndpointError, ExportRequest};
use crate::snapshot::{FreezeOptions, Recipe, RowFilter, Snapshot, freeze, freeze_parts};
use std::path::{Path, PathBuf};

/// Freezes one table into `out`, with an index on its key if it has one.
///
/// # Errors
/// If anything on the way fails; nothing is left behind then.
pub fn run_snapshot(
    address: &Address,
    filter: Option<&str>,
    key: &[String],
    streams: usize,
    out: &Path,
    watch: &dyn Watch,
) -> Result<(PathBuf, Snapshot), RunError> {
    let pending = Pending::new(Some(out))?;
    let table = Table::open(address)?;
    let info = table.info().clone();
    info.notes.iter().for_each(|note| watch.note(&format!("{address}: {note}")));
    let key: Vec<String> = if key.is_empty() { info.primary_key.clone() } else { key.to_vec() };
    if let Some(name) = key.iter().find(|name| info.position(name).is_none()) {
        let names: Vec<String> = info.columns.iter().map(|c| c.name.clone()).collect();
        let suggestion = crate::table::nearest(name, &names);
        return Err(crate::table::AlignmentError::UnknownColumn { side: "the", name: name.clone(), suggestion }.into());
    }
    let recipe = (!key.is_empty()).then(|| Recipe::alone(&info.columns, &key));
    let live = matches!(&table, Table::Live { .. }) && !matches!(address, Address::Csv(_));
    let progress = watch.stage("exporting");
    let options = FreezeOptions {
        address: address.to_string(),
        recipe: recipe.as_ref(),
        filter: match filter {
            Some(sql) if !live => Some(RowFilter::new(sql, &address.to_string(), &info.columns)?),
            _ => None,
        },
        filter_text: filter.map(str::to_owned),
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let mut snapshot = match &table {
        Table::Live { endpoint, info } => {
            if let Some(columns) = info.denied.clone().filter(|columns| !columns.is_empty()) {
                return Err(EndpointError::Denied { address: address.to_string(), columns, whole: true }.into());
            }
            let request = ExportRequest { columns: info.columns.clone(), filter: filter.map(str::to_owned), streams };
            freeze(endpoint.as_ref(), info, &request, options, &pending.temporary)?
        }
        Table::Frozen(frozen) => freeze_parts(&frozen.parts, &info, &info.columns, options, &pending.temporary)?,
    };
    snapshot.manifest.address = address.to_string();
    Ok((pending.keep(Durable::Whole)?, snapshot))
}
