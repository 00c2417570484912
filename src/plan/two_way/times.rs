//! Times of changes.

use crate::table::Cells;

/// The moment that a cell tells, in microseconds since 1970.
pub fn time_of(cells: &Cells, row: usize) -> Option<i64> {
    match cells {
        _ if cells.is_null(row) => None,
        Cells::Timestamp(a, _) => Some(a.value(row)),
        _ => None,
    }
}

/// The window within which two changes are a conflict.
pub fn window(rules: &super::rules::Rules, _skew: Option<crate::endpoint::Clock>) -> i64 {
    rules.window
}

/// What to say of clocks that are far apart.
pub fn clock_warning(_skew: crate::endpoint::Clock) -> Option<String> {
    None
}
