//! The bridge: the arithmetic from the left row count to the right one.

use crate::compare::Comparison;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One line of the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeTerm {
    /// What the rows are.
    pub term: Cow<'static, str>,
    /// How many: a count in the first and last line, a signed step between.
    pub rows: i64,
}

/// The left row count, the steps that lead from it to the right one, and the right row count.
pub fn bridge(comparison: &Comparison) -> Vec<BridgeTerm> {
    let [left, right] = &comparison.sides;
    let signed = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
    let line = |term: &'static str, rows| BridgeTerm { term: term.into(), rows };
    let mut lines = vec![
        line("left rows", signed(left.rows)),
        line("keys only on the left", -signed(comparison.only[0])),
        line("keys only on the right", signed(comparison.only[1])),
        line("duplicates on the left", -signed(left.duplicates)),
        line("duplicates on the right", signed(right.duplicates)),
        line("NULL keys on the left", -signed(left.null_keys)),
        line("NULL keys on the right", signed(right.null_keys)),
        line("right rows", signed(right.rows)),
    ];
    let hidden = [("not visible on the left", 1), ("not visible on the right", -1)];
    for ((term, sign), unseen) in hidden.into_iter().zip(comparison.unseen).filter(|(_, unseen)| *unseen > 0) {
        lines.insert(lines.len() - 1, line(term, sign * signed(unseen)));
    }
    lines
}
