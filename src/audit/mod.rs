//! Differences to numbers and reasons: why two row counts differ, as an account that adds up.

mod bridge;
mod candidates;
mod facts;
mod infer;
mod proposals;
mod reasons;
mod sample;
mod summary;

pub use bridge::{BridgeTerm, bridge};
pub use candidates::{Candidate, Survey, most_in_common};
pub use facts::{Audit, AuditedColumn, AuditedSide, KeyReport, OtherValues, thousands};
pub use infer::{MOST_COLUMNS, Shortlist, infer};
pub use proposals::{Proposal, Unpaired, key_under_two_names, proposals};
pub use reasons::{
    ColumnKinds, Deadline, Evidence, Example, Found, Kind, Reason, ReasonError, ReasonSide, ValueKind, reasons,
    sampled_rows, sorted_values,
};
pub use summary::{Softening, Summary, Verdict};
