//! One side of a run: how its rows come to be frozen, and its index to be made.

use super::conditions;
use super::error::RunError;
use super::pending::Pending;
use super::side::{Job, Table, Watch};
use crate::endpoint::{Address, EndpointError, ExportRequest};
use crate::snapshot::{FreezeOptions, Recipe, RowFilter, Snapshot, freeze, freeze_parts};
use crate::table::{Alignment, Column, Key, TableInfo};

/// One side on its way to be frozen and indexed.
pub(super) struct SidePlan<'a> {
    pub(super) job: &'a Job,
    pub(super) watch: &'a dyn Watch,
    pub(super) table: &'a Table,
    pub(super) address: &'a Address,
    pub(super) filter: &'a Option<String>,
    pub(super) name: &'static str,
    pub(super) at: usize,
    /// The keys that tables declare, if it is still to be counted which is the better one.
    pub(super) claims: &'a [Key],
}

impl<'a> SidePlan<'a> {
    /// Both sides of a job.
    pub(super) fn both(job: &'a Job, watch: &'a dyn Watch, tables: &'a [Table; 2], claims: &'a [Key]) -> [Self; 2] {
        let of = |at: usize, name, address, filter| Self {
            job,
            watch,
            table: &tables[at],
            address,
            filter,
            name,
            at,
            claims,
        };
        [of(0, "left", &job.left, &job.where_left), of(1, "right", &job.right, &job.where_right)]
    }
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
            let filter = match self.filter {
                Some(sql) if !(live && self.filters_itself()) => {
                    Some(RowFilter::new(sql, &address, columns)?.keeping(&self.kept(columns, alignment, recipe)))
                }
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
                let mut columns = export_columns(info.columns.clone(), alignment, self.at);
                let kept = self.kept(&columns, alignment, recipe);
                if kept.is_empty() {
                    return Err(RunError::NothingCompared);
                }
                self.check_rights(info, &kept)?;
                // A condition may be about columns that are not to be kept.
                if self.filter.is_none() || self.filters_itself() {
                    columns = kept;
                }
                let request = ExportRequest { columns, filter: self.filter.clone(), streams: self.job.streams };
                let progress = self.watch.stage(&format!("exporting {}", self.name));
                let options = options(&request.columns, progress.as_ref(), true)?;
                let folder = pending.folder(self.name)?;
                let mut info = info.clone();
                info.notes.extend(self.filter.as_ref().and_then(|sql| conditions::note(self.address, sql)));
                Ok(freeze(endpoint.as_ref(), &info, &request, options, &folder)?)
            }
            Table::Frozen(snapshot) => {
                let mut columns = snapshot.parts.columns().to_vec();
                if self.filter.is_none() {
                    columns = self.kept(&columns, alignment, recipe);
                }
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

impl SidePlan<'_> {
    /// Whether the condition is evaluated where the table lives.
    fn filters_itself(&self) -> bool {
        !matches!(self.address, Address::Csv(_))
    }

    /// The columns that are needed: the key's and all that the job does not leave out; of a table that is
    /// written, all.
    fn kept(&self, columns: &[Column], alignment: &Alignment, recipe: Option<&Recipe>) -> Vec<Column> {
        if self.job.whole[self.at] {
            return columns.to_vec();
        }
        let options = &self.job.options;
        let ignored = |names: [&String; 2]| options.ignore.iter().any(|name| names.contains(&name));
        let chosen =
            |names: [&String; 2]| options.columns.is_empty() || options.columns.iter().any(|n| names.contains(&n));
        // Beside a database, a key is one of the chosen columns; in files it may be any.
        let any_key = recipe.is_none() && !self.job.asks_a_database();
        let needed = |column: &&Column| {
            let own = |pair: &&crate::table::Pair| [&pair.left, &pair.right][self.at].name == column.name;
            let pair = alignment.pairs.iter().find(own);
            let names = pair.map_or([&column.name; 2], |pair| [&pair.left.name, &pair.right.name]);
            let in_key = recipe.is_some_and(|recipe| recipe.key.iter().any(|key| key.name == column.name))
                || self.claims.iter().flat_map(|key| &key.pairs).any(|at| own(&&alignment.pairs[*at]));
            in_key || !ignored(names) && (chosen(names) || any_key)
        };
        columns.iter().filter(needed).cloned().collect()
    }

    /// Whether the user may read what is needed.
    fn check_rights(&self, info: &TableInfo, needed: &[Column]) -> Result<(), RunError> {
        let Some(denied) = &info.denied else { return Ok(()) };
        let lacking = |name: &&String| needed.iter().any(|column| column.name == **name);
        let columns: Vec<String> = denied.iter().filter(lacking).cloned().collect();
        let whole = self.job.whole[self.at];
        if columns.is_empty() && !whole {
            return Ok(());
        }
        Err(EndpointError::Denied { address: self.address.to_string(), columns, whole }.into())
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
