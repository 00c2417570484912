//! How a server's table is read where its administrator has set bounds.

use serde::{Deserialize, Serialize};

/// What a person decided about the bounds that a server sets for its readers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// Read what policies let this user see, where they hide rows; else that is an error.
    pub visible_rows: bool,
    /// Leave time limits as they are, where they would end a long export; else they are raised for
    /// the sessions that read.
    pub respect_limits: bool,
}

impl Reading {
    /// Whether it says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
