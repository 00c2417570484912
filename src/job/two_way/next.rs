//! `next.json`: what the base is going to say once a plan is applied, kept in the plan's folder beside
//! the links of the rows that agree.

use crate::base::BaseFile;
use crate::endpoint::disk;
use crate::job::error::RunError;
pub(super) use crate::plan::LINKS;
use crate::plan::NEXT;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the base is going to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NextFile {
    /// The base's own file, but for what writing it fills in.
    pub(super) base: BaseFile,
    /// Whether only rows were read that the histories tell of: the base that the plan was made from
    /// stays below the new one.
    pub(super) partial: bool,
}

impl NextFile {
    pub(super) fn write(&self, folder: &Path) -> Result<(), RunError> {
        let path = folder.join(NEXT);
        let failed = |why: String| RunError::Output { path: path.display().to_string(), why };
        let text = serde_json::to_string_pretty(self).map_err(|e| failed(e.to_string()))?;
        disk::replace(&path, text.as_bytes()).map_err(|e| failed(e.to_string()))
    }

    pub(super) fn read(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(NEXT);
        let failed = |why: String| crate::plan::PlanError::damaged(&path, why);
        let text = std::fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?;
        Ok(serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?)
    }
}
