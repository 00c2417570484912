//! Facts to documents: one model, rendered as terminal tables, as JSON, or as a page to send.

mod alike;
mod apply;
mod conflicts;
mod history;
mod json;
mod keys;
mod page;
mod pair;
mod plan;
mod plan_json;
mod plan_state;
mod reasons;
mod refused;
mod resolved;
mod safe;
mod sentence;
mod shown;
mod step;
mod steps;
mod style;
mod sync;
mod terminal;
mod two_way;
mod values;

#[cfg(test)]
mod tests;

pub use apply::{Carried, apply_json, apply_text};
pub use conflicts::{ConflictTable, conflict_json, how_to_resolve};
pub use history::{
    history_cleared_json, history_cleared_text, history_installed_json, history_installed_text, history_removed_json,
    history_removed_text, history_status_json, history_status_text,
};
pub use json::audit_json;
pub use keys::{keys_json, keys_table};
pub use page::{PageError, PageModel, PageOptions, page_html};
pub use plan::plan_text;
pub use plan_json::plan_json;
pub use reasons::Reasons;
pub use resolved::{resolved_json, resolved_text};
pub use safe::{safe, safe_json, safe_line};
pub use step::{ShownCell, ShownStep, key_names, sample_steps, shown_step, step_json};
pub use steps::StepTable;
pub use style::Style;
pub use sync::{sync_is_done, sync_json, sync_text};
pub use terminal::audit_text;
