//! `steps.parquet`: one row a step, in the order of writing, all left steps before all right ones.
//!
//! | column | what |
//! |---|---|
//! | `step` | the step's number on its side, from 0 |
//! | `side` | `left` or `right`: the table that is written |
//! | `action` | `create`, `update` or `delete` |
//! | `reason` | why, as in "only left" |
//! | `together` | 0, or a number: steps with the same one are written in one transaction; of several actions, where its [highest bit](super::KNOT) is set |
//! | `changed_at` | when the change was made that it carries, by the clock of the side that is written; NULL if that is not known |
//! | `changed` | the names of the columns that an update changes |
//! | `key.NAME` | the key, in key order |
//! | `before.NAME` | the row as it is to be found, over all columns; NULL for a create |
//! | `after.NAME` | the row as it is to become; NULL for a delete |
//! | `before_other`, `after_other` | NULL, or a JSON object that gives, by column, the text of a value that the column's type cannot hold (the cell itself is NULL then), or an object whose `stored` says how SQLite stores the value |
//!
//! A plan that writes one table has that table's columns, under their names and in their portable
//! types. A plan that writes both has the left table's columns, which their right partners share,
//! then the right ones that have no partner (` (right)` behind the name if the left table has one
//! of that name). Where partners have different types, the column is text: values as trueup prints
//! them, but for times outside the years 1 to 9999 (`@` and microseconds or days since 1970).

mod chunks;
mod found;
mod layout;
mod text;
mod write;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

pub use chunks::{ChunkSide, Chunks};
pub use layout::{Layout, SIDES};
pub use write::{StepRows, StepsWriter};

/// The file's name in a plan folder.
pub const STEPS: &str = "steps.parquet";
