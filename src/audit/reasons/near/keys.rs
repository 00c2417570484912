//! Keys of some rows, read once and kept: as text, and as hashes of what they are compared by.

use super::super::evidence::{Evidence, ReasonError};
use crate::compare::View;
use crate::snapshot::Recipe;
use crate::table::{Cells, Encoder, fingerprint};
use rayon::prelude::*;

/// Rows fetched at once at most.
pub const CHUNK: usize = 64 * 1024;

/// Texts one after the other.
#[derive(Debug, Default)]
pub struct Texts {
    bytes: String,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}

/// One part of the key of some rows.
#[derive(Debug, Default)]
pub struct KeyPart {
    /// As printed, after the rules that the job already has for it.
    pub texts: Texts,
    /// Equal for equal values.
    pub same: Vec<u64>,
}

/// The keys of some rows.
#[derive(Debug, Default)]
pub struct Keys {
    /// Part by part.
    pub parts: Vec<KeyPart>,
    /// How many rows.
    pub rows: usize,
}

impl Keys {
    /// Reads the keys of these rows of a side, whose positions ascend; `None` if they take more than an
    /// eighth of the memory.
    pub fn read(evidence: &Evidence<'_>, side: usize, rows: &[u64]) -> Result<Option<Self>, ReasonError> {
        let parts = evidence.parts[side];
        let recipe = &Recipe::of(evidence.alignment, evidence.key)[side].key;
        let projection: Vec<usize> = recipe.iter().filter_map(|column| parts.position(&column.name)).collect();
        let mut out = Self { parts: Vec::new(), rows: rows.len() };
        out.parts.resize_with(projection.len(), KeyPart::default);
        for chunk in rows.chunks(evidence.rows_at_once(side, &projection, CHUNK)) {
            evidence.check()?;
            let view = View::new(parts.fetch(&projection, chunk)?);
            if out.parts.iter().map(|part| part.texts.bytes.len()).sum::<usize>() > evidence.memory / 8 {
                return Ok(None);
            }
            for (at, (part, column)) in out.parts.iter_mut().zip(recipe).enumerate() {
                part.same.par_extend(hashes(&view, at, chunk.len(), &column.encoder()));
                for row in 0..chunk.len() {
                    let text = match (view.other(row, at), view.cells(at)) {
                        (Some(other), _) => other.to_owned(),
                        (None, Some(Cells::Text(texts))) => texts.value(row).to_owned(),
                        _ => view.print(row, at).unwrap_or_default(),
                    };
                    let text = if column.rules.trim { text.trim() } else { &text };
                    if column.rules.ignore_case {
                        part.texts.push(&text.to_lowercase());
                    } else {
                        part.texts.push(text);
                    }
                }
            }
        }
        Ok(Some(out))
    }
}

/// A hash of each cell of a column of a view, equal for equal values.
pub fn hashes<'a>(
    view: &'a View,
    column: usize,
    rows: usize,
    encoder: &'a Encoder,
) -> impl IndexedParallelIterator<Item = u64> + 'a {
    (0..rows).into_par_iter().with_min_len(1024).map_init(Vec::new, move |buffer, row| {
        buffer.clear();
        if let Some(cells) = view.cells(column) {
            encoder.encode(cells, row, view.other(row, column), buffer);
        }
        fingerprint(buffer).low
    })
}
