//! trueup tells why two copies of a table differ, shows what would make them agree, and makes it
//! so.
//!
//! Each folder is one step of the road that a row takes, and uses only the folders before it:
//! [`table`] (what a table is), [`endpoint`] (where tables live).

#![warn(missing_docs)]

pub mod endpoint;
pub mod snapshot;
pub mod table;
