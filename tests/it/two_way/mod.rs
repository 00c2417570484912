//! Both sides have changed, and both must agree: what a two-way sync makes of two tables.

mod chain;
mod crash;
mod first_run;
mod history;
mod history_sync;
mod links;
mod memory;
mod model;
mod pair;
mod people;
mod ping_pong;
mod place;
mod recovery;
mod resolve;
mod skew;
mod three_way;
mod who_was_last;
mod worked;
