//! Keys that are on the other side in another spelling, and better keys.

use super::evidence::{Evidence, ReasonError};
use super::reason::Reason;

/// Keys that are on the other side in another spelling, and better keys.
pub fn near_keys(_evidence: &Evidence<'_>) -> Result<Vec<Reason>, ReasonError> {
    Ok(Vec::new())
}
