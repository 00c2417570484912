//! The words for a run that can't be opened.

use super::Failure;
use trueup::job::KeptError;

impl From<KeptError> for Failure {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::NoRun(folder) => Self::new(
                &format!("{folder} is no run"),
                "it is not there, has no run.json, or is of a sync that read changed rows only",
                "name the folder of an audit or a plan, as in .trueup/RUN",
            ),
            KeptError::Version { path, found, known } => Self::new(
                &format!("{path} has format version {found}"),
                &format!("this program knows version {known}"),
                "use the trueup that wrote it, or a newer one",
            ),
            KeptError::Unreadable { path, why } => {
                Self::new(&format!("can't read {path}"), &why, "check the path and its permissions")
            }
            KeptError::Damaged { path, why } => Self::new(&format!("{path} is damaged"), &why, "run it again"),
            KeptError::Changed { path, why } => Self::new(
                &format!("{path} has changed since"),
                &why,
                "run it again; with --out DIR a run keeps its own copy of such files",
            ),
            KeptError::Snapshot(error) => error.into(),
        }
    }
}
