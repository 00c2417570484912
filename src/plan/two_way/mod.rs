//! Both sides have changed, and both must agree: what becomes of each pair of rows.

mod decide;
mod rules;

pub use decide::{Column, Facts, Outcome, Reason, decide};
pub use rules::{Decision, Merge, Rules, Take, TwoWayFile, Winner};
