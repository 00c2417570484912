//! What to run: a job as it is typed, in flags or in a TOML file, resolved into one [`Job`], and
//! the road that it takes from addresses to an audit.

mod error;
mod run;
mod side;
mod size;
mod spec;
mod template;

pub use error::{JobError, RunError};
pub use run::{AuditRun, run_audit, run_keys, run_snapshot};
pub use side::{Job, Watch};
pub use size::{available_memory, parse_size};
pub use spec::JobSpec;
pub use template::job_template;
