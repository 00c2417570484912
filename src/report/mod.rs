//! Facts to documents: one model, rendered as terminal tables or as JSON.

mod json;
mod keys;
mod terminal;

pub use json::audit_json;
pub use keys::{keys_json, keys_table};
pub use terminal::{Style, audit_text};
