//! What a table made of the rows that were written: read in the transaction that wrote them, so that
//! it is what this program wrote and nobody else, triggers and counters included.

use super::error::ApplyError;
use crate::endpoint::ExportBatch;
use crate::table::Column;
use std::collections::HashMap;
use std::path::Path;

/// Takes rows as they are stored.
pub trait Keep {
    /// The rows after these steps, in the steps' order, over all columns of the table. Steps that
    /// deleted their row are not among them.
    ///
    /// # Errors
    /// If they can't be kept.
    fn keep(&mut self, steps: &[u64], rows: &ExportBatch) -> Result<(), ApplyError>;
}

/// Reads the rows that were kept in a plan's folder: per step of this side its row in the batch.
///
/// # Errors
/// If a file can't be read.
pub fn read_stored(
    _folder: &Path,
    _side: usize,
    _columns: &[Column],
) -> Result<(ExportBatch, HashMap<u64, usize>), ApplyError> {
    todo!()
}
