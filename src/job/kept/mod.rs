//! What a run keeps so that it can be looked at later, and shown to others, without the tables.
//!
//! Beside the snapshots, the folder of an audit (and of a plan that read both tables as a whole) has
//!
//! | file | what |
//! |---|---|
//! | `run.json` | what was compared, when and how, and all that was found, as [`RunFile`] says |
//! | `differences.parquet` | which rows differ, as positions in the snapshots: see below |
//!
//! Rows are not copied a second time: `run.json` names the files that they are in, which are those of
//! the snapshots `left` and `right`, or Parquet files that were read where they lie. Of such files it
//! keeps the size and the time of the last change, so that one that has changed since is told and not
//! misread.
//!
//! `differences.parquet`, one row each, in this order of kinds:
//!
//! | `kind` | `left_row` | `right_row` | `group` |
//! |---|---|---|---|
//! | `left-only` | the row of a key that is on the left only | | |
//! | `right-only` | | likewise | |
//! | `changed` | the row on the left | its partner, which differs | |
//! | `left-duplicate` | a row of a key that is not unique, on either side | | which key: a number from 0 |
//! | `right-duplicate` | | likewise | the same number as on the left |
//! | `left-null-key` | a row with NULL in the key | | |
//! | `right-null-key` | | likewise | |
//!
//! Positions count from 0 over all files of a side. In the first three kinds they ascend (by the left
//! row); in the others they ascend within a group. Empty fields are NULL.

mod file;
mod list;
mod open;
mod repeated;
mod write;

pub use file::{Counts, KeptFile, KeptSide, RUN, RunFile};
pub use list::DIFFERENCES;
pub use open::{Kept, KeptError};
pub use repeated::Repeated;
pub(super) use write::{Making, keep};

#[cfg(test)]
mod tests;
