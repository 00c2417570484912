//! Why two tables differ: reasons, found in the rows that differ.
//!
//! Each kind of reason has its own module, which looks at the same [`Evidence`] and knows nothing of
//! the others. A reason is only given where chance would not explain it, and its numbers are counted,
//! not estimated. The search has a [`Deadline`]: what is not counted to its end by then is not said.

mod clusters;
mod duplicates;
mod evidence;
mod near;
mod rank;
mod reason;
#[cfg(test)]
pub(super) mod testing;
mod uuid;
mod values;

pub use clusters::sampled_rows;
pub use evidence::{Deadline, Evidence, ReasonError};
pub(in crate::audit) use near::quoted;
pub use rank::{Found, reasons};
pub use reason::{Example, Kind, Reason, ReasonSide};
pub use values::{ColumnKinds, ValueKind, sorted_values};
