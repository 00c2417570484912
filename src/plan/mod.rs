//! Differences to steps: what is to be created, updated and deleted, on which side. Pure decisions,
//! and the format of the folder that carries them to a reviewer and to `apply`.

mod chunk;
mod file;
mod footprint;

pub use chunk::Chunk;
pub use file::{
    ActionCounts, Cascade, ChangedColumn, Direction, LeftOut, Limit, Limits, PLAN, PlanFile, PlanPart, PlanSide,
    SideWrites,
};
pub use footprint::{Footprint, Order};
