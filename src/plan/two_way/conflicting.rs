//! The conflicts of a plan, with both versions and the base's.

use super::facts::FactsReader;
use super::planner::{Conflicting, TwoWayInput};
use crate::plan::PlanError;
use std::path::Path;

/// Writes them.
///
/// # Errors
/// If a row can't be read, or the file not be written.
pub(super) fn write(
    _folder: &Path,
    _input: &TwoWayInput<'_>,
    _reader: &FactsReader<'_>,
    _conflicts: &[Conflicting],
) -> Result<(), PlanError> {
    Ok(())
}
