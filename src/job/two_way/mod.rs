//! The road of a two-way plan: clocks and histories are looked at, both tables compared, the base of
//! the last sync looked up, and once the plan was applied, the next base written.
//!
//! What a run leaves behind that breaks off is settled first of all, by whatever runs next: see
//! [`recover`].

mod batches;
mod changed;
mod columns;
mod fate;
mod fetched;
mod forget;
mod halves;
mod memory;
mod next;
mod recover;
mod replan;
mod run;
mod servers;
mod settle;
mod state;
mod under_way;
mod unlinked;
mod untouched;

pub(super) use memory::{forget as forget_base, remember};
pub(super) use recover::settle_state;
pub(super) use replan::replan;
pub(super) use run::run_two_way;
pub(super) use under_way::ready;
