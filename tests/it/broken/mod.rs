//! Runs are broken off at any point, people go on editing, and then the next run comes: whatever
//! happens, nothing that somebody wrote is lost, and nothing that somebody removed comes back.
//!
//! A [story](story) is made from a seed and [played](play) with the real program. What people wrote is
//! kept as [versions](versions) that know which versions their author had before their eyes; whatever
//! the program writes is [judged](judge) by that. None of it uses the program's own code.

mod breaks;
mod itself;
mod judge;
mod people;
mod play;
mod proxy;
mod rules;
mod shrink;
mod story;
mod tables;
mod torture;
mod versions;
