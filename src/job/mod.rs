//! What to run: a job as it is typed, in flags or in a TOML file, resolved into one [`Job`], and
//! the roads that it takes: from addresses to an audit, on to a plan, and to rows that are written.

mod apply;
#[cfg(test)]
mod apply_tests;
mod cascades;
mod choose;
mod conditions;
mod duration;
mod error;
mod foreseen;
mod history;
mod indexes;
mod kept;
mod keys;
mod mark;
mod pending;
mod plan;
mod read_pairs;
mod references;
mod report;
mod resolve;
mod run;
mod side;
mod side_plan;
mod size;
mod snapshot;
mod spec;
mod states;
mod sync;
mod template;
mod times;
mod two_way;
mod typed;
mod unlike;

pub use apply::{ApplyJob, ApplyRun, CHUNK, run_apply, run_undo};
pub use duration::parse_duration;
pub use error::{JobError, RunError};
pub use history::{
    Forget, HistoryError, InstalledHistory, clear_history, history_status, install_history, remove_history,
};
pub use kept::{Counts, DIFFERENCES, Kept, KeptError, KeptFile, KeptSide, RUN, Repeated, RunFile};
pub use keys::{CountedKeys, run_keys};
pub use pending::remove_unfinished;
pub use plan::{PlanJob, PlanRun, TwoWayJob, run_plan};
pub use report::{Finished, FinishedError};
pub use resolve::{Decided, Open, Resolution, Resolve, run_resolve};
pub use run::{AuditRun, run_audit};
pub use side::{Job, Watch};
pub use size::{available_memory, memory, parse_size};
pub use snapshot::run_snapshot;
pub use spec::JobSpec;
pub use states::NoHome;
pub use sync::{Consent, SyncJob, SyncRun, run_sync};
pub use template::job_template;
