//! How changed values differ.

use super::evidence::{Evidence, ReasonError};
use super::reason::Reason;

/// How changed values differ.
pub fn values(_evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    Ok(Vec::new())
}
