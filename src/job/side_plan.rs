//! One side of a run: how its rows come to be frozen, and its index to be made.

use super::error::RunError;
use super::pending::Pending;
use super::side::{Job, Table, Watch};
use crate::endpoint::{Address, ExportRequest};
use crate::snapshot::{FreezeOptions, Recipe, RowFilter, Snapshot, freeze, freeze_parts};
use crate::table::{Alignment, Column};

/// One side on its way to be frozen and indexed.
pub(super) struct SidePlan<'a> {
    pub(super) job: &'a Job,
    pub(super) watch: &'a dyn Watch,
    pub(super) table: &'a Table,
    pub(super) address: &'a Address,
    pub(super) filter: &'a Option<String>,
    pub(super) name: &'static str,
    pub(super) at: usize,
}

impl SidePlan<'_> {
    /// Freezes the side, if it is live or its files are to be kept.
    pub(super) fn freeze(
        &self,
        alignment: &Alignment,
        recipe: Option<&Recipe>,
        pending: &Pending,
    ) -> Result<Snapshot, RunError> {
        let address = self.address.to_string();
        let options = |columns: &[Column], progress, live: bool| -> Result<FreezeOptions<'_>, RunError> {
            // A database evaluates its condition itself.
            let own = live && !matches!(self.address, Address::Csv(_));
            let filter = match self.filter {
                Some(sql) if !own => Some(RowFilter::new(sql, &address, columns)?),
                _ => None,
            };
            Ok(FreezeOptions {
                address: address.clone(),
                recipe,
                filter,
                filter_text: self.filter.clone(),
                interrupt: self.watch.interrupt(),
                progress,
            })
        };
        match self.table {
            Table::Live { endpoint, info } => {
                let columns = export_columns(info.columns.clone(), alignment, self.at);
                let request = ExportRequest { columns, filter: self.filter.clone(), streams: self.job.streams };
                let progress = self.watch.stage(&format!("exporting {}", self.name));
                let options = options(&request.columns, progress.as_ref(), true)?;
                let folder = pending.folder(self.name)?;
                Ok(freeze(endpoint.as_ref(), info, &request, options, &folder)?)
            }
            Table::Frozen(snapshot) => {
                let columns = snapshot.parts.columns().to_vec();
                // Files that are frozen already are copied only to a place that is asked for, or so
                // that a key is counted in the chosen rows only. What is found is then told of the
                // copy, so it stays.
                let asked = self.job.copy || self.job.out.is_some() && !matches!(self.address, Address::Snapshot(_));
                let counted = recipe.is_none() && self.filter.is_some() && snapshot.manifest.filter != *self.filter;
                if !asked && !counted {
                    return Ok(snapshot.as_ref().clone());
                }
                let progress = self.watch.stage(&format!("copying {}", self.name));
                let options = options(&columns, progress.as_ref(), false)?;
                let folder = pending.folder(self.name)?;
                Ok(freeze_parts(&snapshot.parts, self.table.info(), &columns, options, &folder)?)
            }
        }
    }
}

/// All columns of a table, those in pairs with the type that the pair gave them.
pub(super) fn export_columns(mut columns: Vec<Column>, alignment: &Alignment, side: usize) -> Vec<Column> {
    for column in &mut columns {
        let own = |pair: &crate::table::Pair| if side == 0 { pair.left.clone() } else { pair.right.clone() };
        if let Some(paired) = alignment.pairs.iter().map(own).find(|paired| paired.name == column.name) {
            *column = paired;
        }
    }
    columns
}
