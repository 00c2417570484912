//! Writing the next base.

use super::file::BaseFile;
use super::find::{Base, BasePair};
use crate::endpoint::ExportBatch;
use crate::snapshot::{Recipe, SnapshotError};
use std::path::Path;

/// Rows that are settled because they were written: row by row the left and the right one, over all
/// columns of each table.
#[derive(Clone, Debug)]
pub struct PairedRows {
    /// Left and right, with as many rows.
    pub rows: [ExportBatch; 2],
}

/// The next base, put together.
pub struct Next<'a> {
    /// The state folder.
    pub state: &'a Path,
    /// What it is of; its version, id, time, segments and pairs are filled in here.
    pub file: BaseFile,
    /// How the unique key's fingerprints are made, left and right.
    pub recipes: &'a [Recipe; 2],
    /// Of a run that read only what changed: the base that stays, under what is new.
    pub on: Option<&'a Base>,
    /// The snapshot folders of both sides and the links between their rows
    /// ([`write_links`](super::write_links)). The files are linked into the state folder, or copied.
    pub frozen: Option<([&'a Path; 2], &'a Path)>,
    /// Pairs of `on` that no longer hold.
    pub gone: &'a [BasePair],
    /// The identities of each side's rows that are not settled, over the identity's columns.
    pub open: [Option<ExportBatch>; 2],
}

impl Next<'_> {
    /// Writes it, and makes it the base of the folder: the one that was there becomes the previous
    /// one. `written` hands over the rows that were written until it has none left.
    ///
    /// # Errors
    /// If reading or writing fails; the base that was there stays then.
    pub fn write(
        self,
        _written: &mut dyn FnMut() -> Result<Option<PairedRows>, SnapshotError>,
    ) -> Result<Base, SnapshotError> {
        todo!()
    }
}

/// Puts back the base that was there before a plan was applied. If that plan's base is not the
/// current one any more, no base is left: what was agreed on is not known then. False if the folder
/// has no base.
///
/// # Errors
/// If writing fails.
pub fn take_back(_state: &Path, _plan: &str) -> Result<bool, SnapshotError> {
    todo!()
}
