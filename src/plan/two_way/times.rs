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
