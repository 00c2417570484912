//! What is written is what was meant, and nothing beside it: other people's rows, counters and rights
//! stay as they are.

mod beside;
mod counters;
mod knots;
mod order;
mod storage;
mod triggers;
