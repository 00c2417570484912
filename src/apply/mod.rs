//! Steps to written rows: guards, transactions, verify, undo.
//!
//! Steps are written a chunk at a time, each chunk in a transaction of its own ([`SideRun`]). What
//! was written is kept in a [`Journal`], so that applying again after a crash finishes the job and
//! undo takes back nothing but what apply wrote; a chunk that a crash left open is looked into before
//! anything else is written ([`SideRun::resolve`]). Rows that are no longer as their steps found them
//! are never touched, and those that the database does not accept are left out: they are
//! [`Refusal`]s, listed in `refused.parquet`, and never keep others from being written. At the end, what was
//! written is read again and compared with the plan.
//!
//! Steps that wait for each other, so that no order of them will do, are written in one transaction
//! in which values are set aside; where that is not enough, rows on which nothing hangs are deleted and
//! created again. What is set aside never outlasts the transaction.
//!
//! Most steps find their row by the unique key. Those that change it, and deletes of plans in which it
//! may change, find it by its identity, in a session of its own ([`Writers`]).
//!
//! Plans that write both sides also keep what the table made of each row ([`Keep`]): the next base
//! is made of it.
//!
//! A file is written anew as a whole and renamed into place: one chunk whose commit is the rename
//! ([`FileRun`]).

mod bisect;
mod chain;
mod check;
mod chunk;
mod classify;
mod codec;
mod dependents;
mod error;
pub mod file;
mod file_run;
mod journal;
mod journal_facts;
mod knot;
mod lock;
#[cfg(test)]
mod model;
mod outcome;
mod plan_state;
mod proven;
mod refused;
mod resolve;
mod run;
mod side_writing;
mod step_set;
mod stored;
mod stored_rows;
mod suspects;
#[cfg(test)]
mod tests;
mod undo;
mod units;
mod untie;
mod verify;
mod weave;
mod whole;
mod work;
mod writers;

pub use check::{Checked, allows_deletes, check, same_table};
pub use classify::{Classified, Verdict, classify};
pub use codec::{Codec, Rows};
pub use dependents::cascading;
pub use error::ApplyError;
pub use file_run::{FileOutcome, FileRun};
pub use journal::{Deed, Journal};
pub use journal_facts::{JournalFacts, OpenChunk};
pub use lock::PlanLock;
pub use outcome::{Cause, Refusal, SideOutcome, Unverified, side_word};
pub use plan_state::{Phase, PlanState};
pub use proven::prove_stored;
pub use refused::{Listing, REFUSED, UNVERIFIED, read_refused};
pub use resolve::RowsSay;
pub use run::{ChunkIter, Settled, SideRun, Steps, chosen};
pub use step_set::StepSet;
pub use stored::{Keep, Stored, StoredFile};
pub use stored_rows::{StoredBefore, StoredRead, StoredRows};
pub use work::Work;
pub use writers::Writers;
