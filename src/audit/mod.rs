//! Differences to numbers and reasons: why two row counts differ, as an account that adds up.

mod bridge;
mod candidates;
mod facts;
mod reasons;
mod summary;

pub use bridge::{BridgeTerm, bridge};
pub use candidates::{Candidate, Shortlist, Survey, infer};
pub use facts::{Audit, AuditedColumn, AuditedSide, KeyReport, OtherValues, thousands};
pub use reasons::{
    ColumnKinds, Evidence, Example, Kind, Reason, ReasonError, ReasonSide, ValueKind, reasons, sampled_rows,
    sorted_values,
};
pub use summary::{Softening, Summary, Verdict};
