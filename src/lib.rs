//! trueup tells why two copies of a table differ, shows what would make them agree, and makes it
//! so.
//!
//! Each folder is one step of the road that a row takes, and uses only those before it: [`table`]
//! (what a table is), [`endpoint`] (where tables live), [`snapshot`] (freezing), [`base`] (what both sides agreed on), [`compare`] (two
//! snapshots to differences), [`audit`] (differences to numbers), [`plan`] (differences to steps),
//! [`apply`] (steps to written rows), [`job`] (what to run), [`report`] (facts to documents). The command line is no part of the library.

#![warn(missing_docs)]

pub mod apply;
pub mod audit;
pub mod base;
pub mod compare;
pub mod endpoint;
pub mod job;
pub mod plan;
pub mod report;
pub mod snapshot;
pub mod table;
