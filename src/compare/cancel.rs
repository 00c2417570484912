//! Takes out of a split what is the same on both sides, so that only rows that differ have to be
//! joined. Nearly all rows of two copies are equal, and seeing so needs no joined row to be built.

use super::classify::Found;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt64Type;
use arrow::error::ArrowError;

/// The rows that are left of both sides.
pub type Rest = [Vec<RecordBatch>; 2];

/// Counts the rows that are equal on both sides into `found` and gives back the others. `None` if
/// a key is not unique among the left rows or among the matched right ones: its rows have to be
/// grouped before anything can be said of them.
///
/// # Errors
/// If the batches are no index.
pub fn cancel(sides: &Rest, softened: usize, found: &mut Found) -> Result<Option<Rest>, ArrowError> {
    let [left, right] = [Columns::of(&sides[0], softened)?, Columns::of(&sides[1], softened)?];
    found.softened.resize(softened, 0);
    let Some(table) = Table::new(&left) else { return Ok(None) };

    let mut keep: [Vec<Vec<bool>>; 2] =
        [&left, &right].map(|side| side.iter().map(|columns| vec![true; columns.k1.len()]).collect());
    let mut matched: Vec<Vec<bool>> = left.iter().map(|columns| vec![false; columns.k1.len()]).collect();
    let mut equal = 0;
    for (b, columns) in right.iter().enumerate() {
        for row in 0..columns.k1.len() {
            let Some((lb, lrow)) = columns.key(row).and_then(|key| table.find(&left, key)) else { continue };
            if std::mem::replace(&mut matched[lb][lrow], true) {
                return Ok(None);
            }
            let partner = &left[lb];
            if partner.f1.value(lrow) == columns.f1.value(row) && partner.f2.value(lrow) == columns.f2.value(row) {
                keep[0][lb][lrow] = false;
                keep[1][b][row] = false;
                equal += 1;
                for (i, count) in found.softened.iter_mut().enumerate() {
                    *count += u64::from(partner.softened[i].value(lrow) != columns.softened[i].value(row));
                }
            }
        }
    }
    found.in_both += equal;
    found.equal += equal;
    found.keyed_rows = found.keyed_rows.map(|rows| rows + equal);
    let [keep_left, keep_right] = keep;
    Ok(Some([rest(&sides[0], keep_left)?, rest(&sides[1], keep_right)?]))
}

fn rest(batches: &[RecordBatch], keep: Vec<Vec<bool>>) -> Result<Vec<RecordBatch>, ArrowError> {
    batches.iter().zip(keep).map(|(batch, keep)| filter_record_batch(batch, &BooleanArray::from(keep))).collect()
}

/// The columns of a batch of an index.
struct Columns<'a> {
    k1: &'a UInt64Array,
    k2: &'a UInt64Array,
    f1: &'a UInt64Array,
    f2: &'a UInt64Array,
    softened: Vec<&'a UInt64Array>,
}

impl<'a> Columns<'a> {
    fn of(batches: &'a [RecordBatch], softened: usize) -> Result<Vec<Self>, ArrowError> {
        batches.iter().map(|batch| Self::new(batch, softened)).collect()
    }

    fn new(batch: &'a RecordBatch, softened: usize) -> Result<Self, ArrowError> {
        let column = |at: usize| {
            batch
                .columns()
                .get(at)
                .and_then(|array| array.as_primitive_opt::<UInt64Type>())
                .ok_or_else(|| ArrowError::SchemaError("an index has other columns than it should".to_owned()))
        };
        Ok(Self {
            k1: column(0)?,
            k2: column(1)?,
            f1: column(2)?,
            f2: column(3)?,
            softened: (0..softened).map(|i| column(5 + i)).collect::<Result<_, _>>()?,
        })
    }

    /// The key's fingerprint; `None` where the key has a NULL.
    fn key(&self, row: usize) -> Option<(u64, u64)> {
        self.k1.is_valid(row).then(|| (self.k1.value(row), self.k2.value(row)))
    }
}

/// Where each key of the left side is: slots of (batch, row), found by the key's lower half, whose
/// bits are as good as random.
struct Table {
    slots: Vec<(u32, u32)>,
    mask: usize,
}

const FREE: (u32, u32) = (u32::MAX, u32::MAX);

impl Table {
    /// `None` if a key comes twice.
    fn new(batches: &[Columns<'_>]) -> Option<Self> {
        let rows: usize = batches.iter().map(|columns| columns.k1.len()).sum();
        let slots = (rows * 2).next_power_of_two().max(2);
        let mut table = Self { slots: vec![FREE; slots], mask: slots - 1 };
        for (b, columns) in batches.iter().enumerate() {
            for row in 0..columns.k1.len() {
                let Some(key) = columns.key(row) else { continue };
                let mut at = key.1 as usize & table.mask;
                while table.slots[at] != FREE {
                    let (there, at_row) = table.slots[at];
                    if batches[there as usize].key(at_row as usize) == Some(key) {
                        return None;
                    }
                    at = (at + 1) & table.mask;
                }
                table.slots[at] = (b as u32, row as u32);
            }
        }
        Some(table)
    }

    fn find(&self, batches: &[Columns<'_>], key: (u64, u64)) -> Option<(usize, usize)> {
        let mut at = key.1 as usize & self.mask;
        loop {
            let (batch, row) = self.slots[at];
            if (batch, row) == FREE {
                return None;
            }
            if batches[batch as usize].key(row as usize) == Some(key) {
                return Some((batch as usize, row as usize));
            }
            at = (at + 1) & self.mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;

    fn batch(rows: &[(Option<u64>, u64)]) -> RecordBatch {
        let fields: Vec<Field> =
            crate::snapshot::INDEX_COLUMNS.iter().map(|name| Field::new(*name, DataType::UInt64, true)).collect();
        let keys = || Arc::new(rows.iter().map(|(key, _)| *key).collect::<UInt64Array>());
        let values = || Arc::new(rows.iter().map(|(_, value)| *value).collect::<UInt64Array>());
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![keys(), keys(), values(), values(), values()]).unwrap()
    }

    fn keys(batches: &[RecordBatch]) -> Vec<Option<u64>> {
        batches.iter().flat_map(|b| b.column(0).as_primitive::<UInt64Type>().iter().collect::<Vec<_>>()).collect()
    }

    #[test]
    fn only_what_differs_is_left() {
        let left = vec![batch(&[(Some(1), 10), (Some(2), 20)]), batch(&[(None, 5), (Some(3), 30)])];
        let right = vec![batch(&[(Some(3), 30), (Some(2), 21), (None, 5), (Some(4), 40)])];
        let mut found = Found::default();
        let [l, r] = cancel(&[left, right], 0, &mut found).unwrap().unwrap();
        assert_eq!((found.equal, found.in_both, found.keyed_rows), (1, 1, [1, 1]));
        assert_eq!(keys(&l), [Some(1), Some(2), None]);
        assert_eq!(keys(&r), [Some(2), None, Some(4)]);
    }

    #[test]
    fn repeated_keys_are_noticed() {
        let once = || vec![batch(&[(Some(1), 10)])];
        let twice = || vec![batch(&[(Some(1), 10), (Some(1), 10)])];
        for sides in [[twice(), once()], [once(), twice()], [twice(), twice()]] {
            assert!(cancel(&sides, 0, &mut Found::default()).unwrap().is_none());
        }
    }
}
