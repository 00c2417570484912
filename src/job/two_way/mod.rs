//! The road of a two-way plan: clocks and histories are looked at, both tables compared, the base of
//! the last sync looked up, and once the plan was applied, the next base written.

mod batches;
mod changed;
mod fetched;
mod memory;
mod next;
mod replan;
mod run;
mod servers;
mod settle;
mod state;

pub(super) use memory::{forget, remember};
pub(super) use replan::replan;
pub(super) use run::run_two_way;
pub(super) use settle::{keep, ready, take_back};
