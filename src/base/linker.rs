//! Fingerprints that link rows: of the unique key, the same on both sides, and of a row's identity.

use crate::endpoint::ExportBatch;
use crate::snapshot::Recipe;
use crate::table::{Cells, Column, Encoder, Fingerprint, TableInfo, fingerprint};

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
    let cells: Vec<Option<Cells>> = columns.iter().map(|(at, _)| Cells::new(batch.rows.column(*at))).collect();
    let mut bytes = Vec::new();
    (0..batch.rows.num_rows())
        .map(|row| {
            bytes.clear();
            for ((at, encoder), cells) in columns.iter().zip(&cells) {
                let (cells, other) = (cells.as_ref()?, batch.other(row, *at));
                if other.is_none() && cells.is_null(row) {
                    return None;
                }
                encoder.encode(cells, row, other, &mut bytes);
            }
            Some(fingerprint(&bytes))
        })
        .collect()
}
