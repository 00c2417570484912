//! Fingerprints that link rows: of the unique key, the same on both sides, and of a row's identity.

use crate::endpoint::ExportBatch;
use crate::snapshot::Recipe;
use crate::table::{Cells, Column, Encoder, Fingerprint, TableInfo, fingerprint};

/// Rows encoded side by side, column by column: their bytes stay in the nearest cache.
const BLOCK: usize = 64;

/// The columns that say which row it is: the primary key, or the unique key where there is none.
pub fn identity_of(table: &TableInfo, key: &[String]) -> Vec<String> {
    if table.primary_key.is_empty() { key.to_vec() } else { table.primary_key.clone() }
}

/// Computes the fingerprints of one side's rows.
#[derive(Clone, Debug)]
pub struct Linker {
    key: Vec<(usize, Encoder)>,
    identity: Vec<(usize, Encoder)>,
}

impl Linker {
    /// For batches of these columns of one side. `None` if a column of the key or the identity is not
    /// among them.
    pub fn new(columns: &[Column], recipe: &Recipe, identity: &[String]) -> Option<Self> {
        let position = |name: &str| columns.iter().position(|column| column.name == *name);
        let key = recipe.key.iter().map(|column| Some((position(&column.name)?, column.encoder())));
        let identity = identity.iter().map(|name| {
            let at = position(name)?;
            Some((at, Encoder::own(&columns[at].ty)))
        });
        Some(Self { key: key.collect::<Option<_>>()?, identity: identity.collect::<Option<_>>()? })
    }

    /// For batches of an identity's columns only: it knows no keys.
    pub fn of_identity(columns: &[Column]) -> Self {
        let identity = columns.iter().enumerate().map(|(at, column)| (at, Encoder::own(&column.ty)));
        Self { key: Vec::new(), identity: identity.collect() }
    }

    /// The fingerprints of the unique keys; `None` where there is a NULL.
    pub fn keys(&self, batch: &ExportBatch) -> Vec<Option<Fingerprint>> {
        fingerprints(&self.key, batch)
    }

    /// The fingerprints of the identities; `None` where there is a NULL.
    pub fn ids(&self, batch: &ExportBatch) -> Vec<Option<Fingerprint>> {
        fingerprints(&self.identity, batch)
    }
}

fn fingerprints(columns: &[(usize, Encoder)], batch: &ExportBatch) -> Vec<Option<Fingerprint>> {
    let rows = batch.rows.num_rows();
    let cells: Option<Vec<Cells>> = columns.iter().map(|(at, _)| Cells::new(batch.rows.column(*at))).collect();
    let Some(cells) = cells.filter(|_| !columns.is_empty()) else { return vec![None; rows] };
    let mut out = Vec::with_capacity(rows);
    let mut buffers: Vec<Vec<u8>> = vec![Vec::new(); BLOCK];
    while out.len() < rows {
        let first = out.len();
        let buffers = &mut buffers[..BLOCK.min(rows - first)];
        buffers.iter_mut().for_each(Vec::clear);
        for ((at, encoder), cells) in columns.iter().zip(&cells) {
            if batch.others.is_empty() {
                encoder.encode_block(cells, first, buffers);
            } else {
                for (row, buffer) in (first..).zip(&mut *buffers) {
                    encoder.encode(cells, row, batch.other(row, *at), buffer);
                }
            }
        }
        for (row, buffer) in (first..).zip(buffers) {
            let is_null =
                |((at, _), cells): (&(usize, Encoder), &Cells)| cells.is_null(row) && batch.other(row, *at).is_none();
            out.push((!columns.iter().zip(&cells).any(is_null)).then(|| fingerprint(buffer)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Other;
    use crate::table::PortableType as T;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;

    fn columns() -> Vec<Column> {
        vec![Column::new("id", T::Integer, "x"), Column::new("name", T::Text, "x")]
    }

    fn batch(ids: Vec<Option<i64>>, names: Vec<Option<&str>>) -> ExportBatch {
        let arrays: [(&str, ArrayRef); 2] =
            [("id", Arc::new(Int64Array::from(ids))), ("name", Arc::new(StringArray::from(names)))];
        ExportBatch { rows: RecordBatch::try_from_iter(arrays).unwrap(), others: Vec::new() }
    }

    #[test]
    fn rows_are_linked_by_key_and_by_identity() {
        let columns = columns();
        let recipe = Recipe::alone(&columns, &["name".into()]);
        let linker = Linker::new(&columns, &recipe, &["id".into()]).unwrap();
        let one = batch(vec![Some(1), Some(2), None], vec![Some("a"), None, Some("c")]);
        let other = batch(vec![Some(3), Some(1)], vec![Some("a"), Some("b")]);
        let (keys, ids) = (linker.keys(&one), linker.ids(&one));
        assert_eq!([keys[0].is_some(), keys[1].is_some(), keys[2].is_some()], [true, false, true]);
        assert_eq!([ids[0].is_some(), ids[1].is_some(), ids[2].is_some()], [true, true, false]);
        assert_eq!(linker.keys(&other)[0], keys[0]);
        assert_eq!(linker.ids(&other)[1], ids[0]);
        assert_ne!(linker.ids(&other)[0], ids[0]);
        assert!(Linker::new(&columns, &recipe, &["no".into()]).is_none());
    }

    #[test]
    fn what_a_type_cannot_hold_is_an_identity_too() {
        let columns = columns();
        let linker = Linker::new(&columns, &Recipe::alone(&columns, &["id".into()]), &["id".into()]).unwrap();
        let mut rows = batch(vec![None, None, Some(5)], vec![None; 3]);
        rows.others.push(Other::value(0, 0, "five".into()));
        let ids = linker.ids(&rows);
        assert!(ids[0].is_some() && ids[1].is_none());
        // Whether others are there or not, a plain value has the same fingerprint.
        assert_eq!(ids[2], linker.ids(&batch(vec![Some(5)], vec![None]))[0]);
        assert_eq!(ids, linker.keys(&rows));
    }

    #[test]
    fn blocks_make_no_difference() {
        let columns = columns();
        let linker = Linker::new(&columns, &Recipe::alone(&columns, &["id".into()]), &["id".into()]).unwrap();
        let all = batch((0..200).map(Some).collect(), vec![None; 200]);
        for (row, id) in linker.ids(&all).into_iter().enumerate() {
            assert_eq!(id, linker.ids(&batch(vec![Some(row as i64)], vec![None]))[0]);
        }
    }
}
