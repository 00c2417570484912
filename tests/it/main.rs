//! The program as a person runs it, against real servers and files. `scripts/test` starts the
//! servers.

mod support;

mod apply;
mod bad_input;
mod bridge;
mod broken;
mod conflicts;
mod edges;
mod exact;
mod files;
mod filters;
mod fuzz;
mod history;
mod keys;
mod layers;
mod migrations;
mod names;
mod oracle;
mod page;
mod pairs;
mod reading;
mod reasons;
mod results;
mod reviewed;
mod security;
mod streams;
mod terminal;
mod two_way;
mod types;
mod verdict;
mod writers;
