//! One reason.

use serde::{Deserialize, Serialize};

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Keys on one side only that are on the other in another spelling, or under another key.
    NearKey,
    /// Another key would match more rows.
    BetterKey,
    /// What sets the rows that differ apart from the others.
    Cluster,
    /// How changed values differ.
    Values,
    /// Keys that several rows have.
    Duplicates,
}

/// Whose rows it explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonSide {
    /// Rows on the left only.
    Left,
    /// Rows on the right only.
    Right,
    /// Rows on both sides.
    Both,
}

/// A pair of values, or of rows, that shows what a reason means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The key's values of the left row as printed (or of the right one, if there is no left one).
    pub key: Vec<String>,
    /// The left value as printed; `None` for NULL, or where there is none.
    pub left: Option<String>,
    /// The right value as printed.
    pub right: Option<String>,
    /// The length in characters of a very long value, of which only a piece is here: left, right.
    #[serde(default)]
    pub lengths: [Option<u64>; 2],
    /// Whether it is a text that its column's type can't hold: left, right.
    #[serde(default)]
    pub foreign: [bool; 2],
}

/// Why rows differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind it is.
    pub kind: Kind,
    /// Whose rows it explains.
    pub side: ReasonSide,
    /// The columns that it is about, by their left names (by the right one where there is no left one).
    pub columns: Vec<String>,
    /// The rule: for `cluster` the condition as SQL, else a word of the contract with scripts.
    pub rule: String,
    /// Rows (for one column's `values`: cells) that it explains.
    pub rows: u64,
    /// Of so many that differ in this way.
    pub of: u64,
    /// The sentence that a person reads.
    pub text: String,
    /// A few examples, at most five.
    pub examples: Vec<Example>,
    /// What to add to the command so that these rows are equal or matched, ready to paste.
    pub fix: Option<String>,
}
