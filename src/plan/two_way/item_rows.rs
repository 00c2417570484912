//! Rows of items, read together.

use crate::compare::View;
use crate::endpoint::ExportBatch;
use crate::snapshot::SnapshotError;

/// What the rows of items were.
pub struct Then {
    /// Those of pairs, perhaps not in all columns.
    pub paired: Rows,
    /// Those of rows without a partner.
    pub alone: Rows,
}

impl Then {
    /// The row of an item, if there is one.
    pub fn row(&self, item: usize) -> Option<(&View, usize)> {
        self.paired.row(item).or_else(|| self.alone.row(item))
    }
}

/// Some rows, and which item each belongs to.
pub struct Rows {
    view: Option<View>,
    places: Vec<Option<usize>>,
}

impl Rows {
    /// No rows for so many items.
    pub fn none(items: usize) -> Self {
        Self { view: None, places: vec![None; items] }
    }

    /// The rows that are wanted, item by item; `read` gets those that are.
    ///
    /// # Errors
    /// As `read`.
    pub fn new<T>(
        wanted: impl Iterator<Item = Option<T>>,
        read: impl FnOnce(&[T]) -> Result<ExportBatch, SnapshotError>,
    ) -> Result<Self, SnapshotError> {
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for row in wanted {
            places.push(row.is_some().then_some(rows.len()));
            rows.extend(row);
        }
        let view = if rows.is_empty() { None } else { Some(View::new(read(&rows)?)) };
        Ok(Self { view, places })
    }

    /// The row of an item, if there is one.
    pub fn row(&self, item: usize) -> Option<(&View, usize)> {
        self.view.as_ref().zip(self.places[item])
    }
}
