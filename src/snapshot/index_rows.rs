//! The rows of an index's split, one by one.

use super::error::SnapshotError;
use super::index::IndexSplit;
use crate::table::Fingerprint;
use arrow::array::{Array, AsArray, UInt64Array};
use arrow::datatypes::UInt64Type;

/// A row as an index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedRow {
    /// Its key's fingerprint; `None` if there is a NULL in the key.
    pub key: Option<Fingerprint>,
    /// The fingerprint of its compared columns.
    pub content: Fingerprint,
    /// Its position in the table's parts.
    pub row: u64,
}

impl IndexSplit {
    /// Hands over all rows of the split, in its order.
    ///
    /// # Errors
    /// If its file can't be read, or is none of an index.
    pub fn each(&self, take: &mut dyn FnMut(IndexedRow)) -> Result<(), SnapshotError> {
        let (_, batches) = self.load()?;
        for batch in &batches {
            let column = |name: &str| -> Result<&UInt64Array, SnapshotError> {
                let array = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<UInt64Type>());
                array.ok_or_else(|| SnapshotError::Damaged {
                    path: "an index".to_owned(),
                    why: format!("it has no column `{name}` of whole numbers"),
                })
            };
            let (k1, k2, f1, f2) = (column("k1")?, column("k2")?, column("f1")?, column("f2")?);
            let row = column("row")?;
            for at in 0..batch.num_rows() {
                take(IndexedRow {
                    key: k1.is_valid(at).then(|| Fingerprint { high: k1.value(at), low: k2.value(at) }),
                    content: Fingerprint { high: f1.value(at), low: f2.value(at) },
                    row: row.value(at),
                });
            }
        }
        Ok(())
    }
}
