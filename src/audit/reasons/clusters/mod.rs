//! Where the gap clusters.

use super::evidence::{Evidence, ReasonError};
use super::reason::Reason;

/// Where the gap clusters.
pub fn clusters(_evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    Ok(Vec::new())
}
