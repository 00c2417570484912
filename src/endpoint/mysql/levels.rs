//! In which order the rows of one batch can be deleted from a table that refers to itself. A
//! statement deletes its rows in an order of its own, and the server minds each row at once: rows
//! that others of the batch refer to go with a later statement.

use crate::endpoint::{ExportBatch, Reference};
use crate::table::Cells;
use std::collections::HashMap;

/// Per row, with which statement it goes, from 0; empty if all can go at once. The rows are in an
/// order that would do one by one: those that refer come before those that they refer to.
pub fn levels(rows: &ExportBatch, names: &[&str], references: &[Reference]) -> Vec<u32> {
    let Some(cells) = rows.rows.columns().iter().map(Cells::new).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let count = rows.rows.num_rows();
    let tuple = |row: usize, columns: &[usize]| -> Option<Vec<String>> {
        columns.iter().map(|&column| cells.get(column)?.print(row)).collect()
    };
    let mut levels = vec![0u32; count];
    for reference in references.iter().filter(|reference| reference.to_itself) {
        let positions = |columns: &[String]| -> Option<Vec<usize>> {
            columns.iter().map(|name| names.iter().position(|other| other == name)).collect()
        };
        let (Some(from), Some(to)) = (positions(&reference.columns), positions(&reference.to)) else { continue };
        let there: HashMap<Vec<String>, usize> = (0..count).filter_map(|row| Some((tuple(row, &to)?, row))).collect();
        for row in 0..count {
            let Some(&parent) = tuple(row, &from).and_then(|key| there.get(&key)) else { continue };
            // A row before it in the batch can't wait for this one.
            if parent > row {
                levels[parent] = levels[parent].max(levels[row] + 1);
            }
        }
    }
    if levels.iter().all(|level| *level == 0) { Vec::new() } else { levels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use std::sync::Arc;

    fn of(rows: &[(i64, Option<i64>)]) -> Vec<u32> {
        let id: ArrayRef = Arc::new(rows.iter().map(|(id, _)| Some(*id)).collect::<Int64Array>());
        let parent: ArrayRef = Arc::new(rows.iter().map(|(_, parent)| *parent).collect::<Int64Array>());
        let rows = RecordBatch::try_from_iter([("id", id), ("parent", parent)]).unwrap();
        let reference = Reference {
            name: "f".into(),
            columns: vec!["parent".into()],
            table: "`d`.`t`".into(),
            to: vec!["id".into()],
            to_itself: true,
        };
        levels(&ExportBatch { rows, others: Vec::new() }, &["id", "parent"], &[reference])
    }

    #[test]
    fn parents_wait_for_their_children() {
        assert_eq!(of(&[(3, Some(2)), (4, Some(1)), (2, Some(1)), (1, None)]), [0, 0, 1, 2]);
    }

    #[test]
    fn what_stands_alone_goes_at_once() {
        assert!(of(&[(1, None), (2, Some(9)), (3, Some(3))]).is_empty());
    }
}
