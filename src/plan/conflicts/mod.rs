//! `conflicts.parquet`: one row a pair of rows that both sides changed, with no rule that picks a
//! winner. A plan that writes one side has none.
//!
//! | column | what |
//! |---|---|
//! | `conflict` | its number, from 0 |
//! | `reason` | why nothing decides, in the words of [`Reason`](super::Reason) |
//! | `changed` | the left names of the columns that differ, or that were changed where the other row is gone |
//! | `key.NAME` | the key, under its left names and in the left table's types: the left row's, else the right one's, else the base's |
//! | `left.NAME`, `right.NAME` | the two rows, each in its own table's types |
//! | `base.NAME` | the row that both agreed on, as the left side stored it |
//! | `left_here`, `right_here`, `base_here` | whether there is such a row; if not, its columns are NULL |
//! | `left_time`, `right_time` | when it was changed or deleted, on the left server's clock; NULL if that is not known |
//! | `left_other`, `right_other`, `base_other` | as `before_other` in `steps.parquet` |

mod layout;
mod read;
mod write;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

pub use read::Conflict;
pub use write::{ConflictRows, ConflictsWriter, write_no_conflicts};

/// The file's name in a plan folder.
pub const CONFLICTS: &str = "conflicts.parquet";
