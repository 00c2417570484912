//! Both sides have changed, and both must agree: what becomes of each pair of rows.

mod account;
mod conflicting;
mod decide;
mod drafts;
mod entries;
mod facts;
mod item_rows;
mod items;
mod lists;
mod matching;
mod numbered;
mod pairs;
mod planner;
mod rules;
mod times;
mod unkeyed;

pub use decide::Reason;
pub use drafts::Unlinked;
pub use pairs::{LINKS, NEXT, PAIRS, PairsReader, PlannedPair};
pub use planner::{TwoWayInput, TwoWayPlan, plan_two_way};
pub use rules::{Decision, Merge, Rules, Take, TwoWayFile, Winner};
pub use times::{clock_warning, skew, spoken, window};
