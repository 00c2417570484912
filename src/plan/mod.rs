//! Differences to steps: what is to be created, updated and deleted, on which side. Pure decisions,
//! and the format of the folder that carries them to a reviewer and to `apply`.

mod account;
mod assemble;
mod back;
mod chosen;
mod chunk;
mod claims;
mod conflicts;
mod convert;
mod demands;
mod error;
mod file;
mod fits;
mod folder;
mod footprint;
mod graph;
mod history_times;
mod limits;
mod misfits;
mod one_way;
mod order;
mod parking;
mod parts;
mod picks;
mod rows;
mod schedule;
mod script;
mod select;
mod shape;
mod sound;
mod source_times;
mod statement;
mod steps;
mod ties;
mod two_way;
mod watch;
mod writing;

pub use back::ChunksBack;
pub use chunk::{Chunk, FoundBy};
pub use conflicts::{CONFLICTS, Conflict, ConflictRows, ConflictsWriter};
pub use convert::convert_column;
pub use error::PlanError;
pub use file::{
    ActionCounts, Cascade, ChangedColumn, Direction, LeftOut, Limit, Limits, PLAN, PlanFile, PlanPart, PlanSide,
    SideWrites,
};
pub use fits::fits;
pub use folder::{Plan, SCRIPTS};
pub use footprint::{Footprint, KNOT, Order};
pub use graph::Graph;
pub use history_times::{HistoryTimes, LastChange};
pub use limits::{LimitExceeded, ManyDeletes, NoLimit, check_deletes, check_limits};
pub use one_way::{PlanInput, PlanTable, plan_one_way};
pub use order::order;
pub use parking::spare;
pub use script::{write_empty_script, write_script};
pub use select::{Selection, cell_text, means};
pub use source_times::SourceTimes;
pub use steps::{Chunks, Layout, SIDES, STEPS, StepRows, StepsWriter};
pub use ties::{Tied, ties};
pub use two_way::{
    Decision, LINKS, Merge, NEXT, PAIRS, PairsReader, PlannedPair, Reason, Rules, Take, TwoWayFile, TwoWayInput,
    TwoWayPlan, Unlinked, Winner, clock_warning, plan_two_way, skew, spoken, window,
};
pub use watch::deleted_anyway;
